//! The findings as the page shows them: by rule, with what is the same for all of a rule once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Options;
use super::super::terminal::{category_name, shown_place};
use super::super::words::disposition;
use super::remedy::{self, Advice, Texts};
use super::{calendar, escaped};
use crate::audit::Report;
use crate::finding::{Advisory, Confidence, Finding, Location, Secret, Severity};
use assay_disk::fs::Time;
use assay_disk::text::Escaped;

/// What is the same for each finding of a rule.
#[derive(Serialize)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: String,
    /// A category's name, for the filter, and its heading.
    pub(super) category: &'static str,
    pub(super) heading: &'static str,
    pub(super) why: String,
    pub(super) remedy: String,
    pub(super) references: Vec<Reference>,
}

/// Where to read on.
#[derive(Serialize)]
pub(super) struct Reference {
    pub(super) text: String,
    /// Whether it leads to a page of the web; anything else is not made a link.
    pub(super) link: bool,
}

/// A finding, all bytes of the image escaped.
#[derive(Serialize)]
pub(super) struct Shown {
    /// Its name in links.
    pub(super) id: String,
    /// Index of its rule.
    pub(super) rule: usize,
    pub(super) severity: &'static str,
    pub(super) confidence: &'static str,
    /// `/path:line`.
    pub(super) place: String,
    /// The file in the image, where a command line can name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) more: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<String>,
    pub(super) facts: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package: Option<String>,
    /// Last change of its file, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<i64>,
    /// Index of the directory that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) directory: Option<u32>,
    /// The node of the graph that it belongs to, and what it opens.
    pub(super) who: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) opens: Vec<usize>,
    /// What to do about it.
    pub(super) advice: Advice,
}

impl Shown {
    /// When its file was changed last, in words.
    pub(super) fn date(&self) -> Option<String> {
        self.time.map(calendar::date)
    }
}

/// Findings of a rule that can be read without scripts, which would else be most of a long page.
const LISTED: usize = 100;

/// A rule with its findings and their commands, for the page without scripts.
pub(super) struct Group<'a> {
    pub(super) rule: &'a Rule,
    pub(super) severity: &'static str,
    /// How many there are; the first of them are listed.
    pub(super) total: usize,
    pub(super) findings: Vec<(&'a Shown, Vec<&'a str>)>,
}

/// What the page shows of all findings.
pub(super) struct All {
    /// In the order in which they come first.
    pub(super) rules: Vec<Rule>,
    /// One for each finding.
    pub(super) shown: Vec<Shown>,
    /// Texts that findings name by their number.
    pub(super) texts: Vec<String>,
}

/// `findings`, each by the fingerprint that all formats know it by, which is its name in links.
pub(super) fn show(names: &[String], findings: &[Finding], report: &Report, options: &Options) -> All {
    let (mut rules, mut numbers, mut texts) = (Vec::new(), BTreeMap::new(), Texts::default());
    let groups = groups_of(report);
    let shown = names.iter().zip(findings).map(|(name, finding)| {
        let advisory = &finding.advisory;
        let rule = *numbers.entry(advisory.id.clone()).or_insert_with(|| {
            rules.push(rule(advisory));
            rules.len().saturating_sub(1)
        });
        let own = [finding];
        let places = finding.group.and_then(|group| groups.get(&group)).map_or(own.as_slice(), Vec::as_slice);
        let advice = remedy::advice(places, &report.machine, &mut texts);
        // A file system without times says zero.
        let times = report.times.of(&finding.location).filter(|times| times.modified != Time::default());
        let time = times.and_then(|times| calendar::seconds(times.modified));
        Shown { rule, time, advice, id: format!("f-{name}"), ..shown(finding, options) }
    });
    let shown = shown.collect();
    All { rules, shown, texts: texts.into_list() }
}

/// The findings about one secret, by its number.
fn groups_of(report: &Report) -> BTreeMap<u32, Vec<&Finding>> {
    let mut groups: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for (group, finding) in report.findings.iter().filter_map(|finding| Some((finding.group?, finding))) {
        groups.entry(group).or_default().push(finding);
    }
    groups
}

/// The findings by rule, in the order of the worst of each.
pub(super) fn groups<'a>(rules: &'a [Rule], findings: &'a [Shown], texts: &'a [String]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = rules
        .iter()
        .map(|rule| Group { rule, severity: Severity::Info.name(), total: 0, findings: Vec::new() })
        .collect();
    for finding in findings {
        let Some(group) = groups.get_mut(finding.rule) else { continue };
        if group.findings.is_empty() {
            group.severity = finding.severity;
        }
        group.total += 1;
        if group.total > LISTED {
            continue;
        }
        let commands = finding.advice.commands.iter().filter_map(|&number| texts.get(number));
        group.findings.push((finding, commands.map(String::as_str).collect()));
    }
    groups
}

fn rule(advisory: &Advisory) -> Rule {
    let reference = |text: &String| Reference {
        text: escaped(text),
        link: ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)),
    };
    Rule {
        id: escaped(&advisory.id),
        title: escaped(&advisory.title),
        category: advisory.category.name(),
        heading: category_name(advisory.category),
        why: prose(&advisory.why),
        remedy: prose(&advisory.remedy),
        references: advisory.references.iter().map(reference).collect(),
    }
}

/// Text of a rule, without control characters; its backslashes are its own.
fn prose(text: &str) -> String {
    escaped(text).replace("\\\\", "\\")
}

fn shown(finding: &Finding, options: &Options) -> Shown {
    Shown {
        id: String::new(),
        rule: 0,
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        place: shown_place(&finding.location),
        file: file(&finding.location),
        more: finding.related_locations.iter().map(shown_place).collect(),
        secrets: finding.evidence.secrets.iter().map(|secret| value(secret, options)).collect(),
        facts: facts(finding, options),
        subject: finding.subject.as_deref().map(escaped),
        package: finding.package.as_deref().map(escaped),
        time: None,
        directory: None,
        who: 0,
        opens: Vec::new(),
        advice: Advice::default(),
    }
}

/// The path of the file, if it is plain and of no archive.
fn file(location: &Location) -> Option<String> {
    let path = std::str::from_utf8(&location.path).ok()?;
    let plain = path.starts_with('/') && path.len() < 512 && !path.contains("!/");
    (plain && escaped(path) == path).then(|| path.to_owned())
}

fn value(secret: &Secret, options: &Options) -> String {
    if options.secrets { Escaped(secret.reveal()).to_string() } else { secret.redacted() }
}

/// What shows the finding, and where exactly it is.
fn facts(finding: &Finding, options: &Options) -> Vec<(&'static str, String)> {
    let evidence = &finding.evidence;
    let mut facts: Vec<(&'static str, String)> =
        evidence.facts.iter().map(|(name, value)| (name.name(), escaped(value))).collect();
    facts.extend(evidence.key_fingerprint.as_deref().map(|print| ("fingerprint", escaped(print))));
    facts.extend(finding.proof.map(|proof| ("proof", proof.name().to_owned())));
    facts.extend(disposition(&finding.disposition).into_iter().map(|words| ("standing", words)));
    facts.extend(finding.disposition.fails.iter().map(|rule| ("fails by", escaped(rule))));
    if finding.confidence < Confidence::High {
        facts.push(("confidence", finding.confidence.name().to_owned()));
    }
    if options.hashes {
        facts.extend(evidence.secrets.iter().map(|secret| ("SHA-256", secret.sha256())));
    }
    facts.extend(exact(&finding.location).map(|exact| ("where", exact)));
    facts
}

/// "partition 1 · ext4 root · inode 12 · byte 64".
fn exact(location: &Location) -> Option<String> {
    let parts = [
        location.partition.map(|number| format!("partition {number}")),
        location.volume.as_deref().map(escaped),
        location.inode.map(|inode| format!("inode {inode}")),
        location.offset.map(|offset| format!("byte {offset}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}
