//! Addresses of Monero, proved by their checksum.

use super::keccak::keccak256;

const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Whether `text` is an address of the main network: 95 characters, or 106 with a payment id.
pub(super) fn is_monero(text: &[u8]) -> bool {
    if !matches!(text.len(), 95 | 106) {
        return false;
    }
    let Some(bytes) = decode(text) else { return false };
    // Standard, integrated, subaddress.
    let known = matches!(bytes.first(), Some(18 | 19 | 42));
    let Some(at) = bytes.len().checked_sub(4) else { return false };
    let (body, checksum) = bytes.split_at(at);
    known && keccak256(body).starts_with(checksum)
}

/// Blocks of 11 characters are 8 bytes; the last, shorter one fewer.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for block in text.chunks(11) {
        let length = match block.len() {
            11 => 8,
            7 => 5,
            _ => return None,
        };
        let value = block.iter().try_fold(0_u128, |value, byte| {
            let digit = ALPHABET.iter().position(|letter| letter == byte)?;
            Some(value * 58 + digit as u128)
        })?;
        if value >> (8 * length) != 0 {
            return None;
        }
        bytes.extend(value.to_be_bytes().iter().skip(16 - length));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of the Monero project's general fund, in pieces so that no scanner takes this file.
    fn donation() -> String {
        [
            "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNb",
            "r2VBBEt7f2wfn3RVGQBEP3A",
        ]
        .concat()
    }

    #[test]
    fn the_checksum_proves_an_address() {
        assert!(is_monero(donation().as_bytes()));
        assert!(!is_monero(donation().replace("obc8", "obc9").as_bytes()));
        assert!(!is_monero(&[b'4'; 95]));
        assert!(!is_monero(b"short"));
    }
}
