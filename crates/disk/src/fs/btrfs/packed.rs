//! Packed extents: zlib, lzo and zstd, up to 128 KiB each.
//!
//! Reference: `fs/btrfs/{compression,lzo,zstd,zlib}.c`.

use std::io::Read;

use crate::bytes::Record;
use crate::compression::lzo;

/// Longest packed extent, in bytes.
pub(super) const MAX_PACKED: u64 = 128 << 10;
/// Longest extent when it is unpacked.
pub(super) const MAX_UNPACKED: u64 = 128 << 10;

/// How an extent is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Zlib,
    Lzo,
    Zstd,
}

impl Method {
    /// The method with this number; `None` for content as it is.
    pub(super) fn from_code(code: u8) -> Result<Option<Self>, String> {
        Ok(match code {
            0 => None,
            1 => Some(Self::Zlib),
            2 => Some(Self::Lzo),
            3 => Some(Self::Zstd),
            _ => return Err(format!("compression {code}")),
        })
    }

    pub(super) const fn code(method: Option<Self>) -> u64 {
        match method {
            None => 0,
            Some(Self::Zlib) => 1,
            Some(Self::Lzo) => 2,
            Some(Self::Zstd) => 3,
        }
    }
}

/// Unpacks `bytes` to `len` bytes; a stream that ends before that is filled with zeros, as Linux does.
///
/// # Errors
/// What is wrong with the stream.
pub(super) fn unpack(method: Method, bytes: &[u8], len: u64, sector: usize) -> Result<Vec<u8>, String> {
    let room = usize::try_from(len.min(MAX_UNPACKED)).unwrap_or_default();
    let mut out = Vec::with_capacity(room);
    match method {
        Method::Zlib => {
            let stream = flate2::bufread::ZlibDecoder::new(bytes);
            stream.take(room as u64).read_to_end(&mut out).map_err(|error| format!("zlib: {error}"))?;
        }
        Method::Zstd => {
            let stream =
                zstd::stream::read::Decoder::with_buffer(bytes).map_err(|error| format!("zstd: {error}"))?;
            // Zeros fill the last sector behind the frame.
            stream
                .single_frame()
                .take(room as u64)
                .read_to_end(&mut out)
                .map_err(|error| format!("zstd: {error}"))?;
        }
        Method::Lzo => segments(bytes, room, sector, &mut out)?,
    }
    out.resize(room, 0);
    Ok(out)
}

/// The segments of lzo: each is a sector, and the length before it does not cross the end of a sector.
fn segments(bytes: &[u8], room: usize, sector: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let record = Record::new("lzo extent", bytes);
    let length = |at: usize| record.u32_le(at).map(|len| len as usize).map_err(|error| error.to_string());
    let total = length(0)?;
    if total > bytes.len() {
        return Err(format!("lzo: {total} bytes of {}", bytes.len()));
    }
    let (mut at, mut unpacked) = (4_usize, Vec::new());
    while at < total && out.len() < room {
        let left = sector.saturating_sub(at % sector);
        if left < 4 {
            at = at.saturating_add(left);
            continue;
        }
        let len = length(at)?;
        at = at.saturating_add(4);
        let segment = record.bytes(at, len).map_err(|error| error.to_string())?;
        // A segment is a sector, whatever of it the extent still has room for: the rest is cut off, as Linux does.
        unpacked.resize(sector, 0);
        let came_out = lzo::unpack(segment, &mut unpacked)?;
        let wanted = came_out.min(room.saturating_sub(out.len()));
        out.extend_from_slice(unpacked.get(..wanted).unwrap_or_default());
        at = at.saturating_add(len);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_ends_early_is_filled_with_zeros() {
        let zlib = [0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27, 0, 0, 0];
        assert_eq!(unpack(Method::Zlib, &zlib, 5, 4096).unwrap(), b"abc\0\0");
        assert_eq!(unpack(Method::Zlib, &zlib, 2, 4096).unwrap(), b"ab");
    }

    #[test]
    fn damaged_streams_are_errors() {
        for method in [Method::Zlib, Method::Lzo, Method::Zstd] {
            assert!(unpack(method, &[0xff; 64], 4096, 4096).is_err(), "{method:?}");
            assert!(unpack(method, &[], 4096, 4096).is_err(), "{method:?}");
        }
    }

    #[test]
    fn lengths_of_segments_do_not_cross_sectors() {
        // A literal run of 4 bytes in each segment, and the end mark.
        let segment = |text: &[u8; 4]| [&[21][..], text, &[0x11, 0, 0]].concat();
        let mut bytes = Vec::new();
        bytes.extend(30_u32.to_le_bytes());
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(segment(b"abcd"));
        // Sectors of 18 bytes: 2 bytes are left.
        bytes.extend([0, 0]);
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(segment(b"efgh"));
        bytes.extend([9; 30]);
        assert_eq!(unpack(Method::Lzo, &bytes, 8, 18).unwrap(), b"abcdefgh");
    }

    #[test]
    fn what_comes_out_of_lzo_beyond_the_length_is_cut_off_as_of_zlib() {
        let bytes = [&[16, 0, 0, 0, 8, 0, 0, 0, 21][..], b"abcd", &[0x11, 0, 0]].concat();
        assert_eq!(unpack(Method::Lzo, &bytes, 2, 4096).unwrap(), b"ab");
    }
}
