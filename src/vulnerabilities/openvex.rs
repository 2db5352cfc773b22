//! OpenVEX: somebody says of a product whether a vulnerability matters. Source: OpenVEX 0.2.0.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::bounded::bounded;
use super::collector::Collector;
use super::knowledge::Knowledge;
use super::matches::{Suppressed, Vulnerability};
use super::text::first_line;
use crate::packages::component::Component;
use crate::packages::inventory::Inventory;

/// Elements of each list of a document.
const LIST: usize = 100_000;

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default)]
    author: Cow<'a, str>,
    #[serde(borrow, default)]
    timestamp: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "bounded::<_, _, LIST>")]
    statements: Vec<RawStatement<'a>>,
}

#[derive(Deserialize)]
struct RawStatement<'a> {
    #[serde(borrow)]
    vulnerability: RawVulnerability<'a>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    products: Vec<Product<'a>>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    justification: Option<Cow<'a, str>>,
    #[serde(borrow)]
    impact_statement: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status_notes: Option<Cow<'a, str>>,
}

/// An object since 0.2.0, and a name before.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawVulnerability<'a> {
    Object {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow, default)]
        aliases: Vec<Cow<'a, str>>,
    },
    Name(Cow<'a, str>),
}

/// An object since 0.2.0, and an identifier before.
#[derive(Deserialize)]
#[serde(untagged)]
enum Product<'a> {
    Object {
        #[serde(borrow, rename = "@id", default)]
        id: Cow<'a, str>,
        #[serde(borrow, default)]
        subcomponents: Vec<Subcomponent<'a>>,
    },
    Name(Cow<'a, str>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Subcomponent<'a> {
    Object {
        #[serde(borrow, rename = "@id", default)]
        id: Cow<'a, str>,
    },
    Name(Cow<'a, str>),
}

/// A statement that something does not matter.
pub(super) struct Vex {
    names: Vec<String>,
    packages: Vec<PackageUrl>,
    suppressed: Suppressed,
}

/// As much of a package URL as says which package is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PackageUrl {
    kind: String,
    /// With its namespace, as advisories write it.
    name: String,
    version: Option<String>,
}

/// Reads a document.
pub(super) fn read(
    json: &[u8],
    path: &Path,
    knowledge: &mut Knowledge,
    collector: &mut Collector<'_>,
) -> Result<(), serde_json::Error> {
    let raw: Raw<'_> = serde_json::from_slice(json)?;
    for statement in raw.statements {
        collector.record(&[], &raw.timestamp);
        let names: Vec<String> = match &statement.vulnerability {
            RawVulnerability::Object { name, aliases } => {
                std::iter::once(name).chain(aliases).map(|name| name.clone().into_owned()).collect()
            }
            RawVulnerability::Name(name) => vec![name.clone().into_owned()],
        };
        let is_cleared = matches!(statement.status.as_ref(), "not_affected" | "fixed");
        if is_cleared && names.iter().any(|name| knowledge.names.contains(name)) {
            knowledge.statements.push(vex(names, statement, &raw.author, path.to_owned()));
        }
    }
    Ok(())
}

fn vex(names: Vec<String>, statement: RawStatement<'_>, author: &str, document: PathBuf) -> Vex {
    let mut packages = Vec::new();
    for product in &statement.products {
        match product {
            Product::Name(id) => packages.extend(PackageUrl::parse(id)),
            Product::Object { id, subcomponents } => {
                packages.extend(PackageUrl::parse(id));
                let inner = subcomponents.iter().map(|part| match part {
                    Subcomponent::Object { id } | Subcomponent::Name(id) => id,
                });
                packages.extend(inner.filter_map(|id| PackageUrl::parse(id)));
            }
        }
    }
    let reasons = [statement.justification, statement.impact_statement, statement.status_notes];
    let reasons: Vec<String> = reasons.into_iter().flatten().map(|reason| first_line(&reason)).collect();
    let suppressed = Suppressed::Vex {
        status: statement.status.into_owned(),
        reason: reasons.join(": "),
        author: first_line(author),
        document,
    };
    Vex { names, packages, suppressed }
}

impl Vex {
    /// Why a vulnerability does not count, if this statement is about it and about every package in it.
    pub(super) fn suppression(
        &self,
        vulnerability: &Vulnerability,
        inventory: &Inventory,
    ) -> Option<Suppressed> {
        // An advisory on several CVEs is cleared by its own name, or where it is about this one only.
        let is_named = |name: &String| {
            *name == vulnerability.advisory
                || vulnerability.aliases.contains(name)
                || (vulnerability.cves.len() == 1 && vulnerability.cves.contains(name))
        };
        let components = || vulnerability.components.iter().map(|number| inventory.components.get(*number));
        let is_about = |component: Option<&Component>| {
            component.is_some_and(|one| {
                self.packages.iter().any(|package| package.is(one, &vulnerability.package))
            })
        };
        (self.names.iter().any(is_named) && components().all(is_about)).then(|| self.suppressed.clone())
    }
}

impl PackageUrl {
    /// Source: purl-spec: `pkg:type/namespace/name@version?qualifiers#subpath`.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?;
        let rest = rest.split(['?', '#']).next()?;
        let (kind, rest) = rest.split_once('/')?;
        // An `@` in front is the scope of npm.
        let at = rest
            .rfind('@')
            .filter(|at| *at > 0 && !rest.get(*at..).is_some_and(|behind| behind.contains('/')));
        let (path, version) = at.and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        let version = version.strip_prefix('@').map(decoded).filter(|version| !version.is_empty());
        Some(Self { kind: kind.to_ascii_lowercase(), name: decoded(path.trim_matches('/')), version })
    }

    /// Whether a component, or the source package that it is built from, is meant.
    fn is(&self, component: &Component, source: &str) -> bool {
        let version = component.version.as_deref().unwrap_or_default();
        let source_version = component.source.as_ref().and_then(|source| source.version.as_deref());
        let is_version = self
            .version
            .as_deref()
            .is_none_or(|wanted| is_version(wanted, version) || Some(wanted) == source_version);
        self.kind == component.ecosystem.purl_kind().name() && is_version && self.is_called(component, source)
    }

    fn is_called(&self, component: &Component, source: &str) -> bool {
        if component.ecosystem.is_of_a_distribution() {
            let name = self.name.rsplit('/').next().unwrap_or_default();
            return name == component.name || name == source;
        }
        self.name == component.full_name() || self.name == component.full_name().replace(':', "/")
    }
}

/// Package URLs of RPM have the epoch in a qualifier.
fn is_version(wanted: &str, version: &str) -> bool {
    wanted == version || version.split_once(':').is_some_and(|(_, rest)| rest == wanted)
}

/// Without the escapes of URLs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_say_kind_name_and_version() {
        let of = |text: &str| PackageUrl::parse(text).unwrap();
        let url = of("pkg:npm/%40angular/core@12.3.1?x=y#z");
        assert_eq!(
            (url.kind.as_str(), url.name.as_str(), url.version.as_deref()),
            ("npm", "@angular/core", Some("12.3.1"))
        );
        assert_eq!(of("pkg:npm/@angular/core").version, None);
        assert_eq!(
            of("pkg:deb/debian/openssl@3.0.20-1~deb12u2%2Bb1").version.as_deref(),
            Some("3.0.20-1~deb12u2+b1")
        );
        assert_eq!(PackageUrl::parse("my product"), None);
    }
}
