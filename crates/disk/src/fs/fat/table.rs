//! The file allocation table: for each cluster, the one that a file goes on in.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::node::Start;
use crate::bytes::{Record, Source, Span, read_vec};
use crate::fs::mapped;
use crate::fs::{Extent, FsError, Place};

/// Bytes of a table that are read at once; FAT12 has no larger table.
const PIECE: u64 = 12 << 10;

/// How wide an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fs) enum Width {
    Fat12,
    Fat16,
    Fat32,
    Exfat,
}

impl Width {
    /// How many entries lie in so many bytes.
    pub(in crate::fs) const fn entries(self, bytes: u64) -> u64 {
        match self {
            Self::Fat12 => bytes.saturating_mul(2) / 3,
            Self::Fat16 => bytes / 2,
            Self::Fat32 | Self::Exfat => bytes / 4,
        }
    }

    const fn offset(self, cluster: u64) -> u64 {
        match self {
            Self::Fat12 => cluster + cluster / 2,
            Self::Fat16 => cluster * 2,
            Self::Fat32 | Self::Exfat => cluster * 4,
        }
    }

    /// The entry of `cluster` at `at` of a piece, and the first value that is no cluster.
    fn value(self, piece: &Record<'_>, at: usize, cluster: u64) -> Result<(u32, u32), FsError> {
        Ok(match self {
            Self::Fat12 => {
                let both = u32::from(piece.u16_le(at)?);
                (if cluster.is_multiple_of(2) { both & 0xfff } else { both >> 4 }, 0xff0)
            }
            Self::Fat16 => (piece.u16_le(at)?.into(), 0xfff0),
            Self::Fat32 => (piece.u32_le(at)? & 0x0fff_ffff, 0x0fff_fff0),
            Self::Exfat => (piece.u32_le(at)?, 0xffff_fff0),
        })
    }
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fs) enum Link {
    Free,
    Next(u32),
    End,
    Bad,
    /// A value that means nothing.
    Strange(u32),
}

/// The copies of the table, and where the clusters lie.
pub(in crate::fs) struct Table {
    pub(in crate::fs) source: Arc<dyn Source>,
    pub(in crate::fs) width: Width,
    /// Where the copies begin, in bytes.
    pub(in crate::fs) copies: Vec<u64>,
    /// Clusters of data: they are numbered from 2.
    pub(in crate::fs) clusters: u32,
    /// Where cluster 2 lies, in bytes.
    pub(in crate::fs) data: u64,
    /// Bytes of a cluster.
    pub(in crate::fs) cluster: u64,
    /// Most extents of one file.
    pub(in crate::fs) limit: u64,
}

/// Where a file lies.
#[derive(Debug, Default)]
pub(in crate::fs) struct Chain {
    pub(in crate::fs) extents: Vec<Extent>,
    /// Why it ends before it should.
    pub(in crate::fs) damage: Option<FsError>,
    /// Whether clusters follow that do not belong to it.
    pub(in crate::fs) longer: bool,
}

/// A piece of a table that was read last.
#[derive(Default)]
struct Piece {
    start: u64,
    bytes: Vec<u8>,
}

impl Table {
    /// Where a cluster lies, in bytes.
    ///
    /// # Errors
    /// [`FsError::Corrupt`], if there is none of this number.
    pub(in crate::fs) fn place(&self, cluster: u32) -> Result<u64, FsError> {
        let index = cluster.checked_sub(2).filter(|&index| index < self.clusters);
        let index = index.ok_or_else(|| {
            let problem = format!("the volume has the clusters 2 to {}", u64::from(self.clusters) + 1);
            FsError::corrupt("cluster", cluster.into(), problem)
        })?;
        Ok(self.data.saturating_add(u64::from(index).saturating_mul(self.cluster)))
    }

    /// Whether the entry of cluster 1, which there is none of, says that the volume was not closed or had an
    /// error of the disk. FAT12 has no such bits, and exFAT has them elsewhere.
    pub(in crate::fs) fn is_dirty(&self) -> bool {
        let good = match self.width {
            Width::Fat16 => 0xc000,
            Width::Fat32 => 0x0c00_0000,
            Width::Fat12 | Width::Exfat => return false,
        };
        let start = self.copies.first().copied().unwrap_or(0);
        let offset = start.saturating_add(self.width.offset(1));
        let entry = read_vec(&*self.source, offset, 4).unwrap_or_default();
        let entry = Record::new("FAT", &entry);
        self.width.value(&entry, 0, 1).is_ok_and(|(value, _)| value & good != good)
    }

    fn link(&self, start: u64, piece: &mut Piece, cluster: u32) -> Result<Link, FsError> {
        let offset = start.saturating_add(self.width.offset(cluster.into()));
        let begin = offset.saturating_sub(piece.start);
        let inside = offset >= piece.start && begin.saturating_add(4) <= piece.bytes.len() as u64;
        if !inside {
            let len = self.source.len().saturating_sub(offset).min(PIECE);
            // The last entry of FAT12 and FAT16 may end with the source.
            let bytes = read_vec(&*self.source, offset, usize::try_from(len).unwrap_or(0))?;
            *piece = Piece { start: offset, bytes };
        }
        let at = usize::try_from(offset.saturating_sub(piece.start)).unwrap_or(usize::MAX);
        let record = Record::new("FAT", &piece.bytes);
        let (value, special) = self.width.value(&record, at, cluster.into())?;
        Ok(match value {
            0 => Link::Free,
            value if value >= special + 8 => Link::End,
            value if value == special + 7 => Link::Bad,
            value if value < 2 || value >= special => Link::Strange(value),
            value => Link::Next(value),
        })
    }

    /// The clusters from `first` on that hold `wanted` bytes, by the first copy of the table in which they
    /// are whole, or by the first.
    pub(in crate::fs) fn chain(&self, first: u32, wanted: u64) -> Chain {
        let mut copies = self.copies.iter().map(|&start| self.chain_in(start, first, wanted));
        let own = copies.next().unwrap_or_default();
        if own.damage.is_none() {
            return own;
        }
        copies.find(|copy| copy.damage.is_none()).unwrap_or(own)
    }

    /// Where a file of `size` bytes lies.
    pub(in crate::fs) fn of(&self, start: Start, size: u64) -> Chain {
        match start {
            Start::Chained(_) if size == 0 => Chain::default(),
            Start::Chained(first) => self.chain(first, size),
            Start::Piece(first) => self.piece(first, size),
        }
    }

    /// The clusters of a file of `size` bytes that lies in one piece.
    fn piece(&self, first: u32, size: u64) -> Chain {
        let place = self.place(first).and_then(|place| {
            let last = size.div_ceil(self.cluster).saturating_sub(1).saturating_add(first.into());
            self.place(u32::try_from(last).unwrap_or(u32::MAX)).map(|_| place)
        });
        match place {
            _ if size == 0 => Chain::default(),
            Ok(place) => {
                let extent = Extent { start: 0, len: size, place: Place::Disk(place) };
                Chain { extents: vec![extent], ..Chain::default() }
            }
            Err(error) => Chain { damage: Some(error), ..Chain::default() },
        }
    }

    fn chain_in(&self, start: u64, first: u32, wanted: u64) -> Chain {
        let mut chain = Chain::default();
        chain.damage = self.follow(start, first, wanted, &mut chain).err();
        chain
    }

    fn follow(&self, start: u64, first: u32, wanted: u64, chain: &mut Chain) -> Result<(), FsError> {
        let bad = |cluster: u32, problem: String| Err(FsError::corrupt("FAT", cluster.into(), problem));
        let mut piece = Piece::default();
        let (mut cluster, mut done) = (first, 0_u64);
        // Brent: a chain that comes back to a cluster kept at ever longer steps is a circle.
        let (mut kept, mut steps, mut power) = (0, 0_u64, 1_u64);
        while done < wanted {
            let place = Place::Disk(self.place(cluster)?);
            if cluster == kept {
                return bad(cluster, format!("a chain that comes back to it, after {done} bytes"));
            }
            if steps == power {
                (kept, power, steps) = (cluster, power.saturating_mul(2), 0);
            }
            steps = steps.saturating_add(1);
            let len = self.cluster.min(wanted.saturating_sub(done));
            mapped::push(&mut chain.extents, Extent { start: done, len, place });
            if chain.extents.len() as u64 > self.limit {
                return bad(cluster, format!("a chain of more than {} extents", self.limit));
            }
            done = done.saturating_add(len);
            match self.link(start, &mut piece, cluster)? {
                Link::Next(_) if done == wanted => chain.longer = true,
                Link::Next(next) => cluster = next,
                Link::End if wanted == u64::MAX => return Ok(()),
                Link::End if done < wanted => {
                    return bad(cluster, format!("a chain that ends after {done} of {wanted} bytes"));
                }
                Link::End => {}
                link => return bad(cluster, format!("{link:?} in a chain, after {done} bytes")),
            }
        }
        Ok(())
    }

    /// Hands the state of each cluster to `visit`, by the first copy.
    pub(in crate::fs) fn each(
        &self,
        visit: &mut dyn FnMut(u32, Link) -> ControlFlow<()>,
    ) -> Result<(), FsError> {
        let Some(&start) = self.copies.first() else { return Ok(()) };
        let mut piece = Piece::default();
        for cluster in 2..self.clusters.saturating_add(2) {
            let link = self.link(start, &mut piece, cluster)?;
            if visit(cluster, link).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Hands each run of free bytes to `visit`, in order.
    pub(in crate::fs) fn unallocated(
        &self,
        visit: &mut dyn FnMut(Span) -> ControlFlow<()>,
    ) -> Result<(), FsError> {
        let mut run = Span::new(0, 0);
        let mut ended = false;
        let result = self.each(&mut |cluster, link| {
            let free = self.place(cluster).ok().filter(|_| link == Link::Free);
            match free {
                Some(place) if run.end() == Some(place) && run.len > 0 => {
                    run.len = run.len.saturating_add(self.cluster);
                }
                Some(place) => {
                    let done = std::mem::replace(&mut run, Span::new(place, self.cluster));
                    ended = done.len > 0 && visit(done).is_break();
                }
                None => {}
            }
            if ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if run.len > 0 && !ended {
            let _flow = visit(run);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clusters of 10 bytes from byte 100 on, numbered 2 to 9.
    fn table(width: Width, bytes: &[u8]) -> Table {
        let mut source = bytes.to_vec();
        source.resize(180, 0);
        Table {
            source: Arc::new(source),
            width,
            copies: vec![0],
            clusters: 8,
            data: 100,
            cluster: 10,
            limit: 100,
        }
    }

    fn fat16(links: &[u16]) -> Table {
        let bytes: Vec<u8> =
            [0xfff8, 0xffff].iter().chain(links).flat_map(|link| link.to_le_bytes()).collect();
        table(Width::Fat16, &bytes)
    }

    fn problem(chain: &Chain) -> String {
        chain.damage.as_ref().unwrap().to_string()
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let chain = fat16(&[3, 5, 0, 0xffff]).chain(2, 25);
        let want = [
            Extent { start: 0, len: 20, place: Place::Disk(100) },
            Extent { start: 20, len: 5, place: Place::Disk(130) },
        ];
        assert_eq!(chain.extents, want);
        assert!(chain.damage.is_none() && !chain.longer);
    }

    #[test]
    fn entries_of_12_bits_lie_in_each_other() {
        // 3, 5, 0, end
        let table = table(Width::Fat12, &[0xf8, 0xff, 0xff, 0x03, 0x50, 0x00, 0x00, 0xf0, 0xff]);
        assert_eq!(table.chain(2, 25).extents.len(), 2);
        assert!(table.chain(2, 25).damage.is_none());
    }

    #[test]
    fn broken_chains_say_how() {
        assert_eq!(
            problem(&fat16(&[3, 2]).chain(2, u64::MAX)),
            "FAT 3: a chain that comes back to it, after 30 bytes"
        );
        assert_eq!(
            problem(&fat16(&[3, 0xffff]).chain(2, 99)),
            "FAT 3: a chain that ends after 20 of 99 bytes"
        );
        assert_eq!(problem(&fat16(&[3, 0]).chain(2, 99)), "FAT 3: Free in a chain, after 20 bytes");
        assert_eq!(problem(&fat16(&[77]).chain(2, 99)), "cluster 77: the volume has the clusters 2 to 9");
        assert!(fat16(&[3, 0xffff]).chain(2, 10).longer);
        assert!(fat16(&[3, 0xffff]).chain(2, 20).damage.is_none());
    }

    #[test]
    fn another_copy_is_asked_when_the_first_is_broken() {
        let mut table = fat16(&[0, 0xffff, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0xffff]);
        table.copies = vec![0, 20];
        assert!(table.chain(2, 20).damage.is_none());
    }

    #[test]
    fn free_clusters_are_runs() {
        let mut runs = Vec::new();
        let table = fat16(&[0xffff, 0, 0, 0xffff, 0xfff7, 0, 0, 0]);
        table
            .unallocated(&mut |run| {
                runs.push((run.offset, run.len));
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(runs, [(110, 20), (150, 30)]);
    }
}
