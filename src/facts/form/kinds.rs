//! What a line of each kind of file looks like.

use crate::facts::{pam, sudoers};
use crate::files::lines;

mod sshd;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Kind {
    Gshadow,
    OsRelease,
    Hostname,
    Sshd,
    Sudoers,
    Pam,
    /// With the user that a job runs as.
    SystemCron,
    UserCron,
    Fstab,
    /// A unit of systemd, or one of its own configuration files.
    Unit,
    /// Any text.
    Text,
}

impl Kind {
    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gshadow => "gshadow",
            Self::OsRelease => "os-release",
            Self::Hostname => "a host's name",
            Self::Sshd => "sshd_config",
            Self::Sudoers => "sudoers",
            Self::Pam => "a stack of PAM",
            Self::SystemCron | Self::UserCron => "a crontab",
            Self::Fstab => "fstab",
            Self::Unit => "a unit",
            Self::Text => "a text",
        }
    }

    /// Whether a file without anything in it says that something was lost.
    pub(super) const fn is_never_empty(self) -> bool {
        matches!(self, Self::OsRelease)
    }

    /// Says of each line what is wrong with it.
    pub(super) fn lines(self, content: &[u8], wrong: &mut dyn FnMut(u64, &'static str)) {
        match self {
            Self::Text => {}
            Self::Sudoers => {
                for (number, line) in sudoers::lines(lines(content)) {
                    told(number, &line, sudoers::is_known(&line), wrong);
                }
            }
            Self::Pam => {
                for (number, line) in pam::lines(lines(content)) {
                    told(number, &line, pam::is_known(&line), wrong);
                }
            }
            Self::Unit => units(content, wrong),
            _ => {
                for (number, line) in lines(content) {
                    let text = line.trim_ascii();
                    if !text.is_empty() && !text.starts_with(b"#") {
                        told(number, text, self.is_known(text), wrong);
                    }
                }
            }
        }
    }

    /// Whether a line that is no comment is one of this kind.
    fn is_known(self, line: &[u8]) -> bool {
        match self {
            Self::Gshadow => {
                line.starts_with(b"+")
                    || line.starts_with(b"-")
                    || line.split(|&byte| byte == b':').count() == 4 && !line.starts_with(b":")
            }
            Self::OsRelease => is_assignment(line),
            Self::Hostname => !line.iter().any(u8::is_ascii_whitespace) && line.len() <= 255,
            Self::Sshd => sshd::is_known(line),
            Self::SystemCron => is_job(line, 1),
            Self::UserCron => is_job(line, 0),
            Self::Fstab => is_mount(line),
            Self::Sudoers | Self::Pam | Self::Unit | Self::Text => true,
        }
    }
}

fn told(number: u64, line: &[u8], is_known: bool, wrong: &mut dyn FnMut(u64, &'static str)) {
    if !is_known {
        wrong(number, "it is no line of one");
    } else if std::str::from_utf8(line).is_err() {
        wrong(number, "it is no UTF-8");
    }
}

/// `NAME=value`
fn is_assignment(line: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'=', line) else { return false };
    let name = line.get(..at).unwrap_or_default().trim_ascii();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    name.iter().all(is_letter) && name.first().is_some_and(|byte| !byte.is_ascii_digit())
}

/// Five times or a word for them, `users` names, a command; or a variable.
fn is_job(line: &[u8], users: usize) -> bool {
    let line = line.strip_prefix(b"-").unwrap_or(line);
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return true };
    if first.starts_with(b"@") {
        let is_word = first.get(1..).unwrap_or_default().iter().all(u8::is_ascii_alphanumeric);
        return is_word && words.nth(users).is_some();
    }
    if is_assignment(line) || matches!(first.first(), Some(b'"' | b'\'')) && line.contains(&b'=') {
        return true;
    }
    // A time has digits or a star, or it is a month or a day by its name.
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"*,-/~?#".contains(byte);
    let is_time = |word: &[u8]| {
        let names = word.split(|byte| !byte.is_ascii_alphabetic()).filter(|name| !name.is_empty());
        word.iter().all(is_letter) && names.into_iter().all(|name| matches!(name.len(), 1 | 3))
    };
    is_time(first) && (0..4).all(|_| words.next().is_some_and(is_time)) && words.nth(users).is_some()
}

/// What, where, of which type; what follows may be left out.
fn is_mount(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (Some(_), Some(place), Some(_)) = (words.next(), words.next(), words.next()) else { return false };
    place.starts_with(b"/") || matches!(place, b"none" | b"swap" | b"ignore" | b"-")
}

/// Sections and assignments; a line goes on behind a backslash, over comments.
fn units(content: &[u8], wrong: &mut dyn FnMut(u64, &'static str)) {
    let mut goes_on = false;
    for (number, line) in lines(content) {
        let text = line.trim_ascii();
        if text.starts_with(b"#") || text.starts_with(b";") {
            continue;
        }
        let is_section = text.starts_with(b"[") && text.ends_with(b"]");
        let is_known = goes_on || text.is_empty() || is_section || text.contains(&b'=');
        told(number, text, is_known, wrong);
        goes_on = text.ends_with(b"\\");
    }
}
