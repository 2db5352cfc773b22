//! Text in messages: braces would be placeholders there, and brackets links (SARIF 2.1.0, sections 3.11.5 and 6).

use super::types::Message;
use crate::report::words::cut;

/// Characters of a text that consumers take.
const LONGEST: usize = 1000;

impl Message {
    /// Text of the program's own, as it is.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), markdown: None }
    }

    /// Text that holds words of the image or of a rule.
    pub(super) fn literal(text: &str) -> Self {
        Self { text: literal(text), markdown: None }
    }
}

/// `text` without anything that a reader of messages would take for more than text; cut where it is long.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for c in cut(text, LONGEST).chars() {
        match c {
            '{' => literal.push_str("{{"),
            '}' => literal.push_str("}}"),
            '[' => literal.push_str("\\["),
            ']' => literal.push_str("\\]"),
            c => literal.push(c),
        }
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_and_no_placeholder_comes_from_the_image() {
        assert_eq!(literal("[x](http://e.org) {0}"), "\\[x\\](http://e.org) {{0}}");
        assert_eq!(literal(&"a".repeat(2000)).chars().count(), LONGEST + 1);
    }
}
