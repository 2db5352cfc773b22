//! chrony.conf(5), with `include`, `confdir` and `sourcedir`.

use super::evaluate::Judged;
use super::includes::Includes;
use super::schema::ChronyRule;
use super::subject::{Unreadable, shown};
use super::{Evidence, Outcome, Subject, Verdict};

/// The file that chronyd reads first: Debian's, and everyone else's.
const DEBIAN: &str = "/etc/chrony/chrony.conf";
const OTHERS: &str = "/etc/chrony.conf";
/// What counts in a file of a `sourcedir`.
const SOURCES: [&[u8]; 3] = [b"server", b"pool", b"peer"];

pub(super) fn evaluate(rule: &ChronyRule, subject: &Subject<'_>) -> Judged {
    let Some(start) = start(subject) else {
        return Ok(Outcome::new(Verdict::NotApplicable, Evidence::at(OTHERS.as_bytes(), "is not there")));
    };
    let includes = Includes::new(subject, "chronyd");
    let mut reader = Reader { subject, includes, lines: Vec::new() };
    reader.read(start.as_bytes(), false);
    let fits = |line: &&Line| {
        rule.directive.iter().any(|name| line.directive().eq_ignore_ascii_case(name.as_bytes()))
            && line.words.get(1).is_some_and(|word| rule.value.holds(word))
    };
    Ok(match reader.lines.iter().find(fits) {
        Some(line) => Outcome::of(true, line.evidence.clone()),
        None => {
            let text = format!("no such line: {}", rule.directive.join(", "));
            Outcome::of(false, Evidence::at(start.as_bytes(), text))
        }
    })
}

/// The file that chronyd of this system reads: of two the one that its package brings.
fn start(subject: &Subject<'_>) -> Option<&'static str> {
    let is_debian = matches!(subject.facts.os.id.as_str(), "debian" | "ubuntu");
    let places = if is_debian { [DEBIAN, OTHERS] } else { [OTHERS, DEBIAN] };
    let is_there = |place: &&str| {
        subject.find(place.as_bytes()).is_some() || subject.blind_at(place.as_bytes()).is_some()
    };
    places.into_iter().find(is_there)
}

/// A directive.
struct Line {
    evidence: Evidence,
    words: Vec<Vec<u8>>,
}

impl Line {
    fn directive(&self) -> &[u8] {
        self.words.first().map_or(b"", Vec::as_slice)
    }

    fn is(&self, name: &[u8]) -> bool {
        self.directive().eq_ignore_ascii_case(name)
    }

    /// What stands behind the directive.
    fn arguments(&self) -> Vec<String> {
        self.words.iter().skip(1).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }
}

struct Reader<'s, 'a> {
    subject: &'s Subject<'a>,
    includes: Includes<'s, 'a>,
    lines: Vec<Line>,
}

impl Reader<'_, '_> {
    /// Takes the lines of a file and of those it includes; of one in a `sourcedir` only the sources.
    fn read(&mut self, path: &[u8], sources_only: bool) {
        let Some(page) = self.includes.open(path) else { return };
        for (number, text) in page.lines() {
            // A sign of a comment is one at the start of a line only.
            let text = text.trim_ascii();
            if matches!(text.first(), None | Some(b'!' | b';' | b'#' | b'%')) {
                continue;
            }
            if !self.includes.line() {
                break;
            }
            let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let words = words.map(<[u8]>::to_vec).collect();
            self.line(Line { evidence: Evidence::line(path, number, shown(text)), words }, sources_only);
        }
        self.includes.close();
    }

    fn line(&mut self, line: Line, sources_only: bool) {
        if sources_only {
            if SOURCES.iter().any(|name| line.is(name)) {
                self.lines.push(line);
            }
        } else if line.is(b"include") {
            let pattern = line.arguments().into_iter().next().unwrap_or_default();
            self.read_all(self.subject.expand(&pattern), false);
        } else if line.is(b"confdir") {
            self.read_all(self.drop_ins(&line, ".conf"), false);
        } else if line.is(b"sourcedir") {
            self.read_all(self.drop_ins(&line, ".sources"), true);
        } else {
            self.lines.push(line);
        }
    }

    fn drop_ins(&self, line: &Line, suffix: &str) -> Result<Vec<Vec<u8>>, Unreadable> {
        let directories = line.arguments();
        let directories: Vec<&str> = directories.iter().map(String::as_str).collect();
        self.subject.drop_in_paths(&directories, suffix)
    }

    fn read_all(&mut self, paths: Result<Vec<Vec<u8>>, Unreadable>, sources_only: bool) {
        match paths {
            Ok(paths) => paths.iter().for_each(|path| self.read(path, sources_only)),
            Err((path, why)) => self.subject.doubt(&path, why),
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

    /// What chronyd reads of these files, and what was not read.
    fn read(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let memory = files.iter().fold(Memory::new(), |memory, (path, text)| memory.file(path, *text));
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let subject = Subject::new(&tree, &facts, &[]);
        let includes = Includes::new(&subject, "chronyd");
        let mut reader = Reader { subject: &subject, includes, lines: Vec::new() };
        reader.read(start(&subject).unwrap().as_bytes(), false);
        let is_tidy = |line: &Line| !line.evidence.path.windows(2).any(|two| two == b"//");
        assert!(reader.lines.iter().all(is_tidy));
        let lines = reader.lines.iter().map(|line| line.evidence.value.clone()).collect();
        (lines, subject.gaps().into_iter().map(|gap| gap.reason).collect())
    }

    #[test]
    fn what_is_included_is_read_and_what_lies_beside_it_is_not() {
        let (lines, gaps) = read(&[
            (
                "/etc/chrony.conf",
                "! no\n; no\n# no\n% no\ninclude /etc/my.conf\nINCLUDE /etc/x/*.inc\nconfdir /etc/a /etc/b\nSourceDir /etc/s/\n",
            ),
            ("/etc/my.conf", "  pool 1\n"),
            ("/etc/x/a.inc", "server 2\n"),
            ("/etc/x/a.not", "server no\n"),
            ("/etc/a/10.conf", "peer 3\n"),
            ("/etc/b/10.conf", "server no\n"),
            ("/etc/b/20.conf", "refclock 4\n"),
            ("/etc/b/20.sources", "server no\n"),
            ("/etc/s/a.sources", "pool 5\nuser no\ninclude /etc/x/a.not\n"),
            ("/etc/s/a.conf", "server no\n"),
            ("/etc/chrony/sources.d/a.sources", "server no\n"),
        ]);
        assert_eq!(lines, ["pool 1", "server 2", "peer 3", "refclock 4", "pool 5"]);
        assert_eq!(gaps, [""; 0]);
    }

    #[test]
    fn of_two_files_the_one_of_the_system_counts() {
        let files = [("/etc/chrony.conf", "server a\n"), ("/etc/chrony/chrony.conf", "server b\n")];
        assert_eq!(read(&files).0, ["server a"]);
        let debian = [("/etc/os-release", "ID=debian\n"), files[0], files[1]];
        assert_eq!(read(&debian).0, ["server b"]);
        assert_eq!(read(&files[1..]).0, ["server b"]);
    }

    #[test]
    fn a_file_that_includes_itself_ends_and_is_told() {
        let (lines, gaps) = read(&[("/etc/chrony.conf", "server a\ninclude /etc/chrony.conf\n")]);
        assert_eq!(lines, ["server a"]);
        assert_eq!(gaps, ["it includes itself: chronyd does not read on from there"]);
    }
}
