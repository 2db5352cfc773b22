//! Files on lists of the user.
//!
//! **Finds** files, members of archives among them, whose SHA-256 is on a list that the user gave (`--hashes`):
//! whatever their name and place. The lists are read by [`list`].
//!
//! **Why it matters:** lists of malware and of recalled programs are kept as digests; a file on one is it, bit for
//! bit.
//!
//! **Does not find** a file that differs in one byte, deleted files, and files whose bytes could not all be read,
//! which are gaps.
//!
//! **References:** FIPS 180-4, sha256sum(1).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Sink, Stream, StreamDetector};
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use assay_disk::text::hex;
use assay_disk::tree::Entry;

pub mod list;

use list::HashLists;

/// Compares every file with the lists.
pub struct ListedFiles {
    lists: Arc<HashLists>,
    listed: Arc<Advisory>,
}

impl ListedFiles {
    /// For these lists.
    pub fn new(lists: Arc<HashLists>) -> Self {
        let listed = Arc::new(Advisory {
            id: "listed-hash".to_owned(),
            category: Category::Malware,
            title: "File on a list of the user".to_owned(),
            severity: Severity::Critical,
            why: "Its SHA-256 is on a list given with --hashes: the file is bit for bit what the list names."
                .to_owned(),
            remedy:
                "Do not publish the image; find out how the file came in, and build anew from a trusted base."
                    .to_owned(),
            references: vec!["https://attack.mitre.org/techniques/T1588/001/".to_owned()],
        });
        Self { lists, listed }
    }
}

impl StreamDetector for ListedFiles {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.listed)]
    }

    fn is_wanted(&self) -> bool {
        !self.lists.is_empty()
    }

    fn begin(&self) -> Box<dyn Stream + '_> {
        Box::new(Digesting { detector: self, hasher: Sha256::new() })
    }
}

/// The digest of the bytes so far.
struct Digesting<'d> {
    detector: &'d ListedFiles,
    hasher: Sha256,
}

impl Stream for Digesting<'_> {
    fn piece(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn end(&mut self, _: &Entry<'_>, is_whole: bool, sink: &mut dyn Sink) {
        let digest: [u8; 32] = self.hasher.finalize_reset().into();
        for name in self.detector.lists.naming(&digest).filter(|_| is_whole) {
            let finding = Finding::new(&self.detector.listed).fact(FactKey::Sha256, hex(&digest));
            sink.finding(finding.fact(FactKey::List, name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::fs::{FileType, Metadata, NodeId};

    #[test]
    fn a_file_on_a_list_is_found_in_pieces_and_only_if_whole() {
        let mut lists = HashLists::default();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n";
        lists.add("bad.txt", abc.as_bytes()).unwrap();
        let detector = ListedFiles::new(Arc::new(lists));
        let metadata = Metadata::bare(FileType::Regular, 0o644, 3);
        let entry = Entry { path: b"/x", metadata: &metadata, node: NodeId(1), target: None };
        let mut stream = detector.begin();
        let mut found = |pieces: &[&[u8]], is_whole| {
            let mut sink = Collector::default();
            pieces.iter().for_each(|piece| stream.piece(piece));
            stream.end(&entry, is_whole, &mut sink);
            sink.findings
        };
        assert_eq!(
            found(&[b"a", b"", b"bc"], true)[0].evidence.facts[1],
            (FactKey::List, "bad.txt".to_owned())
        );
        // It begins anew for each file.
        assert!(found(&[b"abcd"], true).is_empty());
        assert!(found(&[b"abc"], false).is_empty());
        assert_eq!(found(&[b"abc"], true).len(), 1);
    }

    #[test]
    fn without_a_list_nothing_is_digested() {
        assert!(!ListedFiles::new(Arc::default()).is_wanted());
    }
}
