//! A cache of clean files: whatever is read of one is written and read again as the same, and nothing else is read.
//!
//! A first byte below 128: the rest is the file. Above: the rest are its keys, behind a head that is right.
#![no_main]

use assay::audit::Cache;
use libfuzzer_sys::fuzz_target;

const RULES: [u8; 32] = [7; 32];

fn file(input: &[u8]) -> Vec<u8> {
    let Some((first, rest)) = input.split_first() else { return Vec::new() };
    if *first < 128 {
        return rest.to_vec();
    }
    let head = Cache::new(RULES).write();
    let mut keys: Vec<[u8; 16]> = rest.as_chunks().0.to_vec();
    if first % 2 == 0 {
        keys.sort_by_key(|key| u128::from_le_bytes(*key));
    }
    let count = (keys.len() as u64).to_le_bytes();
    [&head[..head.len() - 8], &count, keys.as_flattened()].concat()
}

fuzz_target!(|input: &[u8]| {
    let file = file(input);
    assert!(!matches!(Cache::read(&file[..], [8; 32]), Ok(Some(_))) || file.get(16..48) == Some(&[8; 32]));
    let Ok(Some(cache)) = Cache::read(&file[..], RULES) else { return };
    let written = cache.write();
    assert!(written.len() <= file.len(), "keys came from nowhere");
    let again = Cache::read(&written[..], RULES).unwrap().unwrap();
    assert_eq!(again.write(), written);
    // Only keys that are there twice are left out.
    let (keys, rest) = file[64..].as_chunks::<16>();
    assert!(rest.is_empty());
    let mut keys: Vec<u128> = keys.iter().map(|key| u128::from_le_bytes(*key)).collect();
    keys.dedup();
    assert_eq!(written.len(), 64 + 16 * keys.len());
});
