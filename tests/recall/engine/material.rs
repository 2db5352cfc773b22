//! Buffers that are hard to search: random, text, binary, full of keywords and of examples.

use assay::rules::{Engine, Rule};

/// Bytes of a buffer, about.
const SIZE: usize = 96 << 10;

/// Numbers that are the same in every run (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(99))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What a buffer is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Random,
    Text,
    /// Strings between zeros.
    Binary,
    /// Keywords, whole and cut, one on the other.
    Keywords,
    /// Examples, whole and changed, with every kind of byte around them.
    Examples,
    /// Very long runs of the bytes that values are made of.
    Runs,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Random, Self::Text, Self::Binary, Self::Keywords, Self::Examples, Self::Runs];
}

const WORDS: [&str; 12] =
    ["the ", "key = ", "\n", "https://", "\": \"", "größe ", "=", "\r\n", "日本", "user:", "\tname\t", "';"];
const RUNS: [&[u8]; 8] = [b"A", b"f0", b"Zq9_-", b" ", b"\n", b"a/b+", b"0", b"=\"'"];

/// A buffer, which begins and ends with a keyword.
pub(crate) fn buffer(kind: Kind, rules: &[Rule], random: &mut Random) -> Vec<u8> {
    let mut bytes = keyword(rules, random);
    while bytes.len() < SIZE {
        piece(kind, rules, random, &mut bytes);
    }
    bytes.extend(keyword(rules, random));
    bytes
}

fn piece(kind: Kind, rules: &[Rule], random: &mut Random, bytes: &mut Vec<u8>) {
    match (kind, random.below(8)) {
        (Kind::Random, 0) | (Kind::Keywords, 0..5) => bytes.extend(keyword(rules, random)),
        (Kind::Random, 1) | (Kind::Text | Kind::Binary, 0) => bytes.extend(example(rules, random)),
        (Kind::Random, _) => bytes.extend((0..random.below(400)).map(|_| random.byte())),
        (Kind::Text, _) => bytes.extend_from_slice(random.pick(&WORDS).as_bytes()),
        (Kind::Binary, 1..4) => bytes.extend(std::iter::repeat_n(0, 1 + random.below(40))),
        (Kind::Binary, 4) => bytes.extend(keyword(rules, random)),
        (Kind::Binary, 5) => bytes.extend((0..random.below(60)).map(|_| random.byte())),
        (Kind::Keywords, 5) => bytes.push(random.byte()),
        (Kind::Examples, 0..3) => bytes.extend(example(rules, random)),
        (Kind::Examples, 3..6) => bytes.extend(changed(rules, random)),
        (Kind::Examples, 6) => bytes.extend_from_slice("é".as_bytes()),
        (Kind::Runs, 0) => bytes.extend(example(rules, random)),
        (Kind::Runs, 1..3) => bytes.extend(keyword(rules, random)),
        (Kind::Runs, 3) => {
            let run = random.pick(&RUNS);
            let len = 1 + random.below(3000);
            bytes.extend(run.iter().copied().cycle().take(len));
        }
        _ => bytes.extend_from_slice(random.pick(&WORDS).as_bytes()),
    }
}

/// A keyword, or the beginning or end of one, in some case.
fn keyword(rules: &[Rule], random: &mut Random) -> Vec<u8> {
    let rule = random.pick(rules);
    let word = random.pick(&rule.keywords).as_bytes();
    let at = random.below(word.len());
    let word = match random.below(5) {
        0 => &word[at..],
        1 => &word[..at],
        _ => word,
    };
    let upper = rule.case_insensitive && random.below(2) == 0;
    if upper { word.to_ascii_uppercase() } else { word.to_vec() }
}

fn example(rules: &[Rule], random: &mut Random) -> Vec<u8> {
    let rule = random.pick(rules);
    if random.below(5) == 0 {
        return random.pick(&rule.must_not_match).text.clone().into_bytes();
    }
    random.pick(&rule.must_match).text.clone().into_bytes()
}

/// An example with a few bytes put in, changed or left out.
fn changed(rules: &[Rule], random: &mut Random) -> Vec<u8> {
    let mut bytes = example(rules, random);
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[at] = random.byte(),
            1 => bytes.insert(at, *random.pick(b" \n\"=:\0_-A\xc3")),
            2 if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

/// One or two ends of chunks, anywhere behind the first overlap.
pub(crate) fn cuts(bytes: &[u8], overlap: usize, random: &mut Random) -> Vec<usize> {
    let first = overlap + random.below(bytes.len() - overlap);
    let second = first + random.below(bytes.len() - first);
    if random.below(2) == 0 { vec![first] } else { vec![first, second] }
}

/// An example at each alignment of 64, behind a letter, a zero, a byte of another script and a keyword, and
/// alone from the first to the last byte.
pub(crate) fn aligned(example: &[u8], rules: &[Rule]) -> Vec<Vec<u8>> {
    let keyword = rules[0].keywords[0].as_bytes();
    let leads: [&[u8]; 6] = [b"\n", b"\0", b"x", "é".as_bytes(), b"\xff", keyword];
    let mut buffers = vec![example.to_vec()];
    for lead in leads {
        let mut bytes = Vec::new();
        for alignment in 0..64 {
            let room = bytes.len() + 40 + lead.len();
            bytes.resize(room.next_multiple_of(64) + alignment - lead.len(), b'.');
            bytes.extend_from_slice(lead);
            bytes.extend_from_slice(example);
            bytes.push(b'\n');
        }
        buffers.push(bytes);
    }
    buffers
}

/// An example behind `lead` between lines, and the ends of chunks: in it and at the bytes around it, and those
/// that make each of its bytes the first of what the next chunk repeats.
pub(crate) fn at_a_cut(example: &[u8], lead: &[u8], engine: &Engine) -> (Vec<u8>, Vec<usize>) {
    let line = b"nothing to see in this line\n";
    let filler = |len: usize| line.iter().copied().cycle().take(len).collect::<Vec<u8>>();
    let overlap = engine.overlap();
    let before = filler(overlap + 32);
    let bytes = [&before[..], lead, example, b"\n", &filler(overlap + 64)].concat();
    let (start, end) = (before.len(), before.len() + example.len() + 2);
    let step = if overlap > 8 << 10 { 197 } else { 1 + example.len() / 40 };
    let inside = (start - 3..end + 3).step_by(5 * step);
    let repeated = (start - 3..end + 3).step_by(step).map(|cut| cut + overlap);
    (bytes, inside.chain(repeated).collect())
}

/// Lines with examples, behind the mark of UTF-16.
pub(crate) fn text(rules: &[Rule], random: &mut Random) -> String {
    let mut text = "\u{feff}".to_owned();
    while text.len() < SIZE / 2 {
        match random.below(4) {
            0 => text.push_str(&String::from_utf8(example(rules, random)).unwrap()),
            1 => text.push('\n'),
            _ => text.push_str(WORDS[random.below(WORDS.len())]),
        }
    }
    text
}

/// `text` in UTF-16.
pub(crate) fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    let bytes = |unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}
