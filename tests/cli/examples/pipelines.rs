//! GitHub Actions, GitLab and Jenkins: parsed here, and held against their schemas where the tools are.

use crate::oracle::skipped::skip;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use super::text;

/// Parses Groovy, and fails where the tree has an error.
const GROOVY: &str = "
import sys, tree_sitter, tree_sitter_groovy
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
sys.exit(parser.parse(open(sys.argv[1], 'rb').read()).root_node.has_error)
";

/// A Python with check-jsonschema and tree-sitter-groovy; `None` where it is not there.
fn python() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemas/python/bin/python3");
    let python = env::var_os("ASSAY_LINT_PYTHON").map_or_else(default, PathBuf::from);
    let has_tools =
        Command::new(&python).args(["-c", "import check_jsonschema, tree_sitter_groovy"]).output();
    if has_tools.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip(&format!("check-jsonschema or tree-sitter-groovy ({})", python.display()), "the schemas of .ci/run");
    None
}

/// Whether `python` with `args` and a file of `content` ends well.
fn passes(python: &Path, args: &[&str], content: &str) -> bool {
    let file = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
    fs::write(file.path(), content).unwrap();
    Command::new(python).args(args).arg(file.path()).output().unwrap().status.success()
}

#[test]
fn the_schemas_of_github_and_gitlab_accept_the_pipelines() {
    let Some(python) = python() else { return };
    for (example, schema, right, wrong) in [
        ("github-actions.yml", "vendor.github-workflows", "runs-on:", "run-on:"),
        ("gitlab-ci.yml", "vendor.gitlab-ci", "junit: assay.xml", "junit: 1"),
    ] {
        let args = ["-m", "check_jsonschema", "--builtin-schema", schema];
        let text = text(example);
        assert!(text.contains(right) && passes(&python, &args, &text), "{example}");
        assert!(!passes(&python, &args, &text.replacen(right, wrong, 1)), "{example}: {wrong}");
    }
}

#[test]
fn a_parser_of_groovy_reads_the_jenkinsfile() {
    let Some(python) = python() else { return };
    let text = text("Jenkinsfile");
    assert!(passes(&python, &["-c", GROOVY], &text));
    assert!(!passes(&python, &["-c", GROOVY], &text.replacen("steps {", "steps {{", 1)));
}

#[test]
fn the_pipelines_audit_before_they_publish_and_keep_the_reports_of_a_failure() {
    let order = |text: &str, words: &[&str]| {
        let places: Vec<_> =
            words.iter().map(|word| text.find(word).unwrap_or_else(|| panic!("{word}"))).collect();
        assert!(places.is_sorted(), "{words:?}: {places:?}");
    };
    let (github, gitlab, jenkins) = (text("github-actions.yml"), text("gitlab-ci.yml"), text("Jenkinsfile"));
    order(&github, &["./build-image", "assay scan", "!cancelled()", "upload-sarif", "./publish-image"]);
    order(&gitlab, &["./build-image", "assay scan", "./publish-image", "when: always"]);
    order(&jenkins, &["./build-image", "assay scan", "always {", "junit ", "./publish-image"]);
    for yaml in [github, gitlab] {
        assert_eq!(Yaml::load_from_str(&yaml).unwrap().len(), 1);
    }
}

#[test]
fn every_bracket_of_the_jenkinsfile_is_closed() {
    let text = text("Jenkinsfile");
    assert_eq!(unclosed(&text), "");
    assert_eq!(unclosed(&text.replacen("steps {", "steps {{", 1)), "{");
    assert_eq!(unclosed("sh '(' // {\n)"), ")");
}

/// The brackets without a partner, outside of strings and comments.
fn unclosed(text: &str) -> String {
    let mut open = String::new();
    for line in text.lines() {
        let mut quote = None;
        let mut before = ' ';
        for letter in line.chars() {
            match (quote, letter) {
                (Some(mark), _) if mark == letter => quote = None,
                (Some(_), _) => {}
                (None, '/') if before == '/' => break,
                (None, '\'' | '"') => quote = Some(letter),
                (None, '(' | '[' | '{') => open.push(letter),
                (None, ')' | ']' | '}') => {
                    let partner = match letter {
                        ')' => '(',
                        ']' => '[',
                        _ => '{',
                    };
                    if open.ends_with(partner) {
                        open.pop();
                    } else {
                        open.push(letter);
                    }
                }
                (None, _) => {}
            }
            before = letter;
        }
        if let Some(mark) = quote {
            open.push(mark);
        }
    }
    open
}
