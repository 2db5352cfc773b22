//! os-release(5).

use crate::files::{SystemReader, lines};

/// The file has a dozen lines.
const LIMIT: u64 = 1 << 20;

/// What /etc/os-release (else /usr/lib/os-release) says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `ID`: "debian", "amzn".
    pub id: String,
    /// `VERSION_ID`: "12".
    pub version_id: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
}

impl OsRelease {
    pub(super) fn gather(reader: &mut SystemReader<'_>) -> Self {
        let found = reader.read(b"/etc/os-release", LIMIT);
        let found = found.or_else(|| reader.read(b"/usr/lib/os-release", LIMIT));
        found.map(|content| Self::parse(&content)).unwrap_or_default()
    }

    /// Parses the file; a key given twice has its last value, as in a shell.
    pub fn parse(content: &[u8]) -> Self {
        let mut release = Self::default();
        for (_, line) in lines(content) {
            let Some(at) = memchr::memchr(b'=', line) else { continue };
            let (key, value) = line.split_at(at);
            let value = unquote(value.get(1..).unwrap_or_default());
            match key.trim_ascii() {
                b"ID" => release.id = value,
                b"VERSION_ID" => release.version_id = value,
                b"PRETTY_NAME" => release.pretty_name = value,
                _ => {}
            }
        }
        release
    }
}

/// The value without its quotes, and with the shell's backslashes resolved.
fn unquote(value: &[u8]) -> String {
    let value = value.trim_ascii();
    let single = value.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'"));
    if let Some(literal) = single {
        return String::from_utf8_lossy(literal).into_owned();
    }
    let double = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let text = String::from_utf8_lossy(double.unwrap_or(value)).into_owned();
    let mut chars = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    #[test]
    fn quotes_are_taken_off() {
        let release = OsRelease::parse(
            b"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\nX=\"\n# ID=no\n",
        );
        assert_eq!(release.pretty_name, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!((release.id.as_str(), release.version_id.as_str()), ("debian", "12"));
        assert_eq!(OsRelease::parse(b"PRETTY_NAME=\"a \\\"b\\\" \\$c\"").pretty_name, "a \"b\" $c");
    }

    #[test]
    fn the_vendor_file_is_the_second_choice() {
        let shelf = Shelf::default().with("/usr/lib/os-release", "ID=ubuntu\n");
        assert_eq!(OsRelease::gather(&mut SystemReader::new(&shelf)).id, "ubuntu");
    }
}
