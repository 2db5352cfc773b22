//! apk's database: paragraphs of lines, a letter and a value each.
//!
//! Source: Alpine's wiki, "Apk spec", and apk-tools' `database.c`: `P` name, `V` version, `A` architecture,
//! `o` origin, `L` license, `F` a directory, `R` a file in it, `Z` its SHA-1 as `Q1` and base64, or its SHA-256 as `Q2`. Of a symbolic link it is
//! the digest of its target.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{OVER, Origin, Owned, Package, PackageManager, Packages, Recorded, Source};
use crate::files::{SystemReader, lines};
use crate::finding::GapKind;

/// Where it lies: from of old, and since apk 3.
pub(super) const DATABASES: [&[u8]; 2] = [b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed"];
/// Bytes of it.
const LIMIT: u64 = 32 << 20;

pub(super) fn gather(packages: &mut Packages, system: &mut SystemReader<'_>) {
    for path in DATABASES {
        let before = system.gaps.len();
        let content = system.read(path, LIMIT);
        packages.is_partial |= system.gaps.len() > before;
        let Some(content) = content else { continue };
        packages.found(PackageManager::Apk, path);
        if packages.installed.is_empty() {
            packages.place = path.to_vec();
        }
        let mut reader = Reader { packages, package: of_apk(), number: None, directory: None, file: None };
        if let Err(problem) = reader.read(&content) {
            packages.is_partial = true;
            let kind = if problem == OVER { GapKind::OverLimit } else { GapKind::Damaged };
            system.gap(path, kind, format!("apk's database: {problem}"));
        }
        // The second is mostly a link to the first.
        let other = DATABASES.iter().find(|other| **other != path && system.files().size(other).is_some());
        if let Some(other) = other.filter(|other| !system.files().is_same(path, other)) {
            packages.is_partial = true;
            system.gap(other, GapKind::Unsupported, "a second database of apk was not read".to_owned());
        }
        return;
    }
}

fn of_apk() -> Package {
    Package { manager: PackageManager::Apk, origin: Origin::Distribution, ..Package::default() }
}

struct Reader<'p> {
    packages: &'p mut Packages,
    package: Package,
    /// The package's number, once it was added.
    number: Option<u32>,
    directory: Option<Vec<u8>>,
    /// A file whose digest may follow.
    file: Option<(Vec<u8>, Option<Recorded>)>,
}

impl Reader<'_> {
    /// Reads all of it; the first thing that was wrong.
    fn read(&mut self, content: &[u8]) -> Result<(), &'static str> {
        let mut problem = match content {
            [] => Err("it is empty"),
            [.., b'\n'] => Ok(()),
            _ => Err("it is cut off"),
        };
        // The last paragraph may end without an empty line.
        for (_, line) in lines(content).chain([(0, [].as_slice())]) {
            match self.line(line) {
                Err(OVER) => return Err(OVER),
                read => problem = problem.and(read),
            }
        }
        problem
    }

    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let (letter, value) = match line {
            [letter, b':', value @ ..] => (*letter, value),
            [] => (b'\n', line),
            _ => return Err("a line has no letter"),
        };
        if matches!(letter, b'F' | b'R' | b'\n') {
            self.keep_file()?;
        }
        let text = || String::from_utf8_lossy(value).into_owned();
        match letter {
            b'P' => self.package.name = text(),
            b'V' => self.package.version = text(),
            b'A' => self.package.architecture = text(),
            b'L' => self.package.license = Some(text()),
            b'o' => self.package.source = Some(Source { name: text(), version: None }),
            b'F' => self.directory = Some(directory(value)),
            b'R' => {
                let directory = self.directory.as_ref().ok_or("a file has no directory")?;
                self.file = Some(([directory.as_slice(), value].concat(), None));
            }
            b'Z' => {
                let digest = digest(value).ok_or("a digest is not one of a kind that is known")?;
                self.file.as_mut().ok_or("a digest has no file")?.1 = Some(digest);
            }
            b'\n' => return self.end_package(),
            _ => {}
        }
        Ok(())
    }

    fn keep_file(&mut self) -> Result<(), &'static str> {
        let Some((path, digest)) = self.file.take() else { return Ok(()) };
        let number = self.number()?;
        // What apk keeps when it brings a package up to date: all of /etc, but for start scripts.
        let conffile = path.starts_with(b"/etc/") && !path.starts_with(b"/etc/init.d/");
        self.packages.push(number, &path, Owned { digest, conffile, ..Owned::default() }).ok_or(OVER)
    }

    fn number(&mut self) -> Result<u32, &'static str> {
        if self.package.name.is_empty() {
            return Err("a package has no name");
        }
        match self.number {
            Some(number) => Ok(number),
            None => Ok(*self.number.insert(self.packages.install(self.package.clone()).ok_or(OVER)?)),
        }
    }

    fn end_package(&mut self) -> Result<(), &'static str> {
        let is_package = self.package != of_apk() || self.directory.is_some();
        let end = if is_package { self.number().map(|_| ()) } else { Ok(()) };
        (self.package, self.number, self.directory) = (of_apk(), None, None);
        end
    }
}

/// A directory with a slash at its end.
fn directory(value: &[u8]) -> Vec<u8> {
    if value.is_empty() { b"/".to_vec() } else { [b"/", value, b"/"].concat() }
}

fn digest(value: &[u8]) -> Option<Recorded> {
    let (kind, text) = value.split_at_checked(2)?;
    let digest = Recorded::from_bytes(&STANDARD.decode(text).ok()?)?;
    matches!((kind, digest), (b"Q1", Recorded::Sha1(_)) | (b"Q2", Recorded::Sha256(_))).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn gathered(database: &str) -> (Packages, usize) {
        let shelf = Shelf::default().with("/lib/apk/db/installed", database);
        let mut system = SystemReader::new(&shelf);
        let packages = Packages::gather(&mut system);
        (packages, system.gaps.len())
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
    fn sha256_is_read_and_a_digest_of_another_kind_is_a_gap() {
        // The SHA-256 and the SHA-1 of nothing.
        let (long, short) = ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
        let of = |digest: &str| gathered(&format!("P:a\nF:usr/sbin\nR:sshd\nZ:{digest}\n\n"));
        for digest in [format!("Q2{long}"), format!("Q1{short}")] {
            let (packages, gaps) = of(&digest);
            assert_eq!(gaps, 0, "{digest}");
            assert!(packages.recorded(b"/usr/sbin/sshd").unwrap().is_of(b""));
        }
        for digest in [
            format!("Q1{long}"),
            format!("Q2{short}"),
            format!("Q3{long}"),
            format!("Q1{}", short.get(4..).unwrap()),
        ] {
            let (packages, gaps) = of(&digest);
            assert_eq!((packages.is_partial(), gaps), (true, 1), "{digest}");
            assert_eq!(packages.owner(b"/usr/sbin/sshd"), Some("a"));
        }
    }

    #[test]
    fn what_is_out_of_its_place_is_a_gap() {
        for database in
            ["P:a\nR:x\n\n", "F:etc\nR:x\n\n", "P:a\nF:etc\nZ:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\n\n", "x\n"]
        {
            assert_eq!(gathered(database).1, 1, "{database:?}");
        }
        let (packages, gaps) = gathered("P:a\nF:\nR:x\nF:etc/init.d\nR:sshd\n");
        assert_eq!((packages.owner(b"/x"), gaps), (Some("a"), 0));
        assert!(!packages.is_conffile(b"/etc/init.d/sshd"));
    }

    #[test]
    fn a_database_that_is_cut_off_is_a_gap() {
        let (packages, gaps) = gathered("P:openssh\nF:usr/sbin\nR:ssh");
        assert_eq!((packages.is_partial(), gaps), (true, 1));
    }
}
