//! Entries of the Boot Loader Specification, as systemd-boot and Red Hat's GRUB read them.

use std::cmp::Ordering;

use super::LIMIT;
use crate::files::{SystemReader, lines};
use crate::packages::version::Scheme;
use assay_disk::path::glob;

/// Where entries lie; the boot partition may be mounted at any of these.
const PLACES: [&[u8]; 4] = [b"/boot", b"/efi", b"/boot/efi", b"/boot/EFI"];
/// Entries that are read.
const ENTRIES: usize = 500;

/// An entry.
struct Entry {
    /// Name of its file without `.conf`.
    id: String,
    version: String,
    kernel: String,
}

/// The kernel that Red Hat's GRUB boots: the saved entry, else the first by version, newest first.
pub(super) fn of_grub(reader: &mut SystemReader<'_>, saved: Option<&str>) -> Option<String> {
    let entries = entries(reader, PLACES[0]);
    let by_name = saved.and_then(|saved| entries.iter().find(|entry| entry.id == saved));
    let by_number = || entries.get(saved?.parse::<usize>().ok()?);
    let entry = by_name.or_else(by_number).or_else(|| entries.first())?;
    Some(entry.kernel.clone())
}

/// The kernel that systemd-boot boots: the first entry that the default's pattern matches, else the first of all.
pub(super) fn of_systemd_boot(reader: &mut SystemReader<'_>) -> Option<String> {
    PLACES.into_iter().find_map(|place| {
        let configuration = reader.read(&[place, b"/loader/loader.conf"].concat(), LIMIT)?;
        let default = field(&configuration, "default");
        let entries = entries(reader, place);
        let is_wanted = |entry: &&Entry| {
            let pattern = default.as_deref().unwrap_or("*");
            let name = format!("{}.conf", entry.id);
            glob(pattern.as_bytes(), name.as_bytes()) || glob(pattern.as_bytes(), entry.id.as_bytes())
        };
        entries.iter().find(is_wanted).or(entries.first()).map(|entry| entry.kernel.clone())
    })
}

/// The entries of a boot partition, newest first.
fn entries(reader: &mut SystemReader<'_>, place: &[u8]) -> Vec<Entry> {
    let folder = [place, b"/loader/entries"].concat();
    let names = reader.list(&folder);
    let mut entries: Vec<Entry> = Vec::new();
    for (name, _) in names.into_iter().filter(|(name, _)| name.ends_with(b".conf")).take(ENTRIES) {
        let path = [folder.as_slice(), b"/", &name].concat();
        let Some(content) = reader.read(&path, LIMIT) else { continue };
        let Some(kernel) = field(&content, "linux").or_else(|| field(&content, "efi")) else { continue };
        let id = String::from_utf8_lossy(name.strip_suffix(b".conf").unwrap_or(&name)).into_owned();
        // A rescue entry is a copy, and sorts last.
        let version = field(&content, "version").unwrap_or_default();
        entries.push(Entry { id, version, kernel });
    }
    entries.sort_by(newest_first);
    entries
}

fn newest_first(one: &Entry, other: &Entry) -> Ordering {
    let is_rescue = |entry: &Entry| entry.id.contains("-rescue");
    let version =
        |entry: &Entry| if entry.version.is_empty() { entry.id.clone() } else { entry.version.clone() };
    let newer = Scheme::Rpm.compare(&version(other), &version(one)).unwrap_or(Ordering::Equal);
    is_rescue(one).cmp(&is_rescue(other)).then(newer).then_with(|| other.id.cmp(&one.id))
}

/// The value of the first line `name value`.
fn field(content: &[u8], name: &str) -> Option<String> {
    lines(content).find_map(|(_, line)| {
        let line = String::from_utf8_lossy(line).trim().to_owned();
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '\t']))?;
        Some(rest.trim().to_owned())
    })
}
