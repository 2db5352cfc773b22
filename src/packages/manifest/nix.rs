//! Paths of a Nix store: `/nix/store/HASH-NAME-VERSION[-OUTPUT]`. The name of the directory says all.
//!
//! Source: nix.dev manual, "Store path": 32 letters of a base 32 without `e`, `o`, `t`, `u`.

use super::text::{name_and_version, text};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::fs::FileType;

/// Letters of a hash.
const HASH: usize = 32;
/// Parts of a package that lie in paths of their own.
const OUTPUTS: [&str; 11] =
    ["bin", "data", "debug", "dev", "devdoc", "doc", "info", "lib", "man", "out", "static"];

pub(super) static READER: Reader = Reader { name: "path of a Nix store", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let is_store = || {
        let mut above = place.above();
        above.next() == Some(b"store") && above.next() == Some(b"nix")
    };
    Wish::path_if(place.kind == FileType::Directory && joined(place.name).is_some() && is_store())
}

/// What stands behind the hash.
fn joined(name: &[u8]) -> Option<&[u8]> {
    let (hash, rest) = name.split_at_checked(HASH)?;
    let is_letter =
        |byte: &u8| (byte.is_ascii_lowercase() || byte.is_ascii_digit()) && !b"eotu".contains(byte);
    hash.iter().all(is_letter).then(|| rest.strip_prefix(b"-"))?
}

fn read(place: &Place<'_>, _: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    // What has no version is a script or a piece of configuration.
    let Some((name, version)) = joined(place.name).and_then(name_and_version) else { return Ok(()) };
    let version = text(version);
    let output = version.rsplit_once('-').filter(|(_, output)| OUTPUTS.contains(output));
    let (version, output) =
        output.map_or((version.as_str(), None), |(version, output)| (version, Some(output)));
    let mut component = Component::new(Ecosystem::Nix, text(name), version).evidence(Evidence::FileName);
    component.qualifiers.extend(output.map(|output| ("output", output.to_owned())));
    emit(component);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{listed, read_as};
    use assay_disk::fs::FileType;

    #[test]
    fn a_store_path_tells_name_version_and_output() {
        let named = |path: &str| listed(&read_as(path, FileType::Directory, b"").0);
        let hash = "0".repeat(32);
        assert_eq!(named(&format!("/nix/store/{hash}-openssl-3.0.7-dev")), ["openssl 3.0.7"]);
        assert_eq!(named(&format!("/nix/store/{hash}-gcc-wrapper-12.2.0")), ["gcc-wrapper 12.2.0"]);
        assert!(named(&format!("/nix/store/{hash}-builder")).is_empty());
        assert!(named(&format!("/nix/store/{hash}-a-1/bin-2")).is_empty());
        assert!(named(&format!("/srv/store/{hash}-a-1")).is_empty());
        assert!(named(&format!("/nix/store/{}-a-1", "e".repeat(32))).is_empty());
    }
}
