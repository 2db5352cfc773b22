//! Packages of R: `DESCRIPTION` in a library. Only what R installed has a field `Built`.
//!
//! Source: CRAN, "Writing R Extensions", 1.1.1.

use super::text::{field, text};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "description of an R package", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(place.name == b"DESCRIPTION" && place.is_file())
}

fn read(_: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let of = |name| field(content, name);
    if let (Some(name), Some(version), Some(_)) = (of("Package"), of("Version"), of("Built")) {
        let mut component = Component::new(Ecosystem::Cran, text(name), text(version));
        component.license = of("License").map(text);
        emit(component);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::names;

    #[test]
    fn an_installed_package_was_built() {
        let built =
            "Package: ggplot2\nVersion: 3.4.4\nLicense: MIT + file LICENSE\nBuilt: R 4.3.1; ; 2023; unix\n";
        assert_eq!(names("/usr/lib/R/library/ggplot2/DESCRIPTION", built), ["ggplot2 3.4.4"]);
        assert!(names("/src/ggplot2/DESCRIPTION", "Package: ggplot2\nVersion: 3.4.4\n").is_empty());
    }
}
