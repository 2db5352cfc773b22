//! Words, lines and colours.

use crate::finding::{Category, Severity};

/// Colours, or none.
pub(in crate::report) struct Paint {
    /// Whether to paint.
    pub(in crate::report) on: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(in crate::report) fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    pub(in crate::report) fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    pub(in crate::report) fn underlined(&self, text: &str) -> String {
        self.with("4", text)
    }

    pub(in crate::report) fn red(&self, text: &str) -> String {
        self.with("31", text)
    }

    pub(in crate::report) fn green(&self, text: &str) -> String {
        if self.on {
            text.lines().map(|line| self.with("32", line) + "\n").collect()
        } else {
            text.to_owned()
        }
    }

    pub(in crate::report) fn cyan(&self, text: &str) -> String {
        self.with("36", text)
    }

    pub(in crate::report) fn severity(&self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;97;41",
            Severity::High => "1;31",
            Severity::Medium => "1;33",
            Severity::Low => "1;34",
            Severity::Info => "1;2",
        };
        // A background looks better with room around the words.
        if self.on && severity == Severity::Critical {
            self.with(code, &format!(" {text} "))
        } else {
            self.with(code, text)
        }
    }

    pub(in crate::report) fn outcome(&self, good: bool, text: &str) -> String {
        self.with(if good { "1;32" } else { "1;31" }, text)
    }
}

/// A category as a heading.
pub(in crate::report) const fn category_name(category: Category) -> &'static str {
    match category {
        Category::SshHostKey => "SSH host keys",
        Category::SshPrivateKey => "SSH private keys",
        Category::AuthorizedKeys => "Who may log in by SSH key",
        Category::ShellHistory => "Shell history",
        Category::Credential => "Credentials",
        Category::PasswordHash => "Accounts and passwords",
        Category::Miner => "Coin miners",
        Category::Malware => "Files that your lists and rules name",
        Category::Access => "Access to the machine",
        Category::Leftover => "Leftovers of the build",
        Category::Persistence => "What starts by itself",
        Category::Privilege => "Programs with more rights",
        Category::Integrity => "Files that differ from their packages or the reference",
        Category::Hardening => "Hardening",
        Category::Sourcing => "Sourcing",
        Category::Package => "Vulnerable and unsupported software",
    }
}

/// "1 file", "2 files", "2 entries".
pub(in crate::report) fn count(number: usize, noun: &str) -> String {
    counted(number as u64, noun)
}

/// The same, with thousands set apart.
pub(in crate::report) fn counted(number: u64, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        _ if number == 1 => noun.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {plural}", thousands(number))
}

/// 1234567 as "1,234,567".
pub(in crate::report) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len().saturating_sub(index)).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the unit that suits them: "512 B", "4.0 MiB".
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths, so that whole numbers suffice.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while tenths >= 10240 {
        match units.next() {
            Some(next) => unit = Some(next),
            None => break,
        }
        tenths /= 1024;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, unit.unwrap_or(&"B"))
}

/// `prose` in lines of at most `width` columns (a longer word stays whole), escaped, each ended by a newline.
pub fn wrap(prose: &str, first: &str, other: &str, width: usize) -> String {
    let mut text = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in prose.split_whitespace() {
        let word = assay_disk::text::Escaped(word.as_bytes()).to_string().replace("\\\\", "\\");
        let needed = line.chars().count().saturating_add(word.chars().count()).saturating_add(1);
        if !empty && needed > width {
            text.push_str(&line);
            text.push('\n');
            other.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(&word);
        empty = false;
    }
    text.push_str(&line);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_well() {
        assert_eq!(size(512), "512 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(8 << 20), "8.0 MiB");
        assert_eq!(size(u64::MAX), "15.9 EiB");
        assert_eq!(counted(1, "entry"), "1 entry");
        assert_eq!(counted(1_234_567, "entry"), "1,234,567 entries");
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(count(0, "gap"), "0 gaps");
    }

    #[test]
    fn prose_is_wrapped_at_words_and_without_control_bytes() {
        assert_eq!(wrap("one two three", "- ", "  ", 9), "- one two\n  three\n");
        assert_eq!(wrap("a\x1b[2Jb", "", "", 40), "a\\u{1b}[2Jb\n");
    }
}
