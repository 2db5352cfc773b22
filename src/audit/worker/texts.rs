//! Text that is no content of a file: names, targets of links, values of extended attributes, labels. All of it is
//! searched in one go; what holds something is then looked at by itself, as a part of the entry that it belongs to.

use super::super::content::Dense;
use super::{Subject, Worker};
use crate::detect::Collector;
use crate::finding::{FactKey, Location};
use assay_disk::text::Escaped;
use assay_disk::tree::{Entry, EntryId, Mounted};

/// Shorter texts hold no secret that is known by its form.
const SHORTEST: usize = 12;
/// Bytes that are searched at once.
const BATCH: usize = 1 << 20;
/// What comes between two texts.
const BETWEEN: &[u8] = b"\n\n";

/// A text of an entry.
struct Text<'t> {
    id: EntryId,
    what: What<'t>,
}

#[derive(Clone, Copy)]
enum What<'t> {
    Name(&'t [u8]),
    Target(&'t [u8]),
    Attribute(&'t [u8], &'t [u8]),
    Label,
}

impl What<'_> {
    fn shown(self) -> String {
        match self {
            Self::Name(_) => "its name".to_owned(),
            Self::Target(_) => "the target of the link".to_owned(),
            Self::Attribute(name, _) => format!("its extended attribute {}", Escaped(name)),
            Self::Label => "the label of the file system".to_owned(),
        }
    }
}

/// Texts that are searched together.
#[derive(Default)]
struct Batch<'t> {
    bytes: Vec<u8>,
    /// Where each begins in the bytes.
    texts: Vec<(usize, Text<'t>)>,
}

impl<'t> Batch<'t> {
    fn add(&mut self, text: Text<'t>, label: &[u8]) {
        self.texts.push((self.bytes.len(), text));
        let bytes = bytes(self.texts.last().map_or(What::Label, |(_, text)| text.what), label);
        self.bytes.extend_from_slice(&bytes);
        self.bytes.extend_from_slice(BETWEEN);
    }
}

/// The bytes of a text.
fn bytes(what: What<'_>, label: &[u8]) -> Vec<u8> {
    match what {
        What::Name(text) | What::Target(text) => text.to_vec(),
        What::Attribute(name, value) => [name, b"\n", value].concat(),
        What::Label => label.to_vec(),
    }
}

impl Worker<'_> {
    /// Looks at the texts of all file systems.
    pub(in crate::audit) fn texts(&mut self) {
        let tree = self.shared.tree;
        for (volume, mounted) in tree.file_volumes() {
            let label = mounted.fs.identity().label.unwrap_or_default();
            let mut batch = Batch::default();
            for text in texts(volume, mounted, &label) {
                batch.add(text, &label);
                if batch.bytes.len() >= BATCH {
                    self.batch(std::mem::take(&mut batch), &label);
                }
            }
            self.batch(batch, &label);
        }
    }

    /// Searches texts, and looks at those that hold something.
    #[expect(clippy::needless_pass_by_value, reason = "it is used up")]
    fn batch(&mut self, batch: Batch<'_>, label: &[u8]) {
        self.scan.reset();
        self.scan.chunk(&batch.bytes, 0, 0, true);
        let mut hits: Vec<usize> =
            self.scan.finish().iter().map(|found| index(&batch, found.offset)).collect();
        if self.scan.dropped() > 0 {
            hits = (0..batch.texts.len()).collect();
        }
        hits.sort_unstable();
        hits.dedup();
        for (_, text) in hits.into_iter().filter_map(|hit| batch.texts.get(hit)) {
            self.text(text, label);
        }
    }

    fn text(&mut self, text: &Text<'_>, label: &[u8]) {
        let tree = self.shared.tree;
        let Some((_, walked)) = tree.get(text.id) else { return };
        let mut location = tree.location(text.id);
        if matches!(text.what, What::Label) {
            location = Location { path: Vec::new(), inode: None, ..location };
        }
        let path = location.path.clone();
        let entry = Entry { path: &path, metadata: &walked.metadata, node: walked.node, target: None };
        let subject = Subject { entry, location, wanted: Vec::new(), is_asked_for: false, is_watched: false };
        let mut collected = Collector::default();
        let before = self.outcome.coverage.bytes_searched;
        self.stream(&subject, &mut Dense(&mut bytes(text.what, label).as_slice()), 0, true, &mut collected);
        // They are no content of files.
        self.outcome.coverage.bytes_searched = before;
        for finding in &mut collected.findings {
            (finding.location.line, finding.location.offset) = (None, None);
            finding.evidence.facts.push((FactKey::FoundIn, text.what.shown()));
        }
        self.settle(text.id, collected, &[]);
    }
}

/// The text that lies at `offset`.
fn index(batch: &Batch<'_>, offset: u64) -> usize {
    batch.texts.partition_point(|(start, _)| *start as u64 <= offset).saturating_sub(1)
}

/// All texts of a file system that are long enough.
fn texts<'t>(volume: u32, mounted: &'t Mounted, label: &[u8]) -> impl Iterator<Item = Text<'t>> + use<'t> {
    let id = move |index: u32| EntryId { volume, index };
    let label = (label.len() >= SHORTEST).then_some(Text { id: id(0), what: What::Label });
    let walk = &mounted.walk;
    let names = (0_u32..).zip(&walk.entries).map(move |(index, walked)| (index, walk.name(walked)));
    let names = names.map(move |(index, name)| (index, What::Name(name), name.len()));
    let targets = (0_u32..).zip(&walk.entries).filter_map(|(index, walked)| {
        let target: &[u8] = walked.target.as_deref()?;
        Some((index, What::Target(target), target.len()))
    });
    let attributes = walk.attributes.found.iter().map(|found| {
        let what = What::Attribute(&found.name, &found.value);
        (found.entry, what, found.name.len().saturating_add(found.value.len()))
    });
    let all = names.chain(targets).chain(attributes);
    let long = all.filter(|&(.., len)| len >= SHORTEST);
    label.into_iter().chain(long.map(move |(index, what, _)| Text { id: id(index), what }))
}
