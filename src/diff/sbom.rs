//! A bill of materials as one side: CycloneDX or SPDX in JSON, of any program. It says what was installed, and nothing else.

use serde::Deserialize;

use super::Head;
use super::inventory::Inventory;
use super::inventory::packages::Software;
use super::summary::Summary;
use crate::packages::Ecosystem;
use crate::values::percent_decoded;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDx {
    bom_format: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    name: String,
    #[serde(default)]
    purl: Option<String>,
    /// Parts of a part.
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    spdx_version: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    #[serde(default)]
    reference_type: String,
    #[serde(default)]
    reference_locator: String,
}

/// Reads a bill of materials; `None` where it is none.
pub fn parse(text: &[u8]) -> Option<Summary> {
    cyclonedx(text).or_else(|| spdx(text))
}

fn cyclonedx(text: &[u8]) -> Option<Summary> {
    let document: CycloneDx = serde_json::from_slice(text).ok()?;
    if document.bom_format != "CycloneDX" {
        return None;
    }
    let mut software = Software::default();
    let mut open = document.components;
    while let Some(component) = open.pop() {
        add(&mut software, component.purl.as_deref().unwrap_or_default());
        open.extend(component.components);
    }
    let name = document.metadata.component.map(|component| component.name).unwrap_or_default();
    Some(summary(name, software))
}

fn spdx(text: &[u8]) -> Option<Summary> {
    let document: Spdx = serde_json::from_slice(text).ok()?;
    if !document.spdx_version.starts_with("SPDX-2") {
        return None;
    }
    let mut software = Software::default();
    let references = document.packages.iter().flat_map(|package| &package.external_refs);
    for reference in references.filter(|reference| reference.reference_type == "purl") {
        add(&mut software, &reference.reference_locator);
    }
    Some(summary(document.name, software))
}

fn summary(name: String, software: Software) -> Summary {
    Summary {
        head: Head { name, system: None, is_report: true },
        inventory: Some(Inventory::of_software(software)),
        ..Summary::default()
    }
}

/// Adds what a package URL names: `pkg:type/namespace/name@version?qualifiers#subpath`. Source: the specification of package
/// URLs, "How to parse a purl".
fn add(software: &mut Software, purl: &str) {
    let Some(rest) = purl.strip_prefix("pkg:") else { return };
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (path, version) = match path.rsplit_once('@') {
        // A scope begins with the same letter.
        Some((path, version)) if !path.ends_with('/') => (path, Some(decoded(version))),
        _ => (path, None),
    };
    let Some((kind, name)) = path.trim_start_matches('/').split_once('/') else { return };
    let Some(ecosystem) = Ecosystem::ALL.into_iter().find(|one| one.purl_kind().name() == kind) else {
        return;
    };
    let value = |key: &str| {
        let pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| decoded(value)).next()
    };
    let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
    let full = match (ecosystem.is_of_a_distribution(), namespace) {
        (true, _) | (_, "") => decoded(name),
        _ if ecosystem == Ecosystem::Maven => format!("{}:{}", decoded(namespace), decoded(name)),
        _ => format!("{}/{}", decoded(namespace), decoded(name)),
    };
    let epoch = value("epoch").filter(|epoch| epoch != "0");
    let version = version.map(|version| match epoch {
        Some(epoch) if !version.contains(':') => format!("{epoch}:{version}"),
        _ => version,
    });
    software.add(ecosystem, &full, version.as_deref(), value("arch").as_deref());
}

/// A part of a URL without its percent signs.
fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent_decoded(text.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::inventory::Kind;

    fn software(text: &str) -> Vec<String> {
        let inventory = parse(text.as_bytes()).unwrap().inventory.unwrap();
        let items = &inventory.items[&Kind::Packages];
        let line = |(name, fields): (&Vec<u8>, &Vec<crate::diff::inventory::Field>)| {
            let fields: Vec<&str> = fields.iter().map(|field| field.shown.as_str()).collect();
            format!("{} {}", String::from_utf8_lossy(name), fields.join(" "))
        };
        items.iter().map(line).collect()
    }

    #[test]
    fn packages_of_a_system_have_bare_names_and_others_their_kind() {
        let text = r#"{"bomFormat":"CycloneDX","components":[
            {"name":"x","purl":"pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12"},
            {"name":"x","purl":"pkg:npm/%40angular/core@1.0","components":[{"name":"y","purl":"pkg:pypi/requests@2.31.0"}]},
            {"name":"x","purl":"pkg:rpm/amzn/kernel@6.1.1-1?epoch=2"},
            {"name":"without one"}, {"name":"x","purl":"pkg:unheard-of/x@1"}]}"#;
        assert_eq!(
            software(text),
            [
                "@angular/core (npm) 1.0",
                "kernel 2:6.1.1-1",
                "libstdc++6 12.2.0-14 amd64",
                "requests (python) 2.31.0"
            ]
        );
    }

    #[test]
    fn spdx_says_the_same() {
        let text = r#"{"spdxVersion":"SPDX-2.3","name":"image","packages":[{"externalRefs":[
            {"referenceType":"purl","referenceLocator":"pkg:maven/org.a/b@1"}]}]}"#;
        assert_eq!(software(text), ["org.a:b (java) 1"]);
    }

    #[test]
    fn other_json_is_no_bill_of_materials() {
        for text in
            ["{}", "[]", r#"{"bomFormat":"other"}"#, r#"{"format":"assay-report","version":1}"#, "not json"]
        {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
