//! Units of systemd, and what starts them: links of wants and requires, aliases, old init scripts.

use super::evaluate::Judged;
use super::schema::{UnitRule, UnitState};
use super::subject::Unreadable;
use super::{Evidence, Outcome, Subject};
use assay_disk::fs::FileType;

/// Where units lie, the first wins.
pub(super) const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

pub(super) fn evaluate(rule: &UnitRule, subject: &Subject<'_>) -> Judged {
    let mut seen = Vec::new();
    for name in &rule.name {
        let state = state(name, subject)?;
        if state == rule.state {
            return Ok(Outcome::of(true, Evidence::plain(format!("{name} is {}", word(state)))));
        }
        seen.push(format!("{name} is {}", word(state)));
    }
    Ok(Outcome::of(false, Evidence::plain(seen.join(", "))))
}

fn word(state: UnitState) -> &'static str {
    match state {
        UnitState::Enabled => "enabled",
        UnitState::Masked => "masked",
        UnitState::Disabled => "not started by itself",
        UnitState::Absent => "not there",
    }
}

/// What systemd does with a unit.
pub(super) fn state(name: &str, subject: &Subject<'_>) -> Result<UnitState, Unreadable> {
    let mut there = false;
    for directory in DIRECTORIES {
        let path = format!("{directory}/{name}").into_bytes();
        let Some(id) = subject.find_link(&path) else {
            if let Some(blind) = subject.blind_at(&path) {
                return Err(blind);
            }
            continue;
        };
        let walked = subject.tree.get(id).map(|(_, walked)| walked);
        let target = walked.and_then(|walked| walked.target.as_deref());
        let empty = walked.is_some_and(|w| w.metadata.size == 0 && w.metadata.file_type == FileType::Regular);
        if target == Some(b"/dev/null") || empty {
            return Ok(UnitState::Masked);
        }
        there = true;
    }
    let stem = name.split('.').next().unwrap_or(name);
    let script = subject.metadata(format!("/etc/init.d/{stem}").as_bytes())?.is_some();
    if !there && !script {
        return Ok(UnitState::Absent);
    }
    Ok(if is_wanted(name, subject)? || !there && is_started(stem, subject)? {
        UnitState::Enabled
    } else {
        UnitState::Disabled
    })
}

/// Whether some unit wants or requires it.
fn is_wanted(name: &str, subject: &Subject<'_>) -> Result<bool, Unreadable> {
    for directory in DIRECTORIES {
        for kind in ["wants", "requires"] {
            if !subject.expand(&format!("{directory}/*.{kind}/{name}"))?.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a link of a run level starts an old script.
fn is_started(stem: &str, subject: &Subject<'_>) -> Result<bool, Unreadable> {
    for level in 2..=5 {
        if !subject.expand(&format!("/etc/rc{level}.d/S*{stem}"))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
