//! MB a CPU-second of each path over all files of a tree, one file after the other, on one thread. Reading the
//! files is not counted.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use assay::audit::{System, Target};
use assay::detect::{self, Collector, Detectors, Interest};
use assay::facts::Facts;
use assay_disk::budget::Budget;
use assay_disk::fs::FileType;
use assay_disk::tree::{Entry, EntryId, Tree};

use crate::paths::Paths;

/// Bytes of files that are held in memory at once.
const HELD: usize = 128 << 20;
/// Times that each path goes over them; the fastest counts.
const ROUNDS: usize = 3;

/// Nanoseconds of CPU that this thread has used.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts time by thread");
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Prints the numbers of the tree at `root`.
pub(crate) fn tell(root: &Path) {
    let before = cpu();
    let system = System::open(&Target::Rootfs(root.to_owned()), &Budget::default()).unwrap();
    let (walk, tree) = (cpu() - before, &system.tree);
    let paths = Paths::new();
    let mut paths = paths.all();
    let mut spent: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
    let (mut bytes, mut files, mut held, mut size) = (0, 0, Vec::new(), 0);
    let regular = tree.ids().filter(|&id| is_regular(tree, id));
    let mut regular = regular.peekable();
    while let Some(id) = regular.next() {
        let content = content(tree, id);
        size += content.len();
        held.push(content);
        if size < HELD && regular.peek().is_some() {
            continue;
        }
        for (index, path) in paths.iter_mut().enumerate() {
            let rounds = (0..ROUNDS).map(|_| {
                let before = cpu();
                let found: usize = held.iter().map(|content| black_box(path.search(content))).sum();
                (cpu() - before, found)
            });
            let (time, found) = rounds.min().unwrap();
            let sum = spent.entry(index).or_default();
            *sum = (sum.0 + time, sum.1 + found);
        }
        files += held.len();
        bytes += size;
        held.clear();
        size = 0;
    }
    let speed = |bytes: u64, time: u64| bytes as f64 * 1000.0 / time.max(1) as f64;
    println!("{files} files, {:.0} MB; walk {:.2} CPU-s", bytes as f64 / 1e6, walk as f64 / 1e9);
    println!("{:<32} {:>10} {:>12} {:>10}", "path", "CPU-s", "MB/CPU-s", "found");
    for (path, (time, found)) in paths.iter().zip(spent.values()) {
        let seconds = *time as f64 / 1e9;
        println!("{:<32} {seconds:>10.3} {:>12.0} {found:>10}", path.name, speed(bytes as u64, *time));
    }
    let known = Known::of(tree);
    let before = cpu();
    let found = known.inspect();
    let time = cpu() - before;
    let mb = known.bytes() as f64 / 1e6;
    println!("file rules: {} files of {mb:.1} MB parsed", known.files.len());
    let speed = speed(known.bytes(), time);
    println!("{:<32} {:>10.3} {speed:>12.0} {found:>10}", "file rules", time as f64 / 1e9);
}

fn is_regular(tree: &Tree, id: EntryId) -> bool {
    tree.get(id).is_some_and(|(_, walked)| walked.metadata.file_type == FileType::Regular)
}

fn content(tree: &Tree, id: EntryId) -> Vec<u8> {
    let mut node = tree.open(id).unwrap();
    let mut content = vec![0; usize::try_from(node.metadata().size).unwrap()];
    let mut filled = 0;
    while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match node.read_at(filled as u64, rest) {
            Ok(0) | Err(_) => break,
            Ok(read) => filled += read,
        }
    }
    content.truncate(filled);
    content
}

/// The files of a tree that file detectors want to see, and their content.
pub(crate) struct Known<'t> {
    tree: &'t Tree,
    detectors: Detectors,
    facts: Facts,
    files: Vec<(EntryId, Vec<usize>, Vec<u8>)>,
}

impl<'t> Known<'t> {
    pub(crate) fn of(tree: &'t Tree) -> Self {
        let (facts, _) = Facts::gather(tree);
        let mut known = Self { tree, detectors: detect::all(), facts, files: Vec::new() };
        for id in tree.ids().filter(|&id| is_regular(tree, id)) {
            let wanted = known.with_entry(id, |entry| {
                let all = known.detectors.files.iter().enumerate();
                let wanted = all.filter(|(_, one)| one.interest(entry, &known.facts) == Interest::Content);
                wanted.map(|(index, _)| index).collect::<Vec<_>>()
            });
            if !wanted.is_empty() {
                let content = content(tree, id);
                known.files.push((id, wanted, content));
            }
        }
        known
    }

    fn with_entry<T>(&self, id: EntryId, look: impl FnOnce(&Entry<'_>) -> T) -> T {
        let (_, walked) = self.tree.get(id).unwrap();
        let path = self.tree.path(id);
        look(&Entry { path: &path, metadata: &walked.metadata, node: walked.node, target: None })
    }

    /// Bytes of the files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, _, content)| content.len() as u64).sum()
    }

    /// Has each file looked at by the detectors that want it; returns how much they found.
    pub(crate) fn inspect(&self) -> usize {
        let mut collected = Collector::default();
        for (id, wanted, content) in &self.files {
            self.with_entry(*id, |entry| {
                for detector in wanted.iter().filter_map(|&index| self.detectors.files.get(index)) {
                    detector.inspect(entry, content, &self.facts, &mut collected);
                }
            });
        }
        collected.findings.len()
    }
}
