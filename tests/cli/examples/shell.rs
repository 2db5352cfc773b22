//! Shell in the examples, read by shells and by shellcheck.

use std::fs;
use std::process::Command;

use super::{folder, scalars, text};
use crate::oracle::tools::have;

/// Whether `program` accepts `script`, and what it says.
fn judged(program: &str, args: &[&str], script: &str) -> (bool, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), script).unwrap();
    let output = Command::new(program).args(args).arg(file.path()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// The scripts: a file, and what the component for Image Builder hands to bash.
fn scripts() -> Vec<String> {
    let component = scalars(&text("image-builder.yml"));
    let commands = component.into_iter().filter(|text| {
        ["cat ", "chmod ", "mkdir ", "/run/assay/assay scan"].iter().any(|word| text.starts_with(word))
    });
    let commands: Vec<String> = commands.map(|command| format!("#!/bin/bash\n{command}\n")).collect();
    assert_eq!(commands.len(), 4);
    commands.into_iter().chain([text("publish-ami.sh")]).collect()
}

#[test]
fn every_script_is_shell() {
    for script in scripts() {
        let (is_right, said) = judged("bash", &["-n"], &script);
        assert!(is_right, "{said}");
    }
    assert!(!judged("bash", &["-n"], "if true; then\n").0);
    let mode = fs::metadata(folder().join("publish-ami.sh")).unwrap();
    assert!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o111 == 0o111);
}

#[test]
fn shellcheck_has_nothing_to_say() {
    if !have("shellcheck", "shellcheck") {
        return;
    }
    for script in scripts() {
        let (is_right, said) = judged("shellcheck", &[], &script);
        assert!(is_right, "{said}");
    }
    assert!(!judged("shellcheck", &[], "#!/bin/bash\nrm $1\n").0);
}
