//! MD5 of many contents at once ("multi-buffer" hashing).
//!
//! MD5 (RFC 1321) is a chain in which each step waits for the one before, so one content at a time leaves most of a
//! processor idle. Here each content goes through a lane of vectors of its own, as many as the processor's widest have;
//! the crate `fearless_simd` chooses at run time, safely. dpkg records MD5, and a system has a gigabyte of programs.

mod streams;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

pub use streams::{Content, md5_of_streams};

/// Contents at once: the lanes of the widest vectors. Narrower ones take several turns.
const LANES: usize = 16;
/// Bytes of contents in memory, above which they are hashed though lanes are empty.
const HELD: usize = 16 << 20;
/// Bytes of a block.
const BLOCK: usize = 64;

/// The state of a lane at the start of a content.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The sines of 1 to 64, times 2^32.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

/// Contents that are hashed together, each with a tag of its caller's.
#[derive(Debug)]
pub struct MultiBuffer<T> {
    level: Level,
    lanes: [Option<Lane<T>>; LANES],
    /// The four words of each lane's state.
    states: [[u32; LANES]; 4],
    /// Bytes in all lanes.
    held: usize,
}

/// A content on its way.
#[derive(Debug)]
struct Lane<T> {
    tag: T,
    /// With its padding: whole blocks.
    content: Vec<u8>,
    /// Bytes that are hashed.
    at: usize,
}

impl<T> Lane<T> {
    fn blocks(&self) -> usize {
        self.content.len().saturating_sub(self.at) / BLOCK
    }
}

impl<T> Default for MultiBuffer<T> {
    fn default() -> Self {
        Self { level: Level::new(), lanes: [const { None }; LANES], states: [[0; LANES]; 4], held: 0 }
    }
}

impl<T> MultiBuffer<T> {
    /// Takes a content. Those that are done by then come to `done` with their digests, this one maybe later.
    pub fn push(&mut self, tag: T, content: &[u8], done: &mut dyn FnMut(T, [u8; 16])) {
        let content = padded(content);
        self.held = self.held.saturating_add(content.len());
        let free = self.lanes.iter_mut().enumerate().find(|(_, lane)| lane.is_none());
        if let Some((index, lane)) = free {
            *lane = Some(Lane { tag, content, at: 0 });
            for (words, start) in self.states.iter_mut().zip(START) {
                words.iter_mut().skip(index).take(1).for_each(|word| *word = start);
            }
        }
        while self.held > HELD || self.lanes.iter().all(Option::is_some) {
            self.run(done);
        }
    }

    /// Hashes what is left.
    pub fn finish(&mut self, done: &mut dyn FnMut(T, [u8; 16])) {
        while self.lanes.iter().any(Option::is_some) {
            self.run(done);
        }
    }

    /// Goes on to the end of the shortest content.
    fn run(&mut self, done: &mut dyn FnMut(T, [u8; 16])) {
        let Some(shortest) = self.lanes.iter().flatten().min_by_key(|lane| lane.blocks()) else { return };
        let (blocks, at) = (shortest.blocks(), shortest.at);
        // Empty lanes go along with it.
        let along = shortest.content.get(at..).unwrap_or_default();
        let rests = self.lanes.each_ref().map(|lane| {
            let rest = lane.as_ref().and_then(|lane| lane.content.get(lane.at..)).unwrap_or(along);
            rest.as_chunks::<BLOCK>().0
        });
        dispatch!(self.level, simd => compress(simd, &mut self.states, &rests, blocks, LANES));
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let Some(one) = lane else { continue };
            one.at = one.at.saturating_add(blocks.saturating_mul(BLOCK));
            if one.blocks() == 0 {
                let digest = digest_of_lane(&self.states, index);
                self.held = self.held.saturating_sub(one.content.len());
                if let Some(one) = lane.take() {
                    done(one.tag, digest);
                }
            }
        }
    }
}

/// The content with its padding.
fn padded(content: &[u8]) -> Vec<u8> {
    let padding = padding(content.len() as u64);
    let mut padded = Vec::with_capacity(content.len().saturating_add(padding.len()));
    padded.extend_from_slice(content);
    padded.extend(padding);
    padded
}

/// What makes whole blocks of a content of `len` bytes: a one, zeros, and its length in bits.
fn padding(len: u64) -> Vec<u8> {
    let over = usize::try_from(len % BLOCK as u64).unwrap_or(0);
    let end = over.saturating_add(9).next_multiple_of(BLOCK);
    let mut padding = vec![0x80];
    padding.resize(end.saturating_sub(over).saturating_sub(8), 0);
    padding.extend_from_slice(&len.wrapping_mul(8).to_le_bytes());
    padding
}

/// The digest of the content whose blocks went through a lane.
fn digest_of_lane(states: &[[u32; LANES]; 4], index: usize) -> [u8; 16] {
    let mut digest = [0; 16];
    let words = states.iter().filter_map(|words| words.get(index));
    let fours = digest.as_chunks_mut::<4>().0.iter_mut();
    fours.zip(words).for_each(|(four, word)| *four = word.to_le_bytes());
    digest
}

/// Takes `count` blocks into the states of the first `active` lanes, and of those that go with them.
#[inline(always)]
fn compress<S: Simd>(
    simd: S,
    states: &mut [[u32; LANES]; 4],
    rests: &[&[[u8; BLOCK]]; LANES],
    count: usize,
    active: usize,
) {
    let width = S::u32s::LEN;
    let mut words = [[0; LANES]; 16];
    for first in (0..active.min(LANES)).step_by(width) {
        let Some(mine) = rests.get(first..first.saturating_add(width)) else { return };
        let mut state = states
            .each_ref()
            .map(|words| S::u32s::from_slice(simd, words.get(first..first + width).unwrap_or(words)));
        for block in 0..count {
            transpose(mine, block, &mut words);
            state = rounds(simd, state, &words);
        }
        for (words, word) in states.iter_mut().zip(state) {
            if let Some(words) = words.get_mut(first..first.saturating_add(width)) {
                word.store_slice(words);
            }
        }
    }
}

/// Takes the sixteen words of a block of each lane, each word of all lanes together.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "both indices are within the arrays, which the compiler sees")]
fn transpose(rests: &[&[[u8; BLOCK]]], block: usize, words: &mut [[u32; LANES]; 16]) {
    for (lane, rest) in rests.iter().enumerate().take(LANES) {
        let Some(block) = rest.get(block) else { continue };
        for (word, four) in block.as_chunks::<4>().0.iter().enumerate() {
            words[word][lane] = u32::from_le_bytes(*four);
        }
    }
}

/// The four rounds of one block.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "the indices are constants, or taken modulo the array's length")]
fn rounds<S: Simd>(simd: S, state: [S::u32s; 4], words: &[[u32; LANES]; 16]) -> [S::u32s; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    let word = |step: usize, index: usize| {
        let words = S::u32s::from_slice(simd, &words[index % 16][..S::u32s::LEN]);
        words + S::u32s::splat(simd, SINES[step])
    };
    for step in (0..16).step_by(4) {
        a = turn::<S, 7, 25>(a, b, d ^ (b & (c ^ d)), word(step, step));
        d = turn::<S, 12, 20>(d, a, c ^ (a & (b ^ c)), word(step + 1, step + 1));
        c = turn::<S, 17, 15>(c, d, b ^ (d & (a ^ b)), word(step + 2, step + 2));
        b = turn::<S, 22, 10>(b, c, a ^ (c & (d ^ a)), word(step + 3, step + 3));
    }
    for step in (16..32).step_by(4) {
        a = turn::<S, 5, 27>(a, b, c ^ (d & (b ^ c)), word(step, 5 * step + 1));
        d = turn::<S, 9, 23>(d, a, b ^ (c & (a ^ b)), word(step + 1, 5 * step + 6));
        c = turn::<S, 14, 18>(c, d, a ^ (b & (d ^ a)), word(step + 2, 5 * step + 11));
        b = turn::<S, 20, 12>(b, c, d ^ (a & (c ^ d)), word(step + 3, 5 * step + 16));
    }
    for step in (32..48).step_by(4) {
        a = turn::<S, 4, 28>(a, b, b ^ c ^ d, word(step, 3 * step + 5));
        d = turn::<S, 11, 21>(d, a, a ^ b ^ c, word(step + 1, 3 * step + 8));
        c = turn::<S, 16, 16>(c, d, d ^ a ^ b, word(step + 2, 3 * step + 11));
        b = turn::<S, 23, 9>(b, c, c ^ d ^ a, word(step + 3, 3 * step + 14));
    }
    for step in (48..64).step_by(4) {
        a = turn::<S, 6, 26>(a, b, c ^ (b | !d), word(step, 7 * step));
        d = turn::<S, 10, 22>(d, a, b ^ (a | !c), word(step + 1, 7 * step + 7));
        c = turn::<S, 15, 17>(c, d, a ^ (d | !b), word(step + 2, 7 * step + 14));
        b = turn::<S, 21, 11>(b, c, d ^ (c | !a), word(step + 3, 7 * step + 21));
    }
    let [a0, b0, c0, d0] = state;
    [a + a0, b + b0, c + c0, d + d0]
}

/// One step; the second number is 32 without the first.
#[inline(always)]
fn turn<S: Simd, const LEFT: u32, const RIGHT: u32>(
    a: S::u32s,
    b: S::u32s,
    mixed: S::u32s,
    word: S::u32s,
) -> S::u32s {
    let sum = a + word + mixed;
    b + ((sum << LEFT) | (sum >> RIGHT))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use md5::{Digest, Md5};

    use super::*;

    fn levels() -> Vec<Level> {
        let mut levels = vec![Level::new(), Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(Level::new().as_sse4_2().map(Level::Sse4_2));
            levels.extend(Level::new().as_avx2().map(Level::Avx2));
        }
        levels
    }

    fn content(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at.wrapping_mul(31) ^ len).to_le_bytes()[0]).collect()
    }

    /// The digests of contents of these lengths, in whatever order they come.
    fn digests(level: Level, lengths: &[usize]) -> BTreeMap<usize, [u8; 16]> {
        let mut buffer = MultiBuffer { level, ..MultiBuffer::default() };
        let mut digests = BTreeMap::new();
        let mut done = |tag, digest| assert_eq!(digests.insert(tag, digest), None);
        for (tag, &len) in lengths.iter().enumerate() {
            buffer.push(tag, &content(len), &mut done);
        }
        buffer.finish(&mut done);
        assert_eq!(buffer.held, 0);
        digests
    }

    #[test]
    fn every_length_has_the_digest_of_plain_md5_at_every_width() {
        let lengths: Vec<usize> = (0..300).chain([1000, 70_000, 5, 1 << 20, 64, 0, 3 << 20]).collect();
        for level in levels() {
            let found = digests(level, &lengths);
            assert_eq!(found.len(), lengths.len());
            for (tag, digest) in found {
                assert_eq!(digest, <[u8; 16]>::from(Md5::digest(content(lengths[tag]))), "{level:?} {tag}");
            }
        }
    }

    #[test]
    fn few_contents_are_done_at_the_end_and_many_bytes_before() {
        let mut buffer = MultiBuffer::default();
        let mut count = 0;
        buffer.push((), &content(10), &mut |(), _| count += 1);
        assert_eq!((count, buffer.held), (0, 64));
        buffer.push((), &vec![0; HELD], &mut |(), _| count += 1);
        assert_eq!((count, buffer.held), (2, 0));
        buffer.finish(&mut |(), _| count += 1);
        assert_eq!(count, 2);
    }
}
