//! What lies in `examples/` is read by those it is written for, uses flags that the program has, and does what it says.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod commands;
mod component;
mod manual;
mod packaging;
mod packer;
mod pipelines;
mod publisher;
mod shell;

use std::fs;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, Yaml};

/// The folder of examples.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// The strings of a YAML document, in its order.
fn scalars(text: &str) -> Vec<String> {
    fn walk(node: &Yaml<'_>, found: &mut Vec<String>) {
        found.extend(node.as_str().map(str::to_owned));
        node.as_sequence().into_iter().flatten().for_each(|node| walk(node, found));
        node.as_mapping().into_iter().flatten().for_each(|(_, node)| walk(node, found));
    }
    let mut found = Vec::new();
    Yaml::load_from_str(text).unwrap().iter().for_each(|document| walk(document, &mut found));
    found
}

/// The Debian that has nothing that must not get out.
fn clean_tree(root: &Path) {
    for (path, content) in [
        ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("etc/shadow", "root:*:19000:0:99999:7:::\n"),
        ("etc/ssh/sshd_config", "PasswordAuthentication no\nPermitRootLogin no\n"),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(root.join("etc/shadow"), private).unwrap();
}

/// Writes a program of shell into `dir`.
fn program(dir: &Path, name: &str, script: &str) {
    let path = dir.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}
