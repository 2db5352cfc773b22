//! Lines of a key and a value: INI, properties, TOML, YAML by its lines, HCL.

use super::super::text::{Hit, Hits, lines, placeholder};
use super::{Separator, is_comment, is_key, unquote};
use crate::finding::FactKey;

/// The name of a fact that a key tells, without secrets.
pub(super) fn context(key: &str) -> Option<FactKey> {
    const USER: [&str; 8] =
        ["user", "username", "login", "login_name", "identity", "account", "db_user", "user_name"];
    const HOST: [&str; 10] = [
        "host",
        "hostname",
        "server",
        "url",
        "address",
        "registry",
        "endpoint",
        "host_base",
        "smtp_host",
        "repository",
    ];
    let key = key.to_ascii_lowercase();
    match key.as_str() {
        "ssid" => Some(FactKey::Ssid),
        "name" => Some(FactKey::Name),
        _ if USER.contains(&key.as_str()) => Some(FactKey::User),
        _ if HOST.contains(&key.as_str()) => Some(FactKey::Host),
        _ => None,
    }
}

/// Hands over what a section had: each secret, or all as one.
fn flush(pending: &mut Vec<(bool, Hit)>, facts: &mut Vec<(FactKey, String)>, one: bool, hits: &mut Hits) {
    if one && pending.iter().any(|(id, _)| !id) {
        pending.sort_by_key(|(id, _)| !id);
        let mut all = Hit { facts: facts.clone(), ..Hit::default() };
        for (_, hit) in pending.iter() {
            all.line = all.line.min(hit.line).or(hit.line);
            all.secrets.extend(hit.secrets.iter().cloned());
        }
        hits.push(all);
    } else if !one {
        for (_, hit) in pending.iter() {
            let mut hit = hit.clone();
            hit.facts.extend(facts.iter().cloned());
            hits.push(hit);
        }
    }
    pending.clear();
    facts.clear();
}

pub(super) fn pairs(
    text: &str,
    separator: Separator,
    keys: &[String],
    ids: &[String],
    quoted: bool,
    hits: &mut Hits,
) {
    let one = !ids.is_empty();
    let mut pending = Vec::new();
    let mut facts: Vec<(FactKey, String)> = Vec::new();
    for (number, raw) in lines(text) {
        let mut line = raw.trim();
        if is_comment(line) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').filter(|_| separator == Separator::Equals) {
            flush(&mut pending, &mut facts, one, hits);
            facts.push((FactKey::Section, section.trim_matches(['[', ']']).trim().to_owned()));
            continue;
        }
        if line == "}" || line.ends_with("={") {
            flush(&mut pending, &mut facts, one, hits);
            continue;
        }
        if separator == Separator::Colon {
            let top = !raw.starts_with([' ', '\t', '-']) && line.ends_with(':');
            let item = line.strip_prefix("- ");
            if top || item.is_some() {
                flush(&mut pending, &mut facts, one, hits);
            }
            if top {
                facts.push((FactKey::Section, line.trim_end_matches(':').to_owned()));
                continue;
            }
            line = item.unwrap_or(line).trim_start().trim_start_matches(':');
        }
        line = line.strip_prefix("export ").unwrap_or(line);
        let split = match separator {
            Separator::Equals => line.split_once('='),
            Separator::Colon => line.split_once(':'),
            Separator::Space => line.split_once([' ', '\t']),
        };
        let Some((key, value)) = split else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        // `&name value`: YAML names it for others.
        let value = value.trim();
        let anchored = value.strip_prefix('&').filter(|_| separator == Separator::Colon);
        let value = anchored.and_then(|value| value.split_once(' ')).map_or(value, |(_, value)| value);
        let (value, had_quotes) = unquote(value);
        if is_key(keys, key) || is_key(ids, key) {
            let tag = separator == Separator::Colon && !had_quotes && value.starts_with("!vault");
            // The rest of a value that goes on in the next line is read by the assignments.
            if !placeholder(value)
                && !value.ends_with('\\')
                && !tag
                && (had_quotes || !quoted)
                && pending.len() < 1000
            {
                pending.push((
                    is_key(ids, key),
                    Hit::new(number, value).fact(FactKey::Key, if one { "" } else { key }),
                ));
            }
        } else if let Some(name) = context(key).filter(|_| !value.is_empty() && facts.len() < 8) {
            // A URL may hold a password.
            let value = value
                .rsplit_once('@')
                .map_or(value, |(before, after)| if before.contains("://") { after } else { value });
            facts.push((name, value.to_owned()));
        }
    }
    flush(&mut pending, &mut facts, one, hits);
}

/// Names of settings that hold paths and the like.
const OTHER_ENDS: [&str; 8] = ["_FILE", "_PATH", "_NAME", "_URL", "_ID", "_LENGTH", "_TYPE", "_TTL"];

/// Settings of a shell or a service: `export NAME="value"`.
pub(super) fn environment(text: &str, keys: &[String], hits: &mut Hits) {
    for (number, raw) in lines(text) {
        let line = raw.trim();
        let line =
            ["export ", "set -gx ", "Environment="].iter().find_map(|p| line.strip_prefix(p)).unwrap_or(line);
        let Some((key, value)) = line.split_once('=').filter(|_| !is_comment(line)) else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        let (value, quoted) = unquote(value);
        let value = if quoted { value } else { value.trim_end_matches(['"', '\'']) };
        let upper = key.to_ascii_uppercase();
        let named = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if named && is_key(keys, key) && !OTHER_ENDS.iter().any(|end| upper.ends_with(end)) && is_value(value)
        {
            hits.push(Hit::new(number, value).fact(FactKey::Key, key));
        }
    }
}

/// No path, name, number, switch or call, and no URL without a login.
fn is_value(value: &str) -> bool {
    let login = |rest: &str| rest.split_once('@').is_some_and(|(login, _)| login.contains(':'));
    let open = value.split_once("://").is_some_and(|(_, rest)| !login(rest));
    value.len() >= 6
        && !open
        && !value.starts_with(['/', '$', '`', '%', '<', '@'])
        && !value.contains(['(', ' '])
        && !value.contains("$(")
        && !value.bytes().all(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| !byte.is_ascii_lowercase() && !b"_-/.".contains(&byte))
}
