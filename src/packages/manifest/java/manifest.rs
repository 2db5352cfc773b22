//! `META-INF/MANIFEST.MF`: its first section, in which long lines go on behind a blank.

use super::is_value;
use crate::finding::Confidence;
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use crate::packages::manifest::text::{lines, split};

/// Bytes of a value that are read.
const VALUE: usize = 512;

/// The attributes that tell what an archive is, in the order of trust within a use.
const ATTRIBUTES: [&str; 9] = [
    "Bundle-SymbolicName",
    "Automatic-Module-Name",
    "Implementation-Title",
    "Implementation-Vendor-Id",
    "Implementation-Version",
    "Bundle-Version",
    "Plugin-Version",
    "Short-Name",
    "Specification-Version",
];

/// What a manifest says; none without a name or a version.
pub(super) fn read(content: &[u8]) -> Option<Component> {
    let values = attributes(content);
    let of = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let version = ["Implementation-Version", "Plugin-Version", "Bundle-Version", "Specification-Version"];
    let version = version.into_iter().find_map(of)?;
    let symbolic = of("Bundle-SymbolicName").or_else(|| of("Automatic-Module-Name")).map(|name| {
        let end = name.find(';').unwrap_or(name.len());
        name.get(..end).unwrap_or(name).trim()
    });
    let title = of("Implementation-Title").filter(|title| is_artifact(title));
    let name = of("Short-Name")
        .or(title)
        .or_else(|| symbolic.map(|name| name.rsplit('.').next().unwrap_or(name)))?;
    // `org.apache.commons.io` and the title `commons-io` are of the group `org.apache.commons`, or of one like it.
    let group =
        of("Implementation-Vendor-Id").or_else(|| symbolic.and_then(|name| Some(name.rsplit_once('.')?.0)));
    let (name, group) = match (name.rsplit_once(':').or_else(|| name.rsplit_once('#')), group) {
        (Some((group, name)), _) => (name, Some(group)),
        (None, group) => (name, group),
    };
    let component = Component::new(Ecosystem::Maven, name, version.split(' ').next().unwrap_or(version));
    let component = Component { namespace: group.map(str::to_owned), ..component };
    Some(component.confidence(Confidence::Low))
}

/// Titles are names of artifacts, or sentences.
fn is_artifact(title: &str) -> bool {
    title.chars().all(|c| c.is_ascii_alphanumeric() || "-._:#".contains(c))
}

fn attributes(content: &[u8]) -> Vec<(&'static str, String)> {
    let (mut found, mut current): (Vec<(&str, Vec<u8>)>, bool) = (Vec::new(), false);
    for line in lines(content).take_while(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix(b" ") {
            if let Some((_, value)) = found.last_mut().filter(|(_, value)| current && value.len() < VALUE) {
                value.extend_from_slice(rest);
            }
            continue;
        }
        let known = split(line, b':').and_then(|(name, value)| {
            let known = ATTRIBUTES.iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes()))?;
            (!found.iter().any(|(name, _)| name == known)).then_some((*known, value.to_vec()))
        });
        current = known.is_some();
        found.extend(known);
    }
    let shown = |(name, value): (&'static str, Vec<u8>)| {
        let value = String::from_utf8_lossy(value.trim_ascii()).into_owned();
        is_value(&value).then_some((name, value))
    };
    found.into_iter().filter_map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(content: &str) -> Option<(String, Option<String>)> {
        read(content.as_bytes()).map(|found| (found.full_name(), found.version))
    }

    #[test]
    fn a_manifest_tells_name_group_and_version() {
        let osgi = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.commons.io;sing\r\n leton:=true\r\nBundle-Version: 2.11.0\r\n\r\nName: x\r\n";
        assert_eq!(read_text(osgi), Some(("org.apache.commons:io".to_owned(), Some("2.11.0".to_owned()))));
        let plain = "Implementation-Title: spring-core\nImplementation-Version: 5.3.27\nImplementation-Vendor-Id: org.springframework\n";
        assert_eq!(
            read_text(plain),
            Some(("org.springframework:spring-core".to_owned(), Some("5.3.27".to_owned())))
        );
        assert_eq!(read_text("Manifest-Version: 1.0\nCreated-By: 17\n"), None);
        assert_eq!(read_text("Implementation-Title: ${x}\nImplementation-Version: 1\n"), None);
    }

    #[test]
    fn a_million_lines_are_gone_over_once() {
        let content = "X: y\n".repeat(1_000_000) + "Implementation-Version: 1\n";
        assert_eq!(read_text(&content), None);
    }
}
