//! DER, as far as private keys need it, and the public keys that are inside them.
//!
//! References: X.690; RFC 8017 (PKCS #1), RFC 5915 (SEC 1), RFC 5958 (PKCS #8).

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// A private key in DER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DerKey {
    /// As SSH names it: "ssh-rsa"; "unknown" for other kinds.
    pub algorithm: String,
    /// Bits of the modulus or the curve; 0 where unknown.
    pub bits: usize,
    /// The public half, in the form of the SSH wire, where the key tells it.
    pub public_blob: Option<Vec<u8>>,
}

/// Takes one element off `rest`: its tag and content.
fn take<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, after) = rest.split_first()?;
    let (&first, mut after) = after.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (bytes, tail) =
            after.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
        length = bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        after = tail;
    }
    let (content, after) = after.split_at_checked(length)?;
    *rest = after;
    Some((tag, content))
}

fn expect<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    take(rest).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// Parses a private key: PKCS #1, SEC 1 or PKCS #8; `None` if it is none of them, or cut off.
pub fn parse(der: &[u8]) -> Option<DerKey> {
    let mut rest = der;
    let mut body = expect(&mut rest, SEQUENCE)?;
    let _version = expect(&mut body, INTEGER)?;
    let (tag, content) = take(&mut body)?;
    match tag {
        INTEGER => rsa(content, body),
        OCTET_STRING => ec(body, None),
        SEQUENCE => pkcs8(content, body),
        _ => None,
    }
}

/// PKCS #1 after the version: modulus, public exponent, and six numbers more.
fn rsa(modulus: &[u8], mut rest: &[u8]) -> Option<DerKey> {
    let exponent = expect(&mut rest, INTEGER)?;
    let significant = modulus.iter().skip_while(|&&byte| byte == 0).count();
    if significant < 64 && expect(&mut rest, INTEGER).is_none() {
        return None;
    }
    let blob = wire(&[b"ssh-rsa", exponent, modulus]);
    Some(DerKey {
        algorithm: "ssh-rsa".to_owned(),
        bits: significant.saturating_mul(8),
        public_blob: Some(blob),
    })
}

/// SEC 1 after the private number: the curve's name and the public point, both optional.
fn ec(rest: &[u8], curve: Option<&[u8]>) -> Option<DerKey> {
    let (mut rest, mut curve, mut point) = (rest, curve, None);
    while let Some((tag, mut content)) = take(&mut rest) {
        match tag {
            0xa0 => curve = expect(&mut content, OBJECT).or(curve),
            0xa1 => point = expect(&mut content, BIT_STRING).and_then(|bits| bits.get(1..)),
            _ => {}
        }
    }
    let (name, bits): (&[u8], usize) = match curve? {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => (b"nistp256", 256),
        [0x2b, 0x81, 0x04, 0x00, 0x22] => (b"nistp384", 384),
        [0x2b, 0x81, 0x04, 0x00, 0x23] => (b"nistp521", 521),
        _ => return Some(DerKey { algorithm: "unknown".to_owned(), ..DerKey::default() }),
    };
    let algorithm = [b"ecdsa-sha2-", name].concat();
    let public_blob = point.map(|point| wire(&[&algorithm, name, point]));
    Some(DerKey { algorithm: String::from_utf8_lossy(&algorithm).into_owned(), bits, public_blob })
}

/// PKCS #8 after the version: the algorithm, then the key in its own form.
fn pkcs8(algorithm: &[u8], mut rest: &[u8]) -> Option<DerKey> {
    let mut parts = algorithm;
    let object = expect(&mut parts, OBJECT)?;
    let mut key = expect(&mut rest, OCTET_STRING)?;
    match object {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, _] => parse(key),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] => {
            let mut body = expect(&mut key, SEQUENCE)?;
            let (_, _) = (expect(&mut body, INTEGER)?, expect(&mut body, OCTET_STRING)?);
            ec(body, expect(&mut parts, OBJECT))
        }
        // The public half of Ed25519 would have to be computed; newer files carry it.
        [0x2b, 0x65, 0x70] => {
            let public = take(&mut rest).and_then(|(tag, bits)| (tag == 0x81).then(|| bits.get(1..))?);
            let public_blob = public.map(|public| wire(&[b"ssh-ed25519", public]));
            Some(DerKey { algorithm: "ssh-ed25519".to_owned(), bits: 256, public_blob })
        }
        _ => Some(DerKey { algorithm: "unknown".to_owned(), ..DerKey::default() }),
    }
}

/// Strings in the form of the SSH wire (RFC 4251): length, bytes.
fn wire(strings: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for string in strings {
        out.extend_from_slice(&u32::try_from(string.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(string);
    }
    out
}
