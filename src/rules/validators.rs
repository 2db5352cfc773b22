//! Proofs that can be made offline: pure functions over the value that a rule caught.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::mnemonic;
use crate::finding::{Confidence, Verification};
use crate::values;

/// What a proof says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Holds,
    /// It is proved, or disproved so far as to be this sure.
    Sure(Confidence, Verification),
    /// It has something of a placeholder, and may be one: less sure, unless it is proved.
    Doubted,
    /// It is no secret, unless its checksum is right.
    Refuted,
}

/// A named proof.
pub type Validator = fn(&[u8]) -> Verdict;

/// The proof of this name.
pub fn by_name(name: &str) -> Option<Validator> {
    Some(match name {
        "not-placeholder" => not_placeholder,
        "mixed" => mixed,
        "all-kinds" => all_kinds,
        "has-digit" => has_digit,
        "not-hex" => not_hex,
        "github-crc32" => github_crc32,
        "npm-crc32" => npm_crc32,
        "jwt" => jwt,
        "confluent-crc32" => confluent_crc32,
        "evenly-spread" => evenly_spread,
        "basic-login" => basic_login,
        "base64-64-bytes" => base64_64_bytes,
        "pypi-macaroon" => pypi_macaroon,
        "zuplo-crc32" => zuplo_crc32,
        "aws-secret" => aws_secret,
        "bitbucket-server" => bitbucket_server,
        "bip39" => bip39,
        "base58check" => base58check,
        "intercom-token" => intercom_token,
        _ => return None,
    })
}

/// Many published examples are altered: a wrong checksum makes doubtful, it does not acquit.
const fn checked(right: bool) -> Verdict {
    if right {
        Verdict::Sure(Confidence::High, Verification::Checksum)
    } else {
        Verdict::Sure(Confidence::Low, Verification::WrongChecksum)
    }
}

const fn holds(good: bool) -> Verdict {
    if good { Verdict::Holds } else { Verdict::Refuted }
}

/// Bits of entropy a byte, from the counts of the bytes.
pub fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "lengths of values are small")]
    let length = value.len() as f64;
    let part = |count: u32| f64::from(count) / length;
    counts.iter().filter(|&&count| count > 0).map(|&count| -part(count) * part(count).log2()).sum()
}

/// Not a manual's example, a template or a row of the same character. A word that chance may write (`todo`, `fake`)
/// only makes doubtful.
fn not_placeholder(value: &[u8]) -> Verdict {
    const SIGNS: [&[u8]; 12] = [
        b"czzcagrsa3f0", // RFC 6749's client s6BhdRkqt3
        b"2yotnfzfejr1",
        b"${",
        b"{{",
        b"****",
        b"....",
        b"1234567890",
        b"0123456789",
        b"abcdefghij",
        b"deadbeef",
        b"00000000",
        b"test_test",
    ];
    let lower = value.to_ascii_lowercase();
    let signed = SIGNS.iter().any(|sign| memchr::memmem::find(&lower, sign).is_some());
    // AWS ends the keys of its manuals so.
    let is_of_manual = value.ends_with(b"EXAMPLE") || value.ends_with(b"EXAMPLEKEY");
    if signed
        || is_of_manual
        || value.starts_with(b"<")
        || distinct(value) < 5.min(value.len())
        || ascending(value)
    {
        return Verdict::Refuted;
    }
    if !values::has_mark(value) {
        return Verdict::Holds;
    }
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let is_written = values::marked_letters(value).saturating_mul(2) >= letters;
    if is_written || values::is_placeholder(value) { Verdict::Refuted } else { Verdict::Doubted }
}

fn distinct(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    for &byte in value {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    seen.iter().filter(|seen| **seen).count()
}

/// Whether most of the value counts up or down: `abcdefgh`, `98765432`.
fn ascending(value: &[u8]) -> bool {
    let step =
        |by: u8| value.windows(2).filter(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == by)).count();
    value.len() >= 8 && step(1).max(step(255)) * 3 > value.len() * 2
}

/// Letters of both cases, or letters and digits: no word of a language. Several words are a passphrase.
fn mixed(value: &[u8]) -> Verdict {
    let has = |test: fn(&u8) -> bool| usize::from(value.iter().any(test));
    let kinds = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit);
    holds(kinds >= 2 || values::is_passphrase(value, 3))
}

/// Letters of both cases and a digit: what words, versions and names of settings hardly have.
fn all_kinds(value: &[u8]) -> Verdict {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let all = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    holds(all || values::is_passphrase(value, 3))
}

fn has_digit(value: &[u8]) -> Verdict {
    holds(value.iter().any(u8::is_ascii_digit) || values::is_passphrase(value, 3))
}

/// Not a hash in hex: for alphabets that contain the hex digits.
fn not_hex(value: &[u8]) -> Verdict {
    holds(!value.iter().all(u8::is_ascii_hexdigit))
}

/// The last six characters of a classic token of GitHub are the CRC-32 of the thirty before, in base 62.
fn github_crc32(value: &[u8]) -> Verdict {
    crc32_base62(value)
}

/// npm's tokens carry the same checksum.
fn npm_crc32(value: &[u8]) -> Verdict {
    crc32_base62(value)
}

fn crc32_base62(value: &[u8]) -> Verdict {
    let Some(at) = memchr::memchr(b'_', value) else { return Verdict::Refuted };
    let body = value.get(at.saturating_add(1)..).unwrap_or_default();
    let Some((text, check)) = body.len().checked_sub(6).and_then(|cut| body.split_at_checked(cut)) else {
        return Verdict::Refuted;
    };
    checked(base62(crc32fast::hash(text)) == check)
}

/// Six digits in base 62, the most significant first.
fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = [b'0'; 6];
    for place in text.iter_mut().rev() {
        *place = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    text
}

/// The last six characters of a secret of Confluent are the CRC-32 of what stands after `cflt`, in base64.
fn confluent_crc32(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"cflt").unwrap_or(value);
    let Some((text, check)) = body.len().checked_sub(6).and_then(|cut| body.split_at_checked(cut)) else {
        return Verdict::Refuted;
    };
    checked(STANDARD.encode(crc32fast::hash(text).to_le_bytes()).as_bytes().starts_with(check))
}

/// No character makes up more than a sixth of it: tables that were encoded are full of `A`, tokens are not.
fn evenly_spread(value: &[u8]) -> Verdict {
    let most = value.iter().map(|byte| memchr::memchr_iter(*byte, value).count()).max().unwrap_or(0);
    holds(most * 6 <= value.len())
}

/// The login of a header is `user:password` in base64, and the password is no word of a manual.
fn basic_login(value: &[u8]) -> Verdict {
    let text = STANDARD.decode(value).unwrap_or_default();
    let Some(at) = memchr::memchr(b':', &text) else {
        return Verdict::Sure(Confidence::Low, Verification::Form);
    };
    let password = text.get(at.saturating_add(1)..).unwrap_or_default().to_ascii_lowercase();
    const WORDS: [&[u8]; 8] =
        [b"", b"password", b"passwd", b"pass", b"secret", b"open sesame", b"test", b"opensesame"];
    holds(!WORDS.contains(&password.as_slice()))
}

/// The first part of a JSON Web Token is JSON with an algorithm.
fn jwt(value: &[u8]) -> Verdict {
    let mut parts = value.split(|&byte| byte == b'.');
    let json = |part: Option<&[u8]>| {
        let bytes = URL_SAFE_NO_PAD.decode(part?).ok()?;
        serde_json::from_slice::<serde_json::Value>(&bytes).ok()
    };
    let (header, claims) = (json(parts.next()), json(parts.next()));
    let named = header.is_some_and(|header| header.get("alg").is_some());
    // The subject of every tutorial's example; the claims of the example of RFC 7519 and RFC 7515.
    let is_of_a_manual = claims.as_ref().is_some_and(|claims| {
        claims.get("sub").is_some_and(|sub| sub == "1234567890")
            || claims.get("http://example.com/is_root").is_some()
    });
    if is_of_a_manual {
        return Verdict::Refuted;
    }
    if named && claims.is_some_and(|claims| claims.is_object()) {
        Verdict::Sure(Confidence::High, Verification::Structure)
    } else {
        Verdict::Refuted
    }
}

/// Keys of Azure's storage are 64 bytes in base64.
fn base64_64_bytes(value: &[u8]) -> Verdict {
    match STANDARD.decode(value) {
        Ok(bytes) if bytes.len() == 64 => Verdict::Sure(Confidence::High, Verification::Structure),
        _ => Verdict::Refuted,
    }
}

/// What stands behind the last `_` of a key of Zuplo is the CRC-32 of what stands before, in hexadecimal.
fn zuplo_crc32(value: &[u8]) -> Verdict {
    let mut parts = value.rsplitn(3, |&byte| byte == b'_');
    let (check, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    checked(format!("{:08x}", crc32fast::hash(text)).as_bytes() == check)
}

/// A secret key of AWS without its name: letters of both cases and digits, and no path.
fn aws_secret(value: &[u8]) -> Verdict {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    if mixed && memchr::memchr_iter(b'/', value).count() <= 4 {
        not_placeholder(value)
    } else {
        Verdict::Refuted
    }
}

/// A token of PyPI is a macaroon in its binary form, version 2, that names its site and ends in a signature.
fn pypi_macaroon(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"pypi-").unwrap_or(value);
    let body = body.strip_suffix(b"==").or(body.strip_suffix(b"=")).unwrap_or(body);
    let bytes = URL_SAFE_NO_PAD.decode(body).unwrap_or_default();
    match macaroon_site(&bytes) {
        Some(site) if site.ends_with(b"pypi.org") => Verdict::Sure(Confidence::High, Verification::Structure),
        _ => Verdict::Sure(Confidence::Medium, Verification::Form),
    }
}

/// A token of a Bitbucket server is `BBDC-`, and in base64 a number, a colon and random bytes.
fn bitbucket_server(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"BBDC-").unwrap_or(value);
    let bytes = STANDARD.decode(body).unwrap_or_default();
    let Some((number, random)) = memchr::memchr(b':', &bytes).and_then(|at| bytes.split_at_checked(at))
    else {
        return Verdict::Refuted;
    };
    let whole = !number.is_empty() && number.iter().all(u8::is_ascii_digit) && random.len() > 16;
    if whole { Verdict::Sure(Confidence::High, Verification::Structure) } else { Verdict::Refuted }
}

/// A token of Intercom is `tok:` in base64, a UUID with low lines, and two numbers.
fn intercom_token(value: &[u8]) -> Verdict {
    let bytes = STANDARD.decode(value).unwrap_or_default();
    let parts: Vec<&[u8]> = bytes.split(|&byte| byte == b':').collect();
    let [b"tok", id, version, flag] = parts.as_slice() else { return Verdict::Refuted };
    let numbers = [version, flag].into_iter().all(|part| part.iter().all(u8::is_ascii_digit));
    let groups = id.split(|&byte| byte == b'_');
    let hex = id.iter().all(|&byte| byte == b'_' || byte.is_ascii_hexdigit());
    if numbers && hex && groups.map(<[u8]>::len).eq([8, 4, 4, 4, 12]) && distinct(id) >= 6 {
        Verdict::Sure(Confidence::High, Verification::Structure)
    } else {
        Verdict::Refuted
    }
}

/// The last four bytes in base 58 are the first of the SHA-256, taken twice, of those before.
fn base58check(value: &[u8]) -> Verdict {
    let bytes = bs58::decode(value).into_vec().unwrap_or_default();
    let Some((body, sum)) = bytes.len().checked_sub(4).and_then(|cut| bytes.split_at_checked(cut)) else {
        return Verdict::Refuted;
    };
    checked(Sha256::digest(Sha256::digest(body)).starts_with(sum))
}

/// Words of a wallet hold their own checksum.
fn bip39(value: &[u8]) -> Verdict {
    if mnemonic::is_phrase(value) {
        Verdict::Sure(Confidence::High, Verification::Checksum)
    } else {
        Verdict::Refuted
    }
}

/// The location of a macaroon that is whole: fields of a type, a length and so many bytes, sections ended by a
/// zero, and at last the signature of 32 bytes.
fn macaroon_site(bytes: &[u8]) -> Option<&[u8]> {
    const LOCATION: u8 = 1;
    const SIGNATURE: u8 = 6;
    let mut rest = bytes.strip_prefix(&[2])?;
    let mut site = None;
    loop {
        let (&kind, after) = rest.split_first()?;
        if kind == 0 {
            rest = after;
            continue;
        }
        let (len, after) = varint(after)?;
        let (field, after) = after.split_at_checked(len)?;
        match kind {
            LOCATION if site.is_none() => site = Some(field),
            SIGNATURE => return site.filter(|_| len == 32 && after.is_empty()),
            _ => {}
        }
        rest = after;
    }
}

/// A number in groups of seven bits, the lowest first, and what stands behind it.
fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (place, &byte) in bytes.iter().enumerate().take(3) {
        number |= usize::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some((number, bytes.get(place.saturating_add(1)..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_rows_are_placeholders() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxxxxxxxxxx",
            "aaaaaaaaaaaaaaaaaaaa",
            "abcdefghijklmnop",
            "<your-key>",
        ] {
            assert_eq!(not_placeholder(text.as_bytes()), Verdict::Refuted, "{text}");
        }
        assert_eq!(not_placeholder(b"Zq83nFh2Lk0PvT7c"), Verdict::Holds);
        for text in
            ["Zq83nFh2tODoLk0PvT7c", "mWq8Zr3TfYk1Lc9fakeHn4Xs7Dp2Gj5Ra0Ue+QoI", "aYoURb83nFh2Lk0PvT7c9"]
        {
            assert_eq!(not_placeholder(text.as_bytes()), Verdict::Doubted, "{text}");
        }
    }

    #[test]
    fn the_checksum_of_a_token_decides_how_sure_it_is() {
        let body = b"0123456789abcdefghijABCDEFGHIJ";
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let token = [&b"ghp_"[..], body, &base62(crc.sum())].concat();
        assert_eq!(github_crc32(&token), Verdict::Sure(Confidence::High, Verification::Checksum));
        let wrong = [&b"ghp_"[..], body, b"AAAAAA"].concat();
        assert_eq!(github_crc32(&wrong), Verdict::Sure(Confidence::Low, Verification::WrongChecksum));
    }

    #[test]
    fn entropy_is_in_bits_a_byte() {
        assert!((entropy(b"abab") - 1.0).abs() < 1e-9);
        assert!(entropy(b"aaaa").abs() < 1e-9);
    }

    #[test]
    fn checksums_of_zuplo_and_confluent_are_known_answers() {
        // CRC-32 of "123456789" is cbf43926, the check value of the algorithm's catalogue.
        assert_eq!(
            zuplo_crc32(b"zpka_123456789_cbf43926"),
            Verdict::Sure(Confidence::High, Verification::Checksum)
        );
        assert_eq!(
            zuplo_crc32(b"zpka_123456789_cbf43927"),
            Verdict::Sure(Confidence::Low, Verification::WrongChecksum)
        );
        assert_eq!(
            confluent_crc32(b"cflt123456789Jjn0yw"),
            Verdict::Sure(Confidence::High, Verification::Checksum)
        );
        assert_eq!(
            confluent_crc32(b"cflt123456789Jjn0yx"),
            Verdict::Sure(Confidence::Low, Verification::WrongChecksum)
        );
    }

    #[test]
    fn a_whole_macaroon_is_proved_and_a_cut_one_is_not() {
        let mut bytes = b"\x02\x01\x08pypi.org\x02\x03abc\0\x02\x02{}\0\0\x06\x20".to_vec();
        bytes.extend([7; 32]);
        let token = |bytes: &[u8]| format!("pypi-{}", URL_SAFE_NO_PAD.encode(bytes));
        let proof = |bytes: &[u8]| pypi_macaroon(token(bytes).as_bytes());
        assert!(token(&bytes).starts_with("pypi-AgEIcHlwaS5vcmc"));
        assert_eq!(proof(&bytes), Verdict::Sure(Confidence::High, Verification::Structure));
        assert_eq!(proof(&bytes[..50]), Verdict::Sure(Confidence::Medium, Verification::Form));
    }

    #[test]
    fn tokens_in_base64_are_proved_by_what_they_say() {
        let proof = Verdict::Sure(Confidence::High, Verification::Structure);
        let intercom = |text: &str| intercom_token(STANDARD.encode(text).as_bytes());
        assert_eq!(intercom("tok:4aa17f83_b2bd_442c_8b50_bc2989e708fb:1:0"), proof);
        for wrong in ["tok:4aa17f83_b2bd_442c_8b50_bc2989e708:1:0", "tok:4aa17f83-b2bd:1:0", "tok:", "other"]
        {
            assert_eq!(intercom(wrong), Verdict::Refuted, "{wrong}");
        }
        let bitbucket = |text: &[u8]| bitbucket_server(format!("BBDC-{}", STANDARD.encode(text)).as_bytes());
        assert_eq!(bitbucket(b"123456789012:\x01\xffabcdefghijklmnopqr"), proof);
        for wrong in [&b"12345678901x:\x01\xffabcdefghijklmnopqr"[..], b"123456789012:short", b"no number"] {
            assert_eq!(bitbucket(wrong), Verdict::Refuted);
        }
    }

    #[test]
    fn a_path_or_a_hash_is_no_secret_key_of_aws() {
        assert_eq!(aws_secret(b"Vmi4A+2O76UMFxFkM+R5Kjp1vRt/1fjORS+6ilI8"), Verdict::Holds);
        for text in ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "com/amazon/aws/s3/Model/V2/Client/Builder"]
        {
            assert_eq!(aws_secret(text.as_bytes()), Verdict::Refuted, "{text}");
        }
    }
}
