//! The files of remedies that the program carries.

use super::{Remedies, schema};

macro_rules! files {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../../signatures/remedies/", $name))),)*] };
}

/// Name below `signatures/remedies/`, text: in the order in which they are asked.
const FILES: &[(&str, &str)] = files! {
    "leftovers.toml" "accounts.toml" "secrets.toml" "persistence.toml" "hardening.toml" "origins.toml" "packages.toml"
};

/// The texts of all files.
pub fn text() -> String {
    FILES.iter().map(|(_, text)| *text).collect()
}

/// Reads them all.
pub(super) fn read() -> Result<Remedies, String> {
    let mut all = Remedies::default();
    for (name, text) in FILES {
        let file = schema::parse(text).map_err(|problem| format!("remedies/{name}: {problem}"))?;
        all.entries.extend(file.entries);
        all.origins.extend(file.origins);
        all.installers.extend(file.installers);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_remedies_is_embedded_and_can_be_read() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures/remedies");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut found: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let mut listed: Vec<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
        if let Err(problem) = read() {
            panic!("{problem}");
        }
    }
}
