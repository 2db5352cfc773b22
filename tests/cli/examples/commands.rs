//! The command lines of `assay` in the examples.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use assay::cli::Exit;

use super::{folder, scalars};
use crate::program::assay;

/// The texts of an example: of YAML its strings, as its reader sees them.
fn texts(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let is_yaml = path.extension().is_some_and(|extension| extension == "yml");
    if is_yaml { scalars(&text) } else { vec![text] }
}

fn files(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// The command lines in a text: what follows the program's name up to the end of the line or of the quotes around.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with(['#', '/']) || line.starts_with("/run"));
    let command = |line: &str| {
        let (before, rest) = line.split_at(line.find("assay scan ")?);
        let before = before.chars().next_back();
        let rest = match before {
            Some(quote @ ('\'' | '"')) => rest.split(quote).next()?,
            Some('/' | ' ') | None => rest,
            Some(_) => return None,
        };
        Some(rest.to_owned())
    };
    lines.filter_map(command).collect()
}

/// The words of a command line, without the quotes of the shell.
fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(|word| word.replace(['"', '\''], "")).collect()
}

/// A word with names in place of what only the pipeline knows, and with no tree and no file that there is.
fn made_up(word: &str, dir: &Path) -> String {
    let none = dir.join("none").display().to_string();
    match word.split_once('$') {
        Some((before, _)) => format!("{before}{none}"),
        None if word == "/" => none,
        None => word.to_owned(),
    }
}

#[test]
fn every_command_line_in_the_examples_is_understood_by_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let (mut paths, mut count) = (Vec::new(), 0);
    files(&folder(), &mut paths);
    for path in paths {
        let found: Vec<String> = texts(&path).iter().flat_map(|text| commands(text)).collect();
        // What stands before or behind a command, and has none.
        let is_guide = ["plugins.pkr.hcl", "export-aws.sh", "import-findings.sh"]
            .iter()
            .any(|name| path.ends_with(name));
        assert!(is_guide || !found.is_empty(), "{}: no command of assay", path.display());
        for command in found {
            let args = words(&command)
                .iter()
                .map(|word| OsString::from(made_up(word, dir.path())))
                .collect::<Vec<_>>();
            // There is no such image: that is told only where everything before it was right.
            let (exit, _, said) = assay(args.get(1..).unwrap());
            assert_eq!(exit, Exit::UNREADABLE, "{}: {command}: {said}", path.display());
            assert!(said.contains("no such file") || said.contains("no such directory"), "{command}: {said}");
            count += 1;
        }
    }
    assert_eq!(count, 7);
}

#[test]
fn command_lines_are_found_in_all_kinds_of_quotes() {
    let found = commands(
        "  sh 'assay scan a.raw -q' // x\n# assay scan no\n\"assay scan b\",\n/run/x/assay scan --rootfs /\nassay scan \"$i\" \\\n  -q\nxassay scan no\n",
    );
    assert_eq!(
        found,
        ["assay scan a.raw -q", "assay scan b", "assay scan --rootfs /", "assay scan \"$i\"    -q"]
    );
}
