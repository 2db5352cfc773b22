//! The form of a policy: TOML as it is written, and its errors, each with its line.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::embedded::profile;
use super::merge::{self, Said};
use super::{
    AcceptedGap, Compare, DefaultPasswords, Exception, PackageRules, Policy, Required, Scan, Threshold, Which,
};
use crate::checks::benchmark::BENCHMARKS;
use crate::date::Date;
use crate::finding::{Category, Confidence, GapKind, Severity};
use crate::requirements;
use crate::sourcing::{Rules, is_account};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    extends: Option<Spanned<String>>,
    title: Option<String>,
    #[serde(default)]
    scan: RawScan,
    #[serde(default)]
    findings: Findings,
    #[serde(default)]
    sourcing: RawSourcing,
    #[serde(default)]
    packages: PackageRules,
    #[serde(default)]
    requirements: Vec<Spanned<String>>,
    #[serde(default)]
    require: Vec<Spanned<RawRequired>>,
    #[serde(default)]
    accept_gap: Vec<Spanned<RawGap>>,
    #[serde(default)]
    allow: Vec<Spanned<RawException>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawScan {
    benchmark: Option<Spanned<String>>,
    compare_packages: Option<Spanned<String>>,
    deleted: Option<bool>,
    default_passwords: Option<Spanned<String>>,
    verbose: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawSourcing {
    own: Vec<Spanned<String>>,
    trusted: Vec<Spanned<String>>,
    approved: Vec<String>,
    naming: Option<String>,
    max_age_days: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Findings {
    severity: Option<Spanned<String>>,
    confidence: Option<Spanned<String>>,
    category: BTreeMap<Spanned<String>, RawThreshold>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawThreshold {
    severity: Spanned<String>,
    confidence: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequired {
    requirements: Option<Spanned<String>>,
    #[serde(default)]
    only: Vec<Spanned<String>>,
    #[serde(default)]
    except: Vec<Spanned<String>>,
    benchmark: Option<Vec<String>>,
    level: Option<u8>,
    #[serde(default)]
    system: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGap {
    kind: Spanned<String>,
    path: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawException {
    fingerprint: Option<Spanned<String>>,
    rule: Option<String>,
    path: Option<String>,
    reason: String,
    owner: String,
    expires: Spanned<String>,
}

/// Reads a policy; `name` is the profile's, or the file's.
///
/// # Errors
/// What is wrong with it, and in which line.
pub fn read(name: &str, text: &str) -> Result<Policy, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let lines = Lines(text);
    let base = match &file.extends {
        None => Policy::default(),
        Some(base) => {
            let known = super::PROFILES.map(|(name, ..)| name).join(", ");
            let problem = || lines.error(base, &format!("there is no such profile; there are: {known}"));
            profile(base.get_ref())?.ok_or_else(problem)?
        }
    };
    let rest = merge::Rules {
        findings: findings(&file.findings, &base, &lines)?,
        categories: categories(&file.findings, &lines)?,
        sourcing: sourcing(&file.sourcing, &lines)?,
        packages: file.packages,
        lists: file.requirements.iter().map(|name| list(name, &lines)).collect::<Result<_, _>>()?,
        required: file.require.iter().map(|one| required(one, &lines)).collect::<Result<_, _>>()?,
        accepted_gaps: file.accept_gap.iter().map(|one| gap(one, &lines)).collect::<Result<_, _>>()?,
        exceptions: file.allow.iter().map(|one| exception(one, &lines)).collect::<Result<_, _>>()?,
    };
    let scan = scan(&file.scan, &lines)?;
    Ok(merge::over(base, Said { name: name.to_owned(), title: file.title, scan, rest }))
}

fn sourcing(raw: &RawSourcing, lines: &Lines<'_>) -> Result<Rules, String> {
    let account = |word: &Spanned<String>| {
        let problem = || lines.error(word, &format!("{:?} is no account: twelve digits", word.get_ref()));
        is_account(word.get_ref()).then(|| word.get_ref().clone()).ok_or_else(problem)
    };
    Ok(Rules {
        own: raw.own.iter().map(account).collect::<Result<_, _>>()?,
        trusted: raw.trusted.iter().map(account).collect::<Result<_, _>>()?,
        approved: raw.approved.clone(),
        naming: raw.naming.clone(),
        max_age_days: raw.max_age_days,
    })
}

/// The text, for telling lines.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn error<T>(&self, at: &Spanned<T>, problem: &str) -> String {
        let before = self.0.as_bytes().get(..at.span().start).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count().saturating_add(1);
        format!("line {line}: {problem}")
    }

    /// The value that is called so.
    fn word<T>(
        &self,
        word: &Spanned<String>,
        by_name: fn(&str) -> Option<T>,
        all: &[&str],
    ) -> Result<T, String> {
        by_name(word.get_ref())
            .ok_or_else(|| self.error(word, &format!("{:?} is none of {}", word.get_ref(), all.join(", "))))
    }

    fn severity(&self, word: &Spanned<String>) -> Result<Option<Severity>, String> {
        if word.get_ref() == "never" {
            return Ok(None);
        }
        let names: Vec<&str> = Severity::ALL.map(Severity::name).into_iter().chain(["never"]).collect();
        self.word(word, Severity::by_name, &names).map(Some)
    }

    fn confidence(&self, word: Option<&Spanned<String>>) -> Result<Confidence, String> {
        let read = |word| self.word(word, Confidence::by_name, &Confidence::ALL.map(Confidence::name));
        word.map_or(Ok(Confidence::Low), read)
    }

    fn date(&self, text: &Spanned<String>) -> Result<Date, String> {
        let day = Date::parse(text.get_ref());
        day.ok_or_else(|| self.error(text, &format!("{:?} is no day as YYYY-MM-DD", text.get_ref())))
    }
}

fn scan(written: &RawScan, lines: &Lines<'_>) -> Result<Scan, String> {
    let benchmark = |word: &Spanned<String>| {
        let names: Vec<&str> =
            BENCHMARKS.map(|(name, ..)| name).into_iter().chain(["auto", "none"]).collect();
        let known = names.contains(&word.get_ref().as_str()).then(|| word.get_ref().clone());
        known.ok_or_else(|| {
            lines.error(word, &format!("{:?} is none of {}", word.get_ref(), names.join(", ")))
        })
    };
    let compare = |word: &Spanned<String>| {
        let by_name = |name: &str| match name {
            "essential" => Some(Compare::Essential),
            "all" => Some(Compare::All),
            "none" => Some(Compare::Nothing),
            _ => None,
        };
        lines.word(word, by_name, &["essential", "all", "none"])
    };
    let passwords = |word: &Spanned<String>| {
        let by_name = |name: &str| match name {
            "likely" => Some(DefaultPasswords::Likely),
            "more" => Some(DefaultPasswords::More),
            _ => None,
        };
        lines.word(word, by_name, &["likely", "more"])
    };
    Ok(Scan {
        benchmark: written.benchmark.as_ref().map(benchmark).transpose()?,
        compare_packages: written.compare_packages.as_ref().map(compare).transpose()?,
        deleted: written.deleted,
        default_passwords: written.default_passwords.as_ref().map(passwords).transpose()?,
        verbose: written.verbose,
    })
}

/// The threshold for all categories; what the file does not say of it is the base's.
fn findings(written: &Findings, base: &Policy, lines: &Lines<'_>) -> Result<Option<Threshold>, String> {
    if written.severity.is_none() && written.confidence.is_none() {
        return Ok(None);
    }
    let severity = match &written.severity {
        Some(severity) => lines.severity(severity)?,
        None => base.findings.severity,
    };
    let confidence = match &written.confidence {
        Some(confidence) => lines.confidence(Some(confidence))?,
        None => base.findings.confidence,
    };
    Ok(Some(threshold("findings", severity, confidence)))
}

fn categories(written: &Findings, lines: &Lines<'_>) -> Result<BTreeMap<Category, Threshold>, String> {
    let mut thresholds = BTreeMap::new();
    for (name, written) in &written.category {
        let category = lines.word(name, Category::by_name, &Category::ALL.map(Category::name))?;
        let severity = lines.severity(&written.severity)?;
        let confidence = lines.confidence(written.confidence.as_ref())?;
        let key = format!("findings.category.{}", category.name());
        thresholds.insert(category, threshold(&key, severity, confidence));
    }
    Ok(thresholds)
}

fn threshold(key: &str, severity: Option<Severity>, confidence: Confidence) -> Threshold {
    let mut name = format!("{key}: severity {}", severity.map_or("never", Severity::name));
    if confidence > Confidence::Low {
        name.push_str(", confidence ");
        name.push_str(confidence.name());
    }
    Threshold { severity, confidence, name }
}

fn list(name: &Spanned<String>, lines: &Lines<'_>) -> Result<String, String> {
    let names: Vec<&str> = requirements::names().collect();
    let known = names.contains(&name.get_ref().as_str()).then(|| name.get_ref().clone());
    known.ok_or_else(|| lines.error(name, &format!("{:?} is none of {}", name.get_ref(), names.join(", "))))
}

fn required(written: &Spanned<RawRequired>, lines: &Lines<'_>) -> Result<Required, String> {
    let one = written.get_ref();
    let texts = |all: &[Spanned<String>]| all.iter().map(|text| text.get_ref().clone()).collect::<Vec<_>>();
    let is_alone = one.only.is_empty() && one.except.is_empty() && one.level.is_none();
    match (&one.requirements, &one.benchmark) {
        (None, None) if one.system && is_alone => Ok(Required::System),
        _ if one.system => Err(lines.error(written, "a require of the system names nothing else")),
        (Some(name), None) if one.level.is_none() => {
            let list = list(name, lines)?;
            let known = requirements::list(&list).map_err(|error| error.to_string())?;
            let ids: Vec<String> =
                known.into_iter().flat_map(|list| list.requirements).map(|of| of.id).collect();
            for pattern in one.only.iter().chain(&one.except) {
                if !ids.iter().any(|id| assay_disk::path::fits(pattern.get_ref(), id.as_bytes())) {
                    let problem = format!("no requirement of {list} fits {:?}", pattern.get_ref());
                    return Err(lines.error(pattern, &problem));
                }
            }
            Ok(Required::Requirements { list, only: texts(&one.only), except: texts(&one.except) })
        }
        (None, Some(sections)) if one.only.is_empty() && !sections.is_empty() => Ok(Required::Benchmark {
            sections: sections.clone(),
            level: one.level.unwrap_or(2),
            except: texts(&one.except),
        }),
        _ => Err(lines.error(
            written,
            "a require names requirements = \"LIST\" (with only, except), benchmark = [\"SECTION\"] (with \
             level, except), or system = true",
        )),
    }
}

fn gap(written: &Spanned<RawGap>, lines: &Lines<'_>) -> Result<AcceptedGap, String> {
    let one = written.get_ref();
    let kind = match one.kind.get_ref().as_str() {
        "all" => None,
        _ => {
            let names: Vec<&str> = GapKind::ALL.map(GapKind::name).into_iter().chain(["all"]).collect();
            Some(lines.word(&one.kind, GapKind::by_name, &names)?)
        }
    };
    if one.reason.trim().is_empty() {
        return Err(lines.error(written, "an accept-gap needs a reason"));
    }
    Ok(AcceptedGap { kind, path: one.path.clone(), reason: one.reason.clone(), is_flag: false })
}

fn exception(written: &Spanned<RawException>, lines: &Lines<'_>) -> Result<Exception, String> {
    let one = written.get_ref();
    let which = match (&one.fingerprint, &one.rule, &one.path) {
        (Some(print), None, None) => {
            let text = print.get_ref();
            if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(lines.error(print, "a fingerprint is 32 digits of hex, in lower case"));
            }
            Which::Fingerprint(text.clone())
        }
        (None, Some(rule), Some(path)) => Which::Place { rule: rule.clone(), path: path.clone() },
        _ => return Err(lines.error(written, "an allow names a fingerprint, or a rule and a path")),
    };
    if one.reason.trim().is_empty() || one.owner.trim().is_empty() {
        return Err(lines.error(written, "an allow needs a reason and an owner"));
    }
    let expires = lines.date(&one.expires)?;
    Ok(Exception { which, reason: one.reason.clone(), owner: one.owner.clone(), expires })
}

#[cfg(test)]
mod tests;
