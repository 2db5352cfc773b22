//! Values of files in which a line is a name, a sign and a value: what a rule of every syntax takes for an opening, is a
//! part of the value there.

use crate::values::{self, Reading, Syntax};

/// The value of the line `context`, if the syntax has such lines and this is one with nothing before the name.
pub(super) fn read(context: &[u8], following: &[u8], key: &[u8], syntax: Syntax) -> Option<Reading> {
    let signs: &[u8] = match syntax {
        Syntax::Properties | Syntax::Ini => b"=:",
        Syntax::Environment => b"=",
        Syntax::Yaml => b":",
        _ => return None,
    };
    let trimmed = context.trim_ascii_start();
    let rest =
        [&b"export "[..], b"- "].iter().find_map(|word| trimmed.strip_prefix(*word)).unwrap_or(trimmed);
    let rest = rest.trim_ascii_start().strip_prefix(key).filter(|_| !key.is_empty())?.trim_ascii_start();
    let (_, rest) = rest.split_first().filter(|(sign, _)| signs.contains(sign))?;
    let value = rest.trim_ascii_start();
    // Tags, blocks and lists of YAML, and what another sign goes on with.
    let is_structure = value.first().is_none_or(|byte| b"&!|>[{".contains(byte));
    let is_joined = rest.first().is_some_and(|byte| !byte.is_ascii_whitespace());
    let is_other = syntax == Syntax::Yaml && (is_structure || is_joined)
        || value.first().is_none_or(|byte| b"\\\r\n".contains(byte));
    if is_other {
        return None;
    }
    let at = context.len().saturating_sub(value.len());
    let quote = value.first().copied().unwrap_or_default();
    if value.starts_with(&[quote; 3]) {
        return None;
    }
    if b"\"'".contains(&quote) {
        let (before, rest) = context.split_at_checked(at.saturating_add(1))?;
        let reading = values::read(before, rest, syntax);
        let after = rest.get(reading.len..).unwrap_or_default().trim_ascii_start();
        let is_closed = reading.len.checked_sub(1).and_then(|last| rest.get(last)) == Some(&quote);
        if is_closed && after.first().is_none_or(|byte| b"#;,".contains(byte)) {
            return Some(reading);
        }
    }
    let (before, rest) = context.split_at_checked(at)?;
    Some(values::read(before, &[rest, following].concat(), syntax))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_sign_is_the_value() {
        for (line, key, syntax, value) in [
            ("db.password=(Rgz\"x1", "db.password", Syntax::Properties, "(Rgz\"x1"),
            ("password = <lamafi2 ; note", "password", Syntax::Ini, "<lamafi2"),
            ("  password: abc=def#1 # note", "password", Syntax::Yaml, "abc=def#1"),
            ("export P_PASS='x y'", "P_PASS", Syntax::Environment, "x y"),
            ("password='xzfl15", "password", Syntax::Properties, "'xzfl15"),
        ] {
            let reading = read(line.as_bytes(), b"", key.as_bytes(), syntax).unwrap();
            assert_eq!(String::from_utf8(reading.value).unwrap(), value, "{line}");
        }
        assert!(read(b"password: >-", b"", b"password", Syntax::Yaml).is_none());
        assert!(read(b"x password=1", b"", b"password", Syntax::Ini).is_none());
    }
}
