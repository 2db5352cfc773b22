//! Addresses of coins, proved by their checksums: what a miner earns goes to one.

use sha3::{Digest, Keccak256};

use super::{base58, bech32};

/// An address in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wallet<'t> {
    pub(super) coin: &'static str,
    pub(super) address: &'t [u8],
    /// Whether a checksum proves it: an address of Ethereum in one case has none.
    pub(super) proved: bool,
}

/// The addresses in `text`, in its order. A worker's name may follow an address after a dot.
pub(super) fn find(text: &[u8]) -> Vec<Wallet<'_>> {
    text.split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b':'))
        .filter(|word| word.len() >= 26)
        .filter_map(|word| {
            let proved = |coin| Wallet { coin, address: word, proved: true };
            let tail = word.rsplit(|&byte| byte == b':').next().unwrap_or(word);
            let short = |coin| Wallet { coin, address: tail, proved: true };
            is_monero(tail)
                .then_some("Monero")
                .or_else(|| base58::coin(tail))
                .map(short)
                .or_else(|| bech32::coin(word).map(proved))
                .or_else(|| ethereum(tail))
        })
        .collect()
}

/// EIP-55: the case of the letters is the checksum.
fn ethereum(word: &[u8]) -> Option<Wallet<'_>> {
    let hex =
        word.strip_prefix(b"0x").filter(|hex| hex.len() == 40 && hex.iter().all(u8::is_ascii_hexdigit))?;
    let wallet = |proved| Some(Wallet { coin: "Ethereum", address: word, proved });
    let has = |test: fn(&u8) -> bool| hex.iter().any(test);
    if !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic) {
        return None;
    }
    if !has(u8::is_ascii_lowercase) || !has(u8::is_ascii_uppercase) {
        return wallet(false);
    }
    let digest = Keccak256::digest(hex.to_ascii_lowercase());
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let right = hex.iter().zip(nibbles).all(|(letter, nibble)| {
        !letter.is_ascii_alphabetic() || letter.is_ascii_uppercase() == (nibble >= 8)
    });
    if right { wallet(true) } else { None }
}

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
    known && Keccak256::digest(body).starts_with(checksum)
}

/// Monero writes each block of 8 bytes as 11 digits of base 58, and what is left as fewer.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for block in text.chunks(11) {
        let length = match block.len() {
            11 => 8,
            7 => 5,
            _ => return None,
        };
        // A leading 1 is a zero here, not a byte of its own.
        let digits = block.get(block.iter().take_while(|&&digit| digit == b'1').count()..)?;
        let value = bs58::decode(digits).into_vec().ok().filter(|value| value.len() <= length)?;
        bytes.resize(bytes.len() + length - value.len(), 0);
        bytes.extend(value);
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

    #[test]
    fn addresses_are_found_in_command_lines() {
        // The example of EIP-55, in pieces.
        let ether = ["0x5aAeb6053F3E94C9b9A0", "9f33669435E7Ef1BeAed"].concat();
        let text = format!("-u {ether}.rig1 -u {}/w -p x", donation());
        let coins: Vec<_> = find(text.as_bytes()).iter().map(|wallet| (wallet.coin, wallet.proved)).collect();
        assert_eq!(coins, [("Ethereum", true), ("Monero", true)]);
        assert!(find(ether.replace("5aA", "5AA").as_bytes()).is_empty());
        assert!(!find(ether.to_ascii_lowercase().as_bytes())[0].proved);
        assert!(
            find(b"sha256:0123456789abcdef0123456789abcdef 0x00000000000000000000000000000000").is_empty()
        );
    }
}
