//! What expressions are worth, as far as the files of a project tell.

use std::cell::Cell;
use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::template::{Element, Template};

use super::super::value::{Entry, Kind, Value};
use super::functions;
use super::module::{Code, Module};

/// Names that lead to names, at most.
const MAX_DEPTH: usize = 24;

/// Expressions that are looked at for one search, at most.
const MAX_STEPS: usize = 20_000;

/// What names mean at a place.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    module: &'a Module,
    /// Values of variables that a caller gives.
    given: BTreeMap<String, Value>,
    /// Iterators of `dynamic`, `each` and `for`: what their name means.
    iterators: BTreeMap<String, Value>,
    depth: Cell<usize>,
    steps: Cell<usize>,
    /// Whether the module is called: then defaults hold only for what the call does not give.
    is_called: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn new(module: &'a Module, given: BTreeMap<String, Value>) -> Self {
        let (iterators, depth, steps) = (BTreeMap::new(), Cell::new(0), Cell::new(0));
        Self { module, given, iterators, depth, steps, is_called: false }
    }

    pub(super) fn of_call(module: &'a Module, given: BTreeMap<String, Value>) -> Self {
        Self { is_called: true, ..Self::new(module, given) }
    }

    /// The scope with an iterator in it.
    pub(super) fn with(&self, name: &str, value: Value) -> Self {
        let mut scope = self.clone();
        scope.iterators.insert(name.to_owned(), value);
        scope
    }

    pub(super) fn code(&self, code: &Code) -> Value {
        match code {
            Code::Hcl(expression) => self.value(expression),
            Code::Json(value) => self.json(value),
        }
    }

    /// Text of JSON is a template.
    pub(super) fn json(&self, value: &Value) -> Value {
        let kind = match &value.kind {
            Kind::Text(text) if text.contains("${") => match text.parse::<Template>() {
                Ok(template) => return self.template(value.at, &template),
                Err(_) => Kind::Unknown(text.clone()),
            },
            Kind::List(items) => Kind::List(items.iter().map(|item| self.json(item)).collect()),
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|entry| Entry { value: self.json(&entry.value), ..entry.clone() })
                    .collect(),
            ),
            other => other.clone(),
        };
        Value::new(value.at, kind)
    }

    pub(super) fn value(&self, expression: &Expression) -> Value {
        let at = expression.span().map_or(0, |span| span.start);
        let (depth, steps) = (self.depth.get(), self.steps.get());
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            return Value::new(at, Kind::Unknown(shown(expression)));
        }
        self.depth.set(depth + 1);
        self.steps.set(steps + 1);
        let value = self.kind(at, expression);
        self.depth.set(depth);
        value
    }

    fn kind(&self, at: usize, expression: &Expression) -> Value {
        let kind = match expression {
            Expression::Null(_) => Kind::Null,
            Expression::Bool(flag) => Kind::Flag(*flag.value()),
            Expression::Number(number) => Kind::Text(number.value().to_string()),
            Expression::String(text) => Kind::Text(text.as_str().to_owned()),
            Expression::Array(array) => Kind::List(array.iter().map(|item| self.value(item)).collect()),
            Expression::Object(object) => {
                let entry = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
                    let value = self.value(value.expr());
                    Entry { key: self.key(key), at: value.at, value }
                };
                Kind::Map(object.iter().map(entry).collect())
            }
            Expression::StringTemplate(template) => return self.elements(at, template.iter()),
            Expression::HeredocTemplate(heredoc) => return self.template(at, &heredoc.template),
            Expression::Parenthesis(inner) => return self.value(inner.inner()),
            Expression::Variable(name) => return self.name(at, name.as_str()),
            Expression::Conditional(conditional) => match self.decided(&conditional.cond_expr) {
                Some(true) => return self.value(&conditional.true_expr),
                Some(false) => return self.value(&conditional.false_expr),
                None => {
                    Kind::OneOf(vec![self.value(&conditional.true_expr), self.value(&conditional.false_expr)])
                }
            },
            Expression::FuncCall(call) => {
                let arguments: Vec<Value> = call.args.iter().map(|argument| self.value(argument)).collect();
                functions::call(at, call.name.name.as_str(), &arguments)
            }
            Expression::Traversal(traversal) => return self.traversal(at, traversal),
            Expression::UnaryOp(_) | Expression::BinaryOp(_) => Kind::Unknown(shown(expression)),
            Expression::ForExpr(each) => self.each(at, each),
        };
        Value::new(at, kind)
    }

    fn key(&self, key: &ObjectKey) -> String {
        match key {
            ObjectKey::Ident(name) => name.as_str().to_owned(),
            ObjectKey::Expression(expression) => match self.value(expression).kind {
                Kind::Text(text) => text,
                _ => shown(expression),
            },
        }
    }

    /// `[for owner in var.owners : owner]` is the list itself; other loops are run over what is known.
    fn each(&self, at: usize, each: &hcl_edit::expr::ForExpr) -> Kind {
        let collection = self.value(&each.intro.collection_expr);
        let run = |key: Value, item: &Value| {
            let mut scope = self.with(each.intro.value_var.as_str(), item.clone());
            if let Some(name) = &each.intro.key_var {
                scope = scope.with(name.as_str(), key);
            }
            scope.value(&each.value_expr)
        };
        match &collection.kind {
            Kind::List(items) if each.key_expr.is_none() => {
                let number = |n: usize| Value::new(at, Kind::Text(n.to_string()));
                Kind::List(items.iter().enumerate().map(|(n, item)| run(number(n), item)).collect())
            }
            Kind::Map(entries) if each.key_expr.is_none() => {
                let key = |key: &str| Value::new(at, Kind::Text(key.to_owned()));
                Kind::List(entries.iter().map(|entry| run(key(&entry.key), &entry.value)).collect())
            }
            Kind::Unknown(name) => Kind::Unknown(name.clone()),
            _ => Kind::Unknown("a loop".to_owned()),
        }
    }

    fn name(&self, at: usize, name: &str) -> Value {
        let unknown = || Value::new(at, Kind::Unknown(name.to_owned()));
        self.iterators.get(name).cloned().unwrap_or_else(unknown)
    }

    fn template(&self, at: usize, template: &Template) -> Value {
        self.elements(at, template.iter())
    }

    fn elements<'e>(&self, at: usize, elements: impl Iterator<Item = &'e Element>) -> Value {
        let mut parts: Vec<Value> = elements.map(|element| self.element(at, element)).collect();
        if let (1, Some(only)) = (parts.len(), parts.pop_if(|_| true)) {
            return only;
        } else if let Some(last) = parts.pop() {
            parts.push(last);
        }
        Value::new(at, functions::joined(&parts))
    }

    fn element(&self, at: usize, element: &Element) -> Value {
        match element {
            Element::Literal(text) => Value::new(at, Kind::Text(text.to_string())),
            Element::Interpolation(inner) => self.value(&inner.expr),
            Element::Directive(_) => Value::new(at, Kind::Unknown("a directive".to_owned())),
        }
    }

    fn traversal(&self, at: usize, traversal: &Traversal) -> Value {
        let Expression::Variable(root) = &traversal.expr else {
            return self.steps(at, self.value(&traversal.expr), &traversal.operators);
        };
        let operators = traversal.operators.as_slice();
        let first = operators.first().and_then(|operator| attribute(operator.value()));
        let rest = operators.get(1..).unwrap_or_default();
        match (root.as_str(), first) {
            (name, _) if self.iterators.contains_key(name) => self.steps(at, self.name(at, name), operators),
            ("var", Some(name)) => self.steps(at, self.variable(at, name), rest),
            ("local", Some(name)) => match self.module.locals.get(name) {
                Some(code) => self.steps(at, self.code(code), rest),
                None => Value::new(at, Kind::Unknown(format!("local.{name}"))),
            },
            // The account that Terraform runs in.
            ("data", Some("aws_caller_identity")) => Value::new(at, Kind::Text("self".to_owned())),
            _ => Value::new(at, Kind::Unknown(shown_traversal(traversal))),
        }
    }

    fn variable(&self, at: usize, name: &str) -> Value {
        if let Some(value) = self.given.get(name) {
            return value.clone();
        }
        if let Some(code) = self.module.values.get(name).filter(|_| !self.is_called) {
            return self.code(code);
        }
        match self.module.variables.get(name) {
            Some(Some(default)) => self.code(default),
            Some(None) | None => Value::new(at, Kind::Unknown(format!("var.{name}"))),
        }
    }

    fn steps(&self, at: usize, start: Value, operators: &[hcl_edit::Decorated<TraversalOperator>]) -> Value {
        let step = |value: Value, operator: &hcl_edit::Decorated<TraversalOperator>| match operator.value() {
            TraversalOperator::GetAttr(name) => functions::member(at, &value, name.as_str()),
            TraversalOperator::Index(index) => functions::index(at, &value, &self.value(index)),
            TraversalOperator::LegacyIndex(index) => {
                functions::member(at, &value, &index.value().to_string())
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => value,
        };
        operators.iter().fold(start, step)
    }

    /// A condition that only asks whether a value is given, and so says which arm holds.
    fn decided(&self, condition: &Expression) -> Option<bool> {
        let Expression::BinaryOp(operation) = condition else {
            return match condition {
                Expression::Parenthesis(inner) => self.decided(inner.inner()),
                _ => None,
            };
        };
        let (left, right) = (self.value(&operation.lhs_expr), self.value(&operation.rhs_expr));
        let asks = |side: &Value| side.is_null() || matches!(side.text(), Some("" | "0" | "1"));
        if !asks(&left) && !asks(&right) {
            return None;
        }
        let number = |value: &Value| value.text().and_then(|text| text.parse::<f64>().ok());
        let is_known =
            |value: &Value| !matches!(value.kind, Kind::Unknown(_) | Kind::OneOf(_) | Kind::Partial { .. });
        let both = is_known(&left) && is_known(&right);
        match operation.operator.value() {
            BinaryOperator::Eq if both => Some(left.kind == right.kind),
            BinaryOperator::NotEq if both => Some(left.kind != right.kind),
            BinaryOperator::Greater => Some(number(&left)? > number(&right)?),
            BinaryOperator::GreaterEq => Some(number(&left)? >= number(&right)?),
            BinaryOperator::Less => Some(number(&left)? < number(&right)?),
            BinaryOperator::LessEq => Some(number(&left)? <= number(&right)?),
            _ => None,
        }
    }
}

fn attribute(operator: &TraversalOperator) -> Option<&str> {
    match operator {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    }
}

/// An expression as a name, for people.
fn shown(expression: &Expression) -> String {
    match expression {
        Expression::Traversal(traversal) => shown_traversal(traversal),
        Expression::Variable(name) => name.as_str().to_owned(),
        Expression::FuncCall(call) => format!("{}(…)", call.name.name.as_str()),
        _ => "an expression".to_owned(),
    }
}

fn shown_traversal(traversal: &Traversal) -> String {
    let names = traversal.operators.iter().filter_map(|operator| attribute(operator.value()));
    names.fold(shown(&traversal.expr), |path, name| format!("{path}.{name}"))
}
