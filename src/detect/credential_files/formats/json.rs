//! JSON: values of keys at any depth, and the logins of Docker and Composer.

use crate::finding::FactKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::text::{Hit, Hits, Text, placeholder};
use super::pairs::{context, pairs};
use super::{Separator, is_key};

pub(super) fn json(text: &Text, keys: &[String], hits: &mut Hits) {
    match serde_json::from_str::<Value>(&text.text) {
        Ok(value) => json_value(&value, keys, hits),
        Err(_) => {
            let before = hits.all.len();
            within_lines(&text.text, keys, hits);
            if hits.all.len() == before {
                pairs(&text.text, Separator::Colon, keys, &[], false, hits);
            }
        }
    }
}

/// JSON objects inside lines: rows of a table, logs.
fn within_lines(text: &str, keys: &[String], hits: &mut Hits) {
    for line in text.lines() {
        let Some(object) = line.find('{').and_then(|at| line.get(at..)) else { continue };
        let mut values = serde_json::Deserializer::from_str(object).into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            json_value(&value, keys, hits);
        }
    }
}

fn json_value(value: &Value, keys: &[String], hits: &mut Hits) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| json_value(item, keys, hits)),
        Value::Object(map) => {
            for (key, value) in map {
                let held = match value {
                    Value::Object(inner) => inner.get("value"),
                    value => Some(value),
                };
                match held.and_then(Value::as_str) {
                    Some(secret) if is_key(keys, key) => {
                        if placeholder(secret) || hits.too_many {
                            continue;
                        }
                        let mut hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() }
                            .fact(FactKey::Key, key);
                        for (other, value) in map {
                            if let (Some(name), Some(value)) = (context(other), value.as_str()) {
                                hit = hit.fact(name, value);
                            }
                        }
                        hits.push(hit);
                    }
                    _ => json_value(value, keys, hits),
                }
            }
        }
        _ => {}
    }
}

pub(super) fn composer(text: &Text, keys: &[String], hits: &mut Hits) {
    let value = serde_json::from_str::<Value>(&text.text).unwrap_or_default();
    for kind in ["github-oauth", "gitlab-oauth", "gitlab-token", "bearer"] {
        for (host, secret) in value.get(kind).and_then(Value::as_object).into_iter().flatten() {
            if let Some(secret) = secret.as_str() {
                let hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() };
                hits.push(hit.fact(FactKey::Host, host).fact(FactKey::Key, kind));
            }
        }
    }
    for (host, login) in value.get("http-basic").and_then(Value::as_object).into_iter().flatten() {
        if let Some(secret) = login.get("password").and_then(Value::as_str) {
            let hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() }.fact(FactKey::Host, host);
            hits.push(
                hit.fact(FactKey::User, login.get("username").and_then(Value::as_str).unwrap_or_default()),
            );
        }
    }
    if let Some(tokens) = value.get("gitlab-token") {
        json_value(tokens, keys, hits);
    }
}

pub(super) fn docker(text: &Text, hits: &mut Hits) {
    let Ok(value) = serde_json::from_str::<Value>(&text.text) else {
        let keys = ["auth", "identitytoken", "password"].map(str::to_owned);
        return pairs(&text.text, Separator::Colon, &keys, &[], false, hits);
    };
    let auths = value.get("auths").unwrap_or(&value);
    let Some(auths) = auths.as_object() else { return };
    for (host, entry) in auths {
        let get = |key| entry.get(key).and_then(Value::as_str).filter(|value| !placeholder(value));
        if let Some(auth) = get("auth") {
            let mut hit = Hit { secrets: vec![auth.to_owned()], ..Hit::default() };
            hit = hit.fact(FactKey::Host, host);
            let decoded = STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((user, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) {
                hit = hit.fact(FactKey::User, user);
                hit.secrets.push(password.trim_end_matches('\0').to_owned());
            }
            hits.push(hit);
        }
        for key in ["identitytoken", "registrytoken", "password"] {
            if let Some(secret) = get(key) {
                let hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() };
                hits.push(hit.fact(FactKey::Host, host).fact(FactKey::Key, key));
            }
        }
    }
}
