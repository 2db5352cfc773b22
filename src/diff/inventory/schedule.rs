//! What runs at a time: cron and at. Timers of systemd are units.

use super::{Field, Items, LIMIT};
use assay_disk::fs::FileType;
use assay_disk::tree::Tree;

/// Files of jobs (crontab(5), anacrontab(5)).
const FILES: [&[u8]; 2] = [b"/etc/crontab", b"/etc/anacrontab"];
/// Directories of such files, of scripts, and of at(1).
const DIRECTORIES: [&[u8]; 12] = [
    b"/etc/cron.d",
    b"/etc/cron.hourly",
    b"/etc/cron.daily",
    b"/etc/cron.weekly",
    b"/etc/cron.monthly",
    b"/etc/cron.yearly",
    b"/var/spool/cron",
    b"/var/spool/cron/crontabs",
    b"/var/spool/cron/tabs",
    b"/etc/crontabs",
    b"/var/spool/at",
    b"/var/spool/cron/atjobs",
];
/// Files of one directory that are looked at.
const ENTRIES: usize = 10_000;

/// Every file of jobs, with how many lines of it say something.
pub(super) fn of(tree: &Tree) -> Items {
    let mut items = Items::new();
    for path in FILES {
        add(tree, path.to_vec(), &mut items);
    }
    for directory in DIRECTORIES {
        for (name, kind) in tree.list(directory).into_iter().take(ENTRIES) {
            if kind != FileType::Directory && name != b".placeholder" {
                add(tree, [directory, b"/", &name].concat(), &mut items);
            }
        }
    }
    items
}

fn add(tree: &Tree, path: Vec<u8>, items: &mut Items) {
    // What could not be read is a gap of the audit, which reads it, too.
    let Some(content) = tree.read(&path, LIMIT).ok().flatten() else { return };
    let says = |line: &&[u8]| !line.trim_ascii().is_empty() && !line.trim_ascii_start().starts_with(b"#");
    let lines = content.split(|&byte| byte == b'\n').filter(says).count();
    let noun = if lines == 1 { "line" } else { "lines" };
    items.insert(path, vec![Field::hidden("content", &format!("{lines} {noun}"), &content)]);
}
