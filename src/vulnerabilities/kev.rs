//! CISA's catalog of known exploited vulnerabilities, as JSON or as a table. Source: its JSON schema,
//! `known_exploited_vulnerabilities_schema.json`.

use std::borrow::Cow;

use serde::Deserialize;

use super::bounded::bounded;
use super::collector::Collector;
use super::knowledge::Knowledge;
use super::matches::Exploited;
use crate::date::Date;

mod table;

/// Entries of the catalog: it has 1,400.
const ENTRIES: usize = 200_000;

#[derive(Deserialize)]
struct Catalog<'a> {
    #[serde(borrow, rename = "dateReleased", default)]
    released: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "bounded::<_, _, ENTRIES>")]
    vulnerabilities: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, rename = "cveID")]
    cve: Cow<'a, str>,
    #[serde(borrow, default)]
    date_added: Cow<'a, str>,
    #[serde(borrow, default)]
    due_date: Cow<'a, str>,
    #[serde(borrow, default)]
    known_ransomware_campaign_use: Cow<'a, str>,
}

/// Reads the catalog, in either form.
pub(super) fn read(
    document: &[u8],
    name: &str,
    knowledge: &mut Knowledge,
    collector: &mut Collector<'_>,
) -> Result<(), serde_json::Error> {
    let text = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document).trim_ascii_start();
    if text.starts_with(b"{") {
        return of_json(text, knowledge, collector);
    }
    table::read(text, name, knowledge, collector);
    Ok(())
}

/// Whether a document begins as the table does.
pub(super) fn is_table(text: &[u8]) -> bool {
    text.strip_prefix(b"\"").unwrap_or(text).starts_with(b"cveID")
}

fn of_json(
    json: &[u8],
    knowledge: &mut Knowledge,
    collector: &mut Collector<'_>,
) -> Result<(), serde_json::Error> {
    let catalog: Catalog<'_> = serde_json::from_slice(json)?;
    collector.dated(catalog.released.get(..10).and_then(Date::parse));
    for entry in catalog.vulnerabilities {
        collector.record(&[], "");
        if knowledge.names.contains(entry.cve.as_ref()) {
            let exploited = Exploited {
                added: entry.date_added.into_owned(),
                due: entry.due_date.into_owned(),
                by_ransomware: entry.known_ransomware_campaign_use == "Known",
            };
            knowledge.exploited.insert(entry.cve.into_owned(), exploited);
        }
    }
    Ok(())
}
