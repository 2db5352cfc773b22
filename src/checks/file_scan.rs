//! What only a look at every file shows.

use std::collections::BTreeSet;

use super::evaluate::Judged;
use super::schema::SweepRule;
use super::{Evidence, Outcome, Subject};
use assay_disk::fs::{FileType, Metadata};
use assay_disk::tree::{EntryId, Placement};

/// Where programs and configuration of the system lie.
const SYSTEM: [&[u8]; 9] =
    [b"/etc/", b"/usr/", b"/bin/", b"/sbin/", b"/lib/", b"/lib64/", b"/boot/", b"/opt/", b"/root/"];
/// Logs that everybody may read, as the benchmarks have it, with the bits that they may not have.
const READABLE: [(&[u8], u16); 7] = [
    (b"lastlog", 0o113),
    (b"wtmp", 0o113),
    (b"btmp", 0o113),
    (b"README", 0o113),
    (b"cloud-init.log", 0o133),
    (b"localmessages", 0o133),
    (b"waagent.log", 0o133),
];

pub(super) fn evaluate(rule: &SweepRule, subject: &Subject<'_>) -> Judged {
    let mut wrong = Vec::new();
    // Every file of the image, whatever systems are in it: once.
    if subject.system > 0 {
        return Ok(Outcome::none_of(wrong, "no such file"));
    }
    let accounts = &subject.facts.accounts;
    let names = Names {
        users: accounts.users.iter().filter_map(|user| user.uid).chain([0]).collect(),
        groups: accounts.groups.iter().filter_map(|group| group.gid).chain([0]).collect(),
        are_known: !accounts.users.is_empty(),
    };
    for id in subject.tree.ids() {
        let Some((mounted, walked)) = subject.tree.get(id) else { continue };
        // Only what the running machine sees by a path: not the inside of files, nor what has no place.
        if mounted.placement != Placement::Disk || mounted.mount.is_none() {
            continue;
        }
        if let Some(problem) = problem(rule, &walked.metadata, id, &names, subject) {
            wrong.push(Evidence::at(&subject.tree.path(id), problem));
        }
        if wrong.len() >= Outcome::KEPT {
            break;
        }
    }
    // What was found fails whatever else there is; what was not found could be where nobody looked.
    match subject.blind_below(b"/") {
        Some(blind) if wrong.is_empty() => Err(blind),
        _ => Ok(Outcome::none_of(wrong, "no such file")),
    }
}

/// The numbers that have a name.
struct Names {
    users: BTreeSet<u32>,
    groups: BTreeSet<u32>,
    are_known: bool,
}

fn problem(
    rule: &SweepRule,
    metadata: &Metadata,
    id: EntryId,
    names: &Names,
    subject: &Subject<'_>,
) -> Option<String> {
    let mode = metadata.mode & 0o7777;
    let everybody = mode & 0o002 != 0;
    let directory = metadata.file_type == FileType::Directory;
    let regular = metadata.file_type == FileType::Regular;
    let open = everybody && (regular || directory && mode & 0o1000 == 0);
    let said = || Some(format!("mode {mode:04o}"));
    match rule {
        SweepRule::WorldWritable if open && !is_virtual(&subject.tree.path(id)) => said(),
        SweepRule::SystemWorldWritable if open => {
            let path = subject.tree.path(id);
            SYSTEM.iter().any(|place| path.starts_with(place)).then(said).flatten()
        }
        SweepRule::Unowned => {
            let named = names.users.contains(&metadata.uid) && names.groups.contains(&metadata.gid);
            (!named && names.are_known).then(|| format!("user {}, group {}", metadata.uid, metadata.gid))
        }
        SweepRule::Logs if regular && mode & 0o137 != 0 => {
            let path = subject.tree.path(id);
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let in_apt = path.starts_with(b"/var/log/apt/");
            let known = READABLE.iter().find(|(known, _)| name.starts_with(known)).map(|(_, mask)| *mask);
            let usual = known.or(in_apt.then_some(0o133)).is_some_and(|mask| mode & mask == 0);
            (path.starts_with(b"/var/log/") && !usual).then(said).flatten()
        }
        _ => None,
    }
}

fn is_virtual(path: &[u8]) -> bool {
    [b"/proc/".as_slice(), b"/sys/", b"/dev/"].iter().any(|place| path.starts_with(place))
}
