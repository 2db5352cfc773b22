//! Names in UTF-16, as Windows keeps them, as bytes.

/// The name as UTF-8. A surrogate without its other half, which Windows allows, becomes its three bytes
/// (WTF-8), so that two names never become one; a slash, which no name may hold, becomes U+2215.
pub(super) fn name(bytes: &[u8]) -> Vec<u8> {
    convert(bytes, '\u{2215}')
}

/// A path, as [`name`], with its slashes.
pub(super) fn path(bytes: &[u8]) -> Vec<u8> {
    convert(bytes, '/')
}

fn convert(bytes: &[u8], slash: char) -> Vec<u8> {
    let units = bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
    let mut text = Vec::with_capacity(bytes.len());
    for unit in char::decode_utf16(units) {
        match unit {
            Ok('/') => push(&mut text, slash),
            Ok(c) => push(&mut text, c),
            Err(error) => {
                let [high, low] = error.unpaired_surrogate().to_be_bytes();
                let middle = 0x80 | (high & 0x0f) << 2 | low >> 6;
                text.extend_from_slice(&[0xe0 | high >> 4, middle, 0x80 | low & 0x3f]);
            }
        }
    }
    text
}

fn push(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    #[test]
    fn text_becomes_utf_8() {
        let units: Vec<u16> = "größe 日本 😀".encode_utf16().collect();
        assert_eq!(name(&wide(&units)), "größe 日本 😀".as_bytes());
    }

    #[test]
    fn half_a_pair_keeps_its_value() {
        assert_eq!(name(&wide(&[0xd83d, 0x61])), b"\xed\xa0\xbda");
        assert_eq!(name(&wide(&[0xdfff])), b"\xed\xbf\xbf");
    }

    #[test]
    fn a_slash_makes_no_directory() {
        assert_eq!(name(&wide(&[0x2f])), "\u{2215}".as_bytes());
    }
}
