//! A file of requirements: the list as written, and what it means.

use serde::Deserialize;
use thiserror::Error;

use super::proof::{Example, Proofs};
use super::{How, List, Requirement, System, Violation};
use crate::finding::{Category, Confidence, GapKind, Severity};

/// Why a file of requirements cannot be used.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct RequirementError {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    title: String,
    requirement: Vec<RawRequirement>,
}

/// A requirement as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRequirement {
    id: String,
    title: String,
    source: String,
    url: String,
    system: Option<RawSystem>,
    #[serde(default)]
    violated_by: Vec<RawViolation>,
    #[serde(default)]
    needs: Vec<String>,
    not_checkable: Option<String>,
    #[serde(default)]
    limits: String,
    #[serde(default)]
    violates: Vec<RawExample>,
    #[serde(default)]
    keeps: Vec<RawExample>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawSystem {
    Linux,
    Windows,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawViolation {
    rule: Option<String>,
    category: Option<String>,
    #[serde(default)]
    except: Vec<String>,
    severity: Option<String>,
    confidence: Option<String>,
    path: Option<String>,
    subject: Option<String>,
    volume: Option<String>,
}

/// A finding, for a proof.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExample {
    rule: String,
    severity: Option<String>,
    confidence: Option<String>,
    #[serde(default)]
    path: String,
    subject: Option<String>,
}

/// Reads a file of requirements.
///
/// # Errors
/// [`RequirementError`], where something in it is not of the language.
pub(super) fn parse(path: &str, text: &str) -> Result<List, RequirementError> {
    let error = |problem: String| RequirementError { path: path.to_owned(), problem };
    let file: File = toml::from_str(text).map_err(|problem| error(problem.to_string()))?;
    let requirements = file.requirement.into_iter().map(|written| {
        let id = written.id.clone();
        requirement(written).map_err(|problem| error(format!("{id}: {problem}")))
    });
    let requirements = requirements.collect::<Result<_, _>>()?;
    Ok(List { id: file.id, title: file.title, requirements })
}

fn requirement(written: RawRequirement) -> Result<Requirement, String> {
    let judged = match (written.not_checkable, written.violated_by.is_empty()) {
        (Some(why), true) if written.needs.is_empty() && !why.is_empty() => How::NotCheckable(why),
        (None, false) if !written.needs.is_empty() => How::Report {
            violated_by: written.violated_by.into_iter().map(violation).collect::<Result<_, _>>()?,
            needs: written.needs,
        },
        _ => return Err("has either violated-by and needs, or not-checkable with a reason".to_owned()),
    };
    let examples = |all: Vec<RawExample>| all.into_iter().map(example).collect::<Result<Vec<_>, _>>();
    Ok(Requirement {
        judged,
        id: written.id,
        title: written.title,
        source: written.source,
        url: written.url,
        system: written.system.map(|system| match system {
            RawSystem::Linux => System::Linux,
            RawSystem::Windows => System::Windows,
        }),
        limits: written.limits,
        proofs: Proofs { violates: examples(written.violates)?, keeps: examples(written.keeps)? },
    })
}

fn violation(written: RawViolation) -> Result<Violation, String> {
    if let Some(kind) = &written.volume {
        let kind = GapKind::by_name(kind).ok_or_else(|| format!("no kind of gap is called {kind}"))?;
        return Ok(Violation::Volume(kind));
    }
    if written.rule.is_none() && written.category.is_none() {
        return Err("a violation names a rule, a category or a volume".to_owned());
    }
    let category = |name: &String| Category::by_name(name).ok_or_else(|| format!("no category {name}"));
    Ok(Violation::Finding {
        category: written.category.as_ref().map(category).transpose()?,
        severity: severity(written.severity.as_deref())?.unwrap_or(Severity::Info),
        confidence: confidence(written.confidence.as_deref())?.unwrap_or(Confidence::Low),
        rule: written.rule,
        except: written.except,
        path: written.path,
        subject: written.subject,
    })
}

fn example(written: RawExample) -> Result<Example, String> {
    Ok(Example {
        severity: severity(written.severity.as_deref())?,
        confidence: confidence(written.confidence.as_deref())?,
        rule: written.rule,
        path: written.path,
        subject: written.subject,
    })
}

fn severity(name: Option<&str>) -> Result<Option<Severity>, String> {
    name.map(|name| Severity::by_name(name).ok_or_else(|| format!("no severity {name}"))).transpose()
}

fn confidence(name: Option<&str>) -> Result<Option<Confidence>, String> {
    name.map(|name| Confidence::by_name(name).ok_or_else(|| format!("no confidence {name}"))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id = \"l\"\ntitle = \"L\"\n[[requirement]]\nid = \"r\"\ntitle = \"R\"\nsource = \"s\"\nurl = \"u\"\n";

    fn error(more: &str) -> String {
        parse("x.toml", &format!("{HEAD}{more}")).unwrap_err().to_string()
    }

    #[test]
    fn a_requirement_is_judged_in_one_way() {
        assert!(parse("x.toml", &format!("{HEAD}not-checkable = \"why\"")).is_ok());
        assert!(
            parse("x.toml", &format!("{HEAD}violated-by = [{{ rule = \"a\" }}]\nneeds = [\"/\"]")).is_ok()
        );
        for wrong in [
            "",
            "needs = [\"/\"]",
            "not-checkable = \"\"",
            "violated-by = [{ rule = \"a\" }]",
            "violated-by = [{ rule = \"a\" }]\nneeds = [\"/\"]\nnot-checkable = \"x\"",
        ] {
            assert!(error(wrong).contains("x.toml: r: has either"), "{wrong}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_errors() {
        let violated = |what: &str| error(&format!("violated-by = [{{ {what} }}]\nneeds = [\"/\"]"));
        assert!(violated("severity = \"high\"").contains("names a rule, a category or a volume"));
        assert!(violated("category = \"shadows\"").contains("no category shadows"));
        assert!(violated("rule = \"a\", severity = \"bad\"").contains("no severity bad"));
        assert!(violated("rule = \"a\", confidence = \"sure\"").contains("no confidence sure"));
        assert!(violated("volume = \"locked\"").contains("no kind of gap is called locked"));
        assert!(violated("role = \"a\"").contains("unknown field `role`"));
    }
}
