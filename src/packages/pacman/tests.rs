use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::files::shelf::Shelf;
use crate::packages::component::Origin;

const DESCRIPTION: &str = "%NAME%\nbash\n\n%VERSION%\n5.2.037-1\n\n%BASE%\nbash\n\n%ARCH%\nx86_64\n\n\
     %BUILDDATE%\n1728000000\n\n%INSTALLDATE%\n1728100000\n\n%PACKAGER%\nA Packager <a@archlinux.org>\n\n\
     %LICENSE%\nGPL-3.0-or-later\n\n%VALIDATION%\npgp\n\n%DEPENDS%\nreadline\n%NAME%\n\n";
const FILES: &str = "%FILES%\netc/\netc/bash.bashrc\nusr/\nusr/bin/\nusr/bin/bash\n\n\
     %BACKUP%\netc/bash.bashrc\td41d8cd98f00b204e9800998ecf8427e\n\n";
/// The SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn packed(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn arch(description: &str, files: &str) -> Shelf {
    let mut shelf = Shelf::default()
        .with("/var/lib/pacman/local/ALPM_DB_VERSION", "9\n")
        .with("/var/lib/pacman/local/bash-5.2.037-1/desc", description)
        .with("/var/lib/pacman/local/bash-5.2.037-1/files", files);
    let mtree = packed(&format!("#mtree\n./usr/bin/bash size=0 sha256digest={EMPTY}\n"));
    shelf.0.insert(b"/var/lib/pacman/local/bash-5.2.037-1/mtree".to_vec(), mtree);
    shelf
}

fn gathered(shelf: &Shelf) -> (Packages, Vec<String>) {
    let mut system = SystemReader::new(shelf);
    let packages = Packages::gather(&mut system);
    (packages, system.gaps.into_iter().map(|gap| gap.reason).collect())
}

#[test]
fn a_package_of_pacman_says_what_it_is_who_built_it_and_why_it_is_there() {
    let (packages, gaps) = gathered(&arch(DESCRIPTION, FILES));
    let [package] = packages.installed() else { panic!("{gaps:?}") };
    assert_eq!((package.name.as_str(), package.version.as_str()), ("bash", "5.2.037-1"));
    assert_eq!((package.built, package.installed), (Some(1_728_000_000), Some(1_728_100_000)));
    assert_eq!((package.architecture.as_str(), package.reason), ("x86_64", Some(Reason::Explicit)));
    assert_eq!(
        (&package.origin, package.license.as_deref()),
        (&Origin::Distribution, Some("GPL-3.0-or-later"))
    );
    assert!(gaps.is_empty());
    let (packages, _) = gathered(&arch(&DESCRIPTION.replace("%ARCH%", "%REASON%\n1\n\n%ARCH%"), FILES));
    assert_eq!(packages.installed()[0].reason, Some(Reason::Dependency));
}

#[test]
fn its_files_have_their_owner_and_the_digest_of_the_package() {
    let (packages, _) = gathered(&arch(DESCRIPTION, FILES));
    assert_eq!(packages.owner(b"/usr/bin/bash"), Some("bash"));
    assert_eq!(packages.owner(b"/usr/bin"), None);
    assert!(matches!(packages.recorded(b"/usr/bin/bash"), Some(Recorded::Sha256(_))));
    assert!(packages.is_conffile(b"/etc/bash.bashrc") && !packages.is_conffile(b"/usr/bin/bash"));
    assert!(packages.recorded(b"/etc/bash.bashrc").unwrap().is_of(b""));
}

#[test]
fn what_was_built_by_hand_is_not_the_distributions() {
    let by_hand =
        DESCRIPTION.replace("A Packager <a@archlinux.org>", "Unknown Packager").replace("pgp", "none");
    let (packages, _) = gathered(&arch(&by_hand, FILES));
    assert_eq!(packages.installed()[0].origin, Origin::ThirdParty("Unknown Packager".into()));
}

#[test]
fn a_package_without_its_parts_is_a_gap_and_the_others_count() {
    for (description, files, said) in [
        ("%NAME%\nbash\n", FILES, "no version"),
        (&DESCRIPTION.replace("5.2.037-1", "5.2.037-2"), FILES, "another package"),
        (DESCRIPTION, "%FILES%\nusr/bin/ba", "cut off"),
    ] {
        let other = arch(description, files)
            .with("/var/lib/pacman/local/sed-4.9-3/desc", "%NAME%\nsed\n\n%VERSION%\n4.9-3\n")
            .with("/var/lib/pacman/local/sed-4.9-3/files", "%FILES%\nusr/bin/sed\n");
        let (packages, gaps) = gathered(&other);
        assert!(gaps.len() == 1 && gaps[0].contains(said), "{gaps:?}");
        assert_eq!((packages.owner(b"/usr/bin/sed"), packages.is_partial()), (Some("sed"), true));
    }
    let mut shelf = arch(DESCRIPTION, FILES);
    shelf.0.insert(b"/var/lib/pacman/local/bash-5.2.037-1/mtree".to_vec(), b"no gzip".to_vec());
    let (packages, gaps) = gathered(&shelf);
    assert!(gaps[0].contains("unpacked"), "{gaps:?}");
    assert_eq!(packages.owner(b"/usr/bin/bash"), Some("bash"));
}

#[test]
fn the_configuration_may_put_the_database_elsewhere() {
    let shelf = Shelf::default()
        .with("/etc/pacman.conf", "[options]\n#DBPath = /a/\nDBPath = /usr/lib/pacman/\n")
        .with("/usr/lib/pacman/local/sed-4.9-3/desc", "%NAME%\nsed\n\n%VERSION%\n4.9-3\n")
        .with("/usr/lib/pacman/local/sed-4.9-3/files", "");
    let (packages, gaps) = gathered(&shelf);
    assert_eq!((packages.count(), gaps.len()), (1, 0));
}
