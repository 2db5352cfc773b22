//! Programs: Python, JavaScript and TypeScript, Go, Java. SDKs of AWS, CDK and Pulumi.
//!
//! tree-sitter parses the file. Calls that may choose an image are lowered to expressions of one form for all languages,
//! and evaluated over the constants of the file: literals, variables, members set later, lists that grow.

mod calls;
mod decoys;
mod evaluate;
mod kinds;
mod lists;
mod lookups;
mod syntax;
mod unit;

use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::hit::{Hit, Source};
use super::judge::{Judgement, Verdict};
use super::language::{self, Language};
use super::{Options, Scan};
use unit::Unit;

/// Longer files are bundles of a build, not sources.
const MAX_BYTES: usize = 4 << 20;

/// Looks at a program.
pub(super) fn look(source: &Source<'_>, language: Language, options: &Options, scan: &mut Scan) {
    if !language::may_choose(language, source.text.as_bytes()) || is_of_another_cloud(source.text) {
        return;
    }
    if source.text.len() > MAX_BYTES {
        let reason = format!("The program is longer than {MAX_BYTES} bytes, and was not parsed.");
        return scan.problems.push(source.problem(None, reason));
    }
    let Some(tree) = parse(source.text, language) else {
        return scan.problems.push(
            source.problem(None, "The program could not be parsed in the time that its length allows."),
        );
    };
    let unit = Unit::of(&tree, source.text);
    let hits = unit.calls.iter().filter_map(|call| lookups::recognise(&unit, *call, language, options));
    let hits: Vec<Hit> = hits.collect();
    if let (Some(&at), true) = (unit.errors.first(), hits.is_empty()) {
        let reason = "A part of the program that searches for images could not be parsed.";
        scan.problems.push(source.problem(Some(at), reason));
    }
    hits.into_iter().for_each(|hit| checked(&unit, hit).report(source, options, scan));
}

/// Other clouds have calls of the same names.
fn is_of_another_cloud(text: &str) -> bool {
    let has = |words: &[&str]| {
        words.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
    };
    has(&[
        "tencentcloud",
        "TencentCloud",
        "aliyun",
        "Aliyun",
        "alibabacloud",
        "alibaba-cloud",
        "huaweicloud",
        "ecs-2014",
    ]) && !has(&["boto3", "aws-sdk", "amazonaws", "software.amazon", "pulumi"])
}

fn grammar(language: Language) -> tree_sitter::Language {
    match language {
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Go => tree_sitter_go::LANGUAGE.into(),
        Language::Java => tree_sitter_java::LANGUAGE.into(),
        _ => tree_sitter_typescript::LANGUAGE_TSX.into(),
    }
}

/// The tree of a text. Steps are counted, not seconds: two runs end at the same place.
fn parse(text: &str, language: Language) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&grammar(language)).ok()?;
    let (bytes, mut reports) = (text.as_bytes(), 0_usize);
    let limit = 100_000 + bytes.len();
    let mut progress = |_: &ParseState| {
        reports += 1;
        if reports > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}

/// A lookup whose answer is compared with an owner has a limit, too.
fn checked(unit: &Unit<'_>, mut hit: Hit) -> Hit {
    if hit.judgement.verdict < Verdict::Info && unit.compares_owner_after(hit.at) {
        hit.judgement = Judgement::new(Verdict::Safe, "The owner of what is found is compared afterwards.");
        hit.fix = None;
    }
    hit
}
