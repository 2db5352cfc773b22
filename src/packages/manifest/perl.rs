//! Modules of Perl from CPAN: what cpanm keeps (`.meta/NAME-VERSION/MYMETA.json`), metadata beside installed modules, and
//! `auto/…/.packlist`, which names a module without its version.
//!
//! Source: CPAN::Meta::Spec, ExtUtils::Packlist.

use super::json::Package;
use super::text::text;
use super::{Emit, Place, Reader, Wish, json};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "metadata of a Perl module", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    if !place.is_file() {
        return Wish::Nothing;
    }
    match place.name {
        b"MYMETA.json" | b"META.json" => Wish::content_if(place.above().nth(1) == Some(b".meta")),
        b".packlist" => Wish::path_if(module(place).is_some()),
        _ => Wish::Nothing,
    }
}

/// The parts of a module's name: what lies below `auto`.
fn module<'a>(place: &Place<'a>) -> Option<Vec<&'a [u8]>> {
    let mut above = place.above();
    let mut parts: Vec<&[u8]> = above.by_ref().take(12).take_while(|part| *part != b"auto").collect();
    parts.reverse();
    (!parts.is_empty() && place.above().any(|part| part == b"auto")).then_some(parts)
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    if place.name == b".packlist" {
        let name: Vec<String> = module(place).unwrap_or_default().into_iter().map(text).collect();
        emit(Component::new(Ecosystem::Cpan, name.join("-"), "").evidence(Evidence::FileName));
        return Ok(());
    }
    let metadata: Package = json::read(content)?;
    let name = metadata.name.get().ok_or("it names no distribution")?;
    let version = metadata.version.get().unwrap_or_default();
    let version = version.strip_prefix('v').unwrap_or(&version);
    let mut component = Component::new(Ecosystem::Cpan, name.replace("::", "-"), version);
    component.license = metadata.license.get();
    emit(component);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn metadata_tells_the_version_and_a_list_of_files_only_the_name() {
        let meta = "/usr/local/share/perl/5.36.0/x86_64-linux-gnu/.meta/JSON-XS-4.03/MYMETA.json";
        let content = r#"{"name": "JSON-XS", "version": "4.03", "license": ["perl_5"]}"#;
        assert_eq!(names(meta, content), ["JSON-XS 4.03"]);
        assert!(read(meta, "{}").1.is_some());
        let list = "/usr/local/lib/x86_64-linux-gnu/perl/5.36.0/auto/JSON/XS/.packlist";
        assert_eq!(names(list, "/usr/local/x\n"), ["JSON-XS ?"]);
        assert!(names("/usr/lib/perl/5.36/.packlist", "").is_empty());
        assert!(names("/root/JSON-XS-4.03/META.json", content).is_empty());
    }
}
