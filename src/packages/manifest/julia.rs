//! Packages of Julia: a depot has each below `packages/NAME/SLUG/`, with `Project.toml`. Manifests of environments are
//! lists of what is wanted.
//!
//! Source: pkgdocs.julialang.org, "Glossary" and "Project.toml and Manifest.toml".

use super::text::{text, value};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "project file of a Julia package", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let is_name = place.name == b"Project.toml" || place.name == b"JuliaProject.toml";
    Wish::content_if(is_name && place.is_file() && place.above().nth(2) == Some(b"packages"))
}

fn read(_: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let of = |key| value(content, key, b'=').map(text);
    let name = of("name").ok_or("it names no package")?;
    let mut component = Component::new(Ecosystem::Julia, name, of("version").unwrap_or_default());
    component.qualifiers.extend(of("uuid").map(|uuid| ("uuid", uuid)));
    emit(component);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn a_package_lies_in_a_depot() {
        let project = "name = \"HTTP\"\nuuid = \"cd3eb016-35fb-5094-929b-558a96fad6f3\"\nversion = \"1.10.1\"\n[deps]\nname = \"x\"\n";
        let path = "/root/.julia/packages/HTTP/abcde/Project.toml";
        assert_eq!(names(path, project), ["HTTP 1.10.1"]);
        assert_eq!(read(path, project).0[0].qualifiers[0].0, "uuid");
        assert!(names("/root/project/Project.toml", project).is_empty());
        assert!(read(path, "").1.is_some());
    }
}
