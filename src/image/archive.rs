//! A disk in a tar archive, read in place: an OVA with its VMDK, or `disk.raw` as clouds want it.
//!
//! Reference: POSIX.1-2001 pax, ustar; DMTF DSP0243 (OVF) for the OVA.

use std::sync::Arc;

use super::container::{self, Format};
use crate::bytes::{Record, Source, Span, Truncated, Window, read_vec};
use crate::text::Escaped;

const BLOCK: u64 = 512;
/// Members that are looked at.
const MAX_MEMBERS: u32 = 10_000;

/// The name of a disk, and its bytes.
type Disk = (String, Arc<dyn Source>);

/// The disks in the archive, in their order.
pub(super) fn disks(file: &Arc<dyn Source>) -> Result<Vec<Disk>, String> {
    let mut disks = Vec::new();
    let mut at = 0_u64;
    for _ in 0..MAX_MEMBERS {
        let Ok(header) = read_vec(&**file, at, 512) else { break };
        if header.iter().all(|&byte| byte == 0) {
            return Ok(disks);
        }
        let member = Member::parse(&header).map_err(|error| error.to_string())??;
        let start = at.saturating_add(BLOCK);
        let disk: Arc<dyn Source> = Arc::new(Window::new(Arc::clone(file), Span::new(start, member.size)));
        let is_file = matches!(member.kind, 0 | b'0' | b'7');
        if is_file && is_disk(&member.name, &*disk) {
            if disk.len() < member.size {
                return Err(format!("{} is cut short", Escaped(&member.name)));
            }
            disks.push((Escaped(&member.name).to_string(), disk));
        } else if member.kind == b'S' {
            return Err(format!("{} is sparse in GNU's way, which is not read", Escaped(&member.name)));
        }
        at =
            start.checked_add(member.size.next_multiple_of(BLOCK)).ok_or("a member of an impossible size")?;
    }
    if disks.is_empty() {
        return Err("its end is missing, and there is no disk image before it".to_owned());
    }
    Ok(disks)
}

/// Whether a member is a disk: by its mark, or raw by its name.
fn is_disk(name: &[u8], content: &dyn Source) -> bool {
    let known = container::recognise(content).ok().flatten();
    let raw = [&b".raw"[..], b".img"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    known.is_some_and(Format::is_disk) || raw && content.len() >= BLOCK
}

struct Member {
    name: Vec<u8>,
    size: u64,
    kind: u8,
}

impl Member {
    fn parse(bytes: &[u8]) -> Result<Result<Self, String>, Truncated> {
        let record = Record::new("tar header", bytes);
        let stored = octal(record.bytes(148, 8)?);
        let counted = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) };
        let found: u64 = bytes.iter().enumerate().map(counted).sum();
        let (name, size) = (record.bytes(0, 100)?, record.bytes(124, 12)?);
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        // GNU and star write sizes of 8 GiB and more in binary.
        let size = match size.split_first() {
            Some((0x80, rest)) => {
                let low = rest.last_chunk::<8>().copied().unwrap_or_default();
                Some(u64::from_be_bytes(low))
            }
            _ => octal(size),
        };
        let Some(size) = size.filter(|_| stored == Some(found)) else {
            return Ok(Err("a header in the archive has a wrong checksum or size".to_owned()));
        };
        Ok(Ok(Self { name, size, kind: record.u8(156)? }))
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii().split(|&byte| byte == 0 || byte == b' ').next().unwrap_or_default();
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text, 8).ok()
}
