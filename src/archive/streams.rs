//! Packed streams whose readers are crates.

use std::io::BufReader;

use super::format::{Format, Open};
use assay_disk::compression;

/// Memory of an LZMA decoder, in bytes: the largest preset of `xz` wants 65 MiB.
pub(super) const LZMA_MEMORY: u64 = 256 << 20;

/// bzip2. The level, then what a block begins with, or the end of an empty stream.
pub(super) static BZIP2: Format = Format {
    name: "bzip2",
    probe: Some(is_bzip2),
    suffixes: &[".bz2"],
    open: Open::Stream(|input| Ok(Box::new(bzip2::read::MultiBzDecoder::new(input)))),
    ..Format::NONE
};

/// xz.
pub(super) static XZ: Format = Format::stream("xz", &[b"\xfd7zXZ\0"], &[".xz"], |input| {
    Ok(Box::new(compression::xz(BufReader::new(input), LZMA_MEMORY)?))
});

/// RFC 8878.
pub(super) static ZSTD: Format = Format::stream("zstd", &[b"\x28\xb5\x2f\xfd"], &[".zst"], |input| {
    Ok(Box::new(zstd::stream::read::Decoder::new(input)?))
});

/// The format of `lzma`, before xz.
pub(super) static LZMA: Format = Format {
    name: "lzma",
    probe: Some(is_lzma),
    suffixes: &[".lzma"],
    open: Open::Stream(|input| Ok(Box::new(compression::lzma(BufReader::new(input), LZMA_MEMORY)?))),
    ..Format::NONE
};

/// RFC 1950, by itself.
pub(super) static ZLIB: Format = Format {
    name: "zlib",
    probe: Some(is_zlib),
    open: Open::Stream(|input| Ok(Box::new(flate2::read::ZlibDecoder::new(input)))),
    ..Format::NONE
};

/// Two bytes are no mark: what follows must unpack, as far as it is there. Of bytes by chance, hardly any run does: their
/// first copy comes from before the start.
fn is_zlib(head: &[u8]) -> bool {
    let Some(([0x78, 0x01 | 0x9c | 0xda], _)) = head.split_first_chunk::<2>() else { return false };
    let (mut zlib, mut unpacked) = (flate2::Decompress::new(true), [0; 4096]);
    zlib.decompress(head, &mut unpacked, flate2::FlushDecompress::None).is_ok() && zlib.total_out() > 0
}

fn is_bzip2(head: &[u8]) -> bool {
    let Some([level, block @ ..]) = head.strip_prefix(b"BZh") else { return false };
    let begins =
        block.starts_with(b"\x31\x41\x59\x26\x53\x59") || block.starts_with(b"\x17\x72\x45\x38\x50\x90");
    level.is_ascii_digit() && begins
}

/// The header of `lzma` has no mark: the usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a
/// length that is unknown or below 256 GiB, and the zero that every stream begins with.
fn is_lzma(head: &[u8]) -> bool {
    let Some(([0x5d, a, b, c, d], rest)) = head.split_first_chunk::<5>() else { return false };
    let Some((length, [0, ..])) = rest.split_first_chunk::<8>() else { return false };
    let (dictionary, length) = (u32::from_le_bytes([*a, *b, *c, *d]), u64::from_le_bytes(*length));
    let round = dictionary.is_power_of_two() || dictionary % 3 == 0 && (dictionary / 3).is_power_of_two();
    round && dictionary >= 4096 && (length == u64::MAX || (1..1 << 38).contains(&length))
}
