//! sudoers(5), with `@include`, `@includedir` and their old forms.

use super::evaluate::Judged;
use super::includes::Includes;
use super::schema::SudoRule;
use super::subject::shown;
use super::{Evidence, Outcome, Subject, Verdict};
use crate::facts::sudoers::{include, included, lines};

mod grants;

use grants::Aliases;

/// A line as sudo reads it: joined with those that continue it, without comments.
struct Line {
    path: Vec<u8>,
    number: u64,
    text: Vec<u8>,
}

pub(super) fn evaluate(rule: &SudoRule, subject: &Subject<'_>) -> Judged {
    let place = b"/etc/sudoers";
    let mut reader = Reader { subject, includes: Includes::new(subject, "sudo"), lines: Vec::new() };
    reader.read(place);
    let lines = reader.lines;
    if subject.metadata(place)?.is_none() {
        return Ok(Outcome::new(Verdict::NotApplicable, Evidence::at(place, "is not there")));
    }
    Ok(match rule {
        SudoRule::Default(name) => match setting(&lines, name) {
            Some((line, value)) => Outcome::of(value.is_some(), at(line)),
            None => Outcome::of(false, Evidence::at(place, format!("Defaults {name} is not set"))),
        },
        SudoRule::TimeoutAtMost(most) => match setting(&lines, "timestamp_timeout") {
            Some((line, Some(value))) => {
                let minutes: Option<f64> = String::from_utf8_lossy(&value).parse().ok();
                #[expect(clippy::cast_precision_loss, reason = "minutes of a rule, a small number")]
                let holds = minutes.is_some_and(|minutes| minutes >= 0.0 && minutes <= *most as f64);
                Outcome::of(holds, at(line))
            }
            Some((line, None)) => Outcome::of(true, at(line)),
            None => Outcome::of(true, Evidence::at(place, "timestamp_timeout is not set: 15 minutes")),
        },
        SudoRule::Never(word) => {
            let has = |line: &&Line| words(&line.text).any(|own| own == word.as_bytes());
            Outcome::none_of(lines.iter().filter(has).map(at).collect(), &format!("{word} stands nowhere"))
        }
        SudoRule::NoPasswordlessAll { except } => {
            let aliases = Aliases::of(lines.iter().map(|line| line.text.as_slice()));
            let has = |line: &&Line| aliases.grants_all(&line.text, except);
            Outcome::none_of(
                lines.iter().filter(has).map(at).collect(),
                "nobody gets everything without a password",
            )
        }
    })
}

fn at(line: &Line) -> Evidence {
    Evidence::line(&line.path, line.number, shown(&line.text))
}

/// Words, parted by white space, commas, colons and equal signs.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| byte.is_ascii_whitespace() || b",:=".contains(byte)).filter(|word| !word.is_empty())
}

/// The last `Defaults` line that sets a name, with the value (empty for a flag), or none where it unsets it.
fn setting<'l>(lines: &'l [Line], name: &str) -> Option<(&'l Line, Option<Vec<u8>>)> {
    let mut found = None;
    for line in lines {
        // `Defaults:user` and its kin are about some only.
        let Some(rest) = line
            .text
            .strip_prefix(b"Defaults")
            .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        else {
            continue;
        };
        for part in rest.split(|&byte| byte == b',') {
            let part = part.trim_ascii();
            let (off, part) = part.strip_prefix(b"!").map_or((false, part), |part| (true, part.trim_ascii()));
            let end = part
                .iter()
                .position(|&byte| byte == b'=' || byte.is_ascii_whitespace())
                .unwrap_or(part.len());
            if part.get(..end) == Some(name.as_bytes()) {
                let value = part.get(end..).unwrap_or_default().trim_ascii();
                let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii();
                found = Some((
                    line,
                    (!off).then(|| value.iter().filter(|byte| **byte != b'"').copied().collect()),
                ));
            }
        }
    }
    found
}

struct Reader<'s, 'a> {
    subject: &'s Subject<'a>,
    includes: Includes<'s, 'a>,
    lines: Vec<Line>,
}

impl Reader<'_, '_> {
    /// Takes the lines of a file and of those it includes.
    fn read(&mut self, path: &[u8]) {
        let Some(page) = self.includes.open(path) else { return };
        let hostname = &self.subject.facts.hostname;
        for (number, text) in lines(page.lines()) {
            if !self.includes.line() {
                break;
            }
            match include(&text) {
                Some((true, directory)) => self.read_directory(&included(directory, path, hostname)),
                Some((false, file)) => self.read(&included(file, path, hostname)),
                None => self.lines.push(Line { path: path.to_vec(), number, text }),
            }
        }
        self.includes.close();
    }

    /// Takes what lies in a directory, but for names that sudo passes over.
    fn read_directory(&mut self, directory: &[u8]) {
        let directory = directory.strip_suffix(b"/").unwrap_or(directory);
        let names = self.subject.list(directory).unwrap_or_else(|(path, why)| {
            self.subject.doubt(&path, why);
            self.subject.view().map(|view| view.list(directory)).unwrap_or_default()
        });
        for (name, _) in names {
            if !name.contains(&b'.') && !name.ends_with(b"~") {
                self.read(&[directory, b"/", &name].concat());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::Facts;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;
    use assay_disk::tree::Tree;

    /// The lines that sudo reads, and what was not read of them.
    fn read(memory: Memory) -> (Vec<String>, Vec<String>) {
        let tree = Tree::of(Arc::new(memory.file("/etc/hostname", "web-1.corp\n")), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let subject = Subject::new(&tree, &facts, &[]);
        let mut reader =
            Reader { subject: &subject, includes: Includes::new(&subject, "sudo"), lines: Vec::new() };
        reader.read(b"/etc/sudoers");
        assert!(reader.lines.iter().all(|line| !line.path.windows(2).any(|two| two == b"//")));
        let lines = reader.lines.iter().map(|line| String::from_utf8_lossy(&line.text).into_owned());
        let lines = lines.collect();
        (lines, subject.gaps().into_iter().map(|gap| gap.reason).collect())
    }

    #[test]
    fn an_include_is_read_from_where_sudo_reads_it() {
        let memory = Memory::new()
            .file("/etc/sudoers", "@include local\n@include \"/srv/a b\"\n#include /srv/c\\ d\n@include /srv/%h\n#includedir more/\n")
            .file("/etc/local", "1 A=B\n")
            .file("/srv/a b", "2 A=B\n@include beside\n")
            .file("/srv/beside", "3 A=B\n")
            .file("/srv/c d", "4 A=B\n")
            .file("/srv/web-1", "5 A=B\n")
            .file("/etc/more/x", "6 A=B\n")
            .file("/etc/more/x.bak", "7 A=B\n")
            .file("/etc/more/x~", "8 A=B\n");
        let (lines, gaps) = read(memory);
        assert_eq!(lines, ["1 A=B", "2 A=B", "3 A=B", "4 A=B", "5 A=B", "6 A=B"]);
        assert_eq!(gaps, [""; 0]);
    }

    #[test]
    fn what_includes_itself_ends_and_is_told() {
        let text = format!("Defaults use_pty\n{}a ALL=ALL\n", "@include /etc/sudoers\n".repeat(200));
        let (lines, gaps) = read(Memory::new().file("/etc/sudoers", text));
        assert_eq!(lines, ["Defaults use_pty", "a ALL=ALL"]);
        assert_eq!(gaps, ["it includes itself: sudo does not read on from there"]);
    }

    #[test]
    fn files_that_multiply_end_and_are_told() {
        let mut memory = Memory::new().file("/etc/sudoers", "@include /srv/0\n".repeat(10));
        for level in 0..8 {
            let text = format!("@include /srv/{}\n", level + 1).repeat(10);
            memory = memory.file(&format!("/srv/{level}"), text);
        }
        let (_, gaps) = read(memory);
        assert_eq!(gaps, ["the configuration of sudo has more than 512 files: the rest was not read"]);
    }
}
