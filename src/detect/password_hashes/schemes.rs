//! The schemes of crypt(5) that can be computed: which one a hash is of, what trying a password costs, and whether a
//! password fits. The cost is known before anything is computed, as the image chooses the rounds.
//!
//! Not computed are NT hashes, SHA-1 and Sun's MD5 with rounds, Argon2, and bcrypt's variant with a bug (`$2x$`).

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

mod des;
mod digits;
mod md5;
mod yes;

use yes::Yescrypt;

/// A hash that a password can be tried against.
#[derive(Debug)]
pub(super) struct Scheme<'h> {
    form: Form<'h>,
    digest: &'h [u8],
}

#[derive(Debug)]
enum Form<'h> {
    Des { salt: u32 },
    Bsdi { salt: u32, count: u32 },
    Md5 { magic: &'static [u8], salt: &'h [u8] },
    Sha256 { rounds: u32, salt: &'h [u8] },
    Sha512 { rounds: u32, salt: &'h [u8] },
    Bcrypt { cost: u32, salt: [u8; 16] },
    Yescrypt(Yescrypt<'h>),
}

/// What one try costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Nanoseconds of one core of a usual server, by a table.
    pub(super) nanoseconds: u64,
    /// Bytes.
    pub(super) memory: u64,
}

/// Nanoseconds, measured on a core of a server of 2020 or so with optimised code, and rounded up.
mod table {
    /// 25 encryptions.
    pub(super) const DES: u64 = 15_000;
    /// One encryption.
    pub(super) const BSDI_ROUND: u64 = 600;
    pub(super) const MD5: u64 = 400_000;
    pub(super) const SHA256_ROUND: u64 = 400;
    pub(super) const SHA512_ROUND: u64 = 600;
    /// Of one of the 2^cost rounds.
    pub(super) const BCRYPT_ROUND: u64 = 80_000;
    /// For each block of 128 bytes that is made or read.
    pub(super) const SCRYPT_BLOCK: u64 = 190;
}

/// The scheme of a hash; `None` for what cannot be computed.
pub(super) fn parse(hash: &[u8]) -> Option<Scheme<'_>> {
    let Some(modular) = hash.strip_prefix(b"$") else { return traditional(hash) };
    let parts: Vec<&[u8]> = modular.split(|&byte| byte == b'$').collect();
    let (form, digest) = match *parts.as_slice() {
        [b"1", salt, digest] => (Form::Md5 { magic: b"$1$", salt }, digest),
        [b"apr1", salt, digest] => (Form::Md5 { magic: b"$apr1$", salt }, digest),
        [b"5", ref rest @ .., salt, digest] => (Form::Sha256 { rounds: rounds(rest)?, salt }, digest),
        [b"6", ref rest @ .., salt, digest] => (Form::Sha512 { rounds: rounds(rest)?, salt }, digest),
        [b"2a" | b"2b" | b"2y", cost, body] => {
            let cost = std::str::from_utf8(cost).ok()?.parse().ok()?;
            let (salt, digest) = body.split_at_checked(22)?;
            let salt = BCRYPT.decode(salt).ok()?.try_into().ok()?;
            ((4..=31).contains(&cost).then_some(Form::Bcrypt { cost, salt })?, digest)
        }
        [b"7", setting, digest] => (Form::Yescrypt(Yescrypt::scrypt(setting)?), digest),
        [b"y", parameters, salt, digest] => {
            (Form::Yescrypt(Yescrypt::native(parameters, salt, None)?), digest)
        }
        [b"gy", parameters, salt, digest] => {
            let setting = hash.get(..hash.len().checked_sub(digest.len())?.checked_sub(1)?)?;
            (Form::Yescrypt(Yescrypt::native(parameters, salt, Some(setting))?), digest)
        }
        _ => return None,
    };
    Some(Scheme { form, digest })
}

/// Two digits of salt; or `_`, four of the count, four of the salt.
fn traditional(hash: &[u8]) -> Option<Scheme<'_>> {
    match hash.strip_prefix(b"_") {
        Some(rest) => {
            let (count, rest) = rest.split_at_checked(4)?;
            let (salt, digest) = rest.split_at_checked(4)?;
            let (count, salt) = (digits::number(count)?, digits::number(salt)?);
            (count > 0).then_some(Scheme { form: Form::Bsdi { salt, count }, digest })
        }
        None => {
            let (salt, digest) = hash.split_at_checked(2)?;
            Some(Scheme { form: Form::Des { salt: digits::number(salt)? }, digest })
        }
    }
}

/// The rounds of SHA-crypt, as the C library takes them: 5000 where none are given, else within its bounds.
fn rounds(parts: &[&[u8]]) -> Option<u32> {
    match parts {
        [] => Some(5000),
        [given] => {
            let number: u64 = std::str::from_utf8(given.strip_prefix(b"rounds=")?).ok()?.parse().ok()?;
            u32::try_from(number.clamp(1000, 999_999_999)).ok()
        }
        _ => None,
    }
}

impl Scheme<'_> {
    /// What one try costs.
    pub(super) fn cost(&self) -> Cost {
        let of = |number: u32, each: u64| u64::from(number).saturating_mul(each);
        let (nanoseconds, memory) = match &self.form {
            Form::Des { .. } => (table::DES, 0),
            Form::Bsdi { count, .. } => (of(*count, table::BSDI_ROUND).saturating_add(table::DES), 0),
            Form::Md5 { .. } => (table::MD5, 0),
            Form::Sha256 { rounds, .. } => (of(*rounds, table::SHA256_ROUND), 0),
            Form::Sha512 { rounds, .. } => (of(*rounds, table::SHA512_ROUND), 0),
            Form::Bcrypt { cost, .. } => {
                let rounds = 1_u64.checked_shl(*cost).unwrap_or(u64::MAX);
                (rounds.saturating_mul(table::BCRYPT_ROUND), 0)
            }
            Form::Yescrypt(yescrypt) => {
                (yescrypt.blocks().saturating_mul(table::SCRYPT_BLOCK), yescrypt.memory())
            }
        };
        Cost { nanoseconds, memory }
    }

    /// Whether the hash is that of `password`. The cost must have been judged before.
    pub(super) fn fits(&self, password: &[u8]) -> bool {
        let digest = match &self.form {
            Form::Des { salt } => des::traditional(password, *salt),
            Form::Bsdi { salt, count } => des::extended(password, *salt, *count),
            Form::Md5 { magic, salt } => md5::digest(password, magic, salt),
            Form::Sha256 { rounds, salt } => sha256(password, salt, *rounds),
            Form::Sha512 { rounds, salt } => sha512(password, salt, *rounds),
            Form::Bcrypt { cost, salt } => bcrypt(password, *salt, *cost),
            Form::Yescrypt(yescrypt) => yescrypt.digest(password).unwrap_or_default(),
        };
        digest == self.digest
    }
}

/// How much work it is, for people.
impl fmt::Display for Scheme<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Des { .. } => f.write_str("DES"),
            Form::Bsdi { count, .. } => write!(f, "DES of {count} rounds"),
            Form::Md5 { .. } => f.write_str("MD5"),
            Form::Sha256 { rounds, .. } => write!(f, "SHA-256 of {rounds} rounds"),
            Form::Sha512 { rounds, .. } => write!(f, "SHA-512 of {rounds} rounds"),
            Form::Bcrypt { cost, .. } => write!(f, "bcrypt of cost {cost}"),
            Form::Yescrypt(yescrypt) => yescrypt.fmt(f),
        }
    }
}

fn sha256(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        20, 10, 0, 11, 1, 21, 2, 22, 12, 23, 13, 3, 14, 4, 24, 5, 25, 15, 26, 16, 6, 17, 7, 27, 8, 28, 18,
        29, 19, 9, 30, 31,
    ];
    let Ok(params) = sha_crypt::Params::new(rounds) else { return Vec::new() };
    ordered(&sha_crypt::sha256_crypt(password, salt, params), &ORDER)
}

fn sha512(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    const ORDER: [u8; 64] = [
        42, 21, 0, 1, 43, 22, 23, 2, 44, 45, 24, 3, 4, 46, 25, 26, 5, 47, 48, 27, 6, 7, 49, 28, 29, 8, 50,
        51, 30, 9, 10, 52, 31, 32, 11, 53, 54, 33, 12, 13, 55, 34, 35, 14, 56, 57, 36, 15, 16, 58, 37, 38,
        17, 59, 60, 39, 18, 19, 61, 40, 41, 20, 62, 63,
    ];
    let Ok(params) = sha_crypt::Params::new(rounds) else { return Vec::new() };
    ordered(&sha_crypt::sha512_crypt(password, salt, params), &ORDER)
}

/// bcrypt's own digits; the last one of a salt has bits over, which count for nothing.
const BCRYPT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// The key is the password with the zero at its end, of which 72 bytes count.
fn bcrypt(password: &[u8], salt: [u8; 16], cost: u32) -> Vec<u8> {
    let key: Vec<u8> = password.iter().copied().chain([0]).take(72).collect();
    let digest = bcrypt::bcrypt(cost, salt, &key);
    // One byte of it is never written down.
    BCRYPT.encode(digest.get(..23).unwrap_or_default()).into_bytes()
}

/// The bytes in the order in which crypt writes them, as digits.
fn ordered(bytes: &[u8], order: &[u8]) -> Vec<u8> {
    let in_order: Vec<u8> = order.iter().filter_map(|&from| bytes.get(usize::from(from)).copied()).collect();
    digits::encode(&in_order)
}

#[cfg(test)]
mod tests;
