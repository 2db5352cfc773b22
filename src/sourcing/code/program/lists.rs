//! Lists that grow, texts of parts, and what is not known of them.

use super::super::value::{Kind, Value};

pub(super) fn unknown(at: usize, name: impl Into<String>) -> Value {
    Value::new(at, Kind::Unknown(name.into()))
}

pub(super) fn one_or_list(at: usize, mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.swap_remove(0) } else { Value::new(at, Kind::List(values)) }
}

/// A list with more items; of a list that is not known, that stays an item.
pub(super) fn added(list: &Value, more: Value) -> Value {
    let items = match more.kind {
        Kind::List(items) => items,
        Kind::Null => Vec::new(),
        kind => vec![Value::new(more.at, kind)],
    };
    match &list.kind {
        Kind::OneOf(arms) => {
            let all = |arm: &Value| added(arm, Value::new(more.at, Kind::List(items.clone())));
            Value::new(list.at, Kind::OneOf(arms.iter().map(all).collect()))
        }
        _ => {
            let mut list = match list.kind {
                Kind::Null => Value::new(list.at, Kind::List(Vec::new())),
                _ => list.clone(),
            };
            if let (Kind::Text(text), [only]) = (&list.kind, items.as_slice()) {
                return Value::new(
                    list.at,
                    joined(&[Value::new(list.at, Kind::Text(text.clone())), only.clone()]),
                );
            }
            items.into_iter().for_each(|item| list.push(item));
            list
        }
    }
}

/// What holds where a condition does not: the old value, and that the condition decides of what was added.
pub(super) fn conditional(old: Value, new: &Value, condition: &str) -> Value {
    match (&old.kind, &new.kind) {
        (Kind::List(before), Kind::List(after)) if after.len() > before.len() && !before.is_empty() => {
            added(&old, unknown(old.at, condition))
        }
        _ => old,
    }
}

/// Parts as one text, with a `*` for what is not known.
pub(super) fn joined(parts: &[Value]) -> Kind {
    let (mut pattern, mut variable) = (String::new(), None);
    for part in parts {
        match &part.kind {
            Kind::Text(text) => pattern.push_str(text),
            Kind::Partial { pattern: inner, variable: name } => {
                pattern.push_str(inner);
                variable = Some(name.clone());
            }
            Kind::Unknown(name) => {
                pattern.push('*');
                variable = Some(name.clone());
            }
            _ => {
                pattern.push('*');
                variable = Some("an expression".to_owned());
            }
        }
    }
    match variable {
        Some(variable) => Kind::Partial { pattern, variable },
        None => Kind::Text(pattern),
    }
}

/// A map without members.
pub(super) fn empty(at: usize) -> Value {
    Value::new(at, Kind::Map(Vec::new()))
}
