//! The rules that the program carries: every file of the rule folders of `signatures/`.

use super::Family;
use super::schema::{self, Rule, RuleError};

macro_rules! files {
    ($($family:ident $folder:literal: $($name:literal)*;)*) => {
        &[$($((Family::$family, concat!($folder, "/", $name), include_str!(concat!("../../signatures/", $folder, "/", $name))),)*)*]
    };
}

/// Family, path below `signatures/`, text.
const FILES: &[(Family, &str, &str)] = files! {
    Credentials "credentials": "cloud.toml" "code.toml" "messaging.toml" "payment.toml" "ai.toml" "services.toml" "generic.toml" "infrastructure.toml" "applications.toml" "vendors.toml" "hashes.toml" "ai-providers.toml" "commerce.toml" "communication.toml" "developer-tools.toml" "hosting.toml" "observability.toml";
    Assignments "assignments": "assignments.toml" "accounts.toml";
    Keys "keys": "private-keys.toml";
    Miners "miners": "marks.toml" "installs.toml";
};

/// All rules, in the order of the files.
pub(super) fn rules() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::new();
    for (family, path, text) in FILES {
        rules.extend(schema::parse(path, text, *family)?);
    }
    Ok(rules)
}

/// The texts of all rules, one after the other.
pub(super) fn text() -> String {
    FILES.iter().map(|(_, _, text)| *text).chain([super::mnemonic::LIST]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_file_is_embedded() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures");
        let mut found = Vec::new();
        for folder in ["credentials", "assignments", "keys", "miners"] {
            for file in std::fs::read_dir(root.join(folder)).into_iter().flatten() {
                found.push(format!("{folder}/{}", file.unwrap().file_name().into_string().unwrap()));
            }
        }
        let mut listed: Vec<&str> = FILES.iter().map(|(_, path, _)| *path).collect();
        found.sort();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}
