//! Names of members against AWS's service models.

use std::collections::BTreeSet;

/// `image_owner_alias` as the model has it: `ImageOwnerAlias`.
fn pascal(name: &str) -> String {
    let capital =
        |word: &str| word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default();
    name.split('_').map(capital).collect()
}

#[test]
fn every_member_that_is_read_is_one_of_aws_s_models() {
    let known: BTreeSet<&str> = include_str!("aws_fields.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next_back())
        .collect();
    let source = include_str!("../../src/sourcing/export/shapes.rs");
    let (mut renamed, mut read) = (None, 0);
    for line in source.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("#[serde(rename = \"") {
            renamed = name.split('"').next().map(str::to_owned);
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|line| line.split_once(": ")) {
            let name = renamed.take().unwrap_or_else(|| pascal(name));
            read += 1;
            assert!(known.contains(name.as_str()), "{name} is no member of any of the calls");
        }
    }
    assert!(read > 90, "{read}");
}

#[test]
fn nothing_of_sourcing_opens_a_socket() {
    fn sources(dir: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let mut files = Vec::new();
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 300);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["std::net", "TcpStream", "UdpSocket", "UnixStream", "rustix::net", "::socket("] {
            assert!(
                !text.contains(word) || text.contains("fn nothing_of_sourcing"),
                "{} uses {word}",
                file.display()
            );
        }
    }
}
