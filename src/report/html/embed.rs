//! Data and code inside of the page: what a browser must not take for markup, and the hashes by which the page's own
//! policy knows its code.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use assay_disk::text::log;

/// `value` as JSON that holds no markup: `<`, `>`, `&` and the line separators of scripts are escaped, so that neither
/// `</script>` nor `<!--` can be in it; nor any command to a CI server.
fn json(value: &impl Serialize) -> String {
    // Only a map with keys that are no strings could fail, and there is none.
    let json = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    let mut text = String::with_capacity(json.len());
    for (at, c) in json.char_indices() {
        let is_live = || matches!(c, '#' | ':') && log::is_live(&json, at, c);
        if matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') || is_live() {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Data of this length and more is packed.
const LONG: usize = 128 << 10;

/// Data for the script, in an element of a type that says how it is written.
pub(in crate::report) struct Embedded {
    /// `application/json`, or `application/gzip`: that in gzip and base64.
    pub(in crate::report) kind: &'static str,
    pub(in crate::report) text: String,
}

/// `value` for the script; packed where it is long.
pub(in crate::report) fn embedded(value: &impl Serialize) -> Embedded {
    let text = json(value);
    if text.len() < LONG {
        return Embedded { kind: "application/json", text };
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // It is written to memory.
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
    Embedded { kind: "application/gzip", text: STANDARD.encode(packed) }
}

/// What a page of this script and style may do: nothing else.
pub(in crate::report) fn policy(script: &str, style: &str) -> String {
    let (script, style) = (hash(script), hash(style));
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// A source of the policy that allows `code` and nothing else
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
pub(in crate::report) fn hash(code: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_is_in_the_data_and_none_is_lost() {
        let hostile = "</script><!--&\u{2028}\u{2029}\"";
        let text = json(&hostile);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[test]
    fn long_data_is_packed_and_short_data_can_be_read() {
        let read = |text: &str| {
            let packed = STANDARD.decode(text).unwrap();
            let mut json = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut json).unwrap();
            serde_json::from_str::<String>(&json).unwrap()
        };
        let (short, long) = (embedded(&"<"), embedded(&"<".repeat(LONG)));
        assert_eq!((short.kind, short.text.as_str()), ("application/json", "\"\\u003c\""));
        assert_eq!((long.kind, read(&long.text)), ("application/gzip", "<".repeat(LONG)));
    }

    #[test]
    fn a_hash_is_that_of_the_specification() {
        // CSP3, section 2.3.1.
        let known = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert_eq!(hash("alert('Hello, world.');"), known);
    }
}
