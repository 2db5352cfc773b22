//! Rule files: TOML as it is written, and the rule it means.

use std::ops::Range;
use std::sync::Arc;

use regex::bytes::Regex;
use serde::Deserialize;
use thiserror::Error;

use super::Family;
use super::lazy_regex::LazyRegex;
use super::mnemonic;
use super::pair::Pair;
use super::validators::{self, Validator};
use crate::finding::{Advisory, Category, Confidence, Severity};
use crate::values::{self, Assignment};

/// What `(?&edge)` stands for in a verbose pattern: where a token may begin. No letter of a word stands
/// before it, but the end of an escape may: `\\n`, `%3D`, a colour of a terminal.
const EDGE: &str =
    r"(?: ^ | [^A-Za-z0-9_] | \\[nrtv0] | \\u[0-9A-Fa-f]{4} | %[0-9A-Fa-f]{2} | \x1b\[[0-9;]{0,12}m )";

/// Why a rule file is not one.
#[derive(Debug, Error)]
pub enum RuleError {
    /// It is no TOML, or has fields that are not known.
    #[error("{file}: {error}")]
    Syntax {
        /// The file.
        file: String,
        /// What the reader says.
        error: Box<toml::de::Error>,
    },
    /// A rule contradicts itself.
    #[error("rule {id}: {problem}")]
    Rule {
        /// Its id.
        id: String,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RawRule>,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    title: String,
    /// Whose service the value opens; none for what has no maker (a password, a web token).
    #[serde(default)]
    provider: Option<String>,
    severity: String,
    confidence: String,
    #[serde(default)]
    why: String,
    /// None where the values are found by all that they are.
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    case_insensitive: bool,
    /// Empty where a reader finds the values.
    #[serde(default)]
    regex: String,
    /// Finds the values in place of an expression.
    #[serde(default)]
    reader: Option<Reader>,
    /// What a keyword of every match begins: looked at first, because it fails at the first bytes.
    #[serde(default)]
    gate: Option<String>,
    /// `secret` only says where the value begins: the syntax around it says where it ends.
    #[serde(default)]
    read: bool,
    #[serde(default)]
    min_entropy: f64,
    #[serde(default)]
    validators: Vec<String>,
    /// Bytes before a keyword that a match may begin at.
    #[serde(default = "default_before")]
    before: usize,
    /// Bytes after a keyword that a match may reach to.
    #[serde(default = "default_after")]
    after: usize,
    /// Taken for the longest match by some rules: the same as `after`.
    #[serde(default)]
    max_len: Option<usize>,
    /// The other half of the credential, looked for near each match.
    #[serde(default)]
    pair: Option<RawPair>,
    remedy: String,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    must_match: Vec<Positive>,
    #[serde(default)]
    must_not_match: Vec<Negative>,
}

/// A pair as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPair {
    regex: String,
    #[serde(default)]
    min_entropy: f64,
    #[serde(default)]
    validators: Vec<String>,
    /// Of both together, where the other half is the secret.
    #[serde(default)]
    severity: Option<String>,
}

const fn default_before() -> usize {
    256
}

const fn default_after() -> usize {
    1024
}

/// An example that the rule finds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Positive {
    /// A text.
    pub text: String,
    /// The value caught in it.
    pub secret: String,
}

/// An example that the rule leaves alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negative {
    /// A text with a keyword of the rule.
    pub text: String,
    /// Why it is none.
    pub because: String,
}

/// A rule, ready to search with.
#[derive(Debug)]
pub struct Rule {
    /// What a match means.
    pub advisory: Arc<Advisory>,
    /// How sure a match is before its validators.
    pub confidence: Confidence,
    /// Whose service the value opens, where it has a maker.
    pub provider: Option<String>,
    /// Which detector takes its matches.
    pub family: Family,
    /// What every match contains.
    pub keywords: Vec<String>,
    /// Whether the keywords are found in any case.
    pub case_insensitive: bool,
    /// Whether the value is read from where the match of `secret` begins, to where its syntax ends it.
    pub(super) is_read: bool,
    /// Bits of entropy a byte of the value has at least.
    pub min_entropy: f64,
    pub(super) validators: Vec<Validator>,
    pub(super) pair: Option<Pair>,
    pub(super) before: usize,
    pub(super) after: usize,
    /// What it must find.
    pub must_match: Vec<Positive>,
    /// What it must leave alone.
    pub must_not_match: Vec<Negative>,
    pub(super) matcher: LazyRegex,
    pub(super) gate: Gate,
    pub(super) reader: Option<Reader>,
}

/// Finds values without an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reader {
    /// What is assigned to names of secrets.
    Assignment,
    /// Words from which a wallet is restored: they have no keyword, and are looked for by [`mnemonic::find`].
    Mnemonic,
}

/// What a reader found: a value, or the first byte of one that its syntax ends.
pub(super) struct Found {
    pub(super) name: Option<Range<usize>>,
    pub(super) value: Range<usize>,
}

impl Reader {
    /// The value at a keyword, and its name.
    pub(super) fn find(self, bytes: &[u8], keyword: usize) -> Option<Found> {
        match self {
            Self::Assignment => Assignment::at(bytes, keyword).map(|Assignment { name, value, .. }| Found {
                name: Some(name),
                value: value..value.saturating_add(1),
            }),
            Self::Mnemonic => mnemonic::at(bytes, keyword).map(|value| Found { name: None, value }),
        }
    }
}

/// What is asked of the bytes that a keyword begins, before a rule's expression is tried.
#[derive(Debug)]
pub(super) enum Gate {
    /// Nothing.
    None,
    /// An expression.
    Regex(LazyRegex),
    /// One more word ends the line.
    LineOfTwo,
}

impl Gate {
    fn new(text: Option<&str>) -> Self {
        match text {
            None => Self::None,
            Some("line-of-two") => Self::LineOfTwo,
            Some(gate) => Self::Regex(LazyRegex::new(format!(r"\A(?:{gate})"))),
        }
    }
}

impl Rule {
    /// Whether the syntax around a value says where it ends, and not the pattern.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// The pattern, with what `(?&edge)` stands for.
    pub fn pattern(&self) -> &str {
        self.matcher.pattern()
    }

    /// Whether it looks for words of a wallet.
    pub(super) fn is_of_mnemonics(&self) -> bool {
        self.reader == Some(Reader::Mnemonic)
    }

    /// Whether a match may have the keyword that `bytes` begin with.
    pub(super) fn admits(&self, bytes: &[u8]) -> bool {
        match &self.gate {
            Gate::None => true,
            Gate::Regex(gate) => gate.get().is_none_or(|gate| gate.is_match(bytes)),
            Gate::LineOfTwo => values::is_line_of_two(bytes),
        }
    }

    /// Compiles the pattern.
    ///
    /// # Errors
    /// What the regex library says.
    pub fn compile(&self) -> Result<Regex, regex::Error> {
        self.matcher.compile()
    }
}

/// Reads the rules of one file.
///
/// # Errors
/// [`RuleError`], where a rule is not as it must be.
pub fn parse(file: &str, text: &str, family: Family) -> Result<Vec<Rule>, RuleError> {
    let written: File = toml::from_str(text)
        .map_err(|error| RuleError::Syntax { file: file.to_owned(), error: Box::new(error) })?;
    written.rule.into_iter().map(|rule| meant(rule, family)).collect()
}

/// The validators of these names.
fn named(names: &[String]) -> Result<Vec<Validator>, String> {
    let one =
        |name: &String| validators::by_name(name).ok_or_else(|| format!("no validator is called {name}"));
    names.iter().map(one).collect()
}

fn paired(pair: RawPair) -> Result<Pair, String> {
    let severity = pair
        .severity
        .map(|name| Severity::by_name(&name).ok_or_else(|| format!("no severity is called {name}")));
    Ok(Pair {
        matcher: LazyRegex::new(pair.regex),
        min_entropy: pair.min_entropy,
        validators: named(&pair.validators)?,
        severity: severity.transpose()?,
    })
}

fn meant(rule: RawRule, family: Family) -> Result<Rule, RuleError> {
    let id = rule.id.clone();
    let wrong = |problem: String| RuleError::Rule { id: id.clone(), problem };
    let severity = Severity::by_name(&rule.severity);
    let severity = severity.ok_or_else(|| wrong(format!("no severity is called {}", rule.severity)))?;
    let levels = [Confidence::Low, Confidence::Medium, Confidence::High];
    let confidence = levels.into_iter().find(|level| level.name() == rule.confidence);
    let confidence =
        confidence.ok_or_else(|| wrong(format!("no confidence is called {}", rule.confidence)))?;
    let validators = named(&rule.validators).map_err(wrong)?;
    let pair = rule.pair.map(paired).transpose().map_err(wrong)?;
    let needs_keywords = rule.reader != Some(Reader::Mnemonic);
    if rule.keywords.is_empty() == needs_keywords || rule.keywords.iter().any(|keyword| keyword.len() < 2) {
        return Err(wrong("needs keywords of two bytes or more".to_owned()));
    }
    let gate = Gate::new(rule.gate.as_deref());
    let category = if family == Family::Miners { Category::Miner } else { Category::Credential };
    let advisory = Advisory {
        id: rule.id,
        category,
        title: rule.title,
        severity,
        why: rule.why,
        remedy: rule.remedy,
        references: rule.references,
    };
    Ok(Rule {
        advisory: Arc::new(advisory),
        confidence,
        provider: rule.provider,
        family,
        keywords: rule.keywords,
        case_insensitive: rule.case_insensitive,
        is_read: rule.read || rule.reader == Some(Reader::Assignment),
        reader: rule.reader,
        min_entropy: rule.min_entropy,
        validators,
        pair,
        before: rule.before,
        after: rule.max_len.unwrap_or(rule.after).max(rule.after),
        must_match: rule.must_match,
        must_not_match: rule.must_not_match,
        matcher: LazyRegex::new(rule.regex.replace("(?&edge)", EDGE)),
        gate,
    })
}
