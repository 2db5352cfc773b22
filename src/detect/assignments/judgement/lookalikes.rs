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
        is_numbered_word(part)
            || part.len() <= 4 && part.iter().all(u8::is_ascii_digit)
            || part.len() <= 3 && part.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// A word in lower case, with a digit behind it at most: `mschapv2`.
fn is_numbered_word(part: &[u8]) -> bool {
    let word = match part {
        [word @ .., last] if last.is_ascii_digit() && word.len() >= 3 => word,
        _ => part,
    };
    word.iter().all(u8::is_ascii_lowercase)
}

/// A name in code with a number in it: `itipReplySubject2`, `webgl1WSIInfo`. What is made by chance has no words so long.
pub(super) fn is_numbered_name(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_end = |pair: &[u8]| match pair {
        [a, b] => {
            a.is_ascii_lowercase() && b.is_ascii_uppercase() || a.is_ascii_digit() != b.is_ascii_digit()
        }
        _ => false,
    };
    let parts = value.windows(2).filter(|pair| is_end(pair)).count().saturating_add(1);
    (1..=2).contains(&digits)
        && value.iter().all(u8::is_ascii_alphanumeric)
        && value.first().is_some_and(u8::is_ascii_alphabetic)
        && value.len() >= parts.saturating_mul(3)
        && value.split(u8::is_ascii_digit).filter(|part| !part.is_empty()).all(|part| part.len() >= 2)
}

/// The name of a machine, or of a package that is named like one backwards: `smtp.office365.com`, `org.matrix.msc3077.x`.
pub(super) fn is_domain(value: &[u8]) -> bool {
    const TOPS: [&[u8]; 14] = [
        b"com",
        b"org",
        b"net",
        b"io",
        b"dev",
        b"edu",
        b"gov",
        b"de",
        b"fr",
        b"uk",
        b"eu",
        b"local",
        b"internal",
        b"localhost",
    ];
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'.').collect();
    let is_label = |part: &&[u8]| {
        !part.is_empty()
            && part
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte))
    };
    let ends = [parts.first(), parts.last()];
    parts.len() >= 3 && parts.iter().all(is_label) && ends.into_iter().flatten().any(|end| TOPS.contains(end))
}

/// An address of mail, or a pattern of them: `*@*.example.org`.
pub(super) fn is_address(value: &[u8]) -> bool {
    let is_label = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_*".contains(byte);
    let mut parts = value.split(|byte| *byte == b'@');
    let (Some(user), Some(host), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    let labels = host.split(|byte| *byte == b'.').filter(|part| !part.is_empty()).count();
    labels >= 2 && !user.is_empty() && user.iter().chain(host).all(is_label)
}

/// What stands for something else: a constant, the type of a column, a path beneath a variable.
pub(super) fn is_symbol(value: &[u8]) -> bool {
    let is_capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let parts = value.split(|byte| *byte == b'_');
    let is_constant = parts.clone().count() >= 3
        && parts.clone().all(|part| !part.is_empty() && part.len() <= 12 && part.iter().all(is_capital));
    let name = value.strip_prefix(b"$").and_then(|rest| rest.split(|byte| *byte == b'/').next());
    let is_path = name.is_some_and(|name| {
        name.len() >= 3
            && name.len().saturating_add(1) < value.len()
            && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
    });
    let column = value.strip_suffix(b",").unwrap_or(value).strip_suffix(b")");
    let mut column = column.unwrap_or_default().split(|byte| *byte == b'(');
    let is_column = matches!((column.next(), column.next(), column.next()), (Some(kind), Some(size), None)
        if !kind.is_empty() && kind.iter().all(u8::is_ascii_alphabetic)
            && !size.is_empty() && size.iter().all(u8::is_ascii_digit));
    // `Win32_System_Com`: words with capitals, joined.
    let is_word = |part: &[u8]| {
        part.len() >= 3
            && part.first().is_some_and(u8::is_ascii_uppercase)
            && part.iter().all(u8::is_ascii_alphanumeric)
            && part.iter().filter(|byte| byte.is_ascii_digit()).count() <= 2
    };
    let is_words = value.contains(&b'_') && value.split(|byte| *byte == b'_').all(is_word);
    is_constant || is_words || is_path || is_column || is_cipher_suite(value) || is_type_of_c(value)
}

/// The name of a cipher suite: `ECDHE-PSK-AES128-CBC-SHA`.
fn is_cipher_suite(value: &[u8]) -> bool {
    const ALGORITHMS: [&[u8]; 14] = [
        b"AES",
        b"AES128",
        b"AES256",
        b"CHACHA20",
        b"CAMELLIA128",
        b"CAMELLIA256",
        b"DES",
        b"RC4",
        b"CBC",
        b"GCM",
        b"CCM",
        b"SHA",
        b"SHA256",
        b"SHA384",
    ];
    let parts = value.split(|byte| b"-_".contains(byte));
    let is_capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    parts.clone().all(|part| !part.is_empty() && part.iter().all(is_capital))
        && parts.filter(|part| ALGORITHMS.contains(part)).count() >= 2
}

/// `XXH64_hash_t`.
fn is_type_of_c(value: &[u8]) -> bool {
    let name = value.strip_suffix(b"_t").unwrap_or_default();
    name.contains(&b'_') && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// What is public by design: an address on a blockchain, the scope of a signed request to AWS.
pub(super) fn is_public_identifier(value: &[u8]) -> bool {
    let address =
        value.strip_prefix(b"0x").is_some_and(|hex| hex.len() == 40 && hex.iter().all(u8::is_ascii_hexdigit));
    address || value.ends_with(b"/aws4_request")
}

/// Keys to press: `CmdOrCtrl+F5`.
pub(super) fn is_keystroke(value: &[u8]) -> bool {
    [&b"Ctrl+"[..], b"Cmd+", b"Alt+", b"Shift+", b"Meta+", b"Option+"]
        .iter()
        .any(|key| memchr::memmem::find(value, key).is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_things_are_no_secrets() {
        for value in
            ["smtp.office365.com", "org.matrix.msc3077.sdp_stream_metadata", "db.internal.example.org"]
        {
            assert!(is_domain(value.as_bytes()), "{value}");
        }
        for value in ["itipReplySubjectAccept2", "webgl1WSIInfo", "canvasdata11Webgl", "PBEWithMD5AndDES"] {
            assert!(is_numbered_name(value.as_bytes()), "{value}");
        }
        for value in [
            "X509_V_ERR_OCSP_VERIFY_NEEDED",
            "varchar(50),",
            "VARCHAR(64)",
            "$SRTEMP/conf/dovecot.conf",
            "ECDHE-PSK-AES128-CBC-SHA",
            "XXH64_hash_t",
        ] {
            assert!(is_symbol(value.as_bytes()), "{value}");
        }
        assert!(
            is_symbol(b"Win32_System_Com")
                && is_public_identifier(b"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
        );
        assert!(is_public_identifier(b"AKID/20150830/us-east-1/s3/aws4_request"));
        assert!(is_address(b"*@*.1800flowers.com") && is_keystroke(b"CmdOrCtrl+F5"));
        assert!(is_slug(b"mschapv2-and-ntlmv2-only"));
    }

    #[test]
    fn what_is_made_by_chance_is_none_of_them() {
        for value in [
            "aB3dE5fG7hJ9kL1m",
            "Qx7Rk4tVq20BnXw6",
            "k9Xv2LmQp7Zr4Tn1",
            "Summer2024Winter!",
            "$Rk4/8sVq2",
            "K7QP-SHA-29XM",
        ] {
            let value = value.as_bytes();
            let is_any = is_domain(value) || is_numbered_name(value) || is_symbol(value) || is_address(value);
            assert!(!is_any && !is_slug(value), "{}", String::from_utf8_lossy(value));
        }
    }
}
