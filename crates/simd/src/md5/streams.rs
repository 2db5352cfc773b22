//! MD5 of contents that are too large to be held: read piece by piece, as many at once as there are lanes.

use fearless_simd::{Level, dispatch};

use super::{BLOCK, LANES, START, compress, digest_of_lane, padding};

/// Bytes of a content in memory, whole blocks.
const PIECE: usize = 128 << 10;

/// A content that is read where it lies.
pub trait Content {
    /// Why it cannot be read.
    type Error;

    /// Reads at `offset` into `room`; 0 bytes only at the end.
    ///
    /// # Errors
    /// Ends this content, and no other.
    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> Result<usize, Self::Error>;
}

/// A content on its way.
struct Stream<S> {
    source: S,
    /// A piece; the last one with the padding.
    piece: Vec<u8>,
    /// Bytes of the piece that are hashed.
    at: usize,
    /// Bytes of the content that were read.
    read: u64,
    is_last: bool,
}

impl<S: Content> Stream<S> {
    fn new(source: S) -> Self {
        Self { source, piece: Vec::new(), at: 0, read: 0, is_last: false }
    }

    fn rest(&self) -> &[[u8; BLOCK]] {
        self.piece.get(self.at..).unwrap_or_default().as_chunks().0
    }

    /// Reads the next piece.
    fn refill(&mut self) -> Result<(), S::Error> {
        self.piece.resize(PIECE, 0);
        let mut len = 0_usize;
        while let Some(room) = self.piece.get_mut(len..).filter(|room| !room.is_empty()) {
            let count = self.source.read_at(self.read, room)?;
            if count == 0 {
                self.is_last = true;
                break;
            }
            len = len.saturating_add(count);
            self.read = self.read.saturating_add(count as u64);
        }
        self.piece.truncate(len);
        if self.is_last {
            self.piece.extend(padding(self.read));
        }
        self.at = 0;
        Ok(())
    }
}

/// Hashes all that `sources` give, the longest best first; each goes to `done` with its digest, or with the error that
/// ended it.
pub fn md5_of_streams<S: Content>(
    sources: impl IntoIterator<Item = S>,
    done: &mut dyn FnMut(S, Result<[u8; 16], S::Error>),
) {
    let (level, mut sources) = (Level::new(), sources.into_iter());
    let mut states = [[0; LANES]; 4];
    let mut lanes: [Option<Stream<S>>; LANES] = [const { None }; LANES];
    loop {
        for (index, lane) in lanes.iter_mut().enumerate() {
            while lane.as_ref().is_none_or(|stream| stream.rest().is_empty()) {
                let Some(mut stream) = lane.take() else {
                    let Some(source) = sources.next() else { break };
                    *lane = Some(Stream::new(source));
                    for (words, start) in states.iter_mut().zip(START) {
                        words.iter_mut().skip(index).take(1).for_each(|word| *word = start);
                    }
                    continue;
                };
                if stream.is_last {
                    done(stream.source, Ok(digest_of_lane(&states, index)));
                } else if let Err(error) = stream.refill() {
                    done(stream.source, Err(error));
                } else {
                    *lane = Some(stream);
                }
            }
        }
        let active = lanes.iter().rposition(Option::is_some).map_or(0, |last| last.saturating_add(1));
        let Some(shortest) = lanes.iter().flatten().map(Stream::rest).min_by_key(|rest| rest.len()) else {
            return;
        };
        let blocks = shortest.len();
        // Empty lanes go along with it.
        let rests = lanes.each_ref().map(|lane| lane.as_ref().map_or(shortest, Stream::rest));
        dispatch!(level, simd => compress(simd, &mut states, &rests, blocks, active));
        for stream in lanes.iter_mut().flatten() {
            stream.at = stream.at.saturating_add(blocks.saturating_mul(BLOCK));
        }
    }
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};

    use super::*;

    /// Bytes of a length that is also what they are; 7 of them cannot be read whole.
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Bytes(usize);

    impl Content for Bytes {
        type Error = &'static str;

        fn read_at(&mut self, offset: u64, room: &mut [u8]) -> Result<usize, Self::Error> {
            let at = usize::try_from(offset).unwrap();
            if self.0 == 7 && at == 3 {
                return Err("damaged");
            }
            let count = room.len().min(self.0 - at).min(if self.0 == 7 { 3 } else { 50_021 });
            for (more, byte) in room[..count].iter_mut().enumerate() {
                *byte = byte_of(self.0, at + more);
            }
            Ok(count)
        }
    }

    /// The digests of contents of these lengths, read a few bytes at a time.
    fn digests(lengths: &[usize]) -> Vec<(usize, Result<[u8; 16], &'static str>)> {
        let mut digests = Vec::new();
        md5_of_streams(lengths.iter().copied().map(Bytes), &mut |bytes, digest| {
            digests.push((bytes.0, digest));
        });
        digests.sort_unstable();
        digests
    }

    fn byte_of(len: usize, at: usize) -> u8 {
        (at.wrapping_mul(31) ^ len).to_le_bytes()[0]
    }

    #[test]
    fn every_length_has_the_digest_of_plain_md5() {
        let mut lengths =
            vec![0, 1, 55, 56, 63, 64, 65, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 1 << 20, 900_001];
        lengths.extend(1000..1020);
        lengths.sort_unstable();
        let found = digests(&lengths);
        assert_eq!(found.iter().map(|(len, _)| *len).collect::<Vec<_>>(), lengths);
        for (len, digest) in found {
            let content: Vec<u8> = (0..len).map(|at| byte_of(len, at)).collect();
            assert_eq!(digest, Ok(Md5::digest(content).into()), "{len}");
        }
    }

    #[test]
    fn a_content_that_cannot_be_read_says_so_and_the_others_are_hashed() {
        let found = digests(&[64, 7, 100]);
        assert_eq!(found[0], (7, Err("damaged")));
        assert!(found[1..].iter().all(|(_, digest)| digest.is_ok()));
        assert_eq!(found.len(), 3);
    }
}
