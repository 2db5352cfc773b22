//! Images of containers, as `docker save` and OCI tools write them: layers and configurations are looked at.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::fs;
use std::io::Write;
use std::path::Path;

use assay::audit::{Quiet, Report, Settings, Target};
use sha2::{Digest, Sha256};

/// Built when the test runs: no scanner of sources may take this file for a leak.
fn token(letter: &str) -> String {
    format!(
        "gh{}{}{}",
        "p_",
        "q7XbT2mKz9LwR4vNc8HjF3yD",
        format!("{letter}5sG1dUe6").repeat(2).get(..12).unwrap()
    )
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &content[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn digest(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn layer(name: &str, letter: &str) -> Vec<u8> {
    tar(&[(name.to_owned(), format!("token = {}\n", token(letter)).into_bytes())])
}

/// A configuration: a token in the environment, another one in the history.
fn config() -> Vec<u8> {
    let (env, typed) = (token("E"), token("H"));
    format!(r#"{{"architecture":"amd64","config":{{"Env":["PATH=/bin","GITHUB_TOKEN={env}"]}},"history":[{{"created_by":"RUN curl -H 'Authorization: Bearer {typed}' https://example.org"}}]}}"#).into_bytes()
}

fn found(report: &Report, letter: &str) -> Vec<String> {
    let secret = token(letter);
    let holds = |finding: &&assay::finding::Finding| {
        finding.evidence.secrets.iter().any(|found| found.reveal() == secret.as_bytes())
    };
    let places = report.findings.iter().filter(holds);
    places.map(|finding| String::from_utf8_lossy(&finding.location.path).into_owned()).collect()
}

fn audit(root: &Path) -> Report {
    assay::audit::run(&Target::Rootfs(root.to_owned()), &Settings::default(), &Quiet).unwrap()
}

/// The blobs of an image: a plain layer, a gzip one, a zstd one, and the configuration.
fn blobs() -> Vec<(String, Vec<u8>)> {
    let layers = [
        layer("srv/a", "A"),
        gzip(&layer("srv/b", "B")),
        zstd::bulk::compress(&layer("srv/c", "C"), 3).unwrap(),
        config(),
    ];
    layers.into_iter().map(|blob| (format!("blobs/sha256/{}", digest(&blob)), blob)).collect()
}

const INSIDE: [(&str, &str); 4] = [("A", "!/srv/a"), ("B", "!/srv/b"), ("C", "!/srv/c"), ("E", "")];

fn assert_found(report: &Report, base: &str, blobs: &[(String, Vec<u8>)]) {
    for ((letter, inside), (name, _)) in INSIDE.iter().zip(blobs) {
        assert_eq!(found(report, letter), [format!("{base}{name}{inside}")], "{letter}");
    }
    assert!(!found(report, "H").is_empty(), "what the history says");
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn layers_and_configurations_of_an_oci_archive_are_searched() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = blobs();
    let mut files = blobs.clone();
    files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    fs::write(dir.path().join("image.tar"), tar(&files)).unwrap();
    assert_found(&audit(dir.path()), "/image.tar!/", &blobs);
}

#[test]
fn an_oci_layout_on_disk_is_searched() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = blobs();
    fs::create_dir_all(dir.path().join("var/lib/images/blobs/sha256")).unwrap();
    for (name, blob) in &blobs {
        fs::write(dir.path().join("var/lib/images").join(name), blob).unwrap();
    }
    assert_found(&audit(dir.path()), "/var/lib/images/", &blobs);
}

#[test]
fn what_docker_saved_of_old_is_searched() {
    let dir = tempfile::tempdir().unwrap();
    let (id, config) = ("4f".repeat(32), config());
    let files = [
        (format!("{id}/VERSION"), b"1.0".to_vec()),
        (format!("{id}/layer.tar"), layer("etc/passwd", "A")),
        (format!("{}.json", digest(&config)), config),
        ("manifest.json".to_owned(), b"[]".to_vec()),
    ];
    fs::write(dir.path().join("saved.tar.gz"), gzip(&tar(&files))).unwrap();
    let report = audit(dir.path());
    assert_eq!(found(&report, "A"), [format!("/saved.tar.gz!/saved.tar!/{id}/layer.tar!/etc/passwd")]);
    assert!(!found(&report, "E").is_empty() && report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn layers_that_lie_unpacked_on_disk_are_searched() {
    let dir = tempfile::tempdir().unwrap();
    let layer = dir.path().join("var/lib/docker/overlay2/8c1f/diff/srv");
    fs::create_dir_all(&layer).unwrap();
    fs::write(layer.join("a"), token("A")).unwrap();
    assert_eq!(found(&audit(dir.path()), "A"), ["/var/lib/docker/overlay2/8c1f/diff/srv/a"]);
}
