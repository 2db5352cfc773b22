//! Snaps: `meta/snap.yaml` at the top of each, the name of its file `NAME_REVISION.snap`, and the packages of Debian or
//! Ubuntu that it was built of (`snap/manifest.yaml`, and `usr/share/snappy/dpkg.list` of base snaps).
//!
//! Source: snapcraft.io/docs, "Snap format", "Metadata".

use super::text::{lines, text, value};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Evidence, State};
use crate::packages::ecosystem::Ecosystem;

/// Packages that one snap may have been built of.
const STAGED: usize = 20_000;

pub(super) static READER: Reader = Reader { name: "metadata of a snap", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let parent = place.parent();
    match place.name {
        b"snap.yaml" if parent == b"meta" => Wish::content_if(place.is_file()),
        b"manifest.yaml" if parent == b"snap" => Wish::content_if(place.is_file()),
        b"dpkg.list" if parent == b"snappy" => Wish::content_if(place.is_file()),
        name if name.ends_with(b".snap") => Wish::path_if(place.is_file() && parent == b"snaps"),
        _ => Wish::Nothing,
    }
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    match place.name {
        b"snap.yaml" => of_metadata(place, content, emit),
        b"manifest.yaml" => {
            staged(content, emit);
            Ok(())
        }
        b"dpkg.list" => {
            listed(content, emit);
            Ok(())
        }
        _ => {
            if let Some((name, revision)) = of_file(place.name) {
                let mut component =
                    Component::new(Ecosystem::Snap, text(name), "").evidence(Evidence::FileName);
                component.qualifiers.push(("revision", text(revision)));
                emit(component);
            }
            Ok(())
        }
    }
}

fn of_metadata(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let name = value(content, "name", b':').ok_or("it names no snap")?;
    let version = value(content, "version", b':').unwrap_or_default();
    let mut component = Component::new(Ecosystem::Snap, text(name), text(version));
    component.license = value(content, "license", b':').map(text);
    // Unpacked it lies below /snap/NAME/REVISION, packed in NAME_REVISION.snap.
    let revision = place.above().find_map(|part| {
        let part = part.strip_suffix(b"!").unwrap_or(part);
        of_file(part).filter(|(of, _)| *of == name).map(|(_, revision)| revision)
    });
    let mut above = place.above().skip(1);
    let revision = revision.or_else(|| above.next().filter(|_| above.next() == Some(name)));
    component.qualifiers.extend(revision.map(|revision| ("revision", text(revision))));
    emit(component);
    Ok(())
}

fn of_file(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let stem = name.strip_suffix(b".snap")?;
    let at = memchr::memrchr(b'_', stem)?;
    let revision = stem.get(at.checked_add(1)?..)?;
    let is_revision = !revision.is_empty() && revision.iter().all(u8::is_ascii_alphanumeric);
    Some((stem.get(..at)?, revision)).filter(|_| is_revision)
}

/// Items `- name=version` of the list `primed-stage-packages`.
fn staged(content: &[u8], emit: &mut Emit<'_>) {
    let below = lines(content).skip_while(|line| !line.starts_with(b"primed-stage-packages:")).skip(1);
    let items = below.map_while(|line| line.trim_ascii_start().strip_prefix(b"- "));
    for (name, version) in items.filter_map(|item| super::text::split(item, b'=')).take(STAGED) {
        emit(Component::new(Ecosystem::Deb, text(name), text(version)));
    }
}

/// Lines of `dpkg -l`: state, name, version, architecture.
fn listed(content: &[u8], emit: &mut Emit<'_>) {
    for line in
        lines(content).filter(|line| line.starts_with(b"ii ") || line.starts_with(b"hi ")).take(STAGED)
    {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let name = name.split(|&byte| byte == b':').next().unwrap_or(name);
        let mut component = Component::new(Ecosystem::Deb, text(name), text(version));
        component.architecture = words.next().map(text);
        component.state = if line.starts_with(b"hi") { State::Held } else { State::Installed };
        emit(component);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn a_snap_tells_version_and_revision() {
        let yaml = "name: lxd\nbase: core22\nversion: '5.0.2-838e1b2'\nsummary: version\napps:\n  name: x\n";
        for path in ["/var/lib/snapd/snaps/lxd_24322.snap!/meta/snap.yaml", "/snap/lxd/24322/meta/snap.yaml"]
        {
            let (found, problem) = read(path, yaml);
            assert_eq!(
                (found[0].name.as_str(), found[0].version.as_deref(), problem),
                ("lxd", Some("5.0.2-838e1b2"), None)
            );
            assert_eq!(found[0].qualifiers, [("revision", "24322".to_owned())], "{path}");
        }
        assert_eq!(names("/var/lib/snapd/snaps/lxd_24322.snap", ""), ["lxd ?"]);
        assert!(read("/snap/x/1/meta/snap.yaml", "version: 1\n").1.is_some());
    }

    #[test]
    fn what_a_snap_was_built_of_is_listed() {
        let manifest = "snapcraft-version: 7\nprimed-stage-packages:\n- libssl3=3.0.2-0ubuntu1.12\n- zlib1g=1:1.2.11\nname: x\n- y=1\n";
        assert_eq!(
            names("/snap/x/1/snap/manifest.yaml", manifest),
            ["libssl3 3.0.2-0ubuntu1.12", "zlib1g 1:1.2.11"]
        );
        let list = "||/ Name Version\n+++-===\nii  libc6:amd64  2.35-0ubuntu3  amd64  GNU C Library\nrc  gone 1 all x\n";
        assert_eq!(names("/c.snap!/usr/share/snappy/dpkg.list", list), ["libc6 2.35-0ubuntu3"]);
    }
}
