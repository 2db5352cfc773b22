//! What was looked at, in the report for programs: coverage, volumes, the ledger of all bytes.

use serde::{Serialize, Serializer};

use super::visible::plain;
use crate::audit::{Coverage, VolumeSummary};
use crate::finding::Grade;
use assay_disk::system::ledger::{Ledger, Use};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Coverage"))]
pub(in crate::report) struct CoverageView {
    entries: u64,
    files: u64,
    files_read: u64,
    bytes_searched: u64,
    files_known: u64,
    bytes_known: u64,
    archive_members: u64,
    bytes_unpacked: u64,
    packaged_matches_dropped: u64,
    findings_dropped: u64,
    /// Deleted files that came back, by grade; each grade is there.
    deleted_files: Counts,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Ledger"))]
pub(in crate::report) struct LedgerView {
    size: u64,
    /// Bytes by use; each use is there.
    uses: Counts,
    twice: u64,
    adds_up: bool,
    holes: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Volume"))]
pub(in crate::report) struct Volume<'a> {
    partition: Option<u32>,
    name: Option<&'a str>,
    offset: u64,
    size: u64,
    places: Vec<Run>,
    content: &'a str,
    purpose: Option<&'a str>,
    label: Option<String>,
    uuid: Option<&'a str>,
    mount: Option<String>,
    mount_source: Option<&'static str>,
    free: u64,
    entries: u64,
    read: bool,
    ledger: LedgerView,
}

/// A run of bytes of the image.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Run"))]
pub(in crate::report) struct Run {
    offset: u64,
    size: u64,
}

pub(in crate::report) struct Counts(pub(super) Vec<(&'static str, u64)>);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

pub(in crate::report) fn coverage(coverage: &Coverage) -> CoverageView {
    CoverageView {
        entries: coverage.entries,
        files: coverage.files,
        files_read: coverage.files_read,
        bytes_searched: coverage.bytes_searched,
        files_known: coverage.files_known,
        bytes_known: coverage.bytes_known,
        archive_members: coverage.members,
        bytes_unpacked: coverage.bytes_unpacked,
        packaged_matches_dropped: coverage.packaged_matches_dropped,
        findings_dropped: coverage.findings_dropped,
        deleted_files: Counts(
            Grade::ALL.iter().zip(coverage.deleted).map(|(grade, count)| (grade.name(), count)).collect(),
        ),
    }
}

pub(in crate::report) fn ledger(ledger: &Ledger) -> LedgerView {
    LedgerView {
        size: ledger.size,
        uses: Counts(Use::ALL.map(|what| (what.name(), ledger.bytes(what))).into()),
        twice: ledger.twice,
        adds_up: ledger.adds_up(),
        holes: ledger.holes,
    }
}

pub(in crate::report) fn volume(volume: &VolumeSummary) -> Volume<'_> {
    Volume {
        partition: volume.partition,
        name: volume.name.as_deref(),
        offset: volume.offset,
        size: volume.size,
        places: volume.places.iter().map(|span| Run { offset: span.offset, size: span.len }).collect(),
        content: &volume.content,
        purpose: volume.purpose.as_deref(),
        label: volume.label.as_deref().map(plain),
        uuid: volume.uuid.as_deref(),
        mount: volume.mount.as_deref().map(plain),
        mount_source: volume.mount_source,
        free: volume.usage.free,
        entries: volume.entries,
        read: volume.read,
        ledger: ledger(&volume.ledger),
    }
}
