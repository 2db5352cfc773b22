//! Manual pages and completions, read by those who read them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::oracle::tools::have;

fn assay(args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_assay")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn pages() -> (TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    assay(&["man", dir.path().join("man1").to_str().unwrap()]);
    let entries = fs::read_dir(dir.path().join("man1")).unwrap();
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    (dir, pages)
}

#[test]
fn every_command_that_help_shows_has_a_page_with_its_examples() {
    let (_dir, pages) = pages();
    let names: Vec<_> = pages.iter().map(|page| page.file_name().unwrap().to_str().unwrap()).collect();
    for name in ["assay.1", "assay-scan.1", "assay-baseline.1", "assay-rules.1", "assay-rules-show.1"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(
        !names
            .iter()
            .any(|name| name.contains("manifest") || name.contains("-man.") || name.contains("help"))
    );
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        assert!(text.contains("\n.SH EXAMPLES\n.nf\nassay "), "{}: {text}", page.display());
    }
}

#[test]
fn mandoc_and_man_accept_the_pages() {
    let (dir, pages) = pages();
    if have("mandoc", "mandoc") {
        for page in &pages {
            let output =
                Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(page).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            // The day of a page would change its bytes with every build.
            let rest: Vec<_> = said.lines().filter(|line| !line.contains("missing date")).collect();
            assert!(rest.is_empty(), "{}", rest.join("\n"));
        }
        let broken = dir.path().join("broken.1");
        fs::write(&broken, ".TH x 1\n.SH NAME\nx - y\n.nosuch\n").unwrap();
        let output =
            Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(broken).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("nosuch"));
    }
    if have("man", "man-db") {
        for page in &pages {
            let mut command = Command::new("man");
            command.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(page).env("MANROFFSEQ", "");
            let output = command.env("LC_ALL", "C.UTF-8").output().unwrap();
            assert!(
                output.status.success() && output.stderr.is_empty(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

#[test]
fn the_shells_accept_their_completions_and_offer_commands_and_profiles() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = assay(&["completions", shell]).stdout;
        let text = String::from_utf8_lossy(&script);
        for word in ["scan", "baseline", "public-ami", "accept-gap"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
        let file = dir.path().join(shell);
        fs::write(&file, &script).unwrap();
        if have(shell, shell) {
            let output = Command::new(shell).arg("-n").arg(&file).output().unwrap();
            assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let completed = |words: &str, last: &str, before: &str| {
        let script = format!(
            "source {}/bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); \
             _assay assay '{last}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
            dir.path().display()
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(completed("assay sc", "sc", "assay"), "scan\n");
    assert!(completed("assay scan --profile pub", "pub", "--profile").contains("public-ami"));
    // Whoever packages the program knows it; nobody else needs it.
    assert!(!completed("assay ma", "ma", "assay").contains("manifest"));
}
