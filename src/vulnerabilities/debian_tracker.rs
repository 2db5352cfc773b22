//! Debian's security tracker as JSON: source packages, their vulnerabilities, and of each release how it stands.
//! Source: `https://security-tracker.debian.org/tracker/data/json`, and the tracker's documentation of its states.
//!
//! The file has 65 MB and is one object, so it is read field by field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::BufReader;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::collector::Collector;
use super::container::Document;
use super::ecosystem::OsvEcosystem;
use super::statement::{Claim, Rating, Statement, Status, Subject};
use super::text::{cves, first_line};

#[derive(Deserialize)]
struct Vulnerability {
    description: Option<String>,
    #[serde(default)]
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    status: String,
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: String,
    nodsa: Option<IgnoredAny>,
}

/// Reads all of it.
pub(super) fn read(document: Document<'_>, collector: &mut Collector<'_>) {
    let mut reader =
        serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, document.content));
    let read = reader.deserialize_map(Sources(collector));
    if let Err(error) = read.and_then(|()| reader.end()) {
        collector.bad(format!("{}: {error}", document.name));
    }
}

struct Sources<'s, 'c>(&'s mut Collector<'c>);

impl<'de> Visitor<'de> for Sources<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("source packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(source) = map.next_key::<Cow<'de, str>>()? {
            let is_wanted = self.0.judge.wanted.has(OsvEcosystem::Debian, &source);
            map.next_value_seed(Source { name: &source, is_wanted, collector: self.0 })?;
        }
        Ok(())
    }
}

struct Source<'s, 'c> {
    name: &'s str,
    is_wanted: bool,
    collector: &'s mut Collector<'c>,
}

impl<'de> DeserializeSeed<'de> for Source<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Source<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("vulnerabilities")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(id) = map.next_key::<String>()? {
            self.collector.record(&[OsvEcosystem::Debian], "");
            if self.is_wanted {
                let vulnerability: Vulnerability = map.next_value()?;
                self.collector.take(statement(self.name, id, vulnerability));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn statement(source: &str, id: String, vulnerability: Vulnerability) -> Statement {
    let claims =
        vulnerability.releases.into_iter().filter_map(|(name, release)| claim(source, name, &release));
    Statement {
        cves: cves(std::iter::once(id.as_str())),
        references: vec![format!("https://security-tracker.debian.org/tracker/{id}")],
        advisory: id,
        claims: claims.collect(),
        summary: first_line(&vulnerability.description.unwrap_or_default()),
        ..Statement::default()
    }
}

fn claim(source: &str, name: String, release: &Release) -> Option<Claim> {
    let mut claim = Claim::new(Subject::new(OsvEcosystem::Debian, name, source));
    claim = match (release.status.as_str(), release.fixed_version.as_deref()) {
        // It never was affected.
        (_, Some("0")) => return None,
        (_, Some(fixed)) => claim.before(fixed),
        ("resolved", None) => return None,
        _ => claim.unfixed(),
    };
    claim.status = match (release.urgency.as_str(), release.status.as_str()) {
        ("unimportant", _) => Status::Unimportant,
        ("end-of-life", _) => Status::EndOfLife,
        (_, "undetermined") => Status::UnderInvestigation,
        _ if release.nodsa.is_some() => Status::Minor,
        _ => Status::Affected,
    };
    // The tracker puts stars behind what it guesses.
    let word = release.urgency.trim_end_matches('*').to_owned();
    claim.ratings.push(Rating::Word(word));
    Some(claim)
}
