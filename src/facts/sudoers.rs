//! sudoers(5): its lines as sudo reads them.

/// The lines, each joined with those that continue it and without its comment; the number is that of the last part.
/// Lines with nothing on them are left out.
pub(crate) fn lines<'t>(
    physical: impl Iterator<Item = (u64, &'t [u8])>,
) -> impl Iterator<Item = (u64, Vec<u8>)> {
    let mut joined = Vec::new();
    physical.filter_map(move |(number, text)| {
        if is_continued(&mut joined, text) {
            return None;
        }
        let text = std::mem::take(&mut joined);
        (!text.trim_ascii().is_empty()).then_some((number, text))
    })
}

/// Adds a line to those before it; says whether the next one continues it. A comment ends where its line ends,
/// whatever stands at its end.
fn is_continued(joined: &mut Vec<u8>, text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let bare = without_comment(joined, text);
    joined.extend_from_slice(bare);
    let goes_on = bare.len() == text.len() && joined.last() == Some(&b'\\');
    if goes_on {
        joined.pop();
    }
    goes_on
}

/// The part of a line before its comment. `#1001` is no comment where a user may stand: before the equal sign, and in
/// a list of users to become. Neither is the old form of an include.
fn without_comment<'t>(before: &[u8], text: &'t [u8]) -> &'t [u8] {
    if before.is_empty() && include(text).is_some() {
        return text;
    }
    let (mut quoted, mut has_command, mut last) = (false, before.contains(&b'='), before.last().copied());
    for (at, &byte) in text.iter().enumerate() {
        let next = text.get(at.saturating_add(1)).copied().unwrap_or_default();
        match byte {
            b'"' if last != Some(b'\\') => quoted = !quoted,
            b'=' if !quoted => has_command = true,
            b'#' if !quoted && last != Some(b'\\') => {
                let is_user = (next.is_ascii_digit() || next == b'-')
                    && (!has_command || matches!(last, Some(b'(' | b',' | b':' | b'%' | b'!')));
                if !is_user {
                    return text.get(..at).unwrap_or_default();
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = Some(byte);
        }
    }
    text
}

/// Whether a line includes a directory (or a file), and which.
pub(crate) fn include(text: &[u8]) -> Option<(bool, &[u8])> {
    let text = text.trim_ascii();
    let rest = text.strip_prefix(b"@").or_else(|| text.strip_prefix(b"#"))?.strip_prefix(b"include")?;
    let directory = rest.strip_prefix(b"dir");
    let path = directory.unwrap_or(rest);
    path.first().is_some_and(u8::is_ascii_whitespace).then(|| (directory.is_some(), path.trim_ascii()))
}

/// The path that an include in the file `from` names: quoted or with escaped blanks, with the host's name for `%h`,
/// and beside `from` where it does not begin with a slash.
pub(crate) fn included(text: &[u8], from: &[u8], hostname: &[u8]) -> Vec<u8> {
    let host = hostname.split(|&byte| byte == b'.').next().unwrap_or_default();
    let mut path = Vec::new();
    let mut bytes = text.iter().copied().filter(|&byte| byte != b'"').peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'%', Some(b'h')) => {
                bytes.next();
                path.extend_from_slice(host);
            }
            (b'%', Some(b'%')) | (b'\\', Some(_)) => path.extend(bytes.next()),
            _ => path.push(byte),
        }
    }
    if path.starts_with(b"/") {
        return path;
    }
    let directory = memchr::memrchr(b'/', from).and_then(|at| from.get(..=at)).unwrap_or(b"/");
    [directory, &path].concat()
}

/// Whether a line is one of sudo's: an include, defaults, an alias, or who may do what where.
pub(super) fn is_known(line: &[u8]) -> bool {
    const ALIASES: [&[u8]; 5] = [b"User_Alias", b"Runas_Alias", b"Host_Alias", b"Cmnd_Alias", b"Cmd_Alias"];
    let line = line.trim_ascii();
    if include(line).is_some() || line.starts_with(b"Defaults") {
        return true;
    }
    let Some(equals) = memchr::memchr(b'=', line) else { return false };
    let names = line.get(..equals).unwrap_or_default();
    let words = names.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    // Of an alias the name, of a rule the user and the host; what follows is a list.
    let is_named =
        words >= 2 || ALIASES.iter().any(|alias| names.starts_with(alias)) || names.contains(&b'"');
    is_named && !line.get(equals.saturating_add(1)..).unwrap_or_default().trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_ends_with_its_line_and_a_number_is_a_user() {
        let text = b"a ALL=(ALL) ALL # NOPASSWD: ALL\n# goes on? \\\nb ALL=ALL\n#1001 ALL=(#0) ALL\n\
                     c ALL=\"x#y\" #1 z\nd ALL = \\\n  NOPASSWD: ALL\n";
        let lines: Vec<String> = lines(crate::files::lines(text))
            .map(|(_, line)| String::from_utf8_lossy(line.trim_ascii()).into_owned())
            .collect();
        let expected =
            ["a ALL=(ALL) ALL", "b ALL=ALL", "#1001 ALL=(#0) ALL", "c ALL=\"x#y\"", "d ALL = NOPASSWD: ALL"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_include_is_named_as_sudo_names_it() {
        for (text, path) in [
            ("local", "/etc/local"),
            ("\"/srv/a b\"", "/srv/a b"),
            ("/srv/c\\ d", "/srv/c d"),
            ("/srv/%h", "/srv/web-1"),
            ("/srv/100%%", "/srv/100%"),
        ] {
            let named = included(text.as_bytes(), b"/etc/sudoers", b"web-1.corp");
            assert_eq!(String::from_utf8(named).unwrap(), path);
        }
    }

    #[test]
    fn a_line_of_another_text_is_known_as_one() {
        for line in [
            "Defaults\tuse_pty",
            "Defaults:millert !authenticate",
            "User_Alias ADMINS = a, b",
            "root\tALL=(ALL:ALL) ALL",
            "%wheel ALL=(ALL) NOPASSWD: ALL",
            "#1001 ALL = ALL",
            "@includedir /etc/sudoers.d",
        ] {
            assert!(is_known(line.as_bytes()), "{line}");
        }
        for line in
            ["The quick brown fox", "root:x:0:0:root:/root:/bin/bash", "key=value", "root ALL=", "[Unit]"]
        {
            assert!(!is_known(line.as_bytes()), "{line}");
        }
    }
}
