//! Text in UTF-16, as Windows tools write it.

/// Order of the two bytes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// Bytes that are looked at.
const LOOK: usize = 4096;

/// Whether the bytes begin a text in UTF-16: by its mark, or because nearly every other byte is zero.
pub(super) fn recognise(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(Order::Little),
        [0xfe, 0xff, ..] => return Some(Order::Big),
        _ => {}
    }
    let head = bytes.get(..LOOK).unwrap_or(bytes);
    let pairs = head.len() / 2;
    if pairs < 8 || memchr::memchr(0, head).is_none() {
        return None;
    }
    let ascii = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    let mut counts = (0, 0);
    for pair in head.chunks_exact(2) {
        match *pair {
            [text, 0] if ascii(text) => counts.0 += 1,
            [0, text] if ascii(text) => counts.1 += 1,
            _ => {}
        }
    }
    if counts.0 * 10 >= pairs * 9 {
        Some(Order::Little)
    } else if counts.1 * 10 >= pairs * 9 {
        Some(Order::Big)
    } else {
        None
    }
}

/// The text; what is no character becomes U+FFFD.
pub(super) fn to_utf8(bytes: &[u8], order: Order) -> String {
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
    fn utf16_is_known_by_its_mark_or_its_zeros() {
        let little: Vec<u8> = "Password=abc".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(recognise(&little), Some(Order::Little));
        assert_eq!(to_utf8(&little, Order::Little), "Password=abc");
        assert_eq!(recognise(b"plain text, nothing else"), None);
        assert_eq!(recognise(&[0; 64]), None);
    }
}
