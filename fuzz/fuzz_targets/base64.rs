//! Base64 in a stream: cut anywhere, the same blocks are found as in the whole, and each can be decoded; taken up at
//! any of its blocks, the file has that block and those behind it.
#![no_main]

use assay::archive::base64_blocks::{Block, Finder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [cut, least, text @ ..] = input else { return };
    let finder = || {
        let mut finder = Finder::default();
        finder.reset(0);
        finder.at_least(usize::from(*least));
        finder
    };
    let whole = blocks(finder(), &[text]);
    let piece = usize::from(*cut).max(1);
    assert_eq!(whole, blocks(finder(), &text.chunks(piece).collect::<Vec<_>>()));
    for (index, block) in whole.iter().enumerate() {
        assert!(!block.is_empty() && block.len() >= usize::from(*least));
        (0..block.alignments()).for_each(|skipped| assert!(block.decode(skipped).len() <= block.len()));
        let mut resumed = finder();
        resumed.resume(block.offset);
        let rest = &text[usize::try_from(block.offset).unwrap()..];
        let found = blocks(resumed, &rest.chunks(piece).collect::<Vec<_>>());
        let (first, others) = found.split_first().expect("the block is there again");
        assert_eq!((first.offset, first.decode(0)), (block.offset, block.decode(0)));
        assert_eq!(others, &whole[index + 1..]);
    }
});

fn blocks(mut finder: Finder, pieces: &[&[u8]]) -> Vec<Block> {
    let mut found = Vec::new();
    pieces.iter().for_each(|piece| finder.piece(piece, &mut |block| found.push(block)));
    finder.finish(&mut |block| found.push(block));
    found
}
