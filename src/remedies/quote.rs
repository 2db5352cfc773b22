//! Bytes of the image as words of a POSIX shell.
//!
//! POSIX.1-2017, "Shell Command Language", 2.2 Quoting: within single quotes every character stands for itself. Bytes
//! that are not to be seen are made by printf(1) instead, so that a script can be shown on a terminal.

use std::fmt::Write as _;

use assay_disk::text::Escaped;

/// A word, and the statements that must come before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Statements, each ended by `; `; mostly empty.
    pub before: String,
    /// The word itself, in quotes where it needs them.
    pub word: String,
}

/// `bytes` as one word; `variable` is the name that it may use.
pub fn word(bytes: &[u8], variable: &str) -> Word {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:,@%".contains(byte);
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_visible(text));
    let (before, word) = match text {
        Some(text) if !text.is_empty() && bytes.iter().all(plain) => (String::new(), text.to_owned()),
        Some(text) => (String::new(), format!("'{}'", text.replace('\'', "'\\''"))),
        // A command substitution loses the line ends at its end: a full stop keeps them.
        None => {
            let made = format!("{variable}=$(printf '{}.'); {variable}=${{{variable}%.}}; ", octal(bytes));
            (made, format!("\"${variable}\""))
        }
    };
    Word { before, word }
}

/// Whether each character shows as itself.
fn is_visible(text: &str) -> bool {
    Escaped(text.as_bytes()).to_string() == text.replace('\\', "\\\\")
}

/// `bytes` as a format of printf(1).
fn octal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._- ".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "\\{byte:03o}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_every_byte() {
        let mut all: Vec<u8> = (1..=255).collect();
        all.extend(b"\n\n");
        let cases: [&[u8]; 9] = [
            b"/etc/passwd",
            b"-rf",
            b"it's $(id) `id` \"x\" \\ *",
            b"two\nlines\n\n",
            b"\x1b[2J\xff",
            b"",
            "gr\u{f6}\u{df}e \u{202e}".as_bytes(),
            b"%s%n\\101",
            &all,
        ];
        for bytes in cases {
            let Word { before, word } = word(bytes, "p");
            assert!(before.bytes().chain(word.bytes()).all(|byte| byte >= b' '));
            let script = format!("{before}printf %s {word}");
            let done = Command::new("sh").arg("-c").arg(script).env("LC_ALL", "C").output().unwrap();
            assert!(done.status.success());
            assert_eq!(done.stdout, bytes, "{word}");
        }
    }

    #[test]
    fn an_ordinary_path_stays_as_it_is() {
        assert_eq!(word(b"/etc/ssh/ssh_host_rsa_key", "p").word, "/etc/ssh/ssh_host_rsa_key");
        assert_eq!(word(b"/srv/my file", "p").word, "'/srv/my file'");
    }
}
