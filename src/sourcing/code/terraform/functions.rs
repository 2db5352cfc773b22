//! Functions of Terraform over values that are known, at least in part.

use super::super::value::{Kind, Value};

/// What a call gives.
pub(super) fn call(at: usize, name: &str, arguments: &[Value]) -> Kind {
    let first = arguments.first();
    let unknown = || first.and_then(variable).unwrap_or_else(|| format!("{name}(…)"));
    match (name, first) {
        (
            "concat" | "compact" | "flatten" | "distinct" | "toset" | "tolist" | "list" | "sort" | "setunion",
            Some(_),
        ) => flat(arguments),
        (
            "tostring" | "trimspace" | "tonumber" | "sensitive" | "nonsensitive" | "one" | "chomp",
            Some(only),
        ) => match &only.kind {
            Kind::List(items) if name == "one" => items.first().map_or(Kind::Null, |item| item.kind.clone()),
            other => other.clone(),
        },
        ("coalesce" | "coalescelist" | "try", Some(_)) => first_given(arguments),
        ("length", Some(list)) => length(list),
        ("lookup", Some(map)) => lookup(at, map, arguments),
        ("merge", Some(_)) => merged(at, arguments),
        ("element", Some(list)) => arguments.get(1).map_or(Kind::Null, |n| index(at, list, n).kind),
        ("split", Some(mark)) => split(at, mark, arguments.get(1)),
        ("join", Some(_)) => {
            arguments.get(1).map_or_else(|| Kind::Unknown(unknown()), |list| list.kind.clone())
        }
        ("format", Some(pattern)) => format(pattern),
        ("lower" | "upper", Some(text)) => text.kind.clone(),
        _ => Kind::Unknown(unknown()),
    }
}

fn variable(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Unknown(name) | Kind::Partial { variable: name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// All items of lists in one; what is unknown stays an item.
fn flat(arguments: &[Value]) -> Kind {
    if let [only] = arguments
        && !matches!(only.kind, Kind::List(_))
    {
        return only.kind.clone();
    }
    let mut items = Vec::new();
    for argument in arguments {
        match &argument.kind {
            Kind::List(inner) => inner.iter().for_each(|item| match &item.kind {
                Kind::List(deeper) => items.extend(deeper.iter().cloned()),
                _ => items.push(item.clone()),
            }),
            Kind::Null => {}
            _ => items.push(argument.clone()),
        }
    }
    Kind::List(items)
}

fn is_given(value: &Value) -> bool {
    !value.is_null() && value.text() != Some("") && value.kind != Kind::List(Vec::new())
}

/// The first argument that is given; an unknown one may not be, so those behind it count, too.
fn first_given(arguments: &[Value]) -> Kind {
    let mut arms: Vec<Value> = Vec::new();
    for argument in arguments.iter().filter(|argument| is_given(argument)) {
        arms.push(argument.clone());
        if !matches!(argument.kind, Kind::Unknown(_)) {
            break;
        }
    }
    match arms.len() {
        0 => Kind::Null,
        1 => arms.swap_remove(0).kind,
        _ => Kind::OneOf(arms),
    }
}

fn length(list: &Value) -> Kind {
    match &list.kind {
        Kind::List(items) => Kind::Text(items.len().to_string()),
        Kind::Map(entries) => Kind::Text(entries.len().to_string()),
        Kind::Text(text) => Kind::Text(text.chars().count().to_string()),
        Kind::Null => Kind::Text("0".to_owned()),
        _ => Kind::Unknown(variable(list).unwrap_or_else(|| "length(…)".to_owned())),
    }
}

fn lookup(at: usize, map: &Value, arguments: &[Value]) -> Kind {
    let found = arguments.get(1).map(|key| index(at, map, key)).filter(|value| !value.is_null());
    found.or_else(|| arguments.get(2).cloned()).map_or(Kind::Null, |value| value.kind)
}

fn merged(at: usize, maps: &[Value]) -> Kind {
    let mut all = Value::new(at, Kind::Map(Vec::new()));
    for map in maps {
        if let Some(name) = variable(map) {
            all.set(super::super::arguments::SPREAD, Value::new(at, Kind::Unknown(name)));
        }
        map.entries().iter().for_each(|entry| all.set(&entry.key, entry.value.clone()));
    }
    all.kind
}

fn split(at: usize, mark: &Value, text: Option<&Value>) -> Kind {
    match (mark.text(), text.and_then(Value::text)) {
        (Some(mark), Some(text)) if !mark.is_empty() => {
            Kind::List(text.split(mark).map(|part| Value::new(at, Kind::Text(part.to_owned()))).collect())
        }
        _ => Kind::Unknown(text.and_then(variable).unwrap_or_else(|| "split(…)".to_owned())),
    }
}

/// A text with a `*` for each part that is put in.
fn format(pattern: &Value) -> Kind {
    match pattern.text() {
        Some(text) if text.contains('%') => {
            let parts = text.split('%').enumerate();
            let parts = parts.map(|(n, part)| {
                if n == 0 { part.to_owned() } else { format!("*{}", part.get(1..).unwrap_or_default()) }
            });
            Kind::Partial { pattern: parts.collect(), variable: "format(…)".to_owned() }
        }
        Some(text) => Kind::Text(text.to_owned()),
        None => Kind::Unknown("format(…)".to_owned()),
    }
}

/// The parts of a template as one text.
pub(super) fn joined(parts: &[Value]) -> Kind {
    let (mut pattern, mut unknown) = (String::new(), None);
    for part in parts {
        match &part.kind {
            Kind::Text(text) => pattern.push_str(text),
            Kind::Flag(flag) => pattern.push_str(&flag.to_string()),
            Kind::Partial { pattern: inner, variable } => {
                pattern.push_str(inner);
                unknown = Some(variable.clone());
            }
            Kind::Null => {}
            _ => {
                pattern.push('*');
                unknown = Some(variable(part).unwrap_or_else(|| "an expression".to_owned()));
            }
        }
    }
    match unknown {
        Some(variable) => Kind::Partial { pattern, variable },
        None => Kind::Text(pattern),
    }
}

/// `value.name` or `value["name"]`.
pub(super) fn member(at: usize, value: &Value, name: &str) -> Value {
    match &value.kind {
        Kind::Map(_) => value.get(name).cloned().unwrap_or_else(|| Value::new(at, Kind::Null)),
        Kind::List(items) => match name.parse::<usize>() {
            Ok(n) => items.get(n).cloned().unwrap_or_else(|| Value::new(at, Kind::Null)),
            // `list.*.name`
            Err(_) => Value::new(at, Kind::List(items.iter().map(|item| member(at, item, name)).collect())),
        },
        Kind::OneOf(arms) => {
            Value::new(at, Kind::OneOf(arms.iter().map(|arm| member(at, arm, name)).collect()))
        }
        Kind::Unknown(variable) => Value::new(at, Kind::Unknown(format!("{variable}.{name}"))),
        _ => Value::new(at, Kind::Unknown(name.to_owned())),
    }
}

/// `value[index]`; by an unknown index it may be any member.
pub(super) fn index(at: usize, value: &Value, index: &Value) -> Value {
    match (&value.kind, index.text()) {
        (_, Some(name)) => member(at, value, name),
        (Kind::Map(entries), None) if !entries.is_empty() => {
            Value::new(at, Kind::OneOf(entries.iter().map(|entry| entry.value.clone()).collect()))
        }
        (Kind::List(items), None) if !items.is_empty() => Value::new(at, Kind::OneOf(items.clone())),
        (Kind::Unknown(_), None) => value.clone(),
        _ => Value::new(at, Kind::Unknown("a member".to_owned())),
    }
}
