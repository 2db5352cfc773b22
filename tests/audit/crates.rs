//! Crates of the public registry, in cargo's home: tests in them are everybody's.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic in a test is a failed test"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use crate::program::assay;

const PUBLIC: &str = "index.crates.io-1949cf8c6b5b557f";

/// A source with a value in its code at line 1, in a doctest at line 2, in a test at line 6.
fn source() -> String {
    let value = |of: &str| {
        let word: String = Sha256::digest(of).iter().take(12).fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        format!("api_token = \"{word}\";")
    };
    format!(
        "static {}\n/// let {}\n\n#[cfg(test)]\nmod tests {{\n    let {}\n}}\n",
        value("code"),
        value("doc"),
        value("test")
    )
}

/// A crate in cargo's home, packed and unpacked; `unpacked` is what lies there of the source.
fn lay(root: &Path, index: &str, name: &str, unpacked: &str, is_in_index: bool) {
    let registry = root.join("root/.cargo/registry");
    let package = format!("{name}-1.0.0");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(source().len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, format!("{package}/src/lib.rs"), source().as_bytes()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    let packed = gzip.finish().unwrap();
    let put = |path: String, content: &[u8]| {
        let path = registry.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let sum = Sha256::digest(if is_in_index { packed.as_slice() } else { b"another" });
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    let line = |version: &str, sum: &str| {
        format!("{version}\0{{\"name\":\"{name}\",\"vers\":\"{version}\",\"cksum\":\"{sum}\"}}\0")
    };
    let list = format!("\u{3}\u{2}\0\0\0etag: x\0{}{}", line("0.9.0", &"0".repeat(64)), line("1.0.0", &sum));
    put(format!("index/{index}/.cache/{}/{}/{name}", &name[..2], &name[2..4]), list.as_bytes());
    put(format!("cache/{index}/{package}.crate"), &packed);
    put(format!("src/{index}/{package}/src/lib.rs"), unpacked.as_bytes());
}

/// The lines at which something is found at high or above.
fn lines(root: &Path, path: &str) -> Vec<u64> {
    let args = ["scan", "--rootfs", root.to_str().unwrap(), "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&assay(&args).1).unwrap();
    let is_bad = |finding: &&serde_json::Value| {
        ["critical", "high"].contains(&finding["severity"].as_str().unwrap())
            && finding["location"]["path"].as_str().unwrap().ends_with(path)
    };
    let findings = report["findings"].as_array().unwrap().iter().filter(is_bad);
    let mut lines: Vec<u64> = findings.filter_map(|finding| finding["location"]["line"].as_u64()).collect();
    lines.sort_unstable();
    lines
}

/// Severities of the keys in an `authorized_keys` among the tests of a vendored crate.
fn doors(root: &Path) -> Vec<String> {
    let args = ["scan", "--rootfs", root.to_str().unwrap(), "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&assay(&args).1).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["id"] == "authorized-key")
        .map(|finding| finding["severity"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_key_in_a_test_of_a_library_is_low_unless_sshd_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut body = b"\0\0\0\x0bssh-ed25519\0\0\0 ".to_vec();
    body.extend(Sha256::digest("a key of a test"));
    let key = format!("ssh-ed25519 {} test\n", base64::engine::general_purpose::STANDARD.encode(&body));
    let sum: String = Sha256::digest(&key).iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{{\"files\":{{\"tests/authorized_keys\":\"{sum}\"}},\"package\":\"00\"}}");
    let directory = root.join("root/app/node_modules/a");
    for (path, content) in [("tests/authorized_keys", &key), (".cargo-checksum.json", &list)] {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    assert_eq!(doors(root), ["low"]);
    fs::create_dir_all(root.join("etc/ssh")).unwrap();
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    let setting = "AuthorizedKeysFile /root/app/node_modules/a/tests/authorized_keys\n";
    fs::write(root.join("etc/ssh/sshd_config"), setting).unwrap();
    assert_eq!(doors(root), ["medium"]);
}

#[test]
fn what_tests_of_a_published_crate_hold_is_rated_low_and_its_code_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    lay(root, PUBLIC, "stock-crate", &source(), true);
    lay(root, PUBLIC, "changed-crate", &format!("{}\n", source()), true);
    lay(root, PUBLIC, "unlisted-crate", &source(), false);
    lay(root, "registry.example.org-0123456789abcdef", "private-crate", &source(), true);
    assert_eq!(lines(root, "stock-crate-1.0.0/src/lib.rs"), [1, 1]);
    assert_eq!(lines(root, "changed-crate-1.0.0/src/lib.rs"), [1, 1, 2, 6]);
    assert_eq!(lines(root, "unlisted-crate-1.0.0/src/lib.rs"), [1, 1, 2, 2, 6, 6]);
    assert_eq!(lines(root, "private-crate-1.0.0/src/lib.rs"), [1, 1, 2, 2, 6, 6]);
}
