//! A git object as changes to another one: copies out of the base, and new bytes.
//!
//! Source: `gitformat-pack(5)`, "Deltified representation".

/// The object that `changes` make of `base`; none if they do not fit it, or it has more than `room` bytes.
pub(super) fn apply(base: &[u8], changes: &[u8], room: u64) -> Option<Vec<u8>> {
    let mut rest = changes;
    if length(&mut rest)? != base.len() as u64 {
        return None;
    }
    let size = usize::try_from(length(&mut rest).filter(|&size| size <= room)?).ok()?;
    let mut made = Vec::new();
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        if code & 0x80 != 0 {
            let (offset, count) = copy(code, &mut rest)?;
            made.extend_from_slice(base.get(offset..)?.get(..count)?);
        } else {
            let (new, after) = rest.split_at_checked(usize::from(code)).filter(|_| code > 0)?;
            made.extend_from_slice(new);
            rest = after;
        }
        if made.len() > size {
            return None;
        }
    }
    (made.len() == size).then_some(made)
}

/// Where a copy begins, and its length: the bits of the code say which bytes of both are there.
fn copy(code: u8, rest: &mut &[u8]) -> Option<(usize, usize)> {
    let mut number = |bits: std::ops::Range<u32>| {
        let first = bits.start;
        let mut value = 0_usize;
        for bit in bits {
            if code >> bit & 1 == 1 {
                value |= usize::from(byte(rest)?) << (bit.saturating_sub(first) * 8);
            }
        }
        Some(value)
    };
    let (offset, count) = (number(0..4)?, number(4..7)?);
    Some((offset, if count == 0 { 0x1_0000 } else { count }))
}

/// A number, seven bits a byte, the lowest first.
fn length(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0_u32);
    loop {
        let byte = byte(rest)?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift = shift.checked_add(7)?;
        if byte < 0x80 {
            return Some(value);
        }
    }
}

/// The next byte.
pub(super) fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, after) = rest.split_first()?;
    *rest = after;
    Some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_new_bytes_make_the_object() {
        let changes = [11, 9, 0x91, 6, 5, 4, b'!', b'?', b'.', b'\n'];
        assert_eq!(apply(b"hello world", &changes, 100).as_deref(), Some(&b"world!?.\n"[..]));
        assert_eq!(apply(b"hello world", &changes, 8), None);
        assert_eq!(apply(b"hello", &changes, 100), None);
    }

    #[test]
    fn a_copy_beyond_the_base_is_refused() {
        assert_eq!(apply(b"hello world", &[11, 9, 0x91, 6, 9], 100), None);
    }
}
