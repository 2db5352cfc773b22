//! What a text is put into: bytes between zeros, UTF-16, archives, very long lines.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::values::Random;

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    /// As it is.
    #[default]
    Plain,
    /// Strings that end in zeros, among other bytes of a program.
    Nul,
    Utf16le,
    Utf16be,
    /// In the middle of a line of 300 KB.
    LongLine,
    /// Behind two megabytes of other lines, where a chunk ends.
    Far,
    Gz,
    #[serde(rename = "tar.gz")]
    TarGz,
    /// Encoded in lines of 76 characters.
    Base64,
}

impl Form {
    pub(crate) const ALL: [Self; 9] = [
        Self::Plain,
        Self::Nul,
        Self::Utf16le,
        Self::Utf16be,
        Self::LongLine,
        Self::Far,
        Self::Gz,
        Self::TarGz,
        Self::Base64,
    ];

    /// Whether the lines are those of the text.
    pub(crate) fn has_lines(self) -> bool {
        matches!(self, Self::Plain | Self::Utf16le | Self::Utf16be)
    }
}

/// Path and bytes of the file that holds `text`.
pub(crate) fn put(form: Form, path: &str, text: &str, random: &mut Random) -> (String, Vec<u8>) {
    let same = path.to_owned();
    match form {
        Form::Plain => (same, text.as_bytes().to_vec()),
        Form::Nul => (same, program(text, random)),
        Form::Utf16le => {
            (same, std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
        }
        Form::Utf16be => {
            (same, std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect())
        }
        Form::LongLine => {
            let code = "function f(a,b){return a.map(x=>x+b)};".repeat(4000);
            (same, format!("{code}{}{code}\n", text.trim_end()).into_bytes())
        }
        Form::Far => {
            let line = "2024-03-01 10:00:00 worker: nothing to do, sleeping\n";
            let lines = line.repeat((2 << 20) / line.len());
            (same, format!("{lines}{text}{lines}").into_bytes())
        }
        Form::Gz => (format!("{path}.gz"), gzip(text.as_bytes())),
        Form::TarGz => {
            let path = if path.ends_with(".tar.gz") { same } else { format!("{path}.tar.gz") };
            (path, gzip(&tar(text.as_bytes())))
        }
        Form::Base64 => {
            let encoded = STANDARD.encode(text);
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
            (same, format!("{}\n", lines.join("\n")).into_bytes())
        }
    }
}

fn program(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(random.bytes(5000));
    bytes.extend(b"\0/lib64/ld-linux-x86-64.so.2\0libc.so.6\0printf\0");
    bytes.extend(text.trim_end().replace('\n', "\0").bytes());
    bytes.extend(b"\0usage: %s FILE\0GCC: (Debian) 12.2.0\0");
    bytes.extend(random.bytes(5000));
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(bytes: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header, "data/object.conf", bytes).unwrap();
    builder.into_inner().unwrap()
}
