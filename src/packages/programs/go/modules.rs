//! The list of modules: lines of words with tabs between them.
//!
//! ```text
//! path    command-line-arguments
//! mod     example.com/app     v1.2.3      h1:…
//! dep     golang.org/x/net    v0.17.0     h1:…
//! =>      golang.org/x/net    v0.17.1     h1:…
//! build   -ldflags="-X main.version=1.2.3"
//! ```

use crate::finding::Confidence;
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;

/// Modules of one program; the largest have some 1,000.
const MODULES: usize = 20_000;
/// Names of variables that builds set to the version by `-X`.
const VARIABLES: [&str; 4] = ["version", "gitdescribe", "buildversion", "appversion"];

/// The standard library by the version of Go, and the modules of the list.
pub(super) fn components(go: &[u8], list: &[u8]) -> Vec<Component> {
    let mut found: Vec<Component> = Vec::new();
    found.extend(stdlib(&String::from_utf8_lossy(go)));
    let list = String::from_utf8_lossy(list);
    let (mut main, mut flags, mut command) = (None, None, None);
    for line in list.lines().take(MODULES) {
        let mut words = line.split('\t');
        let (kind, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let version = words.next().unwrap_or_default();
        match kind {
            "path" => command = Some(path).filter(|path| path.contains('/')),
            "mod" => {
                main = Some(found.len());
                found.push(module(path, version));
            }
            "dep" => found.push(module(path, version)),
            "=>" => replace(found.last_mut(), path, version),
            "build" => flags = flags.or_else(|| path.strip_prefix("-ldflags=")),
            _ => {}
        }
    }
    // What was built outside of a module says at least which command it is.
    if let Some(command) = command.filter(|_| main.is_none()) {
        main = Some(found.len());
        found.push(module(command, ""));
    }
    let main = main.and_then(|main| found.get_mut(main)).filter(|main| main.version.is_none());
    if let Some((main, version)) = main.zip(flags.and_then(set_version)) {
        main.version = Some(version);
        main.confidence = Confidence::Medium;
    }
    found
}

/// `go1.22.1`, perhaps with experiments or a vendor's words behind; `devel go1.23-0123abc`.
fn stdlib(go: &str) -> Option<Component> {
    let word = go.split(' ').find_map(|word| word.strip_prefix("go"));
    let version = word.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(Component::new(Ecosystem::Go, "stdlib", version).evidence(Evidence::BuildInfo))
}

/// A module; what was built in its own tree has no version.
fn module(path: &str, version: &str) -> Component {
    let version = if version == "(devel)" { "" } else { version };
    Component::new(Ecosystem::Go, path, version).evidence(Evidence::BuildInfo)
}

/// What was built in place of a module: another one, or a directory, whose version nobody knows.
fn replace(last: Option<&mut Component>, path: &str, version: &str) {
    let Some(last) = last else { return };
    if version.is_empty() {
        last.version = None;
        last.confidence = Confidence::Low;
    } else {
        *last = module(path, version);
    }
}

/// The version that the flags of the linker set: `-X main.version=v1.2.3`.
fn set_version(flags: &str) -> Option<String> {
    let settings = flags.split([' ', '"', '\'', '\\']).filter_map(|word| word.split_once('='));
    let named = settings.filter_map(|(name, value)| {
        let (_, name) = name.rsplit_once('.')?;
        let value = value.strip_prefix('v').unwrap_or(value);
        let is_version = value.starts_with(|c: char| c.is_ascii_digit()) && value.contains('.');
        let rank = VARIABLES.iter().position(|variable| name.eq_ignore_ascii_case(variable))?;
        is_version.then_some((rank, value))
    });
    named.min_by_key(|(rank, _)| *rank).map(|(_, value)| format!("v{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(go: &str, list: &str) -> Vec<String> {
        let one = |component: Component| {
            format!("{} {}", component.name, component.version.unwrap_or("?".to_owned()))
        };
        components(go.as_bytes(), list.as_bytes()).into_iter().map(one).collect()
    }

    #[test]
    fn modules_are_listed_as_they_were_linked() {
        let list = "path\tx\nmod\texample.com/app\t(devel)\t\ndep\ta.com/b\tv1.0.0\th1:x\n=>\ta.com/c\tv1.0.1\th1:y\n\
                    dep\td.com/e\tv2.0.0+incompatible\n=>\t./e\t\t\nbuild\t-compiler=gc\n";
        assert_eq!(
            listed("go1.22.1 X:boringcrypto", list),
            ["stdlib 1.22.1", "example.com/app ?", "a.com/c v1.0.1", "d.com/e ?"]
        );
    }

    #[test]
    fn flags_of_the_linker_tell_the_version_of_the_main_module() {
        let list = "mod\tgithub.com/hashicorp/x\t(devel)\t\nbuild\t-ldflags=\"-s -X 'github.com/hashicorp/x/version.GitDescribe=v1.2.3' -X main.date=2020.1\"\n";
        assert_eq!(listed("go1.20", list), ["stdlib 1.20", "github.com/hashicorp/x v1.2.3"]);
        let list = "path\tgithub.com/docker/cli/cmd/docker\nbuild\t-ldflags=\"-X \\\"github.com/docker/cli/cli/version.Version=20.10.24+dfsg1\\\"\"\n";
        assert_eq!(
            listed("go1.19.8", list),
            ["stdlib 1.19.8", "github.com/docker/cli/cmd/docker v20.10.24+dfsg1"]
        );
        assert_eq!(listed("devel +0123abc", "=>\ta\tv1\n"), Vec::<String>::new());
    }
}
