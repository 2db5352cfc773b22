//! What looks like a secret under the name of one, and is none: names, patterns, words and published examples.

/// Words joined as names of settings and members are, without a digit: `user.password`, `db_password`.
pub(super) fn is_code_name(value: &[u8]) -> bool {
    let joints = value.iter().filter(|byte| b"._:".contains(byte)).count();
    let humps = value
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
        .count();
    joints.saturating_add(humps) > 0
        && value.iter().all(|byte| byte.is_ascii_alphabetic() || b"._:-".contains(byte))
}

/// Names joined by dots, as classes have them, and rules joined by bars.
pub(super) fn is_class_path(value: &[u8]) -> bool {
    let is_name = |part: &[u8]| {
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        part.len() >= 2
            && digits <= 2
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(byte))
            && part.first().is_some_and(u8::is_ascii_alphabetic)
    };
    b".|".iter().any(|joint| {
        let parts: Vec<&[u8]> = value.split(|byte| byte == joint).collect();
        let words = parts.iter().filter(|part| part.iter().all(u8::is_ascii_lowercase)).count();
        parts.len() >= 3 && words >= 2 && parts.iter().all(|part| is_name(part))
    })
}

/// HTML, and patterns that a password has to fit.
pub(super) fn is_markup(value: &[u8]) -> bool {
    const PARTS: [&[u8]; 12] = [
        b"[a-z", b"[A-Z", b"[0-9", b"[^", b"\\d{", b"\\w+", b"\\s*", b".*$", b"(.*", b"(.+", b"<br",
        b"&nbsp;",
    ];
    let is_tag = memchr::memmem::find(value, b"</")
        .and_then(|at| value.get(at.saturating_add(2)..))
        .is_some_and(|rest| {
            let name = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
            name > 0 && rest.get(name) == Some(&b'>')
        });
    // What is printed: `%s`, with nothing but marks around it.
    let is_format = memchr::memmem::find(value, b"%s").is_some() && !value.iter().any(u8::is_ascii_digit);
    is_tag || is_format || PARTS.iter().any(|part| memchr::memmem::find(value, part).is_some())
}

/// A name of something: words in lower case with short numbers, `kv-prod-01`.
pub(super) fn is_slug(value: &[u8]) -> bool {
    value.split(|byte| b"-_./".contains(byte)).all(|part| {
        part.iter().all(u8::is_ascii_lowercase)
            || part.len() <= 4 && part.iter().all(u8::is_ascii_digit)
            || part.len() <= 3 && part.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// Values of RFC 5849, RFC 6749 and RFC 6750, which are in the documentation of every OAuth library.
const PUBLIC: [&[u8]; 14] = [
    b"xxj31ZMTZzkVA",        // Apache's own configuration
    b"SW2YcwTIb9zpOOhoPsMm", // Grafana's own configuration
    b"2YotnFZFEjr1zCsicMWpAA",
    b"tGzv3JOkF0XG5Qx2TlKWIA",
    b"ad180jjd733klru7",
    b"kkk9d7dh3k39sjv7",
    b"dpf43f3p2l4k3l03",
    b"kd94hf93k423kf44",
    b"7Fjfp0ZBr1KtDRbnfVdmIw",
    b"mF_9.B5f-4.1JqM",
    b"hh5s93j4hdidpola",
    b"pfkkdhi9sl3r4s00",
    b"JBSWY3DPEHPK3PXP", // the example of every library of one-time passwords
    b"f4556650ac31d35461610bac4ed81b1a181b2d8a43ea2854cbae22ca74560813", // OpenSSL's key of its own sum
];

pub(super) fn is_public(value: &[u8]) -> bool {
    PUBLIC.iter().any(|known| memchr::memmem::find(value, known).is_some())
}

/// Rows of the same character: `aaaabbbbccccdddd0000`.
pub(super) fn is_rows(value: &[u8]) -> bool {
    let changes = value.windows(2).filter(|pair| pair.first() != pair.last()).count();
    value.len() >= 12 && value.len() >= changes.saturating_add(1).saturating_mul(3)
}

/// The name of a way to hash: `SHA512-CRYPT`, `argon2id`.
pub(super) fn is_algorithm(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] = [
        b"argon2",
        b"bcrypt",
        b"scrypt",
        b"pbkdf2",
        b"sha256",
        b"sha512",
        b"ssha",
        b"scram-sha",
        b"blf-crypt",
    ];
    let lower = value.to_ascii_lowercase();
    lower.len() <= 20
        && STARTS.iter().any(|start| lower.starts_with(start))
        && lower.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether it is a word that stands for a password, with digits in order behind it: `test1234`, `P@ssw0rd`.
pub(super) fn is_stock(value: &[u8]) -> bool {
    const STOCK: [&[u8]; 9] =
        [b"password", b"passw", b"test", b"testing", b"abc", b"pass", b"secret", b"s3cret", b"admin"];
    const ROWS: [&[u8]; 6] = [b"", b"1", b"123", b"1234", b"12345", b"123456"];
    let plain: Vec<u8> = value
        .iter()
        .map(|byte| match byte.to_ascii_lowercase() {
            b'@' => b'a',
            b'0' => b'o',
            b'$' => b's',
            other => other,
        })
        .collect();
    STOCK.iter().any(|word| plain.strip_prefix(*word).is_some_and(|rest| ROWS.contains(&rest)))
        || [&b"1234567890"[..], b"0123456789", b"abcdefghij"]
            .iter()
            .any(|row| memchr::memmem::find(value, row).is_some())
}

/// Whether a value has a word that names of settings and texts have: without digits and letters of both cases it is
/// one of those.
pub(super) fn has_word(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 40] = [
        b"example",
        b"xxxx",
        b"your",
        b"changeme",
        b"change_me",
        b"change-me",
        b"placeholder",
        b"dummy",
        b"redacted",
        b"insert",
        b"todo",
        b"secret",
        b"passw",
        b"null",
        b"none",
        b"true",
        b"false",
        b"undefined",
        b"string",
        b"token",
        b"****",
        b"....",
        b"prompt",
        b"required",
        b"optional",
        b"default",
        b"disabled",
        b"enabled",
        b"sample",
        b"value",
        b"input",
        b"field",
        b"text",
        b"hidden",
        b"file:",
        b"env.",
        b"config",
        b"self.",
        b"this.",
        b"unset",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}
