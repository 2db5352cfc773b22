//! Programs by what their builds wrote into them, and by their own words.
//!
//! **Finds** modules of Go and crates of Rust that were linked, the package that a note names, and of programs that no
//! package brought the product and its version ([`crate::packages::programs`]).
//!
//! **Why it matters:** a program that was put in by hand gets no updates.
//!
//! **Does not find** what is packed (UPX), interpreted, or says nothing of itself.
//!
//! **References:** the readers name theirs.

use std::sync::Arc;

use crate::detect::{Sink, Stream, StreamDetector};
use crate::facts::Facts;
use crate::finding::{Advisory, Gap, GapKind, Location, Loss};
use crate::packages::manifest::is_sound;
use crate::packages::programs::Reader;
use crate::packages::programs::words::Words;
use assay_disk::path::outermost;
use assay_disk::tree::Entry;

/// The words of programs that are looked for.
pub fn words() -> &'static Words {
    Words::embedded()
}

/// Reads programs as they go by.
pub struct Programs {
    words: &'static Words,
}

impl Programs {
    /// With the words that the program carries.
    pub fn embedded() -> Self {
        Self { words: Words::embedded() }
    }
}

impl StreamDetector for Programs {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        Vec::new()
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn takes_all(&self) -> bool {
        false
    }

    fn begin(&self) -> Box<dyn Stream + '_> {
        Box::new(Watching { reader: Reader::new(self.words) })
    }
}

struct Watching<'w> {
    reader: Reader<'w>,
}

impl Stream for Watching<'_> {
    fn start(&mut self, entry: &Entry<'_>, facts: &Facts, head: &[u8]) -> bool {
        let is_owned = || facts.packages.owner(outermost(entry.path)).is_some();
        self.reader.start(entry.name(), head, is_owned)
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.reader.piece(bytes);
    }

    fn end(&mut self, _: &Entry<'_>, is_whole: bool, sink: &mut dyn Sink) {
        let (found, problem) = self.reader.end();
        found.into_iter().filter(is_sound).for_each(|component| sink.component(component));
        // The reader has already reported what it could not read.
        if let Some(problem) = problem.filter(|_| is_whole) {
            let (location, reason) = (Location::default(), format!("what it was built of: {problem}"));
            sink.gap(Gap { location, kind: GapKind::Damaged, loss: Loss::Part, bytes: None, reason });
        }
    }
}
