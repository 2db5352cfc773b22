//! What two files say of one package, where one says less: known only when all files were seen.

use std::collections::BTreeSet;

use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;

/// Composer's two lists of the same packages.
const LISTS: [&[u8]; 2] = [b"/installed.php", b"/installed.json"];

/// What tells one installation of a package from another.
type Key = (usize, Ecosystem, String, Option<String>, Vec<(&'static str, String)>);

/// Drops a name without a version where another file says the version, and what Composer says twice.
pub fn drop_repeats(components: &mut Vec<Component>) {
    let versioned = components.iter().filter(|component| component.version.is_some());
    let known: BTreeSet<Key> = versioned.clone().map(key).collect();
    let listed: BTreeSet<(Vec<u8>, String)> =
        versioned.filter_map(|one| Some((list(one, 1)?, one.full_name()))).collect();
    components.retain(|one| {
        let says_less =
            one.version.is_none() && one.evidence == Evidence::FileName && known.contains(&key(one));
        let is_twice = list(one, 0).is_some_and(|place| listed.contains(&(place, one.full_name())));
        !says_less && !is_twice
    });
}

fn key(component: &Component) -> Key {
    let qualifiers = component.qualifiers.clone();
    (component.system, component.ecosystem, component.full_name(), component.architecture.clone(), qualifiers)
}

/// The directory of a component that one of the two lists names.
fn list(component: &Component, which: usize) -> Option<Vec<u8>> {
    let name = LISTS.get(which).filter(|_| component.ecosystem == Ecosystem::Composer)?;
    component.location.path.strip_suffix(*name).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{listed, read};
    use super::*;

    #[test]
    fn a_name_without_a_version_goes_where_the_version_is_known() {
        let mut all: Vec<Component> = [
            ("/var/lib/snapd/snaps/lxd_1.snap", ""),
            ("/var/lib/snapd/snaps/lxd_2.snap", ""),
            ("/var/lib/snapd/snaps/lxd_2.snap!/meta/snap.yaml", "name: lxd\nversion: '5'\n"),
            ("/srv/composer/installed.json", r#"[{"name": "a/b", "version": "1"}]"#),
            (
                "/srv/composer/installed.php",
                "'versions' => array(\n'a/b' => array(\n'pretty_version' => '1',\n",
            ),
            (
                "/opt/composer/installed.php",
                "'versions' => array(\n'a/b' => array(\n'pretty_version' => '1',\n",
            ),
        ]
        .into_iter()
        .flat_map(|(path, content)| read(path, content).0)
        .collect();
        drop_repeats(&mut all);
        assert_eq!(listed(&all), ["lxd ?", "lxd 5", "a/b 1", "a/b 1"]);
    }
}
