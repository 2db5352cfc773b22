//! The rules of the results.

use std::collections::BTreeMap;

use super::types::{Configuration, Descriptor, Message, RuleProperties};
use crate::finding::{Advisory, Finding, Severity};
use crate::report::markdown::escape;

/// The rules of a run, and where each is in the list.
pub(super) struct Rules<'a> {
    pub(super) descriptors: Vec<Descriptor<'a>>,
    pub(super) index: BTreeMap<&'a str, usize>,
}

/// The rules of `findings`, by id, each once.
pub(super) fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Rules<'a> {
    let by_id: BTreeMap<&str, &Advisory> =
        findings.map(|finding| (finding.advisory.id.as_str(), &*finding.advisory)).collect();
    Rules {
        index: by_id.keys().enumerate().map(|(index, id)| (*id, index)).collect(),
        descriptors: by_id.values().map(|advisory| descriptor(advisory)).collect(),
    }
}

fn descriptor(advisory: &Advisory) -> Descriptor<'_> {
    let full = if advisory.why.is_empty() { &advisory.title } else { &advisory.why };
    let help = if advisory.remedy.is_empty() { full } else { &advisory.remedy };
    let mut markdown = format!("{}\n\n**What to do:** {}\n", escape(full), escape(help));
    for reference in advisory.references.iter().filter(|reference| is_web(reference)) {
        markdown.push_str(&format!("\n- <{reference}>"));
    }
    Descriptor {
        id: &advisory.id,
        name: joined(&advisory.id),
        short_description: Message::literal(&advisory.title),
        full_description: Message::literal(full),
        help: Message { markdown: Some(markdown), ..Message::literal(help) },
        help_uri: advisory.references.iter().map(String::as_str).find(|reference| is_web(reference)),
        default_configuration: Configuration { level: level(advisory.severity) },
        properties: RuleProperties {
            security_severity: score(advisory.severity),
            tags: vec!["security", advisory.category.name()],
        },
    }
}

/// `kebab-case` as `KebabCase`, which readers want of a name.
pub(super) fn joined(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    id.split('-').map(word).collect()
}

/// Whether a reference is an address that can be put between angle brackets.
fn is_web(reference: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && !"<>\"\\^`{|}[]".contains(c);
    reference.starts_with("https://") && reference.chars().all(is_plain)
}

/// The level that stands for a severity.
pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The severity as a score like those of CVSS, within the bounds that consumers draw between their own words.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}
