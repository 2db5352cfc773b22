//! Private keys of Dropbear: the strings and numbers of SSH's wire, without a frame around them.
//!
//! Source: Dropbear's `buf_get_priv_key` and its readers for RSA, DSS, ECDSA and Ed25519.

use super::private::{Format, PrivateKey, ssh};
use super::take_string;

/// Parses a file of `dropbearkey`; `None` for anything else.
pub fn parse_dropbear(bytes: &[u8]) -> Option<PrivateKey> {
    let mut rest = bytes;
    let name = take_string(&mut rest)?;
    let mut next = || take_string(&mut rest);
    let mut blob = Vec::new();
    match name {
        b"ssh-rsa" => {
            let (e, n) = (next()?, next()?);
            next()?; // the private exponent
            put(&mut blob, &[name, e, n])?;
        }
        b"ssh-dss" => {
            let (p, q, g, y) = (next()?, next()?, next()?, next()?);
            next()?;
            put(&mut blob, &[name, p, q, g, y])?;
        }
        b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ecdsa-sha2-nistp521" => {
            let (curve, point) = (next()?, next()?);
            next()?;
            put(&mut blob, &[name, curve, point])?;
        }
        b"ssh-ed25519" => {
            let (_, public) = next()?.split_last_chunk::<32>().filter(|(seed, _)| seed.len() == 32)?;
            put(&mut blob, &[name, public])?;
        }
        _ => return None,
    }
    Some(ssh(Format::Dropbear, false, blob))
}

fn put(blob: &mut Vec<u8>, strings: &[&[u8]]) -> Option<()> {
    for string in strings {
        blob.extend(u32::try_from(string.len()).ok()?.to_be_bytes());
        blob.extend(*string);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::fingerprint;

    fn file(strings: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, strings).unwrap();
        bytes
    }

    #[test]
    fn the_public_half_is_that_of_ssh() {
        let public = [7; 32];
        let key = parse_dropbear(&file(&[b"ssh-ed25519", &[[9; 32], public].concat()])).unwrap();
        let blob = key.public_blob.unwrap();
        assert_eq!(blob, file(&[b"ssh-ed25519", &public]));
        assert!(fingerprint(&blob).starts_with("SHA256:"));
        assert_eq!((key.algorithm.as_str(), key.bits, key.encrypted), ("ssh-ed25519", Some(256), false));
        let modulus = [&[0, 0x80][..], &[1; 255]].concat();
        let key = parse_dropbear(&file(&[b"ssh-rsa", &[1, 0, 1], &modulus, &[5; 256]])).unwrap();
        assert_eq!(key.bits, Some(2048));
    }

    #[test]
    fn what_is_cut_off_is_no_key() {
        assert_eq!(parse_dropbear(&file(&[b"ssh-rsa", &[1, 0, 1]])), None);
        assert_eq!(parse_dropbear(&file(&[b"ssh-ed25519", &[9; 32]])), None);
        assert_eq!(parse_dropbear(b"\0\0\0\x07ssh"), None);
        assert_eq!(parse_dropbear(b""), None);
    }
}
