//! Private keys of every common format: what their outside says, and the public half where it is in there.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::der::{self, BITS, INTEGER, OCTETS, OID, SEQUENCE};
use super::{parse_openssh, take_string};

/// No key is longer than this.
const LONGEST: usize = 64 << 10;

/// How a private key is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `openssh-key-v1`.
    OpenSsh,
    /// PKCS#1, SEC1 or DSA: names its algorithm.
    Pem,
    /// PKCS#8, encrypted or not.
    Pkcs8,
    /// PuTTY.
    Ppk,
    /// OpenPGP.
    Pgp,
    /// Dropbear.
    Dropbear,
}

impl Format {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenSsh => "OpenSSH",
            Self::Pem => "PEM",
            Self::Pkcs8 => "PKCS#8",
            Self::Ppk => "PuTTY",
            Self::Pgp => "OpenPGP",
            Self::Dropbear => "Dropbear",
        }
    }
}

/// What a private key says without its passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKey {
    /// How it is written.
    pub format: Format,
    /// "ssh-rsa"; "unknown" where it is encrypted too.
    pub algorithm: String,
    /// The size of the key, where known.
    pub bits: Option<usize>,
    /// Whether a passphrase is needed.
    pub encrypted: bool,
    /// The public half in the form of the wire of SSH, where it is known and SSH has one.
    pub public_blob: Option<Vec<u8>>,
}

/// A private key in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins in the text.
    pub at: usize,
    /// The key as its file would have it.
    pub text: Vec<u8>,
    /// What it says.
    pub key: PrivateKey,
}

/// The first private key in `text` that parses, escaped and indented ones too.
pub fn find_private(text: &[u8]) -> Option<Block> {
    let mut starts: Vec<usize> = memchr::memmem::find_iter(text, b"-----BEGIN ").collect();
    starts.extend(memchr::memmem::find_iter(text, b"PuTTY-User-Key-File-"));
    starts.sort_unstable();
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    starts.iter().copied().zip(ends).find_map(|(at, end)| {
        let piece = text.get(at..end)?;
        let piece = piece.get(..piece.len().min(LONGEST))?;
        block(at, &clean(piece)).or_else(|| block(at, &without_prefixes(piece)))
    })
}

/// The key that a text begins with.
fn block(at: usize, text: &[u8]) -> Option<Block> {
    let text = if text.starts_with(b"-----BEGIN ") { super::pem_block(text)? } else { text.trim_ascii() };
    Some(Block { at, text: text.to_vec(), key: parse_private(text)? })
}

/// The lines of a key without what a log, a mail or a listing writes around each of them: of a line, the letters of
/// base64 that it ends in.
fn without_prefixes(text: &[u8]) -> Vec<u8> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in unescape(text).split(|&byte| byte == b'\n') {
        let marked =
            [&b"-----BEGIN "[..], b"-----END ", b"Proc-Type:", b"DEK-Info:"].iter().find_map(|mark| {
                let at = memchr::memmem::find(line, mark)?;
                let rest = line.get(at..)?;
                let end = memchr::memmem::rfind(rest, b"-----")
                    .filter(|end| *end > 5)
                    .map(|end| end.saturating_add(5));
                rest.get(..end.unwrap_or(rest.len()))
            });
        if let Some(marked) = marked {
            lines.push(marked.trim_ascii_end().to_vec());
            if marked.starts_with(b"DEK-Info:") {
                lines.push(Vec::new());
            }
            continue;
        }
        let line = line.trim_ascii_end();
        let line = line.strip_suffix(b"\"").or_else(|| line.strip_suffix(b"'")).unwrap_or(line);
        let len = line.iter().rev().take_while(|byte| is_letter(byte)).count();
        let (before, run) = line.split_at_checked(line.len().saturating_sub(len)).unwrap_or_default();
        let is_apart = before.last().is_none_or(|byte| b" \t\"'>:|]".contains(byte));
        if is_apart && !run.is_empty() && run.len() <= 80 {
            lines.push(run.to_vec());
        }
    }
    lines.join(&b'\n')
}

/// Takes off what strings of JSON and source code, and indentation, put around a key's lines.
fn clean(text: &[u8]) -> Vec<u8> {
    let text = unescape(text);
    let mut lines = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let (line, cr) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
        let bare = line.trim_ascii();
        let mut inner = bare;
        for end in [b"\" +".as_slice(), b"' +", b"\",", b"',", b"\"", b"'"] {
            inner = inner.strip_suffix(end).unwrap_or(inner);
        }
        for start in [b"+ ".as_slice(), b"\"", b"'"] {
            inner = inner.strip_prefix(start).unwrap_or(inner);
        }
        if inner.is_empty() && !bare.is_empty() {
            continue; // the rest of a string that was split at its escaped end of line
        }
        let mut line = inner.to_vec();
        if cr {
            line.push(b'\r');
        }
        lines.push(line);
    }
    lines.join(&b'\n')
}

/// Resolves `\n` and its kin, escaped once or more; keys have no backslash of their own.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        while let Some(after) = rest.strip_prefix(b"\\") {
            rest = after;
        }
        for (escape, plain) in [
            (b"n".as_slice(), b'\n'),
            (b"r", b'\r'),
            (b"t", b'\t'),
            (b"u003d", b'='),
            (b"u003D", b'='),
            (b"u002b", b'+'),
            (b"u002B", b'+'),
            (b"u002f", b'/'),
            (b"u002F", b'/'),
        ] {
            if let Some(after) = rest.strip_prefix(escape) {
                out.push(plain);
                rest = after;
                break;
            }
        }
        // others stand for themselves (`\/`, `\"`), and a backslash at the end of a line for nothing
    }
    out
}

/// Parses one private key; `None` for another format, truncated or garbage.
pub fn parse_private(text: &[u8]) -> Option<PrivateKey> {
    if text.starts_with(b"PuTTY-User-Key-File-") {
        return ppk(text);
    }
    if let Some(key) = parse_openssh(text) {
        return Some(ssh(Format::OpenSsh, key.encrypted, key.public_blob));
    }
    let block = super::pem_block(text)?.strip_prefix(b"-----BEGIN ")?;
    let label_end = memchr::memmem::find(block, b"-----")?;
    let label = block.get(..label_end)?;
    let after = block.get(label_end + 5..)?;
    let inside = after.get(..memchr::memmem::find(after, b"-----END ")?)?;
    let (headers, body) = headers(inside);
    if label == b"PGP PRIVATE KEY BLOCK" {
        return pgp(&body);
    }
    let bytes = base64(&body)?;
    let encrypted =
        headers.iter().any(|line| line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"));
    if encrypted {
        let algorithm = match label {
            b"RSA PRIVATE KEY" => "ssh-rsa",
            b"EC PRIVATE KEY" => "ecdsa",
            b"DSA PRIVATE KEY" => "ssh-dss",
            _ => "unknown",
        };
        let whole = bytes.len() >= 48 && bytes.len() % 8 == 0;
        return whole.then(|| bare(Format::Pem, algorithm, None, true));
    }
    if !label.ends_with(b"PRIVATE KEY") {
        return None;
    }
    pkcs1(&bytes)
        .or_else(|| dsa(&bytes))
        .or_else(|| sec1(&bytes, None, Format::Pem))
        .or_else(|| pkcs8(&bytes))
        .or_else(|| encrypted_pkcs8(&bytes))
}

/// Parses a key that is nothing but DER, the whole of `bytes`: PKCS#8 (plain), PKCS#1, SEC 1; `None` for anything
/// else, a certificate or an encrypted key among it, as only their length would tell them from other DER.
pub fn parse_der(bytes: &[u8]) -> Option<PrivateKey> {
    let mut rest = bytes;
    der::take(&mut rest, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    pkcs1(bytes)
        .or_else(|| sec1(bytes, None, Format::Pem))
        .or_else(|| pkcs8(bytes).filter(|key| key.algorithm != "unknown"))
}

/// The header lines, and the body without white space.
fn headers(inside: &[u8]) -> (Vec<&[u8]>, Vec<u8>) {
    let (mut headers, mut body) = (Vec::new(), Vec::new());
    for line in inside.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if body.is_empty() && line.contains(&b':') {
            headers.push(line);
        } else {
            body.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
            if !line.is_empty() {
                body.push(b'\n');
            }
        }
    }
    (headers, body)
}

fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(&packed).or_else(|_| STANDARD_NO_PAD.decode(&packed)).ok()
}

fn bare(format: Format, algorithm: &str, bits: Option<usize>, encrypted: bool) -> PrivateKey {
    PrivateKey { format, algorithm: algorithm.into(), bits, encrypted, public_blob: None }
}

/// A key whose public half is known in the form of the wire.
pub(super) fn ssh(format: Format, encrypted: bool, blob: Vec<u8>) -> PrivateKey {
    let mut rest = blob.as_slice();
    let name = take_string(&mut rest).unwrap_or_default();
    let algorithm = String::from_utf8_lossy(name).into_owned();
    let bits = match name {
        b"ssh-rsa" => take_string(&mut rest).and_then(|_| take_string(&mut rest)).map(bit_length),
        b"ssh-dss" => take_string(&mut rest).map(bit_length),
        _ if name.ends_with(b"nistp256") || name.ends_with(b"nistp256@openssh.com") => Some(256),
        _ if name.ends_with(b"nistp384") => Some(384),
        _ if name.ends_with(b"nistp521") => Some(521),
        _ if name.starts_with(b"ssh-ed25519") || name.starts_with(b"sk-ssh-ed25519") => Some(256),
        _ => None,
    };
    PrivateKey { format, algorithm, bits, encrypted, public_blob: Some(blob) }
}

fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn bit_length(number: &[u8]) -> usize {
    let number = unsigned(number);
    number.first().map_or(0, |first| {
        (number.len() * 8).saturating_sub(usize::try_from(first.leading_zeros()).unwrap_or(0))
    })
}

fn put_string(out: &mut Vec<u8>, string: &[u8]) -> Option<()> {
    out.extend(u32::try_from(string.len()).ok()?.to_be_bytes());
    out.extend(string);
    Some(())
}

fn put_number(out: &mut Vec<u8>, number: &[u8]) -> Option<()> {
    let number = unsigned(number);
    let sign: &[u8] = if number.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    put_string(out, &[sign, number].concat())
}

/// The form of the wire: a name and numbers.
fn numbers(name: &[u8], numbers: &[&[u8]]) -> Option<Vec<u8>> {
    let mut blob = Vec::new();
    put_string(&mut blob, name)?;
    numbers.iter().try_for_each(|number| put_number(&mut blob, number))?;
    Some(blob)
}

fn pkcs1(bytes: &[u8]) -> Option<PrivateKey> {
    let mut rest = der::take(&mut &*bytes, SEQUENCE)?;
    der::take(&mut rest, INTEGER)?;
    let (n, e) = (der::take(&mut rest, INTEGER)?, der::take(&mut rest, INTEGER)?);
    for _ in 0..6 {
        der::take(&mut rest, INTEGER)?; // d, p, q, and what speeds it up
    }
    if bit_length(n) < 256 {
        return None;
    }
    Some(ssh(Format::Pem, false, numbers(b"ssh-rsa", &[e, n])?))
}

fn dsa(bytes: &[u8]) -> Option<PrivateKey> {
    let mut rest = der::take(&mut &*bytes, SEQUENCE)?;
    der::take(&mut rest, INTEGER)?;
    let mut next = || der::take(&mut rest, INTEGER);
    let (p, q, g, y) = (next()?, next()?, next()?, next()?);
    next()?;
    if bit_length(p) < 256 || !rest.is_empty() {
        return None;
    }
    Some(ssh(Format::Pem, false, numbers(b"ssh-dss", &[p, q, g, y])?))
}

/// `curve`: the object identifier that PKCS#8 keeps outside.
fn sec1(bytes: &[u8], curve: Option<&[u8]>, format: Format) -> Option<PrivateKey> {
    let mut rest = der::take(&mut &*bytes, SEQUENCE)?;
    if der::take(&mut rest, INTEGER)? != [1] {
        return None;
    }
    let scalar = der::take(&mut rest, OCTETS)?;
    let (mut curve, mut point) = (curve, None);
    while !rest.is_empty() {
        match der::any(&mut rest)? {
            (0xa0, mut inner) => curve = der::take(&mut inner, OID).or(curve),
            (0xa1, mut inner) => point = der::whole_bytes(der::take(&mut inner, BITS)?),
            _ => return None,
        }
    }
    let (name, bits) = match curve {
        Some([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]) => ("nistp256", 256),
        Some([0x2b, 0x81, 4, 0, 0x22]) => ("nistp384", 384),
        Some([0x2b, 0x81, 4, 0, 0x23]) => ("nistp521", 521),
        _ => return Some(bare(format, "ecdsa", Some(scalar.len().checked_mul(8)?), false)),
    };
    let algorithm = format!("ecdsa-sha2-{name}");
    let Some(point) = point else { return Some(bare(format, &algorithm, Some(bits), false)) };
    let mut blob = Vec::new();
    for part in [algorithm.as_bytes(), name.as_bytes(), point] {
        put_string(&mut blob, part)?;
    }
    Some(ssh(format, false, blob))
}

fn pkcs8(bytes: &[u8]) -> Option<PrivateKey> {
    let mut rest = der::take(&mut &*bytes, SEQUENCE)?;
    if !matches!(der::take(&mut rest, INTEGER)?, [0 | 1]) {
        return None;
    }
    let mut kind = der::take(&mut rest, SEQUENCE)?;
    let oid = der::take(&mut kind, OID)?;
    let inner = der::take(&mut rest, OCTETS)?;
    match oid {
        // rsaEncryption, RSASSA-PSS
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 | 10] => {
            Some(PrivateKey { format: Format::Pkcs8, ..pkcs1(inner)? })
        }
        // id-ecPublicKey
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => sec1(inner, der::take(&mut kind, OID), Format::Pkcs8),
        // Ed25519: the public half is there only in version 2
        [0x2b, 0x65, 0x70] => {
            if der::take(&mut &*inner, OCTETS)?.len() != 32 {
                return None;
            }
            let mut public = None;
            while let Some((tag, content)) = der::any(&mut rest) {
                if tag == 0x81 {
                    public = der::whole_bytes(content).filter(|public| public.len() == 32);
                }
            }
            let Some(public) = public else {
                return Some(bare(Format::Pkcs8, "ssh-ed25519", Some(256), false));
            };
            let mut blob = Vec::new();
            put_string(&mut blob, b"ssh-ed25519")?;
            put_string(&mut blob, public)?;
            Some(ssh(Format::Pkcs8, false, blob))
        }
        [0x2b, 0x65, 0x6e] => Some(bare(Format::Pkcs8, "x25519", Some(256), false)),
        [0x2b, 0x65, 0x71] => Some(bare(Format::Pkcs8, "ed448", Some(456), false)),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => Some(bare(Format::Pkcs8, "ssh-dss", None, false)),
        _ => Some(bare(Format::Pkcs8, "unknown", None, false)),
    }
}

fn encrypted_pkcs8(bytes: &[u8]) -> Option<PrivateKey> {
    let mut rest = der::take(&mut &*bytes, SEQUENCE)?;
    let mut kind = der::take(&mut rest, SEQUENCE)?;
    der::take(&mut kind, OID)?;
    der::take(&mut rest, OCTETS)?;
    Some(bare(Format::Pkcs8, "unknown", None, true))
}

fn ppk(text: &[u8]) -> Option<PrivateKey> {
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let (mut encrypted, mut blob, mut private) = (None, None, None);
    while let Some(line) = lines.next() {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?.trim_ascii());
        let mut block = || {
            let count: usize = std::str::from_utf8(value).ok()?.parse().ok()?;
            base64(&lines.by_ref().take(count).collect::<Vec<_>>().concat())
        };
        match name {
            b"Encryption" => encrypted = Some(value != b"none"),
            b"Public-Lines" => blob = Some(block()?),
            b"Private-Lines" => private = Some(block()?),
            _ => {}
        }
    }
    private?;
    let blob = blob?;
    take_string(&mut blob.as_slice())?;
    Some(ssh(Format::Ppk, encrypted?, blob))
}

/// The first packet of an armoured key; see RFC 4880, 5.5, and RFC 9580, 5.5. A packet of a secret key that goes on
/// in another way (a newer algorithm, or cut off behind its beginning) is a key of which nothing else is said.
fn pgp(body: &[u8]) -> Option<PrivateKey> {
    let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"="));
    let bytes = base64(&lines.collect::<Vec<_>>().concat())?;
    let version = match *bytes.first_chunk::<4>()? {
        [0x94, _, version, _] | [0x95, _, _, version] | [0xc5, 0..=191, version, _] => version,
        [0xc5, 192..=223, _, version] => version,
        _ => return None,
    };
    let is_key = (3..=6).contains(&version) && bytes.len() >= SHORTEST_PGP;
    pgp_packet(&bytes).or_else(|| is_key.then(|| bare(Format::Pgp, "unknown", None, false)))
}

/// No secret key of OpenPGP with its user is shorter, in bytes.
const SHORTEST_PGP: usize = 128;

fn pgp_packet(bytes: &[u8]) -> Option<PrivateKey> {
    let (&tag, after) = bytes.split_first()?;
    let (&first, rest) = after.split_first()?;
    let (length, rest) = match (tag, first) {
        (0x94, _) | (0xc5, 0..=191) => (usize::from(first), rest),
        (0x95, _) => (usize::from(first) << 8 | usize::from(*rest.first()?), rest.get(1..)?),
        (0xc5, 192..=223) => {
            (((usize::from(first) - 192) << 8) + usize::from(*rest.first()?) + 192, rest.get(1..)?)
        }
        _ => return None,
    };
    let packet = rest.get(..length)?;
    let (&[version, _, _, _, _, algorithm], mut rest) = packet.split_first_chunk::<6>()?;
    if version != 4 {
        return None;
    }
    let number = |rest: &mut &[u8]| {
        let (bits, after) = rest.split_first_chunk::<2>()?;
        let bits = usize::from(u16::from_be_bytes(*bits));
        *rest = after.get(bits.div_ceil(8)..)?;
        Some(bits)
    };
    let short = |rest: &mut &[u8]| {
        let (&length, after) = rest.split_first()?;
        *rest = after.get(usize::from(length)..)?;
        Some(())
    };
    let (name, bits) = match algorithm {
        1..=3 => ("pgp-rsa", Some((number(&mut rest)?, number(&mut rest)?).0)),
        17 => {
            let bits = number(&mut rest)?;
            for _ in 0..3 {
                number(&mut rest)?;
            }
            ("pgp-dsa", Some(bits))
        }
        19 | 22 => {
            short(&mut rest)?;
            number(&mut rest)?;
            (if algorithm == 22 { "pgp-eddsa" } else { "pgp-ecdsa" }, None)
        }
        _ => return None,
    };
    Some(bare(Format::Pgp, name, bits, *rest.first()? != 0))
}

#[cfg(test)]
mod tests;
