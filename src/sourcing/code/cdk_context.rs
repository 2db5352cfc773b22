//! `cdk.context.json`: what CDK looked up, with the account, the region and the image that it found.
//!
//! A key is `ami:account=A:filters.name.0=N:…:owners.0=O:region=R`. Colons in values are written `$:`, a dollar `$$`.

use super::Options;
use super::hit::{Form, Hit};
use super::judge::judge;
use super::reference;
use super::search::{Constant, Filter, Search};
use super::value::{Entry, Value};

/// The lookups of the context, as a file or as `context` in `cdk.json`.
pub(super) fn hits(root: &Value, options: &Options) -> Vec<Hit> {
    let inner = root.get("context").map(Value::entries).unwrap_or_default();
    root.entries().iter().chain(inner).filter_map(|entry| hit(entry, options)).collect()
}

/// How keys of images begin.
pub(super) const PREFIX: &str = "ami:account=";

fn hit(entry: &Entry, options: &Options) -> Option<Hit> {
    if !entry.key.starts_with(PREFIX) {
        return None;
    }
    let (mut account, mut region) = (None, None);
    let mut search = Search { newest: Constant::Known(true), ..Search::default() };
    let mut filters: Vec<(String, Vec<String>)> = Vec::new();
    let mut owners = Vec::new();
    for part in parts(&entry.key) {
        let Some((key, value)) = part.split_once('=') else { continue };
        match key {
            "account" => account = Some(value.to_owned()),
            "region" => region = Some(value.to_owned()),
            _ if key.starts_with("owners.") => owners.push(value.to_owned()),
            _ => {
                if let Some(name) = key.strip_prefix("filters.").and_then(|rest| rest.rsplit_once('.')) {
                    add(&mut filters, name.0, value);
                }
            }
        }
    }
    if !owners.is_empty() {
        search.owners = Constant::Known(owners);
    }
    let known = |(name, values)| Filter { name: Constant::Known(name), values: Constant::Known(values) };
    search.filters = filters.into_iter().map(known).collect();
    let judgement = judge(&search, &options.publishers);
    let image_ids = entry.value.text().filter(|id| reference::is_image_id(id)).map(str::to_owned);
    let image_ids = image_ids.into_iter().collect();
    Some(Hit { account, region, image_ids, ..Hit::new(entry.at, Form::CdkContext, search, judgement) })
}

fn add(filters: &mut Vec<(String, Vec<String>)>, name: &str, value: &str) {
    match filters.iter_mut().find(|(known, _)| known == name) {
        Some((_, values)) => values.push(value.to_owned()),
        None => filters.push((name.to_owned(), vec![value.to_owned()])),
    }
}

/// The parts of a key between its colons.
fn parts(key: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = key.chars();
    while let Some(letter) = letters.next() {
        let written = if letter == '$' { letters.next() } else { Some(letter) };
        match (letter, written) {
            (':', _) => parts.push(String::new()),
            (_, Some(written)) => parts.iter_mut().last().into_iter().for_each(|part| part.push(written)),
            (_, None) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_in_values_are_part_of_them() {
        assert_eq!(
            parts("ami:account=1:filters.tag$:Name.0=a$$b"),
            ["ami", "account=1", "filters.tag:Name.0=a$b"]
        );
    }
}
