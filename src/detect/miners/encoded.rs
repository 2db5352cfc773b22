//! Pools that are hidden in base64: `echo c3RyYXR1bSt0Y3A6… | base64 -d | sh`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;

use super::{Match, lossy};

/// The text in base64, at the alignment at which it names a pool.
pub(super) fn decode(packed: &[u8]) -> Option<Vec<u8>> {
    let end = packed.iter().rposition(|&byte| byte != b'=').map_or(0, |at| at.saturating_add(1));
    (0..4).find_map(|skip| {
        let piece = packed.get(skip..end)?;
        // One letter over a group of four holds no byte.
        let piece = piece.get(..piece.len() - usize::from(piece.len() % 4 == 1))?;
        let bytes = STANDARD_NO_PAD
            .decode(piece)
            .or_else(|_| STANDARD_NO_PAD.decode(piece.get(..piece.len() / 4 * 4).unwrap_or_default()));
        bytes.ok().filter(|bytes| pool(bytes).is_some())
    })
}

/// What the matches of encoded pools say.
pub(super) fn texts(marks: &[(&str, &Match)]) -> Vec<Vec<u8>> {
    let packed = marks.iter().filter(|(signal, _)| *signal == "encoded pool");
    packed.filter_map(|(_, found)| decode(found.secret.reveal())).collect()
}

/// The pools in such texts.
pub(super) fn pools(texts: &[Vec<u8>]) -> impl Iterator<Item = String> {
    texts.iter().filter_map(|text| pool(text).map(lossy))
}

/// `stratum+tcp://host:port`
fn pool(text: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(text, b"stratum+")?;
    let rest = text.get(at..)?;
    let host = memmem::find(rest.get(..20).unwrap_or(rest), b"://")?.saturating_add(3);
    let is_address = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:[]".contains(byte);
    let length = rest.get(host..)?.iter().take_while(|byte| is_address(byte)).count();
    (length >= 3).then(|| rest.get(..host.saturating_add(length)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alignment_is_decoded() {
        for before in ["", "a", "ab", "abc"] {
            let text = format!("{before}stratum+tcp://pool.example.org:3333 -u x");
            let packed = STANDARD_NO_PAD.encode(&text);
            assert!(decode(packed.as_bytes()).is_some(), "{before}");
        }
        let packed = STANDARD_NO_PAD.encode("exec nohup stratum+tcp://pool.example.org:3333 -u x");
        for cut in 0..4 {
            assert!(decode(&packed.as_bytes()[cut..]).is_some(), "{cut}");
        }
        assert_eq!(decode(b"c3RyYXR1bStYYYYYYYYYYYYYY"), None);
    }
}
