//! From a file to the front ends that read it.

use std::fs::File;
use std::io::Read as _;

use super::hit::{Hit, Problem, Source};
use super::language::{self, Language};
use super::value::Value;
use super::walk::Found;
use super::{
    Options, Scan, ansible, cdk_context, cloudformation, cluster, image_builder, json, markdown, packer,
    program, pulumi_yaml, shell, terraform, yaml,
};

/// Bytes by which a file without an ending is known.
const HEAD: usize = 64;

/// Looks at a file. What Terraform needs of the whole project is kept in `terraform` until the last file is read.
pub(super) fn file(found: &Found, options: &Options, terraform: &mut terraform::Project, scan: &mut Scan) {
    match read(found, options) {
        Ok(Some((language, bytes))) => {
            scan.files += 1;
            scan.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            bytes_of(&found.path, language, bytes, options, terraform, scan);
        }
        Ok(None) => {}
        Err(reason) => {
            scan.problems.push(Problem { path: found.path.clone().into_bytes(), line: None, reason });
        }
    }
}

fn read(found: &Found, options: &Options) -> Result<Option<(Language, Vec<u8>)>, String> {
    let failed = |error: std::io::Error| format!("The file could not be read: {error}.");
    let mut file = File::open(&found.on_disk).map_err(failed)?;
    let mut bytes = Vec::new();
    let head = u64::try_from(HEAD).unwrap_or(u64::MAX);
    file.by_ref().take(head).read_to_end(&mut bytes).map_err(failed)?;
    let Some(language) = language::of(&found.path, &bytes) else { return Ok(None) };
    let limit = options.max_file_bytes;
    file.take(limit.saturating_sub(head).saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(format!("The file is longer than {limit} bytes, and was not read."));
    }
    Ok(Some((language, bytes)))
}

fn bytes_of(
    path: &str,
    language: Language,
    bytes: Vec<u8>,
    options: &Options,
    terraform: &mut terraform::Project,
    scan: &mut Scan,
) {
    let problem =
        |reason: &str| Problem { path: path.as_bytes().to_vec(), line: None, reason: reason.to_owned() };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return scan.problems.push(problem("The file is in UTF-16, and was not read."));
    }
    let may_choose = language::may_choose(language, &bytes);
    let is_terraform = terraform::is_part(language);
    if !may_choose && !is_terraform {
        return;
    }
    match String::from_utf8(bytes) {
        Ok(text) if is_terraform => terraform.add(path, text, may_choose),
        Ok(text) => source(&Source::new(path, &text), language, options, scan),
        Err(_) if may_choose => scan.problems.push(problem("The file is not UTF-8, and was not read.")),
        Err(_) => {}
    }
}

/// Looks at a text: a file, or code inside one.
pub(super) fn source(source: &Source<'_>, language: Language, options: &Options, scan: &mut Scan) {
    match language {
        Language::Hcl | Language::HclJson | Language::TerraformValues => {
            terraform::alone(source, options, scan);
        }
        Language::Json => json_text(source, options, scan),
        Language::Yaml => yaml_text(source, options, scan),
        Language::Shell => shell::look(source, options, scan),
        Language::Markdown => markdown::look(source, options, scan),
        Language::Python
        | Language::JavaScript
        | Language::TypeScript
        | Language::Tsx
        | Language::Go
        | Language::Java => {
            program::look(source, language, options, scan);
            if language == Language::Java && source.path.to_ascii_lowercase().ends_with(".groovy") {
                shell::look(source, options, scan);
            }
        }
    }
}

fn json_text(source: &Source<'_>, options: &Options, scan: &mut Scan) {
    match json::parse(source.text) {
        Ok(root) => document(source, &root, options, scan),
        // Values of secrets stand in states: nothing of the text is in the reason.
        Err(error) => scan.problems.push(source.problem(Some(error.at), error.reason)),
    }
}

fn yaml_text(source: &Source<'_>, options: &Options, scan: &mut Scan) {
    let (documents, error) = yaml::parse(source.text);
    for root in &documents {
        document(source, root, options, scan);
    }
    shell::look(source, options, scan);
    if let Some(error) = error.filter(|_| !is_template(source.text)) {
        scan.problems.push(source.problem(Some(error.at), error.reason));
    } else if error_in_template(source, &documents) {
        let reason = "This is a template of YAML, and could be read only as text.";
        scan.problems.push(source.problem(None, reason));
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn error_in_template(source: &Source<'_>, documents: &[Value]) -> bool {
    documents.is_empty() && is_template(source.text)
}

/// All that a document of JSON or YAML can be.
fn document(source: &Source<'_>, root: &Value, options: &Options, scan: &mut Scan) {
    let fronts: [fn(&Value, &Options) -> Vec<Hit>; 6] = [
        cdk_context::hits,
        terraform::state::hits,
        cluster::hits,
        image_builder::hits,
        pulumi_yaml::hits,
        ansible::hits,
    ];
    for hits in fronts {
        hits(root, options).into_iter().for_each(|hit| hit.report(source, options, scan));
    }
    packer::json(source, root, options, scan);
    cloudformation::look(source, root, options, scan);
}
