//! The arguments of a lookup as a search. All APIs have the same parts, in the spelling of their language.

use super::judge::{Judgement, Verdict, judge};
use super::search::{Constant, Filter, Search};
use super::value::{Kind, Value, readings};
use crate::sourcing::publishers::Publishers;

/// The searches that `arguments` stand for: one for each reading of its conditions.
pub(super) fn searches(arguments: &Value) -> Vec<Search> {
    readings(arguments).iter().map(search).collect()
}

/// The worst of several searches, as any of them may be made.
pub(super) fn worst(searches: Vec<Search>, publishers: &Publishers) -> (Search, Judgement) {
    let judged = searches.into_iter().map(|search| {
        let judgement = judge(&search, publishers);
        (search, judgement)
    });
    let worst = judged.min_by_key(|(_, judgement)| order(judgement.verdict));
    worst.unwrap_or_else(|| (Search::default(), judge(&Search::default(), publishers)))
}

/// A known fault before an unknown one.
fn order(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Unsafe => 0,
        Verdict::Weak => 1,
        Verdict::Unknown => 2,
        Verdict::Pinned => 3,
        Verdict::Info => 4,
        Verdict::Safe => 5,
    }
}

/// `MostRecent`, `most_recent`, `withMostRecent` as one word.
pub(super) fn plain_key(key: &str) -> String {
    let key: String =
        key.chars().filter(|c| !matches!(c, '_' | '-' | '.')).collect::<String>().to_ascii_lowercase();
    ["with", "set"].iter().find_map(|verb| key.strip_prefix(verb)).unwrap_or(&key).to_owned()
}

fn search(arguments: &Value) -> Search {
    let mut search = Search::default();
    match &arguments.kind {
        Kind::Unknown(name) => search.other_parts = Some(name.clone()),
        _ => arguments.entries().iter().for_each(|entry| part(&mut search, &entry.key, &entry.value)),
    }
    search
}

/// A key that stands for a map of which nothing is known: `**kw`, `...props`.
pub(super) const SPREAD: &str = "...";

fn part(search: &mut Search, key: &str, value: &Value) {
    match plain_key(key).as_str() {
        "owners" | "owner" | "ownerids" => search.owners = texts(value),
        "imageids" | "imageid" => search.image_ids = texts(value),
        "executableusers" | "executableby" => search.executable_users = texts(value),
        "filters" | "filter" | "imagefilters" => filters(search, value),
        "nameregex" => search.name_regex = text(value),
        "mostrecent" => search.newest = flag(value),
        "" if key == SPREAD => search.other_parts = variable(value),
        _ => {}
    }
}

fn variable(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Unknown(name) | Kind::Partial { variable: name, .. } => Some(name.clone()),
        Kind::Tagged(_, inner) => inner.text().map(str::to_owned),
        _ => None,
    }
}

fn flag(value: &Value) -> Constant<bool> {
    match value.flag() {
        Some(flag) => Constant::Known(flag),
        None => variable(value).map_or(Constant::Absent, Constant::Unknown),
    }
}

fn text(value: &Value) -> Constant<String> {
    match &value.kind {
        Kind::Text(text) => Constant::Known(text.clone()),
        Kind::Partial { pattern, .. } => Constant::Known(pattern.clone()),
        _ => variable(value).map_or(Constant::Absent, Constant::Unknown),
    }
}

/// Texts of which every one must be known: owners, ids. What is not understood may be an owner.
fn texts(value: &Value) -> Constant<Vec<String>> {
    let mut known = Vec::new();
    for item in value.as_list() {
        match &item.kind {
            Kind::Text(text) => known.extend(text.split(',').map(|part| part.trim().to_owned())),
            Kind::Null => {}
            // A list in a list: `Owners=[OWNERS]`.
            Kind::List(_) => match texts(item) {
                Constant::Known(more) => known.extend(more),
                Constant::Absent => {}
                unknown @ Constant::Unknown(_) => return unknown,
            },
            _ => return Constant::Unknown(variable(item).unwrap_or_else(|| "an expression".to_owned())),
        }
    }
    known.retain(|text| !text.is_empty());
    if known.is_empty() { Constant::Absent } else { Constant::Known(known) }
}

/// The values of a filter: patterns, of which a part may be unknown.
fn patterns(value: &Value) -> Constant<Vec<String>> {
    let mut known = Vec::new();
    for item in value.as_list() {
        match &item.kind {
            Kind::Text(text) => known.push(text.clone()),
            Kind::Flag(flag) => known.push(flag.to_string()),
            Kind::Partial { pattern, .. } => known.push(pattern.clone()),
            Kind::List(_) => match patterns(item) {
                Constant::Known(more) => known.extend(more),
                Constant::Absent => {}
                unknown @ Constant::Unknown(_) => return unknown,
            },
            _ => {
                if let Some(name) = variable(item) {
                    return Constant::Unknown(name);
                }
            }
        }
    }
    if known.is_empty() { Constant::Absent } else { Constant::Known(known) }
}

fn filters(search: &mut Search, value: &Value) {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| filters(search, item)),
        Kind::Map(_) if has_name_and_values(value) => search.filters.push(filter(value)),
        Kind::Map(entries) => {
            for entry in entries {
                if entry.key == SPREAD {
                    search.other_filters = variable(&entry.value);
                } else if !entry.value.is_null() {
                    let name = Constant::Known(entry.key.replace('_', "-"));
                    search.filters.push(Filter { name, values: patterns(&entry.value) });
                }
            }
        }
        Kind::Null => {}
        _ => search.other_filters = Some(variable(value).unwrap_or_else(|| "an expression".to_owned())),
    }
}

/// Whether this is one filter, `{Name, Values}`, and not a map of filters by their names, `{name: …}`.
fn has_name_and_values(value: &Value) -> bool {
    let has = |wanted: &str| value.entries().iter().any(|entry| plain_key(&entry.key) == wanted);
    has("name")
        && (has("values") || has("value") || value.entries().len() == 1 && value.get("Name").is_some())
}

fn filter(value: &Value) -> Filter {
    let mut filter = Filter::default();
    for entry in value.entries() {
        match plain_key(&entry.key).as_str() {
            "name" => filter.name = text(&entry.value),
            "values" | "value" => filter.values = patterns(&entry.value),
            _ => {}
        }
    }
    filter
}
