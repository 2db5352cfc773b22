//! Paths of the image as relative references (RFC 3986).
//!
//! A reader resolves `..` and `.`, and some take `//` for the name of a host or leave empty segments out: names of
//! members of archives have them, and would lead elsewhere. Such a segment is set in brackets, `(..)`, which no other
//! one begins with, as a bracket in a name is encoded.

/// The reference of a path below the root, byte by byte; what is not plain in a path is percent-encoded.
pub(super) fn path(path: &[u8]) -> String {
    let start = path.iter().take_while(|&&byte| byte == b'/').count();
    let below = path.get(start..).unwrap_or_default();
    if below.is_empty() {
        return String::new();
    }
    let segments: Vec<String> = below.split(|&byte| byte == b'/').map(segment).collect();
    segments.join("/")
}

/// The same of one segment: a slash is encoded, too.
pub(super) fn segment(name: &[u8]) -> String {
    // For readers on Windows a backslash parts names, too.
    let parts: Vec<String> = name.split(|&byte| byte == b'\\').map(part).collect();
    parts.join("%5C")
}

fn part(name: &[u8]) -> String {
    // Windows leaves out blanks at the end of a name.
    let leads_elsewhere = name.iter().all(|byte| b". ".contains(byte));
    let text = encode(name);
    if leads_elsewhere { format!("({text})") } else { text }
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~!".contains(&byte) {
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

    /// RFC 3986, 5.2.4, of segments; a reader on Windows parts at backslashes, too.
    fn resolved(uri: &str) -> String {
        let mut kept: Vec<String> = Vec::new();
        for segment in uri.replace("%5C", "/").split('/') {
            match segment.replace("%2E", ".").as_str() {
                "." => {}
                ".." => drop(kept.pop()),
                name => kept.push(name.to_owned()),
            }
        }
        kept.join("/")
    }

    #[test]
    fn every_byte_of_a_path_comes_back_and_no_scheme_is_made() {
        assert_eq!(path(b"/srv/a b:\xff%?#.zip!/x"), "srv/a%20b%3A%FF%25%3F%23.zip!/x");
        assert_eq!(path(b"//host/x"), "host/x");
        assert_eq!(segment(b"a/b.img"), "a%2Fb.img");
    }

    #[test]
    fn no_segment_leads_elsewhere_and_no_two_paths_are_one() {
        let names: [&[u8]; 12] = [
            b"/srv/a.tar!/../../../etc/passwd",
            b"/srv/a.tar!/(..)/(..)/(..)/etc/passwd",
            b"/srv/a.tar!/./x",
            b"/srv/a.tar!//etc/passwd",
            b"/srv/a.tar!///etc/passwd",
            b"/srv/a.zip!/C:\\Windows\\..\\..\\x",
            b"/srv/a.zip!/..\\..\\x",
            b"/srv/a.zip!/C:/x",
            b"/srv/a.zip!/",
            b"/srv/a.zip!/%2e%2e/x",
            b"/..",
            b"javascript:alert(1)",
        ];
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            let uri = path(name);
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~!()/%".contains(c);
            assert!(uri.chars().all(plain) && !uri.starts_with('/') && !uri.contains("//"), "{uri}");
            assert_eq!(resolved(&uri), uri.replace("%5C", "/"), "{uri}");
            assert!(seen.insert(uri.clone()), "{uri}");
        }
        assert_eq!(path(names[0]), "srv/a.tar!/(..)/(..)/(..)/etc/passwd");
    }
}
