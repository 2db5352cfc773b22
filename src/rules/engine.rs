//! The search: one filter for the keywords of all rules, and the regex of a rule only in a window around
//! its keywords.
//!
//! Every match of a rule contains one of its keywords (the rules' test proves it), so a place without a
//! keyword needs no regex. The window's size is the rule's own.

use super::schema::Rule;
use super::{Match, utf16};
use assay_simd::Pattern;
use assay_simd::literals::{Filter, Keyword};

mod ahead;
mod chunk;
mod kept;
mod scan;
mod windows;

pub use ahead::{Ahead, Scout};
pub use chunk::Manner;
pub use scan::Scan;

/// All rules, compiled into one search.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    filter: Filter,
    /// Each keyword, and the rules that want it.
    keywords: Vec<(Keyword, Vec<usize>)>,
    overlap: usize,
}

impl Engine {
    /// Builds the search.
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut keywords: Vec<(Keyword, Vec<usize>)> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let pattern = Pattern::parse(rule.pattern());
            for text in &rule.keywords {
                let any_case = rule.case_insensitive;
                let text = if any_case { text.to_ascii_lowercase() } else { text.clone() }.into_bytes();
                let shape = pattern.shape(&text, any_case);
                let keyword = Keyword { text, any_case, shape };
                match keywords.iter_mut().find(|(known, _)| *known == keyword) {
                    Some((_, users)) if users.contains(&index) => {}
                    Some((_, users)) => users.push(index),
                    None => keywords.push((keyword, vec![index])),
                }
            }
        }
        let filter = Filter::new(&keywords.iter().map(|(keyword, _)| keyword.clone()).collect::<Vec<_>>());
        let longest = rules.iter().map(|rule| rule.before.saturating_add(rule.after)).max().unwrap_or(0);
        // Text in UTF-16 has two bytes where the windows count one.
        Self { rules, filter, keywords, overlap: longest.saturating_add(256).saturating_mul(2) }
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Bytes at the end of a chunk that the next one must repeat.
    pub fn overlap(&self) -> usize {
        self.overlap
    }

    /// A search, to be used for one file after the other.
    pub fn begin(&self) -> Scan<'_> {
        Scan::new(self)
    }

    /// Searches chunks of long files before their turn.
    pub fn scout(&self) -> Scout<'_> {
        Scout::new(self)
    }
}
