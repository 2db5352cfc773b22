//! DES as crypt(3) uses it: the password is the key, a block of zeros is encrypted again and again, and the salt
//! swaps bits of the expansion so that no usual DES fits.
//!
//! The tables are those of FIPS 46-3; the forms (traditional and BSDi) are those of crypt(5).

use std::sync::LazyLock;

use super::digits::digit;

/// Encryptions of the traditional form.
const TRADITIONAL: u32 = 25;

const PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44,
    36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20,
    12, 4,
];
const PC2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37,
    47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const ROTATIONS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6,
    22, 11, 4, 25,
];
const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48,
    40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21,
    13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
const FP: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45,
    13, 53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18,
    58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];
/// Each box is four rows of sixteen.
const BOXES: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5,
        3, 8, 4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14,
        10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9,
        11, 5, 0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12,
        0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11,
        15, 1, 13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3,
        11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10,
        14, 9, 10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11,
        12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9,
        8, 6, 4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9,
        10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11,
        3, 8, 9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7,
        6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15,
        8, 6, 1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15,
        14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14,
        9, 2, 7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0,
        3, 5, 6, 11,
    ],
];

/// The digest of the traditional form: eleven digits, under a salt of 12 bits.
pub(super) fn traditional(password: &[u8], salt: u32) -> Vec<u8> {
    text(encrypt(0, &keys(key_of(password)), salt, TRADITIONAL))
}

/// The digest of the BSDi form: any length of password, a salt of 24 bits, a count of encryptions.
pub(super) fn extended(password: &[u8], salt: u32, count: u32) -> Vec<u8> {
    let mut parts = password.chunks(8);
    let mut key = key_of(parts.next().unwrap_or_default());
    for part in parts {
        key = encrypt(key, &keys(key), 0, 1) ^ key_of(part);
    }
    text(encrypt(0, &keys(key), salt, count))
}

/// The first eight characters, seven bits each, above the place of the parity.
fn key_of(password: &[u8]) -> u64 {
    let bytes = password.iter().copied().chain(std::iter::repeat(0)).take(8);
    bytes.fold(0, |key, byte| key << 8 | u64::from(byte << 1))
}

/// The bits of `value`, which has `width`, in the order of `table` (numbered from 1, the most significant).
fn permute(value: u64, width: u32, table: &[u8]) -> u64 {
    let bit = |&from: &u8| value.checked_shr(width.saturating_sub(u32::from(from))).unwrap_or_default() & 1;
    table.iter().fold(0, |permuted, from| permuted << 1 | bit(from))
}

/// The keys of the sixteen rounds: the two halves of 24 bits.
fn keys(key: u64) -> [(u32, u32); 16] {
    const HALF: u64 = (1 << 28) - 1;
    let chosen = permute(key, 64, &PC1);
    let (mut left, mut right) = (chosen >> 28, chosen & HALF);
    ROTATIONS.map(|by| {
        left = (left << by | left >> (28 - by)) & HALF;
        right = (right << by | right >> (28 - by)) & HALF;
        halves(permute(left << 28 | right, 56, &PC2))
    })
}

fn halves(bits: u64) -> (u32, u32) {
    (((bits >> 24) & 0xff_ffff) as u32, (bits & 0xff_ffff) as u32)
}

/// Each box with the permutation after it.
fn boxes() -> &'static [[u32; 64]; 8] {
    static TABLES: LazyLock<[[u32; 64]; 8]> = LazyLock::new(|| {
        let mut shift = 32_u32;
        BOXES.map(|rows| {
            shift = shift.saturating_sub(4);
            std::array::from_fn(|six| {
                let row = (six >> 4 & 2) | (six & 1);
                let four = rows.get(row * 16 + (six >> 1 & 15)).copied().unwrap_or_default();
                (permute(u64::from(four) << shift, 32, &P) & 0xffff_ffff) as u32
            })
        })
    });
    &TABLES
}

/// Encrypts `block` so many times.
fn encrypt(block: u64, keys: &[(u32, u32); 16], salt: u32, count: u32) -> u64 {
    let boxes = boxes();
    // The first bit of the salt is the first of the expansion, which is the most significant here.
    let salt = salt.reverse_bits() >> 8;
    let start = permute(block, 64, &IP);
    let (mut left, mut right) = ((start >> 32) as u32, (start & 0xffff_ffff) as u32);
    for _ in 0..count {
        for &(first, second) in keys {
            let (high, low) = expand(right);
            let swapped = (high ^ low) & salt;
            let mixed = round(boxes, high ^ swapped ^ first, low ^ swapped ^ second);
            (left, right) = (right, left ^ mixed);
        }
        (left, right) = (right, left);
    }
    permute(u64::from(left) << 32 | u64::from(right), 64, &FP)
}

/// 32 bits as eight groups of six, which overlap, in two halves.
fn expand(right: u32) -> (u32, u32) {
    let turned = right.rotate_right(1);
    let group = |number: u32| turned.rotate_left(number * 4) >> 26;
    let four = |first: u32| (first..first + 4).fold(0, |bits, number| bits << 6 | group(number));
    (four(0), four(4))
}

fn round(boxes: &[[u32; 64]; 8], high: u32, low: u32) -> u32 {
    let [a, b, c, d, e, f, g, h] = boxes;
    let of = |table: &[u32; 64], bits: u32, shift: u32| {
        table.get((bits >> shift & 63) as usize).copied().unwrap_or_default()
    };
    of(a, high, 18)
        | of(b, high, 12)
        | of(c, high, 6)
        | of(d, high, 0)
        | of(e, low, 18)
        | of(f, low, 12)
        | of(g, low, 6)
        | of(h, low, 0)
}

/// 64 bits as eleven digits, the most significant first.
fn text(bits: u64) -> Vec<u8> {
    let wide = u128::from(bits) << 2;
    (0..11).rev().map(|place: u32| digit((wide >> (place * 6) & 63) as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers_of_des_come_out() {
        // FIPS 81's example, and the variable plaintext test of NBS 500-20.
        let key = 0x0123_4567_89ab_cdef;
        assert_eq!(encrypt(0x4e6f_7720_6973_2074, &keys(key), 0, 1), 0x3fa4_0e8a_984d_4815);
        assert_eq!(encrypt(0x8000_0000_0000_0000, &keys(0x0101_0101_0101_0101), 0, 1), 0x95f8_a5e5_dd31_d900);
    }
}
