//! CSAF 2.0: advisories and VEX of Red Hat and SUSE. Source: OASIS, "Common Security Advisory Framework 2.0", 3.2, and
//! Red Hat's "CSAF and VEX guidelines".
//!
//! A product is a package as a part of a platform, and may be so over several steps: a package of a module of a
//! repository. The platform is known by its CPE or its name, the package by its name, epoch, version and release.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::bounded::bounded;
use super::collector::Collector;
use super::ecosystem::OsvEcosystem;
use super::statement::{Claim, NameKind, Rating, Statement, Status, Subject};
use super::text::{cves, first_line, push_new, references};

/// Elements of each list: a flaw of the kernel is in 20,000 products.
const LIST: usize = 300_000;
/// Steps from a package to its platform.
const STEPS: usize = 4;

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    document: Head<'a>,
    #[serde(borrow, default)]
    product_tree: Tree<'a>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    vulnerabilities: Vec<RawVulnerability<'a>>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tracking: Tracking<'a>,
    #[serde(borrow)]
    aggregate_severity: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Tracking<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    current_release_date: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
struct Tree<'a> {
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    branches: Vec<Branch<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    relationships: Vec<Relationship<'a>>,
}

#[derive(Deserialize)]
struct Branch<'a> {
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    branches: Vec<Branch<'a>>,
    #[serde(borrow)]
    product: Option<Product<'a>>,
}

#[derive(Deserialize)]
struct Product<'a> {
    #[serde(borrow)]
    product_id: Cow<'a, str>,
    #[serde(borrow)]
    product_identification_helper: Option<Helper<'a>>,
}

#[derive(Deserialize)]
struct Helper<'a> {
    #[serde(borrow)]
    cpe: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Relationship<'a> {
    #[serde(borrow)]
    full_product_name: ProductName<'a>,
    #[serde(borrow)]
    product_reference: Cow<'a, str>,
    #[serde(borrow)]
    relates_to_product_reference: Cow<'a, str>,
}

#[derive(Deserialize)]
struct ProductName<'a> {
    #[serde(borrow)]
    product_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawVulnerability<'a> {
    #[serde(borrow)]
    cve: Option<Cow<'a, str>>,
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    product_status: ProductStatus<'a>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    remediations: Vec<Remediation<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    scores: Vec<Score<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    threats: Vec<Threat<'a>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    references: Vec<Reference<'a>>,
}

#[derive(Default, Deserialize)]
struct ProductStatus<'a> {
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    fixed: Vec<Cow<'a, str>>,
    /// SUSE's word for it.
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    recommended: Vec<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    known_affected: Vec<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    under_investigation: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Remediation<'a> {
    #[serde(borrow)]
    category: Cow<'a, str>,
    #[serde(borrow, default)]
    details: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "bounded::<_, _, LIST>")]
    product_ids: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Score<'a> {
    #[serde(borrow)]
    cvss_v3: Option<Vector<'a>>,
    #[serde(borrow)]
    cvss_v4: Option<Vector<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector<'a> {
    #[serde(borrow, default)]
    vector_string: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Threat<'a> {
    #[serde(borrow)]
    category: Cow<'a, str>,
    #[serde(borrow, default)]
    details: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    url: Cow<'a, str>,
}

/// Reads a document.
pub(super) fn read(json: &[u8], collector: &mut Collector<'_>) -> Result<(), serde_json::Error> {
    let raw: Raw<'_> = serde_json::from_slice(json)?;
    let products = Products::new(&raw.product_tree);
    let modified = raw.document.tracking.current_release_date.as_ref();
    let publishers = products.publishers();
    collector.record(&publishers, modified);
    if publishers.is_empty() {
        collector.unknown("CSAF of products that are no distribution known here");
    }
    let mut statement = Statement {
        advisory: raw.document.tracking.id.clone().into_owned(),
        summary: first_line(raw.document.title.as_deref().unwrap_or_default()),
        modified: modified.to_owned(),
        ratings: raw
            .document
            .aggregate_severity
            .iter()
            .map(|word| Rating::Word(word.text.clone().into_owned()))
            .collect(),
        ..Statement::default()
    };
    for vulnerability in &raw.vulnerabilities {
        statement.add(vulnerability, &products, collector);
    }
    collector.take(statement);
    Ok(())
}

impl Statement {
    fn add(&mut self, raw: &RawVulnerability<'_>, products: &Products<'_>, collector: &Collector<'_>) {
        self.cves.extend(cves(raw.cve.iter().map(AsRef::as_ref)));
        if let Some(title) = raw.title.as_deref().filter(|_| self.summary.is_empty()) {
            self.summary = first_line(title);
        }
        let vectors = raw.scores.iter().flat_map(|score| [&score.cvss_v4, &score.cvss_v3]).flatten();
        for vector in vectors {
            push_new(&mut self.ratings, Rating::Cvss(vector.vector_string.clone().into_owned()));
        }
        if self.references.is_empty() {
            self.references = references(raw.references.iter().map(|reference| reference.url.as_ref()));
        }
        let impact = raw.threats.iter().find(|threat| threat.category == "impact");
        self.ratings.extend(impact.map(|threat| Rating::Word(threat.details.clone().into_owned())));
        let plans = plans(raw);
        let status = &raw.product_status;
        let lists = [
            (&status.fixed, Status::Affected, true),
            (&status.recommended, Status::Affected, true),
            (&status.known_affected, Status::Affected, false),
            (&status.under_investigation, Status::UnderInvestigation, false),
        ];
        for (list, status, is_fixed) in lists {
            for id in list {
                let Some(mut claim) = products.claim(id, is_fixed, collector) else { continue };
                claim.status = plans.get(id.as_ref()).copied().unwrap_or(status);
                push_new(&mut self.claims, claim);
            }
        }
    }
}

/// What the vendor is going to do about products that are not mended.
fn plans<'r>(raw: &'r RawVulnerability<'_>) -> HashMap<&'r str, Status> {
    let mut plans = HashMap::new();
    for remediation in &raw.remediations {
        let status = match (remediation.category.as_ref(), remediation.details.as_ref()) {
            ("no_fix_planned", details) if details.starts_with("Out of support") => Status::EndOfLife,
            ("no_fix_planned", _) => Status::WontFix,
            ("none_available", "Fix deferred") => Status::Minor,
            ("none_available", "Under investigation") => Status::UnderInvestigation,
            _ => continue,
        };
        plans.extend(remediation.product_ids.iter().map(|id| (id.as_ref(), status)));
    }
    plans
}

/// The products of a document.
struct Products<'a> {
    /// Their CPE, by their ids.
    cpes: HashMap<&'a str, &'a str>,
    /// What each is made of: a part, and what that is a part of.
    parts: HashMap<&'a str, (&'a str, &'a str)>,
}

impl<'a> Products<'a> {
    fn new(tree: &'a Tree<'_>) -> Self {
        let mut cpes = HashMap::new();
        let mut todo: Vec<&Branch<'_>> = tree.branches.iter().collect();
        while let Some(branch) = todo.pop() {
            todo.extend(&branch.branches);
            let Some(product) = &branch.product else { continue };
            let cpe = product.product_identification_helper.as_ref().and_then(|helper| helper.cpe.as_deref());
            cpes.insert(product.product_id.as_ref(), cpe.unwrap_or_default());
        }
        let part = |one: &'a Relationship<'_>| {
            let pair = (one.product_reference.as_ref(), one.relates_to_product_reference.as_ref());
            (one.full_product_name.product_id.as_ref(), pair)
        };
        Self { cpes, parts: tree.relationships.iter().map(part).collect() }
    }

    /// The distributions that it is about.
    fn publishers(&self) -> Vec<OsvEcosystem> {
        let mut publishers = Vec::new();
        let mut platforms: Vec<_> = self.cpes.iter().collect();
        platforms.sort_unstable();
        for (id, cpe) in platforms {
            if let Some((ecosystem, _)) = platform(id, cpe) {
                push_new(&mut publishers, ecosystem);
            }
        }
        publishers
    }

    /// What is said of a product; `None` where it is no package that is asked for.
    fn claim(&self, id: &str, is_fixed: bool, collector: &Collector<'_>) -> Option<Claim> {
        let (package, mut whole) = *self.parts.get(id)?;
        let mut modules = Vec::new();
        for _ in 0..STEPS {
            let Some((part, next)) = self.parts.get(whole) else { break };
            // The module that a package is a part of: `nodejs:18:8090020240101:rhel8`.
            modules.extend(stream(part));
            whole = next;
        }
        let (ecosystem, release) = platform(whole, self.cpes.get(whole).copied().unwrap_or_default())?;
        // The module of a package stands behind it, or before it: `perl-FCGI-1:0.78-12.module+el8.x86_64::perl-FCGI:0.78`.
        let (package, module) = package.split_once("::").unwrap_or((package, ""));
        modules.extend(stream(module));
        let package = match package.rsplit_once('/') {
            Some((module, inner)) => {
                modules.extend(stream(module));
                inner
            }
            None => package,
        };
        // Without a version, `.src` marks a source package; without that it may be either.
        let (name, evr, architecture) = if is_fixed { nevra(package)? } else { (package, String::new(), "") };
        let (name, kind) = match name.strip_suffix(".src") {
            Some(source) => (source, NameKind::Source),
            None if is_fixed => (name, NameKind::Binary),
            None => (name, NameKind::Either),
        };
        if !collector.judge.wanted.has(ecosystem, name) || architecture == "src" {
            return None;
        }
        let mut subject = Subject::new(ecosystem, release, name);
        subject.modules = modules;
        subject.kind = kind;
        let claim = Claim::new(subject);
        Some(if is_fixed { claim.before(evr) } else { claim.unfixed() })
    }
}

/// `nodejs:18` of `nodejs:18:8090020240101:rhel8`.
fn stream(module: &str) -> Option<String> {
    let mut parts = module.split(':');
    Some(format!("{}:{}", parts.next()?, parts.next()?))
}

/// The distribution and the release of a platform, by its CPE, and of SUSE by its name.
fn platform(id: &str, cpe: &str) -> Option<(OsvEcosystem, String)> {
    let product = ["cpe:/o:redhat:", "cpe:/a:redhat:"].iter().find_map(|prefix| cpe.strip_prefix(prefix));
    if let Some(product) = product {
        return Some((OsvEcosystem::RedHat, product.to_owned()));
    }
    let name = |prefix: &str| id.strip_prefix(prefix).map(str::to_owned);
    name("openSUSE ")
        .map(|release| (OsvEcosystem::OpenSuse, release))
        .or_else(|| name("SUSE ").map(|release| (OsvEcosystem::Suse, release)))
}

/// Name, epoch with version and release, and architecture of `openssl-1:3.0.7-16.el9_2.x86_64`.
fn nevra(text: &str) -> Option<(&str, String, &str)> {
    const ARCHITECTURES: [&str; 12] = [
        "x86_64", "noarch", "src", "i386", "i486", "i586", "i686", "aarch64", "ppc64le", "ppc64", "s390x",
        "s390",
    ];
    let (rest, architecture) = match text.rsplit_once('.') {
        Some((rest, last)) if ARCHITECTURES.contains(&last) => (rest, last),
        _ => (text, ""),
    };
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let version = version.strip_prefix("0:").unwrap_or(version);
    Some((name, format!("{version}-{release}"), architecture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_split_from_behind() {
        assert_eq!(
            nevra("openssl-libs-1:3.0.7-16.el9_2.x86_64"),
            Some(("openssl-libs", "1:3.0.7-16.el9_2".to_owned(), "x86_64"))
        );
        assert_eq!(nevra("curl-0:7.61.1-33.el8.src"), Some(("curl", "7.61.1-33.el8".to_owned(), "src")));
        assert_eq!(
            nevra("samba-client-libs-4.19.4+git.339.acf1ccaa02-1.22"),
            Some(("samba-client-libs", "4.19.4+git.339.acf1ccaa02-1.22".to_owned(), ""))
        );
        assert_eq!(nevra("openssl"), None);
    }

    #[test]
    fn platforms_are_known_by_cpe_or_name() {
        let of =
            |id: &str, cpe: &str| platform(id, cpe).map(|(ecosystem, release)| (ecosystem.name(), release));
        assert_eq!(
            of("AppStream-9.2.0.Z.EUS", "cpe:/a:redhat:rhel_eus:9.2::appstream"),
            Some(("Red Hat", "rhel_eus:9.2::appstream".to_owned()))
        );
        assert_eq!(
            of("SUSE Linux Enterprise Server 15 SP5", "cpe:/o:suse:sles:15:sp5"),
            Some(("SUSE", "Linux Enterprise Server 15 SP5".to_owned()))
        );
        assert_eq!(of("Satellite", "cpe:/a:other:x"), None);
    }
}
