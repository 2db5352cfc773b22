//! PHP: `define('KEY', 'value')`, `'key' => 'value'`, `$key = 'value';`.

use super::super::text::{Hit, Hits, lines};
use super::{is_key, unquote};
use crate::finding::FactKey;

pub(super) fn php(text: &str, keys: &[String], hits: &mut Hits) {
    let mut user = String::new();
    for (number, line) in lines(text) {
        let Some((key, value)) = assigned(line.trim()) else { continue };
        let (value, quoted) = unquote(value);
        if key == "DB_USER" || key == "username" || key == "user" {
            value.clone_into(&mut user);
        } else if is_key(keys, key) && quoted && !value.starts_with("put your") {
            let hit = Hit::new(number, value).fact(FactKey::Key, key);
            hits.push(if key.to_ascii_uppercase().contains("PASSW") {
                hit.fact(FactKey::User, &user)
            } else {
                hit
            });
        }
    }
}

/// The name and the value, with its quotes, of one line.
fn assigned(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix("define") {
        let (key, value) = rest.trim_start().strip_prefix('(')?.split_once(',')?;
        return Some((unquote(key).0, value));
    }
    if let Some((key, value)) = line.split_once("=>") {
        return Some((unquote(key.rsplit(['[', ',', '(']).next().unwrap_or(key)).0, value));
    }
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    let name = key.rsplit(['$', ' ']).next().unwrap_or(key).trim_end_matches("']");
    Some((name.rsplit("['").next().unwrap_or(name), value))
}
