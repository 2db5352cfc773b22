//! What installers leave beside the software they install: one reader for each kind of package. The files are met in
//! the one pass of an audit, in any order, and each is read by itself.
//!
//! Listed is what is installed. Lock files and source trees say what somebody wants, and are not read.

use crate::packages::component::Component;
use assay_disk::fs::FileType;

mod agents;
mod conda;
mod dotnet;
mod flatpak;
mod homebrew;
pub mod java;
mod json;
mod julia;
mod jvm;
mod kernel_module;
mod lua;
mod microcode;
mod nix;
mod npm;
mod perl;
mod php;
mod python;
mod r;
mod repeats;
mod ruby;
mod snap;
mod text;
mod wordpress;

pub use repeats::drop_repeats;

/// All readers.
pub static READERS: [&Reader; 22] = [
    &agents::READER,
    &conda::READER,
    &dotnet::READER,
    &dotnet::RUNTIMES,
    &flatpak::READER,
    &homebrew::READER,
    &java::READER,
    &julia::READER,
    &jvm::READER,
    &kernel_module::READER,
    &lua::READER,
    &microcode::READER,
    &nix::READER,
    &npm::READER,
    &perl::READER,
    &php::READER,
    &php::PEAR,
    &python::READER,
    &r::READER,
    &ruby::READER,
    &snap::READER,
    &wordpress::READER,
];

/// Longest text of a component, in bytes: longer ones name nothing.
const LONGEST: usize = 512;

/// Reads one kind of package.
pub struct Reader {
    /// What it reads, for people: "metadata of a Python package".
    pub name: &'static str,
    /// What it wants of a file; asked for every entry of an image, so it allocates nothing.
    pub wants: fn(&Place<'_>) -> Wish,
    /// Reads a file that it asked for. What was understood before an error is handed on.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub read: fn(&Place<'_>, &[u8], &mut Emit<'_>) -> Result<(), &'static str>,
}

/// Takes components; their location is the file at hand.
pub type Emit<'e> = dyn FnMut(Component) + 'e;

/// What a reader wants of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Nothing.
    Nothing,
    /// Its path alone.
    Path,
    /// Its content.
    Content,
}

impl Wish {
    /// Its content, if so.
    fn content_if(is_wanted: bool) -> Self {
        if is_wanted { Self::Content } else { Self::Nothing }
    }

    /// Its path, if so.
    fn path_if(is_wanted: bool) -> Self {
        if is_wanted { Self::Path } else { Self::Nothing }
    }
}

/// Where an entry lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its whole path; a member of an archive is `outer!/inner`.
    pub path: &'a [u8],
    /// The last part of it.
    pub name: &'a [u8],
    /// What it is.
    pub kind: FileType,
}

impl<'a> Place<'a> {
    /// The place of the entry at `path`.
    pub fn new(path: &'a [u8], kind: FileType) -> Self {
        Self { path, name: path.rsplit(|&byte| byte == b'/').next().unwrap_or(path), kind }
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FileType::Regular
    }

    /// The parts of the path above the name, the nearest first.
    pub fn above(&self) -> impl Iterator<Item = &'a [u8]> {
        self.path.rsplit(|&byte| byte == b'/').skip(1)
    }

    /// The name of the directory it lies in.
    pub fn parent(&self) -> &'a [u8] {
        self.above().next().unwrap_or_default()
    }
}

/// Whether a component can be listed: it has a name, and its texts are short and of one line.
pub fn is_sound(component: &Component) -> bool {
    let is_text = |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
    let texts = [&component.namespace, &component.version, &component.architecture, &component.license];
    !component.name.is_empty()
        && is_text(&component.name)
        && texts.into_iter().flatten().all(|text| is_text(text))
        && component.qualifiers.iter().all(|(_, text)| is_text(text))
}

#[cfg(test)]
mod sample;
