//! Addresses with a checksum of a polynomial code: bech32 and bech32m (BIP 173, BIP 350), and Kaspa's form.

use bech32::primitives::decode::SegwitHrpstring;

const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The coin whose address `text` is, proved by its checksum.
pub(super) fn coin(text: &[u8]) -> Option<&'static str> {
    if let Some(data) = text.strip_prefix(b"kaspa:") {
        let values = values(data).filter(|_| (50..=70).contains(&data.len()))?;
        return kaspa(b"kaspa", &values).then_some("Kaspa");
    }
    // Most words are none: the checksum is asked only where the prefix is one.
    let coin = match text {
        [b'b', b'c', b'1', ..] => "Bitcoin",
        [b'l', b't', b'c', b'1', ..] => "Litecoin",
        _ => return None,
    };
    SegwitHrpstring::new(str::from_utf8(text).ok()?).is_ok().then_some(coin)
}

fn values(data: &[u8]) -> Option<Vec<u8>> {
    data.iter()
        .map(|letter| ALPHABET.iter().position(|known| known == letter).and_then(|at| u8::try_from(at).ok()))
        .collect()
}

/// The code of CashAddr, of 40 bits.
fn kaspa(prefix: &[u8], values: &[u8]) -> bool {
    const GENERATORS: [u64; 5] =
        [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let all = prefix.iter().map(|byte| byte & 31).chain([0]).chain(values.iter().copied());
    let code = all.fold(1, |code: u64, value| {
        let top = code >> 35;
        let next = (code & 0x07_ffff_ffff) << 5 ^ u64::from(value);
        let bits = GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        bits.fold(next, |next, (_, generator)| next ^ generator)
    });
    code == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_proves_an_address() {
        // The examples of BIP 173 and BIP 350.
        let first = ["bc1qw508d6qejxtdg4y5r", "3zarvary0c5xw7kv8f3t4"].concat();
        let second = ["bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72", "q4k9hcz7vqzk5jj0"].concat();
        assert_eq!(coin(first.as_bytes()), Some("Bitcoin"));
        assert_eq!(coin(second.as_bytes()), Some("Bitcoin"));
        assert_eq!(coin(first.replace("w508", "w509").as_bytes()), None);
        assert_eq!(coin(b"kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"), None);
        assert_eq!(coin(b"bc1"), None);
    }
}
