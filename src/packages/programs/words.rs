//! The words of programs that no package brought: `signatures/programs.toml`, which says how it is to be read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::capture::Block;
use crate::finding::Confidence;
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::path::glob;

mod proof;

/// The file of the words.
pub const TEXT: &str = include_str!("../../../signatures/programs.toml");
/// Bytes before a keyword in which its expression is tried, and behind it.
const BEFORE: usize = 128;
const BEHIND: usize = 2048;
/// Versions of one program that a file may have; the one that occurs most often is its own.
const VERSIONS: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    program: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    product: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    anywhere: bool,
    keyword: Option<String>,
    pattern: String,
    matches: Vec<(String, String)>,
    lookalikes: Vec<String>,
}

/// The words of all programs, ready to be looked for.
pub struct Words {
    programs: Vec<Program>,
    /// Of the programs with a keyword, in their order.
    keywords: AhoCorasick,
    /// By the number of a keyword: the program.
    of_keyword: Vec<usize>,
}

struct Program {
    raw: Raw,
    regex: Regex,
}

impl Words {
    /// The words that the program carries.
    #[expect(clippy::expect_used, reason = "the embedded words are held by a test, not by an image")]
    pub fn embedded() -> &'static Self {
        static WORDS: LazyLock<Words> =
            LazyLock::new(|| Words::parse(TEXT).expect("the embedded words are valid"));
        &WORDS
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut programs = Vec::new();
        for raw in file.program {
            let regex = RegexBuilder::new(&raw.pattern).unicode(false).build();
            let regex = regex.map_err(|error| format!("{}: {error}", raw.product))?;
            if raw.anywhere && raw.keyword.is_none() || !raw.anywhere && raw.names.is_empty() {
                return Err(format!("{}: needs a keyword to be looked for anywhere, or names", raw.product));
            }
            programs.push(Program { raw, regex });
        }
        let keyword = |(number, program): (usize, &Program)| Some((number, program.raw.keyword.clone()?));
        let keywords: Vec<(usize, String)> = programs.iter().enumerate().filter_map(keyword).collect();
        let of_keyword = keywords.iter().map(|(number, _)| *number).collect();
        let keywords = AhoCorasick::new(keywords.iter().map(|(_, keyword)| keyword));
        Ok(Self { programs, keywords: keywords.map_err(|error| error.to_string())?, of_keyword })
    }

    /// The number of patterns.
    pub fn len(&self) -> usize {
        self.programs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// The numbers of the patterns that are for files of this name.
    pub fn named(&self, name: &[u8]) -> Vec<usize> {
        let is_named =
            |program: &Program| program.raw.names.iter().any(|pattern| glob(pattern.as_bytes(), name));
        let named = self.programs.iter().enumerate().filter(|(_, program)| is_named(program));
        named.map(|(number, _)| number).collect()
    }
}

/// The search for words in one file.
pub(super) struct Search<'w> {
    words: &'w Words,
    /// The patterns for files of its name.
    named: Vec<usize>,
    /// Whether those that count anywhere are looked for.
    anywhere: bool,
    /// By pattern: up to where it was tried, and where its last match ends.
    tried: BTreeMap<usize, u64>,
    ended: BTreeMap<usize, u64>,
    /// By pattern: each version with how often it is there, and where first.
    found: BTreeMap<usize, BTreeMap<String, (u32, u64)>>,
}

impl<'w> Search<'w> {
    pub(super) fn new(words: &'w Words, named: Vec<usize>, anywhere: bool) -> Self {
        Self {
            words,
            named,
            anywhere,
            tried: BTreeMap::new(),
            ended: BTreeMap::new(),
            found: BTreeMap::new(),
        }
    }

    pub(super) fn look(&mut self, block: Block<'_>) {
        let words = self.words;
        for number in self.named.clone() {
            if words.programs.get(number).is_some_and(|program| program.raw.keyword.is_none()) {
                self.try_in(number, block, (0, block.bytes.len()));
            }
        }
        if !self.anywhere && self.named.is_empty() {
            return;
        }
        for hit in words.keywords.find_overlapping_iter(block.bytes) {
            let Some(&number) = words.of_keyword.get(hit.pattern().as_usize()) else { continue };
            let place = block.place(hit.start());
            let is_tried = self.tried.get(&number).is_some_and(|tried| place < *tried);
            if !is_tried && self.is_wanted(number) {
                let from = hit.start().saturating_sub(BEFORE);
                let to = hit.start().saturating_add(BEHIND).min(block.bytes.len());
                self.try_in(number, block, (from, to));
                // The next block has the end of this one again.
                let tried = block.place(to).saturating_sub(super::OVERLAP as u64);
                self.tried.insert(number, tried.max(place.saturating_add(1)));
            }
        }
    }

    fn is_wanted(&self, number: usize) -> bool {
        let is_anywhere = || self.words.programs.get(number).is_some_and(|program| program.raw.anywhere);
        self.named.contains(&number) || self.anywhere && is_anywhere()
    }

    /// Tries a pattern in a part of a block.
    fn try_in(&mut self, number: usize, block: Block<'_>, (from, to): (usize, usize)) {
        let Some(program) = self.words.programs.get(number) else { return };
        let part = block.bytes.get(from..to).unwrap_or_default();
        for captures in program.regex.captures_iter(part) {
            let Some(whole) = captures.get(0) else { continue };
            let place = block.place(from.saturating_add(whole.start()));
            if self.ended.get(&number).is_some_and(|ended| place < *ended) {
                continue;
            }
            self.ended.insert(number, block.place(from.saturating_add(whole.end())));
            let Some(version) = captures.iter().skip(1).flatten().next() else { continue };
            let versions = self.found.entry(number).or_default();
            let version = String::from_utf8_lossy(version.as_bytes()).into_owned();
            if versions.len() < VERSIONS || versions.contains_key(&version) {
                let (count, _) = versions.entry(version).or_insert((0, place));
                *count = count.saturating_add(1);
            }
        }
    }

    /// Of each product one version: by its first pattern that matched, the one that is there most often, then first.
    pub(super) fn finish(self) -> Vec<Component> {
        let mut found: Vec<Component> = Vec::new();
        for (number, versions) in self.found {
            let Some(program) = self.words.programs.get(number) else { continue };
            let best = versions
                .into_iter()
                .min_by_key(|(_, (count, first))| (u32::MAX.saturating_sub(*count), *first));
            let Some((version, _)) = best else { continue };
            if found.iter().any(|one| one.name == program.raw.product) {
                continue;
            }
            let confidence = if self.named.contains(&number) { Confidence::Medium } else { Confidence::Low };
            let component = Component::new(Ecosystem::Generic, program.raw.product.clone(), version);
            found.push(component.evidence(Evidence::Strings).confidence(confidence));
        }
        found
    }
}
