//! Keys as bytes: private keys of all formats, and public lines of SSH. Pure parsing, no files.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

mod der;
mod dropbear;
mod private;
mod published;

pub use dropbear::parse_dropbear;
pub use private::{Block, Format, PrivateKey, find_private, parse_der, parse_private};
pub use published::{TEXT as PUBLISHED, VALUES as PUBLISHED_VALUES, is_published, published_by};

/// A public key in the form of a line: `ssh-ed25519 AAAA… comment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// "ssh-ed25519".
    pub algorithm: String,
    /// The key in the form of the wire.
    pub blob: Vec<u8>,
    /// What follows the key.
    pub comment: Vec<u8>,
    /// Algorithm, key and comment as a line, without options.
    pub text: Vec<u8>,
}

impl PublicKey {
    /// As `ssh-keygen -l` prints it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }
}

/// The fingerprint of a public key in the form of the wire.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// What the outside of an OpenSSH private key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSshKey {
    /// Whether a passphrase is needed.
    pub encrypted: bool,
    /// Name of its algorithm.
    pub algorithm: String,
    /// The public half, in the form of the wire.
    pub public_blob: Vec<u8>,
}

/// Takes a string of the wire (length of 32 bits, bytes) off `rest`.
fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    let (string, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(string)
}

/// From the first `-----BEGIN` to the end of its `-----END …-----` line.
pub fn pem_block(text: &[u8]) -> Option<&[u8]> {
    let from = memchr::memmem::find(text, b"-----BEGIN ")?;
    let block = text.get(from..)?;
    let end = memchr::memmem::find(block, b"-----END ")?;
    let label = block.get(end + 9..)?;
    let tail = memchr::memmem::find(label, b"-----")?;
    block.get(..end + 9 + tail + 5)
}

/// Parses the outside of an `openssh-key-v1` block; `None` for another format, truncated or garbage.
pub fn parse_openssh(text: &[u8]) -> Option<OpenSshKey> {
    let block = pem_block(text)?;
    let body = block.strip_prefix(b"-----BEGIN OPENSSH PRIVATE KEY-----")?;
    let end = memchr::memmem::find(body, b"-----END ")?;
    let packed: Vec<u8> = body.get(..end)?.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed).ok()?;
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let cipher = take_string(&mut rest)?;
    take_string(&mut rest)?;
    take_string(&mut rest)?;
    let (_, after) = rest.split_first_chunk::<4>()?;
    rest = after;
    let public_blob = take_string(&mut rest)?.to_vec();
    take_string(&mut rest)?; // the private part must be there as a whole
    let algorithm = String::from_utf8(take_string(&mut public_blob.as_slice())?.to_vec()).ok()?;
    Some(OpenSshKey { encrypted: cipher != b"none", algorithm, public_blob })
}

/// Parses the public key in a line, after options if there are any; `None` if there is none.
pub fn parse_public_line(line: &[u8]) -> Option<PublicKey> {
    let words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.windows(2).enumerate().find_map(|(at, pair)| {
        let [algorithm, packed] = pair else { return None };
        let blob = STANDARD.decode(packed).or_else(|_| STANDARD_NO_PAD.decode(packed)).ok()?;
        if algorithm.is_empty() || take_string(&mut blob.as_slice())? != *algorithm {
            return None;
        }
        let comment = words.get(at + 2..)?.join(&b' ');
        let text = words.get(at..)?.join(&b' ');
        Some(PublicKey { algorithm: String::from_utf8(algorithm.to_vec()).ok()?, blob, comment, text })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_manual_is_no_key() {
        let text = [
            "-----BEGIN OPENSSH",
            " PRIVATE KEY-----\nb3BlbnNzaC1rZXk...\n-----END OPENSSH",
            " PRIVATE KEY-----",
        ];
        assert_eq!(parse_openssh(text.concat().as_bytes()), None);
    }

    // A throw-away key, with what `ssh-keygen -l` says of it.
    const BODY: [&str; 2] = [
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACD8EfjdPlhJpTKPVcBhU+hQKkLNj1wvT7mqQF2Nx4hvxQAAAJCh23jlodt45QAAAAtzc2gtZWQyNTUxOQ",
        "AAACD8EfjdPlhJpTKPVcBhU+hQKkLNj1wvT7mqQF2Nx4hvxQAAAEDSDnjOaUOPhCBayH4V8DGvJ3SD8kKVvYNDT1x9Lmi0OfwR+N0+WEmlMo9VwGFT6FAqQs2PXC9PuapAXY3HiG/FAAAACXRlc3Qgb25seQECAwQ=",
    ];
    const PUBLIC: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPwR+N0+WEmlMo9VwGFT6FAqQs2PXC9PuapAXY3HiG/F test only";
    const FINGERPRINT: &str = "SHA256:Qa02UyPn6GuHZ0KWB9KjWA1hf9l6q0OTzHK2iRROkcg";

    fn wrap(body: &str) -> Vec<u8> {
        let label = ["OPENSSH", "PRIVATE", "KEY"].join(" ");
        format!("text\n-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
    }

    #[test]
    fn the_fingerprint_is_that_of_ssh_keygen() {
        let key = parse_openssh(&wrap(&BODY.concat())).unwrap();
        assert!(!key.encrypted);
        assert_eq!(key.algorithm, "ssh-ed25519");
        assert_eq!(fingerprint(&key.public_blob), FINGERPRINT);
    }

    #[test]
    fn a_key_cut_short_is_no_key() {
        assert_eq!(parse_openssh(&wrap(BODY[0])), None);
    }

    #[test]
    fn options_stand_before_the_key() {
        let key = parse_public_line(format!("command=\"a b\",no-pty {PUBLIC}").as_bytes()).unwrap();
        assert_eq!((key.fingerprint().as_str(), key.text.as_slice()), (FINGERPRINT, PUBLIC.as_bytes()));
        assert_eq!(key.comment, b"test only");
    }
}
