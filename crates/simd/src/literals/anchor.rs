//! The window of a keyword that is looked for: the rarest one, of at most four bytes.

use super::Keyword;
use crate::shape::ByteSet;

/// Bytes of a window.
pub(super) const WIDTH: usize = 4;

/// How often a byte is seen in the files of a system, in ten-thousandths (at most 255, at least 1): counted
/// over every seventh file of a Debian server.
#[rustfmt::skip]
pub(super) const FREQUENCY: [u8; 256] = [
    255, 135, 95, 51, 71, 58, 35, 25, 46, 37, 70, 28, 24, 23, 34, 58, 36, 17, 17, 16, 17, 21, 13, 14, 26, 14, 14, 22, 16, 12, 14, 23,
    255, 17, 64, 15, 52, 21, 13, 25, 31, 23, 18, 14, 37, 37, 40, 30, 54, 39, 28, 20, 20, 21, 21, 17, 26, 22, 42, 19, 27, 24, 26, 15,
    24, 54, 23, 26, 41, 33, 19, 17, 109, 35, 11, 13, 38, 22, 21, 20, 30, 13, 22, 27, 30, 21, 15, 14, 15, 13, 11, 19, 21, 20, 14, 67,
    21, 131, 39, 83, 83, 210, 56, 44, 52, 124, 14, 27, 82, 59, 121, 125, 72, 15, 123, 120, 161, 72, 29, 24, 28, 34, 16, 21, 20, 22, 14, 14,
    33, 14, 12, 31, 24, 29, 12, 12, 15, 65, 11, 52, 13, 29, 11, 13, 18, 11, 10, 11, 12, 10, 9, 11, 11, 9, 9, 11, 12, 14, 12, 12,
    14, 9, 9, 10, 10, 9, 10, 10, 12, 9, 12, 11, 10, 9, 9, 12, 13, 10, 9, 10, 10, 10, 12, 12, 15, 12, 13, 12, 14, 11, 15, 15,
    34, 18, 14, 18, 15, 12, 14, 22, 12, 12, 10, 10, 19, 10, 12, 12, 22, 13, 12, 10, 10, 9, 9, 12, 19, 10, 11, 11, 11, 13, 12, 15,
    19, 13, 12, 12, 12, 12, 13, 13, 39, 22, 11, 15, 14, 12, 12, 16, 23, 13, 14, 13, 12, 11, 15, 14, 17, 14, 14, 14, 28, 15, 26, 192,
];

/// The bytes that may stand at one place of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// This one, and its other case.
    Either(u8, u8),
    /// One of these: they follow the keyword.
    Of(ByteSet),
    /// Every byte: the window is shorter.
    Any,
}

impl Class {
    /// The low and the high halves of the bytes, a bit each.
    pub(super) fn halves(self) -> (u16, u16) {
        match self {
            Self::Either(a, b) => (1 << (a & 15) | 1 << (b & 15), 1 << (a >> 4) | 1 << (b >> 4)),
            Self::Of(set) => set
                .bytes()
                .fold((0, 0), |(low, high), byte| (low | 1 << (byte & 15), high | 1 << (byte >> 4))),
            Self::Any => (u16::MAX, u16::MAX),
        }
    }

    fn frequency(self) -> u32 {
        let of = |byte: u8| u32::from(FREQUENCY.get(usize::from(byte)).copied().unwrap_or(255));
        match self {
            Self::Either(a, b) if a == b => of(a),
            Self::Either(a, b) => of(a).saturating_add(of(b)),
            Self::Of(set) => set.bytes().map(of).sum(),
            Self::Any => 10_000,
        }
    }
}

/// The window of one keyword.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    /// Where in the keyword it begins.
    pub(super) offset: usize,
    /// Its bytes that are the keyword's: at most [`WIDTH`].
    pub(super) len: usize,
    /// What stands at each of its places.
    pub(super) classes: [Class; WIDTH],
}

/// The rarest window of `keyword`, as far as the frequencies of its bytes tell.
pub(super) fn choose(keyword: &Keyword) -> Anchor {
    // Two bytes are the keyword's at least: it is looked up by them.
    let last = keyword.text.len().saturating_sub(2);
    let windows = (0..=last).map(|offset| window(keyword, offset));
    let rarity = |anchor: &Anchor| {
        anchor.classes.iter().fold(1_u64, |product, class| product.saturating_mul(class.frequency().into()))
    };
    windows.min_by_key(rarity).unwrap_or(Anchor { offset: 0, len: 0, classes: [Class::Any; WIDTH] })
}

fn window(keyword: &Keyword, offset: usize) -> Anchor {
    let mut classes = [Class::Any; WIDTH];
    let bytes = keyword.text.get(offset..).unwrap_or_default();
    let letters = bytes.iter().map(|&byte| match keyword.any_case {
        true => Class::Either(byte.to_ascii_lowercase(), byte.to_ascii_uppercase()),
        false => Class::Either(byte, byte),
    });
    let all = letters.chain(keyword.shape.following().map(Class::Of));
    classes.iter_mut().zip(all).for_each(|(class, one)| *class = one);
    Anchor { offset, len: bytes.len().min(WIDTH), classes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    #[test]
    fn the_rarest_window_is_taken() {
        let anchor =
            choose(&Keyword { text: b"teeeJWQX".to_vec(), any_case: false, shape: Shape::default() });
        assert_eq!((anchor.offset, anchor.len), (4, 4));
    }

    #[test]
    fn a_short_keyword_leaves_places_open() {
        let anchor = choose(&Keyword { text: b"k_".to_vec(), any_case: true, shape: Shape::default() });
        assert_eq!(
            anchor.classes,
            [Class::Either(b'k', b'K'), Class::Either(b'_', b'_'), Class::Any, Class::Any]
        );
    }
}
