//! A file of checks: the table of a check, as written, and what is made of it.

use std::sync::Arc;

use serde::Deserialize;
use thiserror::Error;

use super::fixtures::{Fixtures, Proofs};
use super::schema::Rule;
use super::{Check, Section, category};
use crate::finding::{Advisory, Severity};

/// Why a file of checks cannot be used.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct CheckError {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check: Vec<RawCheck>,
}

/// A check as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCheck {
    id: String,
    title: String,
    severity: String,
    why: String,
    remedy: String,
    #[serde(default)]
    references: Vec<String>,
    /// `"cis-debian12 5.1.20 L1"`.
    #[serde(default)]
    sections: Vec<String>,
    applies: Option<Rule>,
    rule: Rule,
    #[serde(default)]
    pass: Vec<Fixtures>,
    #[serde(default)]
    fail: Vec<Fixtures>,
    #[serde(default)]
    not_applicable: Vec<Fixtures>,
}

/// Reads a file of checks.
///
/// # Errors
/// [`CheckError`], where something in it is not of the language.
pub(super) fn parse(path: &str, text: &str, on_by_default: bool) -> Result<Vec<Check>, CheckError> {
    let error = |problem: String| CheckError { path: path.to_owned(), problem };
    let file: File = toml::from_str(text).map_err(|problem| error(problem.to_string()))?;
    let read = |written: RawCheck| {
        let id = written.id.clone();
        read(written, on_by_default).map_err(|problem| error(format!("{id}: {problem}")))
    };
    file.check.into_iter().map(read).collect()
}

fn read(written: RawCheck, on_by_default: bool) -> Result<Check, String> {
    let severity = Severity::by_name(&written.severity)
        .ok_or_else(|| format!("no such severity: {}", written.severity))?;
    let sections = written.sections.iter().map(|text| {
        let mut words = text.split(' ');
        let (benchmark, number, level) = (words.next(), words.next(), words.next());
        let level = level.and_then(|level| level.strip_prefix('L')?.parse().ok());
        match (benchmark, number, level, words.next()) {
            (Some(benchmark), Some(number), Some(level), None) => {
                Ok(Section { benchmark: benchmark.to_owned(), number: number.to_owned(), level })
            }
            _ => Err(format!("not \"benchmark number level\": {text}")),
        }
    });
    Ok(Check {
        sections: sections.collect::<Result<_, _>>()?,
        advisory: Arc::new(Advisory {
            id: written.id,
            category: category(on_by_default),
            title: written.title,
            severity,
            why: written.why,
            remedy: written.remedy,
            references: written.references,
        }),
        applies: written.applies,
        rule: written.rule,
        proofs: Proofs { pass: written.pass, fail: written.fail, not_applicable: written.not_applicable },
    })
}
