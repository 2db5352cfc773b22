//! Histories of shells and other programs.
//!
//! **Finds** files that keep what people typed (`signatures/files/histories.toml`, and where HISTFILE and its
//! kin put them), where they hold anything, and the secrets in their lines. Histories in SQLite are read by
//! their tables. A link to /dev/null or a blank file is nothing.
//!
//! **Why it matters:** they name hosts and paths, and often passwords.
//!
//! **Does not find** secrets without a form in an unknown command (`login hunter2`), and lines of histories in
//! other binary forms (Neovim's shada), in which the rules' tokens are found all the same.
//!
//! **References:** bash(1), zshparam(1), fish(1), editline(3).

use std::borrow::Cow;
use std::sync::Arc;

use super::path_table::path_matches;
use super::{FileDetector, Interest, Sink};
use crate::command_line;
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

pub(super) mod table;

use table::Histories;
pub use table::check;

/// Longest line that is read as a command, in bytes.
const LINE_LIMIT: usize = 64 << 10;

/// The detector.
pub struct ShellHistory {
    histories: &'static Histories,
    advisory: Arc<Advisory>,
    secret: Arc<Advisory>,
}

impl Default for ShellHistory {
    fn default() -> Self {
        Self {
            histories: Histories::embedded(),
            advisory: Arc::new(Advisory {
                id: "shell-history".into(),
                category: Category::ShellHistory,
                title: "History of typed commands".into(),
                severity: Severity::Low,
                why: "It tells what the builder did, and often the passwords that were typed.".into(),
                remedy: "Delete the file as the last step of the build, with `unset HISTFILE` before.".into(),
                references: vec!["https://www.gnu.org/software/bash/manual/".into()],
            }),
            secret: Arc::new(Advisory {
                id: "secret-in-history".into(),
                category: Category::ShellHistory,
                title: "Secret in a history of typed commands".into(),
                severity: Severity::High,
                why: "Whoever starts the image reads the secret, and what it was used for.".into(),
                remedy:
                    "Change the secret, delete the file as the last step of the build, and pass secrets by \
                         file or standard input."
                        .into(),
                references: vec!["https://www.gnu.org/software/bash/manual/".into()],
            }),
        }
    }
}

impl FileDetector for ShellHistory {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory), Arc::clone(&self.secret)]
    }

    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest {
        let filled = entry.metadata.file_type == FileType::Regular && entry.metadata.size > 0;
        let placed = || facts.histories.iter().any(|pattern| path_matches(pattern, entry.path));
        let named = filled && (self.histories.of(entry.path).is_some() || placed());
        if named { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let content = &*utf8(content);
        let mut lines = 0_u64;
        let escaped = content.starts_with(b"_HiStOrY_V2_");
        for (number, raw) in (1_u64..).zip(content.split(|&byte| byte == b'\n')) {
            if raw.trim_ascii().is_empty() {
                continue;
            }
            lines = lines.saturating_add(1);
            if raw.len() > LINE_LIMIT {
                continue; // no line that a person typed; the rules search it
            }
            let line = command(raw, escaped);
            for found in command_line::secrets(&line) {
                let value = found.value.as_slice();
                let finding = Finding::new(&self.secret)
                    .confidence(Confidence::Medium)
                    .proof(Verification::Name)
                    .line(number);
                sink.finding(finding.fact(FactKey::GivenAs, found.kind).secret(Secret::new(value)));
            }
        }
        if lines > 0 {
            let program =
                self.histories.of(entry.path).map_or("as HISTFILE says", |history| &history.program);
            let finding = Finding::new(&self.advisory).fact(FactKey::Lines, lines.to_string());
            sink.finding(finding.fact(FactKey::Program, program));
        }
    }
}

/// The text, where it was written in UTF-16 (by PowerShell on some systems).
fn utf8(content: &[u8]) -> Cow<'_, [u8]> {
    let join: fn([u8; 2]) -> u16 = match content {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Cow::Borrowed(content),
    };
    let units = content.chunks_exact(2).skip(1).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(join);
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
    Cow::Owned(text.into_bytes())
}

/// What was typed, without what the program adds: zsh's times, fish's YAML, the escapes of editline.
fn command(raw: &[u8], escaped: bool) -> Cow<'_, [u8]> {
    if escaped {
        return Cow::Owned(octal(raw));
    }
    if let Some(rest) = raw.strip_prefix(b"- cmd: ") {
        return Cow::Borrowed(rest);
    }
    match raw.strip_prefix(b": ").and_then(|rest| Some((rest, memchr::memchr(b';', rest)?))) {
        Some((rest, at)) if rest.first().is_some_and(u8::is_ascii_digit) => {
            Cow::Borrowed(rest.get(at.saturating_add(1)..).unwrap_or_default())
        }
        _ => Cow::Borrowed(raw),
    }
}

/// Undoes the escapes of vis(3): `\\040` is a blank.
fn octal(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        let code =
            after.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match code.filter(|_| byte == b'\\') {
            Some(code) => {
                out.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::fs::{Metadata, NodeId};

    fn inspect(content: &[u8]) -> Collector {
        let metadata = Metadata::bare(FileType::Regular, 0o600, content.len() as u64);
        let entry = Entry { path: b"/root/.x_history", metadata: &metadata, node: NodeId(1), target: None };
        let mut collected = Collector::default();
        ShellHistory::default().inspect(&entry, content, &Facts::default(), &mut collected);
        collected
    }

    #[test]
    fn secrets_are_reported_by_line_in_every_format() {
        for content in [
            "ls\nsshpass -p kd83Hs71 ssh h\n",
            "ls\n: 1696412011:0;sshpass -p kd83Hs71 ssh h\n",
            "- cmd: ls\n- cmd: sshpass -p kd83Hs71 ssh h\n",
            "_HiStOrY_V2_\nsshpass\\040-p\\040kd83Hs71\\040ssh\n",
        ] {
            let found = inspect(content.as_bytes()).findings;
            assert_eq!(found.len(), 2, "{content}");
            assert_eq!(found[0].location.line, Some(2));
            assert_eq!(found[0].evidence.secrets[0].reveal(), b"kd83Hs71");
        }
    }

    #[test]
    fn a_blank_history_is_nothing() {
        assert!(inspect(b"\n\n").findings.is_empty());
    }
}
