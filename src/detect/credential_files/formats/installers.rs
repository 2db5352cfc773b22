//! What installers and first boots are told: cloud-config, kickstart, preseed.

use super::super::text::{Hit, Hits, lines};
use super::pairs::pairs;
use super::{Separator, is_comment, is_key, unquote};
use crate::finding::FactKey;

pub(super) fn cloud_config(text: &str, hits: &mut Hits) {
    const KEYS: [&str; 6] =
        ["password", "passwd", "plain_text_passwd", "hashed_passwd", "hashed-password", "chpasswd_password"];
    let keys = KEYS.map(str::to_owned);
    pairs(text, Separator::Colon, &keys, &[], false, hits);
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
                    hits.push(Hit::new(number, secret.trim()).fact(FactKey::User, user.trim()));
                }
                continue;
            }
            list = None;
        }
        if let Some((_, map)) = line.split_once('{') {
            for part in map.trim_end_matches('}').split(',') {
                if let Some((key, value)) = part.split_once(':').filter(|(key, _)| is_key(&keys, key.trim()))
                {
                    hits.push(Hit::new(number, unquote(value).0).fact(FactKey::Key, key.trim()));
                }
            }
        }
    }
}

/// Anaconda: `rootpw --iscrypted …`, `user --name=… --password=…`, `bootloader --password=…`.
pub(super) fn kickstart(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text) {
        let mut words = line.split_whitespace();
        let command = words.next().unwrap_or_default();
        if !["rootpw", "user", "sshpw", "bootloader", "realm", "part", "logvol", "raid", "autopart"]
            .contains(&command)
        {
            continue;
        }
        let named = command == "rootpw" || command == "sshpw";
        let (mut user, mut last) = ("", "");
        for word in words {
            match word.split_once('=') {
                Some(("--name" | "--username", name)) => user = unquote(name).0,
                Some(("--password" | "--passphrase" | "--one-time-password", secret)) => {
                    hits.push(
                        Hit::new(number, unquote(secret).0)
                            .fact(FactKey::Key, command)
                            .fact(FactKey::User, user),
                    );
                }
                _ if !word.starts_with("--") => last = unquote(word).0,
                _ => {}
            }
        }
        if named && !last.is_empty() && !line.contains("--lock") {
            hits.push(Hit::new(number, last).fact(FactKey::Key, command));
        }
    }
}

/// debconf: `d-i passwd/root-password-crypted password …`.
pub(super) fn preseed(text: &str, hits: &mut Hits) {
    for (number, line) in lines(text).filter(|(_, line)| !is_comment(line.trim())) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, question, "password" | "string", secret] = words.as_slice()
            && ["password", "passphrase", "secret"].iter().any(|part| question.contains(part))
        {
            hits.push(Hit::new(number, secret).fact(FactKey::Key, question));
        }
    }
}
