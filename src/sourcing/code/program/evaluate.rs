//! What expressions are worth, over the constants of a file.

use std::cell::Cell;

use super::super::arguments::SPREAD;
use super::super::value::{Kind, Value};
use super::lists::{added, conditional, joined, unknown};
use super::syntax::{Call, Expression, Node, lower};
use super::unit::{Binding, Unit};

/// Names that lead to names, at most.
const MAX_DEPTH: usize = 40;

/// Expressions that are looked at for one call, at most.
const MAX_STEPS: usize = 20_000;

pub(super) struct Evaluator<'u, 't> {
    unit: &'u Unit<'t>,
    /// Parameters of lambdas that build a request, and what they are.
    lambdas: Vec<(String, Value)>,
    depth: Cell<usize>,
    steps: Cell<usize>,
}

impl<'u, 't> Evaluator<'u, 't> {
    pub(super) fn new(unit: &'u Unit<'t>) -> Self {
        Self { unit, lambdas: Vec::new(), depth: Cell::new(0), steps: Cell::new(0) }
    }

    pub(super) fn value(&self, node: &Node) -> Value {
        let (depth, steps) = (self.depth.get(), self.steps.get());
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            return unknown(node.at, node.shown());
        }
        self.depth.set(depth + 1);
        self.steps.set(steps + 1);
        let value = self.expression(node);
        self.depth.set(depth);
        value
    }

    fn expression(&self, node: &Node) -> Value {
        let at = node.at;
        let kind = match &node.expression {
            Expression::Null => Kind::Null,
            Expression::Flag(flag) => Kind::Flag(*flag),
            Expression::Text(text) => Kind::Text(text.clone()),
            Expression::Parts(parts) => return self.parts(at, parts),
            Expression::List(items) => Kind::List(self.items(items)),
            Expression::Map { members, .. } => return self.map(at, members),
            Expression::Name(name) => return self.name(name, at),
            Expression::Member(object, name) => return self.member(node, object, name),
            Expression::Index(object, key) => return self.index(node, object, key),
            Expression::Call(call) => return self.call(node, call),
            Expression::Lambda { parameter, body } => return self.lambda(at, parameter, body),
            Expression::Either(arms) => Kind::OneOf(arms.iter().map(|arm| self.value(arm)).collect()),
            Expression::Spread(inner) => return self.value(inner),
            Expression::Other => Kind::Unknown(self.shown(node)),
        };
        Value::new(at, kind)
    }

    fn shown(&self, node: &Node) -> String {
        let text = self.unit.text.get(node.at..node.end).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default().trim();
        line.chars().take(40).collect()
    }

    /// Items of a list; a list that is spread gives its own.
    pub(super) fn items(&self, items: &[Node]) -> Vec<Value> {
        let mut all = Vec::new();
        for item in items {
            let value = self.value(item);
            match (&item.expression, value.kind) {
                (Expression::Spread(_), Kind::List(inner)) => all.extend(inner),
                (_, kind) => all.push(Value::new(value.at, kind)),
            }
        }
        all
    }

    fn parts(&self, at: usize, parts: &[Node]) -> Value {
        let values: Vec<Value> = parts.iter().map(|part| self.value(part)).collect();
        if values.iter().all(|value| matches!(value.kind, Kind::List(_))) {
            let items = values.into_iter().flat_map(|value| value.items().to_vec()).collect();
            return Value::new(at, Kind::List(items));
        }
        Value::new(at, joined(&values))
    }

    fn map(&self, at: usize, members: &[(String, Node)]) -> Value {
        let mut map = Value::new(at, Kind::Map(Vec::new()));
        members.iter().for_each(|(key, node)| self.set(&mut map, key, self.value(node)));
        map
    }

    /// Sets a member; an empty key puts the members of a map in.
    pub(super) fn set(&self, map: &mut Value, key: &str, value: Value) {
        match (&value.kind, key) {
            (Kind::Map(entries), "") => {
                entries.iter().for_each(|entry| map.set(&entry.key, entry.value.clone()));
            }
            (Kind::Null, "") => {}
            (_, "") => map.set(SPREAD, value),
            _ => map.set(key, value),
        }
    }

    fn name(&self, name: &str, at: usize) -> Value {
        if let Some((_, value)) = self.lambdas.iter().rev().find(|(known, _)| known == name) {
            return value.clone();
        }
        let found = self.in_functions(name, at, &self.unit.functions_at(at));
        found.unwrap_or_else(|| match name {
            // The account that a stack of CDK belongs to.
            "self.account" | "this.account" => Value::new(at, Kind::Text("self".to_owned())),
            _ => unknown(at, name),
        })
    }

    /// What the name is in the innermost function that assigns it or has it as a parameter.
    fn in_functions(&self, name: &str, at: usize, functions: &[usize]) -> Option<Value> {
        let (&function, outer) = functions.split_first()?;
        let own = self.unit.bindings_of(name).filter(|one| one.function == function);
        let own: Vec<&Binding<'_>> = own.collect();
        let is_innermost = self.unit.functions_at(at).first() == Some(&function);
        let before: Vec<&Binding<'_>> =
            own.iter().copied().filter(|one| one.end <= at || !is_innermost).collect();
        let parameter = self.unit.functions.get(function).and_then(|one| one.parameters.get(name));
        let is_set = before.iter().any(|one| !one.changes && one.path.is_empty());
        let start = match parameter {
            Some(default) => Some(self.parameter(name, at, default.as_ref())),
            None if is_set => None,
            None => self.in_functions(name, at, outer),
        };
        if before.is_empty() {
            return start;
        }
        let mut value = start;
        for binding in before {
            value = Some(self.bound(binding, value, at));
        }
        value
    }

    fn parameter(&self, name: &str, at: usize, default: Option<&tree_sitter::Node<'_>>) -> Value {
        let default = default.map(|node| self.value(&lower(*node, self.unit.text)));
        // A parameter that is nothing by default is one that callers give.
        default.filter(|value| !value.is_null()).unwrap_or_else(|| unknown(at, name))
    }

    /// The variable after an assignment.
    fn bound(&self, binding: &Binding<'_>, before: Option<Value>, at: usize) -> Value {
        let node = lower(binding.value, self.unit.text);
        let is_conditional = binding.guard.as_ref().filter(|(range, _)| !range.contains(&at));
        let Some((key, inner)) = binding.path.split_first() else {
            return self.whole(binding, &node, before, is_conditional.is_some());
        };
        let mut value = self.value(&node);
        let mut whole = before.unwrap_or_else(|| Value::new(node.at, Kind::Map(Vec::new())));
        if matches!(whole.kind, Kind::Unknown(_)) && inner.is_empty() {
            let spread = std::mem::replace(&mut whole, Value::new(node.at, Kind::Map(Vec::new())));
            whole.set(SPREAD, spread);
        }
        if let Some((_, condition)) = is_conditional {
            let old =
                whole.get(key).cloned().unwrap_or_else(|| unknown(node.at, self.unit.condition(*condition)));
            value = Value::new(node.at, Kind::OneOf(vec![old, value]));
        }
        if inner.is_empty() {
            whole.set(key, value);
        }
        whole
    }

    fn condition(&self, binding: &Binding<'_>) -> String {
        binding.guard.as_ref().map(|(_, condition)| self.unit.condition(*condition)).unwrap_or_default()
    }

    fn whole(
        &self,
        binding: &Binding<'_>,
        node: &Node,
        before: Option<Value>,
        is_conditional: bool,
    ) -> Value {
        let value = self.value(node);
        let after = match (&before, binding.changes) {
            // A call that does not change what is known, such as `client.close()`.
            (Some(old), true) if matches!(value.kind, Kind::Unknown(_)) => return old.clone(),
            (Some(old), true) if !matches!(node.expression, Expression::Call(_)) => added(old, value),
            _ => value,
        };
        match before {
            Some(old) if is_conditional && old != after => {
                // An item that is added under a condition is there or not.
                Value::new(
                    node.at,
                    Kind::OneOf(vec![conditional(old, &after, &self.condition(binding)), after]),
                )
            }
            _ => after,
        }
    }

    fn member(&self, node: &Node, object: &Node, name: &str) -> Value {
        let value = self.value(object);
        match &value.kind {
            Kind::Map(entries) => {
                let found = entries.iter().rev().find(|entry| entry.key == name);
                found.map_or_else(|| unknown(node.at, node.shown()), |entry| entry.value.clone())
            }
            Kind::OneOf(arms) if arms.iter().all(|arm| arm.get(name).is_some()) => Value::new(
                node.at,
                Kind::OneOf(arms.iter().filter_map(|arm| arm.get(name).cloned()).collect()),
            ),
            _ => unknown(node.at, node.shown()),
        }
    }

    fn index(&self, node: &Node, object: &Node, key: &Node) -> Value {
        let (value, key) = (self.value(object), self.value(key));
        let found = match (&value.kind, key.text()) {
            (Kind::Map(_), Some(name)) => value.get(name).cloned(),
            (Kind::List(items), Some(number)) => {
                number.parse::<usize>().ok().and_then(|n| items.get(n).cloned())
            }
            // By a key that is not known it may be any member.
            (Kind::Map(entries), None) if !entries.is_empty() => Some(Value::new(
                node.at,
                Kind::OneOf(entries.iter().map(|entry| entry.value.clone()).collect()),
            )),
            _ => None,
        };
        found.unwrap_or_else(|| unknown(node.at, node.shown()))
    }

    fn lambda(&self, at: usize, parameter: &str, body: &Node) -> Value {
        let mut lambdas = self.lambdas.clone();
        lambdas.push((parameter.to_owned(), Value::new(at, Kind::Map(Vec::new()))));
        let inner = Self { unit: self.unit, lambdas, depth: self.depth.clone(), steps: self.steps.clone() };
        inner.value(body)
    }

    /// The arguments of a call by name, as a map.
    pub(super) fn named(&self, at: usize, call: &Call) -> Value {
        self.map(at, &call.named)
    }
}
