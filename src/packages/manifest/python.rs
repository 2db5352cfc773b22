//! Python packages, by the metadata that pip, setuptools and distributions install.
//!
//! `*.dist-info/METADATA` (PEP 376, PEP 566), `*.egg-info` as file or folder, `*.egg`; and the packages that pip carries
//! in itself, which `pip/_vendor/vendor.txt` names. Names that begin with `~` are what pip leaves of an upgrade.

use super::text::{field, lines, text};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::path::{innermost, is_inside, outer_files};

/// Packages that one list of vendored ones may name.
const VENDORED: usize = 1000;

pub(super) static READER: Reader = Reader { name: "metadata of a Python package", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let parent = place.parent();
    let is_metadata = match place.name {
        b"METADATA" => parent.ends_with(b".dist-info") && !parent.starts_with(b"~"),
        b"PKG-INFO" => parent == b"EGG-INFO" || parent.ends_with(b".egg-info"),
        b"vendor.txt" => parent == b"_vendor",
        name => name.ends_with(b".egg-info"),
    };
    Wish::content_if(is_metadata && place.is_file() && is_installed(place.path))
}

/// What lies in an archive is installed where Python imports from: eggs, and trees of systems.
fn is_installed(path: &[u8]) -> bool {
    if !is_inside(path) {
        return true;
    }
    let last = outer_files(path).last().unwrap_or_default();
    let has = |part: &[u8]| memchr::memmem::find(innermost(path), part).is_some();
    last.ends_with(b".egg") || has(b"/site-packages/") || has(b"/dist-packages/")
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    if place.name == b"vendor.txt" {
        vendored(content, emit);
        return Ok(());
    }
    let of_directory = || directory_name(place);
    let name = field(content, "Name").or_else(|| of_directory().map(|(name, _)| name));
    let version = field(content, "Version").or_else(|| of_directory().map(|(_, version)| version));
    let name = name.ok_or("it names no package")?;
    let mut component = Component::new(Ecosystem::PyPi, text(name), text(version.unwrap_or_default()));
    let license = field(content, "License-Expression").or_else(|| field(content, "License"));
    component.license = license.filter(|license| license.len() < 100 && *license != b"UNKNOWN").map(text);
    emit(component);
    Ok(())
}

/// Name and version by the directory `name-version.dist-info`, where the metadata lost them.
fn directory_name<'a>(place: &Place<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let stem = [place.name, place.parent()]
        .into_iter()
        .find_map(|part| part.strip_suffix(b".dist-info").or_else(|| part.strip_suffix(b".egg-info")))?;
    let at = memchr::memchr(b'-', stem)?;
    let version = stem.get(at.checked_add(1)?..)?;
    let end = memchr::memchr(b'-', version).unwrap_or(version.len());
    Some((stem.get(..at)?, version.get(..end)?))
}

/// Lines `name==version`, each with a comment, perhaps.
fn vendored(content: &[u8], emit: &mut Emit<'_>) {
    for line in lines(content).take(VENDORED) {
        let line = line.split(|&byte| byte == b'#').next().unwrap_or_default().trim_ascii();
        let Some(at) = memchr::memmem::find(line, b"==") else { continue };
        let (Some(name), Some(version)) = (line.get(..at), line.get(at.saturating_add(2)..)) else {
            continue;
        };
        let end = version.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b';');
        let version = version.get(..end.unwrap_or(version.len())).unwrap_or(version);
        // The extras in `name[extra]` are no part of the name.
        let name = name.split(|&byte| byte == b'[').next().unwrap_or_default();
        emit(Component::new(Ecosystem::PyPi, text(name), text(version)).evidence(Evidence::Metadata));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn installed_metadata_names_the_package_in_all_its_forms() {
        let metadata =
            "Metadata-Version: 2.1\nName: Requests\nVersion: 2.31.0\nLicense: Apache 2.0\n\nName: no\n";
        for path in [
            "/usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA",
            "/usr/lib/python3/dist-packages/requests-2.31.0.egg-info/PKG-INFO",
            "/usr/lib/python3/dist-packages/requests-2.31.0.egg-info",
            "/srv/requests-2.31.0-py3.11.egg/EGG-INFO/PKG-INFO",
            "/srv/requests-2.31.0-py3.11.egg!/EGG-INFO/PKG-INFO",
            "/layer.tar!/usr/lib/python3/site-packages/requests-2.31.0.dist-info/METADATA",
        ] {
            assert_eq!(names(path, metadata), ["Requests 2.31.0"], "{path}");
        }
        let path = "/x/requests-2.31.0.dist-info/METADATA";
        assert_eq!(read(path, metadata).0[0].license.as_deref(), Some("Apache 2.0"));
    }

    #[test]
    fn what_is_packed_or_left_of_an_upgrade_is_not_installed() {
        for path in [
            "/usr/share/python-wheels/pip-23.0-py3-none-any.whl!/pip-23.0.dist-info/METADATA",
            "/root/x-1.0.tar.gz!/x-1.0/x.egg-info/PKG-INFO",
            "/root/x-1.0/PKG-INFO",
            "/usr/lib/python3/dist-packages/~ip-21.0.dist-info/METADATA",
        ] {
            assert!(names(path, "Name: x\nVersion: 1\n").is_empty(), "{path}");
        }
    }

    #[test]
    fn what_pip_carries_is_listed() {
        let list = "CacheControl==0.12.11  # Make sure to update the license\n\
                    requests==2.28.2\n    idna==3.4\nresolvelib==0.8.1; x\nmsgpack[x]==1.0\n# a==1\n";
        assert_eq!(
            names("/usr/lib/python3/dist-packages/pip/_vendor/vendor.txt", list),
            ["CacheControl 0.12.11", "requests 2.28.2", "idna 3.4", "resolvelib 0.8.1", "msgpack 1.0"]
        );
    }

    #[test]
    fn metadata_without_fields_is_known_by_its_directory_or_is_a_problem() {
        assert_eq!(names("/a/x-1.0.dist-info/METADATA", "rubbish\n"), ["x 1.0"]);
        assert_eq!(names("/a/x-1.0-py3.9.egg-info", ""), ["x 1.0"]);
        assert!(read("/a/x.egg-info/PKG-INFO", "rubbish\n").1.is_some());
    }
}
