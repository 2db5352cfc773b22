//! What the name of a setting says of its value.

mod words;

use words::{ABOUT, ENDINGS, PASSWORDS, SECRET_KEYS, SECRETS, STEMS, TABLE_KEYS};

/// What is kept under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    /// A password: a person may have chosen it.
    Password,
    /// A token, a secret: a program made it.
    Secret,
    /// A key, which may be one of a table as well: only a random value counts.
    Key,
}

impl NameKind {
    /// What is kept under `name`; none, where it is no secret.
    pub fn of(name: &[u8]) -> Option<Self> {
        let words = words(name);
        let mut words = words.as_slice();
        while let [rest @ .., last] = words {
            let is_ending =
                ENDINGS.contains(&last.as_str()) || last.bytes().all(|byte| byte.is_ascii_digit());
            if rest.is_empty() || !is_ending {
                break;
            }
            words = rest;
        }
        if words.iter().any(|word| word == "public" || word == "pub") {
            return None;
        }
        let (last, before) = words.split_last()?;
        let behind = before.last().map(String::as_str);
        let one = last.strip_suffix('s').unwrap_or(last);
        if let Some(kind) = of_word(last, behind).or_else(|| of_word(one, behind)) {
            return Some(kind);
        }
        if matches!(words, [.., mot, de, passe] if mot == "mot" && de == "de" && passe == "passe") {
            return Some(Self::Password);
        }
        if ABOUT.iter().any(|about| last.ends_with(about)) || words.len() < 2 {
            return None;
        }
        // `DB_PASSWORD_FOR_APP`, `secret_key_base`: what stands behind is about something else.
        let says = |(at, word): (usize, &String)| {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            of_word(word, before.map(String::as_str)).is_some_and(|kind| kind != Self::Key)
        };
        before.iter().enumerate().any(says).then_some(Self::Secret)
    }
}

fn of_word(last: &str, before: Option<&str>) -> Option<NameKind> {
    if is_password(last, before) {
        return Some(NameKind::Password);
    }
    if matches!(last, "key" | "keys" | "privkey") || last.ends_with("key") && last.len() <= 24 {
        let stem =
            last.strip_suffix("keys").or_else(|| last.strip_suffix("key")).filter(|stem| !stem.is_empty());
        return of_key(stem.or(before)?);
    }
    let is_fused = || ["secret", "token", "apikey"].iter().any(|end| last.ends_with(end)) && last.len() <= 32;
    if SECRETS.contains(&last) || is_fused() {
        return Some(NameKind::Secret);
    }
    (matches!(last, "auth" | "pat") || matches!(last, "sk" | "salt" | "seed") && before.is_some())
        .then_some(NameKind::Key)
}

fn is_password(last: &str, before: Option<&str>) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| last.ends_with(end));
    let stem = last.strip_suffix("pass").or_else(|| last.strip_suffix("pw"));
    // `pw` alone is too short to say much; behind another word it is a password.
    (PASSWORDS.contains(&last) && (last != "pw" || before.is_some()))
        || ends(&["password", "passwd", "passphrase", "passwort"])
        || last.len() > 4 && ends(&["pwd", "psk"])
        || stem.is_some_and(|stem| STEMS.contains(&stem))
}

fn of_key(stem: &str) -> Option<NameKind> {
    if SECRET_KEYS.contains(&stem) {
        return Some(NameKind::Secret);
    }
    (!TABLE_KEYS.contains(&stem)).then_some(NameKind::Key)
}

/// The words of a name, in lower case.
fn words(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = b'_';
    for (at, &byte) in name.iter().enumerate() {
        let next_is_lower = name.get(at.saturating_add(1)).is_some_and(u8::is_ascii_lowercase);
        let is_hump = byte.is_ascii_uppercase()
            && (last.is_ascii_lowercase() || last.is_ascii_uppercase() && next_is_lower);
        let is_turn = byte.is_ascii_digit() != last.is_ascii_digit() && last.is_ascii_alphanumeric();
        if byte.is_ascii_alphanumeric() {
            if is_hump || is_turn || !last.is_ascii_alphanumeric() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(char::from(byte.to_ascii_lowercase()));
            }
        }
        last = byte;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_kept_under_it() {
        let of = |names: &str, kind: Option<NameKind>| {
            for name in names.split(' ') {
                assert_eq!(NameKind::of(name.as_bytes()), kind, "{name}");
            }
        };
        of(
            "password DB_PASSWORD dbPassword db.pass ADMINPASS DBPWD SSHPASS ROOTPW KEYPASS STOREPASS WIFI_PSK wlan_psk userPassword2 \
             DB_PASSWORD_OLD smtp.pwd bindpw BIND_PW passphrase dbPass userpw",
            Some(NameKind::Password),
        );
        of(
            "token nytToken nytimes_token SECRET_KEY secretKey clientSecret API_KEY apiKey X-Api-Key JWT_KEY private.key \
             encryption.key webhookSecret AWS_SECRET_ACCESS_KEY PRIVATEKEY AESKEY aws_credentials accountKey LICENSE_KEY secretToken",
            Some(NameKind::Secret),
        );
        of(
            "OPENAI_KEY STRIPE_KEY SESSION_KEY COOKIE_KEY REDIS_AUTH aWIFI_MAIN_KEY[0] PRIVKEY",
            Some(NameKind::Key),
        );
        of(
            "bypass compass tokenizer primary_key public_key cacheKey key keyboard password_file passwordHash monkey_patch token_url \
             user name turkey_name pw password_length author",
            None,
        );
    }
}
