//! .NET: the packages that `*.deps.json` says a program was built with, and shared runtimes.
//!
//! Source: dotnet/sdk, "runtime-configuration-file.md". Keys of `libraries` are `Name/Version`; one without a slash has
//! no version, and is no package of NuGet.

use serde::Deserialize;

use super::json::{First, Text};
use super::text::text;
use super::{Emit, Place, Reader, Wish, json};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::fs::FileType;

/// What comes before the name of a runtime that a program carries.
const RUNTIME: &str = "runtimepack.";

pub(super) static READER: Reader = Reader { name: "list of .NET packages", wants, read };
pub(super) static RUNTIMES: Reader =
    Reader { name: "shared runtime of .NET", wants: is_runtime, read: runtime };

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(place.name.ends_with(b".deps.json") && place.is_file())
}

#[derive(Deserialize)]
struct Dependencies {
    #[serde(default)]
    libraries: First<Library>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(default, rename = "type")]
    kind: Text,
}

fn read(_: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let libraries = json::read::<Dependencies>(content)?.libraries;
    let whole = libraries.whole();
    for (key, library) in libraries.entries {
        let kind = library.kind.get().unwrap_or_default();
        let Some((name, version)) = key.split_once('/').filter(|_| is_package(&kind)) else { continue };
        let name = name.strip_prefix(RUNTIME).unwrap_or(name);
        emit(Component::new(Ecosystem::NuGet, name, version));
    }
    whole
}

/// The program itself and its own parts are projects, and assemblies without a package are references.
fn is_package(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("package") || kind.eq_ignore_ascii_case("runtimepack")
}

/// Directories `shared/Microsoft.NETCore.App/8.0.4`.
fn is_runtime(place: &Place<'_>) -> Wish {
    let is_version = || place.name.first().is_some_and(u8::is_ascii_digit) && place.name.contains(&b'.');
    let is_shared = || {
        let mut above = place.above();
        above.next().is_some_and(|part| part.starts_with(b"Microsoft.")) && above.next() == Some(b"shared")
    };
    Wish::path_if(place.kind == FileType::Directory && is_version() && is_shared())
}

fn runtime(place: &Place<'_>, _: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let component = Component::new(Ecosystem::NuGet, text(place.parent()), text(place.name));
    emit(component.evidence(Evidence::FileName));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{listed, names, read, read_as};
    use assay_disk::fs::FileType;

    #[test]
    fn packages_are_listed_and_projects_are_not() {
        let list = "\u{feff}{\"libraries\": {\"App/1.0.0\": {\"type\": \"project\"}, \
                    \"Newtonsoft.Json/13.0.1\": {\"type\": \"package\", \"sha512\": \"\"}, \
                    \"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.4\": {\"type\": \"runtimepack\"}}}";
        assert_eq!(
            names("/app/App.deps.json", list),
            ["Newtonsoft.Json 13.0.1", "Microsoft.NETCore.App.Runtime.linux-x64 8.0.4"]
        );
    }

    #[test]
    fn a_key_without_a_slash_is_passed_over() {
        let list = r#"{"libraries": {"NoVersion": {"type": "package"}, "": {"type": "package"}, "A/1": {"type": "package"}}}"#;
        assert_eq!(read("/a.deps.json", list).1, None);
        assert_eq!(names("/a.deps.json", list), ["A 1"]);
        assert!(read("/a.deps.json", r#"{"libraries": 1}"#).1.is_some());
    }

    #[test]
    fn a_shared_runtime_is_known_by_its_directory() {
        let path = "/usr/share/dotnet/shared/Microsoft.AspNetCore.App/8.0.4";
        assert_eq!(listed(&read_as(path, FileType::Directory, b"").0), ["Microsoft.AspNetCore.App 8.0.4"]);
        assert!(names(path, "").is_empty());
    }
}
