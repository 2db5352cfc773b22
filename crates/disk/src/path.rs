//! Paths as bytes: what lies under what, the parts of `outer!/inner`, and patterns.

/// What parts the path of an archive, or of a file system in a file, from that of its member.
pub const INSIDE: &[u8] = b"!/";

/// Whether `path` is `directory` or lies under it. The root may be written with or without its slash.
pub fn is_under(path: &[u8], directory: &[u8]) -> bool {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    path.strip_prefix(directory).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

/// Whether it is the path of a member of a file.
pub fn is_inside(path: &[u8]) -> bool {
    memchr::memmem::find(path, INSIDE).is_some()
}

/// The file of the system that a member lies in, over all levels; of another path, that path.
pub fn outermost(path: &[u8]) -> &[u8] {
    memchr::memmem::find(path, INSIDE).and_then(|at| path.get(..at)).unwrap_or(path)
}

/// The files that a member lies in, the outermost first.
pub fn outer_files(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memmem::find_iter(path, INSIDE).filter_map(|at| path.get(..at))
}

/// The part of a path inside the innermost file, with its slash; of another path, that path.
pub fn innermost(path: &[u8]) -> &[u8] {
    memchr::memmem::rfind(path, INSIDE).and_then(|at| path.get(at.saturating_add(1)..)).unwrap_or(path)
}

/// glob(7) with `*` and `?`; a bracket is taken as any one character, which reads rather too much.
pub fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'[') => {
                let rest = pattern.get(p..).unwrap_or_default();
                p += memchr::memchr(b']', rest).unwrap_or(0) + 1;
                n += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == byte => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&byte| byte == b'*')
}

/// Whether `text` is `pattern`, where `*` stands for anything; ASCII case does not count.
pub fn glob_folded(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|&byte| byte == b'*');
    let head = parts.next().unwrap_or_default();
    let Some(tail) = parts.next_back() else { return head.eq_ignore_ascii_case(text) };
    let Some((start, rest)) = text.split_at_checked(head.len()) else { return false };
    let Some((mut middle, end)) =
        rest.len().checked_sub(tail.len()).and_then(|middle| rest.split_at_checked(middle))
    else {
        return false;
    };
    // What stands between two stars is best found as early as it can be.
    start.eq_ignore_ascii_case(head)
        && end.eq_ignore_ascii_case(tail)
        && parts.all(|part| match after(middle, part) {
            Some(rest) => {
                middle = rest;
                true
            }
            None => false,
        })
}

/// What follows the first `part` of `text`.
fn after<'t>(text: &'t [u8], part: &[u8]) -> Option<&'t [u8]> {
    let last = text.len().checked_sub(part.len())?;
    (0..=last).find_map(|at| {
        let rest = text.get(at..)?;
        let (found, rest) = rest.split_at_checked(part.len())?;
        found.eq_ignore_ascii_case(part).then_some(rest)
    })
}

/// Whether the whole of `text` is `pattern`, a pattern of a policy: `?` is one byte and `*` any number of them, both
/// within a part of a path; `**` is anything, parts too. Patterns come from the user, paths from the image: the time
/// is bounded by the product of their lengths.
pub fn fits(pattern: &str, text: &[u8]) -> bool {
    let tokens = tokens(pattern);
    // Which numbers of tokens may be used up after the bytes so far.
    let mut at = vec![false; tokens.len().saturating_add(1)];
    let mut next = at.clone();
    start(&tokens, &mut at);
    for &byte in text {
        next.fill(false);
        for (index, token) in tokens.iter().enumerate() {
            if at.get(index) != Some(&true) {
                continue;
            }
            let (stays, moves) = match token {
                Token::Byte(wanted) => (false, *wanted == byte),
                Token::One => (false, byte != b'/'),
                Token::Part => (byte != b'/', false),
                Token::Any => (true, false),
            };
            set(&mut next, index, stays);
            set(&mut next, index.saturating_add(1), moves);
        }
        pass_over(&tokens, &mut next);
        std::mem::swap(&mut at, &mut next);
    }
    at.last() == Some(&true)
}

/// What a pattern is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    One,
    Part,
    Any,
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(pattern.len());
    for byte in pattern.bytes() {
        match (byte, tokens.last()) {
            (b'*', Some(Token::Any)) => {}
            (b'*', Some(Token::Part)) => {
                tokens.pop();
                tokens.push(Token::Any);
            }
            (b'*', _) => tokens.push(Token::Part),
            (b'?', _) => tokens.push(Token::One),
            (byte, _) => tokens.push(Token::Byte(byte)),
        }
    }
    tokens
}

fn start(tokens: &[Token], at: &mut [bool]) {
    set(at, 0, true);
    pass_over(tokens, at);
}

/// A star may stand for nothing.
fn pass_over(tokens: &[Token], at: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        let may = matches!(token, Token::Part | Token::Any) && at.get(index) == Some(&true);
        set(at, index.saturating_add(1), may);
    }
}

fn set(at: &mut [bool], index: usize, value: bool) {
    if let Some(slot) = at.get_mut(index) {
        *slot |= value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_a_shell() {
        assert!(glob(b"*.conf", b"a.conf"));
        assert!(glob(b"a*b*c", b"axxbyyc"));
        assert!(glob(b"[ab]?", b"b1"));
        assert!(!glob(b"*.conf", b"a.conf.bak"));
        assert!(!glob(b"a?", b"a"));
    }

    #[test]
    fn what_lies_under_a_directory_begins_with_its_name_and_a_slash() {
        assert!(is_under(b"/opt/app/a", b"/opt/app") && is_under(b"/opt/app", b"/opt/app/"));
        assert!(is_under(b"/a", b"/") && is_under(b"/a", b""));
        assert!(!is_under(b"/opt/app-data", b"/opt/app"));
    }

    #[test]
    fn the_parts_of_a_member_are_its_files_and_its_own_path() {
        let path = b"/a.tar!/b.zip!/c";
        assert_eq!((outermost(path), innermost(path)), (&b"/a.tar"[..], &b"/c"[..]));
        assert_eq!(outer_files(path).collect::<Vec<_>>(), [&b"/a.tar"[..], b"/a.tar!/b.zip"]);
        assert_eq!((outermost(b"/a"), innermost(b"/a"), is_inside(b"/a")), (&b"/a"[..], &b"/a"[..], false));
    }

    #[test]
    fn a_star_stays_within_a_part_and_two_do_not() {
        for (pattern, text, fit) in [
            ("/etc/shadow", "/etc/shadow", true),
            ("/etc/shadow", "/etc/shadow-", false),
            ("/etc/*", "/etc/shadow", true),
            ("/etc/*", "/etc/ssh/sshd_config", false),
            ("/etc/**", "/etc/ssh/sshd_config", true),
            ("/home/*/.ssh/id_*", "/home/a/.ssh/id_rsa", true),
            ("/home/*/.ssh/id_*", "/home/a/b/.ssh/id_rsa", false),
            ("**/id_?sa", "/home/a/b/.ssh/id_dsa", true),
            ("/a?b", "/a/b", false),
            ("aws-*", "aws-access-key-id", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("**", "/any/thing", true),
            ("***", "/any/thing", true),
        ] {
            assert_eq!(fits(pattern, text.as_bytes()), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_few() {
        assert!(!fits(&"*a".repeat(200), &b"aab".repeat(2000)));
        assert!(fits(&"**a".repeat(200), &b"a".repeat(2000)));
    }
}
