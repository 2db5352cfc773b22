//! Records of OSV. Source: OSV schema 1.7.5.
//!
//! Most records are about nothing that is installed. So a record is read twice: its outline always, which is checked and
//! counted; all of it only where a name is asked for. Both borrow from the text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bounded::{self, bounded};
use super::ecosystem::OsvEcosystem;
use super::judge::is_module_build;
use super::statement::{Claim, Event, Range, Rating, Statement, Status, Subject};
use super::text::{cves, first_line, push_new, streams};
use super::wanted::Wanted;

/// Events of a range: real ones have some dozen.
const EVENTS: usize = 10_000;
/// Versions of a package, one by one: npm has packages with thousands.
const VERSIONS: usize = 100_000;
/// Packages of a record: an erratum of Red Hat has thousands.
const AFFECTED: usize = 100_000;
/// Everything else that comes in lists.
const LIST: usize = 20_000;

#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    modified: Cow<'a, str>,
    withdrawn: Option<IgnoredAny>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, AFFECTED>")]
    affected: Vec<OutlineAffected<'a>>,
}

#[derive(Deserialize)]
struct OutlineAffected<'a> {
    #[serde(borrow)]
    package: Option<Package<'a>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    aliases: Vec<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    upstream: Vec<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    related: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow)]
    details: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    severity: Vec<Severity<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, AFFECTED>")]
    affected: Vec<Affected<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    references: Vec<Reference<'a>>,
    #[serde(borrow)]
    database_specific: Option<DatabaseSpecific<'a>>,
}

#[derive(Deserialize)]
struct Severity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    score: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
struct DatabaseSpecific<'a> {
    #[serde(borrow, default, deserialize_with = "bounded::word")]
    severity: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    #[serde(borrow)]
    package: Option<Package<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    severity: Vec<Severity<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    ranges: Vec<RawRange<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, VERSIONS>")]
    versions: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    ecosystem_specific: Option<EcosystemSpecific<'a>>,
}

#[derive(Deserialize)]
struct RawRange<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, EVENTS>")]
    events: Vec<RawEvent<'a>>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    introduced: Option<Cow<'a, str>>,
    #[serde(borrow)]
    fixed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    last_affected: Option<Cow<'a, str>>,
    #[serde(borrow)]
    limit: Option<Cow<'a, str>>,
}

/// What ecosystems add: Go's symbols, the binaries of Ubuntu and SUSE, Debian's urgency.
#[derive(Deserialize)]
struct EcosystemSpecific<'a> {
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    imports: Vec<Import<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    binaries: Vec<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default, deserialize_with = "bounded::word")]
    urgency: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Import<'a> {
    #[serde(borrow, default)]
    path: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    symbols: Vec<Cow<'a, str>>,
}

/// What a record is about, whether or not anything of it is installed.
pub(super) struct Read {
    /// The ecosystems, each once.
    pub ecosystems: Vec<OsvEcosystem>,
    /// Names of ecosystems that are not known.
    pub unknown: Vec<String>,
    /// Day or moment of its last change.
    pub modified: String,
    /// What it says of packages that are asked for; `None` where it says nothing of them.
    pub statement: Option<Statement>,
}

/// Reads a record.
pub(super) fn read(json: &[u8], wanted: &Wanted) -> Result<Read, serde_json::Error> {
    let outline: Outline<'_> = serde_json::from_slice(json)?;
    let mut read = Read {
        ecosystems: Vec::new(),
        unknown: Vec::new(),
        modified: outline.modified.clone().into_owned(),
        statement: None,
    };
    let mut is_wanted = false;
    for package in outline.affected.iter().filter_map(|affected| affected.package.as_ref()) {
        match OsvEcosystem::parse(&package.ecosystem) {
            Some((ecosystem, _)) => {
                push_new(&mut read.ecosystems, ecosystem);
                is_wanted = is_wanted || wanted.has(ecosystem, &package.name);
            }
            None => {
                let name = package.ecosystem.split(':').next().unwrap_or_default();
                if !read.unknown.iter().any(|known| known == name) {
                    read.unknown.push(name.to_owned());
                }
            }
        }
    }
    let is_withdrawn = outline.withdrawn.is_some();
    if is_wanted && !is_withdrawn {
        let record: Record<'_> = serde_json::from_slice(json)?;
        read.statement = Some(statement(&outline, record, wanted)).filter(|one| !is_plain_update(one));
    } else if is_wanted || is_withdrawn {
        read.statement = Some(Statement {
            advisory: outline.id.into_owned(),
            modified: outline.modified.into_owned(),
            is_withdrawn,
            ..Statement::default()
        });
    }
    Ok(read)
}

/// Distributions publish all their updates as advisories; what mends no flaw is an update as any other.
fn is_plain_update(statement: &Statement) -> bool {
    const UPDATES: [&str; 6] = ["ALBA-", "ALEA-", "RLBA-", "RLEA-", "RHBA-", "RHEA-"];
    statement.cves.is_empty() && UPDATES.iter().any(|prefix| statement.advisory.starts_with(prefix))
}

fn statement(outline: &Outline<'_>, record: Record<'_>, wanted: &Wanted) -> Statement {
    let summary = record.summary.as_deref().or(record.details.as_deref()).unwrap_or_default();
    let modules = streams(summary);
    let claims: Vec<Claim> =
        record.affected.into_iter().filter_map(|affected| claim(affected, &modules, wanted)).collect();
    let is_of_distribution = claims.iter().any(|claim| claim.subject.ecosystem.is_of_a_distribution());
    let related = record.related.iter().filter(|_| is_of_distribution);
    let names = || record.upstream.iter().chain(&record.aliases).chain(related.clone()).map(AsRef::as_ref);
    let mut ratings = ratings(record.severity);
    ratings.extend(word(&outline.id, summary, record.database_specific));
    Statement {
        advisory: outline.id.clone().into_owned(),
        cves: cves(std::iter::once(outline.id.as_ref()).chain(names())),
        aliases: record
            .aliases
            .iter()
            .filter(|name| !name.starts_with("CVE-"))
            .map(|name| name.clone().into_owned())
            .collect(),
        claims,
        ratings,
        summary: first_line(summary),
        modified: outline.modified.clone().into_owned(),
        references: super::text::references(record.references.into_iter().map(|one| one.url)),
        is_withdrawn: false,
    }
}

/// The publisher's own word: GitHub's in a field, that of errata before the colon of their titles.
fn word(id: &str, summary: &str, specific: Option<DatabaseSpecific<'_>>) -> Option<Rating> {
    const ERRATA: [&str; 7] = ["ALSA-", "RLSA-", "RXSA-", "RHSA-", "ELSA-", "ALBA-", "RHBA-"];
    let in_title = || ERRATA.iter().any(|prefix| id.starts_with(prefix)).then(|| summary.split_once(": "))?;
    let said = specific.and_then(|specific| specific.severity).map(Cow::into_owned);
    said.or_else(|| in_title().map(|(word, _)| word.to_owned())).map(Rating::Word)
}

fn ratings(severity: Vec<Severity<'_>>) -> Vec<Rating> {
    let rating = |one: Severity<'_>| {
        if one.kind.starts_with("CVSS") {
            Rating::Cvss(one.score.into_owned())
        } else {
            Rating::Word(one.score.into_owned())
        }
    };
    severity.into_iter().map(rating).collect()
}

fn claim(affected: Affected<'_>, modules: &[String], wanted: &Wanted) -> Option<Claim> {
    let package = affected.package?;
    let (ecosystem, release) = OsvEcosystem::parse(&package.ecosystem)?;
    if !wanted.has(ecosystem, &package.name) {
        return None;
    }
    let mut claim = Claim::new(Subject::new(ecosystem, release, package.name));
    // A range of commits is about sources; the ranges beside it are about packages.
    let ranges = affected.ranges.into_iter().filter(|range| range.kind != "GIT");
    claim.ranges =
        ranges.map(|range| Range { events: range.events.into_iter().filter_map(event).collect() }).collect();
    claim.versions = affected.versions.into_iter().map(Cow::into_owned).collect();
    claim.ratings = ratings(affected.severity);
    let is_module = |event: &Event| matches!(event, Event::Fixed(version) if is_module_build(version));
    if claim.ranges.iter().flat_map(|range| &range.events).any(is_module) {
        claim.subject.modules = modules.to_vec();
    }
    if let Some(specific) = affected.ecosystem_specific {
        claim.specific(specific);
    }
    Some(claim)
}

/// An event has one of the four.
fn event(raw: RawEvent<'_>) -> Option<Event> {
    let text = Cow::into_owned;
    raw.introduced
        .map(|version| Event::Introduced(text(version)))
        .or_else(|| raw.fixed.map(|version| Event::Fixed(text(version))))
        .or_else(|| raw.last_affected.map(|version| Event::LastAffected(text(version))))
        .or_else(|| raw.limit.map(|version| Event::Limit(text(version))))
}

impl Claim {
    fn specific(&mut self, specific: EcosystemSpecific<'_>) {
        self.symbols = specific
            .imports
            .into_iter()
            .map(|import| {
                (import.path.into_owned(), import.symbols.into_iter().map(Cow::into_owned).collect())
            })
            .collect();
        for binary in specific.binaries {
            match binary.get("binary_name") {
                Some(name) => self.binaries.push(name.clone().into_owned()),
                None => self.binaries.extend(binary.into_keys().map(Cow::into_owned)),
            }
        }
        match specific.urgency.as_deref() {
            Some("unimportant") => self.status = Status::Unimportant,
            Some("end-of-life") => self.status = Status::EndOfLife,
            Some("not yet assigned" | "") | None => {}
            Some(word) => self.ratings.push(Rating::Word(word.to_owned())),
        }
    }
}
