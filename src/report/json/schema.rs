//! The JSON Schema of the report, made from the serialised types: `docs/report.schema.json`.
//!
//! `ASSAY_WRITE_SCHEMA=1 cargo test --lib json::schema` writes it anew.

use std::borrow::Cow;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::account::Counts;
use super::finding::Facts;
use crate::checks::Verdict;
use crate::finding::{Category, Confidence, GapKind, Loss, Severity, Verification};
use crate::report::{Options, Outcome, sample};

impl JsonSchema for Counts {
    fn schema_name() -> Cow<'static, str> {
        "Counts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 } })
    }
}

impl JsonSchema for Facts {
    fn schema_name() -> Cow<'static, str> {
        "Facts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

fn one_of(names: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": names })
}

fn one_of_or_null(names: &[&str]) -> Schema {
    let names: Vec<Value> = names.iter().map(|name| Value::from(*name)).chain([Value::Null]).collect();
    json_schema!({ "type": ["string", "null"], "enum": names })
}

pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    one_of(&Severity::ALL.map(Severity::name))
}

pub(super) fn fail_on(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&Severity::ALL.map(Severity::name))
}

pub(super) fn confidence(_: &mut SchemaGenerator) -> Schema {
    one_of(&[Confidence::High, Confidence::Medium, Confidence::Low].map(Confidence::name))
}

pub(super) fn category(_: &mut SchemaGenerator) -> Schema {
    one_of(&Category::ALL.map(Category::name))
}

pub(super) fn proof(_: &mut SchemaGenerator) -> Schema {
    let all = [
        Verification::Checksum,
        Verification::WrongChecksum,
        Verification::Structure,
        Verification::Key,
        Verification::File,
        Verification::Form,
        Verification::Name,
        Verification::Published,
        Verification::Recomputed,
    ];
    one_of_or_null(&all.map(Verification::name))
}

pub(super) fn outcome(_: &mut SchemaGenerator) -> Schema {
    one_of(&[Outcome::Pass, Outcome::Fail, Outcome::Incomplete].map(Outcome::name))
}

pub(super) fn gap_kind(_: &mut SchemaGenerator) -> Schema {
    one_of(&GapKind::ALL.map(GapKind::name))
}

pub(super) fn gap_kinds(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": gap_kind(generator) })
}

pub(super) fn loss(_: &mut SchemaGenerator) -> Schema {
    let all = [Loss::Nothing, Loss::Part, Loss::File, Loss::Directory, Loss::Volume];
    one_of(&all.map(super::gap::loss_name))
}

pub(super) fn file_type(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&["file", "directory", "link", "special"])
}

pub(super) fn benchmark_verdict(_: &mut SchemaGenerator) -> Schema {
    one_of(&Verdict::ALL.map(Verdict::name))
}

fn generated() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<super::Document<'_>>();
    schema.insert("title".to_owned(), "assay-report, version 1".into());
    schema.to_value()
}

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json")
}

#[test]
fn the_schema_in_docs_is_that_of_the_types() {
    let text = format!("{}\n", serde_json::to_string_pretty(&generated()).unwrap());
    if std::env::var_os("ASSAY_WRITE_SCHEMA").is_some() {
        std::fs::write(file(), &text).unwrap();
    }
    let kept = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(kept == text, "docs/report.schema.json is not that of the types: ASSAY_WRITE_SCHEMA=1 writes it");
}

#[test]
fn reports_are_valid_and_altered_ones_are_not() {
    let schema = jsonschema::validator_for(&generated()).unwrap();
    for options in [Options::default(), Options { secrets: true, hashes: true, ..Options::default() }] {
        let text = super::render(&sample::report(), &sample::judgement(), &options);
        let mut report: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = schema.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        report["findings"][0]["severity"] = "awful".into();
        assert!(!schema.is_valid(&report));
        report["findings"][0]["severity"] = "low".into();
        report["gaps"][0].as_object_mut().unwrap().remove("reason");
        assert!(!schema.is_valid(&report));
    }
}
