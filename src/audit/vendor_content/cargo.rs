//! Crates of the public registry in cargo's home, proved by cargo's copy of the index.
//!
//! The index gives the SHA-256 of each `.crate`. A `.crate` with that sum is the published one, and a file that was
//! unpacked from it is the published one if it equals its member. Who makes the image can make an index, too: what this
//! proof is worth, `library` says. Other registries are somebody's own, and prove nothing.
//!
//! Sources: The Cargo Book, "Cargo Home" and "Index Format"; `src/cargo/sources/registry/index/cache.rs` of cargo for
//! the copy: a head, then a version and its line of JSON by turns, each ended by a zero.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::super::worker::Shared;
use super::list::digest;
use super::rust_source::Examples;
use crate::archive::{self, UnpackMeter};
use assay_disk::text::unhex;
use assay_disk::tree::{EntryId, Tree};

/// Largest `.crate` that is unpacked, in bytes: crates.io takes 10 MiB.
const PACKED: u64 = 32 << 20;
/// Largest list of the versions of one crate, in bytes.
const LIST: u64 = 16 << 20;
/// Most of a source that is looked through for tests, in bytes.
const SOURCE: u64 = 8 << 20;
/// Directory of the registry that was a repository of Git: its name is a hash of the address.
const GIT_INDEX: &[u8] = b"github.com-1ecc6299db9ec823";

/// Where a file of a crate lies in cargo's home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    /// The path that ends with `/registry/`.
    registry: &'p [u8],
    /// The directory of the index, `index.crates.io-1949cf8c6b5b557f`.
    index: &'p [u8],
    /// `serde-1.0.200`.
    package: &'p [u8],
    /// The path in the crate.
    pub(super) inner: &'p [u8],
    /// Whether it lies in the `.crate`.
    is_packed: bool,
}

impl<'p> Place<'p> {
    /// What the path of a file or of a member of a `.crate` says; none if it is no file of a crate of the public registry.
    pub(super) fn parse(path: &'p [u8]) -> Option<Self> {
        let at = memchr::memmem::find(path, b"/registry/")?.checked_add(b"/registry/".len())?;
        let (registry, rest) = path.split_at_checked(at)?;
        let (kind, rest) = split(rest)?;
        let (index, rest) = split(rest)?;
        let (first, rest) = split(rest)?;
        if !index.starts_with(b"index.crates.io-") && index != GIT_INDEX {
            return None;
        }
        let (package, inner, is_packed) = match kind {
            b"src" => (first, rest, false),
            b"cache" => {
                let package = first.strip_suffix(b".crate!")?;
                (package, rest.strip_prefix(package)?.strip_prefix(b"/")?, true)
            }
            _ => return None,
        };
        Some(Self { registry, index, package, inner, is_packed })
    }

    /// The file of the crate, which may be an archive with the path in it.
    fn file(&self) -> &'p [u8] {
        let end = memchr::memmem::find(self.inner, b"!/").unwrap_or(self.inner.len());
        self.inner.get(..end).unwrap_or_default()
    }

    fn packed(&self) -> Vec<u8> {
        [self.registry, b"cache/", self.index, b"/", self.package, b".crate"].concat()
    }

    /// The sum of the `.crate` by the index.
    fn sum(&self, tree: &Tree) -> Option<[u8; 32]> {
        let dashes = self.package.iter().enumerate().filter(|(_, byte)| **byte == b'-');
        dashes.filter_map(|(at, _)| self.package.split_at_checked(at)).find_map(|(name, version)| {
            let lower = name.to_ascii_lowercase();
            let version =
                version.strip_prefix(b"-").filter(|rest| rest.first().is_some_and(u8::is_ascii_digit))?;
            let directory = directory_of(&lower)?;
            let list = [self.registry, b"index/", self.index, b"/.cache/", &directory, b"/", &lower].concat();
            sum_of(&tree.content(tree.find(&list)?, LIST).ok()?, version)
        })
    }
}

/// A file of a crate.
#[derive(Debug)]
struct Member {
    digest: [u8; 32],
    examples: Examples,
}

type Members = Arc<BTreeMap<Vec<u8>, Member>>;

/// The crates that were proved, each when it is asked for.
#[derive(Debug, Default)]
pub(super) struct Crates {
    known: Mutex<BTreeMap<Vec<u8>, Option<Members>>>,
}

impl Crates {
    /// Whether the file is the published one.
    pub(super) fn published(&self, shared: Shared<'_>, id: EntryId, place: Place<'_>) -> bool {
        self.members(shared, place).is_some_and(|members| {
            let member = members.get(place.file());
            member.is_some_and(|member| {
                place.is_packed || digest(shared.tree, id).is_ok_and(|is| is == member.digest)
            })
        })
    }

    /// Whether the line of a member lies in a test or an example.
    pub(super) fn is_example(&self, shared: Shared<'_>, place: Place<'_>, line: Option<u64>) -> bool {
        let members = self.members(shared, place);
        members
            .is_some_and(|members| members.get(place.file()).is_some_and(|member| member.examples.have(line)))
    }

    /// The files of a crate that is the published one.
    fn members(&self, shared: Shared<'_>, place: Place<'_>) -> Option<Members> {
        let path = place.packed();
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&path) {
            return known.clone();
        }
        let members = unpack(shared, place, &path).map(Arc::new);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(path, members.clone());
        members
    }
}

/// The files of the `.crate` at `path`, if the index has its sum.
fn unpack(shared: Shared<'_>, place: Place<'_>, path: &[u8]) -> Option<BTreeMap<Vec<u8>, Member>> {
    let tree = shared.tree;
    let sum = place.sum(tree)?;
    let packed = tree.content(tree.find(path)?, PACKED).ok()?;
    if Sha256::digest(&packed).as_slice() != sum.as_slice() {
        return None;
    }
    let spent = UnpackMeter::of_image(packed.len() as u64, shared.budget, shared.unpacked);
    let mut members = BTreeMap::new();
    let mut input = GzDecoder::new(packed.as_slice());
    let problems =
        archive::members(&archive::tar::FORMAT, &mut input, shared.budget, &spent, &mut |member| {
            let name = member.name.and_then(|name| name.strip_prefix(place.package)?.strip_prefix(b"/"));
            if let Some(name) = name {
                members.entry(name.to_vec()).or_insert_with(|| read(name, member.content));
            }
            ControlFlow::Continue(())
        });
    // What was not read to its end is proved by nothing.
    problems.is_empty().then_some(members)
}

fn read(name: &[u8], content: &mut dyn Read) -> Member {
    let mut text = Vec::new();
    let mut hasher = Sha256::new();
    if name.ends_with(b".rs") {
        // An error is one of the archive, too, which then proves nothing.
        let _ = (&mut *content).take(SOURCE).read_to_end(&mut text);
        hasher.update(&text);
    }
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = content.read(&mut piece) {
        hasher.update(piece.get(..read).unwrap_or_default());
    }
    Member { digest: hasher.finalize().into(), examples: Examples::of(&text) }
}

/// The first part of a path, and the rest.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = path.split_at_checked(memchr::memchr(b'/', path)?)?;
    Some((first, rest.strip_prefix(b"/")?))
}

/// The directory of a crate's list in the index, by the letters of its name.
fn directory_of(name: &[u8]) -> Option<Vec<u8>> {
    Some(match name {
        [] => return None,
        [_] => b"1".to_vec(),
        [_, _] => b"2".to_vec(),
        [one, _, _] => vec![b'3', b'/', *one],
        [one, two, three, four, ..] => vec![*one, *two, b'/', *three, *four],
    })
}

/// The sum of a version in the copy of a crate's list.
fn sum_of(list: &[u8], version: &[u8]) -> Option<[u8; 32]> {
    let mut parts = list.split(|byte| *byte == 0).skip_while(|part| *part != version);
    let line: serde_json::Value = serde_json::from_slice(parts.nth(1)?).ok()?;
    let is_of_version = line.get("vers")?.as_str()?.as_bytes() == version;
    is_of_version.then_some(())?;
    unhex(line.get("cksum")?.as_str()?.as_bytes())
}
