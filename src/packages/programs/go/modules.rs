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
const VARIABLES: [&str; 5] = ["version", "gitversion", "gitdescribe", "buildversion", "appversion"];

/// Hosts of everybody: owner and repository follow.
const HOSTS: [&str; 3] = ["github.com/", "gitlab.com/", "bitbucket.org/"];

/// The standard library by the version of Go, and the modules of the list.
pub(super) fn components(go: &[u8], list: &[u8]) -> Vec<Component> {
    let mut found: Vec<Component> = Vec::new();
    found.extend(stdlib(&String::from_utf8_lossy(go)));
    let list = String::from_utf8_lossy(list);
    let (mut main, mut flags, mut command) = (None, None, None);
    // Modules that were built out of a directory, with the versions that were asked for.
    let mut local: Vec<(String, String)> = Vec::new();
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
            "=>" => local.extend(replace(found.last_mut(), path, version)),
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
    if let Some(main) = main
        && let Some(version) = flags.and_then(set_version).or_else(|| of_sibling(&main.name, &local))
    {
        main.version = Some(version);
        main.confidence = Confidence::Medium;
    }
    found
}

/// The version of a program whose repository has several modules, which are released together: that by which it asks for
/// the others, though they are built out of the same tree. So etcd does.
fn of_sibling(main: &str, local: &[(String, String)]) -> Option<String> {
    let root = |path: &str| path.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let own = root(main);
    // `go.etcd.io/etcd`: two parts, where the host is the project's own.
    let short = own.split('/').take(2).collect::<Vec<_>>().join("/");
    let is_of = |path: &str| {
        root(path) == own
            || !HOSTS.iter().any(|host| own.starts_with(host)) && path.starts_with(&format!("{short}/"))
    };
    let mut versions = local.iter().filter(|(path, version)| is_of(path) && version != "v0.0.0");
    let (_, first) = versions.next()?;
    versions.all(|(_, version)| version == first).then(|| first.clone())
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

/// What was built in place of a module: another one, or a directory, whose version nobody knows. Of a directory the module
/// with the version that was asked for.
fn replace(last: Option<&mut Component>, path: &str, version: &str) -> Option<(String, String)> {
    let last = last?;
    if version.is_empty() || path.starts_with(['.', '/']) {
        last.confidence = Confidence::Low;
        return last.version.take().map(|version| (last.name.clone(), version));
    }
    *last = module(path, version);
    None
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
    fn modules_of_one_repository_that_are_released_together_have_one_version() {
        let list = "path\tgo.etcd.io/etcd/server/v3\nmod\tgo.etcd.io/etcd/server/v3\t(devel)\t\n\
                    dep\tgo.etcd.io/etcd/api/v3\tv3.5.9\n=>\t../api\t(devel)\t\n\
                    dep\tgo.etcd.io/bbolt\tv1.3.7\th1:x\ndep\tother.org/x\tv1.0.0\n=>\t/src/x\t(devel)\t\n";
        assert_eq!(
            listed("go1.19.9", list),
            [
                "stdlib 1.19.9",
                "go.etcd.io/etcd/server/v3 v3.5.9",
                "go.etcd.io/etcd/api/v3 ?",
                "go.etcd.io/bbolt v1.3.7",
                "other.org/x ?"
            ]
        );
        // Staging modules of Kubernetes have no versions.
        let list = "mod\tk8s.io/kubernetes\t(devel)\t\ndep\tk8s.io/api\tv0.0.0\n=>\t./staging/src/k8s.io/api\t(devel)\t\n";
        assert_eq!(listed("go1.21", list), ["stdlib 1.21", "k8s.io/kubernetes ?", "k8s.io/api ?"]);
        let list = "mod\tgithub.com/a/b\t(devel)\t\ndep\tgithub.com/a/c\tv1.0.0\n=>\t../c\t(devel)\t\n";
        assert_eq!(listed("go1.21", list), ["stdlib 1.21", "github.com/a/b ?", "github.com/a/c ?"]);
    }

    #[test]
    fn flags_of_the_linker_tell_the_version_of_the_main_module() {
        let list = "mod\tgithub.com/hashicorp/x\t(devel)\t\nbuild\t-ldflags=\"-s -X 'github.com/hashicorp/x/version.GitDescribe=v1.2.3' -X main.date=2020.1\"\n";
        assert_eq!(listed("go1.20", list), ["stdlib 1.20", "github.com/hashicorp/x v1.2.3"]);
        let list = "mod\tk8s.io/kubernetes\t(devel)\t\nbuild\t-ldflags=\"-X 'k8s.io/component-base/version.gitMajor=1' -X 'k8s.io/component-base/version.gitVersion=v1.28.3'\"\n";
        assert_eq!(listed("go1.20", list), ["stdlib 1.20", "k8s.io/kubernetes v1.28.3"]);
        let list = "path\tgithub.com/docker/cli/cmd/docker\nbuild\t-ldflags=\"-X \\\"github.com/docker/cli/cli/version.Version=20.10.24+dfsg1\\\"\"\n";
        assert_eq!(
            listed("go1.19.8", list),
            ["stdlib 1.19.8", "github.com/docker/cli/cmd/docker v20.10.24+dfsg1"]
        );
        assert_eq!(listed("devel +0123abc", "=>\ta\tv1\n"), Vec::<String>::new());
    }
}
