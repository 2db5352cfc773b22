//! The system as a whole: release, kernels, names, disk; and sshd's options.

use std::collections::BTreeMap;

use super::{Field, Items};
use crate::audit::Report;
use crate::facts::Facts;
use assay_disk::text::Escaped;
use assay_disk::tree::Tree;

/// Bytes of a file of one line.
const LINE: u64 = 64 << 10;
/// Kernels that are named.
const KERNELS: usize = 64;

/// Facts of the whole.
pub(super) fn of(report: &Report, tree: &Tree, facts: &Facts) -> Items {
    let mut items = Items::new();
    let os = &facts.os;
    let release = [("name", &os.pretty_name), ("id", &os.id), ("version", &os.version_id)];
    let release = release.into_iter().filter(|(_, value)| !value.is_empty());
    let release: Vec<Field> = release.map(|(name, value)| Field::of(name, value.as_bytes())).collect();
    if !release.is_empty() {
        items.insert(b"release".to_vec(), release);
    }
    for version in kernels(tree) {
        items.insert([b"kernel ", version.as_slice()].concat(), Vec::new());
    }
    for (name, path) in
        [("host name", "/etc/hostname"), ("default kernel command line", "/etc/kernel/cmdline")]
    {
        if let Ok(Some(content)) = tree.read(path.as_bytes(), LINE) {
            items.insert(name.into(), vec![Field::of("value", content.trim_ascii())]);
        }
    }
    for (name, path) in
        [("time zone", "/etc/localtime"), ("default target", "/etc/systemd/system/default.target")]
    {
        let link = tree.find_link(path.as_bytes()).and_then(|id| tree.get(id));
        if let Some(target) = link.and_then(|(_, walked)| walked.target.as_deref()) {
            items.insert(name.into(), vec![Field::of("value", target)]);
        }
    }
    disk(report, &mut items);
    items
}

fn kernels(tree: &Tree) -> Vec<Vec<u8>> {
    let mut versions: Vec<Vec<u8>> = Vec::new();
    for (name, _) in tree.list(b"/boot") {
        versions.extend(name.strip_prefix(b"vmlinuz-").map(<[u8]>::to_vec));
    }
    versions.extend(tree.list(b"/lib/modules").into_iter().map(|(name, _)| name));
    versions.sort();
    versions.dedup();
    versions.truncate(KERNELS);
    versions
}

fn disk(report: &Report, items: &mut Items) {
    let subject = &report.subject;
    if subject.size > 0 {
        let size = format!("{} bytes", subject.size);
        items.insert(
            b"disk".to_vec(),
            vec![Field::of("size", size.as_bytes()), Field::of("layout", subject.layout.as_bytes())],
        );
    }
    for volume in report.volumes.iter().filter(|volume| volume.size > 0) {
        if let Some(mount) = &volume.mount {
            let name = format!("file system at {}", Escaped(mount));
            let size = format!("{} bytes", volume.size);
            let fields =
                vec![Field::of("type", volume.content.as_bytes()), Field::of("size", size.as_bytes())];
            items.insert(name.into_bytes(), fields);
        }
    }
}

/// Options that sshd adds up; of any other the first counts (sshd_config(5)).
const ADDED_UP: [&[u8]; 10] = [
    b"acceptenv",
    b"allowgroups",
    b"allowusers",
    b"denygroups",
    b"denyusers",
    b"hostcertificate",
    b"listenaddress",
    b"port",
    b"setenv",
    b"subsystem",
];

/// The options in force, for everybody and under each `Match`.
pub(super) fn sshd(facts: &Facts) -> Items {
    let mut values: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    for line in &facts.sshd.options {
        let name = match &line.condition {
            None => line.keyword.clone(),
            Some(condition) => [&line.keyword, b" (Match ".as_slice(), condition, b")"].concat(),
        };
        let known = values.entry(name).or_default();
        if known.is_empty() || ADDED_UP.contains(&line.keyword.as_slice()) {
            known.push(&line.value);
        }
    }
    if !facts.sshd.host_keys.is_empty() {
        values.insert(b"hostkey".to_vec(), facts.sshd.host_keys.iter().map(Vec::as_slice).collect());
    }
    let field = |values: Vec<&[u8]>| vec![Field::of("value", &values.join(b", ".as_slice()))];
    values.into_iter().map(|(name, values)| (name, field(values))).collect()
}
