//! lz4 frames, one after the other, and the legacy frames that kernels and initial RAM disks use.
//!
//! The decoder of a frame takes the end of the file between two blocks for the end of the frame. A frame of
//! today has an end mark, so its lack is damage; a legacy frame has none.
//!
//! Source: `lz4_Frame_format.md` of lz4.

use std::io::{self, Read};

use lz4_flex::frame::FrameDecoder;

use super::format::Format;

/// lz4 frames, legacy ones too.
pub(super) static FORMAT: Format =
    Format::stream("lz4", &[b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"], &[".lz4"], |input| {
        Ok(Box::new(Frames::new(input)))
    });

const LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

/// Remembers the ends of what was read.
struct Ends<R> {
    inner: R,
    first: Vec<u8>,
    last: [u8; 8],
}

impl<R: Read> Read for Ends<R> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(dst)?;
        let bytes = dst.get(..read).unwrap_or_default();
        let room = LEGACY.len().saturating_sub(self.first.len());
        self.first.extend(bytes.iter().take(room));
        for &byte in bytes.get(read.saturating_sub(self.last.len())..).unwrap_or_default() {
            self.last.rotate_left(1);
            if let Some(last) = self.last.last_mut() {
                *last = byte;
            }
        }
        Ok(read)
    }
}

impl<R> Ends<R> {
    /// Whether the last frame has its end: a mark of four zeros, perhaps with a checksum behind it.
    fn are_whole(&self) -> bool {
        self.first == LEGACY || self.last.starts_with(&[0; 4]) || self.last.ends_with(&[0; 4])
    }
}

/// All frames of a stream.
struct Frames<R: Read> {
    decoder: FrameDecoder<Ends<R>>,
}

impl<R: Read> Frames<R> {
    fn new(inner: R) -> Self {
        Self { decoder: FrameDecoder::new(Ends { inner, first: Vec::new(), last: [0xff; 8] }) }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        // Nothing at the end of a frame, and once more at the end of the file.
        for _ in 0..2 {
            let read = self.decoder.read(dst)?;
            if read > 0 {
                return Ok(read);
            }
        }
        if self.decoder.get_ref().are_whole() {
            Ok(0)
        } else {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the last frame has no end"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn frame(data: &[u8]) -> Vec<u8> {
        let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
        packer.write_all(data).unwrap();
        packer.finish().unwrap()
    }

    fn unpack(packed: &[u8]) -> (Vec<u8>, io::Result<usize>) {
        let mut out = Vec::new();
        let result = Frames::new(packed).read_to_end(&mut out);
        (out, result)
    }

    #[test]
    fn frames_one_after_the_other_are_one_stream() {
        let packed = [frame(b"hello "), frame(b"world")].concat();
        let (out, result) = unpack(&packed);
        assert_eq!((out.as_slice(), result.unwrap()), (&b"hello world"[..], 11));
    }

    #[test]
    fn a_frame_without_its_end_mark_is_damaged() {
        let packed = frame(&b"one block of text".repeat(10));
        let (out, result) = unpack(&packed[..packed.len() - 4]);
        assert!(!out.is_empty());
        assert!(result.is_err());
    }

    #[test]
    fn a_legacy_frame_is_read_to_its_end() {
        let block = lz4_flex::block::compress(b"a legacy block");
        let length = u32::try_from(block.len()).unwrap().to_le_bytes();
        let packed = [&LEGACY[..], &length, &block].concat();
        let (out, result) = unpack(&packed);
        assert_eq!((out.as_slice(), result.unwrap()), (&b"a legacy block"[..], 14));
    }
}
