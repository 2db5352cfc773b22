//! What a program says of itself: what its build wrote into it, and its own words. Read as it goes by, in pieces, as
//! programs of 100 MB are common.
//!
//! Of an ELF file the head tells where constants and variables lie; nothing else is looked at.

use crate::packages::component::Component;

mod capture;
mod cargo;
pub mod elf;
pub mod go;
mod note;
pub mod words;

use capture::Block;
use elf::{Kind, Layout};
use words::{Search, Words};

/// Bytes that are looked at together, and of which the next have the last again.
const BLOCK: usize = 256 << 10;
/// See [`BLOCK`]: no text that is looked for is longer.
const OVERLAP: usize = 512;
/// Bytes of notes that are kept.
const NOTES: usize = 64 << 10;

/// Reads one program after the other.
pub struct Reader<'w> {
    words: &'w Words,
    /// Words that are looked for in the file at hand.
    search: Option<Search<'w>>,
    layout: Option<Layout>,
    /// The first bytes, until they tell the layout.
    head: Vec<u8>,
    /// So many bytes went by.
    at: u64,
    run: Vec<u8>,
    /// Where in the file the run begins, what of it was seen before, and what it holds.
    base: u64,
    repeated: usize,
    kind: Kind,
    go: go::Finder,
    cargo: cargo::Finder,
    notes: Vec<u8>,
}

impl<'w> Reader<'w> {
    /// For any number of files.
    pub fn new(words: &'w Words) -> Self {
        Self {
            words,
            search: None,
            layout: None,
            head: Vec::new(),
            at: 0,
            run: Vec::new(),
            base: 0,
            repeated: 0,
            kind: Kind::All,
            go: go::Finder::default(),
            cargo: cargo::Finder::default(),
            notes: Vec::new(),
        }
    }

    /// A file called `name` begins, with these bytes; whether anything is looked for in it. `is_owned` says whether a
    /// package brought it, whose version is known better than by words; it is not asked of most files.
    pub fn start(&mut self, name: &[u8], head: &[u8], is_owned: impl FnOnce() -> bool) -> bool {
        let is_program = elf::is_program(head);
        let named = self.words.named(name);
        let with_words = (is_program || !named.is_empty()) && !is_owned();
        let named = if with_words { named } else { Vec::new() };
        if !is_program && named.is_empty() {
            return false;
        }
        let is_elf = head.starts_with(elf::MAGIC);
        let search = with_words && (is_elf || !is_program);
        self.search = search.then(|| Search::new(self.words, named, is_elf));
        // Other formats have their constants anywhere.
        self.layout = (!is_elf).then(Layout::unknown);
        (self.at, self.base, self.repeated) = (0, 0, 0);
        self.head.clear();
        self.run.clear();
        self.notes.clear();
        self.go = go::Finder::default();
        self.cargo = cargo::Finder::default();
        true
    }

    /// The next bytes of it.
    pub fn piece(&mut self, bytes: &[u8]) {
        if self.layout.is_some() {
            return self.part(bytes);
        }
        self.head.extend_from_slice(bytes);
        self.layout = elf::layout(&self.head);
        if self.layout.is_some() {
            let head = std::mem::take(&mut self.head);
            self.part(&head);
        }
    }

    /// Hands on what of `bytes` lies where something is looked for.
    fn part(&mut self, bytes: &[u8]) {
        let start = self.at;
        self.at = start.saturating_add(bytes.len() as u64);
        let Some(layout) = self.layout.take() else { return };
        for (offset, kind, part) in layout.parts(start, bytes) {
            if kind == Kind::Notes {
                let room = NOTES.saturating_sub(self.notes.len());
                self.notes.extend_from_slice(part.get(..room).unwrap_or(part));
            } else {
                self.push(offset, kind, part);
            }
        }
        self.layout = Some(layout);
    }

    fn push(&mut self, offset: u64, kind: Kind, mut bytes: &[u8]) {
        if self.base.saturating_add(self.run.len() as u64) != offset || kind != self.kind {
            self.flush();
            (self.base, self.repeated, self.kind) = (offset, 0, kind);
        }
        while !bytes.is_empty() {
            let room = BLOCK.saturating_sub(self.run.len());
            let (part, rest) = bytes.split_at_checked(room).unwrap_or((bytes, b""));
            self.run.extend_from_slice(part);
            bytes = rest;
            if self.run.len() >= BLOCK {
                self.look();
                let from = self.run.len().saturating_sub(OVERLAP);
                self.run.drain(..from);
                self.base = self.base.saturating_add(from as u64);
                self.repeated = self.run.len();
            }
        }
    }

    /// Looks at what is left of a run.
    fn flush(&mut self) {
        if self.run.len() > self.repeated {
            self.look();
        }
        self.run.clear();
        self.repeated = 0;
    }

    fn look(&mut self) {
        let block = Block { bytes: &self.run, base: self.base, repeated: self.repeated };
        if self.kind == Kind::Outside {
            return self.cargo.look(block);
        }
        self.go.look(block, self.kind);
        if self.kind != Kind::Variables {
            self.cargo.look(block);
        }
        if let Some(search) = &mut self.search {
            search.look(block);
        }
    }

    /// What the program is and is made of; then, whether something in it was over a limit.
    pub fn end(&mut self) -> (Vec<Component>, Option<&'static str>) {
        // A file that is shorter than its head says is looked at as it is.
        if self.layout.is_none() {
            self.layout = Some(Layout::unknown());
            let head = std::mem::take(&mut self.head);
            self.part(&head);
        }
        self.flush();
        let layout = self.layout.take().unwrap_or_default();
        let mut found = std::mem::take(&mut self.go).finish(&layout);
        let (crates, problem) = std::mem::take(&mut self.cargo).finish();
        found.extend(crates);
        found.extend(note::package(&self.notes, layout.is_big()));
        found.extend(self.search.take().map(Search::finish).unwrap_or_default());
        (found, problem)
    }
}

#[cfg(test)]
mod tests;
