//! The files of traces that the program carries.

macro_rules! files {
    ($($folder:literal: $($name:literal)*;)*) => {
        &[$($((concat!($folder, "/", $name), include_str!(concat!("../../../signatures/", $folder, "/", $name))),)*)*]
    };
}

/// Path below `signatures/`, text.
pub(super) const FILES: &[(&str, &str)] = files! {
    "leftovers": "identity.toml" "ssh.toml" "logs.toml" "accounts.toml" "build.toml" "cloud.toml" "spools.toml" "windows.toml" "logins.toml" "keys.toml";
    "persistence": "commands.toml" "scheduled.toml" "services.toml" "login.toml" "loader.toml" "hooks.toml" "hidden.toml" "rights.toml" "starts.toml" "consoles-and-daemons.toml" "programs.toml" "application-hooks.toml" "boot.toml" "generators.toml" "logins.toml" "network-hooks.toml" "user-services.toml" "web-shells.toml";
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_traces_is_embedded() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures");
        let mut found = Vec::new();
        for folder in ["leftovers", "persistence"] {
            for file in std::fs::read_dir(root.join(folder)).into_iter().flatten() {
                found.push(format!("{folder}/{}", file.unwrap().file_name().into_string().unwrap()));
            }
        }
        let mut listed: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        found.sort();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}
