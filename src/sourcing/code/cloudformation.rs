//! CloudFormation and SAM: where `ImageId` comes from, and code that stands in templates.

use std::collections::BTreeMap;

use super::hit::{Form, Hit, Source};
use super::judge::Judgement;
use super::language::Language;
use super::search::Search;
use super::value::{Kind, Value};
use super::{Options, Scan, dispatch, reference};

/// Members of resources that name an image.
const IMAGE_KEYS: &[&str] = &["ImageId", "ParentImage", "ImageIdOverride", "AmiId"];

/// Looks at a template.
pub(super) fn look(source: &Source<'_>, root: &Value, options: &Options, scan: &mut Scan) {
    let Some(resources) = root.get("Resources").filter(|resources| matches!(resources.kind, Kind::Map(_)))
    else {
        return;
    };
    let mut template = Template { root, hits: BTreeMap::new() };
    template.parameters();
    template.walk(resources);
    template.hits.into_values().for_each(|hit| hit.report(source, options, scan));
    code(source, resources, options, scan);
}

struct Template<'a> {
    root: &'a Value,
    /// By their places: a parameter that several resources use is told once.
    hits: BTreeMap<usize, Hit>,
}

impl Template<'_> {
    /// Parameters whose type says that they are images.
    fn parameters(&mut self) {
        for entry in self.root.get("Parameters").map(Value::entries).unwrap_or_default() {
            let kind = entry.value.get("Type").and_then(Value::text).unwrap_or_default();
            if kind.contains("AWS::EC2::Image::Id") {
                self.parameter(&entry.key);
            }
        }
    }

    fn parameter(&mut self, name: &str) {
        let parameters = self.root.get("Parameters").map(Value::entries).unwrap_or_default();
        let Some(entry) = parameters.iter().find(|entry| entry.key == name) else { return };
        let kind = entry.value.get("Type").and_then(Value::text).unwrap_or_default();
        let default = entry.value.get("Default").and_then(Value::text).unwrap_or_default();
        let hit = if kind.starts_with("AWS::SSM::Parameter::Value") && !default.is_empty() {
            reference::parameter(entry.at, Form::CloudFormation, default)
        } else {
            let free = || by_caller(entry.at, name);
            reference::hit(entry.at, Form::CloudFormation, default).unwrap_or_else(free)
        };
        self.hits.insert(entry.at, hit);
    }

    fn walk(&mut self, value: &Value) {
        value.items().iter().for_each(|item| self.walk(item));
        if let Kind::Tagged(_, inner) = &value.kind {
            self.walk(inner);
        }
        for entry in value.entries() {
            if IMAGE_KEYS.contains(&entry.key.as_str()) {
                self.image(&entry.value);
            } else {
                self.walk(&entry.value);
            }
        }
    }

    /// A value that stands where an image is meant.
    fn image(&mut self, value: &Value) {
        match function(value) {
            Some(("Ref", argument)) => argument.text().into_iter().for_each(|name| self.parameter(name)),
            Some(("FindInMap", argument)) => self.mapping(argument),
            Some(("If", argument)) => argument.items().iter().skip(1).for_each(|arm| self.image(arm)),
            Some(("Sub", argument)) => self.substituted(argument),
            Some(_) => {}
            None => {
                let hit = value.text().and_then(|text| reference::hit(value.at, Form::CloudFormation, text));
                hit.into_iter().for_each(|hit| drop(self.hits.insert(value.at, hit)));
            }
        }
    }

    fn substituted(&mut self, argument: &Value) {
        let text = argument.as_list().first().and_then(|first| first.text()).unwrap_or_default();
        match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => self.parameter(name),
            None => {
                let hit = reference::hit(argument.at, Form::CloudFormation, text);
                hit.into_iter().for_each(|hit| drop(self.hits.insert(argument.at, hit)));
            }
        }
    }

    /// All ids of a mapping: which of them is taken, the region says.
    fn mapping(&mut self, argument: &Value) {
        let name = argument.items().first().and_then(Value::text).unwrap_or_default();
        let mappings = self.root.get("Mappings").map(Value::entries).unwrap_or_default();
        let Some(entry) = mappings.iter().find(|entry| entry.key == name) else { return };
        let mut ids = Vec::new();
        image_ids(&entry.value, &mut ids);
        if !ids.is_empty() {
            self.hits.insert(entry.at, reference::fixed(entry.at, Form::CloudFormation, ids));
        }
    }
}

fn by_caller(at: usize, name: &str) -> Hit {
    let reason = format!("Who starts the stack chooses the image: `{name}` may be any id.");
    Hit::new(at, Form::CloudFormation, Search::default(), Judgement::unknown(name, reason))
}

/// A function of CloudFormation, short (`!Ref x`) or long (`{Ref: x}`).
fn function(value: &Value) -> Option<(&str, &Value)> {
    match &value.kind {
        Kind::Tagged(name, argument) => Some((name, argument)),
        Kind::Map(entries) => match entries.as_slice() {
            [only] if only.key == "Ref" || only.key.starts_with("Fn::") => {
                Some((only.key.trim_start_matches("Fn::"), &only.value))
            }
            _ => None,
        },
        _ => None,
    }
}

fn image_ids(value: &Value, ids: &mut Vec<String>) {
    value.items().iter().for_each(|item| image_ids(item, ids));
    value.entries().iter().for_each(|entry| image_ids(&entry.value, ids));
    ids.extend(value.text().filter(|text| reference::is_image_id(text)).map(str::to_owned));
}

/// Code of functions that stands in the template.
fn code(source: &Source<'_>, value: &Value, options: &Options, scan: &mut Scan) {
    value.items().iter().for_each(|item| code(source, item, options, scan));
    let runtime = value.get("Runtime").and_then(Value::text).unwrap_or_default();
    let inline = value.get("InlineCode").or_else(|| value.path(&["Code", "ZipFile"]));
    let text = inline.and_then(|inline| inline_text(inline).map(|text| (inline.at, text)));
    if let Some((at, text)) = text {
        let language = if runtime.starts_with("node") { Language::JavaScript } else { Language::Python };
        let (line, _) = source.line_and_column(at);
        // The text of a block begins on the line below its `|`; in JSON all of it stands on one.
        let rest = source.text.get(at..).unwrap_or_default();
        let begins_below = rest.starts_with(['|', '>']);
        let lines_before = if begins_below { line } else { line.saturating_sub(1) };
        let inner = Source { path: source.path, text, lines_before, indent: 0, is_whole: false };
        dispatch::source(&inner, language, options, scan);
    }
    value.entries().iter().for_each(|entry| code(source, &entry.value, options, scan));
}

/// The code: a text, or `!Sub` of one.
fn inline_text(value: &Value) -> Option<&str> {
    match function(value) {
        Some(("Sub", argument)) => argument.as_list().first().and_then(|first| first.text()),
        Some(_) => None,
        None => value.text(),
    }
}
