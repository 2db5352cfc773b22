//! Tests and examples of libraries, proved by the library's own list of its files to be as they were published.
//!
//! A wheel of Python has a `RECORD` with the SHA-256 of each of its files, a crate that was vendored a
//! `.cargo-checksum.json`, and cargo's home the index with the sum of each crate. Who makes the image can make such a
//! list, too: so what lies there is rated lower, where its name or, in a Rust source, its place says that it is a test, and
//! never left out.
//!
//! Sources: the Python packaging guide, "Recording installed projects"; `cargo help vendor`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::worker::Shared;
use super::cargo::{Crates, Place};
use super::list::digest;
use super::rust_source::Examples;
use crate::detect::examples::WITHIN;
use crate::finding::Location;
use assay_disk::text::hex;
use assay_disk::tree::{EntryId, Tree};

/// Largest list that is read, in bytes.
const LIMIT: u64 = 8 << 20;
/// Directories above a file in which its crate's list is looked for.
const LEVELS: usize = 8;
/// Directories of Python's libraries.
const PYTHON: [&[u8]; 2] = [b"/site-packages/", b"/dist-packages/"];

/// The lists of a directory of libraries.
type Records = Arc<Vec<Vec<u8>>>;

/// What the libraries of an image say of their files, read when it is asked for.
#[derive(Debug, Default)]
pub(in crate::audit) struct Libraries {
    records: Mutex<BTreeMap<Vec<u8>, Records>>,
    crates: Crates,
}

impl Libraries {
    /// Whether a file of this name may have tests in it.
    pub(super) fn may_be_test(path: &[u8]) -> bool {
        Self::is_test(path) || is_rust(path)
    }

    /// Whether the name of a file says that it is a test, an example or a text about a library.
    pub(super) fn is_test(path: &[u8]) -> bool {
        is_test(path)
    }

    /// Where the tests are within a file that its library's list has with its sum; none if no list has it.
    pub(super) fn stock(&self, tree: &Tree, id: EntryId, path: &[u8]) -> Option<Examples> {
        if !self.is_recorded(tree, id, path) && !is_in_checksums(tree, id, path) {
            return None;
        }
        let source = || tree.content(id, LIMIT).unwrap_or_default();
        Some(if is_rust(path) { Examples::of(&source()) } else { Examples::default() })
    }

    /// The same for a crate in cargo's home, packed or not; none if the file is of no such crate.
    pub(super) fn is_test_in_crate(&self, shared: Shared<'_>, id: EntryId, at: &Location) -> Option<bool> {
        let place = Place::parse(&at.path)?;
        let is_test = is_test(place.inner) || self.crates.is_example(shared, place, at.line);
        Some(is_test && self.crates.published(shared, id, place))
    }

    /// Whether a wheel's RECORD has the file, with its sum.
    fn is_recorded(&self, tree: &Tree, id: EntryId, path: &[u8]) -> bool {
        let root = PYTHON
            .iter()
            .find_map(|part| Some(memchr::memmem::rfind(path, part)?.saturating_add(part.len())));
        let Some((root, inner)) = root.and_then(|at| path.split_at_checked(at)) else { return false };
        let line = [b"\n", inner, b",sha256="].concat();
        let recorded = self.records(tree, root).iter().find_map(|text| {
            let at = memchr::memmem::find(text, &line)?.checked_add(line.len())?;
            let sum = text.get(at..)?.split(|byte| *byte == b',').next()?;
            URL_SAFE_NO_PAD.decode(sum).ok()
        });
        recorded.is_some_and(|sum| digest(tree, id).is_ok_and(|is| is.as_slice() == sum.as_slice()))
    }

    fn records(&self, tree: &Tree, root: &[u8]) -> Records {
        let mut known = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            let names = tree.list(root.strip_suffix(b"/").unwrap_or(root)).into_iter().map(|(name, _)| name);
            let of_wheel = |name: Vec<u8>| {
                let file = |file: &[u8]| tree.find(&[root, &name, b"/", file].concat());
                // What came from a folder or a repository was published by nobody.
                let record = file(b"RECORD").filter(|_| file(b"direct_url.json").is_none())?;
                Some([b"\n".as_slice(), &tree.content(record, LIMIT).ok()?].concat())
            };
            Arc::new(names.filter(|name| name.ends_with(b".dist-info")).filter_map(of_wheel).collect())
        };
        Arc::clone(known.entry(root.to_vec()).or_insert_with(read))
    }
}

/// Whether the list of a vendored crate has the file, with its sum.
fn is_in_checksums(tree: &Tree, id: EntryId, path: &[u8]) -> bool {
    let mut directory = path;
    for _ in 0..LEVELS {
        let Some(at) = memchr::memrchr(b'/', directory) else { return false };
        directory = directory.get(..at).unwrap_or_default();
        let Some(list) = tree.find(&[directory, b"/.cargo-checksum.json"].concat()) else { continue };
        let Some(list) = tree.content(list, LIMIT).ok().and_then(|text| serde_json::from_slice(&text).ok())
        else {
            return false;
        };
        let list: serde_json::Value = list;
        let inner = path.get(at.saturating_add(1)..).and_then(|inner| std::str::from_utf8(inner).ok());
        let sum = inner.and_then(|inner| list.get("files")?.get(inner)?.as_str());
        // A crate of a repository or a folder has no sum of its package.
        let is_published = list.get("package").is_some_and(serde_json::Value::is_string);
        return is_published && sum.is_some_and(|sum| digest(tree, id).is_ok_and(|is| hex(&is) == sum));
    }
    false
}

fn is_rust(path: &[u8]) -> bool {
    path.ends_with(b".rs")
}

/// Whether a part of the path says that the file is a test, an example or a text about a library.
fn is_test(path: &[u8]) -> bool {
    // Beside those that packages of a distribution have.
    const DIRECTORIES: [&[u8]; 10] = [
        b"test-data",
        b"testutils",
        b"selftest",
        b"fixture",
        b"specs",
        b"benches",
        b"benchmarks",
        b"fuzz",
        b"mocks",
        b"vectors",
    ];
    const FILES: [&[u8]; 7] =
        [b"readme", b"changelog", b"changes", b"history", b"news", b"metadata", b"pkg-info"];
    let lower = path.to_ascii_lowercase();
    let mut parts: Vec<&[u8]> = lower.split(|byte| *byte == b'/').collect();
    let name = parts.pop().unwrap_or_default();
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    let is_tests = |part: &&[u8]| {
        WITHIN.contains(part)
            || DIRECTORIES.contains(part)
            || [&b"_tests"[..], b"-tests", b"_test", b"-test", b"-test-suite"]
                .iter()
                .any(|end| part.ends_with(end))
            || part.starts_with(b"test_")
            || part.starts_with(b"test-")
    };
    parts.iter().any(is_tests)
        || is_tests(&stem)
        || stem == b"conftest"
        || FILES.contains(&stem)
        || [
            &b".md"[..],
            b".rst",
            b".mdx",
            b".adoc",
            b"_unittest.cc",
            b".spec.ts",
            b".spec.js",
            b".test.js",
            b".test.ts",
        ]
        .iter()
        .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    #[test]
    fn a_name_says_that_a_file_is_a_test() {
        for path in [
            "/v/site-packages/Crypto/SelfTest/a.py",
            "/v/site-packages/ecdsa/test_keys.py",
            "/c/aws-lc/crypto/evp_test.cc",
            "/c/pem/README.md",
            "/c/x/benches/a.rs",
            "/c/x/aws-sig-v4-test-suite/a",
            "/v/x/conftest.py",
        ] {
            assert!(is_test(path.as_bytes()), "{path}");
        }
        for path in [
            "/v/site-packages/synapse/util/manhole.py",
            "/srv/app/attest.py",
            "/srv/contest/a.py",
            "/srv/latest/a",
        ] {
            assert!(!is_test(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_file_that_a_library_lists_with_its_sum_is_stock() {
        // SHA-256 of "abc", as FIPS 180 has it.
        let sum = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        let record =
            format!("a/tests/k.py,sha256={sum},3\na/tests/l.py,sha256={sum},3\na-1.dist-info/RECORD,,\n");
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let checksums =
            |package: &str| format!("{{\"files\":{{\"tests/k.rs\":\"{hex}\"}},\"package\":{package}}}");
        let memory = Memory::new()
            .file("/v/site-packages/a/tests/k.py", "abc")
            .file("/v/site-packages/a/tests/l.py", "abd")
            .file("/v/site-packages/a-1.dist-info/RECORD", record)
            .file("/c/vendor/p/tests/k.rs", "abc")
            .file("/c/vendor/p/.cargo-checksum.json", checksums("\"00\""))
            .file("/c/vendor/q/tests/k.rs", "abc")
            .file("/c/vendor/q/.cargo-checksum.json", checksums("null"));
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let libraries = Libraries::default();
        let is_stock = |path: &str| {
            let id = tree.find(path.as_bytes()).unwrap();
            Libraries::is_test(path.as_bytes()) && libraries.stock(&tree, id, path.as_bytes()).is_some()
        };
        assert!(is_stock("/v/site-packages/a/tests/k.py") && is_stock("/c/vendor/p/tests/k.rs"));
        assert!(!is_stock("/v/site-packages/a/tests/l.py") && !is_stock("/c/vendor/q/tests/k.rs"));
    }
}
