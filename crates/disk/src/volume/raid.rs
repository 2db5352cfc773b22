//! Chunks spread over several legs: stripes, parity, copies. The geometries are those of Linux, shared by
//! md and LVM.
//!
//! Reference: the kernel's `drivers/md/raid0.c`, `raid5.c` (`raid5_compute_sector`), `raid10.c`
//! (`__raid10_find_phys`), and `dm-raid.c` for what LVM's names mean.

use std::sync::Arc;

use crate::bytes::{ReadError, Source, Span, check_bounds};

/// Legs of one array that are read.
pub(super) const MAX_LEGS: usize = 1024;

/// Where a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Geometry {
    /// One chunk on each leg in turn, beginning with leg `shift`.
    Striped {
        /// Turns the order of the legs: the number of the first chunk.
        shift: u64,
    },
    /// RAID 4, 5 and 6.
    Parity {
        /// Legs of each row that hold parity: 1 or 2.
        parity: u64,
        /// The kernel's number of the layout.
        algorithm: u32,
    },
    /// RAID 10.
    Copies {
        /// Copies side by side.
        near: u64,
        /// Copies far away, or in the next row.
        far: u64,
        /// Whether the far copies are in the next row.
        offset: bool,
    },
}

impl Geometry {
    /// RAID 4, 5 or 6 with a layout of the kernel.
    pub(super) fn parity(level: i32, algorithm: u32) -> Result<Self, String> {
        let (parity, known) = match level {
            // The layout of RAID 4 means nothing: the last leg has the parity.
            4 => return Ok(Self::Parity { parity: 1, algorithm: 5 }),
            5 => (1, matches!(algorithm, 0..=5)),
            6 => (2, matches!(algorithm, 0..=5 | 8..=10 | 16..=20)),
            _ => (0, false),
        };
        if known {
            return Ok(Self::Parity { parity, algorithm });
        }
        Err(format!("RAID {level} with layout {algorithm} is not known"))
    }

    /// RAID 10 with a layout of the kernel.
    pub(super) fn copies(layout: u32, legs: usize) -> Result<Self, String> {
        let (near, far) = (u64::from(layout & 255), u64::from(layout >> 8 & 255));
        if near == 0 || far == 0 || near.saturating_mul(far) > legs as u64 || layout >> 19 != 0 {
            return Err(format!("RAID 10 of {legs} members with layout {layout:#x} is not possible"));
        }
        Ok(Self::Copies { near, far, offset: layout >> 16 & 1 == 1 })
    }

    /// Chunks of data in a row, as a fraction.
    fn per_row(self, legs: u64) -> (u64, u64) {
        match self {
            Self::Striped { .. } => (legs, 1),
            Self::Parity { parity, .. } => (legs.saturating_sub(parity), 1),
            Self::Copies { near, .. } => (legs, near),
        }
    }

    /// Chunks of a leg that one row takes.
    fn leg_rows(self) -> u64 {
        match self {
            Self::Copies { far, offset: true, .. } => far,
            _ => 1,
        }
    }

    /// Leg and chunk of the leg where chunk `chunk` (its first copy) lies.
    fn locate(self, chunk: u64, legs: u64) -> (u64, u64) {
        match self {
            Self::Striped { shift } => (chunk.saturating_add(shift) % legs, chunk / legs),
            Self::Parity { parity, algorithm } => {
                let data = legs.saturating_sub(parity).max(1);
                let row = chunk / data;
                (data_leg(parity, algorithm, row, chunk % data, legs), row)
            }
            Self::Copies { near, .. } => {
                let first = chunk.saturating_mul(near);
                (first % legs, (first / legs).saturating_mul(self.leg_rows()))
            }
        }
    }
}

/// The leg of data chunk `index` of a row.
fn data_leg(parity: u64, algorithm: u32, row: u64, index: u64, legs: u64) -> u64 {
    let last = legs.saturating_sub(1);
    // The layouts "_6" are those of RAID 5 on all legs but the last, which has the second parity.
    if algorithm >= 16 {
        return data_leg(1, algorithm - 16, row, index, last);
    }
    let turn = row % legs;
    let (left, right) = (last.saturating_sub(turn), turn);
    let behind = |at: u64| at.saturating_add(parity).saturating_add(index) % legs;
    // Parity at `at` (and the leg behind, in a circle): data goes around it.
    let around = |at: u64| match parity {
        2 if at == last => index.saturating_add(1),
        _ if index >= at => index.saturating_add(parity),
        _ => index,
    };
    match algorithm {
        0 => around(left),
        1 | 8 => around(right),
        2 => behind(left),
        3 => behind(right),
        4 => index.saturating_add(parity),
        9 => around(last.saturating_sub(row.saturating_add(1) % legs)),
        // Here the second parity lies before the first.
        10 => left.saturating_add(1).saturating_add(index) % legs,
        _ => index,
    }
}

/// Legs, read chunk by chunk.
pub(super) struct Array {
    legs: Vec<Option<Arc<dyn Source>>>,
    geometry: Geometry,
    /// Bytes of a chunk.
    chunk: u64,
    len: u64,
}

impl Array {
    /// An array of `len` bytes; each leg begins with its first chunk. A missing leg is allowed where
    /// another near copy can stand in for it.
    pub(super) fn new(
        legs: Vec<Option<Arc<dyn Source>>>,
        geometry: Geometry,
        chunk: u64,
        len: u64,
    ) -> Result<Self, String> {
        let (data, _) = geometry.per_row(legs.len() as u64);
        let few = matches!(geometry, Geometry::Parity { algorithm: 16.., .. }) && legs.len() < 4;
        if !(512..=1 << 40).contains(&chunk) || data == 0 || legs.len() > MAX_LEGS || few {
            return Err(format!("{} legs with chunks of {chunk} bytes are not possible", legs.len()));
        }
        let array = Self { legs, geometry, chunk, len };
        // Each leg that is missing must have a stand-in, wherever a chunk begins.
        let round = array.legs.len() as u64;
        if (0..round).any(|chunk| array.leg_of(chunk).is_none()) {
            return Err("members are missing".to_owned());
        }
        Ok(array)
    }

    /// The source of a chunk and where the chunk begins in it.
    fn leg_of(&self, chunk: u64) -> Option<(&Arc<dyn Source>, u64)> {
        let legs = self.legs.len() as u64;
        let (leg, row) = self.geometry.locate(chunk, legs);
        let copies = match self.geometry {
            Geometry::Copies { near, .. } => near,
            _ => 1,
        };
        for copy in 0..copies {
            let at = leg.saturating_add(copy);
            let row = row.saturating_add(at / legs);
            let source = usize::try_from(at % legs).ok().and_then(|at| self.legs.get(at))?;
            if let Some(source) = source {
                return Some((source, row.saturating_mul(self.chunk)));
            }
        }
        None
    }
}

impl Source for Array {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len)?;
        let mut at = offset;
        let mut rest = dst;
        while !rest.is_empty() {
            let inside = at % self.chunk;
            let room = usize::try_from(self.chunk.saturating_sub(inside)).unwrap_or(usize::MAX);
            let (part, behind) = rest.split_at_mut(rest.len().min(room));
            let lost = ReadError::BeyondEnd { offset: at, len: part.len() as u64, size: self.len };
            let (source, start) = self.leg_of(at / self.chunk).ok_or(lost)?;
            source.read_exact_at(start.saturating_add(inside), part)?;
            at = at.saturating_add(part.len() as u64);
            rest = behind;
        }
        Ok(())
    }

    /// Rows in which any leg has data. What lies between may still be a hole.
    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        if offset >= self.len {
            return Ok(None);
        }
        let all = Some(Span::new(offset, self.len.saturating_sub(offset)));
        if self.legs.iter().any(Option::is_none) {
            return Ok(all);
        }
        let (chunks, parts) = self.geometry.per_row(self.legs.len() as u64);
        let leg_row = self.chunk.saturating_mul(self.geometry.leg_rows());
        let row = (offset / self.chunk).saturating_mul(parts) / chunks;
        let mut found: Option<(u64, u64)> = None;
        for leg in self.legs.iter().flatten() {
            // A leg that ends early has its error where it ends.
            let here = row.saturating_mul(leg_row);
            let lost = || Span::new(leg.len().max(here), 1);
            let data = leg.next_data(here)?.unwrap_or_else(lost);
            let first = data.offset / leg_row;
            let end = data.offset.saturating_add(data.len).div_ceil(leg_row);
            found = match found {
                Some((known, _)) if first < known => Some((first, end)),
                Some((known, known_end)) if first == known => Some((known, known_end.max(end))),
                None => Some((first, end)),
                other => other,
            };
        }
        let Some((first, end)) = found else { return Ok(all) };
        let byte = |row: u64| (row.saturating_mul(chunks) / parts).saturating_mul(self.chunk);
        let start = byte(first).max(offset);
        let end = byte(end).saturating_add(self.chunk).min(self.len);
        Ok((start < end).then(|| Span::new(start, end.saturating_sub(start))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_vec;

    /// The leg of each data chunk, row by row.
    fn rows(geometry: Geometry, legs: u64, chunks: u64) -> Vec<u64> {
        (0..chunks).map(|chunk| geometry.locate(chunk, legs).0).collect()
    }

    #[test]
    fn the_layouts_are_the_kernels() {
        let five = |algorithm| rows(Geometry::parity(5, algorithm).unwrap(), 3, 6);
        assert_eq!(five(0), [0, 1, 0, 2, 1, 2]);
        assert_eq!(five(1), [1, 2, 0, 2, 0, 1]);
        assert_eq!(five(2), [0, 1, 2, 0, 1, 2]);
        assert_eq!(five(3), [1, 2, 2, 0, 0, 1]);
        assert_eq!(five(4), [1, 2, 1, 2, 1, 2]);
        assert_eq!(five(5), [0, 1, 0, 1, 0, 1]);
        let six = |algorithm| rows(Geometry::parity(6, algorithm).unwrap(), 4, 8);
        assert_eq!(six(2), [1, 2, 0, 1, 3, 0, 2, 3]);
        assert_eq!(six(8), [2, 3, 0, 3, 0, 1, 1, 2]);
        assert_eq!(six(9), [0, 1, 0, 3, 2, 3, 1, 2]);
        assert_eq!(six(10), [0, 1, 3, 0, 2, 3, 1, 2]);
        assert_eq!(six(18), [0, 1, 2, 0, 1, 2, 0, 1]);
        assert!(Geometry::parity(6, 7).is_err());
        let ten = Geometry::copies(0x102, 3).unwrap();
        assert_eq!((0..4).map(|c| ten.locate(c, 3)).collect::<Vec<_>>(), [(0, 0), (2, 0), (1, 1), (0, 2)]);
        let offset = Geometry::copies(0x1_0201, 2).unwrap();
        assert_eq!((0..3).map(|c| offset.locate(c, 2)).collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 2)]);
    }

    fn leg(rows: &[u8]) -> Option<Arc<dyn Source>> {
        Some(Arc::new(rows.iter().flat_map(|&row| [row; 512]).collect::<Vec<u8>>()))
    }

    #[test]
    fn a_near_copy_stands_in_for_a_missing_leg() {
        let geometry = Geometry::copies(0x102, 2).unwrap();
        let array = Array::new(vec![None, leg(b"ab")], geometry, 512, 1024).unwrap();
        assert_eq!(read_vec(&array, 511, 2).unwrap(), b"ab");
        assert!(Array::new(vec![None, leg(b"ab")], Geometry::Striped { shift: 0 }, 512, 1024).is_err());
    }

    #[test]
    fn rows_without_data_are_skipped() {
        let holed: Arc<dyn Source> = Arc::new(Holed);
        let legs = vec![Some(Arc::clone(&holed)), Some(holed)];
        let array = Array::new(legs, Geometry::Striped { shift: 0 }, 4096, 1 << 30).unwrap();
        let data = array.next_data(0).unwrap().unwrap();
        assert_eq!(data.offset, 200 << 20);
        assert!(data.len <= 12288);
    }

    /// 512 MiB of hole with one block of data at 100 MiB.
    struct Holed;

    impl Source for Holed {
        fn len(&self) -> u64 {
            512 << 20
        }
        fn read_exact_at(&self, _: u64, dst: &mut [u8]) -> Result<(), ReadError> {
            dst.fill(0);
            Ok(())
        }
        fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
            Ok((offset <= 100 << 20).then(|| Span::new(100 << 20, 4096)))
        }
    }
}
