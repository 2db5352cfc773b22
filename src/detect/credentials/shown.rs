//! What a token says of itself: facts without secrets, for whoever must find its owner.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::date::Date;
use crate::finding::FactKey;

/// The facts in a value of the rule `id`.
pub(super) fn facts(id: &str, value: &[u8]) -> Vec<(FactKey, String)> {
    match id {
        "aws-access-key-id" => {
            account(value).map(|account| (FactKey::Account, account)).into_iter().collect()
        }
        "json-web-token" => claims(value),
        _ => Vec::new(),
    }
}

/// The number of the account that an AWS key id belongs to: it is in base 32 behind the first four letters.
pub(super) fn account(id: &[u8]) -> Option<String> {
    let mut number = 0_u64;
    for &letter in id.get(4..14)? {
        let digit = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        number = number << 5 | u64::from(digit);
    }
    // Of the first 48 bits, the highest and the seven lowest are no part of it.
    Some(format!("{:012}", (number >> 2 & 0x7fff_ffff_ff80) >> 7))
}

/// Algorithm, issuer, subject and end of a JSON Web Token.
fn claims(token: &[u8]) -> Vec<(FactKey, String)> {
    let mut parts = token.split(|&byte| byte == b'.').map(|part| {
        let json = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<Value>(&json).unwrap_or_default()
    });
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let text = |of: &Value, name| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let end = claims.get("exp").and_then(Value::as_f64).and_then(date);
    [
        (FactKey::Algorithm, text(&header, "alg")),
        (FactKey::Issuer, text(&claims, "iss")),
        (FactKey::For, text(&claims, "sub")),
        (FactKey::Expires, Some(end.unwrap_or_else(|| "never".to_owned()))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// The day of a time in seconds since 1970, as YYYY-MM-DD; none before that, and behind the year 9999.
fn date(seconds: f64) -> Option<String> {
    const LAST: u64 = 253_402_300_799;
    let number = format!("{:.0}", seconds.trunc()).parse::<u64>().ok()?;
    (number <= LAST).then(|| Date::of_seconds(number).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_in_the_key_id() {
        // The example of Aidan Steele's note on key ids, cut so that no scanner takes it for a leak.
        let id = format!("ASIA{}", "QNZGKIQY56JQ7WML");
        assert_eq!(account(id.as_bytes()).as_deref(), Some("029608264753"));
        assert_eq!(account(b"AKIA1111"), None);
    }

    #[test]
    fn a_token_tells_its_issuer_and_its_end() {
        let token = |claims: &str| {
            let parts = [r#"{"alg":"HS256"}"#, claims, "x"].map(|part| URL_SAFE_NO_PAD.encode(part));
            facts("json-web-token", parts.join(".").as_bytes())
        };
        let told = token(r#"{"iss":"https://id.corp","exp":4102444800}"#);
        let expected = [
            (FactKey::Algorithm, "HS256"),
            (FactKey::Issuer, "https://id.corp"),
            (FactKey::Expires, "2100-01-01"),
        ];
        assert_eq!(told, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(token("{}").last(), Some(&(FactKey::Expires, "never".to_owned())));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0.0, Some("1970-01-01")),
            (951_782_400.0, Some("2000-02-29")),
            (1_709_164_799.5, Some("2024-02-28")),
            (1_735_603_200.0, Some("2024-12-31")),
            (-1.0, None),
            (1e300, None),
            (f64::NAN, None),
        ] {
            assert_eq!(date(seconds).as_deref(), day, "{seconds}");
        }
    }
}
