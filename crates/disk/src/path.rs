//! Patterns of paths and of rule ids, as policies and requirements have them.
//!
//! `?` is one byte and `*` any number of them, both within a part of a path; `**` is anything, parts too. Patterns
//! come from the user, paths from the image: the time is bounded by the product of their lengths.

/// Whether the whole of `text` is `pattern`.
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
