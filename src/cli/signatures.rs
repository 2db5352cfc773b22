//! `--signatures DIR`: the user's own traces, read beside those that the program carries.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::Failure;
use crate::checks::Traces;

/// The folders of signatures that can be added to.
const FOLDERS: [&str; 2] = ["leftovers", "persistence"];

/// The traces that the program carries, and those of `dir`, where one is given.
pub(super) fn traces(dir: Option<&Path>) -> Result<Arc<Traces>, Failure> {
    let more = dir.map(read).transpose()?.unwrap_or_default();
    let named = |error: &dyn std::fmt::Display| match dir {
        Some(dir) => Failure::usage(format!("--signatures {}: {error}", dir.display())),
        None => Failure::usage(error.to_string()),
    };
    Traces::with(&more).map(Arc::new).map_err(|error| named(&error))
}

/// Every file of `dir`: path below it, text. What would be left out is an error, as nobody would notice.
fn read(dir: &Path) -> Result<Vec<(String, String)>, Failure> {
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
            if !FOLDERS.contains(&name.as_str()) {
                return Err(failed(&path, &format!("only {} can be added to", FOLDERS.join("/ and ") + "/")));
            }
            let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((format!("{name}/{file}"), text));
        }
    }
    if files.is_empty() {
        return Err(failed(
            dir,
            &format!("no .toml file in {}", FOLDERS.map(|name| format!("{name}/")).join(", ")),
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "[[trace]]\nid = \"own\"\ntitle = \"Own\"\nseverity = \"low\"\nwhy = \"w\"\nremedy = \"r\"\n\
                       paths = [\"/opt/own\"]\nfind = [{ \"/opt/own\" = \"x\" }]\nsilent = [{}]\n";

    #[test]
    fn own_traces_are_added_and_replace_those_of_the_same_id() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("leftovers")).unwrap();
        fs::write(dir.path().join("leftovers/own.toml"), OWN).unwrap();
        let before = traces(None).ok().unwrap().all.len();
        assert_eq!(traces(Some(dir.path())).ok().unwrap().all.len(), before + 1);
        fs::write(dir.path().join("leftovers/own.toml"), OWN.replace("\"own\"", "\"machine-id\"")).unwrap();
        let replaced = traces(Some(dir.path())).ok().unwrap();
        assert_eq!(replaced.all.len(), before);
        let machine_id = replaced.all.iter().find(|trace| trace.advisory.id == "machine-id").unwrap();
        assert_eq!(machine_id.advisory.title, "Own");
    }

    #[test]
    fn what_would_be_left_out_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(traces(Some(dir.path())).is_err());
        fs::create_dir(dir.path().join("credentials")).unwrap();
        fs::write(dir.path().join("credentials/x.toml"), "").unwrap();
        let message = traces(Some(dir.path())).err().unwrap().message;
        assert!(message.contains("only leftovers/ and persistence/ can be added to"), "{message}");
        fs::create_dir(dir.path().join("leftovers")).unwrap();
        fs::remove_file(dir.path().join("credentials/x.toml")).unwrap();
        fs::write(dir.path().join("leftovers/x.toml"), "[[trace]]\nid = 1\n").unwrap();
        assert!(traces(Some(dir.path())).err().unwrap().message.contains("leftovers/x.toml"));
    }
}
