//! The software of an image as a CycloneDX 1.6 document.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.

use serde::Serialize;

use super::{Item, items, systems, uuid};
use crate::audit::Report;
use crate::finding::Confidence;
use crate::packages::component::{Evidence, Origin};
use crate::packages::{Ecosystem, State};
use crate::report::format::Format;
use crate::report::words::{boots, shown};
use crate::report::{Run, TOOL_VERSION, file_name, json};
use assay_disk::text::Escaped;

/// `--format cyclonedx`.
pub static FORMAT: Format = Format {
    name: "cyclonedx",
    about: "The software of the image: CycloneDX 1.6",
    extensions: &[],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with('{') && text.contains("\"CycloneDX\""),
    render: |told| render(told.report, told.run),
};

/// The image within the document.
const IMAGE: &str = "image";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata,
    components: Vec<Part>,
    dependencies: Vec<Dependency>,
    compositions: Vec<Composition>,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "String::is_empty")]
    timestamp: String,
    tools: Tools,
    component: Part,
}

#[derive(Serialize)]
struct Tools {
    components: Vec<Part>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Supplier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenseChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Found>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Supplier {
    name: String,
}

#[derive(Serialize)]
struct LicenseChoice {
    license: License,
}

#[derive(Serialize)]
struct License {
    name: String,
}

#[derive(Serialize)]
struct Found {
    identity: Vec<Identity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    occurrences: Vec<Occurrence>,
}

#[derive(Serialize)]
struct Identity {
    field: &'static str,
    confidence: f32,
    methods: Vec<Method>,
}

#[derive(Serialize)]
struct Method {
    technique: &'static str,
    confidence: f32,
    value: &'static str,
}

#[derive(Serialize)]
struct Occurrence {
    location: String,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    depends_on: Vec<String>,
}

#[derive(Serialize)]
struct Composition {
    aggregate: &'static str,
    assemblies: Vec<String>,
}

/// The document.
pub fn render(report: &Report, run: &Run) -> String {
    let items = items(&report.packages);
    let root_parts = systems(&report.packages).map(|(number, _)| system_id(number));
    let unowned = |item: &&Item<'_>| !has_system(report, item.component.system);
    let loose = items.iter().filter(unowned).map(|item| item.id.clone());
    let of_image = Dependency { of: IMAGE.to_owned(), depends_on: root_parts.chain(loose).collect() };
    let of_systems = systems(&report.packages).map(|(number, _)| {
        let own = items.iter().filter(|item| item.component.system == number);
        Dependency { of: system_id(number), depends_on: own.map(|item| item.id.clone()).collect() }
    });
    let dependencies = std::iter::once(of_image).chain(of_systems).collect();
    let all = systems(&report.packages)
        .map(|(number, _)| system_part(report, number))
        .chain(items.iter().map(part));
    let document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", uuid(report, &items)),
        version: 1,
        metadata: metadata(report, run),
        components: all.collect(),
        dependencies,
        compositions: vec![Composition { aggregate: aggregate(report), assemblies: vec![IMAGE.to_owned()] }],
    };
    json::pretty(&document)
}

fn metadata(report: &Report, run: &Run) -> Metadata {
    let tool = Part {
        kind: "application",
        name: "assay".to_owned(),
        version: Some(TOOL_VERSION.to_owned()),
        ..Part::default()
    };
    let component = Part {
        kind: "platform",
        id: Some(IMAGE.to_owned()),
        name: shown(file_name(report)),
        version: run.image.as_ref().map(|image| format!("sha256:{}", image.sha256)),
        ..Part::default()
    };
    Metadata { timestamp: run.created.clone(), tools: Tools { components: vec![tool] }, component }
}

/// Whether everything was looked at: what was not could hold more.
fn aggregate(report: &Report) -> &'static str {
    let is_partial = report.packages.systems.iter().any(|system| system.is_partial);
    if is_partial || report.losses().next().is_some() { "incomplete" } else { "complete" }
}

fn has_system(report: &Report, number: usize) -> bool {
    systems(&report.packages).any(|(known, _)| known == number)
}

fn system_id(number: usize) -> String {
    format!("system-{number}")
}

fn system_part(report: &Report, number: usize) -> Part {
    let Some(system) = report.packages.systems.get(number) else { return Part::default() };
    let distribution = &system.distribution;
    let root = (!system.root.is_empty()).then(|| property("assay:root", &Escaped(&system.root).to_string()));
    let kernels = system.kernels.iter().map(|kernel| {
        property("assay:kernel", &format!("{} ({})", shown(&kernel.release), boots(kernel.boots)))
    });
    Part {
        kind: "operating-system",
        id: Some(system_id(number)),
        name: shown(&distribution.id),
        version: Some(shown(&distribution.version)).filter(|text| !text.is_empty()),
        cpe: Some(distribution.cpe.clone())
            .filter(|cpe| cpe.starts_with("cpe:2.3:") || cpe.starts_with("cpe:/")),
        properties: root.into_iter().chain(kernels).collect(),
        ..Part::default()
    }
}

fn property(name: &'static str, value: &str) -> Property {
    Property { name, value: shown(value) }
}

fn part(item: &Item<'_>) -> Part {
    let component = item.component;
    let maker = match &component.origin {
        Origin::ThirdParty(who) => Some(Supplier { name: shown(who) }),
        Origin::Unknown | Origin::Distribution => None,
    };
    let license =
        component.license.as_deref().map(|name| LicenseChoice { license: License { name: shown(name) } });
    Part {
        kind: kind(component.ecosystem),
        id: Some(item.id.clone()),
        supplier: maker,
        group: component.namespace.as_deref().map(shown),
        name: shown(&component.name),
        version: component.version.as_deref().map(shown),
        licenses: license.into_iter().collect(),
        cpe: None,
        purl: item.purl.clone(),
        evidence: Some(found(item)),
        properties: properties(item),
    }
}

const fn kind(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Generic | Ecosystem::Snap | Ecosystem::Flatpak | Ecosystem::WordPress => "application",
        Ecosystem::Kernel => "device-driver",
        _ => "library",
    }
}

fn found(item: &Item<'_>) -> Found {
    let method = |&(evidence, confidence): &(Evidence, Confidence)| Method {
        technique: match evidence {
            Evidence::PackageDatabase | Evidence::Metadata => "manifest-analysis",
            Evidence::FileName => "filename",
            Evidence::BuildInfo | Evidence::Strings => "binary-analysis",
        },
        confidence: number(confidence),
        value: evidence.name(),
    };
    let confidence = item.evidence.first().map_or(0.0, |(_, confidence)| number(*confidence));
    let field = if item.purl.is_some() { "purl" } else { "name" };
    let places = item.places.iter().map(|place| Occurrence { location: place.clone() });
    Found {
        identity: vec![Identity { field, confidence, methods: item.evidence.iter().map(method).collect() }],
        occurrences: places.collect(),
    }
}

const fn number(confidence: Confidence) -> f32 {
    match confidence {
        Confidence::High => 1.0,
        Confidence::Medium => 0.7,
        Confidence::Low => 0.3,
    }
}

fn properties(item: &Item<'_>) -> Vec<Property> {
    let component = item.component;
    let source = component.source.as_ref();
    let state = (component.state != State::Installed).then(|| component.state.name());
    let all = [
        ("assay:kind", Some(component.ecosystem.name().to_owned())),
        ("assay:source", source.map(|source| source.name.clone())),
        ("assay:source-version", source.and_then(|source| source.version.clone())),
        ("assay:state", state.map(str::to_owned)),
        ("assay:module", component.module.clone()),
        ("assay:part-of", component.owner.clone()),
    ];
    all.into_iter().filter_map(|(name, value)| Some(property(name, &value?))).collect()
}
