//! What was named in the place of something else: a report where an image belongs, a baseline where a policy does,
//! an address where a file does. Whoever mixes them up is told what it is, and which command takes it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::Failure;
use crate::audit::OpenError;
use crate::report::format::names;
use crate::report::{FORMATS, Format, json, sbom};
use assay_disk::image::ImageError;
use assay_disk::text::Escaped;

/// How much of a file tells what it is, in bytes.
const START: u64 = 4096;

/// Something that this program writes or reads, and that is no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `assay scan --format json`.
    Report,
    /// `assay scan` in a form that no command reads.
    Other(&'static Format),
    /// `assay diff --format json`.
    Comparison,
    /// `assay baseline`.
    Baseline,
    /// What `--policy` takes.
    Policy,
    /// `assay fix`.
    Script,
}

impl Kind {
    /// What the first bytes of a file tell.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start();
        if names(text, "assay-diff") {
            return Some(Self::Comparison);
        }
        if let Some(format) = FORMATS.into_iter().find(|format| (format.is_begun_by)(text)) {
            return Some(if *format == json::FORMAT { Self::Report } else { Self::Other(format) });
        }
        let has_line = |wanted: &[&str]| text.lines().any(|line| wanted.contains(&line));
        let begins_line = |wanted: &str| text.lines().any(|line| line.starts_with(wanted));
        Some(match text {
            _ if text.starts_with("#!/bin/sh\n# Cleans a machine of what assay") => Self::Script,
            _ if begins_line("version = 1") && begins_line("key = \"") => Self::Baseline,
            _ if has_line(&["[findings]", "[scan]", "[[require]]", "[[allow]]", "[[gap]]"]) => Self::Policy,
            _ => return None,
        })
    }

    /// The same of the file at `path`; none of what is no file, or cannot be read.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let mut start = Vec::new();
        let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
        is_file.then(|| File::open(path).ok()?.take(START).read_to_end(&mut start).ok()).flatten()?;
        Self::of(&start)
    }

    /// Whether it is a list of software that other programs read, too.
    pub(super) fn is_bill_of_materials(self) -> bool {
        matches!(self, Self::Other(format) if format == &sbom::cyclonedx::FORMAT || format == &sbom::spdx::FORMAT)
    }

    /// What it is, and what to do with it, where `wanted` ("an image") is wanted.
    pub(super) fn advice(self, path: &Path, wanted: &str) -> String {
        let shown = Escaped(path.as_os_str().as_encoded_bytes());
        match self {
            Self::Report => format!(
                "is a report of assay scan, not {wanted}; what takes it: assay diff {shown} NEW, assay fix {shown}"
            ),
            Self::Other(format) => format!(
                "is a report of assay scan as {}, which no command reads; assay diff and assay fix take \
                 --format json",
                format.name
            ),
            Self::Comparison => {
                format!("is what assay diff wrote, not {wanted}; no command takes it: name the images")
            }
            Self::Baseline => {
                format!(
                    "is a baseline, not {wanted}; it goes beside an image: assay scan IMAGE --baseline {shown}"
                )
            }
            Self::Policy => {
                format!(
                    "is a policy, not {wanted}; it goes beside an image: assay scan IMAGE --policy {shown}"
                )
            }
            Self::Script => format!(
                "is a script of assay fix, not {wanted}; what it would do on this machine: sh {shown} --dry-run"
            ),
        }
    }

    /// The failure of a file that stands where `wanted` belongs.
    pub(super) fn failure(self, path: &Path, wanted: &str) -> Failure {
        let shown = Escaped(path.as_os_str().as_encoded_bytes());
        Failure::usage(format!("{shown}: {}", self.advice(path, wanted)))
    }
}

/// The failure to open an image, with what was probably meant.
pub(super) fn failure(error: &OpenError) -> Failure {
    let meant = match error {
        OpenError::Image(ImageError::Unsupported { path, .. }) => {
            Kind::at(path).map(|kind| kind.failure(path, "an image"))
        }
        OpenError::Image(ImageError::NotFound(path)) => elsewhere(path),
        _ => None,
    };
    meant.unwrap_or_else(|| Failure::unreadable(error))
}

/// What is named by an address or an id of a cloud, and so lies elsewhere.
fn elsewhere(path: &Path) -> Option<Failure> {
    let shown = Escaped(path.as_os_str().as_encoded_bytes());
    let name = path.to_str()?;
    if let Some((scheme, _)) = name.split_once("://") {
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return is_scheme.then(|| {
            Failure::usage(format!(
                "{shown}: is an address, and assay stays offline; download the image first"
            ))
        });
    }
    let (kind, digits) = name.split_once('-')?;
    let is_id = matches!(kind, "ami" | "snap" | "vol" | "i")
        && matches!(digits.len(), 8 | 17)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| {
        let from = if kind == "snap" { name } else { "SNAPSHOT" };
        Failure::usage(format!(
            "{shown}: is an id of AWS, and assay stays offline; get the disk first: coldsnap download {from} disk.raw"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_otherwise_is_not_mistaken() {
        for text in [
            "",
            "{}",
            "{\"format\": \"other\"}",
            "<!DOCTYPE html><title>x</title>",
            "<?xml version=\"1.0\"?><testsuites name=\"other\"/>",
            "a list of things\n",
            "#!/bin/sh\necho\n",
            "version = 1\n",
            "## A heading\n",
            "assay was here\n",
        ] {
            assert_eq!(Kind::of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_address_and_an_id_are_told_from_a_name_of_a_file() {
        for name in ["https://example.org/a.raw", "s3://bucket/key", "ami-0123456789abcdef0", "snap-0badcafe"]
        {
            assert_eq!(elsewhere(Path::new(name)).unwrap().exit, super::super::Exit::USAGE, "{name}");
        }
        for name in ["ami-1.raw", "snap-", "://x", "a b://c", "disk.raw", "vol-0123456789abcdefg"] {
            assert!(elsewhere(Path::new(name)).is_none(), "{name}");
        }
    }
}
