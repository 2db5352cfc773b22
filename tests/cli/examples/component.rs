//! The component for EC2 Image Builder: its parts, and its commands on trees as an instance has them.

use std::fs;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use super::{clean_tree, text};

/// The commands of its last step, in order.
fn commands() -> Vec<String> {
    let text = text("image-builder.yml");
    let document = Yaml::load_from_str(&text).unwrap().remove(0);
    let phases = document["phases"].as_sequence().unwrap();
    let last = phases.last().unwrap()["steps"].as_sequence().unwrap().last().unwrap();
    assert_eq!((last["action"].as_str(), last["onFailure"].as_str()), (Some("ExecuteBash"), Some("Abort")));
    last["inputs"]["commands"]
        .as_sequence()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect()
}

/// Runs the commands as the instance would, with `root` in place of its own; the exit code of the last.
fn run(root: &Path) -> (Option<i32>, String) {
    let memory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_assay"), memory.path().join("assay")).unwrap();
    let script = commands().join("\n").replace("/run/assay", memory.path().to_str().unwrap());
    let script = script.replace("--rootfs / ", &format!("--rootfs {} ", root.display()));
    let output = Command::new("bash").args(["-e", "-c", &script]).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_component_has_the_parts_that_image_builder_asks_for() {
    let text = text("image-builder.yml");
    let document = Yaml::load_from_str(&text).unwrap().remove(0);
    assert_eq!(document["schemaVersion"].as_floating_point(), Some(1.0));
    let phases = document["phases"].as_sequence().unwrap();
    // With another phase it would be a component for building.
    assert!(phases.len() == 1 && phases[0]["name"].as_str() == Some("test"));
    let steps = phases[0]["steps"].as_sequence().unwrap();
    let actions: Vec<_> = steps.iter().map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["ExecuteBash", "S3Download", "ExecuteBash"]);
    let fetched = steps[1]["inputs"][0]["destination"].as_str().unwrap();
    assert!(commands().iter().any(|command| command.starts_with(&format!("{fetched} scan --rootfs / "))));
    let parameter = document["parameters"][0].as_mapping().unwrap().keys().next().unwrap().as_str().unwrap();
    assert_eq!(steps[1]["inputs"][0]["source"].as_str(), Some(format!("{{{{ {parameter} }}}}").as_str()));
}

#[test]
fn what_the_first_boot_writes_passes_and_what_was_left_fails() {
    let dir = tempfile::tempdir().unwrap();
    clean_tree(dir.path());
    let key = format!(
        "-----BEGIN {0}-----\n{1}\n-----END {0}-----\n",
        "OPENSSH PRIVATE KEY",
        "b3BlbnNzaC1rZXktdjEAAAAA".repeat(4)
    );
    fs::write(dir.path().join("etc/ssh/ssh_host_ed25519_key"), key).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(dir.path().join("etc/ssh/ssh_host_ed25519_key"), private).unwrap();
    let (code, said) = run(dir.path());
    assert_eq!(code, Some(0), "{said}");
    fs::create_dir_all(dir.path().join("srv/app")).unwrap();
    fs::write(dir.path().join("srv/app/.env"), "DB_PASSWORD=AmberFalcon2019!\n").unwrap();
    let (code, said) = run(dir.path());
    assert_eq!(code, Some(1), "{said}");
}
