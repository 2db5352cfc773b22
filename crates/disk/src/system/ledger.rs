//! The ledger: what every byte of the image is, and whether it was looked at. It adds up to the image.
//!
//! What a file system is made of: the content of its files, what it says is free, and the rest, which are
//! its structures (tables of inodes, directories, journals, maps), and blocks of nobody.

use super::VolumeSummary;
use crate::bytes::{ReadError, Source, Span, read_vec};
use crate::fs::Area;

/// What bytes of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Content of files that was searched.
    Searched,
    /// Content of files that could not be read: there is a gap that says why.
    Unsearched,
    /// Set aside for files, never written.
    Unwritten,
    /// Behind the ends of files, in their last blocks: searched as raw bytes.
    Slack,
    /// What a file system or a volume needs for itself: read, and what of a file system is not zeros is searched as
    /// raw bytes, too.
    Structures,
    /// The journal of a file system: the same.
    Journal,
    /// In use, and neither content of a file nor a table of the file system: searched as raw bytes.
    Unclaimed,
    /// Free, as the file system says: not searched.
    Free,
    /// Free, and content of deleted files that came back: searched as those.
    Recovered,
    /// Free, and something was left there: searched as raw bytes.
    FreeSearched,
    /// Free, and zeros.
    FreeBlank,
    /// After the end of a file system in its partition, or outside of all partitions: zeros.
    Blank,
    /// Searched as raw bytes: what lies there and is not zeros (partition tables, boot loaders, leftovers), and
    /// volumes that no reader opens.
    Raw,
    /// Other volumes are made of them, and account for them.
    Volumes,
    /// Encrypted or unreadable volumes: there is a gap that says why.
    NotRead,
}

impl Use {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 15] = [
        Self::Searched,
        Self::Unsearched,
        Self::Unwritten,
        Self::Slack,
        Self::Structures,
        Self::Journal,
        Self::Unclaimed,
        Self::Free,
        Self::Recovered,
        Self::FreeSearched,
        Self::FreeBlank,
        Self::Blank,
        Self::Raw,
        Self::Volumes,
        Self::NotRead,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Searched => "searched",
            Self::Unsearched => "unsearched",
            Self::Unwritten => "unwritten",
            Self::Slack => "slack",
            Self::Structures => "structures",
            Self::Journal => "journal",
            Self::Unclaimed => "unclaimed",
            Self::Free => "free",
            Self::Recovered => "recovered",
            Self::FreeSearched => "free-searched",
            Self::FreeBlank => "free-blank",
            Self::Blank => "blank",
            Self::Raw => "raw",
            Self::Volumes => "volumes",
            Self::NotRead => "not-read",
        }
    }
}

/// An account: bytes by use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Bytes to account for.
    pub size: u64,
    /// Bytes by use, in the order of [`Use::ALL`]; uses of no byte are left out.
    pub uses: Vec<(Use, u64)>,
    /// Bytes that are counted under two uses: partitions that overlap, or free blocks that files claim.
    pub twice: u64,
    /// Bytes of files that are holes, and on no disk: not a part of the sum.
    pub holes: u64,
}

impl Ledger {
    fn of(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    fn add(&mut self, what: Use, bytes: u64) {
        if bytes == 0 {
            return;
        }
        match self.uses.iter_mut().find(|(known, _)| *known == what) {
            Some((_, sum)) => *sum = sum.saturating_add(bytes),
            None => self.uses.push((what, bytes)),
        }
        self.uses.sort_unstable();
    }

    /// Bytes of one use.
    pub fn bytes(&self, what: Use) -> u64 {
        self.uses.iter().find(|(known, _)| *known == what).map_or(0, |(_, bytes)| *bytes)
    }

    fn sum(&self) -> u64 {
        self.uses.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// What is in use or free, may hold something, and was not looked at.
    pub fn unsearched(&self) -> Vec<Use> {
        let open = [Use::Unsearched, Use::Free, Use::NotRead];
        open.into_iter().filter(|&what| self.bytes(what) > 0).collect()
    }

    /// Whether the uses, without what is counted twice, are the size.
    pub fn adds_up(&self) -> bool {
        self.sum().saturating_sub(self.twice) == self.size
    }
}

/// Bytes outside of partitions or file systems that are read to tell zeros from others.
const LOOK: u64 = 1 << 30;
/// Bytes that are read at once for it.
const PIECE: u64 = 1 << 20;
/// Unit in which zeros are told from others.
const SECTOR: usize = 512;

/// Of the bytes of `source` in `span`: how many lie in sectors that are all zeros, and how many do not or
/// were too many to look at.
///
/// # Errors
/// [`ReadError`], where the source cannot be read.
pub(super) fn blank_and_other(source: &dyn Source, span: Span) -> Result<(u64, u64), ReadError> {
    let end = span.end().unwrap_or(u64::MAX).min(source.len());
    let size = end.saturating_sub(span.offset);
    let mut other = 0_u64;
    let mut at = span.offset;
    let mut looked = 0_u64;
    while let Some(data) = source.next_data(at)?.filter(|data| data.offset < end) {
        at = at.max(data.offset);
        let stop = data.end().unwrap_or(u64::MAX).min(end);
        while at < stop {
            let len = stop.saturating_sub(at).min(PIECE);
            if looked >= LOOK {
                return Ok((
                    size.saturating_sub(other).saturating_sub(end.saturating_sub(at)),
                    other.saturating_add(end.saturating_sub(at)),
                ));
            }
            let bytes = read_vec(source, at, usize::try_from(len).unwrap_or(0))?;
            let written = bytes.chunks(SECTOR).filter(|sector| sector.iter().any(|&byte| byte != 0));
            let before = other;
            other = written.fold(other, |sum, sector| sum.saturating_add(sector.len() as u64));
            at = at.saturating_add(len);
            // Zeros that are stored are none the less zeros.
            looked = looked.saturating_add(if other > before { len } else { 0 });
        }
    }
    Ok((size.saturating_sub(other), other))
}

/// The account of one volume, `unsearched` bytes of whose file content could not be read.
pub fn of_volume(volume: &VolumeSummary, unsearched: u64) -> Ledger {
    let own = volume.size.saturating_sub(volume.missing);
    let mut ledger = Ledger::of(own.saturating_add(volume.pooled));
    let size = ledger.size;
    ledger.holes = volume.occupied.holes;
    if let Some(unclaimed) = volume.unclaimed {
        add_free(&mut ledger, volume, unclaimed.min(size));
        ledger.add(Use::Volumes, size.saturating_sub(unclaimed));
        return ledger;
    }
    let (blank, other) = volume.beyond;
    ledger.add(Use::Blank, blank);
    if !volume.read {
        let raw = other.saturating_sub(unsearched);
        ledger.add(Use::Raw, raw);
        ledger.add(Use::NotRead, size.saturating_sub(blank).saturating_sub(raw));
        return ledger;
    }
    ledger.add(Use::Raw, other);
    let total = volume.usage.total.min(size);
    let content = volume.usage.data.unwrap_or(volume.occupied.on_disk);
    let unsearched = unsearched.min(content);
    let area = |wanted| {
        let mine = volume.areas.iter().filter(|(area, _)| *area == wanted);
        mine.fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes))
    };
    // Blocks of files are counted whole, where their places are counted at all.
    let known = volume.usage.data.is_none();
    let slack =
        area(Area::Slack).min(content.saturating_sub(unsearched)).min(if known { u64::MAX } else { 0 });
    ledger.add(Use::Searched, content.saturating_sub(unsearched).saturating_sub(slack));
    ledger.add(Use::Slack, slack);
    ledger.add(Use::Unsearched, unsearched);
    ledger.add(Use::Unwritten, volume.occupied.unwritten);
    add_free(&mut ledger, volume, volume.usage.free);
    let claimed = content.saturating_add(volume.occupied.unwritten).saturating_add(volume.usage.free);
    let rest = total.saturating_sub(claimed);
    let journal = area(Area::Journal).min(rest);
    // What is set aside for files has no place, and is counted above.
    let unclaimed = area(Area::Unclaimed).saturating_sub(volume.occupied.unwritten);
    let unclaimed = unclaimed.min(rest.saturating_sub(journal));
    ledger.add(Use::Structures, rest.saturating_sub(journal).saturating_sub(unclaimed));
    ledger.add(Use::Journal, journal);
    ledger.add(Use::Unclaimed, unclaimed);
    // An image that lies, or one cut short, claims more than is there.
    ledger.twice = ledger.sum().saturating_sub(size);
    ledger
}

/// What is free: as a whole, or by what was found there.
fn add_free(ledger: &mut Ledger, volume: &VolumeSummary, free: u64) {
    let Some(found) = volume.free else { return ledger.add(Use::Free, free) };
    let recovered = found.recovered.min(free);
    let written = found.written.min(free.saturating_sub(recovered));
    ledger.add(Use::Recovered, recovered);
    ledger.add(Use::FreeSearched, written);
    ledger.add(Use::FreeBlank, free.saturating_sub(recovered).saturating_sub(written));
}

/// The account of an image of `size` bytes, of those of its volumes and of `outside`, the zeros and the
/// other bytes that no partition claims.
///
/// What partitions give to logical volumes and arrays is counted there; what those do not need are tables of
/// the volume manager and second copies: structures.
pub fn of_image(size: u64, volumes: &[VolumeSummary], (blank, other): (u64, u64)) -> Ledger {
    let mut ledger = Ledger::of(size);
    let (mut given, mut taken) = (0_u64, 0_u64);
    for volume in volumes.iter().filter(|volume| !volume.inside) {
        let is_logical = volume.name.is_some();
        for &(what, bytes) in &volume.ledger.uses {
            match (what, is_logical) {
                (Use::Volumes, true) => continue,
                (Use::Volumes, false) => given = given.saturating_add(bytes),
                (_, true) => taken = taken.saturating_add(bytes),
                _ => {}
            }
            if what != Use::Volumes {
                ledger.add(what, bytes);
            }
        }
        ledger.holes = ledger.holes.saturating_add(volume.ledger.holes);
    }
    ledger.add(Use::Structures, given.saturating_sub(taken));
    ledger.add(Use::Blank, blank);
    ledger.add(Use::Raw, other);
    // The partitions' own, and partitions that overlap.
    ledger.twice = ledger.sum().saturating_sub(size);
    ledger
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Usage;
    use crate::system::FreeSpace;
    use crate::tree::occupancy::Occupied;

    fn volume() -> VolumeSummary {
        VolumeSummary {
            size: 1000,
            read: true,
            usage: Usage { total: 900, free: 300, block: 1, data: None },
            occupied: Occupied { on_disk: 400, holes: 77, unwritten: 50, packed: 0 },
            beyond: (90, 10),
            ..VolumeSummary::default()
        }
    }

    #[test]
    fn a_volume_adds_up() {
        let ledger = of_volume(&volume(), 40);
        let expected = [
            (Use::Searched, 360),
            (Use::Unsearched, 40),
            (Use::Unwritten, 50),
            (Use::Structures, 150),
            (Use::Free, 300),
            (Use::Blank, 90),
            (Use::Raw, 10),
        ];
        assert_eq!(ledger.uses, expected);
        assert_eq!((ledger.twice, ledger.holes, ledger.adds_up()), (0, 77, true));
    }

    #[test]
    fn areas_are_parts_of_what_was_counted_and_it_adds_up() {
        let mut volume = volume();
        volume.areas =
            vec![(Area::Slack, 30), (Area::Journal, 60), (Area::Unclaimed, 75), (Area::Directories, 9)];
        let ledger = of_volume(&volume, 40);
        let bytes = [Use::Searched, Use::Slack, Use::Structures, Use::Journal, Use::Unclaimed];
        assert_eq!(bytes.map(|what| ledger.bytes(what)), [330, 30, 65, 60, 25]);
        assert!(ledger.adds_up());
    }

    #[test]
    fn free_space_that_was_searched_is_what_was_found_in_it() {
        let mut volume = volume();
        volume.free = Some(FreeSpace { recovered: 30, written: 70 });
        let ledger = of_volume(&volume, 0);
        let bytes = [Use::Free, Use::Recovered, Use::FreeSearched, Use::FreeBlank];
        assert_eq!(bytes.map(|what| ledger.bytes(what)), [0, 30, 70, 200]);
        assert!(ledger.adds_up());
    }

    #[test]
    fn free_blocks_that_files_claim_count_twice() {
        let mut volume = volume();
        volume.usage.free = 600;
        let ledger = of_volume(&volume, 0);
        assert_eq!((ledger.bytes(Use::Structures), ledger.twice, ledger.adds_up()), (0, 150, true));
    }

    #[test]
    fn an_image_is_its_volumes_and_what_lies_around_them() {
        let closed = VolumeSummary { size: 500, missing: 100, ..VolumeSummary::default() };
        let parts =
            [volume(), closed].map(|volume| VolumeSummary { ledger: of_volume(&volume, 0), ..volume });
        let ledger = of_image(1450, &parts, (40, 10));
        assert_eq!((ledger.bytes(Use::NotRead), ledger.bytes(Use::Raw)), (400, 20));
        assert!(ledger.adds_up());
        assert_eq!(of_image(1400, &parts, (40, 10)).twice, 50);
        assert!(!of_image(1500, &parts, (40, 10)).adds_up());
    }

    #[test]
    fn a_mirror_counts_once_as_a_volume_and_once_as_a_copy() {
        let part = VolumeSummary { size: 1200, unclaimed: Some(100), ..VolumeSummary::default() };
        let mirror = VolumeSummary { name: Some("LV vg/root".to_owned()), ..volume() };
        let parts = [part.clone(), part, mirror]
            .map(|volume| VolumeSummary { ledger: of_volume(&volume, 0), ..volume });
        let ledger = of_image(2400, &parts, (0, 0));
        assert_eq!((ledger.bytes(Use::Free), ledger.bytes(Use::Structures)), (500, 150 + 1200));
        assert!(ledger.adds_up());
        assert_eq!(ledger.twice, 0);
    }

    #[test]
    fn zeros_are_told_from_others_by_the_sector() {
        let mut bytes = vec![0; 4096];
        bytes[1000] = 1;
        assert_eq!(blank_and_other(&bytes, Span::new(512, 3000)).unwrap(), (3000 - 512, 512));
        assert_eq!(blank_and_other(&bytes, Span::new(1024, 9000)).unwrap(), (3072, 0));
    }
}
