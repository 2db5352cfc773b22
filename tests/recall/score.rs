//! Findings held against what must be found, and the table of it.

use std::collections::BTreeMap;
use std::fmt;

use assay::finding::{Category, Finding, Severity};

use super::corpus::{Example, Wanted};
use super::forms::Form;

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

/// Sums by category, by form, and by place.
#[derive(Default)]
pub(crate) struct Score {
    categories: BTreeMap<String, Row>,
    forms: BTreeMap<Form, Row>,
    places: BTreeMap<String, Row>,
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
        let row = Row::of(judged);
        self.categories.entry(example.category.clone()).or_default().add(&row);
        self.forms.entry(example.form).or_default().add(&row);
        self.places.entry(place(&example.place)).or_default().add(&row);
        let shown = |line: u64| {
            let index = usize::try_from(line).unwrap().saturating_sub(1);
            let text = example.shown.lines().nth(index).unwrap_or_default();
            text.chars().take(140).collect::<String>()
        };
        for (wanted, found) in example.wanted.iter().zip(&judged.found) {
            if let Err(why) = found {
                let text = shown(wanted.line.unwrap_or(1));
                let place = format!("{}: {}", example.category, example.path);
                self.misses.push(format!("{why}: «{}» {place}: {text}", wanted.name));
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

    /// Demands secrets in every form that the corpus knows.
    pub(crate) fn hold_every_form(&self) {
        let has = |form: &Form| self.forms.get(form).is_some_and(|row| row.wanted > 0);
        let without: Vec<Form> = Form::ALL.into_iter().filter(|form| !has(form)).collect();
        assert!(without.is_empty(), "no example has a secret in the form {without:?}");
    }

    fn sum(&self) -> Row {
        let mut sum = Row::default();
        self.categories.values().for_each(|row| sum.add(row));
        sum
    }
}

impl Row {
    fn of(judged: &Judged) -> Self {
        let found: Vec<&Severity> = judged.found.iter().flatten().collect();
        Self {
            examples: 1,
            wanted: judged.found.len(),
            found: found.len(),
            found_at_medium: found.iter().filter(|severity| ***severity >= Severity::Medium).count(),
            true_alarms: judged.true_alarms,
            false_alarms: judged.false_alarms.len(),
        }
    }

    fn add(&mut self, row: &Self) {
        self.examples += row.examples;
        self.wanted += row.wanted;
        self.found += row.found;
        self.found_at_medium += row.found_at_medium;
        self.true_alarms += row.true_alarms;
        self.false_alarms += row.false_alarms;
    }
}

/// The directory below the root, and the ending of the name: what decides how a file is read.
fn place(path: &str) -> String {
    let mut parts = path.trim_start_matches('/').split('/');
    let top = parts.next().unwrap_or_default();
    let name = parts.next_back().unwrap_or(top);
    let ending = name
        .rsplit_once('.')
        .map_or("no ending", |(stem, ending)| if stem.is_empty() { name } else { ending });
    format!("/{top} {ending}")
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for miss in &self.misses {
            writeln!(f, "{miss}")?;
        }
        for alarm in &self.alarms {
            writeln!(f, "false alarm: {alarm}")?;
        }
        let named = |name: &dyn fmt::Debug| format!("{name:?}").to_lowercase();
        let forms = self.forms.iter().map(|(form, row)| (named(form), *row));
        let owned = |rows: &BTreeMap<String, Row>| -> Vec<(String, Row)> {
            rows.iter().map(|(name, row)| (name.clone(), *row)).collect()
        };
        table(f, "place", &owned(&self.places))?;
        table(f, "form", &forms.collect::<Vec<_>>())?;
        let mut categories = owned(&self.categories);
        categories.push(("all".to_owned(), self.sum()));
        table(f, "category", &categories)
    }
}

fn table(f: &mut fmt::Formatter<'_>, of: &str, rows: &[(String, Row)]) -> fmt::Result {
    let head = ["examples", "secrets", "found", "recall %", "medium+", "alarms", "false", "precision %"];
    write!(f, "{of:<46}")?;
    head.iter().try_for_each(|name| write!(f, " {name:>11}"))?;
    writeln!(f)?;
    for (name, row) in rows {
        let alarms = row.true_alarms + row.false_alarms;
        write!(f, "{name:<46} {:>11} {:>11} {:>11}", row.examples, row.wanted, row.found)?;
        write!(f, " {:>11} {:>11}", percent(row.found, row.wanted), row.found_at_medium)?;
        writeln!(f, " {alarms:>11} {:>11} {:>11}", row.false_alarms, percent(row.true_alarms, alarms))?;
    }
    writeln!(f)
}

fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole);
    tenths.map_or("-".to_owned(), |tenths| format!("{}.{}", tenths / 10, tenths % 10))
}
