//! Packed blocks, as file systems keep them: one piece in, at most a known number of bytes out.
//!
//! Streams and archives are the job of `archive` of the auditor; this is for blocks that fit into memory, packed
//! on their own. Which decoder is used was measured over blocks of 128 KiB of a Debian system (MB a second
//! of one core): zstd's own 827, ruzstd 214; libdeflate 825, zlib-rs 448; liblzma 88, `lzma-rust2` 61;
//! `lz4_flex` 2751. Pure Rust was kept where it is at most 1.5 times slower.

use std::cell::RefCell;
use std::io::{BufRead, Read};

use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use thiserror::Error;

pub mod lzo;

/// Memory of an LZMA decoder for blocks, in bytes: blocks are at most 1 MiB, and more helps nobody.
const LZMA_MEMORY: u64 = 32 << 20;

/// How a block is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// RFC 1950.
    Zlib,
    /// RFC 1951, without a header.
    Deflate,
    /// RFC 1952: the first member.
    Gzip,
    /// The `.lzma` format with its header of 13 bytes.
    Lzma,
    /// LZO1X.
    Lzo,
    /// The `.xz` format with any filters.
    Xz,
    /// An LZ4 block, without a frame.
    Lz4,
    /// RFC 8878.
    Zstd,
}

impl Method {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
            Self::Lzma => "lzma",
            Self::Lzo => "lzo",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// Unpacks `packed` into `dst` and returns how many bytes came out. What lies behind them in `dst` is
    /// unspecified afterwards.
    ///
    /// # Errors
    /// [`Damaged`], if the block makes no sense or holds more than `dst` has room for.
    pub fn unpack(self, packed: &[u8], dst: &mut [u8]) -> Result<usize, Damaged> {
        let damaged = |problem: String| Damaged { method: self.name(), problem };
        match self {
            Self::Zlib => INFLATER.with_borrow_mut(|inflater| {
                inflater.zlib_decompress(packed, dst).map_err(|error| damaged(error.to_string()))
            }),
            Self::Deflate => INFLATER.with_borrow_mut(|inflater| {
                inflater.deflate_decompress(packed, dst).map_err(|error| damaged(error.to_string()))
            }),
            Self::Gzip => INFLATER.with_borrow_mut(|inflater| {
                inflater.gzip_decompress(packed, dst).map_err(|error| damaged(error.to_string()))
            }),
            Self::Lzma => lzma(packed, LZMA_MEMORY)
                .and_then(|mut reader| drain(&mut reader, dst))
                .map_err(|error| damaged(error.to_string())),
            Self::Xz => xz_stream(packed, LZMA_MEMORY)
                .and_then(|mut reader| drain(&mut reader, dst))
                .map_err(|error| damaged(error.to_string())),
            Self::Lzo => lzo::unpack(packed, dst).map_err(|error| damaged(error.to_owned())),
            Self::Lz4 => {
                lz4_flex::block::decompress_into(packed, dst).map_err(|error| damaged(error.to_string()))
            }
            Self::Zstd => unzstd(packed, dst).map_err(|error| damaged(error.to_string())),
        }
    }
}

/// What the `.xz` streams in `packed` hold, one after the other; the decoder takes at most `memory` bytes.
///
/// # Errors
/// Where there is no memory for a decoder. What the stream asks for shows itself when it is read.
pub fn xz<R: BufRead>(packed: R, memory: u64) -> std::io::Result<XzDecoder<R>> {
    Ok(XzDecoder::new_stream(packed, Stream::new_stream_decoder(memory, CONCATENATED)?))
}

/// What the first `.xz` stream in `packed` holds; nothing behind it is taken. See [`xz`].
///
/// # Errors
/// As [`xz`].
pub fn xz_stream<R: BufRead>(packed: R, memory: u64) -> std::io::Result<XzDecoder<R>> {
    Ok(XzDecoder::new_stream(packed, Stream::new_stream_decoder(memory, 0)?))
}

/// What a stream of the older format `.lzma` holds; nothing behind it is taken. See [`xz`].
///
/// # Errors
/// As [`xz`].
pub fn lzma<R: BufRead>(packed: R, memory: u64) -> std::io::Result<XzDecoder<R>> {
    Ok(XzDecoder::new_stream(packed, Stream::new_lzma_decoder(memory)?))
}

/// A block could not be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{method} data is damaged: {problem}")]
pub struct Damaged {
    /// Name of the method.
    pub method: &'static str,
    /// What its decoder says.
    pub problem: String,
}

// A decoder costs more to make than a small block to unpack: each thread keeps its own.
thread_local! {
    static INFLATER: RefCell<libdeflater::Decompressor> = RefCell::new(libdeflater::Decompressor::new());
    static UNZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

fn unzstd(packed: &[u8], dst: &mut [u8]) -> std::io::Result<usize> {
    UNZSTD.with_borrow_mut(|kept| match kept {
        Some(decoder) => decoder.decompress_to_buffer(packed, dst),
        None => kept.insert(zstd::bulk::Decompressor::new()?).decompress_to_buffer(packed, dst),
    })
}

/// Reads to the end of `reader`, which must come within `dst`.
fn drain(reader: &mut dyn Read, dst: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    loop {
        let room = dst.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            return match reader.read(&mut [0])? {
                0 => Ok(filled),
                _ => Err(std::io::Error::other("more comes out than there is room for")),
            };
        }
        match reader.read(room)? {
            0 => return Ok(filled),
            read => filled = filled.saturating_add(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = b"blocks of blocks of blocks of blocks of blocks of text";

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(data).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn blocks_come_back_with_their_length() {
        let zstd = zstd::bulk::compress(TEXT, 3).unwrap();
        for (method, packed) in [(Method::Zlib, zlib(TEXT)), (Method::Zstd, zstd)] {
            let mut room = [0; 100];
            let unpacked = method.unpack(&packed, &mut room).unwrap();
            assert_eq!(&room[..unpacked], TEXT);
        }
    }

    #[test]
    fn a_block_that_is_too_large_is_damaged() {
        let mut room = [0; 10];
        assert!(Method::Zlib.unpack(&zlib(TEXT), &mut room).is_err());
        assert!(Method::Zstd.unpack(&zstd::bulk::compress(TEXT, 3).unwrap(), &mut room).is_err());
    }

    #[test]
    fn noise_is_damaged_for_every_method() {
        let noise: Vec<u8> = (0..200_u8).map(|n| n.wrapping_mul(151) ^ 0x5a).collect();
        let mut room = vec![0; 300];
        for method in [Method::Zlib, Method::Deflate, Method::Lzma, Method::Xz, Method::Lz4, Method::Zstd] {
            let error = method.unpack(&noise, &mut room).unwrap_err();
            assert!(error.to_string().starts_with(method.name()), "{error}");
        }
    }
}
