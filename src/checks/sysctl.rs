//! Kernel parameters as systemd-sysctl sets them at boot: drop-ins by name over all directories, and
//! /etc/sysctl.conf, which Debian links as 99-sysctl.conf and procps reads last; then those of ufw(8), if it is enabled.

use super::Subject;
use super::evaluate::Judged;
use super::schema::SysctlRule;
use super::settings::{self, Found};
use super::subject::{ConfigFile, Unreadable};
use assay_disk::path::glob;

const DIRECTORIES: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

pub(super) fn evaluate(rule: &SysctlRule, subject: &Subject<'_>) -> Judged {
    let mut pages = subject.drop_ins(&DIRECTORIES, ".conf")?;
    pages.extend(subject.page(b"/etc/sysctl.conf".to_vec())?);
    // The firewall starts after systemd-sysctl, and so has the last word.
    let found = set_by(&ufw(subject)?, &rule.key).or_else(|| set_by(&pages, &rule.key));
    Ok(settings::verdict(found, &rule.key, None, &rule.value, "/etc/sysctl.d"))
}

/// The file that ufw applies when it starts, where it is enabled.
fn ufw(subject: &Subject<'_>) -> Result<Vec<ConfigFile>, Unreadable> {
    let last = |path: &str, key| -> Result<Option<String>, Unreadable> {
        let found = settings::values(&subject.pages(&[path])?, None, key, b'=').pop();
        Ok(found.map(|found| String::from_utf8_lossy(&found.value).into_owned()))
    };
    let is_enabled =
        last("/etc/ufw/ufw.conf", "ENABLED")?.is_some_and(|value| value.eq_ignore_ascii_case("yes"));
    match last("/etc/default/ufw", "IPT_SYSCTL")?.filter(|path| is_enabled && !path.is_empty()) {
        Some(path) => Ok(subject.page(path.into_bytes())?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

/// What files set a key to, the last one over all: a name in full wins over a pattern, wherever it stands.
fn set_by(pages: &[ConfigFile], key: &str) -> Option<Found> {
    let (mut exact, mut pattern) = (None, None);
    for page in pages {
        for (line, text) in page.lines() {
            let text = text.trim_ascii();
            let Some(at) = memchr::memchr(b'=', text).filter(|_| !text.starts_with(b"#")) else { continue };
            let (name, value) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
            let name = name.trim_ascii();
            let name = normal(name.strip_prefix(b"-").unwrap_or(name));
            let found = || Some(Found { path: page.path.clone(), line, value: value.trim_ascii().to_vec() });
            if name == key.as_bytes() {
                exact = found();
            } else if name.contains(&b'*') && glob(&name, key.as_bytes()) {
                pattern = found();
            }
        }
    }
    exact.or(pattern)
}

/// `net/ipv4/ip_forward` is `net.ipv4.ip_forward`: the first of the two signs parts.
fn normal(name: &[u8]) -> Vec<u8> {
    let first = name.iter().find(|byte| matches!(byte, b'.' | b'/'));
    if first != Some(&b'/') {
        return name.to_vec();
    }
    let other = |byte: &u8| match byte {
        b'/' => b'.',
        b'.' => b'/',
        byte => *byte,
    };
    name.iter().map(other).collect()
}
