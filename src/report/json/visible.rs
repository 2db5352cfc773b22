//! Text without control characters and invisible ones, in the report for programs.

use crate::text::Escaped;

/// JSON as it may be shown, with a newline at its end.
pub(super) fn visible(json: &str) -> String {
    let mut text = String::with_capacity(json.len().saturating_add(1));
    json.chars().for_each(|c| push_visible(c, &mut text));
    text.push('\n');
    text
}

/// Appends `c`, escaped as JSON does it if it is not to be seen. Outside strings JSON is plain ASCII.
fn push_visible(c: char, text: &mut String) {
    let hidden = || Escaped(c.encode_utf8(&mut [0; 4]).as_bytes()).to_string().starts_with("\\u");
    if (' '..='~').contains(&c) || c == '\n' || !hidden() {
        text.push(c);
    } else {
        let units =
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        text.push_str(&units);
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
        let mut text = String::new();
        "a\u{9b}é\u{202e}\u{e0001}\u{7f}".chars().for_each(|c| push_visible(c, &mut text));
        assert_eq!(text, "a\\u009bé\\u202e\\udb40\\udc01\\u007f");
    }
}
