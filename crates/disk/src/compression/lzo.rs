//! LZO1X, the format of `lzop`, squashfs and btrfs.
//!
//! Reference: "LZO stream format as understood by Linux' LZO decompressor" (Documentation/staging/lzo.rst).

/// What is said of a block that makes no sense.
type Problem = &'static str;

const CUT: Problem = "it ends within an instruction";
const FULL: Problem = "more comes out than there is room for";

/// Unpacks one block into `dst`; returns how many bytes came out.
///
/// # Errors
/// One sentence, if the block makes no sense or holds more than `dst` has room for.
pub fn unpack(packed: &[u8], dst: &mut [u8]) -> Result<usize, Problem> {
    Unpacking { packed, at: 0, dst, out: 0 }.run()
}

struct Unpacking<'a> {
    packed: &'a [u8],
    at: usize,
    dst: &'a mut [u8],
    out: usize,
}

/// What the last instruction copied as literals: decides what the next low code means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    None,
    Few,
    Run,
}

impl Unpacking<'_> {
    fn run(mut self) -> Result<usize, Problem> {
        let mut state = State::None;
        if let Some(&first) = self.packed.first().filter(|&&first| first > 17) {
            self.at = 1;
            let count = usize::from(first) - 17;
            self.literals(count)?;
            state = if count < 4 { State::Few } else { State::Run };
        }
        loop {
            let code = self.byte()?;
            if code < 16 && state == State::None {
                let count = self.count(code, 15, 3)?;
                self.literals(count)?;
                state = State::Run;
                continue;
            }
            let (distance, len, few) = match code {
                0..16 => {
                    let near = usize::from(self.byte()?) << 2 | usize::from(code >> 2);
                    if state == State::Run { (near + 2049, 3, code & 3) } else { (near + 1, 2, code & 3) }
                }
                16..32 => {
                    let len = self.count(code & 7, 7, 2)?;
                    let (far, few) = self.far()?;
                    let distance = 16384 + (usize::from(code & 8) << 11) + far;
                    if distance == 16384 {
                        return Ok(self.out);
                    }
                    (distance, len, few)
                }
                32..64 => {
                    let len = self.count(code & 31, 31, 2)?;
                    let (far, few) = self.far()?;
                    (far + 1, len, few)
                }
                _ => {
                    let distance = usize::from(self.byte()?) << 3 | usize::from(code >> 2 & 7);
                    (distance + 1, usize::from(code >> 5) + 1, code & 3)
                }
            };
            self.copy(distance, len)?;
            self.literals(few.into())?;
            state = if few == 0 { State::None } else { State::Few };
        }
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        let byte = *self.packed.get(self.at).ok_or(CUT)?;
        self.at += 1;
        Ok(byte)
    }

    /// A length: in the code itself, or where that is 0, `mask` and a chain of bytes that a zero prolongs.
    fn count(&mut self, low: u8, mask: usize, base: usize) -> Result<usize, Problem> {
        if low != 0 {
            return Ok(usize::from(low) + base);
        }
        let mut count = mask + base;
        loop {
            match self.byte()? {
                0 => count = count.saturating_add(255),
                last => return Ok(count.saturating_add(last.into())),
            }
        }
    }

    /// 14 bits of distance and 2 of literals.
    fn far(&mut self) -> Result<(usize, u8), Problem> {
        let (low, high) = (self.byte()?, self.byte()?);
        Ok((usize::from(high) << 6 | usize::from(low >> 2), low & 3))
    }

    fn literals(&mut self, count: usize) -> Result<(), Problem> {
        let end = self.at.checked_add(count).ok_or(CUT)?;
        let from = self.packed.get(self.at..end).ok_or(CUT)?;
        let to = self.out.checked_add(count).and_then(|end| self.dst.get_mut(self.out..end));
        to.ok_or(FULL)?.copy_from_slice(from);
        (self.at, self.out) = (end, self.out + count);
        Ok(())
    }

    /// Copies what came out before; source and target may overlap, and then repeat.
    fn copy(&mut self, distance: usize, len: usize) -> Result<(), Problem> {
        let from = self.out.checked_sub(distance).ok_or("it copies from before its beginning")?;
        let end = self.out.checked_add(len).filter(|&end| end <= self.dst.len()).ok_or(FULL)?;
        if distance >= len {
            self.dst.copy_within(from..from + len, self.out);
        } else {
            let room = self.dst.get_mut(from..end).ok_or(FULL)?;
            let (past, fresh) = room.split_at_mut(distance);
            for piece in fresh.chunks_mut(distance) {
                let (len, past) = (piece.len(), &past);
                piece.copy_from_slice(past.get(..len).ok_or(FULL)?);
            }
        }
        self.out = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut room = [0; 64];
        unpack(packed, &mut room).map(|len| room[..len].to_vec())
    }

    #[test]
    fn literals_and_an_overlapping_copy() {
        // Three literals, a copy of 8 bytes at distance 3 (code 111_010_00: length 8, low bits of 2), the end.
        let packed = [20, b'a', b'b', b'c', 0b1110_1000, 0, 17, 0, 0];
        assert_eq!(unpacked(&packed).unwrap(), b"abcabcabcab");
    }

    #[test]
    fn a_copy_from_before_the_beginning_is_damage() {
        assert!(unpacked(&[18, b'a', 0b1110_1000, 9, 17, 0, 0]).is_err());
    }

    #[test]
    fn a_block_without_end_is_damage() {
        assert_eq!(unpacked(&[20, b'a', b'b', b'c']), Err(CUT));
        assert_eq!(unpacked(&[0, 0, 0, 0]), Err(CUT));
    }

    #[test]
    fn more_than_there_is_room_for_is_damage() {
        let mut packed = vec![17 + 80];
        packed.extend([7; 80]);
        assert_eq!(unpacked(&packed), Err(FULL));
    }
}
