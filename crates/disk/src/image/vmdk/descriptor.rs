//! The descriptor of a VMDK: text that names its extents and its parent.
//!
//! Reference: VMware's "Virtual Disk Format 5.0".

use crate::text::Escaped;

/// Extents of one disk; two terabytes in files of two gigabytes are a thousand.
const MAX_EXTENTS: usize = 4096;

/// A descriptor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Descriptor {
    /// "monolithicSparse", "twoGbMaxExtentFlat", …
    pub(super) create_type: String,
    pub(super) extents: Vec<Extent>,
    /// The file of the parent, where the disk has one.
    pub(super) parent: Option<String>,
}

/// A run of the disk in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) sectors: u64,
    /// "SPARSE", "FLAT", "ZERO", …
    pub(super) kind: String,
    pub(super) file: String,
    /// First sector in the file, for FLAT.
    pub(super) offset: u64,
}

impl Descriptor {
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        let text = String::from_utf8_lossy(text.get(..end).unwrap_or_default());
        let mut descriptor = Self::default();
        let (mut has_parent, mut hint) = (false, None);
        for line in text.lines().map(str::trim) {
            if let Some(extent) = Extent::parse(line) {
                descriptor.extents.push(extent?);
                if descriptor.extents.len() > MAX_EXTENTS {
                    return Err(format!("more than {MAX_EXTENTS} extents"));
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "createtype" => value.clone_into(&mut descriptor.create_type),
                "parentcid" => has_parent = !value.eq_ignore_ascii_case("ffffffff"),
                "parentfilenamehint" => hint = Some(value.to_owned()),
                _ => {}
            }
        }
        if has_parent {
            descriptor.parent = Some(hint.ok_or("it needs a parent, and does not name it")?);
        }
        Ok(descriptor)
    }
}

impl Extent {
    /// `RW 4192256 SPARSE "disk-s001.vmdk"`; `None` for a line of another kind.
    fn parse(line: &str) -> Option<Result<Self, String>> {
        let (access, rest) = line.split_once(char::is_whitespace)?;
        if !["RW", "RDONLY", "NOACCESS"].contains(&access) {
            return None;
        }
        Some(
            Self::fields(rest)
                .ok_or_else(|| format!("extent that cannot be read: {}", Escaped(line.as_bytes()))),
        )
    }

    fn fields(rest: &str) -> Option<Self> {
        let (sectors, rest) = rest.trim().split_once(char::is_whitespace)?;
        let (kind, rest) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let (file, rest) = match rest.trim().strip_prefix('"') {
            Some(quoted) => quoted.rsplit_once('"')?,
            None => (rest.trim(), ""),
        };
        let offset = if rest.trim().is_empty() { 0 } else { rest.trim().parse().ok()? };
        Some(Self { sectors: sectors.parse().ok()?, kind: kind.to_owned(), file: file.to_owned(), offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_and_parent_are_read() {
        let text = b"# Disk DescriptorFile\nCID=1\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtentFlat\"\n\
            RW 10 FLAT \"a b.vmdk\" 7\nRW 3 ZERO\nRDONLY 4 SPARSE \"c.vmdk\"\nddb.x = \"1\"\n\0garbage";
        let found = Descriptor::parse(text).unwrap();
        assert_eq!((found.create_type.as_str(), found.parent), ("twoGbMaxExtentFlat", None));
        let rows: Vec<_> =
            found.extents.iter().map(|e| (e.sectors, e.kind.as_str(), e.file.as_str(), e.offset)).collect();
        assert_eq!(rows, [(10, "FLAT", "a b.vmdk", 7), (3, "ZERO", "", 0), (4, "SPARSE", "c.vmdk", 0)]);
        assert!(Descriptor::parse(b"RW x FLAT \"a\"").is_err());
        assert!(Descriptor::parse(b"parentCID=12345678\n").is_err());
    }
}
