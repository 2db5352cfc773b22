//! Text without control characters, invisible ones and commands to CI servers, in the report for programs.

use std::fmt::Write as _;

use assay_disk::text::{Escaped, is_hidden, log};

/// JSON as it may be shown, with a newline at its end.
pub(super) fn visible(json: &str) -> String {
    let mut text = String::with_capacity(json.len().saturating_add(1));
    for line in json.lines() {
        let mut copied = 0;
        for (at, c) in line.char_indices() {
            if !(' '..='~').contains(&c) && is_hidden(c)
                || matches!(c, '#' | ':') && log::is_live(line, at, c)
            {
                text.push_str(line.get(copied..at).unwrap_or_default());
                push_escaped(c, &mut text);
                copied = at.saturating_add(c.len_utf8());
            }
        }
        text.push_str(line.get(copied..).unwrap_or_default());
        text.push('\n');
    }
    text
}

/// Appends `c`, escaped as JSON does it. Outside strings JSON has nothing that is not seen, and no command.
fn push_escaped(c: char, text: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(text, "\\u{unit:04x}");
    }
}

/// `bytes` as they are, if they are visible text; else escaped.
pub(in crate::report) fn plain(bytes: &[u8]) -> String {
    let escaped = Escaped(bytes).to_string();
    match std::str::from_utf8(bytes) {
        Ok(text) if text.replace('\\', "\\\\") == escaped => text.to_owned(),
        _ => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_invisible_character_gets_out_and_none_is_lost() {
        let text = visible("a\u{9b}é\u{202e}\u{e0001}\u{7f}");
        assert_eq!(text, "a\\u009bé\\u202e\\udb40\\udc01\\u007f\n");
    }

    #[test]
    fn no_command_to_a_ci_server_is_in_the_document_and_none_is_lost() {
        for hostile in ["##vso[task.x]", "a ##[add-mask]", "section_start:1:x", "####teamcity[x]"] {
            let text = visible(&serde_json::to_string(hostile).unwrap());
            assert!(!text.contains("##") && !text.contains("section_start:"), "{text}");
            assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
        }
    }
}
