//! .NET: the packages that `*.deps.json` says a program was built with, and shared runtimes.
//!
//! Source: dotnet/sdk, "runtime-configuration-file.md". Keys of `libraries` are `Name/Version`; one without a slash has
//! no version, and is no package of NuGet.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::text::text;
use super::{Emit, Place, Reader, Wish, json};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::fs::FileType;

/// Packages that one program may have.
const LIBRARIES: usize = 20_000;
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
    libraries: BTreeMap<String, Library>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(rename = "type")]
    kind: Option<Value>,
}

fn read(_: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let dependencies: Dependencies = json::read(content)?;
    for (key, library) in dependencies.libraries.iter().take(LIBRARIES) {
        let kind = library.kind.as_ref().and_then(Value::as_str).unwrap_or_default();
        let Some((name, version)) = key.split_once('/').filter(|_| is_package(kind)) else { continue };
        let name = name.strip_prefix(RUNTIME).unwrap_or(name);
        emit(Component::new(Ecosystem::NuGet, name, version));
    }
    if dependencies.libraries.len() > LIBRARIES {
        return Err("it names more packages than are listed");
    }
    Ok(())
}

/// The program itself and its own parts are projects, and assemblies without a package are references.
fn is_package(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("package") || kind.eq_ignore_ascii_case("runtimepack")
}

/// Directories `shared/Microsoft.NETCore.App/8.0.4`.
fn is_runtime(place: &Place<'_>) -> Wish {
    let is_version = place.name.first().is_some_and(u8::is_ascii_digit) && place.name.contains(&b'.');
    let mut above = place.above();
    let is_shared = above.next().is_some_and(|part| part.starts_with(b"Microsoft."))
        && above.next().is_some_and(|part| part == b"shared");
    Wish::path_if(is_version && is_shared && place.kind == FileType::Directory)
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
        assert!(read("/a.deps.json", r#"{"libraries": []}"#).1.is_some());
    }

    #[test]
    fn a_shared_runtime_is_known_by_its_directory() {
        let path = "/usr/share/dotnet/shared/Microsoft.AspNetCore.App/8.0.4";
        assert_eq!(listed(&read_as(path, FileType::Directory, b"").0), ["Microsoft.AspNetCore.App 8.0.4"]);
        assert!(names(path, "").is_empty());
    }
}
