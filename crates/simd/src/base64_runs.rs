//! The letters of base64, and the vector kernel that finds runs of them: text that holds none goes by at many
//! bytes an instruction.
//!
//! A byte's two halves each look up, in a table of sixteen entries, the rows of the alphabet that know them; a
//! byte that some row knows by both is a letter. The bits of a vector's letters, shifted over themselves,
//! leave the places where a run begins.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16};

/// Letters of the shortest run that is looked for.
pub const SHORTEST: usize = 24;

/// Finds runs of letters.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    level: Level,
}

impl Default for Runs {
    fn default() -> Self {
        Self { level: Level::new() }
    }
}

impl Runs {
    /// Where the next run of [`SHORTEST`] letters from `from` on begins, or the one at the end of `bytes`, which
    /// may go on in the next piece.
    pub fn next(self, bytes: &[u8], from: usize) -> Option<usize> {
        dispatch!(self.level, simd => next(simd, bytes, from))
    }
}

/// Rows of the alphabet, a bit each: by a byte's low half, and by its high half.
const ROWS: ([u8; 16], [u8; 16]) = rows();

#[expect(clippy::indexing_slicing, reason = "halves of a byte are below 16; built by the compiler")]
const fn rows() -> ([u8; 16], [u8; 16]) {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut byte = 0_u8;
    while byte < 128 {
        if VALUES[byte as usize] < 64 {
            // The high halves of letters are 2 to 7.
            let row = 1 << (byte >> 4);
            low[(byte & 15) as usize] |= row;
            high[(byte >> 4) as usize] = row;
        }
        byte += 1;
    }
    (low, high)
}

#[inline(always)]
fn next<S: Simd>(simd: S, bytes: &[u8], from: usize) -> Option<usize> {
    let width = S::u8s::LEN;
    let low = S::u8s::block_splat(u8x16::simd_from(simd, ROWS.0));
    let high = S::u8s::block_splat(u8x16::simd_from(simd, ROWS.1));
    // Letters right before the place at hand.
    let mut run = 0_usize;
    let mut at = from;
    let mut chunks = bytes.get(from..)?.chunks_exact(width);
    for chunk in &mut chunks {
        let chunk = S::u8s::from_slice(simd, chunk);
        let row = low.swizzle_dyn_within_blocks(chunk & 0x0f) & high.swizzle_dyn_within_blocks(chunk >> 4);
        let letters: u64 = (!row.simd_eq(0)).to_bitmask();
        if let Some(start) = begins(letters, at, run) {
            return Some(start);
        }
        let trailing = (letters << (64 - width)).leading_ones() as usize;
        run = if trailing == width { run.saturating_add(width) } else { trailing };
        at = at.saturating_add(width);
    }
    for &byte in chunks.remainder() {
        at = at.saturating_add(1);
        run = if value(byte).is_some() { run.saturating_add(1) } else { 0 };
        if run >= SHORTEST {
            break;
        }
    }
    (run > 0).then(|| at.saturating_sub(run))
}

/// Where a run of [`SHORTEST`] letters begins that ends in the vector at `at`, before which `run` letters are.
#[inline(always)]
fn begins(letters: u64, at: usize, run: usize) -> Option<usize> {
    let more = letters.trailing_ones() as usize;
    if run > 0 && run.saturating_add(more) >= SHORTEST {
        return Some(at.saturating_sub(run));
    }
    const { assert!(SHORTEST == 24, "the shifts add up to it") };
    let two = letters & letters >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let all = eight & eight >> 8 & eight >> 16;
    (all != 0).then(|| at.saturating_add(all.trailing_zeros() as usize))
}

/// The six bits of a letter, in either alphabet.
pub fn value(byte: u8) -> Option<u8> {
    let value = VALUES.get(usize::from(byte)).copied()?;
    (value < 64).then_some(value)
}

/// The value of each byte; 64 for what is no letter.
const VALUES: [u8; 256] = values();

#[expect(clippy::indexing_slicing, reason = "a byte is below 256; built by the compiler")]
const fn values() -> [u8; 256] {
    let mut values = [64; 256];
    let mut byte = 0_u8;
    loop {
        values[byte as usize] = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => 64,
        };
        if byte == u8::MAX {
            return values;
        }
        byte += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, letter by letter.
    fn plain(bytes: &[u8], from: usize) -> Option<usize> {
        let mut run = 0;
        for (at, &byte) in bytes.iter().enumerate().skip(from) {
            run = if value(byte).is_some() { run + 1 } else { 0 };
            if run == SHORTEST {
                return Some(at + 1 - run);
            }
        }
        (run > 0).then(|| bytes.len() - run)
    }

    fn levels() -> Vec<Runs> {
        let level = Level::new();
        let mut levels = vec![level, Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(level.as_sse4_2().map(Level::Sse4_2));
            levels.extend(level.as_avx2().map(Level::Avx2));
        }
        levels.into_iter().map(|level| Runs { level }).collect()
    }

    #[test]
    fn every_byte_is_a_letter_to_the_kernel_if_it_is_one() {
        for byte in 0..=u8::MAX {
            let (low, high) = (usize::from(byte & 15), usize::from(byte >> 4));
            assert_eq!(ROWS.0[low] & ROWS.1[high] != 0, value(byte).is_some(), "{byte}");
        }
    }

    #[test]
    fn runs_are_found_where_they_begin_at_every_place_and_length() {
        for runs in levels() {
            for start in 0..140 {
                for len in [1, 23, 24, 25, 63, 64, 65, 90, 140] {
                    let mut bytes = vec![b' '; 300];
                    bytes[start..start + len].fill(b'Q');
                    for cut in [start, start + len, start + len + 1, 300] {
                        for from in [0, start.saturating_sub(1), start + 1] {
                            let bytes = &bytes[..cut];
                            assert_eq!(
                                runs.next(bytes, from),
                                plain(bytes, from),
                                "{start} {len} {cut} {from}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn runs_are_found_in_random_text() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        for _ in 0..300 {
            let mut bytes = Vec::new();
            while bytes.len() < 1000 {
                bytes.extend(std::iter::repeat_n(b"aZ9+/-_=\xe1"[random() % 9], random() % 40));
                bytes.push(random().to_le_bytes()[0]);
            }
            for runs in levels() {
                for from in 0..200 {
                    assert_eq!(runs.next(&bytes, from * 5), plain(&bytes, from * 5));
                }
            }
        }
    }
}
