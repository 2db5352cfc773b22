//! fstab(5): which file system is mounted where.

/// A line of /etc/fstab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FstabLine {
    /// What is mounted: `UUID=…`, `LABEL=…`, `PARTUUID=…`, `/dev/…`; quotes and escapes are taken off.
    pub spec: Vec<u8>,
    /// Where: an absolute path, or `none`.
    pub mount: Vec<u8>,
    /// The type: "ext4", "auto", "swap".
    pub fstype: Vec<u8>,
    /// The options, with their commas; empty where the line has none.
    pub options: Vec<u8>,
}

/// Every line that names at least a source, a place and a type; comments and torn lines are left out.
pub fn parse(content: &[u8]) -> Vec<FstabLine> {
    content.split(|&byte| byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<FstabLine> {
    let line = line.trim_ascii();
    if line.starts_with(b"#") {
        return None;
    }
    let mut fields =
        line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|field| !field.is_empty()).map(unescape);
    Some(FstabLine {
        spec: without_quotes(&fields.next()?),
        mount: fields.next()?,
        fstype: fields.next()?,
        options: fields.next().unwrap_or_default(),
    })
}

/// `UUID="…"` as libmount accepts it, without the quotes.
fn without_quotes(spec: &[u8]) -> Vec<u8> {
    spec.iter().copied().filter(|&byte| byte != b'"').collect()
}

/// `\040` is a space: three octal digits after a backslash are a byte, everything else stays.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        match octal(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = rest.get(4..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    bytes
}

fn octal(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(b"\\")?.get(..3)?;
    let value = digits.iter().try_fold(0_u16, |value, &digit| match digit {
        b'0'..=b'7' => Some(value * 8 + u16::from(digit - b'0')),
        _ => None,
    })?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_image_is_read() {
        let lines = parse(
            b"# /etc/fstab\nPARTUUID=ab-01 / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1\n\
              UUID=\"12AB-34CD\"\t/boot/efi vfat defaults 0 0\nbroken\n",
        );
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].spec, b"PARTUUID=ab-01");
        assert_eq!(lines[0].mount, b"/");
        assert_eq!(lines[0].fstype, b"ext4");
        assert_eq!(lines[1].spec, b"UUID=12AB-34CD");
        assert_eq!(lines[1].options, b"defaults");
    }

    #[test]
    fn octal_escapes_are_bytes() {
        let lines = parse(b"LABEL=my\\040disk /mnt/a\\011b\\134c\\9 auto");
        assert_eq!(lines[0].spec, b"LABEL=my disk");
        assert_eq!(lines[0].mount, b"/mnt/a\tb\\c\\9");
        assert_eq!(lines[0].options, b"");
    }

    #[test]
    fn a_number_over_a_byte_is_no_escape() {
        assert_eq!(parse(b"a /\\777 b")[0].mount, b"/\\777");
        assert_eq!(parse(b"a /\\04 b")[0].mount, b"/\\04");
    }
}
