//! SSH keys as bytes: OpenSSH private keys and public lines. Pure parsing, no files.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// A public key in the form of a line: `ssh-ed25519 AAAA… comment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// "ssh-ed25519".
    pub algorithm: String,
    /// The key in the form of the wire.
    pub blob: Vec<u8>,
    /// What follows the key.
    pub comment: Vec<u8>,
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
        Some(PublicKey { algorithm: String::from_utf8(algorithm.to_vec()).ok()?, blob, comment })
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
}
