//! Java itself: the file `release` at the top of a JDK or JRE.
//!
//! Source: JEP 223, and what builds of OpenJDK write: `JAVA_VERSION="17.0.15"`, `IMPLEMENTOR="Eclipse Adoptium"`.

use super::text::{text, value};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Origin};
use crate::packages::ecosystem::Ecosystem;

/// Longest such file, in bytes: it lists the modules, too.
const LIMIT: usize = 64 << 10;

pub(super) static READER: Reader = Reader { name: "release file of a JVM", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(place.name == b"release" && place.is_file())
}

fn read(_: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    // Other things have a file of this name.
    let Some(version) = value(content, "JAVA_VERSION", b'=').filter(|_| content.len() <= LIMIT) else {
        return Ok(());
    };
    let of = |key| value(content, key, b'=');
    let vendor = of("IMPLEMENTOR").map(text);
    let is_graal = of("GRAALVM_VERSION").is_some();
    let is_oracles = of("BUILD_TYPE") == Some(b"commercial");
    let name = match (is_graal, is_oracles) {
        (true, _) => "graalvm",
        (false, true) => "oracle-jdk",
        (false, false) => "openjdk",
    };
    // The runtime's own version has the build: `17.0.15+6`.
    let full = of("JAVA_RUNTIME_VERSION").filter(|full| full.starts_with(version)).unwrap_or(version);
    let mut component = Component::new(Ecosystem::Generic, name, text(full));
    component.origin = vendor.map_or(Origin::Unknown, Origin::ThirdParty);
    emit(component);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};
    use crate::packages::component::Origin;

    #[test]
    fn a_jvm_tells_its_version_and_vendor() {
        let release = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"17.0.15+6\"\nJAVA_VERSION=\"17.0.15\"\n";
        let (found, _) = read("/opt/jdk/release", release);
        assert_eq!(found[0].version.as_deref(), Some("17.0.15+6"));
        assert_eq!(found[0].origin, Origin::ThirdParty("Eclipse Adoptium".to_owned()));
        assert_eq!(names("/opt/jre/release", "JAVA_VERSION=\"1.8.0_412\"\n"), ["openjdk 1.8.0_412"]);
        let oracle = "JAVA_VERSION=\"1.8.0_451\"\nBUILD_TYPE=\"commercial\"\n";
        assert_eq!(names("/opt/jre/release", oracle), ["oracle-jdk 1.8.0_451"]);
    }

    #[test]
    fn another_file_of_this_name_says_nothing() {
        assert_eq!(read("/proc/release", "Amazon Linux\n"), (Vec::new(), None));
    }
}
