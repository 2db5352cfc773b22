//! What the place of a file says of the values in it.

use crate::values::Syntax;

/// A file, as far as its values go.
pub(super) struct Place {
    /// How it writes values.
    pub(super) syntax: Syntax,
    /// Text for people, and patterns to fill in: a value in it may be made up.
    pub(super) is_prose: bool,
    /// A program reads it for its settings, and somebody set them for this machine: what a person would choose counts.
    pub(super) is_configuration: bool,
    /// Packages put it there, or it is other people's code.
    pub(super) is_library: bool,
    /// A sign that is written twice, as once it would mean something: `$$` in a Makefile, `%%` in a unit.
    doubled: Option<u8>,
}

impl Place {
    /// `path` in the image, and `inner`, the part of it within the last archive.
    pub(super) fn new(path: &[u8], inner: &[u8]) -> Self {
        let syntax = Syntax::of_path(inner);
        let is_prose = is_prose(path);
        let is_library = is_library(path);
        let is_configuration = !is_prose && !is_library && (syntax.is_configuration() || is_settings(inner));
        Self { syntax, is_prose, is_configuration, is_library, doubled: doubled(inner) }
    }

    /// A value without its doubled signs.
    pub(super) fn undoubled(&self, value: Vec<u8>) -> Vec<u8> {
        let Some(sign) = self.doubled else { return value };
        let mut last = false;
        let mut plain = Vec::with_capacity(value.len());
        for byte in value {
            last = byte == sign && !last;
            if byte != sign || last {
                plain.push(byte);
            }
        }
        plain
    }
}

/// The sign that the program which reads `path` has doubled.
fn doubled(path: &[u8]) -> Option<u8> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let has = |text: &[u8], part: &[u8]| memchr::memmem::find(text, part).is_some();
    let is_compose = has(name, b"compose") && Syntax::of_path(path) == Syntax::Yaml;
    if is_compose || has(name, b"akefile") || name.ends_with(b".mk") {
        return Some(b'$');
    }
    (has(path, b"/systemd/") || name.ends_with(b".service")).then_some(b'%')
}

/// Text for people, and patterns to fill in.
fn is_prose(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 19] = [
        b".2",
        b".3",
        b".4",
        b".6",
        b".7",
        b".template",
        b".example",
        b".sample",
        b".dist",
        b".md",
        b".rst",
        b".html",
        b".htm",
        b".tex",
        b".1",
        b".5",
        b".8",
        b".adoc",
        b".txt",
    ];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// Files in which names of secrets stand beside what people read, draw or look up, and libraries of others.
pub(super) fn is_label(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 6] = [b".po", b".mo", b".pot", b".svg", b".css", b".map"];
    const PARTS: [&[u8]; 11] = [
        b"/locale/",
        b"/locales/",
        b"/translations/",
        b"/zoneinfo/",
        b"/dict/",
        b"/i18n/",
        b"/lang/",
        b"/node_modules/",
        b"/dist-packages/",
        b"/site-packages/",
        b"/var/lib/dpkg/",
    ];
    let is_installed_prose =
        path.starts_with(b"/usr/") && is_prose(path) && !path.starts_with(b"/usr/local/");
    is_installed_prose
        || ENDS.iter().any(|end| path.ends_with(end))
        || PARTS.iter().any(|part| memchr::memmem::find(path, part).is_some())
}

/// Where packages and other people's code lie: nobody sets up this machine there.
fn is_library(path: &[u8]) -> bool {
    const STARTS: [&[u8]; 12] = [
        b"/usr/lib",
        b"/usr/share/",
        b"/usr/src/",
        b"/usr/include/",
        b"/usr/bin/",
        b"/usr/sbin/",
        b"/bin/",
        b"/sbin/",
        b"/lib",
        b"/var/lib/apt/",
        b"/var/cache/apt/",
        b"/usr/local/lib/",
    ];
    const PARTS: [&[u8]; 12] = [
        b"/test/",
        b"/tests/",
        b"/testdata/",
        b"/fixtures/",
        b"/vendor/",
        b"/examples/",
        b"/example/",
        b"/docs/",
        b"/doc/",
        b"/.cargo/registry/",
        b"/go/pkg/mod/",
        b"/gems/",
    ];
    STARTS.iter().any(|start| path.starts_with(start))
        || PARTS.iter().any(|part| memchr::memmem::find(path, part).is_some())
}

/// Source code that holds settings, by its name, and scripts.
fn is_settings(path: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"config",
        b"settings",
        b"secret",
        b"credential",
        b"local",
        b"database",
        b"parameters",
        b"env",
        b"compose",
    ];
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_ascii_lowercase();
    matches!(Syntax::of_path(path), Syntax::Shell) && !name.ends_with(b"_history")
        || Syntax::of_path(path).is_code()
            && WORDS.iter().any(|word| memchr::memmem::find(&name, word).is_some())
}

/// Whether the line is a comment, up to the value.
pub(super) fn is_comment(before: &[u8]) -> bool {
    const SIGNS: [&[u8]; 9] = [b"%%", b"#", b"//", b";", b"--", b"*", b"/*", b"<!--", b"rem "];
    let line = before.trim_ascii_start();
    SIGNS.iter().any(|sign| line.starts_with(sign))
}
