//! The software of an image as an SPDX 2.3 document in JSON.
//!
//! Source: <https://spdx.github.io/spdx-spec/v2.3/>.

use serde::Serialize;

use super::{Item, items, systems, uuid};
use crate::audit::Report;
use crate::packages::Ecosystem;
use crate::packages::component::Origin;
use crate::report::format::Format;
use crate::report::words::shown;
use crate::report::{Run, TOOL_VERSION, file_name, json};

/// `--format spdx`.
pub static FORMAT: Format = Format {
    name: "spdx",
    about: "The software of the image: SPDX 2.3",
    extensions: &[],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with('{') && text.contains("\"SPDX-2.3\""),
    render: |told| render(told.report, told.run),
};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-image";
/// What the specification has for what nobody looked into.
const NOTHING_SAID: &str = "NOASSERTION";
/// A document needs a moment; this one says that there is none.
const NO_MOMENT: &str = "1970-01-01T00:00:00Z";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<String>,
    supplier: String,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'static str,
    license_declared: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_comments: Option<String>,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    primary_package_purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// The document.
pub fn render(report: &Report, run: &Run) -> String {
    let items = items(&report.packages);
    let name = shown(file_name(report));
    let own_systems: Vec<usize> = systems(&report.packages).map(|(number, _)| number).collect();
    let packages = std::iter::once(image(&name, run))
        .chain(own_systems.iter().filter_map(|&number| system(report, number)))
        .chain(items.iter().map(package));
    let describes = relationship(DOCUMENT, "DESCRIBES", IMAGE);
    let of_image = own_systems.iter().map(|&number| relationship(IMAGE, "CONTAINS", &system_id(number)));
    let of_systems = items.iter().map(|item| {
        let number = item.component.system;
        let holder = if own_systems.contains(&number) { system_id(number) } else { IMAGE.to_owned() };
        relationship(&holder, "CONTAINS", &id(item))
    });
    let created = if run.created.is_empty() { NO_MOMENT.to_owned() } else { run.created.clone() };
    let document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        document_namespace: format!("https://spdx.org/spdxdocs/assay-{}", uuid(report, &items)),
        name,
        creation_info: CreationInfo { created, creators: vec![format!("Tool: assay-{TOOL_VERSION}")] },
        packages: packages.collect(),
        relationships: std::iter::once(describes).chain(of_image).chain(of_systems).collect(),
    };
    json::pretty(&document)
}

fn relationship(from: &str, kind: &'static str, to: &str) -> Relationship {
    Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    }
}

fn id(item: &Item<'_>) -> String {
    format!("SPDXRef-{}", item.id)
}

fn system_id(number: usize) -> String {
    format!("SPDXRef-system-{number}")
}

fn plain(id: String, name: String, purpose: &'static str) -> Package {
    Package {
        id,
        name,
        version_info: None,
        supplier: NOTHING_SAID.to_owned(),
        download_location: NOTHING_SAID,
        files_analyzed: false,
        source_info: None,
        license_concluded: NOTHING_SAID,
        license_declared: NOTHING_SAID,
        license_comments: None,
        copyright_text: NOTHING_SAID,
        comment: None,
        external_refs: Vec::new(),
        primary_package_purpose: purpose,
    }
}

fn image(name: &str, run: &Run) -> Package {
    let version_info = run.image.as_ref().map(|image| format!("sha256:{}", image.sha256));
    Package { version_info, ..plain(IMAGE.to_owned(), name.to_owned(), "OPERATING-SYSTEM") }
}

fn system(report: &Report, number: usize) -> Option<Package> {
    let distribution = &report.packages.systems.get(number)?.distribution;
    let version = Some(shown(&distribution.version)).filter(|version| !version.is_empty());
    Some(Package {
        version_info: version,
        ..plain(system_id(number), shown(&distribution.id), "OPERATING-SYSTEM")
    })
}

fn package(item: &Item<'_>) -> Package {
    let component = item.component;
    let supplier = match &component.origin {
        Origin::ThirdParty(who) => format!("Organization: {}", shown(who)),
        Origin::Unknown | Origin::Distribution => NOTHING_SAID.to_owned(),
    };
    let source = component.source.as_ref().map(|source| match &source.version {
        Some(version) => format!("built from {} {}", shown(&source.name), shown(version)),
        None => format!("built from {}", shown(&source.name)),
    });
    let purl = item.purl.clone().map(|purl| ExternalRef {
        reference_category: "PACKAGE-MANAGER",
        reference_type: "purl",
        reference_locator: purl,
    });
    let purpose = match component.ecosystem {
        Ecosystem::Generic | Ecosystem::Snap | Ecosystem::Flatpak => "APPLICATION",
        _ => "LIBRARY",
    };
    let places = (!item.places.is_empty()).then(|| format!("found at {}", item.places.join(", ")));
    Package {
        version_info: component.version.as_deref().map(shown),
        supplier,
        source_info: source,
        license_comments: component.license.as_deref().map(|text| format!("its maker says: {}", shown(text))),
        comment: places,
        external_refs: purl.into_iter().collect(),
        ..plain(id(item), shown(&component.full_name()), purpose)
    }
}
