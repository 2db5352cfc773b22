//! The readers: each takes a text and gives its secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::text::{Hit, Hits, Text, glob, lines, placeholder};

/// What separates a key from its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// `key = value`, sections in brackets.
    Equals,
    /// `key: value`, YAML.
    Colon,
    /// `key value`.
    Space,
}

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    /// Lines of a key and a value.
    Pairs(Separator),
    /// Pairs with an id and a key that make one finding by section.
    Group(&'static [&'static str]),
    /// HCL: pairs with quoted values only.
    Hcl,
    /// JSON: values of the keys at any depth.
    Json,
    /// Docker's `auths`.
    Docker,
    /// Composer's logins: JSON, and maps of a host to a token.
    ComposerAuth,
    /// netrc.
    Netrc,
    /// Fields between colons; the last of at least so many is the secret.
    Colons(usize),
    /// URLs with a password.
    Urls,
    /// A map of Postfix: `host user:password`.
    Sasl,
    /// The whole file is one line, the secret.
    Whole,
    /// Two lines: a user, a password.
    TwoLines,
    /// PHP's `define('KEY', 'value')`.
    Php,
    /// XML: elements and attributes of these names.
    Xml,
    /// XML: attributes of these names.
    Attributes,
    /// Connection strings of .NET and ODBC, between quotes.
    ConnectionStrings,
    /// Windows' answer file.
    Unattend,
    /// `client server secret`.
    Chap,
    /// strongSwan's secrets.
    Ipsec,
    /// Net-SNMP.
    Snmp,
    /// cloud-config.
    CloudConfig,
}

/// Reads a text.
pub(super) fn read(format: Format, keys: &[&str], text: &Text, hits: &mut Hits) {
    let t = text.text.as_str();
    match format {
        Format::Pairs(separator) => pairs(t, separator, keys, &[], false, hits),
        Format::Group(ids) => pairs(t, Separator::Equals, keys, ids, false, hits),
        Format::Hcl => pairs(t, Separator::Equals, keys, &[], true, hits),
        Format::Json => json(text, keys, hits),
        Format::Docker => docker(text, hits),
        Format::ComposerAuth => composer(text, keys, hits),
        Format::Netrc => netrc(t, hits),
        Format::Colons(least) => colons(t, least, hits),
        Format::Urls => urls(t, hits),
        Format::Sasl => sasl(t, hits),
        Format::Whole => whole(t, hits),
        Format::TwoLines => two_lines(t, hits),
        Format::Php => php(t, keys, hits),
        Format::Xml => xml(t, keys, hits),
        Format::Attributes => attributes(t, keys, hits),
        Format::ConnectionStrings => connection_strings(t, hits),
        Format::Unattend => unattend(t, hits),
        Format::Chap => chap(t, hits),
        Format::Ipsec => ipsec(t, hits),
        Format::Snmp => snmp(t, hits),
        Format::CloudConfig => cloud_config(t, hits),
    }
}

fn is_key(keys: &[&str], key: &str) -> bool {
    keys.iter().any(|want| glob(want.as_bytes(), key.as_bytes()))
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', ';'])
}

/// A value without its quotes, and whether it had some.
fn unquote(value: &str) -> (&str, bool) {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return (rest.split_once(quote).map_or(rest, |(inside, _)| inside), true);
        }
    }
    let value = value.split_once(" #").map_or(value, |(before, _)| before);
    (value.trim().trim_end_matches(','), false)
}

/// The name of a fact that a key tells, without secrets.
fn context(key: &str) -> Option<&'static str> {
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
        "ssid" => Some("ssid"),
        "name" => Some("name"),
        _ if USER.contains(&key.as_str()) => Some("user"),
        _ if HOST.contains(&key.as_str()) => Some("host"),
        _ => None,
    }
}

/// Hands over what a section had: each secret, or all as one.
fn flush(
    pending: &mut Vec<(bool, Hit)>,
    facts: &mut Vec<(&'static str, String)>,
    one: bool,
    hits: &mut Hits,
) {
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

fn pairs(text: &str, separator: Separator, keys: &[&str], ids: &[&str], quoted: bool, hits: &mut Hits) {
    let one = !ids.is_empty();
    let mut pending = Vec::new();
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    for (number, raw) in lines(text) {
        let mut line = raw.trim();
        if is_comment(line) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').filter(|_| separator == Separator::Equals) {
            flush(&mut pending, &mut facts, one, hits);
            facts.push(("section", section.trim_matches(['[', ']']).trim().to_owned()));
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
                facts.push(("section", line.trim_end_matches(':').to_owned()));
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
        let (value, had_quotes) = unquote(value);
        if is_key(keys, key) || is_key(ids, key) {
            let tag = separator == Separator::Colon && !had_quotes && value.starts_with("!vault");
            if !placeholder(value) && !tag && (had_quotes || !quoted) && pending.len() < 1000 {
                pending.push((
                    is_key(ids, key),
                    Hit::new(number, value).fact("key", if one { "" } else { key }),
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

fn json(text: &Text, keys: &[&str], hits: &mut Hits) {
    match serde_json::from_str::<Value>(&text.text) {
        Ok(value) => json_value(&value, keys, hits),
        Err(_) => pairs(&text.text, Separator::Colon, keys, &[], false, hits),
    }
}

fn json_value(value: &Value, keys: &[&str], hits: &mut Hits) {
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
                        let mut hit =
                            Hit { secrets: vec![secret.to_owned()], ..Hit::default() }.fact("key", key);
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

fn composer(text: &Text, keys: &[&str], hits: &mut Hits) {
    let value = serde_json::from_str::<Value>(&text.text).unwrap_or_default();
    for kind in ["github-oauth", "gitlab-oauth", "gitlab-token", "bearer"] {
        for (host, secret) in value.get(kind).and_then(Value::as_object).into_iter().flatten() {
            if let Some(secret) = secret.as_str() {
                let hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() };
                hits.push(hit.fact("host", host).fact("key", kind));
            }
        }
    }
    for (host, login) in value.get("http-basic").and_then(Value::as_object).into_iter().flatten() {
        if let Some(secret) = login.get("password").and_then(Value::as_str) {
            let hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() }.fact("host", host);
            hits.push(hit.fact("user", login.get("username").and_then(Value::as_str).unwrap_or_default()));
        }
    }
    if let Some(tokens) = value.get("gitlab-token") {
        json_value(tokens, keys, hits);
    }
}

fn docker(text: &Text, hits: &mut Hits) {
    let Ok(value) = serde_json::from_str::<Value>(&text.text) else {
        return pairs(&text.text, Separator::Colon, &["auth", "identitytoken", "password"], &[], false, hits);
    };
    let auths = value.get("auths").unwrap_or(&value);
    let Some(auths) = auths.as_object() else { return };
    for (host, entry) in auths {
        let get = |key| entry.get(key).and_then(Value::as_str).filter(|value| !placeholder(value));
        if let Some(auth) = get("auth") {
            let mut hit = Hit { secrets: vec![auth.to_owned()], ..Hit::default() };
            hit = hit.fact("host", host);
            let decoded = STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((user, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) {
                hit = hit.fact("user", user);
                hit.secrets.push(password.trim_end_matches('\0').to_owned());
            }
            hits.push(hit);
        }
        for key in ["identitytoken", "registrytoken", "password"] {
            if let Some(secret) = get(key) {
                let hit = Hit { secrets: vec![secret.to_owned()], ..Hit::default() };
                hits.push(hit.fact("host", host).fact("key", key));
            }
        }
    }
}

fn netrc(text: &str, hits: &mut Hits) {
    let (mut host, mut user, mut next) = (String::new(), String::new(), "");
    for (number, line) in lines(text) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            match std::mem::take(&mut next) {
                "machine" => word.clone_into(&mut host),
                "login" => word.clone_into(&mut user),
                "password" => {
                    hits.push(Hit::new(number, unquote(word).0).fact("host", &host).fact("user", &user));
                }
                _ => match word {
                    "machine" | "login" | "password" | "account" => next = word,
                    "default" => (host, user) = ("default".to_owned(), String::new()),
                    "macdef" => break,
                    _ => {}
                },
            }
        }
    }
}

fn colons(text: &str, least: usize, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let line = line.trim_end_matches('\r');
        if is_comment(line.trim()) {
            continue;
        }
        let line = if least >= 5 { line.replace("\\:", "\u{1}") } else { line.to_owned() };
        let fields: Vec<&str> = line.splitn(least, ':').collect();
        let (Some(secret), Some(user)) =
            (fields.last(), fields.len().checked_sub(2).and_then(|at| fields.get(at)))
        else {
            continue;
        };
        if fields.len() == least && !user.contains(char::is_whitespace) {
            let hit = Hit::new(number, &secret.replace('\u{1}', "\\:")).fact("user", user);
            hits.push(if least > 2 { hit.fact("host", fields.first().unwrap_or(&"")) } else { hit });
        }
    }
}

fn urls(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        if is_comment(line.trim()) {
            continue;
        }
        for word in line.split([' ', '\t', '"', '\'', ',', '=']).filter(|word| word.contains("://")) {
            let Some((_, rest)) = word.split_once("://") else { continue };
            let Some((login, host)) =
                rest.split_once('/').map_or(rest, |(authority, _)| authority).rsplit_once('@')
            else {
                continue;
            };
            let (user, secret) = login.split_once(':').unwrap_or(("", login));
            let alone = user.is_empty() && !login.contains(':');
            let (user, secret) =
                if ["", "x-oauth-basic"].contains(&secret) { ("", user) } else { (user, secret) };
            // A name alone is a token only when it is as long as one.
            if !alone || secret.len() >= 20 {
                hits.push(Hit::new(number, secret).fact("user", user).fact("host", host.trim()));
            }
        }
    }
}

fn sasl(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let line = line.trim();
        if is_comment(line) {
            continue;
        }
        if let Some((host, login)) = line.split_once(char::is_whitespace)
            && let Some((user, secret)) = login.trim().split_once(':')
        {
            hits.push(Hit::new(number, secret).fact("user", user).fact("host", host));
        }
    }
}

fn whole(text: &str, hits: &mut Hits) {
    let secret = text.trim();
    if secret.lines().count() == 1 && secret.len() <= 4096 && !secret.contains('\0') {
        hits.push(Hit::new(1, secret));
    }
}

fn two_lines(text: &str, hits: &mut Hits) {
    let all: Vec<(u64, &str)> = lines(text).filter(|(_, line)| !line.trim().is_empty()).take(3).collect();
    if let [(_, user), (number, secret)] = all.as_slice() {
        let short = |text: &str| {
            text.len() <= 256 && !text.contains(|c: char| c.is_control() || c == ' ' || c == '<')
        };
        if short(user.trim()) && short(secret.trim()) && !user.starts_with('#') {
            hits.push(Hit::new(*number, secret.trim()).fact("user", user.trim()));
        }
    }
}

fn php(text: &str, keys: &[&str], hits: &mut Hits) {
    let mut user = String::new();
    for (number, line) in lines(text) {
        let Some(rest) = line.trim().strip_prefix("define") else { continue };
        let Some((key, value)) = rest.trim().trim_start_matches('(').split_once(',') else { continue };
        let (key, value) = (unquote(key).0, unquote(value));
        if key == "DB_USER" {
            value.0.clone_into(&mut user);
        } else if is_key(keys, key) && value.1 && !value.0.starts_with("put your") {
            let hit = Hit::new(number, value.0).fact("key", key);
            hits.push(if key == "DB_PASSWORD" { hit.fact("user", &user) } else { hit });
        }
    }
}

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

fn xml(text: &str, keys: &[&str], hits: &mut Hits) {
    let mut user = String::new();
    for (line, tag, after) in tags(text) {
        let name = tag.split([' ', '\t', '\n', '\r', '/']).next().unwrap_or_default();
        if ["username", "user", "id"].contains(&name.to_ascii_lowercase().as_str()) {
            after.trim().clone_into(&mut user);
        }
        if is_key(keys, name) {
            hits.push(Hit::new(line, after.trim()).fact("user", &user));
        } else if let Some(secret) = attribute(tag, "password") {
            let user = attribute(tag, "username").or_else(|| attribute(tag, "name")).unwrap_or_default();
            hits.push(Hit::new(line, secret).fact("user", user));
        } else if let (Some(key), Some(value)) = (attribute(tag, "key"), attribute(tag, "value")) {
            if key.eq_ignore_ascii_case("username") {
                value.clone_into(&mut user);
            } else if is_key(keys, key) {
                hits.push(Hit::new(line, value).fact("user", &user).fact("key", key));
            }
        }
    }
}

fn attributes(text: &str, keys: &[&str], hits: &mut Hits) {
    for (line, tag, _) in tags(text) {
        for secret in keys.iter().filter_map(|key| attribute(tag, key)) {
            let user = attribute(tag, "username").or_else(|| attribute(tag, "runas")).unwrap_or_default();
            hits.push(Hit::new(line, secret).fact("user", user));
        }
    }
}

/// `Server=db;User ID=app;Password=…`, also with an account key of Azure.
fn connection_strings(text: &str, hits: &mut Hits) {
    const SECRETS: [&str; 4] = ["password", "pwd", "accountkey", "sharedaccesskey"];
    for (number, line) in lines(text) {
        for quoted in line.split('"').skip(1).step_by(2).filter(|quoted| quoted.contains(';')) {
            let fields = || quoted.split(';').filter_map(|field| field.split_once('='));
            let value = |names: &[&str]| {
                let named = |key: &str| names.iter().any(|name| key.trim().eq_ignore_ascii_case(name));
                fields().find(|(key, _)| named(key)).map_or("", |(_, value)| value.trim())
            };
            let hit = Hit::new(number, value(&SECRETS)).fact("user", value(&["user id", "uid", "user"]));
            hits.push(hit.fact("host", value(&["server", "data source", "host", "accountname"])));
        }
    }
}

fn unattend(text: &str, hits: &mut Hits) {
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
                    let hit = hit.fact("key", &inside).fact("user", &user);
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

/// Words, where quotes keep one together.
fn words(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = match rest.strip_prefix(['"', '\'']) {
            Some(inside) if rest.starts_with('"') => inside.split_once('"').unwrap_or((inside, "")),
            Some(inside) => inside.split_once('\'').unwrap_or((inside, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        all.push(word.to_owned());
        rest = after.trim_start();
    }
    all
}

fn chap(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        if let [user, host, secret, ..] = words(line).as_slice() {
            hits.push(Hit::new(number, secret).fact("user", user).fact("host", host));
        }
    }
}

fn ipsec(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let Some((who, rest)) = line.split_once(": ").filter(|_| !is_comment(line.trim())) else { continue };
        if let [kind, secret, ..] = words(rest).as_slice()
            && ["PSK", "EAP", "XAUTH", "NTLM"].contains(&kind.to_ascii_uppercase().as_str())
        {
            hits.push(Hit::new(number, secret).fact("kind", kind).fact("user", who.trim()));
        }
    }
}

fn snmp(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let words = words(line);
        let at = match words.first().map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("rocommunity" | "rwcommunity" | "rocommunity6" | "rwcommunity6" | "trapcommunity") => {
                &[1][..]
            }
            Some("com2sec" | "com2sec6") => &[3],
            Some("createuser") => &[3, 5],
            _ => continue,
        };
        for secret in at.iter().filter_map(|&at| words.get(at)).filter(|secret| *secret != "public") {
            hits.push(Hit::new(number, secret).fact("key", words.first().map_or("", String::as_str)));
        }
    }
}

fn cloud_config(text: &str, hits: &mut Hits) {
    const KEYS: [&str; 6] =
        ["password", "passwd", "plain_text_passwd", "hashed_passwd", "hashed-password", "chpasswd_password"];
    pairs(text, Separator::Colon, &KEYS, &[], false, hits);
    let mut list: Option<usize> = None;
    for (number, raw) in lines(text) {
        let line = raw.trim();
        let indent = raw.len() - raw.trim_start().len();
        if is_comment(line) {
            continue;
        }
        if line == "list:" || line.starts_with("list: |") || line.starts_with("list: >") {
            list = Some(indent);
            continue;
        }
        if let Some(outer) = list {
            let item = line.strip_prefix("- ");
            if indent > outer || (indent == outer && item.is_some()) {
                if let Some((user, secret)) = unquote(item.unwrap_or(line)).0.split_once(':') {
                    hits.push(Hit::new(number, secret.trim()).fact("user", user.trim()));
                }
                continue;
            }
            list = None;
        }
        if let Some((_, map)) = line.split_once('{') {
            for part in map.trim_end_matches('}').split(',') {
                if let Some((key, value)) = part.split_once(':').filter(|(key, _)| is_key(&KEYS, key.trim()))
                {
                    hits.push(Hit::new(number, unquote(value).0).fact("key", key.trim()));
                }
            }
        }
    }
}
