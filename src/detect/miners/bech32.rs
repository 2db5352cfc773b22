//! Addresses with a checksum of a polynomial code: bech32 and bech32m (BIP 173, BIP 350), and Kaspa's form.

const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What the code of a right address comes to.
const BECH32: u32 = 1;
const BECH32M: u32 = 0x2bc8_30a3;

/// The coin whose address `text` is, proved by its checksum.
pub(super) fn coin(text: &[u8]) -> Option<&'static str> {
    let split = |mark: &[u8]| text.strip_prefix(mark);
    if let Some(data) = split(b"bc1") {
        return segwit(b"bc", data).then_some("Bitcoin");
    }
    if let Some(data) = split(b"ltc1") {
        return segwit(b"ltc", data).then_some("Litecoin");
    }
    let data = split(b"kaspa:").filter(|data| (50..=70).contains(&data.len()))?;
    kaspa(b"kaspa", &values(data)?).then_some("Kaspa")
}

fn values(data: &[u8]) -> Option<Vec<u8>> {
    data.iter()
        .map(|letter| ALPHABET.iter().position(|known| known == letter).and_then(|at| u8::try_from(at).ok()))
        .collect()
}

fn segwit(prefix: &[u8], data: &[u8]) -> bool {
    let Some(values) = values(data).filter(|values| (39..=87).contains(&values.len())) else { return false };
    let high = prefix.iter().map(|byte| byte >> 5);
    let low = prefix.iter().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied());
    let wanted = if values.first() == Some(&0) { BECH32 } else { BECH32M };
    polymod(all) == wanted
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |code: u32, value| {
        let top = code >> 25;
        let next = (code & 0x01ff_ffff) << 5 ^ u32::from(value);
        let bits = GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        bits.fold(next, |next, (_, generator)| next ^ generator)
    })
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
