//! `assay published`: the files of a tree in which values are found, by digest. Of a tree that anybody can have (an
//! unpacked package, the image of a vendor) it makes a list for `scan --published`, or the one that the program carries.

use assay_disk::path::outer_files;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::{Exit, Failure, Terminal, engine, scan, signatures};
use crate::audit::vendor_content::{digest, line};
use crate::audit::{Audited, PublishedFiles, Quiet, Settings};
use crate::finding::{Category, GapKind, Loss};
use assay_disk::text::hex;
use assay_disk::tree::{EntryId, Tree};

/// Runs the command. Lines of the program's list, or those of `sha256sum`.
pub(super) fn run(dir: &Path, carried: bool, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let target = scan::target(None, Some(dir))?;
    let settings = Settings {
        detect: crate::detect::Options::of(signatures::read(None)?),
        published: PublishedFiles { carried: false, ..PublishedFiles::default() },
        ..Settings::default()
    };
    let audited = engine::keep(&target, false, settings, &Quiet)?;
    let mut text = String::new();
    for (path, id) in files(&audited) {
        let digest = digest(&audited.tree, id).map_err(Failure::unreadable)?;
        if carried {
            let size = audited.tree.get(id).map_or(0, |(_, walked)| walked.metadata.size);
            text.push_str(&line(size, &digest));
        } else {
            let _ = writeln!(text, "{}  {}", hex(&digest), assay_disk::text::Escaped(&path));
        }
    }
    terminal.out.write_all(text.as_bytes())?;
    Ok(Exit::PASS)
}

/// The files with values in them, and those that cannot be opened as they are meant to be.
fn files(audited: &Audited) -> BTreeSet<(Vec<u8>, EntryId)> {
    let report = &audited.report;
    let findings = report.findings.iter().filter(|finding| {
        matches!(
            finding.advisory.category,
            Category::Credential
                | Category::SshPrivateKey
                | Category::ShellHistory
                | Category::AuthorizedKeys
                | Category::Miner
        )
    });
    let gaps = report.gaps.iter().filter(|gap| gap.kind == GapKind::Damaged && gap.loss == Loss::Part);
    let places = findings
        .flat_map(|finding| std::iter::once(&finding.location).chain(&finding.related_locations))
        .chain(gaps.map(|gap| &gap.location));
    places.filter_map(|location| file(&audited.tree, &location.path)).collect()
}

/// The file at `path`, or the archive that the member at `path` lies in.
fn file(tree: &Tree, path: &[u8]) -> Option<(Vec<u8>, EntryId)> {
    outer_files(path).chain([path]).find_map(|path| Some((path.to_vec(), tree.find_link(path)?)))
}
