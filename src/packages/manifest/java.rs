//! Java: what archives of classes say of themselves and of what was packed into them.
//!
//! An archive is opened by the audit, whatever it is called, and each of its members comes here by itself. Maven writes
//! `META-INF/maven/GROUP/ARTIFACT/pom.properties` for the archive and for each one shaded into it; others write
//! `META-INF/MANIFEST.MF`; and most have a name like `guava-32.1.2-jre.jar`. What belongs to one archive is joined
//! when all its members were seen ([`join`]).
//!
//! Source: maven.apache.org, "Maven Archiver"; JAR File Specification; OSGi Core, 3.2.1.

use super::text::{split, text};
use super::{Emit, Place, Reader, Wish};
use crate::finding::Confidence;
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::path::is_inside;

mod file_name;
mod joining;
mod manifest;
mod pom;

pub use joining::{WITHOUT_JNDI_LOOKUP, join};

/// Where Maven writes what it knows.
const MAVEN: &[u8] = b"META-INF/maven/";
/// The class that CVE-2021-44228 is in: archives in which somebody deleted it are not vulnerable.
const JNDI_LOOKUP: &[u8] = b"/core/lookup/JndiLookup.class";

pub(super) static READER: Reader = Reader { name: "metadata of a Java archive", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    if !place.is_file() {
        return Wish::Nothing;
    }
    match place.name {
        b"pom.properties" => Wish::content_if(memchr::memmem::find(place.path, MAVEN).is_some()),
        // Unpacked archives are seen file by file, and the other file is beside it.
        b"pom.xml" => {
            Wish::content_if(is_inside(place.path) && memchr::memmem::find(place.path, MAVEN).is_some())
        }
        b"MANIFEST.MF" => Wish::content_if(place.parent() == b"META-INF" && is_inside(place.path)),
        b"JndiLookup.class" => Wish::path_if(place.path.ends_with(JNDI_LOOKUP)),
        name => Wish::path_if(file_name::is_archive(name)),
    }
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let found = match place.name {
        b"pom.properties" => properties(content),
        b"pom.xml" => pom::read(content),
        b"MANIFEST.MF" => manifest::read(content),
        b"JndiLookup.class" => Some(log4j_core()),
        name => file_name::read(name),
    };
    found.into_iter().for_each(emit);
    Ok(())
}

/// Lines `groupId=…`, `artifactId=…`, `version=…`.
fn properties(content: &[u8]) -> Option<Component> {
    let of = |key: &[u8]| {
        let mut named = super::text::lines(content).filter_map(|line| split(line, b'='));
        named.find(|(name, _)| *name == key).map(|(_, value)| text(value)).filter(|value| is_value(value))
    };
    let (group, artifact) = (of(b"groupId")?, of(b"artifactId")?);
    let version = of(b"version").unwrap_or_default();
    Some(Component::new(Ecosystem::Maven, artifact, version).namespace(group))
}

/// Whether it is a value, and no name of one that a build should have put in.
fn is_value(text: &str) -> bool {
    !text.is_empty() && !text.contains("${") && !text.contains('@')
}

fn log4j_core() -> Component {
    let component = Component::new(Ecosystem::Maven, "log4j-core", "").namespace("org.apache.logging.log4j");
    component.evidence(Evidence::FileName).confidence(Confidence::Medium)
}
