//! Files with a login on each line, or in few lines: netrc, pgpass, URLs, secrets of PPP, IPsec and SNMP.

use super::super::text::{Hit, Hits, lines, placeholder};
use super::{is_comment, is_key, unquote};
use crate::finding::FactKey;

pub(super) fn netrc(text: &str, hits: &mut Hits) {
    let (mut host, mut user, mut next) = (String::new(), String::new(), "");
    for (number, line) in lines(text) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            match std::mem::take(&mut next) {
                "machine" => word.clone_into(&mut host),
                "login" => word.clone_into(&mut user),
                // What is given to anonymous FTP is an address.
                "password" if user == "anonymous" || user == "ftp" => {}
                "password" => {
                    hits.push(
                        Hit::new(number, unquote(word).0)
                            .fact(FactKey::Host, &host)
                            .fact(FactKey::User, &user),
                    );
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

pub(super) fn colons(text: &str, least: usize, hits: &mut Hits) {
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
            let hit = Hit::new(number, &secret.replace('\u{1}', "\\:")).fact(FactKey::User, user);
            hits.push(if least > 2 { hit.fact(FactKey::Host, fields.first().unwrap_or(&"")) } else { hit });
        }
    }
}

pub(super) fn urls(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        if is_comment(line.trim()) {
            continue;
        }
        // git's `extraheader = AUTHORIZATION: bearer …`
        if let Some((_, header)) = line.split_once("extraheader").filter(|(_, rest)| rest.contains(':')) {
            let secret = header.rsplit(char::is_whitespace).next().unwrap_or_default();
            hits.push(Hit::new(number, unquote(secret).0).fact(FactKey::Key, "extraheader"));
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
                hits.push(
                    Hit::new(number, secret).fact(FactKey::User, user).fact(FactKey::Host, host.trim()),
                );
            }
        }
    }
}

pub(super) fn sasl(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let line = line.trim();
        if is_comment(line) {
            continue;
        }
        if let Some((host, login)) = line.split_once(char::is_whitespace)
            && let Some((user, secret)) = login.trim().split_once(':')
        {
            hits.push(Hit::new(number, secret).fact(FactKey::User, user).fact(FactKey::Host, host));
        }
    }
}

pub(super) fn whole(text: &str, hits: &mut Hits) {
    let secret = text.trim();
    if secret.lines().count() == 1 && secret.len() <= 4096 && !secret.contains('\0') {
        hits.push(Hit::new(1, secret));
    }
}

pub(super) fn two_lines(text: &str, hits: &mut Hits) {
    let all: Vec<(u64, &str)> = lines(text).filter(|(_, line)| !line.trim().is_empty()).take(3).collect();
    if let [(_, user), (number, secret)] = all.as_slice() {
        let short = |text: &str| {
            text.len() <= 256 && !text.contains(|c: char| c.is_control() || c == ' ' || c == '<')
        };
        if short(user.trim()) && short(secret.trim()) && !user.starts_with('#') {
            hits.push(Hit::new(*number, secret.trim()).fact(FactKey::User, user.trim()));
        }
    }
}

/// Words, where quotes keep one together.
pub(super) fn words(line: &str) -> Vec<String> {
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

pub(super) fn chap(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        if let [user, host, secret, ..] = words(line).as_slice() {
            hits.push(Hit::new(number, secret).fact(FactKey::User, user).fact(FactKey::Host, host));
        }
    }
}

pub(super) fn ipsec(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let Some((who, rest)) = line.split_once(": ").filter(|_| !is_comment(line.trim())) else { continue };
        if let [kind, secret, ..] = words(rest).as_slice()
            && ["PSK", "EAP", "XAUTH", "NTLM"].contains(&kind.to_ascii_uppercase().as_str())
        {
            hits.push(Hit::new(number, secret).fact(FactKey::Kind, kind).fact(FactKey::User, who.trim()));
        }
        if let [kind, file, passphrase, ..] = words(rest).as_slice()
            && ["RSA", "ECDSA", "PKCS8", "P12"].contains(&kind.to_ascii_uppercase().as_str())
            && passphrase != "%prompt"
        {
            hits.push(Hit::new(number, passphrase).fact(FactKey::Kind, kind).fact(FactKey::File, file));
        }
    }
}

pub(super) fn snmp(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let mut words = words(line);
        if words.get(1).is_some_and(|word| word == "-e") {
            words.drain(1..words.len().min(3)); // the engine's id
        }
        let at = match words.first().map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("rocommunity" | "rwcommunity" | "rocommunity6" | "rwcommunity6" | "trapcommunity") => {
                &[1][..]
            }
            Some("authcommunity") => &[2],
            Some("com2sec" | "com2sec6") => &[3],
            Some("createuser") => &[3, 5],
            _ => continue,
        };
        for secret in at.iter().filter_map(|&at| words.get(at)).filter(|secret| *secret != "public") {
            hits.push(Hit::new(number, secret).fact(FactKey::Key, words.first().map_or("", String::as_str)));
        }
    }
}

/// `NAME: user:password`, as Bundler keeps it; a token alone when it is as long as one.
pub(super) fn logins(text: &str, keys: &[String], hits: &mut Hits) {
    for (number, line) in lines(text) {
        let Some((key, value)) = line.split_once(':').filter(|_| !is_comment(line.trim())) else { continue };
        let value = unquote(value).0;
        if !is_key(keys, key.trim()) || value.contains("://") || value.contains('/') {
            continue;
        }
        match value.split_once(':') {
            // GitHub takes a token as the user.
            Some((token, "x-oauth-basic")) => {
                hits.push(Hit::new(number, token).fact(FactKey::Key, key.trim()));
            }
            Some((user, secret)) => {
                hits.push(Hit::new(number, secret).fact(FactKey::User, user).fact(FactKey::Key, key.trim()));
            }
            None if value.len() >= 20 && value.bytes().any(|byte| byte.is_ascii_digit()) => {
                hits.push(Hit::new(number, value).fact(FactKey::Key, key.trim()));
            }
            None => {}
        }
    }
}

/// Options between blanks and commas: mount options, inventories.
pub(super) fn options(text: &str, keys: &[String], hits: &mut Hits) {
    for (number, line) in lines(text).filter(|(_, line)| !is_comment(line.trim())) {
        let mut user = "";
        for word in line.split([' ', '\t', ',']) {
            let Some((key, value)) = word.split_once('=') else { continue };
            let value = unquote(value).0;
            if matches!(key, "user" | "username" | "ansible_user") {
                user = value;
            } else if is_key(keys, key) && !placeholder(value) {
                hits.push(Hit::new(number, value).fact(FactKey::Key, key).fact(FactKey::User, user));
            }
        }
    }
}

/// User and password inside `<auth-user-pass>`; the keys of a profile are found as keys.
pub(super) fn openvpn(text: &str, hits: &mut Hits) {
    let mut inside: Option<Vec<(u64, &str)>> = None;
    for (number, line) in lines(text).map(|(number, line)| (number, line.trim())) {
        match (line, &mut inside) {
            ("<auth-user-pass>", _) => inside = Some(Vec::new()),
            ("</auth-user-pass>", Some(found)) => {
                if let [(_, user), (at, secret), ..] = found.as_slice() {
                    hits.push(Hit::new(*at, secret).fact(FactKey::User, user));
                }
                inside = None;
            }
            (_, Some(found)) if !line.is_empty() && found.len() < 3 => found.push((number, line)),
            _ => {}
        }
    }
}

/// `Server=db;User ID=app;Password=…`, also with an account key of Azure.
pub(super) fn connection_strings(text: &str, hits: &mut Hits) {
    const SECRETS: [&str; 4] = ["password", "pwd", "accountkey", "sharedaccesskey"];
    for (number, line) in lines(text) {
        for quoted in line.split('"').skip(1).step_by(2).filter(|quoted| quoted.contains(';')) {
            let fields = || quoted.split(';').filter_map(|field| field.split_once('='));
            let value = |names: &[&str]| {
                let named = |key: &str| names.iter().any(|name| key.trim().eq_ignore_ascii_case(name));
                fields().find(|(key, _)| named(key)).map_or("", |(_, value)| value.trim())
            };
            let hit =
                Hit::new(number, value(&SECRETS)).fact(FactKey::User, value(&["user id", "uid", "user"]));
            hits.push(hit.fact(FactKey::Host, value(&["server", "data source", "host", "accountname"])));
        }
    }
}
