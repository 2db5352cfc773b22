//! A source put together from pieces of others, one after the other: what a linear mapping gives, and an
//! image in several files.

use std::sync::Arc;

use super::{ReadError, Source, Span, check_bounds};

/// A run of bytes that lies in another source.
#[derive(Clone)]
pub(crate) struct Piece {
    /// Where it comes from; `None` reads as zeros.
    pub(crate) source: Option<Arc<dyn Source>>,
    /// First byte in `source`.
    pub(crate) offset: u64,
    /// Length in bytes, as the mapping claims: the source may end before.
    pub(crate) len: u64,
}

impl Piece {
    /// Bytes of it that its source does not have.
    fn missing(&self) -> u64 {
        let room = |source: &Arc<dyn Source>| source.len().saturating_sub(self.offset);
        self.source.as_ref().map_or(0, |source| self.len.saturating_sub(room(source)))
    }
}

/// Pieces one after the other. Its length is what the mapping claims; reading what a source does not have
/// is an error.
pub(crate) struct Mapped {
    /// First byte in the whole, and the piece.
    pieces: Vec<(u64, Piece)>,
    len: u64,
}

impl Mapped {
    /// Lays the pieces one after the other; `None` where the sum of their lengths is no possible size.
    pub(crate) fn new(pieces: Vec<Piece>) -> Option<Self> {
        let mut len = 0_u64;
        let mut placed = Vec::with_capacity(pieces.len());
        for piece in pieces.into_iter().filter(|piece| piece.len > 0) {
            let start = len;
            len = len.checked_add(piece.len)?;
            placed.push((start, piece));
        }
        Some(Self { pieces: placed, len })
    }

    /// Bytes that the mapping claims and no source has.
    pub(crate) fn missing(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, (_, piece)| sum.saturating_add(piece.missing()))
    }

    /// The pieces from the one that holds `offset`.
    fn from(&self, offset: u64) -> &[(u64, Piece)] {
        let first = self.pieces.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        self.pieces.get(first..).unwrap_or_default()
    }
}

impl Source for Mapped {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len)?;
        let mut at = offset;
        let mut rest = dst;
        for (start, piece) in self.from(offset) {
            let skip = at.saturating_sub(*start);
            let room = usize::try_from(piece.len.saturating_sub(skip)).unwrap_or(usize::MAX);
            let (part, behind) = rest.split_at_mut(rest.len().min(room));
            if part.is_empty() {
                break;
            }
            match &piece.source {
                Some(source) => source.read_exact_at(piece.offset.saturating_add(skip), part)?,
                None => part.fill(0),
            }
            at = at.saturating_add(part.len() as u64);
            rest = behind;
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        if offset >= self.len {
            return Ok(None);
        }
        for (start, piece) in self.from(offset) {
            let Some(source) = &piece.source else { continue };
            let skip = offset.saturating_sub(*start);
            let end = piece.offset.saturating_add(piece.len);
            // What the source does not have is no hole: a reader must meet the error.
            let lost = || Span::new(source.len().max(piece.offset.saturating_add(skip)), u64::MAX);
            let data = source.next_data(piece.offset.saturating_add(skip))?.unwrap_or_else(lost);
            if data.offset < end {
                let from = data.offset.saturating_sub(piece.offset);
                let len = data.len.min(end.saturating_sub(data.offset));
                return Ok(Some(Span::new(start.saturating_add(from), len)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_vec;

    fn piece(bytes: &[u8], offset: u64, len: u64) -> Piece {
        Piece { source: Some(Arc::new(bytes.to_vec())), offset, len }
    }

    #[test]
    fn every_read_goes_to_the_right_pieces() {
        let zeros = Piece { source: None, offset: 0, len: 2 };
        let mapped = Mapped::new(vec![piece(b"xxabc", 2, 3), zeros, piece(b"defg", 0, 4)]).unwrap();
        let whole = b"abc\0\0defg";
        for start in 0..=9 {
            for end in start..=9 {
                assert_eq!(read_vec(&mapped, start as u64, end - start).unwrap(), whole[start..end]);
            }
        }
        assert!(read_vec(&mapped, 8, 2).is_err());
        assert_eq!(mapped.next_data(3).unwrap(), Some(Span::new(5, 4)));
        assert_eq!(mapped.next_data(9).unwrap(), None);
    }

    #[test]
    fn what_the_source_does_not_have_is_an_error_and_no_hole() {
        let mapped = Mapped::new(vec![piece(b"abc", 0, 6), piece(b"d", 0, 1)]).unwrap();
        assert_eq!((mapped.len(), mapped.missing()), (7, 3));
        assert!(read_vec(&mapped, 2, 2).is_err());
        assert_eq!(mapped.next_data(3).unwrap(), Some(Span::new(3, 3)));
        assert_eq!(read_vec(&mapped, 6, 1).unwrap(), b"d");
    }

    #[test]
    fn an_impossible_size_is_none() {
        assert!(Mapped::new(vec![piece(b"", 0, u64::MAX), piece(b"", 0, 1)]).is_none());
    }
}
