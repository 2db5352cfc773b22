//! Values made at run time: of a kind and a length, or of a format of `corpus/formats.toml`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::keys;

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Formats by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Formats {
    tokens: BTreeMap<String, String>,
    more: BTreeMap<String, String>,
    decoys: BTreeMap<String, String>,
}

/// A table of formats.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Group {
    #[default]
    Tokens,
    More,
}

/// Numbers that are the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(text: &str) -> Self {
        let hash = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(text.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }

    fn text(&mut self, alphabet: &str, len: usize) -> String {
        (0..len).map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())])).collect()
    }

    /// A text with a small and a capital letter and a digit in it.
    fn mixed(&mut self, extra: &str, len: usize) -> String {
        let alphabet = format!("{LOWER}{UPPER}{DIGITS}{extra}");
        loop {
            let text = self.text(&alphabet, len);
            let has = |set: &str| text.contains(|c| set.contains(c));
            let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
            let ends = text.ends_with(|c: char| c.is_ascii_alphanumeric());
            if begins && ends && has(LOWER) && has(UPPER) && has(DIGITS) && (extra.is_empty() || has(extra)) {
                return text;
            }
        }
    }
}

impl Formats {
    pub(crate) fn read() -> Self {
        let path = super::corpus::folder().join("formats.toml");
        toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    pub(crate) fn of(&self, group: Group) -> &BTreeMap<String, String> {
        match group {
            Group::Tokens => &self.tokens,
            Group::More => &self.more,
        }
    }

    /// The value that `name` stands for, and the one that it was encoded from.
    pub(crate) fn value(&self, name: &str, random: &mut Random) -> (String, Option<String>) {
        let (name, encoding) = name.split_once('|').map_or((name, None), |(name, how)| (name, Some(how)));
        let plain = match name.strip_prefix('=') {
            Some(literal) => literal.to_owned(),
            None => match [&self.tokens, &self.more, &self.decoys].iter().find_map(|table| table.get(name)) {
                Some(format) => fill(format, random),
                None => piece(name, "", random),
            },
        };
        match encoding {
            Some("base64") => (STANDARD.encode(&plain), Some(plain)),
            Some(other) => panic!("no encoding is called {other}"),
            None => (plain, None),
        }
    }
}

fn fill(format: &str, random: &mut Random) -> String {
    let mut text = String::new();
    let mut body = 0; // where the last piece began
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (kind, after) = after.split_once('}').unwrap();
        let made = piece(kind, &text[body..], random);
        body = text.len();
        text.push_str(&made);
        rest = after;
    }
    text + rest
}

/// One piece; `before` is the piece before it, which a checksum is of.
fn piece(kind: &str, before: &str, random: &mut Random) -> String {
    let (kind, len) = kind.split_once(':').unwrap_or((kind, ""));
    if kind == "lit" {
        return len.to_owned();
    }
    let len = len.parse().unwrap_or(0);
    match kind {
        "alpha" => random.text(&format!("{LOWER}{UPPER}"), len),
        "alnum" if len < 4 => random.text(&format!("{LOWER}{UPPER}{DIGITS}"), len),
        "alnum" | "pw" => random.mixed("", len),
        "sym" => random.mixed("!#%+_.^*?-", len),
        "base36" => random.text(&format!("{LOWER}{DIGITS}"), len),
        "upperd" => random.text(&format!("{UPPER}{DIGITS}"), len),
        "base32" => random.text(&format!("{UPPER}234567"), len),
        "bech32" => random.text("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", len),
        "hex" => random.text("0123456789abcdef", len),
        "HEX" => random.text("0123456789ABCDEF", len),
        "d" => random.text(DIGITS, len),
        "d19" => random.text("123456789", 1) + &random.text(DIGITS, len - 1),
        "b64u" => random.mixed("_-", len.max(4))[..len].to_owned(),
        // `b64:N` alone is N bytes with padding; in a format it is N characters.
        "b64" if before.is_empty() => STANDARD.encode(random.bytes(len)),
        "b64" => random.mixed("+/", len),
        "awskey" => random.mixed("+/", 40),
        "uuid" => uuid(random),
        "jwt" => jwt(random),
        "crc62" => base62(crc32fast::hash(before.as_bytes())),
        "crc16" => format!("{:08x}", crc32fast::hash(before.trim_end_matches('_').as_bytes())),
        "crc64le" => STANDARD.encode(crc32fast::hash(before.as_bytes()).to_le_bytes())[..6].to_owned(),
        key if key.starts_with("pem") => keys::of(key, random),
        other => panic!("no kind of value is called {other}"),
    }
}

fn uuid(random: &mut Random) -> String {
    let hex = random.text("0123456789abcdef", 32);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

fn jwt(random: &mut Random) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let subject = random.text(LOWER, 9);
    let claims = format!(r#"{{"sub":"{subject}","iss":"https://id.corp","exp":4102444800}}"#);
    format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode(random.bytes(32)))
}

fn base62(mut number: u32) -> String {
    let alphabet = format!("{DIGITS}{UPPER}{LOWER}");
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(char::from(alphabet.as_bytes()[(number % 62) as usize]));
        number /= 62;
    }
    digits.iter().rev().collect()
}
