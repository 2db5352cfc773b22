//! Ansible: the modules `ec2_ami_info`, `ec2_ami_facts` and `ec2_ami_find`, under all their names.

use super::Options;
use super::hit::{Form, Hit};
use super::value::{Entry, Kind, Value};

/// The modules, without the names of their collections.
const MODULES: &[&str] = &["ec2_ami_info", "ec2_ami_facts", "ec2_ami_find"];

/// Variables in values of variables, at most.
const MAX_DEPTH: usize = 8;

/// The lookups of a playbook, a role's tasks or a file of tasks.
pub(super) fn hits(root: &Value, options: &Options) -> Vec<Hit> {
    if !matches!(root.kind, Kind::List(_)) {
        return Vec::new();
    }
    let mut variables = Value::new(root.at, Kind::Map(Vec::new()));
    collect(root, &mut variables);
    let mut hits = Vec::new();
    walk(root, &variables, options, &mut hits);
    hits
}

/// Variables of plays, blocks and tasks, and what `set_fact` sets.
fn collect(value: &Value, variables: &mut Value) {
    value.items().iter().for_each(|item| collect(item, variables));
    for entry in value.entries() {
        let is_set = entry.key == "vars" || entry.key.ends_with("set_fact");
        if is_set {
            entry
                .value
                .entries()
                .iter()
                .for_each(|variable| variables.set(&variable.key, variable.value.clone()));
        }
        if matches!(
            entry.key.as_str(),
            "tasks" | "pre_tasks" | "post_tasks" | "handlers" | "block" | "rescue" | "always"
        ) {
            collect(&entry.value, variables);
        }
    }
}

fn walk(value: &Value, variables: &Value, options: &Options, hits: &mut Vec<Hit>) {
    value.items().iter().for_each(|item| walk(item, variables, options, hits));
    for entry in value.entries() {
        match module(entry) {
            Some((name, arguments)) => {
                let more = value.get("args").map(Value::entries).unwrap_or_default();
                hits.push(hit(entry.at, name, arguments, more, variables, options));
            }
            None => walk(&entry.value, variables, options, hits),
        }
    }
}

/// The module that a member of a task calls, and its arguments.
fn module(entry: &Entry) -> Option<(&'static str, Value)> {
    let by_name = |name: &str| {
        let bare = name.rsplit('.').next().unwrap_or(name);
        MODULES.iter().find(|known| **known == bare).copied()
    };
    if let Some(name) = by_name(&entry.key) {
        let arguments =
            entry.value.text().map_or_else(|| entry.value.clone(), |text| short(entry.value.at, text));
        return Some((name, arguments));
    }
    if !matches!(entry.key.as_str(), "action" | "local_action") {
        return None;
    }
    match entry.value.text() {
        Some(text) => {
            let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
            Some((by_name(name)?, short(entry.value.at, rest)))
        }
        None => Some((by_name(entry.value.get("module")?.text()?)?, entry.value.clone())),
    }
}

/// `key=value key="other value"`.
fn short(at: usize, text: &str) -> Value {
    let mut map = Value::new(at, Kind::Map(Vec::new()));
    let mut rest = text.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, next) = match quote {
            Some(quote) => after.get(1..).and_then(|inner| inner.split_once(quote)).unwrap_or((after, "")),
            None if after.starts_with("{{") => {
                after.split_once("}}").map_or((after, ""), |(value, next)| (value, next))
            }
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        let value = if quote.is_none() && value.starts_with("{{") {
            format!("{value}}}}}")
        } else {
            value.to_owned()
        };
        map.set(key.trim(), Value::new(at, Kind::Text(value)));
        rest = next.trim();
    }
    map
}

fn hit(
    at: usize,
    module: &str,
    arguments: Value,
    more: &[Entry],
    variables: &Value,
    options: &Options,
) -> Hit {
    let mut all = arguments;
    more.iter().for_each(|entry| all.set(&entry.key, entry.value.clone()));
    let all = resolved(&all, variables, 0);
    let asked = if module == "ec2_ami_find" { find(&all) } else { all };
    Hit::of(at, Form::Ansible, &asked, &options.publishers, |_| {})
}

/// The arguments of `ec2_ami_find` as those of the request.
fn find(arguments: &Value) -> Value {
    let mut filters = Value::new(arguments.at, Kind::Map(Vec::new()));
    let mut asked = Value::new(arguments.at, Kind::Map(Vec::new()));
    let mut sorts = false;
    for entry in arguments.entries() {
        match entry.key.as_str() {
            "name"
            | "architecture"
            | "hypervisor"
            | "is_public"
            | "platform"
            | "product_code"
            | "virtualization_type" => {
                filters.set(&entry.key.replace('_', "-"), entry.value.clone());
            }
            "ami_tags" => filters.set("tag-key", entry.value.clone()),
            "ami_id" => asked.set("image_ids", entry.value.clone()),
            "owner" => asked.set("owners", entry.value.clone()),
            "sort" => sorts = true,
            _ => {}
        }
    }
    asked.set("filters", filters);
    asked.set("most_recent", Value::new(arguments.at, Kind::Flag(sorts)));
    asked
}

/// The value with `{{ name }}` resolved.
fn resolved(value: &Value, variables: &Value, depth: usize) -> Value {
    let kind = match &value.kind {
        Kind::Text(text) if text.contains("{{") => return jinja(value.at, text, variables, depth),
        Kind::List(items) => Kind::List(items.iter().map(|item| resolved(item, variables, depth)).collect()),
        Kind::Map(entries) => {
            let entry =
                |entry: &Entry| Entry { value: resolved(&entry.value, variables, depth), ..entry.clone() };
            Kind::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    };
    Value::new(value.at, kind)
}

fn jinja(at: usize, text: &str, variables: &Value, depth: usize) -> Value {
    let bare = text.trim();
    let whole = bare
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .filter(|inner| !inner.contains("{{"));
    if let Some(expression) = whole {
        return expanded(at, expression, variables, depth);
    }
    let (mut pattern, mut unknown, mut rest) = (String::new(), None, text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, next) = after.split_once("}}").unwrap_or((after, ""));
        pattern.push_str(before);
        match expanded(at, expression, variables, depth).kind {
            Kind::Text(text) => pattern.push_str(&text),
            _ => {
                pattern.push('*');
                unknown = Some(expression.trim().to_owned());
            }
        }
        rest = next;
    }
    pattern.push_str(rest);
    let kind = match unknown {
        Some(variable) => Kind::Partial { pattern, variable },
        None => Kind::Text(pattern),
    };
    Value::new(at, kind)
}

/// What an expression stands for: a variable of the file, or the default that it names.
fn expanded(at: usize, expression: &str, variables: &Value, depth: usize) -> Value {
    let mut parts = expression.split('|').map(str::trim);
    let name = parts.next().unwrap_or_default();
    if let Some(found) = variables.get(name).filter(|_| depth < MAX_DEPTH) {
        return resolved(found, variables, depth + 1);
    }
    let literal = name.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"']));
    let default = parts.find_map(|part| part.strip_prefix("default(").or_else(|| part.strip_prefix("d(")));
    let default = default.and_then(|rest| rest.split(['\'', '"']).nth(1));
    let kind = match literal.or(default) {
        Some(text) => Kind::Text(text.to_owned()),
        None => Kind::Unknown(name.to_owned()),
    };
    Value::new(at, kind)
}
