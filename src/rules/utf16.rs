//! Text in UTF-16, as Windows tools write it, and in UTF-32.

/// Order of the bytes of a unit, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
    /// Four bytes, the lowest first.
    Little4,
    /// Four bytes, the highest first.
    Big4,
}

impl Order {
    /// The bytes of the units that a character has.
    pub(super) const fn bytes(self, character: char) -> usize {
        match self {
            Self::Little | Self::Big => character.len_utf16() * 2,
            Self::Little4 | Self::Big4 => 4,
        }
    }
}

/// Bytes that are looked at.
const LOOK: usize = 4096;

/// Whether the bytes begin a text in UTF-16 or UTF-32: by its mark, or because nearly all units are ASCII with zeros.
pub(super) fn recognise(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return Some(Order::Little4),
        [0, 0, 0xfe, 0xff, ..] => return Some(Order::Big4),
        [0xff, 0xfe, ..] => return Some(Order::Little),
        [0xfe, 0xff, ..] => return Some(Order::Big),
        _ => {}
    }
    let head = bytes.get(..LOOK).unwrap_or(bytes);
    let pairs = head.len() / 2;
    if pairs < 8 || memchr::memchr(0, head).is_none() {
        return None;
    }
    // Without a branch, so that several pairs are counted at once.
    let ascii = |byte: u8| matches!(byte, 0x20..=0x7e) | (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
    let units = head.as_chunks().0.iter();
    let little = units.clone().map(|&[one, two]| u16::from(ascii(one) & (two == 0))).sum::<u16>();
    let big = units.map(|&[one, two]| u16::from(ascii(two) & (one == 0))).sum::<u16>();
    let counts = (usize::from(little), usize::from(big));
    if counts.0 * 10 >= pairs * 9 {
        Some(Order::Little)
    } else if counts.1 * 10 >= pairs * 9 {
        Some(Order::Big)
    } else if counts.0 * 20 >= pairs * 9 {
        // Every other pair of a text in UTF-32 has this form, and the pairs between are zeros.
        fours(head, Order::Little4, |unit| matches!(unit, [text, 0, 0, 0] if ascii(*text)))
    } else if counts.1 * 20 >= pairs * 9 {
        fours(head, Order::Big4, |unit| matches!(unit, [0, 0, 0, text] if ascii(*text)))
    } else {
        None
    }
}

/// This order, if nearly all units of four bytes are of it.
fn fours(head: &[u8], order: Order, is_of_it: impl Fn(&[u8; 4]) -> bool) -> Option<Order> {
    let units = head.as_chunks().0;
    let count = units.iter().filter(|unit| is_of_it(unit)).count();
    (count * 10 >= units.len() * 9).then_some(order)
}

/// The text; what is no character becomes U+FFFD.
pub(super) fn to_utf8(bytes: &[u8], order: Order) -> String {
    let whole = |from: fn([u8; 4]) -> u32| {
        let units = bytes.as_chunks().0.iter();
        units.map(|unit| char::from_u32(from(*unit)).unwrap_or('\u{fffd}')).collect()
    };
    match order {
        Order::Little4 => return whole(u32::from_le_bytes),
        Order::Big4 => return whole(u32::from_be_bytes),
        Order::Little | Order::Big => {}
    }
    let units = bytes.chunks_exact(2).map(|pair| match (pair, order) {
        (&[a, b], Order::Little) => u16::from_le_bytes([a, b]),
        (&[a, b], Order::Big) => u16::from_be_bytes([a, b]),
        _ => 0xfffd,
    });
    // Every unit gives one unit back, so that offsets can be counted.
    char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf32_is_known_by_its_mark_or_its_zeros() {
        let text = "Password=abc\n";
        for (order, from) in
            [(Order::Little4, u32::to_le_bytes as fn(u32) -> [u8; 4]), (Order::Big4, u32::to_be_bytes)]
        {
            let bytes: Vec<u8> = text.chars().flat_map(|c| from(c.into())).collect();
            assert_eq!(recognise(&bytes), Some(order));
            assert_eq!(to_utf8(&bytes, order), text);
            let marked = [&from(0xfeff)[..], &from(0x20ac)].concat();
            assert_eq!(recognise(&marked), Some(order));
            assert_eq!(to_utf8(&from(0x0011_0000), order), "\u{fffd}");
        }
        // Numbers of 32 bits are no text.
        let numbers: Vec<u8> = (0..64_u32).flat_map(|n| (n * 7).to_le_bytes()).collect();
        assert_eq!(recognise(&numbers), None);
    }

    #[test]
    fn utf16_is_known_by_its_mark_or_its_zeros() {
        let little: Vec<u8> = "Password=abc".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(recognise(&little), Some(Order::Little));
        assert_eq!(to_utf8(&little, Order::Little), "Password=abc");
        assert_eq!(recognise(b"plain text, nothing else"), None);
        assert_eq!(recognise(&[0; 64]), None);
    }
}
