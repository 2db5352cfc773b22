//! Rock Ridge: names, modes, owners, links and times of POSIX, in fields behind the directory record.
//!
//! Reference: System Use Sharing Protocol (IEEE P1281), Rock Ridge Interchange Protocol (IEEE P1282).

use super::record::{long_time, short_time};
use crate::bytes::{Record, Source, read_vec};
use crate::fs::{FsError, Time};

/// Continuations of one record.
const MAX_CONTINUED: u32 = 64;
/// Bytes of one continuation.
const MAX_AREA: u32 = 64 << 10;

/// What the fields of an entry say.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// Rock Ridge is announced: how many bytes to skip in other records.
    pub(super) announced: Option<u8>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) posix: Option<Posix>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) modified: Option<Time>,
    pub(super) changed: Option<Time>,
    pub(super) accessed: Option<Time>,
    pub(super) created: Option<Time>,
    /// Block of the directory that was moved away from here.
    pub(super) child: Option<u32>,
    /// A directory that was moved here, and belongs elsewhere.
    pub(super) relocated: bool,
    /// Packed by zisofs.
    pub(super) packed: bool,
}

/// `PX`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posix {
    pub(super) mode: u32,
    pub(super) links: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Reads all fields in `area` and its continuations.
pub(super) fn read(source: &dyn Source, block: u32, area: &[u8]) -> Result<Fields, FsError> {
    let mut fields = Fields::default();
    let mut area = area.to_vec();
    let mut link_goes_on = false;
    for _ in 0..MAX_CONTINUED {
        let mut next = None;
        let mut rest = area.as_slice();
        while let Some(field) = split(&mut rest) {
            match field.bytes(0, 2)? {
                b"CE" => next = Some((field.u32_le(4)?, field.u32_le(12)?, field.u32_le(20)?)),
                b"ST" => break,
                _ => fields.take(&field, &mut link_goes_on)?,
            }
        }
        let Some((at, offset, len)) = next else { return Ok(fields) };
        if len > MAX_AREA {
            return Err(FsError::corrupt("continuation area", at.into(), format!("{len} bytes long")));
        }
        let place = u64::from(at).saturating_mul(block.into()).saturating_add(offset.into());
        area = read_vec(source, place, usize::try_from(len).unwrap_or(0))?;
    }
    Err(FsError::corrupt("continuation area", 0, format!("more than {MAX_CONTINUED} for one record")))
}

/// The next field; none where the rest is padding.
fn split<'a>(rest: &mut &'a [u8]) -> Option<Record<'a>> {
    let len = usize::from(*rest.get(2)?);
    if len < 4 {
        return None;
    }
    let (field, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(Record::new("Rock Ridge field", field))
}

impl Fields {
    fn take(&mut self, field: &Record<'_>, link_goes_on: &mut bool) -> Result<(), FsError> {
        match field.bytes(0, 2)? {
            b"SP" if field.bytes(4, 2)? == b"\xbe\xef" => self.announced = Some(field.u8(6)?),
            // Bits 1 and 2: the directory itself, its parent.
            b"NM" if field.u8(4)? & 6 == 0 => {
                let name = self.name.get_or_insert_default();
                name.extend_from_slice(field.all().get(5..).unwrap_or_default());
            }
            b"PX" => {
                self.posix = Some(Posix {
                    mode: field.u32_le(4)?,
                    links: field.u32_le(12)?,
                    uid: field.u32_le(20)?,
                    gid: field.u32_le(28)?,
                });
            }
            b"SL" => self.link_part(field, link_goes_on)?,
            b"TF" => self.times(field)?,
            b"CL" => self.child = Some(field.u32_le(4)?),
            b"RE" => self.relocated = true,
            b"ZF" => self.packed = true,
            _ => {}
        }
        Ok(())
    }

    /// The parts of a link's target; a part may go on in the next.
    fn link_part(&mut self, field: &Record<'_>, goes_on: &mut bool) -> Result<(), FsError> {
        let link = self.link.get_or_insert_default();
        let mut at = 5;
        while at < field.len() {
            let (flags, len) = (field.u8(at)?, usize::from(field.u8(at + 1)?));
            if !*goes_on && !link.is_empty() && link != b"/" {
                link.push(b'/');
            }
            match flags & 0xe {
                2 => link.push(b'.'),
                4 => link.extend_from_slice(b".."),
                8 => *link = b"/".to_vec(),
                _ => link.extend_from_slice(field.bytes(at + 2, len)?),
            }
            *goes_on = flags & 1 != 0;
            at += 2 + len;
        }
        Ok(())
    }

    fn times(&mut self, field: &Record<'_>) -> Result<(), FsError> {
        let flags = field.u8(4)?;
        let (len, decode): (usize, fn(&[u8]) -> Time) =
            if flags & 0x80 == 0 { (7, short_time) } else { (17, long_time) };
        let places = [&mut self.created, &mut self.modified, &mut self.accessed, &mut self.changed];
        let mut at = 5;
        for (bit, place) in places.into_iter().enumerate() {
            if flags & (1 << bit) != 0 {
                *place = Some(decode(field.bytes(at, len)?));
                at += len;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(area: &[u8]) -> Result<Fields, FsError> {
        read(&vec![0; 4096], 2048, area)
    }

    #[test]
    fn a_name_in_two_fields_is_joined() {
        let found = fields(b"NM\x07\x01\x01abNM\x06\x01\0c").unwrap();
        assert_eq!(found.name.unwrap(), b"abc");
    }

    #[test]
    fn a_link_is_put_together_from_its_parts() {
        let found = fields(b"SL\x11\x01\0\x08\0\x04\0\x00\x02ab\x01\x02cdSL\x09\x01\0\0\x02ef").unwrap();
        assert_eq!(found.link.unwrap(), b"/../ab/cdef");
    }

    #[test]
    fn continuations_that_follow_themselves_are_corrupt() {
        let mut area = b"CE\x1c\x01".to_vec();
        area.extend([0; 8]);
        area.extend([0; 8]);
        area.extend(28_u32.to_le_bytes());
        area.extend([0; 4]);
        let error = read(&area.clone(), 2048, &area).unwrap_err();
        assert!(error.to_string().contains("more than 64"), "{error}");
    }

    #[test]
    fn a_cut_field_is_an_error_and_padding_is_none() {
        assert!(fields(b"PX\x08\x01\0\0\0\0").is_err());
        assert!(fields(b"\0\0\0\0\0").unwrap().name.is_none());
    }
}
