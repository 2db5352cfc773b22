//! Findings held against what must be found, and the table of it.

use std::collections::BTreeMap;
use std::fmt;

use assay::finding::{Category, Finding, Severity};

use super::corpus::{Example, Wanted};

/// What came out of one example.
#[derive(Default)]
pub(crate) struct Judged {
    /// For each wanted value: how bad the worst finding says it is, or why it is missed.
    found: Vec<Result<Severity, &'static str>>,
    /// Findings of medium severity or above that are about a wanted value.
    true_alarms: usize,
    /// Rules and lines of those that are not.
    false_alarms: Vec<String>,
}

/// Of 1000.
pub(crate) struct Floors {
    pub(crate) recall: usize,
    pub(crate) precision: usize,
}

pub(crate) fn judge(example: &Example, findings: &[Finding]) -> Judged {
    let mine = |finding: &&Finding| {
        let path = finding.location.path.as_slice();
        path.starts_with(example.path.as_bytes())
            && (!finding.evidence.secrets.is_empty()
                || matches!(finding.advisory.category, Category::Credential | Category::SshPrivateKey))
    };
    let mine: Vec<&Finding> = findings.iter().filter(mine).collect();
    let mut judged = Judged {
        found: example.wanted.iter().map(|wanted| find(wanted, &mine)).collect(),
        ..Judged::default()
    };
    for finding in mine.iter().filter(|finding| finding.severity >= Severity::Medium) {
        if example.wanted.iter().any(|wanted| is_about(finding, wanted) || has_part(finding, wanted)) {
            judged.true_alarms += 1;
        } else {
            let value =
                finding.evidence.secrets.first().map(|s| String::from_utf8_lossy(s.reveal()).into_owned());
            let line = finding.location.line.unwrap_or(0);
            judged.false_alarms.push(format!(
                "{} line {line} {:?}",
                finding.advisory.id,
                value.unwrap_or_default()
            ));
        }
    }
    judged
}

fn find(wanted: &Wanted, findings: &[&Finding]) -> Result<Severity, &'static str> {
    let about: Vec<&&Finding> = findings.iter().filter(|finding| is_about(finding, wanted)).collect();
    if about.is_empty() {
        let part = findings.iter().any(|finding| has_part(finding, wanted));
        return Err(if part { "cut" } else { "missed" });
    }
    let placed = about.iter().filter(|finding| match (wanted.line, finding.location.line) {
        (Some(wanted), Some(line)) => wanted == line || finding.evidence.secrets.len() > 1,
        _ => true,
    });
    placed.map(|finding| finding.severity).max().ok_or("wrong line")
}

/// Whether a finding has the value, or the value with a little around it (`user:password`, a whole URL).
fn is_about(finding: &Finding, wanted: &Wanted) -> bool {
    let holds = |secret: &[u8], value: &str| {
        let whole = secret.len() <= value.len() * 3 + 64;
        whole && memchr::memmem::find(secret, value.as_bytes()).is_some()
    };
    let keys = [Category::SshPrivateKey, Category::Credential];
    let is_key = wanted.name.starts_with("pem") && keys.contains(&finding.advisory.category);
    is_key
        || finding
            .evidence
            .secrets
            .iter()
            .any(|secret| wanted.values.iter().any(|value| holds(secret.reveal(), value)))
}

fn has_part(finding: &Finding, wanted: &Wanted) -> bool {
    let part = |secret: &[u8], value: &str| {
        secret.len() > 3 && memchr::memmem::find(value.as_bytes(), secret).is_some()
    };
    let secrets = &finding.evidence.secrets;
    secrets.iter().any(|secret| wanted.values.iter().any(|value| part(secret.reveal(), value)))
}

/// Sums by category.
#[derive(Default)]
pub(crate) struct Score {
    rows: BTreeMap<String, Row>,
    misses: Vec<String>,
    alarms: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Row {
    examples: usize,
    wanted: usize,
    found: usize,
    found_at_medium: usize,
    true_alarms: usize,
    false_alarms: usize,
}

impl Score {
    pub(crate) fn add(&mut self, example: &Example, judged: &Judged) {
        let row = self.rows.entry(example.category.clone()).or_default();
        row.examples += 1;
        row.wanted += judged.found.len();
        row.true_alarms += judged.true_alarms;
        row.false_alarms += judged.false_alarms.len();
        let shown = |line: u64| {
            let index = usize::try_from(line).unwrap().saturating_sub(1);
            let text = example.shown.lines().nth(index).unwrap_or_default();
            text.chars().take(140).collect::<String>()
        };
        for (wanted, found) in example.wanted.iter().zip(&judged.found) {
            match found {
                Ok(severity) => {
                    row.found += 1;
                    row.found_at_medium += usize::from(*severity >= Severity::Medium);
                }
                Err(why) => {
                    let text = shown(wanted.line.unwrap_or(1));
                    let place = format!("{}: {}", example.category, example.path);
                    self.misses.push(format!("{why}: «{}» {place}: {text}", wanted.name));
                }
            }
        }
        for alarm in &judged.false_alarms {
            self.alarms.push(format!("{}: {}: {alarm}", example.category, example.path));
        }
    }

    /// Demands the floors.
    pub(crate) fn hold(&self, floors: &Floors) {
        let all = self.sum();
        let recall = all.found * 1000 / all.wanted;
        let precision = all.true_alarms * 1000 / (all.true_alarms + all.false_alarms);
        assert!(recall >= floors.recall, "recall fell to {recall} of 1000, floor {}", floors.recall);
        assert!(
            precision >= floors.precision,
            "precision fell to {precision} of 1000, floor {}",
            floors.precision
        );
    }

    fn sum(&self) -> Row {
        self.rows.values().fold(Row::default(), |sum, row| Row {
            examples: sum.examples + row.examples,
            wanted: sum.wanted + row.wanted,
            found: sum.found + row.found,
            found_at_medium: sum.found_at_medium + row.found_at_medium,
            true_alarms: sum.true_alarms + row.true_alarms,
            false_alarms: sum.false_alarms + row.false_alarms,
        })
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for miss in &self.misses {
            writeln!(f, "{miss}")?;
        }
        for alarm in &self.alarms {
            writeln!(f, "false alarm: {alarm}")?;
        }
        let head = ["examples", "secrets", "found", "recall %", "medium+", "alarms", "false", "precision %"];
        write!(f, "{:<46}", "category")?;
        head.iter().try_for_each(|name| write!(f, " {name:>11}"))?;
        writeln!(f)?;
        let total = ("all".to_owned(), self.sum());
        for (name, row) in self.rows.iter().map(|(name, row)| (name.clone(), *row)).chain([total]) {
            let alarms = row.true_alarms + row.false_alarms;
            write!(f, "{name:<46} {:>11} {:>11} {:>11}", row.examples, row.wanted, row.found)?;
            write!(f, " {:>11} {:>11}", percent(row.found, row.wanted), row.found_at_medium)?;
            writeln!(f, " {alarms:>11} {:>11} {:>11}", row.false_alarms, percent(row.true_alarms, alarms))?;
        }
        Ok(())
    }
}

fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole);
    tenths.map_or("-".to_owned(), |tenths| format!("{}.{}", tenths / 10, tenths % 10))
}
