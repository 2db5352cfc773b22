//! gzip (RFC 1952): small files in one step, which is twice as fast, larger ones as a stream.
//!
//! Nearly all packed files of a system are small: documentation, manuals, change logs, rotated logs.

use std::io::{BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::format::Format;

use assay_disk::compression::Method;

/// RFC 1952.
pub(super) static FORMAT: Format =
    Format::stream("gzip", &[b"\x1f\x8b\x08"], &[".gz", ".z"], |input| Ok(unpacker(input)));

/// Largest file that is unpacked in one step, in bytes.
const SMALL: u64 = 1 << 20;
/// Most that may come out of it, in bytes.
const LARGEST: u32 = 16 << 20;
/// Checksum and length of what is packed, behind each member.
const TRAILER: usize = 8;

/// What the gzip members in `input` hold, one after the other.
fn unpacker<'r>(input: &'r mut dyn Read) -> Box<dyn Read + 'r> {
    let mut packed = Vec::new();
    // An error of the input comes again when the stream is read on.
    let read = input.take(SMALL).read_to_end(&mut packed);
    let is_all = read.is_ok() && (packed.len() as u64) < SMALL;
    match is_all.then(|| at_once(&packed)).flatten() {
        Some(unpacked) => Box::new(Cursor::new(unpacked)),
        None => Box::new(MultiGzDecoder::new(BufReader::new(Cursor::new(packed).chain(input)))),
    }
}

/// Unpacks a file that is exactly one sound member; none for every other.
///
/// The decoder says that a member is sound, and not where it ended. Before its end stands its trailer; if the
/// file ends in that, and has it nowhere else, the member ended there.
fn at_once(packed: &[u8]) -> Option<Vec<u8>> {
    let trailer = packed.last_chunk::<TRAILER>()?;
    let [checksum @ .., a, b, c, d] = *trailer;
    let length = u32::from_le_bytes([a, b, c, d]);
    let mut unpacked = vec![0; usize::try_from(length).ok().filter(|_| length <= LARGEST)?];
    let written = Method::Gzip.unpack(packed, &mut unpacked).ok()?;
    let is_its_own = written == unpacked.len() && libdeflater::crc32(&unpacked).to_le_bytes() == checksum;
    let is_only_one = memchr::memmem::find(packed, trailer) == packed.len().checked_sub(TRAILER);
    (is_its_own && is_only_one).then_some(unpacked)
}

/// A member, for tests.
#[cfg(test)]
pub(super) fn packed(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use super::packed as gzip;
    use super::*;

    fn unpacked(packed: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let sound = unpacker(&mut &packed[..]).read_to_end(&mut out).is_ok();
        (out, sound)
    }

    #[test]
    fn one_member_is_unpacked_at_once() {
        let packed = gzip(b"hello, hello");
        assert_eq!(at_once(&packed), Some(b"hello, hello".to_vec()));
        assert_eq!(unpacked(&packed), (b"hello, hello".to_vec(), true));
    }

    #[test]
    fn members_behind_the_first_are_not_lost() {
        for second in [&b"another"[..], b"world", b"hello", b""] {
            let packed = [gzip(b"hello"), gzip(second)].concat();
            assert_eq!(unpacked(&packed), ([b"hello", second].concat(), true));
        }
    }

    #[test]
    fn what_hides_behind_a_member_with_a_copy_of_its_trailer_is_damage() {
        let member = gzip(b"hello");
        let packed = [&member, &b"hidden"[..], &member[member.len() - TRAILER..]].concat();
        assert_eq!(at_once(&packed), None);
        assert_eq!(unpacked(&packed), (b"hello".to_vec(), false));
    }

    #[test]
    fn a_cut_or_changed_member_is_damage() {
        let packed = gzip(&b"hello hello hello ".repeat(100));
        for cut in 1..packed.len() {
            assert!(!unpacked(&packed[..cut]).1, "{cut}");
        }
        for at in packed.len() - TRAILER..packed.len() {
            let mut packed = packed.clone();
            packed[at] ^= 1;
            assert!(!unpacked(&packed).1, "{at}");
        }
    }

    #[test]
    fn a_large_file_is_a_stream() {
        let data: Vec<u8> =
            (0..600_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        assert!(unpacked(&gzip(&data)) == (data, true));
    }
}
