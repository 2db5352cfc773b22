//! yescrypt and what is made with it: `$y$`, `$gy$` (GOST's HMAC around it), and scrypt (`$7$`), its classic mode.
//!
//! The forms are those of crypt(5) and of yescrypt's reference; parameters are read here, as the cost must be known.

use std::fmt;

use hmac::{KeyInit, Mac, SimpleHmac};
use streebog::{Digest, Streebog256};
use yescrypt::{Mode, Params};

use super::digits;

/// Bytes of a block.
const BLOCK: u64 = 128;
/// Bytes that each of the p lanes has beside its blocks: 12 KiB of tables.
const LANE: u64 = 16 << 10;

/// What yescrypt is computed with.
#[derive(Debug)]
pub(super) struct Yescrypt<'h> {
    parameters: Parameters,
    salt: Vec<u8>,
    /// The setting, where it is the variant with GOST's HMAC.
    gost: Option<&'h [u8]>,
}

/// The numbers that a setting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parameters {
    mode: Mode,
    log2_n: u32,
    r: u32,
    p: u32,
    t: u32,
}

impl<'h> Yescrypt<'h> {
    /// `$7$`: one digit for the exponent of N, five for r, five for p, and the salt as it stands.
    pub(super) fn scrypt(setting: &[u8]) -> Option<Self> {
        let (numbers, salt) = setting.split_at_checked(11)?;
        let (n, numbers) = numbers.split_at_checked(1)?;
        let (r, p) = numbers.split_at_checked(5)?;
        let number = digits::number;
        let parameters =
            Parameters { mode: Mode::Classic, log2_n: number(n)?, r: number(r)?, p: number(p)?, t: 0 };
        parameters.check().then(|| Self { parameters, salt: salt.to_vec(), gost: None })
    }

    /// `$y$` and `$gy$`.
    pub(super) fn native(parameters: &[u8], salt: &[u8], gost: Option<&'h [u8]>) -> Option<Self> {
        let (parameters, salt) = (Parameters::parse(parameters)?, digits::decode(salt)?);
        parameters.check().then_some(Self { parameters, salt, gost })
    }

    /// Blocks of 128 bytes that are made and read, at most. The native mode shares N out among its lanes.
    pub(super) fn blocks(&self) -> u64 {
        let Parameters { mode, log2_n, r, p, t } = self.parameters;
        let n = 1_u64.checked_shl(log2_n).unwrap_or(u64::MAX);
        let (rounds, lanes) = (u64::from(t).saturating_add(2), u64::from(p));
        let passes = rounds.saturating_mul(if mode.is_rw() { 1 } else { lanes });
        let tables = lanes.saturating_mul(LANE / BLOCK);
        n.saturating_mul(u64::from(r)).saturating_mul(passes).saturating_add(tables)
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> u64 {
        let Parameters { log2_n, r, p, .. } = self.parameters;
        let n = 1_u64.checked_shl(log2_n).unwrap_or(u64::MAX);
        let blocks = n.saturating_add(u64::from(p)).saturating_add(2).saturating_mul(u64::from(r));
        blocks.saturating_mul(BLOCK).saturating_add(u64::from(p).saturating_mul(LANE))
    }

    /// The digest of a password, in digits.
    pub(super) fn digest(&self, password: &[u8]) -> Option<Vec<u8>> {
        let Parameters { mode, log2_n, r, p, t } = self.parameters;
        let n = 1_u64.checked_shl(log2_n)?;
        let parameters = Params::new_with_all_params(mode, n, r, p, t, 0).ok()?;
        let mut digest = [0; 32];
        yescrypt::yescrypt(password, &self.salt, &parameters, &mut digest).ok()?;
        match self.gost {
            Some(setting) => {
                let hashed = Streebog256::digest(password);
                let inner = gost(&hashed, setting)?;
                Some(digits::encode(&gost(&inner, &digest)?))
            }
            None => Some(digits::encode(&digest)),
        }
    }
}

/// HMAC with GOST R 34.11-2012 of 256 bits.
fn gost(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let mac = <SimpleHmac<Streebog256> as KeyInit>::new_from_slice(key).ok()?;
    Some(mac.chain_update(message).finalize().into_bytes().to_vec())
}

impl fmt::Display for Yescrypt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters { mode, log2_n, r, p, t } = self.parameters;
        let name = match (mode, self.gost) {
            (Mode::Classic, None) => "scrypt",
            (_, None) => "yescrypt",
            (_, Some(_)) => "gost-yescrypt",
        };
        write!(f, "{name} of N=2^{log2_n}, r={r}, p={p}, t={t}")
    }
}

impl Parameters {
    /// Numbers of varying length: mode, exponent of N, r, then which of p, t, g and the ROM's size follow. The last
    /// two are for what no system has.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let mode = Mode::try_from(number(&mut rest, 0)?).ok()?;
        let (log2_n, r) = (number(&mut rest, 1)?, number(&mut rest, 1)?);
        let follows = if rest.is_empty() { 0 } else { number(&mut rest, 1)? };
        let p = if follows & 1 == 0 { 1 } else { number(&mut rest, 2)? };
        let t = if follows & 2 == 0 { 0 } else { number(&mut rest, 1)? };
        (follows < 4 && rest.is_empty()).then_some(Self { mode, log2_n, r, p, t })
    }

    /// Whether it is within what the algorithm is defined for.
    fn check(&self) -> bool {
        let product = u64::from(self.r).saturating_mul(u64::from(self.p));
        (1..=40).contains(&self.log2_n) && self.r > 0 && self.p > 0 && product < 1 << 30
    }
}

/// The next number, which is at least `least`: the first digit says how many follow (0 to 47: none, 48 to 55: one,
/// 56 to 59: two, 60 and 61: three, 62: four, 63: five), and each length begins after the numbers of the one before.
fn number(text: &mut &[u8], least: u32) -> Option<u32> {
    let (&first, mut rest) = text.split_first()?;
    let first = digits::value(first)?;
    let mut sum = least;
    let (mut start, mut end, mut bits) = (0_u32, 47_u32, 0_u32);
    while first > end {
        let numbers = end.checked_sub(start)?.checked_add(1)?;
        sum = sum.checked_add(numbers.checked_shl(bits)?)?;
        start = end.checked_add(1)?;
        end = start.checked_add(62_u32.checked_sub(end)? / 2)?;
        bits = bits.checked_add(6)?;
    }
    sum = sum.checked_add(first.checked_sub(start)?.checked_mul(1_u32.checked_shl(bits)?)?)?;
    while bits > 0 {
        bits = bits.checked_sub(6)?;
        let (&digit, after) = rest.split_first()?;
        sum = sum.checked_add(digits::value(digit)?.checked_mul(1_u32.checked_shl(bits)?)?)?;
        rest = after;
    }
    *text = rest;
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Option<(u32, u32, u32, u32)> {
        let Parameters { log2_n, r, p, t, .. } = Parameters::parse(text.as_bytes())?;
        Some((log2_n, r, p, t))
    }

    #[test]
    fn parameters_are_read_as_the_reference_writes_them() {
        assert_eq!(parameters("j9T"), Some((12, 32, 1, 0)));
        assert_eq!(parameters("j95.0"), Some((12, 8, 4, 0)));
        assert_eq!(parameters("jD5.7"), Some((16, 8, 11, 0)));
        // g, or a ROM, or the end of the text in a number.
        for text in ["j953/2", "jC559", "j9", "", "j9Tz", "j9z"] {
            assert_eq!(parameters(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_as_long_as_their_first_digit_says() {
        // As the crate itself writes them.
        for r in [1, 47, 48, 49, 500, 559, 560, 561, 20_000, 1 << 20] {
            let text = Params::new(Mode::Rw, 4096, r, 1).unwrap().to_string();
            assert_eq!(parameters(&text), Some((12, r, 1, 0)), "{text}");
        }
        let long = Params::new_with_all_params(Mode::Rw, 4096, 8, 1, 77_777, 0).unwrap().to_string();
        assert_eq!(parameters(&long), Some((12, 8, 1, 77_777)));
    }
}
