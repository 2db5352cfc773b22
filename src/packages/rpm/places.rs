//! Other places of RPM's database, as its macros say: `%_dbpath`.

use crate::files::{SystemReader, lines};

/// Files of macros, and folders of them; later ones count, but a database at an earlier place was one, too.
const FILES: [&[u8]; 2] = [b"/usr/lib/rpm/macros", b"/etc/rpm/macros"];
const FOLDERS: [&[u8]; 3] = [b"/usr/lib/rpm/macros.d", b"/usr/lib/rpm/vendor", b"/etc/rpm"];
/// Bytes of one file.
const LIMIT: u64 = 1 << 20;
/// Files that are read, and places that are taken.
const MOST: usize = 200;
const PLACES: usize = 8;

/// The places that macros name, without those that need the environment.
pub(super) fn configured(reader: &mut SystemReader<'_>) -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = FILES.map(<[u8]>::to_vec).to_vec();
    for folder in FOLDERS {
        let names = reader.list(folder).into_iter().map(|(name, _)| name);
        let macros = names.filter(|name| name.starts_with(b"macros") || folder.ends_with(b".d"));
        files.extend(macros.map(|name| [folder, b"/", name.as_slice()].concat()));
    }
    let mut places = Vec::new();
    for file in files.into_iter().take(MOST) {
        let content = reader.read(&file, LIMIT).unwrap_or_default();
        for place in lines(&content).filter_map(|(_, line)| place(line)) {
            if places.len() < PLACES && !places.contains(&place) && !super::PLACES.contains(&place.as_slice())
            {
                places.push(place);
            }
        }
    }
    places
}

/// The place that a line names.
fn place(line: &[u8]) -> Option<Vec<u8>> {
    let value = line.trim_ascii_start().strip_prefix(b"%_dbpath")?;
    let value = value.strip_prefix(b" ").or_else(|| value.strip_prefix(b"\t"))?.trim_ascii();
    const MACROS: [(&str, &str); 4] =
        [("%{_var}", "/var"), ("%{_usr}", "/usr"), ("%{_prefix}", "/usr"), ("%{_sysconfdir}", "/etc")];
    let mut text = String::from_utf8(value.to_vec()).ok()?;
    for (name, stands_for) in MACROS {
        text = text.replace(name, stands_for);
    }
    let text = text.trim_end_matches('/');
    (text.starts_with('/') && !text.contains('%')).then(|| text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_absolute_path_without_macros_that_are_not_known() {
        let of = |line: &str| place(line.as_bytes()).map(|place| String::from_utf8(place).unwrap());
        assert_eq!(of("%_dbpath\t\t%{_var}/lib/rpm").as_deref(), Some("/var/lib/rpm"));
        assert_eq!(of("%_dbpath /srv/rpm/").as_deref(), Some("/srv/rpm"));
        for line in
            ["%_dbpath %{getenv:HOME}/.rpmdb", "%_dbpathx /a", "# %_dbpath /a", "%_dbpath rpm", "%_dbpath"]
        {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
