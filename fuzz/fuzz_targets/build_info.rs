//! What builds write into programs, in a file cut into pieces anywhere: as in the whole.
//!
//! The first byte says what stands around the rest: nothing, the mark of Go's information, a head of ELF.
#![no_main]

use assay::packages::programs::words::Words;
use assay::packages::programs::{Reader, go};
use libfuzzer_sys::fuzz_target;

const GO: &[u8] = b"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fuzz_target!(|input: &[u8]| {
    let [kind, cut, rest @ ..] = input else { return };
    let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
    let file = match kind % 4 {
        0 => rest.to_vec(),
        1 => [b"MZ\0\0\0\0\0\0\0\0\0\0\0\0\0\0", GO, rest].concat(),
        2 => [&head[..], rest].concat(),
        _ => {
            head.resize(64, 0);
            [&head[..], GO, rest].concat()
        }
    };
    go::of_info(&[GO, rest].concat());
    let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut reader = Reader::new(Words::embedded());
        let is_wanted = reader.start(b"node", file.get(..64).unwrap_or(&file), || false);
        pieces.filter(|_| is_wanted).for_each(|piece| reader.piece(piece));
        is_wanted.then(|| reader.end())
    };
    let whole = read(&mut std::iter::once(&file[..]));
    let pieces = read(&mut file.chunks(usize::from(*cut).max(1)));
    assert_eq!(whole, pieces);
});
