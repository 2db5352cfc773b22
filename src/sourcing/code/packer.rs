//! Packer: `source_ami_filter`, `amazon-ami`, in the older JSON; its HCL is read with Terraform's, and comes here, too.

use super::hit::{Form, Hit, Publication, Source};
use super::judge::{Judgement, Verdict};
use super::search::Constant;
use super::suppression::{self, MADE_PUBLIC};
use super::value::{Entry, Kind, Value};
use super::{Options, Scan, reference};

/// Looks at a template in JSON.
pub(super) fn json(source: &Source<'_>, root: &Value, options: &Options, scan: &mut Scan) {
    let variables = root.get("variables");
    for found in root.get("builders").map(Value::items).unwrap_or_default() {
        let kind = found.get("type").and_then(Value::text).unwrap_or_default();
        if kind.starts_with("amazon-") {
            builder(source, &resolved(found, variables), options, scan);
        }
    }
}

/// Looks at one builder.
pub(super) fn builder(source: &Source<'_>, builder: &Value, options: &Options, scan: &mut Scan) {
    for filter in builder.get("source_ami_filter").map(Value::as_list).unwrap_or_default() {
        search(filter, options).report(source, options, scan);
    }
    if let Some(hit) =
        builder.get("source_ami").and_then(|id| reference::hit(builder.at, Form::Packer, id.text()?))
    {
        hit.report(source, options, scan);
    }
    for (key, what) in [("ami_groups", "the image"), ("snapshot_groups", "the snapshots of the image")] {
        let groups = builder.get(key).map(Value::as_list).unwrap_or_default();
        if let Some(all) = groups.iter().find(|group| group.text() == Some("all")) {
            scan.publications.push(publication(source, all.at, what));
        }
    }
}

fn publication(source: &Source<'_>, at: usize, what: &str) -> Publication {
    let (line, column) = source.line_and_column(at);
    let suppressed = suppression::reason_for(source.text, at, MADE_PUBLIC);
    let reason = format!("Every AWS account may use {what}: the group `all` is given.");
    Publication {
        path: source.path.as_bytes().to_vec(),
        line,
        column,
        form: Form::Packer,
        reason,
        suppressed,
    }
}

/// What `source_ami_filter`, or `data "amazon-ami"`, asks for.
pub(super) fn search(arguments: &Value, options: &Options) -> Hit {
    let mut hit = Hit::of(arguments.at, Form::Packer, arguments, &options.publishers, |_| {});
    if hit.search.owners != Constant::Absent || hit.judgement.verdict >= Verdict::Info {
        return hit;
    }
    if hit.search.filters.iter().any(|filter| filter.is("owners") || filter.is("owner")) {
        let reason = "Packer refuses this: `owners` belongs beside `filters`, not among them.";
        hit.judgement = Judgement::new(Verdict::Info, reason);
    } else if hit.judgement.verdict == Verdict::Unsafe {
        hit.judgement.reason =
            "Anyone can publish an image that matches: no owner is given, which Packer refuses since 1.3.0."
                .to_owned();
    }
    hit
}

/// The value with `{{user `name`}}` resolved.
fn resolved(value: &Value, variables: Option<&Value>) -> Value {
    let kind = match &value.kind {
        Kind::Text(text) if text.contains("{{") => template(text, variables),
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

fn template(text: &str, variables: Option<&Value>) -> Kind {
    let (mut pattern, mut unknown, mut rest) = (String::new(), None, text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, next) = after.split_once("}}").unwrap_or((after, ""));
        let name = inner.split(['`', '"', '\'']).nth(1).unwrap_or_else(|| inner.trim());
        let value = variables.and_then(|all| all.get(name)).and_then(Value::text).unwrap_or_default();
        pattern.push_str(before);
        if value.is_empty() || value.contains("{{") || !inner.trim_start().starts_with("user") {
            pattern.push('*');
            unknown = Some(name.to_owned());
        } else {
            pattern.push_str(value);
        }
        rest = next;
    }
    pattern.push_str(rest);
    match unknown {
        None => Kind::Text(pattern),
        Some(variable) if pattern == "*" => Kind::Unknown(variable),
        Some(variable) => Kind::Partial { pattern, variable },
    }
}
