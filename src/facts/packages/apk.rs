//! apk's database: paragraphs of lines, a letter and a value each.
//!
//! Source: Alpine's wiki, "Apk spec", and apk-tools' `database.c`: `P` name, `V` version, `A` architecture,
//! `F` a directory, `R` a file in it, `Z` its SHA-1 as `Q1` and base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Owned, Package, Packages, Recorded};
use crate::facts::{Desk, lines};
use crate::finding::GapKind;

/// Where it lies: from of old, and since apk 3.
const DATABASES: [&[u8]; 2] = [b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed"];
/// Bytes of it.
const LIMIT: u64 = 128 << 20;

pub(super) fn gather(packages: &mut Packages, desk: &mut Desk<'_>) {
    for path in DATABASES {
        let before = desk.gaps.len();
        let content = desk.read(path, LIMIT);
        packages.is_partial |= desk.gaps.len() > before;
        let Some(content) = content else { continue };
        packages.place = path;
        if !parse(packages, &content) {
            packages.is_partial = true;
            desk.gap(path, GapKind::Damaged, "apk's database does not have its form".to_owned());
        }
        return;
    }
}

/// Whether all of it was understood.
fn parse(packages: &mut Packages, content: &[u8]) -> bool {
    let mut whole = content.is_empty() || content.ends_with(b"\n");
    let (mut package, mut directory) = (Package::default(), Vec::new());
    let mut number = None;
    let mut file: Option<(Vec<u8>, Option<Recorded>)> = None;
    for (_, line) in lines(content) {
        let (letter, value) = match line {
            [letter, b':', value @ ..] => (*letter, value),
            [] => (b'\n', line),
            _ => {
                whole = false;
                continue;
            }
        };
        let is_next = matches!(letter, b'F' | b'R' | b'\n');
        if let Some((path, digest)) = is_next.then(|| file.take()).flatten() {
            let own = *number.get_or_insert_with(|| packages.install(package.clone()));
            let conffile = path.starts_with(b"/etc/");
            whole &= packages.push(own, &path, Owned { digest, conffile, ghost: false }).is_some();
        }
        match letter {
            b'P' => package.name = String::from_utf8_lossy(value).into_owned(),
            b'V' => package.version = String::from_utf8_lossy(value).into_owned(),
            b'A' => package.architecture = String::from_utf8_lossy(value).into_owned(),
            b'F' => directory = [b"/".as_slice(), value].concat(),
            b'R' if directory == b"/" => file = Some(([b"/", value].concat(), None)),
            b'R' => file = Some(([directory.as_slice(), b"/", value].concat(), None)),
            b'Z' => {
                let digest = value.strip_prefix(b"Q1").and_then(|text| STANDARD.decode(text).ok());
                let digest = digest.and_then(|bytes| Recorded::from_bytes(&bytes));
                whole &= digest.is_some() || value.starts_with(b"Q2");
                if let Some(file) = &mut file {
                    file.1 = digest;
                }
            }
            b'\n' => {
                if number.is_none() && !package.name.is_empty() {
                    packages.install(package.clone());
                }
                (package, number) = (Package::default(), None);
                directory.clear();
            }
            _ => {}
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::super::super::shelf::Shelf;
    use super::*;

    fn gathered(database: &str) -> (Packages, usize) {
        let shelf = Shelf::default().with("/lib/apk/db/installed", database);
        let mut desk = Desk::new(&shelf);
        let packages = Packages::gather(&mut desk);
        (packages, desk.gaps.len())
    }

    #[test]
    fn apk_names_the_owner_and_the_sha1() {
        let (packages, gaps) = gathered(
            "C:Q1x=\nP:openssh\nV:9.6-r0\nA:x86_64\nF:etc\nF:etc/ssh\nR:sshd_config\n\
             Z:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\nF:usr/sbin\nR:sshd\na:0:0:755\n\
             Z:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\n\nP:meta\nV:1\n\n",
        );
        assert_eq!((packages.count(), gaps), (2, 0));
        assert_eq!(packages.package(b"/usr/sbin/sshd").unwrap().version, "9.6-r0");
        // The SHA-1 of nothing.
        assert!(packages.recorded(b"/usr/sbin/sshd").unwrap().is_of(b""));
        assert!(packages.is_conffile(b"/etc/ssh/sshd_config"));
        assert!(!packages.is_conffile(b"/usr/sbin/sshd"));
    }

    #[test]
    fn a_database_that_is_cut_off_is_a_gap() {
        let (packages, gaps) = gathered("P:openssh\nF:usr/sbin\nR:ssh");
        assert_eq!((packages.is_partial(), gaps), (true, 1));
    }
}
