//! The template for Packer: parsed here, and judged by Packer where it is.

use std::fs;
use std::process::{Command, Output};

use hcl_edit::structure::Body;

use super::{program, text};
use crate::oracle::tools::have;

/// Packer on `template` with `args`; no plugin, check for news or home of the user comes into it.
fn packer(args: &[&str], template: &str, path: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("image.pkr.hcl");
    fs::write(&file, template).unwrap();
    fs::write(dir.path().join("disk.qcow2"), "").unwrap();
    let mut command = Command::new("packer");
    command.args(args).arg(&file).current_dir(dir.path()).env("PATH", path).env("HOME", dir.path());
    command.env("CHECKPOINT_DISABLE", "1").env("PACKER_LOG", "0").output().unwrap()
}

/// The template with a disk that needs no network.
fn local() -> String {
    let text = text("packer/image.pkr.hcl");
    let lines = text.lines().map(|line| match line.trim_start() {
        line if line.starts_with("iso_url") => "iso_url = \"disk.qcow2\"".to_owned(),
        line if line.starts_with("iso_checksum") => "iso_checksum = \"none\"".to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_templates_are_hcl() {
    for name in ["packer/image.pkr.hcl", "packer/plugins.pkr.hcl"] {
        let text = text(name);
        assert!(text.parse::<Body>().is_ok(), "{name}");
        assert!(text.replacen('}', "", 1).parse::<Body>().is_err(), "{name}");
    }
}

#[test]
fn packer_accepts_the_template() {
    if !have("packer", "packer") {
        return;
    }
    let path = std::env::var("PATH").unwrap();
    let valid = |template: &str| packer(&["validate"], template, &path);
    let said = valid(&local());
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    for (right, wrong) in [("\"source.qemu.disk\"", "\"source.qemu.disc\""), ("inline =", "inlines =")] {
        let said = valid(&local().replacen(right, wrong, 1));
        assert!(!said.status.success(), "{wrong}");
    }
}

#[test]
fn a_build_by_packer_fails_where_the_audit_does() {
    if !have("packer", "packer") {
        return;
    }
    // The same build of a disk that is there at once: a file in place of a virtual machine.
    let source = "source \"file\" \"disk\" {\n  content = \"x\"\n  target = \"output/disk.raw\"\n}\n";
    let build = local().split_once("build {").map(|(_, build)| format!("{source}build {{{build}")).unwrap();
    let build = build.replace(", \"source.amazon-ebs.ami\"", "").replace("qemu.disk", "file.disk");
    // Packer wants to know the builds that `only` speaks of; the AMI's are not there.
    let build = build.split_once("  # An AMI lies").map(|(build, _)| format!("{build}}}\n")).unwrap();
    for (code, ends_well) in [(0, true), (1, false), (4, false)] {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        program(dir.path(), "assay", &format!("echo \"$@\" >> {}\nexit {code}", log.display()));
        let path = format!("{}:/usr/bin:/bin", dir.path().display());
        let said = packer(&["build"], &build, &path);
        let shown = String::from_utf8_lossy(&said.stdout);
        assert_eq!(said.status.success(), ends_well, "{code}: {shown}");
        assert_eq!(fs::read_to_string(&log).unwrap(), "scan output/disk.raw --profile golden\n", "{shown}");
    }
}
