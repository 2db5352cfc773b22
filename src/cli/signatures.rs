//! `--signatures DIR`: the user's own signatures, read beside those that the program carries.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{Failure, user_file};
use crate::detect::Signatures;

/// The signatures that the program carries, and those of `dir`, where one is given.
pub(super) fn read(dir: Option<&Path>) -> Result<Arc<Signatures>, Failure> {
    let more = dir.map(files).transpose()?.unwrap_or_default();
    let named = |error: &dyn std::fmt::Display| match dir {
        Some(dir) => Failure::usage(format!("--signatures {}: {error}", dir.display())),
        None => Failure::usage(error.to_string()),
    };
    Signatures::with(&more).map(Arc::new).map_err(|error| named(&error))
}

/// Every file of `dir`: path below it, text. What would be left out is an error, as nobody would notice.
fn files(dir: &Path) -> Result<Vec<(String, String)>, Failure> {
    let failed = |path: &Path, problem: &dyn std::fmt::Display| {
        Failure::usage(format!("--signatures {}: {problem}", path.display()))
    };
    let list = |path: &Path| -> Result<Vec<_>, Failure> {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut paths: Vec<_> =
            entries.map_err(|error| failed(path, &error))?.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        Ok(paths)
    };
    let mut files = Vec::new();
    for folder in list(dir)?.into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for path in list(&folder)? {
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = user_file::text(&path).map_err(|error| failed(&path, &error))?;
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((format!("{name}/{file}"), text));
        }
    }
    if files.is_empty() {
        return Err(failed(
            dir,
            &format!("no .toml file in {}/", Signatures::folders().collect::<Vec<_>>().join("/, ")),
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::engine;
    use super::*;
    use crate::audit::{Quiet, Settings, Target};
    use crate::detect;
    use crate::finding::Finding;

    const OWN: &str = "[[trace]]\nid = \"own\"\ntitle = \"Own\"\nseverity = \"low\"\nwhy = \"w\"\nremedy = \"r\"\n\
                       paths = [\"/opt/own\"]\nfind = [{ \"/opt/own\" = \"x\" }]\nsilent = [{}]\n";

    const RULE: &str = r#"[[rule]]
id = "own-token"
title = "Token of ours"
severity = "high"
confidence = "high"
why = "w"
remedy = "r"
references = []
keywords = ["ours_"]
regex = '\b(?P<secret>ours_[0-9a-f]{12})\b'
must_match = [
  { text = "ours_0123456789ab", secret = "ours_0123456789ab" },
  { text = "x=ours_ba9876543210", secret = "ours_ba9876543210" },
]
must_not_match = [
  { text = "ours_0123", because = "short" },
  { text = "ours_xyzxyzxyzxyz", because = "not hex" },
]
"#;

    const KIND: &str = r#"[[kind]]
id = "ours"
title = "Login in a file of ours"
severity = "high"
paths = ["etc/ours.conf"]
formats = ["patterns"]
lines = ['^login (?P<user>\S+) (?P<secret>\S+)$']
must_find = [{ path = "/etc/ours.conf", text = "login amy Kx9wqv72\n", secrets = ["Kx9wqv72"] }]
must_not_find = [{ path = "/etc/ours.conf", text = "; login\n", because = "a comment" }]
"#;

    const CHECK: &str = r#"[[check]]
id = "own-banner"
title = "There is a banner"
severity = "low"
why = "w"
remedy = "r"
rule = { exists = "/etc/banner" }
pass = [{ "/etc/banner" = "x" }]
fail = [{}]
"#;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    /// What is read of a folder of these files.
    fn of(files: &[(&str, &str)]) -> Result<Arc<Signatures>, String> {
        read(Some(folder(files).path())).map_err(|failure| failure.message)
    }

    fn embedded() -> Arc<Signatures> {
        read(None).ok().unwrap()
    }

    #[test]
    fn own_traces_are_added_and_replace_those_of_the_same_id() {
        let before = embedded().artifacts.all.len();
        let more = of(&[("leftovers/own.toml", OWN)]).unwrap();
        assert_eq!(more.artifacts.all.len(), before + 1);
        let replaced = of(&[("leftovers/own.toml", &OWN.replace("\"own\"", "\"machine-id\""))]).unwrap();
        assert_eq!(replaced.artifacts.all.len(), before);
        let machine_id =
            replaced.artifacts.all.iter().find(|artifact| artifact.advisory.id == "machine-id").unwrap();
        assert_eq!(machine_id.advisory.title, "Own");
    }

    /// What an audit of a tree of these files finds by `own`: ids and paths.
    fn found(own: &Arc<Signatures>, files: &[(&str, &str)]) -> Vec<String> {
        let tree = folder(files);
        let settings = Settings { detect: detect::Options::of(Arc::clone(own)), ..Settings::default() };
        let report = engine::audit(&Target::Rootfs(tree.path().to_owned()), false, settings, &Quiet);
        let shown = |finding: &Finding| {
            let path = String::from_utf8_lossy(&finding.location.path).into_owned();
            format!("{} {path}", finding.advisory.id)
        };
        let mut found: Vec<String> = report.ok().unwrap().findings.iter().map(shown).collect();
        found.sort();
        found
    }

    #[test]
    fn signatures_of_every_kind_are_looked_for() {
        let own = of(&[
            ("credentials/ours.toml", RULE),
            ("files/ours.toml", KIND),
            ("checks/ours.toml", CHECK),
            ("persistence/ours.toml", OWN),
        ]);
        let own = own.unwrap();
        let files = [
            ("srv/notes", "the token is ours_0123456789ab\n"),
            ("etc/ours.conf", "login amy Kx9wqv72\n"),
            ("opt/own", "x"),
        ];
        let expected = [
            "credential-file-ours /etc/ours.conf",
            "own /opt/own",
            "own-banner /etc/banner",
            "own-token /srv/notes",
        ];
        assert_eq!(found(&own, &files), expected);
        assert!(found(&embedded(), &files).is_empty());
        let ids: Vec<String> = engine::advisories(&own).iter().map(|advisory| advisory.id.clone()).collect();
        for id in ["own-token", "credential-file-ours", "own-banner", "own"] {
            assert!(ids.iter().any(|known| known == id), "{id}");
        }
    }

    #[test]
    fn a_signature_stands_in_the_place_of_that_of_the_same_id() {
        let own = of(&[
            ("credentials/ours.toml", &RULE.replace("own-token", "github-ghp-token")),
            ("files/ours.toml", &KIND.replace("\"ours\"", "\"git\"")),
            ("checks/ours.toml", &CHECK.replace("own-banner", "ssh-root-password")),
        ]);
        let own = own.unwrap();
        let (all, before) = (engine::advisories(&own), engine::advisories(&embedded()));
        assert_eq!(all.len(), before.len());
        let title = |id: &str| all.iter().find(|known| known.id == id).unwrap().title.clone();
        assert_eq!(title("github-ghp-token"), "Token of ours");
        assert_eq!(title("credential-file-git"), "Login in a file of ours");
        assert_eq!(title("ssh-root-password"), "There is a banner");
        let git = [("root/.git-credentials", "https://amy:Kx9wqv72zpl@git.example.org\n")];
        let by = |signatures: &Arc<Signatures>| {
            found(signatures, &git).iter().filter(|found| found.starts_with("credential-file-git")).count()
        };
        assert_eq!((by(&embedded()), by(&own)), (1, 0));
    }

    #[test]
    fn what_would_be_left_out_is_an_error_that_names_its_file() {
        assert!(of(&[]).is_err());
        for (path, text, told) in [
            ("remedies/x.toml", "", "remedies/x.toml: only credentials/, "),
            ("leftovers/x.toml", "[[trace]]\nid = 1\n", "leftovers/x.toml"),
            ("checks/x.toml", "[[check]]\nid = 1\n", "checks/x.toml"),
            ("files/x.toml", "[[kind]]\nid = 1\n", "files/x.toml"),
            ("keys/x.toml", "[[rule]]\nid = 1\n", "keys/x.toml"),
            ("credentials/x.toml", &RULE.replace("{12})", "{12}"), "credentials/x.toml: rule own-token"),
            ("credentials/x.toml", &RULE.replace("?P<secret>", ""), "needs one group called secret"),
            ("files/x.toml", &KIND.replace("\\S+)$", "\\S+$"), "credential-file-ours"),
            ("files/x.toml", &KIND.replace("[\"etc", "[\"/etc"), "begins with a slash"),
        ] {
            let problem = of(&[(path, text)]).unwrap_err();
            assert!(problem.contains(told), "{path}: {problem}");
        }
    }
}
