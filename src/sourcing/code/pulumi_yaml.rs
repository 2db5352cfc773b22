//! Pulumi in YAML: `fn::invoke` of `aws:ec2:getAmi`, and its short form.

use super::Options;
use super::hit::{Form, Hit};
use super::value::{Entry, Kind, Value};

/// The lookups of a document.
pub(super) fn hits(root: &Value, options: &Options) -> Vec<Hit> {
    let mut hits = Vec::new();
    walk(root, root.get("variables"), options, &mut hits);
    hits
}

fn walk(value: &Value, variables: Option<&Value>, options: &Options, hits: &mut Vec<Hit>) {
    value.items().iter().for_each(|item| walk(item, variables, options, hits));
    for entry in value.entries() {
        match arguments(entry) {
            Some(arguments) => {
                let arguments = resolved(arguments, variables);
                hits.push(Hit::of(entry.at, Form::Pulumi, &arguments, &options.publishers, |_| {}));
            }
            None => walk(&entry.value, variables, options, hits),
        }
    }
}

fn is_lookup(function: &str) -> bool {
    function.starts_with("aws:ec2") && (function.ends_with("getAmi") || function.ends_with("getAmiIds"))
}

fn arguments(entry: &Entry) -> Option<&Value> {
    let function = entry.key.to_ascii_lowercase();
    let function = function.strip_prefix("fn::")?;
    if function == "invoke" {
        let name = entry.value.get("function").or_else(|| entry.value.get("Function"))?.text()?;
        let arguments = entry.value.get("arguments").or_else(|| entry.value.get("Arguments"));
        return is_lookup(name).then_some(arguments)?;
    }
    is_lookup(entry.key.get("fn::".len()..)?).then_some(&entry.value)
}

/// The value with `${name}` resolved.
fn resolved(value: &Value, variables: Option<&Value>) -> Value {
    let kind = match &value.kind {
        Kind::Text(text) => match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match variables.and_then(|all| all.get(name)) {
                Some(found) if !text_of(found).contains("${") => return found.clone(),
                _ => Kind::Unknown(name.to_owned()),
            },
            None if text.contains("${") => Kind::Partial { pattern: stars(text), variable: text.clone() },
            None => value.kind.clone(),
        },
        Kind::List(items) => Kind::List(items.iter().map(|item| resolved(item, variables)).collect()),
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|entry| Entry { value: resolved(&entry.value, variables), ..entry.clone() })
                .collect(),
        ),
        other => other.clone(),
    };
    Value::new(value.at, kind)
}

fn text_of(value: &Value) -> &str {
    value.text().unwrap_or_default()
}

/// The text with a `*` for each `${…}`.
fn stars(text: &str) -> String {
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + "*" + part.split_once('}').map_or("", |(_, rest)| rest))
}
