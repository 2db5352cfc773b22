//! Values that are elsewhere: `${NAME}`, `{{ name }}`, `$(command)`, `vault:…`. A reference is a whole value; a `$`, a
//! bracket or a slash in it is a character like any other.

use super::reading::Reading;

/// What a value refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Nothing: it is the value.
    None,
    /// The value is elsewhere.
    Elsewhere,
    /// The value is elsewhere, and where it is not there, this one counts: `${NAME:-value}`.
    Default(Vec<u8>),
}

/// What the value refers to.
pub fn resolve(reading: &Reading) -> Reference {
    let value = reading.value.trim_ascii();
    if let Some(inner) = framed(value, b"${", b"}") {
        return default_of_variable(inner);
    }
    // What goes on behind a blank, or is a list.
    if !reading.is_quoted && [&b"$("[..], b"${", b"{{", b"<%"].iter().any(|open| value.starts_with(open)) {
        return Reference::Elsewhere;
    }
    if has(value, b"{{", b"}}") {
        return default_of_template(value);
    }
    let is_reference = is_template(value)
        || is_key_of_path(value)
        || is_store(value)
        || is_masked(value)
        || is_variable(value, reading.is_expanded)
        || is_path(value)
        || !reading.is_quoted && is_expression(value);
    if is_reference { Reference::Elsewhere } else { Reference::None }
}

fn framed<'v>(value: &'v [u8], open: &[u8], close: &[u8]) -> Option<&'v [u8]> {
    value.strip_prefix(open)?.strip_suffix(close)
}

/// Whether `open` stands before `close`.
fn has(value: &[u8], open: &[u8], close: &[u8]) -> bool {
    let rest = memchr::memmem::find(value, open).and_then(|at| value.get(at.saturating_add(open.len())..));
    rest.is_some_and(|rest| memchr::memmem::find(rest, close).is_some())
}

/// Of `NAME`, `NAME:-value`, `NAME:value`.
fn default_of_variable(inner: &[u8]) -> Reference {
    let name =
        inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-[]".contains(byte)).count();
    // A name may have dashes in it, but what stands behind `-` may be the default.
    let dash = memchr::memchr(b'-', inner.get(..name).unwrap_or_default()).unwrap_or(name);
    let (name, rest) =
        if inner.get(name).is_none() && dash < name && inner.first().is_some_and(u8::is_ascii_uppercase) {
            inner.split_at(dash)
        } else {
            inner.split_at(name)
        };
    let default = [&b":-"[..], b":=", b"-", b"=", b":"].iter().find_map(|sign| rest.strip_prefix(*sign));
    match default {
        Some(value)
            if !name.is_empty()
                && !value.is_empty()
                && !value.starts_with(b"?")
                && !value.starts_with(b"+") =>
        {
            let is_simple = !has(value, b"${", b"}") && !value.starts_with(b"$") && !value.starts_with(b"{");
            if is_simple { Reference::Default(value.to_vec()) } else { Reference::Elsewhere }
        }
        _ => Reference::Elsewhere,
    }
}

/// Of `{{ name | default('value') }}`, `{{ default "value" .name }}`.
fn default_of_template(value: &[u8]) -> Reference {
    let literal = || {
        let rest = value.get(memchr::memmem::find(value, b"default")?.checked_add(7)?..)?;
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"(").unwrap_or(rest).trim_ascii_start();
        let (quote, rest) = rest.split_first().filter(|(byte, _)| b"\"'".contains(byte))?;
        let end = memchr::memchr(*quote, rest)?;
        rest.get(..end).filter(|value| !value.is_empty())
    };
    literal().map_or(Reference::Elsewhere, |value| Reference::Default(value.to_vec()))
}

/// Whether something is to be filled in.
fn is_template(value: &[u8]) -> bool {
    let pairs: [(&[u8], &[u8]); 9] = [
        (b"${", b"}"),
        (b"$(", b")"),
        (b"<%", b"%>"),
        (b"#{", b"}"),
        (b"%(", b")s"),
        (b"%{", b"}"),
        (b"@@", b"@@"),
        (b"{%", b"%}"),
        (b"<?", b"?>"),
    ];
    let is_framed = |open: &[u8], close: &[u8]| framed(value, open, close).is_some_and(is_identifier);
    pairs.iter().any(|(open, close)| has(value, open, close))
        || is_framed(b"%", b"%")
        || is_framed(b"@", b"@")
        || is_framed(b"{", b"}")
        || is_framed(b"[[", b"]]")
        || is_framed(b"__", b"__")
        || framed(value, b"`", b"`").is_some()
}

/// Whether it is a hash of a password: `$6$salt$…`, `md5…`.
pub fn is_hash(value: &[u8]) -> bool {
    let scheme = value.strip_prefix(b"$").and_then(|rest| rest.get(..memchr::memchr(b'$', rest)?));
    let is_crypt = scheme.is_some_and(|name| {
        (1..=12).contains(&name.len())
            && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    let is_md5 = value
        .strip_prefix(b"md5")
        .is_some_and(|sum| sum.len() == 32 && sum.iter().all(u8::is_ascii_hexdigit));
    is_crypt && value.len() >= 13 || is_md5
}

/// Whether it names a key of a file or a store: `/run/secrets/db:password`, `secret/db#password`.
fn is_key_of_path(value: &[u8]) -> bool {
    let at = memchr::memchr2(b':', b'#', value);
    let split = at.and_then(|at| Some((value.get(..at)?, value.get(at.saturating_add(1)..)?)));
    split.is_some_and(|(path, key)| {
        path.contains(&b'/')
            && is_identifier(key)
            && path.split(|byte| *byte == b'/').all(|part| part.is_empty() || is_identifier(part))
    })
}

/// Whether a store of secrets has it, or it is sealed for one reader.
fn is_store(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 35] = [
        b"gcp:",
        b"pass:",
        b"bao:",
        b"awssm:",
        b"azurekv:",
        b"projects/",
        b"%env(",
        b"$__",
        b"((",
        b"$[",
        b"secretref:",
        b"ENC[",
        b"ENC(",
        b"!vault",
        b"vault:",
        b"{cipher}",
        b"SCRAM-SHA-256$",
        b"arn:aws:",
        b"ssm:",
        b"secretsmanager:",
        b"op://",
        b"env:",
        b"env.",
        b"file:",
        b"kms:",
        b"keyring:",
        b"!ENV",
        b"!Ref",
        b"!Sub",
        b"$ANSIBLE_VAULT",
        b"awskms:",
        b"exec:",
        b"HTTP/",
        b"|/",
        b"sops:",
    ];
    STARTS.iter().any(|start| value.starts_with(start))
        || value.starts_with(b"AgB") && value.len() >= 150 // sealed for one cluster
        || framed(value, b"{", b"}").is_some_and(|inner| inner.len() >= 20 && inner.ends_with(b"=") && !inner.contains(&b' '))
        || memchr::memmem::find(value, b"://").is_some()
}

/// Whether it is shown in part only: `abc***`, `eyJhbGciOi...`.
fn is_masked(value: &[u8]) -> bool {
    let is_elided = value.strip_suffix(b"...").is_some_and(|shown| {
        shown.len() >= 10 && shown.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.+/".contains(byte))
    });
    is_elided || value.ends_with("…".as_bytes()) || memchr::memmem::find(value, b"***").is_some()
}

/// Whether it is, or has, the value of a variable.
fn is_variable(value: &[u8], is_expanded: bool) -> bool {
    let name_at = |at: usize| {
        let rest = value.get(at..).unwrap_or_default();
        rest.get(..rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count())
    };
    let mut dollars = memchr::memchr_iter(b'$', value).filter_map(|at| name_at(at.saturating_add(1)));
    let whole =
        value.strip_prefix(b"$").map(|name| name.strip_prefix(b"$").unwrap_or(name)).is_some_and(|name| {
            let name = name.strip_suffix(b";").unwrap_or(name);
            is_identifier(name) || name.iter().all(u8::is_ascii_digit) || is_access(name)
        });
    whole || is_expanded && dollars.any(|name| name.len() >= 3 && is_identifier(name))
}

/// `this->name`, `x['name']`: more of a variable.
fn is_access(name: &[u8]) -> bool {
    let first = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    first > 0
        && name
            .get(first..)
            .is_some_and(|rest| rest.starts_with(b"->") || rest.starts_with(b"[") || rest.starts_with(b"::"))
}

/// Whether it is what people call a variable: words joined by low lines, or each with a capital.
pub(super) fn is_identifier(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-: ".contains(byte);
    if name.is_empty() || !name.iter().all(is_allowed) || name.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let has_case = |test: fn(&u8) -> bool| name.iter().any(test);
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    let one_case = has_case(u8::is_ascii_lowercase) != has_case(u8::is_ascii_uppercase);
    if one_case {
        return digits.saturating_mul(4) <= name.len();
    }
    let is_end = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() == digits;
    let humps = name
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
        .count();
    is_end && digits <= 2 && humps.saturating_mul(4) <= name.len()
}

/// Whether it is the path of a file.
pub(super) fn is_path(value: &[u8]) -> bool {
    let starts = [&b"/"[..], b"./", b"../", b"~/", b"@/", b"%h/", b"%d/", b"$HOME/", b"file://"];
    let Some(rest) = starts.iter().find_map(|start| value.strip_prefix(*start)) else { return false };
    let is_part = |part: &[u8]| {
        let has = |test: fn(&u8) -> bool| part.iter().any(test);
        let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
        let is_named = part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-@%$~:".contains(byte));
        is_named && !(is_mixed && part.len() >= 6)
    };
    let parts = || rest.split(|byte| *byte == b'/');
    parts().all(is_part) && parts().any(|part| part.iter().any(u8::is_ascii_alphabetic))
}

/// Whether it is code: a call, a member, an element, the begin of a command in back quotes.
fn is_expression(value: &[u8]) -> bool {
    if value.strip_prefix(b"`").is_some_and(|word| word.iter().all(u8::is_ascii_lowercase)) {
        return true;
    }
    let split = |sign: u8| {
        let at = memchr::memchr(sign, value)?;
        let name = value.get(..at).filter(|name| name.len() >= 2 && is_identifier(name))?;
        Some((name, value.get(at.saturating_add(1)..)?))
    };
    let is_literal = |rest: &[u8]| rest.first().is_none_or(|byte| b"\"')".contains(byte));
    let calls = split(b'(').is_some_and(|(_, rest)| is_literal(rest) || rest.ends_with(b")"));
    let indexes = split(b'[').is_some_and(|(_, rest)| is_literal(rest) || rest.ends_with(b"]"));
    let arrow = memchr::memmem::find(value, b"->").and_then(|at| value.get(..at)).is_some_and(is_identifier);
    let named =
        value.split_first().is_some_and(|(first, rest)| b"!*&".contains(first) && is_identifier(rest));
    calls
        || indexes
        || arrow
        || named
        || value.starts_with(b"--")
        || value.starts_with(b"@") && memchr::memchr(b'.', value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str, is_quoted: bool, is_expanded: bool) -> Reference {
        resolve(&Reading { value: value.into(), len: value.len(), is_quoted, is_expanded })
    }

    #[test]
    fn a_reference_is_a_whole_value() {
        for value in [
            "${DB_PASSWORD}",
            "{{ vault_password }}",
            "<%= ENV['X'] %>",
            "%DB_PASSWORD%",
            "$(cat /run/secret)",
            "$DB_PASSWORD",
            "$dbPassword",
            "pre${X}post",
            "#{password}",
            "%(password)s",
            "@DB_PASSWORD@",
            "{password}",
            "vault:v1:abc",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "/run/secrets/db1",
            "~/.pgpass",
            "eyJhbGciOiJSUzI1NiIsImtpZ...",
            "ENC[PKCS7,abc]",
            "https://x.org/y",
            "$this->password",
            "${X:?must be set}",
            "${X:}",
            "${X:-${Y}}",
        ] {
            assert_eq!(of(value, true, false), Reference::Elsewhere, "{value}");
        }
        for value in ["getenv(\"X\")", "config['key']", "req->password", "--help", "!Secret"] {
            assert_eq!(of(value, false, false), Reference::Elsewhere, "{value}");
        }
        assert_eq!(of("Fal$conPass", false, true), Reference::Elsewhere);
    }

    #[test]
    fn a_sign_in_a_value_makes_no_reference_of_it() {
        for value in [
            "Fal$con82Meadow",
            "Falcon(82)Meadow",
            "{Falcon82Meadow",
            "Falcon|82Meadow",
            "Fal<con>82Meadow",
            "@Falcon82Meadow",
            "%Falcon82Meadow",
            "/Falcon82Meadow",
            "$9fKq2Lm",
            "$Fal82con9Mead",
            "T/rPJJQt5dKm1KLaWNjIaRhtV71W",
            "/T4rPJJQt5d/m1KLaW9",
            "a%b(c)d{e}f",
            "50%(off)S8",
        ] {
            assert_eq!(of(value, true, false), Reference::None, "{value}");
        }
    }

    #[test]
    fn a_default_is_the_value() {
        for (value, default) in [
            ("${DB_PASSWORD:-Zk83hd92}", "Zk83hd92"),
            ("${DB_PASSWORD-Zk83hd92}", "Zk83hd92"),
            ("${spring.datasource.password:Zk83hd92}", "Zk83hd92"),
            ("{{ db_password | default('Zk83hd92') }}", "Zk83hd92"),
            ("{{ default \"Zk83hd92\" .Values.password }}", "Zk83hd92"),
        ] {
            assert_eq!(of(value, true, false), Reference::Default(default.into()), "{value}");
        }
    }
}
