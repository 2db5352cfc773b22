//! What calls are worth: builders, constructors, lists that grow.

use super::super::arguments::plain_key;
use super::super::value::{Kind, Value};
use super::evaluate::Evaluator;
use super::lists::{added, one_or_list, unknown};
use super::syntax::{Call, Expression, Node};

/// Parts of a request and of a filter, which builders set.
const PARTS: &[&str] = &[
    "owners",
    "owner",
    "imageids",
    "filters",
    "filter",
    "executableusers",
    "name",
    "values",
    "mostrecent",
    "nameregex",
];

const WRAPPERS: &[&str] = &[
    "String",
    "StringSlice",
    "StringPtr",
    "StringRef",
    "BoolRef",
    "Bool",
    "BoolPtr",
    "ToString",
    "list",
    "tuple",
    "set",
    "of",
    "asList",
    "listOf",
    "singletonList",
    "singleton",
    "emptyList",
    "newArrayList",
    "Strings",
    "String_",
    "StringArray",
    "ToStringArray",
    "ToPtr",
    "Ptr",
    "output",
    "ofNullable",
    "Of",
    "setOf",
    "arrayOf",
    "ToStringPtr",
    "freeze",
];

fn is_setter(method: &str) -> bool {
    !matches!(
        method,
        "get" | "items" | "keys" | "values" | "entries" | "map" | "filter" | "forEach" | "stream"
    )
}

/// Whether a call by this name makes an object: Python and Kotlin have no `new`, and functions of Go begin with a capital.
fn is_class(name: &str, has_names: bool) -> bool {
    let ends = ["Request", "Input", "Args", "Props", "Filter"].iter().any(|end| name.ends_with(end));
    name.starts_with(|c: char| c.is_ascii_uppercase()) && (has_names || ends)
}

impl Evaluator<'_, '_> {
    pub(super) fn call(&self, node: &Node, call: &Call) -> Value {
        let path = call.callee.path();
        let last = path.last().copied().unwrap_or_default();
        if let Expression::Member(object, method) = &call.callee.expression {
            if method == "builder" || method == "newBuilder" {
                return Value::new(node.at, Kind::Map(Vec::new()));
            }
            let receiver = self.value(object);
            if let Some(value) = self.method(node.at, receiver, method, call) {
                return value;
            }
        }
        if last == "append" && path.len() == 1 {
            return self.appended(call);
        }
        if WRAPPERS.contains(&last) {
            return self.wrapped(node.at, call);
        }
        let is_constructor = call.is_new || last == "dict" || is_class(last, !call.named.is_empty());
        if let Some(value) = is_constructor.then(|| self.constructed(node.at, last, call)).flatten() {
            return value;
        }
        if last == "assign" && path.first() == Some(&"Object") {
            let mut map = Value::new(node.at, Kind::Map(Vec::new()));
            call.arguments.iter().for_each(|one| self.set(&mut map, "", self.value(one)));
            return map;
        }
        if path.contains(&"get_caller_identity") || path.contains(&"getCallerIdentity") {
            return Value::new(node.at, Kind::Text("self".to_owned()));
        }
        unknown(node.at, format!("{}()", call.callee.shown()))
    }

    /// A method of a list or map that is known; `None` for others.
    fn method(&self, at: usize, receiver: Value, method: &str, call: &Call) -> Option<Value> {
        let arguments = self.items(&call.arguments);
        let is_known = matches!(receiver.kind, Kind::List(_) | Kind::Map(_) | Kind::Null | Kind::OneOf(_));
        let is_variable = is_known || matches!(receiver.kind, Kind::Unknown(_));
        match method {
            "append" | "push" | "add" | "Add" if is_variable && !arguments.is_empty() => Some(
                arguments
                    .into_iter()
                    .fold(receiver, |list, item| added(&list, Value::new(at, Kind::List(vec![item])))),
            ),
            "extend" | "addAll" | "concat" if is_variable => {
                Some(arguments.into_iter().fold(receiver, |list, more| added(&list, more)))
            }
            "update" | "putAll" if is_known => {
                let mut map = receiver;
                arguments.into_iter().for_each(|more| self.set(&mut map, "", more));
                call.named.iter().for_each(|(key, node)| self.set(&mut map, key, self.value(node)));
                Some(map)
            }
            "put" | "setdefault" if is_known && arguments.len() == 2 => {
                let mut map = receiver;
                let mut arguments = arguments.into_iter();
                let key = arguments.next()?.text()?.to_owned();
                map.set(&key, arguments.next()?);
                Some(map)
            }
            "build" | "copy" | "clone" | "toBuilder" | "promise" if is_known => Some(receiver),
            "get" if matches!(receiver.kind, Kind::Map(_)) => {
                let default = arguments.get(1).cloned().unwrap_or_else(|| Value::new(at, Kind::Null));
                Some(receiver.get(arguments.first()?.text()?).cloned().unwrap_or(default))
            }
            _ if is_known && !arguments.is_empty() && PARTS.contains(&plain_key(method).as_str()) => {
                let (mut map, key) = (receiver, plain_key(method));
                let value = one_or_list(at, arguments);
                // In the older SDK of Java these add to what is there.
                let value = match map.get(&key) {
                    Some(old) if method.starts_with("with") => added(old, value),
                    _ => value,
                };
                map.set(&key, value);
                Some(map)
            }
            // Other parts of a request say nothing of its limits.
            _ if matches!(receiver.kind, Kind::Map(_))
                && !call.is_new
                && arguments.len() <= 1
                && is_setter(method) =>
            {
                Some(receiver)
            }
            _ => None,
        }
    }

    /// `append(list, items…)` of Go.
    fn appended(&self, call: &Call) -> Value {
        let mut arguments = self.items(&call.arguments).into_iter();
        let Some(list) = arguments.next() else { return unknown(call.callee.at, "append()") };
        arguments.fold(list, |list, item| match item.kind {
            Kind::List(_) => added(&list, item),
            _ => added(&list, Value::new(item.at, Kind::List(vec![item]))),
        })
    }

    /// Functions that give their arguments as a text or a list.
    fn wrapped(&self, at: usize, call: &Call) -> Value {
        let mut arguments = self.items(&call.arguments);
        match arguments.len() {
            0 => Value::new(at, Kind::List(Vec::new())),
            1 => arguments.swap_remove(0),
            _ => Value::new(at, Kind::List(arguments)),
        }
    }

    /// `new X({…})`, `X(a=b)`, `new Filter("name", values)`.
    fn constructed(&self, at: usize, name: &str, call: &Call) -> Option<Value> {
        let mut map = Value::new(at, Kind::Map(Vec::new()));
        let arguments = self.items(&call.arguments);
        if name == "Filter" && !arguments.is_empty() {
            let mut arguments = arguments.into_iter();
            map.set("Name", arguments.next()?);
            arguments.next().into_iter().for_each(|values| map.set("Values", values));
            return Some(map);
        }
        if !arguments.is_empty()
            && arguments.iter().all(|one| !matches!(one.kind, Kind::Map(_)))
            && !call.is_new
        {
            return None;
        }
        arguments
            .into_iter()
            .filter(|one| matches!(one.kind, Kind::Map(_)))
            .for_each(|one| self.set(&mut map, "", one));
        call.named.iter().for_each(|(key, node)| self.set(&mut map, key, self.value(node)));
        Some(map)
    }
}
