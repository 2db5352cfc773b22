//! Text that no reader of Markdown takes for more than text.
//!
//! A character reference is never read as markup, so every character that could be is one. What looks for mentions
//! and numbers of issues in the finished page passes over `<code>`, so text of the image is always in it. Addresses of
//! mail are looked for in text as it is shown, in code, too: a comment before the `@` parts it from its name.

/// `text` with everything but letters, digits and harmless marks as character references.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_mul(2));
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => escaped.push(c),
            c if " ,;()-/=+?".contains(c) => escaped.push(c),
            '@' => escaped.push_str("<!-- -->&#64;"),
            c if c.is_ascii() => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same, set as code.
pub(in crate::report) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}
