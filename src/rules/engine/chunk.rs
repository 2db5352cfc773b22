//! One chunk of a file: its bytes as they are and, where they are UTF-16 or UTF-32, its text.

use std::cell::Cell;

use super::utf16;

/// Bytes that tell whether a file is text.
const HEAD: usize = 8192;

/// What the first bytes of a file tell of all of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextEncoding {
    /// None: bytes as they are.
    encoding: Option<utf16::Order>,
    /// Whether lines are counted.
    is_text: bool,
}

impl TextEncoding {
    /// Of the file that begins with `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            encoding: utf16::recognise(bytes),
            is_text: memchr::memchr(0, bytes.get(..HEAD).unwrap_or(bytes)).is_none(),
        }
    }
}

/// A chunk in all its forms.
pub(super) struct Forms<'b> {
    bytes: &'b [u8],
    base: u64,
    last: bool,
    is_text: bool,
    /// Where in the bytes the next chunk begins.
    repeat: usize,
    /// The text, and where in it the next chunk begins.
    decoded: Option<(usize, String, utf16::Order)>,
}

impl<'b> Forms<'b> {
    /// The next chunk repeats `overlap` bytes, unless this one is the `last`.
    pub(super) fn new(bytes: &'b [u8], base: u64, last: bool, manner: TextEncoding, overlap: usize) -> Self {
        let repeat = bytes.len().saturating_sub(overlap);
        let decoded = manner.encoding.map(|order| {
            let text = utf16::to_utf8(bytes, order);
            let repeated = utf16::to_utf8(bytes.get(repeat..).unwrap_or_default(), order);
            (text.len().saturating_sub(repeated.len()), text, order)
        });
        Self { bytes, base, last, is_text: manner.is_text, repeat, decoded }
    }

    /// Each form: the bytes, and then the text. `lines` of the file are before the chunk, which begins within
    /// the file if it `is_cut`.
    pub(super) fn each(&self, is_cut: bool, lines: u64) -> impl Iterator<Item = Chunk<'_>> {
        let make = move |bytes, repeat, decoded, is_text: bool| Chunk {
            bytes,
            base: self.base,
            next: (!self.last).then_some(repeat),
            decoded,
            is_cut,
            lines: is_text.then(|| Cell::new((0, lines))),
            before: Cell::new((0, 0)),
        };
        let text = self.decoded.as_ref();
        let text = text.map(move |(repeat, text, order)| {
            make(text.as_bytes(), *repeat, Some((text.as_str(), *order)), true)
        });
        std::iter::once(make(self.bytes, self.repeat, None, self.is_text)).chain(text)
    }

    /// Whether the next chunk begins behind this one's first byte.
    pub(super) fn moves_on(&self) -> bool {
        self.repeat > 0
    }

    /// Newlines that the next chunk does not repeat.
    pub(super) fn newlines(&self) -> u64 {
        let gone = match &self.decoded {
            _ if self.last => None,
            Some((repeat, text, _)) => text.as_bytes().get(..*repeat),
            None => self.bytes.get(..self.repeat),
        };
        newlines(gone.unwrap_or_default())
    }
}

/// The bytes at hand.
pub(super) struct Chunk<'c> {
    pub(super) bytes: &'c [u8],
    base: u64,
    /// Where the next chunk begins; none for the last one.
    pub(super) next: Option<usize>,
    /// The text, where the bytes are a decoded form of the file's.
    decoded: Option<(&'c str, utf16::Order)>,
    /// Whether it begins within the file.
    pub(super) is_cut: bool,
    /// A place that was asked for before, and the newlines of the file before it; none where lines are not counted.
    lines: Option<Cell<(usize, u64)>>,
    /// A place in the text that was asked for before, and the file's bytes before it.
    before: Cell<(usize, usize)>,
}

impl Chunk<'_> {
    /// 0: bytes as they are, 1: decoded text.
    pub(super) fn form(&self) -> usize {
        usize::from(self.decoded.is_some())
    }

    /// Whether the next chunk has the place, and the byte before it.
    pub(super) fn is_repeated(&self, at: usize) -> bool {
        self.next.is_some_and(|next| next == 0 || at > next)
    }

    /// The offset in the file of a place in the chunk.
    pub(super) fn offset(&self, at: usize) -> u64 {
        let inside = self.decoded.and_then(|(text, order)| self.undecoded(text, order, at)).unwrap_or(at);
        self.base.saturating_add(inside as u64)
    }

    /// The file's bytes before a place in the text: counted from the place that was asked for before.
    fn undecoded(&self, text: &str, order: utf16::Order, at: usize) -> Option<usize> {
        let (place, before) = self.before.get();
        let count = |text: &str| text.chars().map(|character| order.bytes(character)).sum::<usize>();
        let bytes = match text.get(place..at) {
            Some(between) => before.saturating_add(count(between)),
            None => before.saturating_sub(count(text.get(at..place)?)),
        };
        self.before.set((at, bytes));
        Some(bytes)
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, at: usize) -> Option<u64> {
        let known = self.lines.as_ref()?;
        let (place, before) = known.get();
        let count = match self.bytes.get(place..at) {
            Some(between) => before.saturating_add(newlines(between)),
            // Matches of many rules come in the order of their keywords.
            None => before.saturating_sub(newlines(self.bytes.get(at..place).unwrap_or_default())),
        };
        known.set((at, count));
        Some(count.saturating_add(1))
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
