//! Whether a file has the form of its kind. Nothing of its lines is shown: they may hold secrets.

use super::SystemReader;

/// How far a file has its form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    wrong: u64,
    /// The first line that is wrong (0: the file as a whole), and what is wrong with it.
    first: Option<(u64, String)>,
}

impl Form {
    /// Whether nothing is wrong.
    pub(crate) fn is_right(&self) -> bool {
        self.wrong == 0
    }

    /// A line, or with 0 the file as a whole, has not its form.
    pub(crate) fn wrong(&mut self, line: u64, what: impl Into<String>) {
        self.wrong = self.wrong.saturating_add(1);
        self.first.get_or_insert_with(|| (line, what.into()));
    }

    /// So many further lines have not their form.
    pub(crate) fn also(&mut self, lines: u64) {
        self.wrong = self.wrong.saturating_add(lines);
    }

    /// Says so.
    pub(crate) fn tell(self, reader: &mut SystemReader<'_>, path: &[u8], kind: &str) {
        let Some((line, what)) = self.first else { return };
        let reason = match (line, self.wrong) {
            (0, _) => format!("it does not have the form of {kind}: {what}"),
            (line, 1) => format!("line {line} does not have the form of {kind}: {what}"),
            (line, wrong) => {
                format!("{wrong} lines do not have the form of {kind}, the first is line {line}: {what}")
            }
        };
        reader.misshapen(path, reason);
    }
}

/// Bytes that no text has.
pub(crate) fn not_text(line: &[u8]) -> Option<&'static str> {
    if line.contains(&0) {
        return Some("it has zero bytes");
    }
    let odd = |byte: &u8| matches!(byte, 1..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    line.iter().any(odd).then_some("it has bytes that no text has")
}
