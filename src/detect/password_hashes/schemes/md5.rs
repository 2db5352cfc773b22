//! MD5-crypt, as `$1$` and `$apr1$` have it: a thousand rounds, whatever the machine.

use md5::{Digest, Md5};

use super::digits;

/// Rounds, which no hash can choose.
const ROUNDS: u32 = 1000;

/// The digest, 22 digits, of `password` under `salt` (at most eight bytes) and the magic with both dollars.
pub(super) fn digest(password: &[u8], magic: &[u8], salt: &[u8]) -> Vec<u8> {
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    for part in password.chunks(16) {
        outer.update(inner.get(..part.len()).unwrap_or_default());
    }
    let mut length = password.len();
    while length > 0 {
        let first = password.get(..1).unwrap_or_default();
        outer.update(if length & 1 == 1 { &[0] } else { first });
        length >>= 1;
    }
    let mut state: [u8; 16] = outer.finalize().into();
    for round in 0..ROUNDS {
        let is_odd = round & 1 == 1;
        let mut hasher = Md5::new();
        hasher.update(if is_odd { password } else { &state });
        if round % 3 != 0 {
            hasher.update(salt);
        }
        if round % 7 != 0 {
            hasher.update(password);
        }
        hasher.update(if is_odd { &state } else { password });
        state = hasher.finalize().into();
    }
    text(state)
}

/// The bytes in the order of crypt, as digits.
fn text(state: [u8; 16]) -> Vec<u8> {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = state;
    let order = [m, g, a, n, h, b, o, i, c, p, j, d, f, k, e, l];
    digits::encode(&order)
}
