//! `terraform show -json` of a plan or a state, and state files: searches with all variables resolved.
//!
//! Secrets stand in these files: nothing is taken from them but the parts of a search and the image it found.

use super::super::Options;
use super::super::hit::{Form, Hit};
use super::super::reference;
use super::super::value::{Kind, Value};

/// The searches that a plan or state has made.
pub(in super::super) fn hits(root: &Value, options: &Options) -> Vec<Hit> {
    let is_state = root.get("terraform_version").is_some() || root.get("format_version").is_some();
    let mut hits = Vec::new();
    if is_state {
        for part in ["values", "prior_state", "planned_values"] {
            root.get(part).into_iter().for_each(|part| walk(part, options, &mut hits));
            // A plan tells of a search twice, before and after.
            if !hits.is_empty() {
                break;
            }
        }
        root.get("resources").into_iter().for_each(|resources| walk(resources, options, &mut hits));
    }
    hits
}

fn walk(value: &Value, options: &Options, hits: &mut Vec<Hit>) {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| walk(item, options, hits)),
        Kind::Map(_) if is_search(value) => {
            let instances = value.get("instances").map(Value::items).unwrap_or_default();
            let attributes = instances.iter().filter_map(|instance| instance.get("attributes"));
            hits.extend(
                value.get("values").into_iter().chain(attributes).map(|values| hit(value, values, options)),
            );
        }
        Kind::Map(entries) => {
            let containers = ["values", "root_module", "child_modules", "resources", "planned_values"];
            let inner = entries.iter().filter(|entry| containers.contains(&entry.key.as_str()));
            inner.for_each(|entry| walk(&entry.value, options, hits));
        }
        _ => {}
    }
}

fn is_search(resource: &Value) -> bool {
    let is = |key: &str, wanted: &str| resource.get(key).and_then(Value::text) == Some(wanted);
    is("mode", "data") && (is("type", "aws_ami") || is("type", "aws_ami_ids"))
}

/// The parts of a search among the attributes of a resource.
const PARTS: &[&str] = &["owners", "filter", "most_recent", "name_regex", "executable_users"];

fn hit(resource: &Value, values: &Value, options: &Options) -> Hit {
    let mut arguments = Value::new(resource.at, Kind::Map(Vec::new()));
    for part in PARTS {
        values.get(part).into_iter().for_each(|value| arguments.set(part, value.clone()));
    }
    let mut hit = Hit::of(resource.at, Form::TerraformState, &arguments, &options.publishers, |_| {});
    let found = ["image_id", "id"].iter().find_map(|key| values.get(key)?.text());
    hit.image_ids = found.filter(|id| reference::is_image_id(id)).map(str::to_owned).into_iter().collect();
    hit
}
