//! os-release(5).

use crate::files::{SystemReader, lines};

/// The file has a dozen lines.
const LIMIT: u64 = 1 << 20;

/// How `/etc/system-release` and `/etc/redhat-release` begin, and the `ID` that os-release has for it.
const RELEASES: [(&str, &str); 9] = [
    ("Amazon Linux", "amzn"),
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("Fedora", "fedora"),
    ("AlmaLinux", "almalinux"),
    ("Rocky Linux", "rocky"),
    ("Oracle Linux", "ol"),
    ("Scientific Linux", "scientific"),
    ("CloudLinux", "cloudlinux"),
];

/// What /etc/os-release (else /usr/lib/os-release) says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `ID`: "debian", "amzn".
    pub id: String,
    /// `VERSION_ID`: "12".
    pub version_id: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
    /// `ID_LIKE`, word by word.
    pub like: Vec<String>,
    /// `VERSION_CODENAME`: "bookworm".
    pub codename: String,
    /// `CPE_NAME`.
    pub cpe: String,
    /// `BUILD_ID`, `IMAGE_VERSION`: what release of an image it is.
    pub build: String,
    /// `SUPPORT_END`: the day on which its maker stops to look after it.
    pub support_end: String,
}

impl OsRelease {
    pub(super) fn gather(reader: &mut SystemReader<'_>) -> Self {
        let found = reader.read(b"/etc/os-release", LIMIT);
        let found = found.or_else(|| reader.read(b"/usr/lib/os-release", LIMIT));
        match found {
            Some(content) => Self::parse(&content),
            None => Self::before_os_release(reader),
        }
    }

    /// What systems say that are older than os-release, or had it taken out.
    fn before_os_release(reader: &mut SystemReader<'_>) -> Self {
        let mut first_line = |path: &[u8]| {
            let content = reader.read(path, LIMIT)?;
            let line =
                lines(&content).map(|(_, line)| String::from_utf8_lossy(line).trim().to_owned()).next()?;
            (!line.is_empty()).then_some(line)
        };
        let named = |id: &str, version: &str, pretty: String| Self {
            id: id.to_owned(),
            version_id: version.to_owned(),
            pretty_name: pretty,
            ..Self::default()
        };
        if let Some(line) = first_line(b"/etc/system-release").or_else(|| first_line(b"/etc/redhat-release"))
        {
            let id = RELEASES.iter().find(|(words, _)| line.starts_with(words)).map_or("", |(_, id)| id);
            let version = line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
            return named(id, version.unwrap_or_default(), line.clone());
        }
        if let Some(version) = first_line(b"/etc/alpine-release") {
            return named("alpine", &version, format!("Alpine Linux {version}"));
        }
        if let Some(version) = first_line(b"/etc/debian_version") {
            let number =
                version.split('.').next().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
            return named("debian", number.unwrap_or_default(), format!("Debian GNU/Linux {version}"));
        }
        Self::default()
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
                b"ID_LIKE" => release.like = value.split_whitespace().map(str::to_owned).collect(),
                b"VERSION_CODENAME" => release.codename = value,
                b"CPE_NAME" => release.cpe = value,
                b"BUILD_ID" | b"IMAGE_VERSION" => release.build = value,
                b"SUPPORT_END" => release.support_end = value,
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
    fn older_files_tell_the_system_where_there_is_no_os_release() {
        for (path, content, id, version) in [
            ("/etc/debian_version", "12.5\n", "debian", "12"),
            ("/etc/debian_version", "trixie/sid\n", "debian", ""),
            ("/etc/redhat-release", "CentOS release 6.10 (Final)\n", "centos", "6.10"),
            ("/etc/system-release", "Amazon Linux AMI release 2018.03\n", "amzn", "2018.03"),
            ("/etc/alpine-release", "3.20.1\n", "alpine", "3.20.1"),
        ] {
            let shelf = Shelf::default().with(path, content);
            let release = OsRelease::gather(&mut SystemReader::new(&shelf));
            assert_eq!((release.id.as_str(), release.version_id.as_str()), (id, version), "{content}");
        }
    }

    #[test]
    fn the_vendor_file_is_the_second_choice() {
        let shelf = Shelf::default().with("/usr/lib/os-release", "ID=ubuntu\n");
        assert_eq!(OsRelease::gather(&mut SystemReader::new(&shelf)).id, "ubuntu");
    }
}
