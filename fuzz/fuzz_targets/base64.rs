//! Base64 in a stream: cut anywhere, the same blocks are found as in the whole, and each can be decoded.
#![no_main]

use assay::archive::base64_blocks::{Block, Finder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [cut, text @ ..] = input else { return };
    let whole = blocks(&[text]);
    let piece = usize::from(*cut).max(1);
    let pieces: Vec<&[u8]> = text.chunks(piece).collect();
    assert_eq!(whole, blocks(&pieces));
    for block in &whole {
        assert!(!block.is_empty());
        (0..block.alignments()).for_each(|skipped| assert!(block.decode(skipped).len() <= block.len()));
    }
});

fn blocks(pieces: &[&[u8]]) -> Vec<Block> {
    let (mut finder, mut found) = (Finder::default(), Vec::new());
    finder.reset(0);
    pieces.iter().for_each(|piece| finder.piece(piece, &mut |block| found.push(block)));
    finder.finish(&mut |block| found.push(block));
    found
}
