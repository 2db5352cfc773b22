//! What the packages are made of is there: docs/packaging.md tells how they are built, .ci/run builds and lints them.

use std::path::Path;

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The table of `cargo deb`.
fn package() -> toml::Table {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    manifest["package"]["metadata"]["deb"].as_table().unwrap().clone()
}

/// Whether something lies at `pattern`, of which only the last part may have stars.
fn is_there(pattern: &str) -> bool {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
    let pieces: Vec<&str> = name.split('*').collect();
    let (first, last) = (*pieces.first().unwrap(), *pieces.last().unwrap());
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    entries.into_iter().flatten().any(|entry| {
        let found = entry.unwrap().file_name().into_string().unwrap();
        let is_same = found == name;
        let fits = found.starts_with(first) && found.ends_with(last);
        if pieces.len() == 1 { is_same } else { fits && pieces.iter().all(|piece| found.contains(piece)) }
    })
}

#[test]
fn every_file_of_the_debian_package_is_there_or_is_made_as_the_guide_says() {
    let (package, guide) = (package(), text("docs/packaging.md"));
    let assets = package["assets"].as_array().unwrap();
    let sources = assets.iter().map(|asset| asset[0].as_str().unwrap());
    let named = [&package["license-file"][0], &package["changelog"]].map(|file| file.as_str().unwrap());
    for source in sources.chain(named) {
        if source.starts_with("target/") {
            let stem = source.trim_end_matches("/*.1").trim_end_matches(".bash").trim_end_matches(".zsh");
            assert!(guide.contains(stem.trim_end_matches(".fish")), "{source} is not made");
        } else {
            assert!(is_there(source), "{source} is not there");
        }
    }
    assert!(!is_there("docs/*.nothing") && !is_there("no/folder"));
}

#[test]
fn the_debian_changelog_begins_with_this_version() {
    let wanted = format!("assay ({}-1) ", env!("CARGO_PKG_VERSION"));
    assert!(text("debian/changelog").starts_with(&wanted), "{wanted}");
}

#[test]
fn the_container_takes_the_program_that_the_guide_builds_and_nothing_else_is_sent() {
    let container = text("Containerfile");
    let copied = container.lines().find_map(|line| line.strip_prefix("COPY ")).unwrap();
    let (program, _) = copied.split_once(' ').unwrap();
    let target = program.strip_prefix("target/").and_then(|rest| rest.split('/').next()).unwrap();
    assert!(text("docs/packaging.md").contains(&format!("cargo build --release --target {target}\n")));
    let sent: Vec<String> =
        text(".dockerignore").lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(sent, ["*".to_owned(), format!("!{program}")]);
}
