//! Expressions of all languages in one form.

use tree_sitter::Node as Syntax;

/// Expressions are nested this deep, at most: what lies deeper is not known.
const MAX_DEPTH: usize = 96;

/// An expression, and where it begins and ends.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) expression: Expression,
}

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Null,
    Flag(bool),
    /// Text, and numbers as they are written.
    Text(String),
    /// Parts that make one text.
    Parts(Vec<Node>),
    List(Vec<Node>),
    /// Members in order; an empty key is a map whose members are put in (`**kw`, `...props`).
    Map {
        type_name: Option<String>,
        members: Vec<(String, Node)>,
    },
    Name(String),
    Member(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Call(Box<Call>),
    Lambda {
        parameter: String,
        body: Box<Node>,
    },
    Either(Vec<Node>),
    /// `...list` in a list or in arguments.
    Spread(Box<Node>),
    Other,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) callee: Node,
    pub(super) arguments: Vec<Node>,
    /// Arguments by name; an empty name is a map of them.
    pub(super) named: Vec<(String, Node)>,
    pub(super) is_new: bool,
}

impl Node {
    /// `a.b().c` as its names, without arguments.
    pub(super) fn path(&self) -> Vec<&str> {
        match &self.expression {
            Expression::Name(name) => vec![name],
            Expression::Member(object, name) => {
                let mut path = object.path();
                path.push(name);
                path
            }
            Expression::Call(call) => call.callee.path(),
            Expression::Index(object, _) => object.path(),
            _ => Vec::new(),
        }
    }

    /// Names of the path, with dots.
    pub(super) fn shown(&self) -> String {
        let path = self.path().join(".");
        if path.is_empty() { "an expression".to_owned() } else { path }
    }
}

/// Lowers a node of the tree.
pub(super) fn lower(node: Syntax<'_>, text: &str) -> Node {
    Lowering { text }.node(node, 0)
}

struct Lowering<'a> {
    text: &'a str,
}

impl<'a> Lowering<'a> {
    fn source(&self, node: Syntax<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn node(&self, node: Syntax<'_>, depth: usize) -> Node {
        let expression = if depth > MAX_DEPTH { Expression::Other } else { self.expression(node, depth + 1) };
        Node { at: node.start_byte(), end: node.end_byte(), expression }
    }

    fn field(&self, node: Syntax<'_>, name: &str, depth: usize) -> Option<Node> {
        node.child_by_field_name(name).map(|child| self.node(child, depth))
    }

    fn boxed(&self, node: Syntax<'_>, name: &str, depth: usize) -> Box<Node> {
        Box::new(self.field(node, name, depth).unwrap_or_else(|| self.nothing(node)))
    }

    fn nothing(&self, node: Syntax<'_>) -> Node {
        Node { at: node.start_byte(), end: node.end_byte(), expression: Expression::Other }
    }

    fn only_child(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let children = children(node);
        children.first().map_or(Expression::Other, |child| self.node(*child, depth).expression)
    }

    fn each(&self, node: Syntax<'_>, depth: usize) -> Vec<Node> {
        children(node).into_iter().map(|child| self.node(child, depth)).collect()
    }

    fn expression(&self, node: Syntax<'_>, depth: usize) -> Expression {
        match node.kind() {
            "null" | "none" | "nil" | "undefined" | "null_literal" => Expression::Null,
            "true" => Expression::Flag(true),
            "false" => Expression::Flag(false),
            "integer" | "number" | "int_literal" | "decimal_integer_literal" => {
                Expression::Text(self.source(node).trim_end_matches(['n', 'L', 'l']).replace('_', ""))
            }
            "string"
            | "string_literal"
            | "template_string"
            | "interpreted_string_literal"
            | "raw_string_literal" => self.string(node, depth),
            "concatenated_string" => Expression::Parts(self.each(node, depth)),
            "list" | "tuple" | "set" | "array" | "array_initializer" | "expression_list" => {
                Expression::List(self.each(node, depth))
            }
            // One item stands for all.
            "list_comprehension" | "generator_expression" => {
                Expression::List(self.field(node, "body", depth).into_iter().collect())
            }
            "dictionary" | "object" => {
                Expression::Map { type_name: None, members: self.members(node, depth) }
            }
            "identifier"
            | "property_identifier"
            | "field_identifier"
            | "type_identifier"
            | "this"
            | "scoped_type_identifier"
            | "qualified_type"
            | "package_identifier"
            | "generic_type" => self.name(node),
            "attribute" | "member_expression" | "selector_expression" | "field_access" => {
                self.member(node, depth)
            }
            "subscript" | "subscript_expression" | "index_expression" | "array_access" => {
                self.index(node, depth)
            }
            "call"
            | "call_expression"
            | "new_expression"
            | "method_invocation"
            | "object_creation_expression" => self.call(node, depth),
            "composite_literal"
            | "literal_value"
            | "literal_element"
            | "array_creation_expression"
            | "type_conversion_expression" => self.of_type(node, depth),
            "lambda" | "arrow_function" | "lambda_expression" => self.lambda(node, depth),
            "conditional_expression" | "ternary_expression" => self.either(node, depth),
            "boolean_operator" | "binary_operator" | "binary_expression" => self.binary(node, depth),
            "spread_element" | "list_splat" | "variadic_argument" | "dictionary_splat" => {
                Expression::Spread(Box::new(Node {
                    expression: self.only_child(node, depth),
                    ..self.nothing(node)
                }))
            }
            "parenthesized_expression"
            | "await_expression"
            | "await"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "literal" => self.only_child(node, depth),
            "unary_expression" => {
                self.field(node, "operand", depth).map_or(Expression::Other, |inner| inner.expression)
            }
            "cast_expression" => {
                self.field(node, "value", depth).map_or(Expression::Other, |inner| inner.expression)
            }
            _ => Expression::Other,
        }
    }

    fn name(&self, node: Syntax<'_>) -> Expression {
        match self.source(node) {
            "None" | "nil" | "undefined" | "null" => Expression::Null,
            name => Expression::Name(name.split('<').next().unwrap_or(name).trim().to_owned()),
        }
    }

    fn string(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let inner = children(node);
        let is_code = |child: &Syntax<'_>| matches!(child.kind(), "interpolation" | "template_substitution");
        if inner.iter().any(is_code) {
            let part = |child: Syntax<'_>| match is_code(&child) {
                true => Node { expression: self.only_child(child, depth), ..self.nothing(child) },
                false => Node {
                    expression: Expression::Text(unescaped(self.source(child))),
                    ..self.nothing(child)
                },
            };
            return Expression::Parts(inner.into_iter().map(part).collect());
        }
        let source = self.source(node).trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let mark = ["\"\"\"", "'''", "\"", "'", "`"]
            .into_iter()
            .find(|mark| source.starts_with(mark))
            .unwrap_or_default();
        let bare = source.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).unwrap_or(source);
        Expression::Text(unescaped(bare))
    }

    fn members(&self, node: Syntax<'_>, depth: usize) -> Vec<(String, Node)> {
        children(node).into_iter().filter_map(|child| self.one_member(child, depth)).collect()
    }

    fn one_member(&self, child: Syntax<'_>, depth: usize) -> Option<(String, Node)> {
        match child.kind() {
            "pair" => {
                let key = self.key(child.child_by_field_name("key")?, depth);
                Some((key, self.field(child, "value", depth)?))
            }
            "shorthand_property_identifier" => {
                let name = self.source(child).to_owned();
                Some((name.clone(), Node { expression: Expression::Name(name), ..self.nothing(child) }))
            }
            "spread_element" | "dictionary_splat" => Some((
                String::new(),
                Node { expression: self.only_child(child, depth), ..self.nothing(child) },
            )),
            "keyed_element" => {
                let parts = children(child);
                let key = self.key(*parts.first()?, depth);
                Some((key, self.node(*parts.get(1)?, depth)))
            }
            _ => None,
        }
    }

    fn key(&self, node: Syntax<'_>, depth: usize) -> String {
        match self.node(node, depth).expression {
            Expression::Text(text) => text,
            _ => self.source(node).trim_matches(['[', ']']).to_owned(),
        }
    }

    fn member(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let object = ["object", "operand"].iter().find_map(|name| self.field(node, name, depth));
        let name = ["attribute", "property", "field"].iter().find_map(|name| node.child_by_field_name(name));
        let (Some(object), Some(name)) = (object, name) else { return Expression::Other };
        let name = self.source(name);
        match &object.expression {
            Expression::Name(owner) if owner == "self" || owner == "this" => {
                Expression::Name(format!("{owner}.{name}"))
            }
            _ => Expression::Member(Box::new(object), name.to_owned()),
        }
    }

    fn index(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let object =
            ["value", "object", "operand", "array"].iter().find_map(|name| self.field(node, name, depth));
        let index = ["subscript", "index"].iter().find_map(|name| self.field(node, name, depth));
        match (object, index) {
            (Some(object), Some(index)) => Expression::Index(Box::new(object), Box::new(index)),
            _ => Expression::Other,
        }
    }

    fn call(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let Some(callee) = self.callee(node, depth) else { return Expression::Other };
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        let list = node.child_by_field_name("arguments");
        for child in list.map(children).unwrap_or_default() {
            match child.kind() {
                "keyword_argument" => {
                    let name = child.child_by_field_name("name").map(|name| self.source(name).to_owned());
                    named.extend(name.zip(self.field(child, "value", depth)));
                }
                "dictionary_splat" => {
                    named.push((
                        String::new(),
                        Node { expression: self.only_child(child, depth), ..self.nothing(child) },
                    ));
                }
                _ => arguments.push(self.node(child, depth)),
            }
        }
        let is_new = matches!(node.kind(), "new_expression" | "object_creation_expression");
        Expression::Call(Box::new(Call { callee, arguments, named, is_new }))
    }

    fn callee(&self, node: Syntax<'_>, depth: usize) -> Option<Node> {
        if node.kind() == "method_invocation" {
            let name = self.source(node.child_by_field_name("name")?).to_owned();
            let expression = match self.field(node, "object", depth) {
                Some(object) => Expression::Member(Box::new(object), name),
                None => Expression::Name(name),
            };
            return Some(Node { expression, ..self.nothing(node) });
        }
        let callee =
            ["function", "constructor", "type"].iter().find_map(|name| node.child_by_field_name(name))?;
        if matches!(callee.kind(), "scoped_type_identifier" | "qualified_type" | "generic_type") {
            return Some(Node { expression: dotted(self.source(callee)), ..self.nothing(callee) });
        }
        Some(self.node(callee, depth))
    }

    /// Literals of Go and arrays of Java, of which the type stands before.
    fn of_type(&self, node: Syntax<'_>, depth: usize) -> Expression {
        if node.kind() == "literal_element" {
            return self.only_child(node, depth);
        }
        let body = ["body", "value"].iter().find_map(|name| node.child_by_field_name(name)).unwrap_or(node);
        let type_name = node
            .child_by_field_name("type")
            .map(|name| self.source(name).trim_start_matches(['[', ']', '*']).to_owned());
        if node.kind() == "type_conversion_expression" {
            return self.field(node, "operand", depth).map_or(Expression::Other, |inner| inner.expression);
        }
        let inner = children(body);
        let is_map = inner.iter().any(|child| child.kind() == "keyed_element");
        let is_list = node
            .child_by_field_name("type")
            .is_some_and(|name| name.kind() == "slice_type" || name.kind() == "array_type");
        if is_map || (type_name.is_some() && inner.is_empty() && !is_list) {
            return Expression::Map { type_name, members: self.members(body, depth) };
        }
        Expression::List(self.each(body, depth))
    }

    fn lambda(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let parameters = ["parameter", "parameters"].iter().find_map(|name| node.child_by_field_name(name));
        let parameter = parameters
            .map(|node| self.source(node).trim_matches(['(', ')', ' ']).to_owned())
            .unwrap_or_default();
        Expression::Lambda { parameter, body: self.boxed(node, "body", depth) }
    }

    fn either(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let arms = match (self.field(node, "consequence", depth), self.field(node, "alternative", depth)) {
            (Some(yes), Some(no)) => vec![yes, no],
            // Python: `a if condition else b`
            _ => self
                .each(node, depth)
                .into_iter()
                .enumerate()
                .filter(|(n, _)| *n != 1)
                .map(|(_, arm)| arm)
                .collect(),
        };
        Expression::Either(arms)
    }

    fn binary(&self, node: Syntax<'_>, depth: usize) -> Expression {
        let operator =
            node.child_by_field_name("operator").map(|operator| self.source(operator)).unwrap_or_default();
        let sides: Vec<Node> =
            ["left", "right"].iter().filter_map(|side| self.field(node, side, depth)).collect();
        match operator {
            "+" | "%" => Expression::Parts(sides),
            "or" | "||" | "??" => Expression::Either(sides),
            _ => Expression::Other,
        }
    }
}

/// `a.b.C` as members.
fn dotted(text: &str) -> Expression {
    let bare = text.split('<').next().unwrap_or(text);
    let node = |expression| Node { at: 0, end: 0, expression };
    let mut names = bare.split('.').map(str::trim);
    let first = Expression::Name(names.next().unwrap_or_default().to_owned());
    names.fold(first, |object, name| Expression::Member(Box::new(node(object)), name.to_owned()))
}

/// Children that say something: no commas, no comments.
pub(super) fn children(node: Syntax<'_>) -> Vec<Syntax<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.kind().contains("comment")).collect()
}

/// The text of a literal; escapes of letters are rare in names of images, and stay.
fn unescaped(text: &str) -> String {
    if text.contains('\\') {
        text.replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\")
    } else {
        text.to_owned()
    }
}
