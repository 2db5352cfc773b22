//! `aws ec2 describe-images`, wherever a shell runs it: scripts, Makefiles, pipelines, Dockerfiles, Markdown.
//!
//! The text is not parsed as a script, as it may lie in any file: the words around the command are read.

mod variables;
mod words;

use super::arguments::{SPREAD, searches};
use super::hit::{Fix, Form, Hit, Source};
use super::judge::{Judgement, Verdict};
use super::search::{Constant, Search};
use super::value::{Kind, Value};
use super::{Options, Scan, json, reference};
use variables::Variables;
use words::{Command, value};

/// Looks at the commands of a text.
pub(super) fn look(source: &Source<'_>, options: &Options, scan: &mut Scan) {
    let variables = Variables::of(source.text);
    for at in places(source.text, "describe-images") {
        if let Some(call) =
            Call::at(source.text, at, "describe-images", &variables).filter(|call| call.service == "ec2")
        {
            describe_images(&call, options).report(source, options, scan);
        }
    }
    for at in places(source.text, "get-parameter") {
        if let Some(call) =
            Call::at(source.text, at, "get-parameter", &variables).filter(|call| call.service == "ssm")
        {
            parameters(&call).into_iter().for_each(|hit| hit.report(source, options, scan));
        }
    }
}

fn places(text: &str, word: &str) -> Vec<usize> {
    memchr::memmem::find_iter(text.as_bytes(), word).filter(|&at| !is_comment(text, at)).collect()
}

/// Whether the line is one that a shell does not run.
fn is_comment(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default().trim_start();
    before.starts_with('#') || before.starts_with("//")
}

/// Services of which some have a command of the same name.
const SERVICES: &[&str] =
    &["ec2", "ssm", "ecr", "ecr-public", "appstream", "sagemaker", "lightsail", "imagebuilder"];

/// Words between the service and the command, at most: options and their values.
const WORDS_BETWEEN: usize = 12;

/// A command of `aws`.
struct Call<'a> {
    at: usize,
    service: &'a str,
    /// Whether its output is caught: `$(…)`.
    is_caught: bool,
    command: Command,
}

impl<'a> Call<'a> {
    fn at(text: &'a str, at: usize, name: &str, variables: &Variables) -> Option<Self> {
        let before = text.get(..at)?;
        let (service, start) = service(before)?;
        let rest = at + name.len();
        // `describe-images-x` is another word; `get-parameters` is the same for us.
        let after = text.get(rest..)?.strip_prefix('s').map_or(rest, |_| rest + 1);
        if text.get(after..)?.starts_with(|c: char| c.is_alphanumeric() || "-_.(/".contains(c)) {
            return None;
        }
        let command = words::command(text, after, variables);
        let program =
            before.get(..start).unwrap_or_default().split_whitespace().next_back().unwrap_or_default();
        let is_caught = program.contains("$(") || program.contains('`') || program.contains("(aws");
        Some(Self { at, service, is_caught, command })
    }
}

/// The service before a command, and where its word begins.
fn service(before: &str) -> Option<(&str, usize)> {
    let mut end = before.len();
    for _ in 0..WORDS_BETWEEN {
        let head = before.get(..end)?.trim_end_matches(|c: char| c.is_whitespace() || c == '\\');
        let gap = before.get(head.len()..end)?;
        if gap.contains('\n') && !gap.contains('\\') {
            return None;
        }
        let start = head.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = head.get(start..)?.trim_matches(['"', '\'', ',', '[', '`', '(', ' ']);
        if let Some(service) = SERVICES.iter().find(|known| **known == word) {
            return Some((service, start));
        }
        end = start;
    }
    None
}

fn describe_images(call: &Call<'_>, options: &Options) -> Hit {
    let mut arguments = Value::new(call.at, Kind::Map(Vec::new()));
    let mut query = None;
    for (name, words) in call.command.options() {
        let list =
            || Value::new(call.at, Kind::List(words.iter().map(|word| value(call.at, word)).collect()));
        match name.as_str() {
            _ if is_option(&name, "owners", 2) => arguments.set("Owners", list()),
            _ if is_option(&name, "image-ids", 3) => arguments.set("ImageIds", list()),
            _ if is_option(&name, "executable-users", 1) => arguments.set("ExecutableUsers", list()),
            _ if is_option(&name, "filters", 1) => {
                arguments.set(
                    "Filters",
                    Value::new(call.at, Kind::List(words.iter().map(|word| filter(call.at, word)).collect())),
                );
            }
            _ if is_option(&name, "query", 1) => query = Some(words.join(" ")),
            "cli-input-json" | "cli-input-yaml" => {
                arguments.set(SPREAD, Value::new(call.at, Kind::Unknown(words.join(" "))));
            }
            "" => {
                if let Some(unknown) = words.iter().find_map(|word| words::variable(word)) {
                    arguments.set(SPREAD, Value::new(call.at, Kind::Unknown(unknown)));
                }
            }
            _ => {}
        }
    }
    let tail = &call.command.tail;
    let chosen = [query.as_deref().unwrap_or_default(), tail].concat();
    if compares_owner(&chosen) {
        let reason = "The owner of what is found is compared afterwards.";
        return Hit::new(
            call.at,
            Form::AwsCli,
            searches(&arguments).swap_remove(0),
            Judgement::new(Verdict::Safe, reason),
        );
    }
    if arguments.get("Filters").is_none() {
        chosen_by(&chosen).into_iter().for_each(|name| arguments.set("Filters", by_name(call.at, name)));
    }
    let more = |search: &mut Search| {
        search.newest = Constant::Known(takes_newest(query.as_deref(), tail));
        search.is_used = Constant::Known(is_used(query.as_deref(), tail, call.is_caught));
    };
    let mut hit = Hit::of(call.at, Form::AwsCli, &arguments, &options.publishers, more);
    hit.fix = hit.owner_to_name(&options.publishers).map(|owner| {
        let end = call.at + "describe-images".len();
        Fix { start: end, end, text: format!(" --owners {owner}") }
    });
    hit
}

/// Whether what is done with the answer asks whose the image is. To drop those with an alias keeps only strangers'.
fn compares_owner(chosen: &str) -> bool {
    let text: String =
        chosen.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`' | '\\')).collect();
    ["OwnerId==", "ImageOwnerAlias==amazon", "ImageOwnerAlias==self"].iter().any(|test| text.contains(test))
}

/// By what a query chooses among all images: `Images[?Name==…]`, `select(.Name | test(…))`.
fn chosen_by(chosen: &str) -> Option<&'static str> {
    let asks = chosen.contains("[?") || chosen.contains("select(");
    [("Description", "description"), ("Name", "name")]
        .iter()
        .find(|(key, _)| asks && chosen.contains(key))
        .map(|(_, name)| *name)
}

fn by_name(at: usize, name: &str) -> Value {
    let mut filter = Value::new(at, Kind::Map(Vec::new()));
    filter.set("Name", Value::new(at, Kind::Text(name.to_owned())));
    filter.set("Values", Value::new(at, Kind::Text("*".to_owned())));
    Value::new(at, Kind::List(vec![filter]))
}

/// The command takes options by any beginning that is unambiguous.
fn is_option(given: &str, name: &str, least: usize) -> bool {
    given.len() >= least && name.starts_with(given)
}

fn takes_newest(query: Option<&str>, tail: &str) -> bool {
    let texts = [query.unwrap_or_default(), tail];
    texts
        .iter()
        .any(|text| ["sort", "reverse", "max_by", "last", "tail"].iter().any(|word| text.contains(word)))
}

fn is_used(query: Option<&str>, tail: &str, is_caught: bool) -> bool {
    match query {
        Some(query) if query.contains("ImageId") || query.contains(words::UNKNOWN) => true,
        // Whole images.
        Some(query) => {
            query.trim_end().ends_with(']') && !query.contains("].[") && !query.starts_with("length")
        }
        None => is_caught || !tail.trim().is_empty(),
    }
}

/// `Name=name,Values=a,b`, or JSON.
fn filter(at: usize, word: &str) -> Value {
    let bare = word.trim();
    if bare.starts_with(['[', '{']) {
        return json::parse(bare).map_or_else(
            |_| Value::new(at, Kind::Unknown("the filters".to_owned())),
            |parsed| marked(&parsed),
        );
    }
    let Some((name, values)) = shorthand(bare) else {
        let name = words::variable(bare).unwrap_or_else(|| bare.to_owned());
        return Value::new(at, Kind::Unknown(name));
    };
    let mut filter = Value::new(at, Kind::Map(Vec::new()));
    filter.set("Name", value(at, name));
    let values =
        values.split(',').map(|part| value(at, part.trim_matches(['[', ']', '"', '\'', ' ']))).collect();
    filter.set("Values", Value::new(at, Kind::List(values)));
    filter
}

fn shorthand(word: &str) -> Option<(&str, &str)> {
    let lower = word.to_ascii_lowercase();
    let name = lower.find("name=")? + "name=".len();
    let values = lower.find("values=").or_else(|| lower.find("value="))?;
    let values_at = word.get(values..)?.find('=')? + values + 1;
    if values < name {
        return Some((word.get(name..)?, word.get(values_at..name - "name=".len())?.trim_end_matches(',')));
    }
    let name = word.get(name..values)?.trim_end().trim_end_matches(',');
    Some((name.trim_matches(['"', '\'', ' ']), word.get(values_at..)?))
}

/// The values of JSON on the command line, with its variables.
fn marked(parsed: &Value) -> Value {
    let kind = match &parsed.kind {
        Kind::Text(text) => return value(parsed.at, text),
        Kind::List(items) => Kind::List(items.iter().map(marked).collect()),
        Kind::Map(entries) => {
            let mut map = Value::new(parsed.at, Kind::Map(Vec::new()));
            entries.iter().for_each(|entry| map.set(&entry.key, marked(&entry.value)));
            return map;
        }
        other => other.clone(),
    };
    Value::new(parsed.at, kind)
}

fn parameters(call: &Call<'_>) -> Vec<Hit> {
    let options = call.command.options();
    let names = options.iter().filter(|(name, _)| is_option(name, "names", 2)).flat_map(|(_, words)| words);
    let images = names.filter(|name| !name.contains(words::UNKNOWN) && reference::names_an_image(name));
    images.map(|name| reference::parameter(call.at, Form::AwsCli, name)).collect()
}
