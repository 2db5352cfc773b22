//! Keccak-256 as Monero uses it: the original padding, not that of SHA-3.

const RATE: usize = 136;
const ROTATIONS: [u32; 24] =
    [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
const LANES: [usize; 24] =
    [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

/// The digest of `message`.
pub(super) fn keccak256(message: &[u8]) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.push(1);
    padded.resize(padded.len().next_multiple_of(RATE), 0);
    if let Some(last) = padded.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0_u64; 25];
    for block in padded.chunks_exact(RATE) {
        for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
            *lane ^= bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
        }
        permute(&mut state);
    }
    state.iter().take(4).flat_map(|lane| lane.to_le_bytes()).collect()
}

fn lane(state: &[u64; 25], number: usize) -> u64 {
    state.get(number % 25).copied().unwrap_or_default()
}

fn permute(state: &mut [u64; 25]) {
    let mut lfsr = 1_u8;
    for _ in 0..24 {
        theta(state);
        rho_pi(state);
        chi(state);
        if let Some(first) = state.first_mut() {
            *first ^= round_constant(&mut lfsr);
        }
    }
}

fn theta(state: &mut [u64; 25]) {
    let columns: Vec<u64> = (0..5).map(|x| (0..5).fold(0, |sum, y| sum ^ lane(state, x + 5 * y))).collect();
    let column = |x: usize| columns.get(x % 5).copied().unwrap_or_default();
    for (number, value) in state.iter_mut().enumerate() {
        *value ^= column(number + 4) ^ column(number + 1).rotate_left(1);
    }
}

fn rho_pi(state: &mut [u64; 25]) {
    let mut carried = lane(state, 1);
    for (&to, &by) in LANES.iter().zip(&ROTATIONS) {
        if let Some(slot) = state.get_mut(to) {
            carried = std::mem::replace(slot, carried.rotate_left(by));
        }
    }
}

fn chi(state: &mut [u64; 25]) {
    let old = *state;
    for (number, value) in state.iter_mut().enumerate() {
        let row = number - number % 5;
        let next = lane(&old, row + (number + 1) % 5);
        *value ^= !next & lane(&old, row + (number + 2) % 5);
    }
}

/// The next of the 24 constants: 7 bits of a shift register, at positions 2^j - 1.
fn round_constant(lfsr: &mut u8) -> u64 {
    let mut constant = 0;
    for j in 0..7 {
        if *lfsr & 1 == 1 {
            constant |= 1_u64 << ((1_u32 << j) - 1);
        }
        *lfsr = if *lfsr & 0x80 == 0 { *lfsr << 1 } else { (*lfsr << 1) ^ 0x71 };
    }
    constant
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(message: &[u8]) -> String {
        assay_disk::text::hex(&keccak256(message))
    }

    #[test]
    fn known_digests() {
        assert_eq!(hex(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex(b"abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    }
}
