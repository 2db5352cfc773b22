//! Patterns of file names as configuration files have them.

/// glob(7) with `*` and `?`; a bracket is taken as any one character, which reads rather too much.
pub(crate) fn glob(pattern: &[u8], name: &[u8]) -> bool {
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
    fn many_stars_take_no_longer_than_few() {
        assert!(!glob(&b"*a".repeat(40), &b"aab".repeat(40)));
    }
}
