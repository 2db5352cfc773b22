//! LZNT1: the compression of NTFS, in chunks of 4 KiB.
//!
//! Reference: [MS-XCA], section 2.5.

const CHUNK: usize = 4096;

/// Unpacks a unit of `len` bytes; what is wrong, if it cannot. Bytes that the unit does not hold are zeros.
pub(super) fn unpack(packed: &[u8], len: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(len);
    let mut rest = packed;
    while out.len() < len {
        let Some((head, after)) = rest.split_first_chunk::<2>() else { break };
        let head = u16::from_le_bytes(*head);
        if head == 0 {
            break;
        }
        let size = usize::from(head & 0x0fff) + 1;
        let (chunk, after) = after
            .split_at_checked(size)
            .ok_or_else(|| format!("a chunk of {size} bytes where {} are", after.len()))?;
        let start = out.len();
        if head & 0x8000 == 0 {
            out.extend_from_slice(chunk);
        } else {
            unpack_chunk(chunk, &mut out)?;
        }
        // Only the last chunk may be shorter; what it lacks is zeros.
        out.resize(start + CHUNK, 0);
        rest = after;
    }
    out.resize(len, 0);
    Ok(out)
}

fn unpack_chunk(chunk: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    let mut bytes = chunk.iter().copied();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            let Some(first) = bytes.next() else { return Ok(()) };
            if flags >> bit & 1 == 0 {
                out.push(first);
            } else {
                let second = bytes.next().ok_or("a reference is cut off")?;
                copy(u16::from_le_bytes([first, second]), start, out)?;
            }
            if out.len() > start + CHUNK {
                return Err(format!("a chunk of more than {CHUNK} bytes"));
            }
        }
    }
    Ok(())
}

/// Repeats what came before. The further into the chunk, the more bits are the distance.
fn copy(token: u16, start: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let done = out.len() - start;
    let mut bits = 4_u32;
    while bits < 12 && done > 1 << bits {
        bits += 1;
    }
    let distance = usize::from(token >> (16 - bits)) + 1;
    let len = usize::from(token & (0xffff >> bits)) + 3;
    let from = done.checked_sub(distance).ok_or_else(|| format!("{distance} bytes back from {done}"))?;
    if done + len > CHUNK {
        return Err(format!("a chunk of more than {CHUNK} bytes"));
    }
    for at in start + from..start + from + len {
        let byte = out.get(at).copied().unwrap_or_default();
        out.push(byte);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_manual_is_unpacked() {
        let packed = [
            0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47, 0x01,
            0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20, 0x05, 0x24,
            0x13, 0x88, 0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09, 0x16, 0x01, 0x48,
            0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
        ];
        let text = unpack(&packed, 142).unwrap();
        assert!(
            text.starts_with(b"F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E")
        );
        assert!(text.ends_with(b"F# G A A G F# E D D E F# E D D\0"));
    }

    #[test]
    fn a_chunk_may_be_stored_and_the_rest_is_zeros() {
        let unit = unpack(b"\x02\x30abc", 10_000).unwrap();
        assert_eq!((unit.len(), &unit[..5]), (10_000, &b"abc\0\0"[..]));
        assert_eq!(unpack(&[], 5).unwrap(), [0; 5]);
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(unpack(&[0x05, 0xb0, 1, 0], 4096).unwrap_err().contains("6 bytes where 2"));
        assert_eq!(unpack(&[0x02, 0xb0, 1, 0, 0], 4096).unwrap_err(), "1 bytes back from 0");
        assert_eq!(unpack(&[0x01, 0xb0, 1, 0], 4096).unwrap_err(), "a reference is cut off");
    }
}
