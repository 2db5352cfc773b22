//! What installers leave beside software, each kind with any content; what archives of Java say is joined.
//!
//! The first byte chooses the path, and so the readers.
#![no_main]

use assay::packages::manifest::{Place, READERS, Wish, java};
use assay_disk::fs::FileType;
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 24] = [
    "/a.jar!/META-INF/MANIFEST.MF",
    "/a.jar!/META-INF/maven/g/a/pom.properties",
    "/a.jar!/META-INF/maven/g/a/pom.xml",
    "/a-1.jar!/b-2.jar",
    "/x/a-1.dist-info/METADATA",
    "/pip/_vendor/vendor.txt",
    "/node_modules/@a/b/package.json",
    "/specifications/a-1.gemspec",
    "/opt/jdk/release",
    "/vendor/composer/installed.json",
    "/vendor/composer/installed.php",
    "/php/.registry/a.reg",
    "/wp-content/plugins/a/a.php",
    "/wp-includes/version.php",
    "/app/a.deps.json",
    "/conda-meta/a.json",
    "/snap/a/1/meta/snap.yaml",
    "/snap/a/1/snap/manifest.yaml",
    "/usr/share/snappy/dpkg.list",
    "/library/a/DESCRIPTION",
    "/perl/.meta/A-1/MYMETA.json",
    "/packages/A/b/Project.toml",
    "/lib/modules/6.1/extra/a.ko",
    "/lib/firmware/intel-ucode/06-8e-0c",
];

fuzz_target!(|input: &[u8]| {
    let Some((first, content)) = input.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let place = Place::new(path.as_bytes(), FileType::Regular);
    let mut found = Vec::new();
    for reader in READERS.iter().filter(|reader| (reader.wants)(&place) != Wish::Nothing) {
        let _ = (reader.read)(&place, content, &mut |mut component| {
            component.location.path = path.as_bytes().to_vec();
            found.push(component);
        });
    }
    assert!(found.len() <= content.len() + 1, "{} components of {} bytes", found.len(), content.len());
    java::join(&mut found);
});
