//! A regex that is compiled when it is first used: of most rules that is never.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

/// Largest compiled form of one regex, in bytes: a rule over it is an error, never dropped.
const LIMIT: usize = 64 << 20;

/// A pattern, and its regex once it was used.
#[derive(Debug)]
pub(super) struct Late {
    pattern: String,
    regex: OnceLock<Option<Regex>>,
}

impl Late {
    pub(super) fn new(pattern: String) -> Self {
        Self { pattern, regex: OnceLock::new() }
    }

    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The regex; none, if the pattern is not one, which the rules' proof would tell.
    pub(super) fn get(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| self.compile().ok()).as_ref()
    }

    /// Compiles the pattern.
    pub(super) fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.pattern).unicode(false).size_limit(LIMIT).dfa_size_limit(4 << 20).build()
    }

    /// What is wrong with the pattern, which is to have one group of this name.
    pub(super) fn problem(&self, group: &str) -> Option<String> {
        match self.compile() {
            Ok(regex) if regex.capture_names().flatten().filter(|name| *name == group).count() == 1 => None,
            Ok(_) => Some(format!("needs one group called {group}")),
            Err(error) => Some(error.to_string()),
        }
    }
}
