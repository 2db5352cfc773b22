//! The searches of a module, and the values that stand where an image is meant.

use hcl_edit::Span as _;
use hcl_edit::structure::{Block, Body, Structure};

use super::super::hit::{Fix, Form, Hit};
use super::super::value::{Kind, Value};
use super::super::{Options, Scan, packer, reference};
use super::evaluate::Scope;
use super::module::{Call, Code, Content, Item, Module, ModuleFile};
use super::own_scope;

/// Where images stand in resources.
const IMAGE_ATTRIBUTES: &[(&str, &str)] = &[
    ("aws_instance", "ami"),
    ("aws_spot_instance_request", "ami"),
    ("aws_launch_template", "image_id"),
    ("aws_launch_configuration", "image_id"),
    ("aws_imagebuilder_image_recipe", "parent_image"),
];

/// Reports what the module chooses, for itself or for those who call it.
pub(super) fn look(module: &Module, calls: &[Call<'_>], options: &Options, scan: &mut Scan) {
    for (file, item) in &module.items {
        let Some(file) = module.files.get(*file) else { continue };
        match (item.is_data, item.kind.as_str()) {
            (true, "aws_ami" | "aws_ami_ids") => search(module, file, item, calls, options, scan),
            (true, "aws_ssm_parameter") => parameter(module, file, item, options, scan),
            (true, "amazon-ami") => {
                let hit = packer::search(&whole(&own_scope(module), item.at, &item.content), options);
                hit.report(&file.source(), options, scan);
            }
            (false, kind) if kind.starts_with("amazon-") => {
                let builder = whole(&own_scope(module), item.at, &item.content);
                packer::builder(&file.source(), &builder, options, scan);
            }
            (false, kind) => {
                let attribute = IMAGE_ATTRIBUTES.iter().find(|(known, _)| *known == kind);
                if let Some((_, attribute)) = attribute {
                    image(module, file, item, attribute, options, scan);
                }
            }
            _ => {}
        }
    }
}

fn search(
    module: &Module,
    file: &ModuleFile,
    item: &Item,
    calls: &[Call<'_>],
    options: &Options,
    scan: &mut Scan,
) {
    let own = hit(&own_scope(module), file, item, options);
    let by_calls: Vec<Hit> =
        calls.iter().map(|call| hit(&scope(module, call), file, item, options)).collect();
    let is_decided_here = by_calls.iter().all(|hit| hit.judgement.verdict == own.judgement.verdict);
    if by_calls.is_empty() || is_decided_here {
        return own.report(&file.source(), options, scan);
    }
    let line = file.source().line_and_column(item.at).0;
    for (call, hit) in calls.iter().zip(by_calls) {
        let made_at = Some((file.path.as_bytes().to_vec(), line));
        let hit = Hit { at: call.item.at, made_at, fix: None, ..hit };
        hit.report(&call.file.source(), options, scan);
    }
}

fn scope<'a>(module: &'a Module, call: &Call<'a>) -> Scope<'a> {
    let given = call.values(&own_scope(call.caller));
    Scope::of_call(module, given)
}

fn hit(scope: &Scope<'_>, file: &ModuleFile, item: &Item, options: &Options) -> Hit {
    let arguments = arguments(scope, item);
    let mut hit = Hit::of(item.at, Form::Terraform, &arguments, &options.publishers, |_| {});
    hit.fix = fix(&hit, file, item, options);
    hit
}

/// All that the block says, as a map.
fn arguments(scope: &Scope<'_>, item: &Item) -> Value {
    let scope = with_each(scope, item);
    let mut arguments = Value::new(item.at, Kind::Map(Vec::new()));
    for (name, code) in item.content.attributes() {
        match (name.as_str(), &code) {
            ("dynamic", Code::Json(dynamic)) => {
                dynamic
                    .get("filter")
                    .into_iter()
                    .for_each(|filter| add(&mut arguments, json_dynamic(&scope, filter)));
            }
            ("filter", _) => add(&mut arguments, scope.code(&code)),
            _ => arguments.set(&name, scope.code(&code)),
        }
    }
    if let Content::Hcl(body) = &item.content {
        body.blocks().for_each(|block| block_of(&scope, block, &mut arguments));
    }
    arguments
}

/// A block of Packer as a map: its attributes and its blocks.
fn whole(scope: &Scope<'_>, at: usize, content: &Content) -> Value {
    let mut map = Value::new(at, Kind::Map(Vec::new()));
    for (name, code) in content.attributes() {
        map.set(&name, scope.code(&code));
    }
    if let Content::Hcl(inner) = content {
        for block in inner.blocks() {
            let at = block.ident.span().map_or(at, |span| span.start);
            map.set(block.ident.as_str(), Value { at, ..body(scope, &block.body) });
        }
    }
    map
}

/// `each` of a search with `for_each`: one of the values.
fn with_each<'a>(scope: &Scope<'a>, item: &Item) -> Scope<'a> {
    let Some(code) = item.content.attribute("for_each") else { return scope.clone() };
    let collection = scope.code(&code);
    let (keys, values) = keys_and_values(&collection);
    let mut each = Value::new(item.at, Kind::Map(Vec::new()));
    each.set("key", Value::new(item.at, Kind::OneOf(keys)));
    each.set("value", Value::new(item.at, Kind::OneOf(values)));
    match collection.kind {
        Kind::Map(_) | Kind::List(_) => scope.with("each", each),
        _ => scope.clone(),
    }
}

fn keys_and_values(collection: &Value) -> (Vec<Value>, Vec<Value>) {
    let by_entry = collection.entries().iter();
    let entry = |key: &str, value: &Value| (Value::new(value.at, Kind::Text(key.to_owned())), value.clone());
    let items = collection.items().iter().map(|item| (item.clone(), item.clone()));
    by_entry.map(|one| entry(&one.key, &one.value)).chain(items).unzip()
}

fn add(arguments: &mut Value, filter: Value) {
    let mut filters = arguments.get("filter").cloned().unwrap_or_else(|| Value::new(filter.at, Kind::Null));
    filters.push(filter);
    arguments.set("filter", filters);
}

fn block_of(scope: &Scope<'_>, block: &Block, arguments: &mut Value) {
    let label = block.labels.first().map(hcl_edit::structure::BlockLabel::as_str);
    match (block.ident.as_str(), label) {
        ("filter", _) => add(arguments, body(scope, &block.body)),
        ("dynamic", Some("filter")) => add(arguments, dynamic(scope, block)),
        _ => {}
    }
}

fn body(scope: &Scope<'_>, body: &Body) -> Value {
    let mut map = Value::new(0, Kind::Map(Vec::new()));
    for structure in body {
        if let Structure::Attribute(attribute) = structure {
            map.set(attribute.key.as_str(), scope.value(&attribute.value));
        }
    }
    map
}

/// The filters of `dynamic "filter"`: one for each member of its collection.
fn dynamic(scope: &Scope<'_>, block: &Block) -> Value {
    let at = block.ident.span().map_or(0, |span| span.start);
    let content = block.body.get_blocks("content").next();
    let collection = block.body.get_attribute("for_each").map(|found| scope.value(&found.value));
    let (Some(content), Some(collection)) = (content, collection) else {
        return Value::new(at, Kind::Unknown("dynamic filter".to_owned()));
    };
    let iterator = block.body.get_attribute("iterator").and_then(|found| found.value.as_variable().cloned());
    let name = iterator.map_or_else(|| "filter".to_owned(), |name| name.as_str().to_owned());
    each_filter(scope, &name, at, &collection, &|scope| body(scope, &content.body))
}

fn json_dynamic(scope: &Scope<'_>, dynamic: &Value) -> Value {
    let Some(collection) = dynamic.get("for_each").map(|each| scope.json(each)) else {
        return Value::new(dynamic.at, Kind::Unknown("dynamic filter".to_owned()));
    };
    let content = dynamic.get("content").cloned().unwrap_or_else(|| Value::new(dynamic.at, Kind::Null));
    each_filter(scope, "filter", dynamic.at, &collection, &|scope| scope.json(&content))
}

fn each_filter(
    scope: &Scope<'_>,
    name: &str,
    at: usize,
    collection: &Value,
    body: &dyn Fn(&Scope<'_>) -> Value,
) -> Value {
    match &collection.kind {
        Kind::OneOf(arms) => {
            let arms = arms.iter().map(|arm| each_filter(scope, name, at, arm, body)).collect();
            Value::new(at, Kind::OneOf(arms))
        }
        Kind::Unknown(variable) => Value::new(at, Kind::Unknown(variable.clone())),
        _ => {
            let (keys, values) = keys_and_values(collection);
            let filter = |(key, value): (Value, Value)| {
                let mut iterator = Value::new(at, Kind::Map(Vec::new()));
                iterator.set("key", key);
                iterator.set("value", value);
                body(&scope.with(name, iterator))
            };
            Value::new(at, Kind::List(keys.into_iter().zip(values).map(filter).collect()))
        }
    }
}

/// The line that names the owner, behind the head of the block.
fn fix(hit: &Hit, file: &ModuleFile, item: &Item, options: &Options) -> Option<Fix> {
    if item.kind != "aws_ami" || item.content.attribute("owners").is_some() {
        return None;
    }
    let owner = hit.owner_to_name(&options.publishers)?;
    let head = item.head_end?;
    let rest = file.text.get(head..)?;
    let start = head + rest.find('{')? + 1;
    let on_one_line = !file.text.get(start..)?.lines().next()?.trim().is_empty();
    let text = if on_one_line {
        format!(" owners = [\"{owner}\"]\n")
    } else {
        format!("\n  owners = [\"{owner}\"]")
    };
    Some(Fix { start, end: start, text })
}

fn parameter(module: &Module, file: &ModuleFile, item: &Item, options: &Options, scan: &mut Scan) {
    let value = item.content.attribute("name").map(|code| own_scope(module).code(&code));
    let name = match value.as_ref().map(|value| &value.kind) {
        Some(Kind::Text(name)) => name.clone(),
        Some(Kind::Partial { pattern, .. }) => pattern.clone(),
        _ => return,
    };
    if reference::names_an_image(&name) || is_used_as_image(module, &item.name) {
        reference::parameter(item.at, Form::Terraform, &name).report(&file.source(), options, scan);
    }
}

/// Whether a resource of the module takes its image from this parameter.
fn is_used_as_image(module: &Module, name: &str) -> bool {
    let path = format!("data.aws_ssm_parameter.{name}.");
    let lines = module.files.iter().flat_map(|file| file.text.lines()).filter(|line| line.contains(&path));
    lines.into_iter().any(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        matches!(key, "ami" | "image_id" | "ami_id" | "parent_image")
    })
}

fn image(
    module: &Module,
    file: &ModuleFile,
    item: &Item,
    attribute: &str,
    options: &Options,
    scan: &mut Scan,
) {
    let Some(code) = item.content.attribute(attribute) else { return };
    let value = own_scope(module).code(&code);
    if let Some(hit) = value.text().and_then(|text| reference::hit(item.at, Form::Terraform, text)) {
        hit.report(&file.source(), options, scan);
    }
}
