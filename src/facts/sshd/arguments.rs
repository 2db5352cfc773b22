//! What sshd is started with beside its configuration: `-o` and `-f` in units and in the files that these read.

use super::{OptionLine, words};
use crate::files::{SystemReader, lines};

/// Longest file that is read, in bytes.
const LIMIT: u64 = 256 << 10;
/// Files of variables for the command line.
const DEFAULTS: [&[u8]; 3] = [b"/etc/default/ssh", b"/etc/default/sshd", b"/etc/sysconfig/sshd"];
const UNITS: [&[u8]; 4] = [
    b"/etc/systemd/system",
    b"/usr/local/lib/systemd/system",
    b"/usr/lib/systemd/system",
    b"/lib/systemd/system",
];
/// Units of sshd that are read.
const MOST: usize = 64;

/// The options that sshd is started with, and the configurations.
pub(super) fn gather(reader: &mut SystemReader<'_>) -> (Vec<OptionLine>, Vec<Vec<u8>>) {
    let (mut options, mut configurations) = (Vec::new(), Vec::new());
    for path in files(reader) {
        let Some(content) = reader.read(&path, LIMIT) else { continue };
        for (number, line) in lines(&content) {
            let line = line.trim_ascii();
            let value = memchr::memchr(b'=', line).and_then(|at| line.get(at.saturating_add(1)..));
            let Some(value) = value.filter(|_| !line.starts_with(b"#")) else { continue };
            let mut arguments = arguments(value).into_iter();
            while let Some(argument) = arguments.next() {
                let mut value_of = |flag: &[u8]| match argument.strip_prefix(flag) {
                    Some(b"") => arguments.next(),
                    rest => rest.map(<[u8]>::to_vec),
                };
                if let Some(file) = value_of(b"-f").filter(|file| file.starts_with(b"/")) {
                    configurations.push(file);
                } else if let Some(option) = value_of(b"-o") {
                    let option = words(&option);
                    let Some((keyword, rest)) = option.split_first() else { continue };
                    options.push(OptionLine {
                        keyword: keyword.to_ascii_lowercase(),
                        value: rest.join(&b' '),
                        condition: None,
                        path: path.clone(),
                        line: number,
                    });
                }
            }
        }
    }
    (options, configurations)
}

/// The words of a command line; the quotes of a shell's variable around all of it are taken off.
fn arguments(value: &[u8]) -> Vec<Vec<u8>> {
    let value = value.trim_ascii();
    let quoted = |quote: &[u8]| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    // The first word of a line of sshd's configuration ends at `=`, too: here it is none.
    let line = [b"x x ", quoted(b"'").or_else(|| quoted(b"\"")).unwrap_or(value)].concat();
    words(&line).split_off(2)
}

fn files(reader: &SystemReader<'_>) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = DEFAULTS.iter().map(|path| path.to_vec()).collect();
    for directory in UNITS {
        for (name, _) in reader.list(directory).into_iter().filter(|(name, _)| name.starts_with(b"ssh")) {
            let path = [directory, b"/", name.as_slice()].concat();
            if name.ends_with(b".d") {
                let inside = reader.list(&path).into_iter();
                found.extend(inside.map(|(name, _)| [path.as_slice(), b"/", &name].concat()));
            } else if name.ends_with(b".service") {
                found.push(path);
            }
        }
    }
    found.truncate(MOST);
    found
}
