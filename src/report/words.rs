//! What shows a finding, in words: the same in every format for people.

use std::fmt::Write as _;

use super::Options;
use crate::date::rfc3339;
use crate::finding::{BaselineState, Confidence, Disposition, Finding, Presence, Secret};
use crate::packages::inventory::Boot;
use assay_disk::text::Escaped;

/// Text of the image as it may be shown.
pub(super) fn shown(text: &str) -> String {
    Escaped(text.as_bytes()).to_string()
}

/// Evidence and facts, each a few words. Secrets are redacted, or left out where [`values`] shows them.
pub(super) fn details(finding: &Finding, options: &Options) -> Vec<String> {
    let evidence = &finding.evidence;
    let mut details = Vec::new();
    details.extend(presence(finding.presence));
    details.extend(finding.subject.as_deref().map(shown));
    if !options.secrets {
        details.extend(evidence.secrets.iter().map(Secret::redacted));
    }
    details.extend(evidence.facts.iter().map(|(name, value)| format!("{name} {}", shown(value))));
    details.extend(evidence.key_fingerprint.as_deref().map(shown));
    let ending = if finding.as_packaged { ", as its database has it" } else { "" };
    details
        .extend(finding.package.as_deref().map(|package| format!("of package {}{ending}", shown(package))));
    details.extend(finding.proof.map(|proof| proof.name().to_owned()));
    if finding.confidence < Confidence::High {
        details.push(format!("{} confidence", finding.confidence.name()));
    }
    details.extend(disposition(&finding.disposition));
    if options.verbose {
        details.extend(finding.disposition.fails.iter().map(|rule| format!("fails by {}", shown(rule))));
    }
    details
}

/// That a file is gone, or has changed since, and how sure that is.
fn presence(presence: Presence) -> Option<String> {
    let grade = presence.grade()?.name();
    let at = presence.deleted_at().and_then(|time| rfc3339(time.seconds));
    Some(match (presence, at) {
        (Presence::Deleted { .. }, Some(at)) => format!("deleted {at}, {grade}"),
        (Presence::Deleted { .. }, None) => format!("deleted, {grade}"),
        (Presence::Present | Presence::Changed { .. }, _) => format!("earlier content, {grade}"),
    })
}

/// What a policy and a baseline say of one finding, each a few words.
pub(super) fn disposition(disposition: &Disposition) -> Vec<String> {
    let shown = |text: &str| Escaped(text.as_bytes()).to_string();
    let mut words = Vec::new();
    match &disposition.baseline {
        Some(BaselineState::New) => words.push("NEW".to_owned()),
        Some(BaselineState::Since(day)) => words.push(format!("known since {day}")),
        None => {}
    }
    if let Some(allowed) = &disposition.allowed {
        let mut text = String::new();
        if !allowed.owner.is_empty() {
            let _ = write!(text, "allowed by {}", shown(&allowed.owner));
        }
        if let Some(day) = &allowed.expires {
            let _ = write!(text, " until {day}");
        }
        if !allowed.reason.is_empty() {
            let _ = write!(text, ": {}", shown(&allowed.reason));
        }
        let text = text.trim_start_matches([' ', ':']).to_owned();
        words.extend((!text.is_empty()).then_some(text));
    }
    words
}

/// The secrets themselves, escaped, where the user asked for them; else nothing.
pub(super) fn values(finding: &Finding, options: &Options) -> Vec<String> {
    let secrets = finding.evidence.secrets.iter().filter(|_| options.secrets);
    secrets.map(|secret| Escaped(secret.reveal()).to_string()).collect()
}

/// At most `most` characters of `text`, with a mark where it was cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Whether a kernel boots, in words.
pub(super) const fn boots(boots: Boot) -> &'static str {
    match boots {
        Boot::Default => "boots by default",
        Boot::Installed => "installed, does not boot by default",
        Boot::Unknown => "installed, not known whether it boots",
    }
}
