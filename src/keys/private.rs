//! Private keys in any of the forms that files hold: OpenSSH, PEM, PuTTY, PGP; escaped or not.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{der, fingerprint, parse_openssh};

/// What is known of a private key without its passphrase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateKey {
    /// "OpenSSH", "PKCS #1", "PKCS #8", "SEC 1", "PuTTY", "PGP", …
    pub format: &'static str,
    /// As SSH names it; empty where unknown.
    pub algorithm: String,
    /// Bits; 0 where unknown.
    pub bits: usize,
    /// Whether a passphrase is needed.
    pub encrypted: bool,
    /// As `ssh-keygen -l` prints it.
    pub fingerprint: Option<String>,
}

/// The text as it would be in a key file: line ends escaped in JSON or YAML undone, indentation dropped.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(text, b"\\n").is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(before);
        let (escaped, skip): (&[u8], usize) = match from.get(1) {
            Some(b'n') => (b"\n", 2),
            Some(b'r') => (b"", 2),
            Some(b'/') => (b"/", 2),
            _ => (b"\\", 1),
        };
        out.extend_from_slice(escaped);
        rest = from.get(skip..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Parses a key, from its first to its last line; `None` where it is cut off, or an example.
pub fn parse(text: &[u8]) -> Option<PrivateKey> {
    if text.starts_with(b"PuTTY-User-Key-File-") {
        return putty(text);
    }
    let label = label(text)?;
    if label.starts_with(b"OPENSSH") {
        let key = parse_openssh(text)?;
        let fingerprint = Some(fingerprint(&key.public_blob));
        return Some(PrivateKey {
            format: "OpenSSH",
            algorithm: key.algorithm,
            bits: 0,
            encrypted: key.encrypted,
            fingerprint,
        });
    }
    let (body, headers) = body(text)?;
    if label.starts_with(b"PGP") {
        return (body.len() >= 64).then(|| PrivateKey { format: "PGP", ..PrivateKey::default() });
    }
    let format = match label {
        b"RSA PRIVATE KEY" => "PKCS #1",
        b"EC PRIVATE KEY" => "SEC 1",
        b"DSA PRIVATE KEY" => "DSA",
        _ => "PKCS #8",
    };
    let encrypted = label.starts_with(b"ENCRYPTED") || headers;
    if encrypted {
        return (body.len() >= 32).then(|| PrivateKey { format, encrypted, ..PrivateKey::default() });
    }
    let key = if format == "DSA" { der::DerKey::default() } else { der::parse(&body)? };
    let fingerprint = key.public_blob.as_deref().map(fingerprint);
    Some(PrivateKey { format, algorithm: key.algorithm, bits: key.bits, encrypted, fingerprint })
}

/// What stands between `-----BEGIN ` and `-----`.
fn label(text: &[u8]) -> Option<&[u8]> {
    let rest = text.get(memchr::memmem::find(text, b"-----BEGIN ")?.checked_add(11)?..)?;
    rest.get(..memchr::memmem::find(rest, b"-----")?)
}

/// The decoded body, and whether its headers say that it is encrypted.
fn body(text: &[u8]) -> Option<(Vec<u8>, bool)> {
    let after = text.get(memchr::memmem::find(text, b"-----BEGIN ")?.checked_add(11)?..)?;
    let after = after.get(memchr::memmem::find(after, b"-----")?.checked_add(5)?..)?;
    let inner = after.get(..memchr::memmem::find(after, b"-----END ")?)?;
    let mut digits = Vec::with_capacity(inner.len());
    let mut encrypted = false;
    for line in inner.split(|byte| byte.is_ascii_whitespace()) {
        if memchr::memmem::find(line, b"ENCRYPTED").is_some() {
            encrypted = true;
        }
    }
    for line in inner.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        let is_header = line.contains(&b':') || line.first() == Some(&b'=');
        if !is_header {
            digits.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    STANDARD.decode(&digits).ok().map(|body| (body, encrypted))
}

/// PuTTY's own format, versions 1 to 3.
///
/// Reference: PuTTY's manual, appendix C.
fn putty(text: &[u8]) -> Option<PrivateKey> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    let algorithm = lines.next()?.split_once(": ")?.1.trim().to_owned();
    let mut encrypted = false;
    let mut blob = None;
    while let Some(line) = lines.next() {
        match line.split_once(": ") {
            Some(("Encryption", cipher)) => encrypted = cipher.trim() != "none",
            Some(("Public-Lines", count)) => {
                let count = count.trim().parse::<usize>().ok()?.min(1000);
                let digits: String = lines.by_ref().take(count).map(str::trim).collect();
                blob = STANDARD.decode(digits).ok();
            }
            _ => {}
        }
    }
    let fingerprint = Some(fingerprint(&blob?));
    Some(PrivateKey { format: "PuTTY", algorithm, bits: 0, encrypted, fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An RSA key of 1024 bits made for this test, in PKCS #1 without its first and last line.
    const RSA: &str = include_str!("../../testdata/keys/rsa-1024.body");
    const FINGERPRINT: &str = include_str!("../../testdata/keys/rsa-1024.fingerprint");

    fn pem(kind: &str, body: &str) -> String {
        format!("-----BEGIN {kind} KEY-----\n{body}-----END {kind} KEY-----")
    }

    #[test]
    fn a_pem_key_has_the_fingerprint_that_openssh_prints() {
        let key = parse(pem("RSA PRIVATE", RSA).as_bytes()).unwrap();
        assert_eq!((key.algorithm.as_str(), key.encrypted), ("ssh-rsa", false));
        assert_eq!(key.fingerprint.as_deref(), Some(FINGERPRINT.trim()));
    }

    #[test]
    fn an_escaped_key_is_the_same_key() {
        let escaped = pem("RSA PRIVATE", RSA).replace('\n', "\\n");
        assert_eq!(*unescape(escaped.as_bytes()), *pem("RSA PRIVATE", RSA).as_bytes());
    }

    #[test]
    fn a_key_cut_short_is_none() {
        let cut: String = RSA.lines().take(2).map(|line| format!("{line}\n")).collect();
        assert_eq!(parse(pem("RSA PRIVATE", &cut).as_bytes()), None);
        assert_eq!(parse(pem("RSA PRIVATE", "MIIEpAIBAAKCAQEA...\n...\n").as_bytes()), None);
    }
}
