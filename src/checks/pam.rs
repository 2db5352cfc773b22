//! PAM stacks: pam.d(5), with `@include`, `include` and `substack`.

use super::evaluate::Judged;
use super::includes::Includes;
use super::schema::{PamModule, PamRule};
use super::subject::shown;
use super::{Evidence, Outcome, Subject, Verdict};
use crate::facts::pam::{lines, words};

/// Where stacks lie: the first that has one counts. Vendors have theirs in /usr.
const DIRECTORIES: [&[u8]; 4] =
    [b"/etc/pam.d/", b"/usr/etc/pam.d/", b"/usr/share/pam.d/", b"/usr/lib/pam.d/"];

/// A line of a module.
pub(super) struct Line {
    pub(super) path: Vec<u8>,
    pub(super) number: u64,
    text: Vec<u8>,
    control: Vec<u8>,
    arguments: Vec<Vec<u8>>,
}

impl Line {
    /// The value of an argument; the last one counts, and a flag has the empty one.
    pub(super) fn argument(&self, name: &str) -> Option<&[u8]> {
        self.arguments.iter().rev().find_map(|own| {
            let (start, rest) = own.split_at_checked(name.len())?;
            let is_it = start.eq_ignore_ascii_case(name.as_bytes());
            let value = if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"=") };
            value.filter(|_| is_it)
        })
    }

    fn fits(&self, rule: &PamRule) -> bool {
        (rule.control.is_empty() || rule.control.iter().any(|word| has_control(&self.control, word)))
            && rule
                .argument
                .as_ref()
                .is_none_or(|argument| self.argument(argument).is_some_and(|value| rule.value.holds(value)))
            && (rule.among.is_empty() || self.last_of(&rule.among).is_some_and(|word| rule.value.holds(word)))
    }

    /// The last of words that exclude each other.
    fn last_of(&self, words: &[String]) -> Option<&[u8]> {
        let mut own = self.arguments.iter().rev().map(Vec::as_slice);
        own.find(|own| words.iter().any(|word| own.eq_ignore_ascii_case(word.as_bytes())))
    }
}

pub(super) fn evaluate(rule: &PamRule, subject: &Subject<'_>) -> Judged {
    let place = b"/etc/pam.d";
    let (service, kind, name) = (rule.service.clone(), rule.kind.clone(), rule.module.clone());
    let Some(lines) = module_lines(&PamModule { service, kind, name }, subject) else {
        return Ok(Outcome::new(Verdict::NotApplicable, Evidence::at(place, "there is no such stack")));
    };
    let at = |line: &Line| Evidence::line(&line.path, line.number, shown(&line.text));
    let wrong = lines.iter().find(|line| rule.every && !line.fits(rule));
    let good = lines.iter().find(|line| line.fits(rule));
    Ok(match (wrong, good) {
        (Some(line), _) => Outcome::of(false, at(line)),
        (None, Some(line)) => Outcome::of(true, at(line)),
        (None, None) => {
            let text = format!("no such {} line of {}", rule.kind, rule.module);
            Outcome::of(false, Evidence::at(place, text))
        }
    })
}

/// The lines of a module in stacks and those they include; none where there is no such stack.
pub(super) fn module_lines(module: &PamModule, subject: &Subject<'_>) -> Option<Vec<Line>> {
    let includes = Includes::new(subject, "PAM");
    let mut reader = Reader { module, subject, includes, lines: Vec::new() };
    let mut is_there = false;
    for service in &module.service {
        is_there |= stack(service.as_bytes(), subject).is_some();
        reader.read(service.as_bytes());
    }
    is_there.then_some(reader.lines)
}

struct Reader<'r, 's, 'a> {
    module: &'r PamModule,
    subject: &'s Subject<'a>,
    includes: Includes<'s, 'a>,
    lines: Vec<Line>,
}

impl Reader<'_, '_, '_> {
    /// Takes the lines of the rule's module in a stack and those it includes.
    fn read(&mut self, service: &[u8]) {
        let Some(path) = stack(service, self.subject) else { return };
        let Some(page) = self.includes.open(&path) else { return };
        for (number, text) in lines(page.lines()) {
            if !self.includes.line() {
                break;
            }
            self.line(&page.path, number, &text);
        }
        self.includes.close();
    }

    fn line(&mut self, path: &[u8], number: u64, text: &[u8]) {
        let words = words(text);
        let mut parts = words.iter().map(Vec::as_slice);
        let (Some(kind), Some(second)) = (parts.next(), parts.next()) else { return };
        if kind == b"@include" {
            return self.read(second);
        }
        let Some(module) = parts.next() else { return };
        let kind = kind.strip_prefix(b"-").unwrap_or(kind);
        if !kind.eq_ignore_ascii_case(self.module.kind.as_bytes()) {
            return;
        }
        if [&b"include"[..], b"substack"].iter().any(|word| second.eq_ignore_ascii_case(word)) {
            self.read(module);
        } else if module.rsplit(|&byte| byte == b'/').next() == Some(self.module.name.as_bytes()) {
            let arguments = parts.map(|word| unbracketed(word).to_vec()).collect();
            let (text, control) = (text.to_vec(), second.to_ascii_lowercase());
            self.lines.push(Line { path: path.to_vec(), number, text, control, arguments });
        }
    }
}

/// An argument without the brackets that hold it together.
fn unbracketed(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"[").and_then(|word| word.strip_suffix(b"]")).unwrap_or(word)
}

/// Where a stack of this name lies: as a path, or the first of these directories that has it.
fn stack(service: &[u8], subject: &Subject<'_>) -> Option<Vec<u8>> {
    if service.starts_with(b"/") {
        return Some(service.to_vec());
    }
    let mut paths = DIRECTORIES.iter().map(|directory| [*directory, service].concat());
    paths.find(|path| subject.find(path).is_some() || subject.blind_at(path).is_some())
}

fn has_control(control: &[u8], word: &str) -> bool {
    control == word.as_bytes() || word == "sufficient" && suffices(control)
}

/// Whether a control ends the stack well, or leaps over what would refuse, when its module says yes.
fn suffices(control: &[u8]) -> bool {
    let Some(list) = control.strip_prefix(b"[") else { return control == b"sufficient" };
    list.split(|&byte| byte == b' ' || byte == b']').any(|pair| {
        let action = pair.strip_prefix(b"success=").or_else(|| pair.strip_prefix(b"default="));
        let leaps = |action: &[u8]| !action.is_empty() && action.iter().all(u8::is_ascii_digit);
        action.is_some_and(|action| action == b"done" || leaps(action) && action != b"0")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::Facts;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;
    use assay_disk::tree::Tree;

    fn rule() -> PamRule {
        PamRule {
            service: vec!["sshd".to_owned()],
            kind: "auth".to_owned(),
            module: "pam_permit.so".to_owned(),
            control: vec!["sufficient".to_owned()],
            argument: None,
            among: Vec::new(),
            value: super::super::schema::Test::default(),
            every: false,
        }
    }

    /// The verdict on a tree, and what was not read for it.
    fn judged(memory: Memory) -> (Verdict, Vec<String>) {
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let subject = Subject::new(&tree, &facts, &[]);
        let verdict = evaluate(&rule(), &subject).unwrap().verdict;
        (verdict, subject.gaps().into_iter().map(|gap| gap.reason).collect())
    }

    #[test]
    fn a_stack_is_included_from_wherever_it_lies() {
        let line = "auth [success=done default=ignore] pam_permit.so\n";
        for (include, path) in [
            ("auth include ../../usr/share/misc/inc", "/usr/share/misc/inc"),
            ("auth substack /opt/x/inc", "/opt/x/inc"),
            ("@include inc", "/usr/lib/pam.d/inc"),
            ("AUTH Include inc", "/usr/etc/pam.d/inc"),
            ("auth \\\n  include inc # why", "/usr/share/pam.d/inc"),
        ] {
            let memory = Memory::new().file("/etc/pam.d/sshd", format!("{include}\n")).file(path, line);
            assert_eq!(judged(memory).0, Verdict::Pass, "{include}");
        }
        let memory = Memory::new().file("/usr/lib/pam.d/sshd", line);
        assert_eq!(judged(memory).0, Verdict::Pass, "a stack of the vendor");
    }

    #[test]
    fn a_control_in_brackets_suffices_by_what_it_does() {
        for (control, expected) in [
            ("sufficient", true),
            ("[success=done new_authtok_reqd=done default=ignore]", true),
            ("[success=2 default=ignore]", true),
            ("[default=done]", true),
            ("required", false),
            ("[success=ok default=bad]", false),
            ("[success=0 default=ignore]", false),
        ] {
            assert_eq!(suffices(control.as_bytes()), expected, "{control}");
        }
    }

    #[test]
    fn a_stack_that_includes_itself_ends_and_is_told() {
        let text = format!("auth required pam_unix.so\n{}", "@include sshd\n".repeat(200));
        let (verdict, gaps) = judged(Memory::new().file("/etc/pam.d/sshd", text));
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(gaps, ["it includes itself: PAM does not read on from there"]);
    }
}
