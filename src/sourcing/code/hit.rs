//! A place in code that chooses an image, from where a front end saw it to what is reported.

use super::arguments::{searches, worst};
use super::judge::{Judgement, Verdict};
use super::search::{Constant, Search};
use super::suppression;
use super::value::Value;
use super::{Options, Scan};
use crate::sourcing::publishers::{Publisher, Publishers};

/// In which language, by which interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Form {
    /// `data "aws_ami"` and its like, of Terraform and OpenTofu.
    Terraform,
    /// `terraform show -json`, and states.
    TerraformState,
    /// Packer, in HCL or JSON.
    Packer,
    /// What CDK looked up, in `cdk.context.json`.
    CdkContext,
    /// CDK, in any language.
    Cdk,
    /// Pulumi, in any language.
    Pulumi,
    /// CloudFormation and SAM.
    CloudFormation,
    /// Modules of Ansible.
    Ansible,
    /// Node classes of Karpenter.
    Karpenter,
    /// Machines of Cluster API.
    ClusterApi,
    /// Recipes of EC2 Image Builder.
    ImageBuilder,
    /// The command `aws`.
    AwsCli,
    /// AWS SDK for Python.
    Boto3,
    /// AWS SDK for JavaScript.
    JavaScriptSdk,
    /// AWS SDK for Go.
    GoSdk,
    /// AWS SDK for Java.
    JavaSdk,
}

impl Form {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::TerraformState => "Terraform state",
            Self::Packer => "Packer",
            Self::CdkContext => "CDK context",
            Self::Cdk => "CDK",
            Self::Pulumi => "Pulumi",
            Self::CloudFormation => "CloudFormation",
            Self::Ansible => "Ansible",
            Self::Karpenter => "Karpenter",
            Self::ClusterApi => "Cluster API",
            Self::ImageBuilder => "EC2 Image Builder",
            Self::AwsCli => "AWS CLI",
            Self::Boto3 => "boto3",
            Self::JavaScriptSdk => "AWS SDK for JavaScript",
            Self::GoSdk => "AWS SDK for Go",
            Self::JavaSdk => "AWS SDK for Java",
        }
    }
}

/// A place in code that chooses an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// Path of the file, relative to the root, with `/`.
    pub path: Vec<u8>,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// In which language, by which interface.
    pub form: Form,
    /// What it is worth.
    pub verdict: Verdict,
    /// Why, in one plain sentence.
    pub reason: String,
    /// What is searched for.
    pub search: Search,
    /// The variable that decides, if the verdict is unknown.
    pub unknown: Option<String>,
    /// Fixed ids in the code, and ids that a search has found already (states, CDK).
    pub image_ids: Vec<String>,
    /// The publisher whose images the search is meant to find: a look-alike is worth a stranger's while.
    pub publisher: Option<String>,
    /// How to mend it.
    pub fix: Option<Fix>,
    /// The account that it was made in.
    pub account: Option<String>,
    /// The region that it was made in.
    pub region: Option<String>,
    /// The search that a module makes for its caller: path and line.
    pub made_at: Option<(Vec<u8>, u64)>,
    /// The reason in `# assay: ignore[image-lookup-unsafe] reason`.
    pub suppressed: Option<String>,
}

impl Lookup {
    /// `main.tf:12`, for people.
    pub fn place(&self) -> String {
        format!("{}:{}", String::from_utf8_lossy(&self.path), self.line)
    }
}

/// Text to put into the file in place of the bytes from `start` to `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Offset of the first byte that is replaced.
    pub start: usize,
    /// Offset after the last byte that is replaced.
    pub end: usize,
    /// What to write there.
    pub text: String,
}

/// A place that makes an image, or its snapshot, public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Path of the file, relative to the root, with `/`.
    pub path: Vec<u8>,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// In which language.
    pub form: Form,
    /// One plain sentence.
    pub reason: String,
    /// The reason in `# assay: ignore[image-made-public] reason`.
    pub suppressed: Option<String>,
}

/// What could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the file, relative to the root, with `/`.
    pub path: Vec<u8>,
    /// Line, from 1, where one is known.
    pub line: Option<u64>,
    /// Why, in one plain sentence.
    pub reason: String,
}

/// A text that a front end reads: a file, or code in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    /// Lines of the file before this text.
    pub(super) lines_before: u64,
    /// Characters before each line of this text.
    pub(super) indent: u64,
    /// Whether offsets in the text are offsets in the file.
    pub(super) is_whole: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, lines_before: 0, indent: 0, is_whole: true }
    }

    pub(super) fn line_and_column(&self, at: usize) -> (u64, u64) {
        let bytes = self.text.as_bytes();
        let before = bytes.get(..at).unwrap_or(bytes);
        let line = memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let column = before.get(start..).map_or(0, |line| String::from_utf8_lossy(line).chars().count());
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        (number(line) + 1 + self.lines_before, number(column) + 1 + self.indent)
    }

    pub(super) fn problem(&self, at: Option<usize>, reason: impl Into<String>) -> Problem {
        let line = at.map(|at| self.line_and_column(at).0);
        Problem { path: self.path.as_bytes().to_vec(), line, reason: reason.into() }
    }
}

/// What a front end saw.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) at: usize,
    pub(super) form: Form,
    pub(super) search: Search,
    pub(super) judgement: Judgement,
    pub(super) image_ids: Vec<String>,
    pub(super) fix: Option<Fix>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) made_at: Option<(Vec<u8>, u64)>,
}

impl Hit {
    pub(super) fn new(at: usize, form: Form, search: Search, judgement: Judgement) -> Self {
        let (image_ids, fix) = (Vec::new(), None);
        Self { at, form, search, judgement, image_ids, fix, account: None, region: None, made_at: None }
    }

    /// A search by these arguments, with what else is known of it.
    pub(super) fn of(
        at: usize,
        form: Form,
        arguments: &Value,
        publishers: &Publishers,
        more: impl Fn(&mut Search),
    ) -> Self {
        let mut searches = searches(arguments);
        searches.iter_mut().for_each(more);
        let (search, judgement) = worst(searches, publishers);
        Self::new(at, form, search, judgement)
    }

    /// Who should be named as the owner, where it is sure: the publisher that is meant.
    pub(super) fn owner_to_name(&self, publishers: &Publishers) -> Option<String> {
        let is_open = matches!(self.judgement.verdict, Verdict::Unsafe | Verdict::Pinned);
        if !is_open || self.search.owners != Constant::Absent || !has_a_pattern(&self.search) {
            return None;
        }
        match publisher(&self.search, publishers) {
            Some(known) => known.accounts.first().cloned(),
            None => Some("self".to_owned()),
        }
    }

    pub(super) fn report(self, source: &Source<'_>, options: &Options, scan: &mut Scan) {
        let (line, column) = source.line_and_column(self.at);
        let is_open = self.judgement.verdict < Verdict::Info;
        let aimed_at = publisher(&self.search, &options.publishers).filter(|_| is_open);
        let publisher = aimed_at.map(|publisher| publisher.name.clone());
        scan.lookups.push(Lookup {
            path: source.path.as_bytes().to_vec(),
            line,
            column,
            form: self.form,
            verdict: self.judgement.verdict,
            reason: self.judgement.reason,
            unknown: self.judgement.unknown,
            image_ids: self.image_ids,
            publisher,
            fix: self.fix.filter(|_| source.is_whole),
            account: self.account,
            region: self.region,
            made_at: self.made_at,
            suppressed: suppression::reason(source.text, self.at, self.judgement.verdict),
            search: self.search,
        });
    }
}

fn has_a_pattern(search: &Search) -> bool {
    !search.names().is_empty() || search.name_regex.known().is_some()
}

fn publisher<'a>(search: &Search, publishers: &'a Publishers) -> Option<&'a Publisher> {
    let by_name = search.names().into_iter().find_map(|name| publishers.of_pattern(name));
    by_name.or_else(|| search.name_regex.known().and_then(|regex| publishers.of_expression(regex)))
}
