//! Package databases: patched ones of RPM (SQLite with its log, NDB, Berkeley DB), dpkg and apk, and bare headers.
#![no_main]

use ami_assay_fuzz::Patched;
use ami_assay_fuzz::seeds::{Seeds, cached};
use assay::facts::Facts;
use assay::files::Files;
use assay_disk::fs::{FileType, FsError};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

/// One file at its place, and for a database its log.
struct Shelf(Vec<(&'static [u8], Vec<u8>)>);

impl Files for Shelf {
    fn read(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, FsError> {
        Ok(self.get(path).filter(|content| content.len() as u64 <= limit).cloned())
    }
    fn list(&self, _: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        Vec::new()
    }
    fn size(&self, path: &[u8]) -> Option<u64> {
        self.get(path).map(|content| content.len() as u64)
    }
    fn read_at(&self, path: &[u8], offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let rest = self.get(path).and_then(|content| content.get(offset as usize..)).unwrap_or_default();
        let len = rest.len().min(dst.len());
        dst[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
    fn is_same(&self, one: &[u8], other: &[u8]) -> bool {
        one == other
    }
    fn kind(&self, path: &[u8]) -> Option<FileType> {
        self.get(path).map(|_| FileType::Regular)
    }
    fn target(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

impl Shelf {
    fn get(&self, path: &[u8]) -> Option<&Vec<u8>> {
        self.0.iter().find(|(name, _)| *name == path).map(|(_, content)| content)
    }
}

/// A Berkeley DB of one page with a header as its only value.
fn berkeley(header: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 16 | 512];
    bytes[12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
    bytes[20..24].copy_from_slice(&65_536_u32.to_le_bytes());
    bytes[32..36].copy_from_slice(&1_u32.to_le_bytes());
    bytes.resize(2 << 16, 0);
    let header = &header[..header.len().min(60_000)];
    let (page, start) = (1 << 16, (1 << 16) - 16 - header.len() - 1);
    bytes[page + 20] = 2;
    bytes[page + 25] = 13;
    bytes[page + 26..page + 28].copy_from_slice(&(65_520_u16).to_le_bytes());
    bytes[page + 28..page + 30].copy_from_slice(&(start as u16).to_le_bytes());
    bytes[page + start] = 1;
    bytes[page + start + 1..page + start + 1 + header.len()].copy_from_slice(header);
    bytes
}

fuzz_target!(|input: &[u8]| {
    let Some((seed, _)) = Patched::shared(cached(&SEEDS, &["packages-"]), input) else { return };
    let Some(patched) = Patched::new(cached(&SEEDS, &["packages-"]), input) else { return };
    let bytes = patched.bytes();
    let files: Vec<(&[u8], Vec<u8>)> = match seed.name.trim_start_matches("packages-") {
        "sqlite" => vec![(b"/var/lib/rpm/rpmdb.sqlite", bytes)],
        "ndb" => vec![(b"/var/lib/rpm/Packages.db", bytes)],
        "header" => vec![(b"/var/lib/rpm/Packages", berkeley(&bytes))],
        "apk" => vec![(b"/lib/apk/db/installed", bytes)],
        "dpkg" => vec![
            (b"/var/lib/dpkg/status", bytes.clone()),
            (b"/var/lib/dpkg/info/a.list", bytes.clone()),
            (b"/var/lib/dpkg/info/a.md5sums", bytes),
        ],
        // A database and its log, one after the other.
        "logged" => {
            let at =
                bytes.windows(4).position(|four| four == [0x37, 0x7f, 0x06, 0x82]).unwrap_or(bytes.len());
            let (database, log) = bytes.split_at(at);
            vec![
                (b"/var/lib/rpm/rpmdb.sqlite", database.to_vec()),
                (b"/var/lib/rpm/rpmdb.sqlite-wal", log.to_vec()),
            ]
        }
        _ => vec![(b"/var/lib/rpm/Packages", bytes)],
    };
    let (facts, gaps) = Facts::gather_from(&Shelf(files), &assay::budget::Budget::default());
    let packages = &facts.packages;
    for (path, _) in packages.paths().take(1000) {
        assert!(packages.owner(path).is_some());
        let _ = packages.recorded(path);
    }
    assert!(!packages.is_partial() || !gaps.is_empty(), "not all was read, and nothing says so");
});
