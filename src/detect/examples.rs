//! Places of examples: documentation and tests that came with an installed package.
//!
//! Only what lies below /usr, where packages put it, counts. What lies there is reported, and low; but a token whose
//! checksum is right and the login file of an account are what they are wherever they lie. A home, /srv,
//! /opt and /var/www are never such places: a user may be called `test`, and a service keep its data in `docs`.

use crate::finding::{Confidence, Finding, Severity};

/// Documentation.
const DOCUMENTATION: [&[u8]; 6] = [
    b"/usr/share/doc/",
    b"/usr/share/man/",
    b"/usr/share/info/",
    b"/usr/share/help/",
    b"/usr/share/gtk-doc/",
    b"/usr/local/share/man/",
];
/// Where packages put libraries, with their tests and examples.
const LIBRARIES: [&[u8]; 8] = [
    b"/usr/lib/",
    b"/usr/lib64/",
    b"/usr/libexec/",
    b"/usr/share/",
    b"/usr/src/",
    b"/usr/local/lib/",
    b"/usr/local/lib64/",
    b"/usr/local/share/",
];
/// Directories of tests and examples in them.
pub(crate) const WITHIN: [&[u8]; 14] = [
    b"test",
    b"tests",
    b"testing",
    b"testdata",
    b"test_data",
    b"__tests__",
    b"fixtures",
    b"spec",
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"doc",
    b"docs",
];
/// Where whole systems lie in their own places: /usr is somewhere below.
const ROOTS: [&[u8]; 7] = [
    b"/snap/",
    b"/var/lib/snapd/",
    b"/var/lib/docker/",
    b"/var/lib/containers/",
    b"/var/lib/flatpak/",
    b"/var/lib/machines/",
    b"/ostree/",
];

/// Whether a path is one of documentation, examples or tests of an installed package.
pub(super) fn is_example(path: &[u8]) -> bool {
    let is_system = |root: &&[u8]| path.starts_with(root);
    match memchr::memmem::find(path, b"/usr/") {
        Some(0) => is_below(path),
        Some(at) if ROOTS.iter().any(is_system) || is_in_package(path.get(..at)) => {
            path.get(at..).is_some_and(is_below)
        }
        _ => false,
    }
}

/// A finding in a place of examples: only the path says so, so it is lowered and not dropped.
pub(super) fn lowered(finding: Finding, confidence: Confidence) -> Finding {
    let severity = finding.severity.min(Severity::Low);
    finding.severity(severity).confidence(confidence)
}

/// Whether what lies there comes out of the file of a package.
fn is_in_package(above: Option<&[u8]>) -> bool {
    let has = |suffix: &[u8]| above.is_some_and(|above| memchr::memmem::find(above, suffix).is_some());
    has(b".deb!/") || has(b".rpm!/")
}

fn is_below(path: &[u8]) -> bool {
    if DOCUMENTATION.iter().any(|place| path.starts_with(place)) {
        return true;
    }
    let Some(inner) = LIBRARIES.iter().find_map(|place| path.strip_prefix(*place)) else { return false };
    let directory = inner.get(..memchr::memrchr(b'/', inner).unwrap_or(0)).unwrap_or_default();
    directory.split(|&byte| byte == b'/').any(|part| WITHIN.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_packages_install_is_an_example() {
        for path in [
            "/usr/share/doc/curl/README",
            "/usr/lib/python3/dist-packages/x/tests/data.py",
            "/usr/local/lib/node_modules/x/test/key.pem",
            "/usr/local/lib/R/site-library/openssl/doc/keys.html",
            "/var/lib/docker/overlay2/ab/diff/usr/share/doc/x",
            "/var/lib/snapd/snaps/core.snap!/usr/share/doc/x",
            "/usr/share/doc/x/examples.tar.gz!/a/b",
            "/var/cache/apt/archives/x_1_all.deb!/data.tar.xz!/data.tar!/usr/share/doc/x/readme.md",
        ] {
            assert!(is_example(path.as_bytes()), "{path}");
        }
        for path in [
            "/home/test/.ssh/id_rsa",
            "/srv/docs/a",
            "/opt/app/samples/x",
            "/root/tests/a",
            "/var/www/example/.env",
            "/var/lib/test/x",
            "/home/a/usr/share/doc/x",
            "/home/a/x.tar!/usr/share/doc/x",
            "/usr/share/app/.aws/credentials",
            "/usr/local/bin/test",
        ] {
            assert!(!is_example(path.as_bytes()), "{path}");
        }
    }
}
