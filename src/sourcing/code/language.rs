//! In which language a file is, by its name, and the words without which it chooses no image.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// What reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Json,
    Hcl,
    HclJson,
    TerraformValues,
    Yaml,
    Shell,
    Markdown,
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Go,
    Java,
}

/// Endings of templates, behind which the real one stands.
const TEMPLATES: &[&str] =
    &[".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".tftpl", ".erb", ".in", ".sample", ".example", ".dist"];

/// Whole endings before their last parts: `.tf.json` is no mere JSON.
const ENDINGS: &[(&str, Language)] = &[
    (".tf.json", Language::HclJson),
    (".tofu.json", Language::HclJson),
    (".tfvars.json", Language::TerraformValues),
    (".tf", Language::Hcl),
    (".tofu", Language::Hcl),
    (".hcl", Language::Hcl),
    (".tfvars", Language::TerraformValues),
    (".json", Language::Json),
    (".tfstate", Language::Json),
    (".tfstate.backup", Language::Json),
    (".template", Language::Yaml),
    (".yaml", Language::Yaml),
    (".yml", Language::Yaml),
    (".md", Language::Markdown),
    (".mdx", Language::Markdown),
    (".markdown", Language::Markdown),
    (".py", Language::Python),
    (".js", Language::JavaScript),
    (".mjs", Language::JavaScript),
    (".cjs", Language::JavaScript),
    (".jsx", Language::JavaScript),
    (".ts", Language::TypeScript),
    (".mts", Language::TypeScript),
    (".cts", Language::TypeScript),
    (".tsx", Language::Tsx),
    (".go", Language::Go),
    (".java", Language::Java),
    (".groovy", Language::Java),
    (".gradle", Language::Java),
    (".kt", Language::Java),
    (".kts", Language::Java),
    (".scala", Language::Java),
    (".sh", Language::Shell),
    (".bash", Language::Shell),
    (".zsh", Language::Shell),
    (".ksh", Language::Shell),
    (".bats", Language::Shell),
    (".mk", Language::Shell),
    (".env", Language::Shell),
    (".envrc", Language::Shell),
    (".dockerfile", Language::Shell),
    (".ps1", Language::Shell),
    (".bat", Language::Shell),
    (".cmd", Language::Shell),
    (".rst", Language::Shell),
    (".adoc", Language::Shell),
    (".txt", Language::Shell),
];

/// Names without an ending.
const NAMES: &[&str] =
    &["makefile", "gnumakefile", "dockerfile", "containerfile", "jenkinsfile", "justfile", "vagrantfile"];

/// The language of a file; `head` are its first bytes.
pub(super) fn of(path: &str, head: &[u8]) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let name = TEMPLATES.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    if let Some((_, language)) = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)) {
        return Some(*language);
    }
    if NAMES.iter().any(|known| name.starts_with(known)) {
        return Some(Language::Shell);
    }
    by_interpreter(head)
}

fn by_interpreter(head: &[u8]) -> Option<Language> {
    let line = head.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let is = |name: &str| line.contains(name);
    match () {
        () if is("python") || is("uv run") => Some(Language::Python),
        () if is("node") => Some(Language::JavaScript),
        () if is("sh") || is("make") => Some(Language::Shell),
        () => None,
    }
}

/// Words of program text that choose an image.
const PROGRAM: &[&str] = &[
    "describe_images",
    "describeImages",
    "DescribeImages",
    "get_ami",
    "getAmi",
    "GetAmi",
    "LookupAmi",
    "MachineImage",
];
/// Words that other libraries have, too.
const PARAMETERS: &[&str] = &["getParameter", "get_parameter", "LookupParameter"];
const COLLECTIONS: &[&str] = &["images.filter", "images.all"];
/// Without one of these beside it, a collection of images is none of EC2.
const OF_EC2: &[&str] = &["ec2", "Filters", "Owners", "ImageIds", "ExecutableUsers"];
const HCL: &[&str] = &[
    "aws_ami",
    "ami-",
    "resolve:ssm",
    "aws_ssm_parameter",
    "amazon-ami",
    "source_ami",
    "ami_groups",
    "snapshot_groups",
];
const DATA: &[&str] = &[
    "aws_ami",
    "ami-",
    "ami:account=",
    "resolve:ssm",
    "source_ami",
    "ami_groups",
    "snapshot_groups",
    "ImageId",
    "describe-images",
    "describe_images",
    "describeImages",
    "DescribeImages",
    "ec2_ami",
    "getAmi",
    "amiSelector",
    "imageLookup",
    "arentImage",
    "AWS::EC2::Image",
    "get-parameter",
];
const SHELL: &[&str] = &["describe-images", "get-parameter"];
const MARKDOWN: &[&[&str]] = &[PROGRAM, PARAMETERS, COLLECTIONS, HCL, DATA];

fn automaton(words: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words).ok()
}

static PROGRAM_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(PROGRAM));
static HCL_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(HCL));
static DATA_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(DATA));
static SHELL_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(SHELL));
static MARKDOWN_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(&MARKDOWN.concat()));

/// Whether the bytes hold a word without which a file of this language chooses no image.
pub(super) fn may_choose(language: Language, bytes: &[u8]) -> bool {
    let words = match language {
        Language::Hcl | Language::HclJson | Language::TerraformValues => &HCL_WORDS,
        Language::Json | Language::Yaml => &DATA_WORDS,
        Language::Shell => &SHELL_WORDS,
        Language::Markdown => &MARKDOWN_WORDS,
        Language::Python
        | Language::JavaScript
        | Language::TypeScript
        | Language::Tsx
        | Language::Go
        | Language::Java => return program_may_choose(bytes),
    };
    // Without the automaton, which cannot fail for these words, every file is read.
    words.as_ref().is_none_or(|words| words.is_match(bytes))
}

/// Parsing is the dear part, so what is no call of AWS for sure is not parsed.
fn program_may_choose(bytes: &[u8]) -> bool {
    let has =
        |words: &[&str]| words.iter().any(|word| memchr::memmem::find(bytes, word.as_bytes()).is_some());
    let has_ssm = || bytes.windows(3).any(|three| three.eq_ignore_ascii_case(b"ssm"));
    PROGRAM_WORDS.as_ref().is_none_or(|words| words.is_match(bytes))
        || has(PARAMETERS) && has_ssm()
        || has(COLLECTIONS) && has(OF_EC2)
}

/// Whether a call of this name may choose an image.
pub(super) fn is_choice(name: &str) -> bool {
    PROGRAM_WORDS.as_ref().is_none_or(|words| words.is_match(name))
        || PARAMETERS.iter().any(|word| name.contains(word))
}

/// Whether a text calls a search for images; more words are in files that only name one.
pub(super) fn searches(text: &str) -> bool {
    let calls = [
        "describe_images(",
        "describeImages(",
        "DescribeImages(",
        "DescribeImagesCommand(",
        "MachineImage.lookup(",
    ];
    calls.iter().any(|call| memchr::memmem::find(text.as_bytes(), call.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_only_share_a_word_with_aws_are_not_parsed() {
        for (text, may) in [
            ("String id = request.getParameter(\"id\");", false),
            ("ssm.get_parameter(Name='/golden/ami')", true),
            ("new AWS.SSM().getParameter({})", true),
            ("post.images.filter(public=True)", false),
            ("boto3.resource('ec2').images.all()", true),
            ("resource.images.filter(Owners=['self'])", true),
            ("client.describe_images()", true),
        ] {
            assert_eq!(may_choose(Language::Python, text.as_bytes()), may, "{text}");
        }
    }

    #[test]
    fn names_say_the_language() {
        for (path, language) in [
            ("a/main.tf", Language::Hcl),
            ("a/x.pkr.hcl", Language::Hcl),
            ("a/main.tf.json", Language::HclJson),
            ("a/playbook.yml.j2", Language::Yaml),
            ("Makefile.inc", Language::Shell),
            ("docker/Dockerfile.prod", Language::Shell),
            ("README.MD", Language::Markdown),
            ("a/x.TS", Language::TypeScript),
        ] {
            assert_eq!(of(path, b""), Some(language), "{path}");
        }
        assert_eq!(of("bin/run", b"#!/usr/bin/env python3\n"), Some(Language::Python));
        assert_eq!(of("bin/run", b"#!/bin/bash\n"), Some(Language::Shell));
        assert_eq!(of("image.png", b"\x89PNG"), None);
    }
}
