//! Paths of the image as relative references (RFC 3986).

/// The reference of a path below the root, byte by byte; what is not plain in a path is percent-encoded.
pub(super) fn path(path: &[u8]) -> String {
    let start = path.iter().take_while(|&&byte| byte == b'/').count();
    encode(path.get(start..).unwrap_or_default(), b"/!")
}

/// The same of one segment: a slash is encoded, too.
pub(super) fn segment(name: &[u8]) -> String {
    encode(name, b"")
}

fn encode(bytes: &[u8], plain: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || plain.contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_path_comes_back_and_no_scheme_is_made() {
        assert_eq!(path(b"/srv/a b:\xff%?#.zip!/x"), "srv/a%20b%3A%FF%25%3F%23.zip!/x");
        assert_eq!(path(b"//host/x"), "host/x");
        assert_eq!(segment(b"a/b.img"), "a%2Fb.img");
    }
}
