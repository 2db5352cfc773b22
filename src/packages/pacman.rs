//! pacman's database: a directory for each package, with `desc`, `files` and `mtree` in it.
//!
//! Source: pacman's `lib/libalpm/be_local.c`, alpm-db-desc(5), alpm-db-files(5), mtree(5). `desc` and `files` are
//! sections, `%NAME%` and its values, a line each. `mtree` is packed with gzip and has the SHA-256 of each file.

use std::collections::HashMap;
use std::io::Read as _;

use flate2::read::GzDecoder;

use super::{LIST_LIMIT, OVER, Owned, Package, PackageManager, Packages, Recorded, origin};
use crate::files::{SystemReader, lines};
use crate::finding::GapKind;
use crate::packages::component::{Reason, Source};
use assay_disk::fs::FileType;
use assay_disk::text::{Escaped, unhex};

mod mtree;

/// Where it lies, unless the configuration says otherwise.
pub(super) const PLACE: &[u8] = b"/var/lib/pacman/local";
const CONFIGURATION: &[u8] = b"/etc/pacman.conf";
/// Bytes of the description of one package, and of the configuration.
const DESCRIPTION: u64 = 1 << 20;
/// Bytes that the digests of all packages may unpack to; those of 2,000 packages have some 60 MiB.
const UNPACKED: u64 = 512 << 20;

pub(super) fn gather(packages: &mut Packages, system: &mut SystemReader<'_>) {
    let before = system.gaps.len();
    let place = place(system);
    let names = system.list(&place).into_iter();
    let names: Vec<Vec<u8>> =
        names.filter(|(_, kind)| *kind == FileType::Directory).map(|(name, _)| name).collect();
    if names.is_empty() {
        return;
    }
    packages.found(PackageManager::Pacman, &place);
    if packages.installed.is_empty() {
        packages.place.clone_from(&place);
    }
    let mut reader = Reader { packages, left: UNPACKED, wrong: None };
    for name in names {
        let directory = [place.as_slice(), b"/", &name, b"/"].concat();
        match reader.package(system, &name, &directory) {
            Err(OVER) => {
                system.gap(&place, GapKind::OverLimit, format!("pacman's database: {OVER}"));
                break;
            }
            Err(problem) => {
                let (count, _, _) =
                    reader.wrong.get_or_insert((0_usize, Escaped(&name).to_string(), problem));
                *count = count.saturating_add(1);
            }
            Ok(()) => {}
        }
    }
    if let Some((count, first, problem)) = reader.wrong {
        let reason = format!("pacman's database: {count} packages are damaged: {first}: {problem}");
        system.gap(&place, GapKind::Damaged, reason);
    }
    packages.is_partial |= system.gaps.len() > before;
}

/// Where the database lies: `DBPath` of pacman.conf(5), or the usual place.
fn place(system: &mut SystemReader<'_>) -> Vec<u8> {
    let content = system.read(CONFIGURATION, DESCRIPTION).unwrap_or_default();
    let configured = lines(&content).find_map(|(_, line)| {
        let value = line.trim_ascii().strip_prefix(b"DBPath")?.trim_ascii_start().strip_prefix(b"=")?;
        let value = value.trim_ascii();
        let value = value.strip_suffix(b"/").unwrap_or(value);
        value.starts_with(b"/").then(|| [value, b"/local"].concat())
    });
    configured.unwrap_or_else(|| PLACE.to_vec())
}

struct Reader<'p> {
    packages: &'p mut Packages,
    /// Bytes that digests may still unpack to.
    left: u64,
    /// How many packages were wrong, which first, and in what.
    wrong: Option<(usize, String, &'static str)>,
}

impl Reader<'_> {
    /// Adds a package with its files; what is wrong with it.
    fn package(
        &mut self,
        system: &mut SystemReader<'_>,
        name: &[u8],
        directory: &[u8],
    ) -> Result<(), &'static str> {
        let of = |file: &[u8]| [directory, file].concat();
        let before = system.gaps.len();
        let description = system.read(&of(b"desc"), DESCRIPTION);
        let list = system.read(&of(b"files"), LIST_LIMIT);
        let packed = system.read(&of(b"mtree"), LIST_LIMIT);
        // What cannot be read is a gap already.
        let is_told = system.gaps.len() > before;
        let Some(description) = description else {
            return if is_told { Ok(()) } else { Err("it has no description") };
        };
        let package = describe(&description, name)?;
        let number = self.packages.install(package).ok_or(OVER)?;
        let digests = packed.map_or(Ok(HashMap::new()), |packed| self.digests(&packed));
        let no_list = if is_told { Ok(()) } else { Err("its list of files is missing") };
        let listed = list
            .map_or(no_list, |list| self.files(number, &list, digests.as_ref().unwrap_or(&HashMap::new())));
        listed.and(digests.map(|_| ()))
    }

    /// The digests of a package, by path.
    fn digests(&mut self, packed: &[u8]) -> Result<HashMap<Vec<u8>, Recorded>, &'static str> {
        let mut text = Vec::new();
        let limit = self.left.min(LIST_LIMIT.saturating_mul(4));
        let read = GzDecoder::new(packed).take(limit).read_to_end(&mut text);
        self.left = self.left.saturating_sub(text.len() as u64);
        if text.len() as u64 >= limit {
            return Err("its digests are more than are read");
        }
        read.map_err(|_| "its digests cannot be unpacked")?;
        Ok(mtree::digests(&text))
    }

    /// Adds the files of a package. Directories end with a slash.
    fn files(
        &mut self,
        number: u32,
        list: &[u8],
        digests: &HashMap<Vec<u8>, Recorded>,
    ) -> Result<(), &'static str> {
        let is_whole = list.is_empty() || list.ends_with(b"\n");
        let backups: HashMap<&[u8], Option<[u8; 16]>> = values(list, b"BACKUP")
            .filter_map(|line| {
                let (path, digest) = line.split_at(memchr::memrchr(b'\t', line)?);
                Some((path, unhex(digest.get(1..)?)))
            })
            .collect();
        for path in values(list, b"FILES").filter(|path| !path.ends_with(b"/")) {
            let backup = backups.get(path);
            let digest = digests.get(path).copied();
            let digest = digest.or_else(|| backup.copied().flatten().map(Recorded::Md5));
            let owned = Owned { digest, conffile: backup.is_some(), ..Owned::default() };
            self.packages.push(number, &[b"/", path].concat(), owned).ok_or(OVER)?;
        }
        if is_whole { Ok(()) } else { Err("its list of files is cut off") }
    }
}

/// The package of a description. Its directory has the name and version of the package, as pacman itself asks.
fn describe(description: &[u8], directory: &[u8]) -> Result<Package, &'static str> {
    let text = |section: &'static [u8]| {
        let value = values(description, section).next().unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    };
    let (name, version) = (text(b"NAME"), text(b"VERSION"));
    if name.is_empty() || version.is_empty() {
        return Err("its description has no name, or no version");
    }
    if directory != format!("{name}-{version}").as_bytes() {
        return Err("its description is that of another package");
    }
    let base = Some(text(b"BASE")).filter(|base| !base.is_empty());
    let licenses: Vec<_> = values(description, b"LICENSE").map(String::from_utf8_lossy).collect();
    let is_signed = values(description, b"VALIDATION").any(|value| value == b"pgp");
    let seconds = |section: &'static [u8]| text(section).parse::<i64>().ok();
    let is_dependency = text(b"REASON") == "1";
    Ok(Package {
        source: Some(Source { name: base.unwrap_or_else(|| name.clone()), version: Some(version.clone()) }),
        architecture: text(b"ARCH"),
        manager: PackageManager::Pacman,
        origin: origin::of_alpm(&text(b"PACKAGER"), is_signed),
        license: (!licenses.is_empty()).then(|| licenses.join(" AND ")),
        installed: seconds(b"INSTALLDATE"),
        built: seconds(b"BUILDDATE"),
        reason: Some(if is_dependency { Reason::Dependency } else { Reason::Explicit }),
        name,
        version,
        ..Package::default()
    })
}

/// The lines of a section. An empty line ends it.
fn values<'a>(content: &'a [u8], section: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let is_head =
        move |line: &[u8]| line.strip_prefix(b"%").and_then(|line| line.strip_suffix(b"%")) == Some(section);
    let lines = lines(content).map(|(_, line)| line);
    lines.skip_while(move |line| !is_head(line)).skip(1).take_while(|line| !line.is_empty())
}

#[cfg(test)]
mod tests;
