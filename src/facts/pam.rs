//! pam.d(5): the lines of a stack as libpam reads them.

/// What a line does with the module or the stack that it names.
const CONTROLS: [&[u8]; 6] = [b"required", b"requisite", b"sufficient", b"optional", b"include", b"substack"];
/// What stacks are for.
const KINDS: [&[u8]; 4] = [b"auth", b"account", b"password", b"session"];

/// The lines, each joined with those that continue it and without its comment; the number is that of the last part.
pub(crate) fn lines<'t>(
    physical: impl Iterator<Item = (u64, &'t [u8])>,
) -> impl Iterator<Item = (u64, Vec<u8>)> {
    let mut joined = Vec::new();
    physical.filter_map(move |(number, text)| {
        let end = memchr::memchr(b'#', text).unwrap_or(text.len());
        joined.extend_from_slice(text.get(..end).unwrap_or(text));
        if joined.last() == Some(&b'\\') {
            joined.pop();
            joined.push(b' ');
            return None;
        }
        let text = std::mem::take(&mut joined);
        (!text.trim_ascii().is_empty()).then_some((number, text))
    })
}

/// Words of a line, `[…]` together as one.
pub(crate) fn words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if open => {
                last.push(b' ');
                last.extend_from_slice(word);
            }
            _ => words.push(word.to_vec()),
        }
        open = (open || word.starts_with(b"[")) && !word.ends_with(b"]");
    }
    words
}

/// Whether a line is one of a stack: a kind, a control and a module, or an include.
pub(super) fn is_known(line: &[u8]) -> bool {
    let words = words(line);
    let mut words = words.iter().map(Vec::as_slice);
    let Some(first) = words.next() else { return true };
    if first == b"@include" {
        return words.next().is_some();
    }
    let kind = first.strip_prefix(b"-").unwrap_or(first);
    let one_of = |list: &[&[u8]], word: &[u8]| list.iter().any(|known| word.eq_ignore_ascii_case(known));
    let is_control = |word: &[u8]| one_of(&CONTROLS, word) || word.starts_with(b"[") && word.ends_with(b"]");
    one_of(&KINDS, kind) && words.next().is_some_and(is_control) && words.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_another_text_is_known_as_one() {
        for line in [
            "auth\t[success=1 default=ignore]\tpam_unix.so nullok",
            "-session optional pam_systemd.so",
            "@include common-auth",
            "Account Required pam_nologin.so",
            "session [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so close",
        ] {
            assert!(is_known(line.as_bytes()), "{line}");
        }
        for line in ["The quick brown fox", "auth required", "auth sometimes pam_unix.so", "@include", "a=b"]
        {
            assert!(!is_known(line.as_bytes()), "{line}");
        }
    }
}
