//! The digits of crypt: six bits each, the least first, as numbers and as bytes.

/// In the order of their values.
pub(super) const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a digit stands for.
pub(super) fn value(byte: u8) -> Option<u32> {
    u32::try_from(memchr::memchr(byte, DIGITS)?).ok()
}

/// The digit that stands for the last six bits of `bits`.
pub(super) fn digit(bits: u32) -> u8 {
    DIGITS.get((bits & 63) as usize).copied().unwrap_or(b'.')
}

/// The number that digits say, the least first.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().rev().try_fold(0_u32, |sum, &byte| Some(sum.checked_mul(64)? | value(byte)?))
}

/// Bytes as digits: three make four.
pub(super) fn encode(bytes: &[u8]) -> Vec<u8> {
    let group = |three: &[u8]| {
        let bits = three.iter().rev().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
        (0..4).take(three.len().saturating_add(1)).map(move |place| digit(bits >> (place * 6)))
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// The bytes that digits say; `None` for what is none, or has bits set that belong to no byte.
pub(super) fn decode(digits: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len());
    for four in digits.chunks(4) {
        let bits = number(four)?;
        let whole = four.len().checked_sub(1).filter(|&whole| whole > 0)?;
        let [first, second, third, _] = bits.to_le_bytes();
        bytes.extend([first, second, third].into_iter().take(whole));
        if bits >> (whole * 8) != 0 {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_least_digit() {
        assert_eq!(number(b"ab"), Some(38 + 39 * 64));
        assert_eq!(number(b"zzzz"), Some(0xff_ffff));
        assert_eq!(number(b"a-"), None);
    }

    #[test]
    fn bytes_come_back_and_what_says_none_is_refused() {
        for length in 0..20_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
        assert_eq!(decode(b"z"), None);
        assert_eq!(decode(b"zz"), None);
        assert_eq!(decode(b"a$"), None);
    }
}
