//! XML by its tags: elements and attributes with the name of a secret, and Windows' answer files.

use crate::finding::FactKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::text::{Hit, Hits};
use super::{is_key, unquote};

/// The tags of a text: line, what is inside the angle brackets, the text after it.
fn tags(text: &str) -> impl Iterator<Item = (u64, &str, &str)> {
    let mut line = 1_u64;
    let mut comment = false;
    text.split('<').filter_map(move |part| {
        let here = line;
        line += memchr::memchr_iter(b'\n', part.as_bytes()).count() as u64;
        comment |= part.starts_with("!--");
        if comment {
            comment = !part.contains("-->");
            return None;
        }
        part.split_once('>').map(|(tag, after)| (here, tag, after))
    })
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower.get(from..)?.find(name) {
        let at = from + at;
        from = at + name.len();
        let after = tag.get(from..)?.trim_start();
        let starts = lower.get(..at)?.ends_with(char::is_whitespace);
        if let Some(value) = after.strip_prefix('=').filter(|_| starts) {
            return Some(unquote(value).0);
        }
    }
    None
}

pub(super) fn xml(text: &str, keys: &[String], hits: &mut Hits) {
    let mut user = String::new();
    for (line, tag, after) in tags(text) {
        let name = tag.split([' ', '\t', '\n', '\r', '/']).next().unwrap_or_default();
        if ["username", "user", "id"].contains(&name.to_ascii_lowercase().as_str()) {
            after.trim().clone_into(&mut user);
        }
        if is_key(keys, name) {
            hits.push(Hit::new(line, after.trim()).fact(FactKey::User, &user));
        } else if let Some(secret) = attribute(tag, "password") {
            let user = attribute(tag, "username").or_else(|| attribute(tag, "name")).unwrap_or_default();
            hits.push(Hit::new(line, secret).fact(FactKey::User, user));
        } else if let (Some(key), Some(value)) = (attribute(tag, "key"), attribute(tag, "value")) {
            if key.eq_ignore_ascii_case("username") {
                value.clone_into(&mut user);
            } else if is_key(keys, key) {
                hits.push(Hit::new(line, value).fact(FactKey::User, &user).fact(FactKey::Key, key));
            }
        }
    }
}

pub(super) fn attributes(text: &str, keys: &[String], hits: &mut Hits) {
    for (line, tag, _) in tags(text) {
        for secret in keys.iter().filter_map(|key| attribute(tag, key)) {
            let user = attribute(tag, "username").or_else(|| attribute(tag, "runas")).unwrap_or_default();
            hits.push(Hit::new(line, secret).fact(FactKey::User, user));
        }
    }
}

pub(super) fn unattend(text: &str, hits: &mut Hits) {
    let mut inside = String::new();
    let mut plain = true;
    let mut found: Option<Hit> = None;
    let mut user = String::new();
    for (line, tag, after) in tags(text) {
        let name = tag.split([' ', '\t', '\n', '\r']).next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or(name);
        let value = after.trim();
        if let Some(closed) = name.strip_prefix('/') {
            if closed == inside {
                if let Some(hit) = found.take() {
                    let hit = hit.fact(FactKey::Key, &inside).fact(FactKey::User, &user);
                    // Windows "hides" a value as base64 of UTF-16 with the element's name behind it.
                    hits.push(if plain { hit } else { reveal(hit, &inside) });
                }
                inside.clear();
            }
            continue;
        }
        match name {
            "Password" | "AdministratorPassword" | "AutoLogonPassword" => {
                name.clone_into(&mut inside);
                plain = true;
                found = (!value.is_empty()).then(|| Hit::new(line, value));
            }
            "Value" if !inside.is_empty() => found = Some(Hit::new(line, value)),
            "PlainText" => plain = !value.eq_ignore_ascii_case("false"),
            "Username" | "Name" | "Domain" if inside.is_empty() => value.clone_into(&mut user),
            _ => {}
        }
    }
}

fn reveal(mut hit: Hit, element: &str) -> Hit {
    let decoded = hit.secrets.first().and_then(|value| STANDARD.decode(value).ok());
    if let Some(bytes) = decoded {
        let units =
            bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(u16::from_le_bytes);
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
        let text = text.strip_suffix(element).unwrap_or(&text);
        if !text.is_empty() {
            hit.secrets.push(text.to_owned());
        }
    }
    hit
}
