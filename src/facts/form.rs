//! Whether the files that say what the system is have the form of their kind.
//!
//! Zeros where power was lost, noise, half a file, a block of another one: a parser that takes what it can and leaves
//! the rest says nothing of what is lost. So each file that the audit believes is looked at here, line by line, and
//! what no program would write there is a gap. Nothing of the lines is shown: they may hold secrets.

use std::collections::BTreeSet;

use crate::files::form::{Form, not_text};
use crate::files::{SystemReader, lines};
use crate::finding::GapKind;
use assay_disk::fs::FileType;

mod kinds;
mod places;

pub(super) use kinds::Kind;

/// Bytes of one file.
const LIMIT: u64 = 16 << 20;
/// Files that are looked at, and bytes of all.
const FILES: usize = 10_000;
const BYTES: usize = 256 << 20;

/// Looks at the files of every kind.
pub(super) fn check(reader: &mut SystemReader<'_>) {
    for (path, kind) in places::NAMED {
        look_at_place(reader, path, kind);
    }
    let (mut files, mut bytes) = (FILES, BYTES);
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    for (path, kind) in places::all(reader) {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(fewer) = files.checked_sub(1) else {
            let reason = format!("the form of more than {FILES} files of configuration: not looked at");
            return reader.gap(&path, GapKind::OverLimit, reason);
        };
        files = fewer;
        let Some(content) = reader.read(&path, LIMIT) else { continue };
        let Some(fewer) = bytes.checked_sub(content.len()) else {
            let reason = format!("the form of more than {BYTES} bytes of configuration: not looked at");
            return reader.gap(&path, GapKind::OverLimit, reason);
        };
        bytes = fewer;
        of(kind, &content).tell(reader, &path, kind.name());
    }
}

/// Something else than a file, where a file must be.
fn look_at_place(reader: &mut SystemReader<'_>, path: &[u8], kind: &str) {
    let what = match reader.files().kind(path) {
        Some(FileType::Regular) => return,
        Some(FileType::Directory) => "a directory lies in its place",
        Some(_) => "a special file lies in its place",
        None => match reader.files().target(path) {
            Some(target) if target != b"/dev/null" => "it is a link that leads nowhere in this image",
            _ => return,
        },
    };
    let mut form = Form::default();
    form.wrong(0, what);
    form.tell(reader, path, kind);
}

/// How far a text has the form of its kind.
pub(super) fn of(kind: Kind, content: &[u8]) -> Form {
    let mut form = Form::default();
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    if content.trim_ascii().is_empty() && kind.is_never_empty() {
        form.wrong(0, "it is empty");
    }
    for (number, line) in lines(content) {
        if let Some(what) = not_text(line) {
            form.wrong(number, what);
        }
    }
    if form.is_right() {
        kind.lines(content, &mut |number, what| form.wrong(number, what));
    }
    form
}

#[cfg(test)]
mod tests {
    use crate::facts::Facts;
    use crate::files::shelf::Shelf;

    /// What is said of the files on a shelf.
    fn gaps(shelf: &Shelf) -> Vec<String> {
        let (_, gaps) = Facts::gather_from(shelf, &crate::budget::Budget::default());
        gaps.iter().map(|gap| String::from_utf8_lossy(&gap.location.path).into_owned()).collect()
    }

    const SOUND: [(&str, &str); 14] = [
        (
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\n+::::::\nj:x:1000:1000:J\u{f6}rg,,,:/home/j:/bin/sh\n\n# a\n",
        ),
        ("/etc/shadow", "root:*:19000:0:99999:7:::\nj:!:19000::::::\n+::::::::\n"),
        ("/etc/group", "root:x:0:\r\nj:x:1000:\n"),
        ("/etc/gshadow", "root:*::\nj:!::\n"),
        ("/etc/os-release", "ID=debian\n# c\n\nPRETTY_NAME='x y'\n"),
        ("/etc/hostname", "# set by the build\nweb-1\n"),
        (
            "/etc/ssh/sshd_config",
            "# c \u{fffd}\nInclude /etc/ssh/sshd_config.d/*.conf\n  Port = 22\nMatch all\n",
        ),
        ("/etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\nUser_Alias A = \\\n b\n"),
        ("/etc/pam.d/login", "auth\t[success=1 default=ignore] \\\n pam_unix.so\n@include other\n"),
        (
            "/etc/crontab",
            "SHELL=/bin/sh\n17 * * * * root cd / && run-parts\n@daily root x\n*/5 1,2-3 * JAN mon-fri root y\n",
        ),
        ("/var/spool/cron/crontabs/root", "MAILTO=\"\"\n*/5 * * * * x\n"),
        ("/etc/fstab", "UUID=a / ext4 defaults 0 1\n# c\n/swap none swap sw 0 0\nproc /proc proc\n"),
        (
            "/etc/systemd/system/a.service",
            "[Unit]\nDescription=a\n; c\n[Service]\nExecStart=/bin/a \\\n  b \\\n# c\n  c\n",
        ),
        ("/etc/login.defs", "UMASK 022\n"),
    ];

    #[test]
    fn sound_files_however_odd_are_no_gaps() {
        let shelf = SOUND.iter().fold(Shelf::default(), |shelf, (path, text)| shelf.with(path, text));
        assert_eq!(gaps(&shelf), [""; 0]);
    }

    #[test]
    fn zeros_noise_and_another_text_are_a_gap_in_every_file() {
        let zeros = "\0".repeat(512);
        let noise: Vec<u8> = (0_u32..2000).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        let other = "The quick brown fox\njumps\n".repeat(20);
        for (path, sound) in SOUND {
            let half = format!("{sound}{zeros}");
            for wrong in [zeros.as_bytes(), &noise, half.as_bytes(), other.as_bytes()] {
                // Any text may stand in a file of which only that is known.
                if path == "/etc/login.defs" && wrong == other.as_bytes() {
                    continue;
                }
                let mut shelf =
                    SOUND.iter().fold(Shelf::default(), |shelf, (path, text)| shelf.with(path, text));
                shelf.0.insert(path.into(), wrong.to_vec());
                assert!(gaps(&shelf).contains(&path.to_owned()), "{path}: {:?}", wrong.get(..20));
            }
        }
    }

    #[test]
    fn a_reason_tells_the_line_and_nothing_of_it() {
        let shelf = Shelf::default().with("/etc/shadow", "root:*:19000:0:99999:7:::\nadmin:$6$secret\n");
        let (facts, gaps) = Facts::gather_from(&shelf, &crate::budget::Budget::default());
        let reason = "line 2 does not have the form of shadow: 2 fields, 9 expected";
        assert_eq!(gaps.iter().map(|gap| gap.reason.as_str()).collect::<Vec<_>>(), [reason]);
        assert_eq!(facts.unparsed[b"/etc/shadow".as_slice()], reason);
    }
}
