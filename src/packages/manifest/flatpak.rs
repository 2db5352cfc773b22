//! Flatpaks: `flatpak/{app,runtime}/ID/ARCH/BRANCH/COMMIT/metadata`; what an application calls its version stands in its
//! description for shops (`metainfo`), whose newest release is the first.
//!
//! Source: docs.flatpak.org, "Under the Hood"; freedesktop.org, AppStream.

use super::text::{quoted, text};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "metadata of a flatpak", wants, read };

/// The identifier, architecture and branch of the flatpak whose directory is so many parts above the name.
fn parts<'a>(place: &Place<'a>, levels: usize) -> Option<[&'a [u8]; 3]> {
    let mut above = place.above().skip(levels);
    let (branch, architecture, id) = (above.next()?, above.next()?, above.next()?);
    let is_kind = above.next().is_some_and(|kind| kind == b"app" || kind == b"runtime");
    let is_one = is_kind && above.next() == Some(b"flatpak") && id.contains(&b'.');
    is_one.then_some([id, architecture, branch])
}

/// The same of a description: `COMMIT/{files,export}/share/{metainfo,appdata}/ID.metainfo.xml`.
fn described<'a>(place: &Place<'a>) -> Option<[&'a [u8]; 3]> {
    let parts = parts(place, 4)?;
    let rest = place.name.strip_prefix(parts.first().copied()?)?;
    (rest == b".metainfo.xml" || rest == b".appdata.xml").then_some(parts)
}

fn wants(place: &Place<'_>) -> Wish {
    if !place.is_file() {
        return Wish::Nothing;
    }
    match place.name {
        b"metadata" => Wish::path_if(parts(place, 1).is_some()),
        name if name.ends_with(b".xml") => Wish::content_if(described(place).is_some()),
        _ => Wish::Nothing,
    }
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let parts = if place.name == b"metadata" { parts(place, 1) } else { described(place) };
    let Some([id, architecture, branch]) = parts else { return Ok(()) };
    let is_runtime = place.above().any(|part| part == b"runtime");
    let version = match (place.name, is_runtime) {
        // The branch of a runtime is its version; that of an application is mostly `stable`.
        (b"metadata", true) => text(branch),
        (b"metadata", false) => String::new(),
        _ => release(content).map(text).ok_or("it describes no release")?,
    };
    let evidence = if place.name == b"metadata" { Evidence::FileName } else { Evidence::Metadata };
    let mut component = Component::new(Ecosystem::Flatpak, text(id), version).evidence(evidence);
    component.architecture = Some(text(architecture));
    component.qualifiers.push(("branch", text(branch)));
    emit(component);
    Ok(())
}

/// The `version` of the first `<release …>`.
fn release(content: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(content, b"<release ")?;
    let tag = content.get(at..)?;
    let tag = tag.get(..memchr::memchr(b'>', tag)?)?;
    quoted(tag.get(memchr::memmem::find(tag, b"version=")?..)?)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn an_application_is_described_and_a_runtime_has_its_branch() {
        let path = "/var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/0a1b/files/share/metainfo/org.gimp.GIMP.metainfo.xml";
        let xml = "<component><releases><release date=\"2023-11-07\" version=\"2.10.36\"><p/></release>\
                   <release version=\"2.10.34\"/></releases></component>";
        assert_eq!(names(path, xml), ["org.gimp.GIMP 2.10.36"]);
        assert!(read(path, "<component/>").1.is_some());
        let runtime = "/var/lib/flatpak/runtime/org.gnome.Platform/x86_64/45/0a1b/metadata";
        assert_eq!(names(runtime, ""), ["org.gnome.Platform 45"]);
        let app = "/var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/0a1b/metadata";
        assert_eq!(names(app, ""), ["org.gimp.GIMP ?"]);
        assert!(names("/srv/app/a.b/c/d/metadata", "").is_empty());
    }
}
