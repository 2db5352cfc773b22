//! Kernel parameters as systemd-sysctl sets them at boot: drop-ins by name over all directories, and
//! /etc/sysctl.conf, which Debian links as 99-sysctl.conf and procps reads last.

use super::Subject;
use super::evaluate::Judged;
use super::schema::SysctlRule;
use super::settings::{self, Found};
use assay_disk::path::glob;

const DIRECTORIES: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

pub(super) fn evaluate(rule: &SysctlRule, subject: &Subject<'_>) -> Judged {
    let mut pages = subject.drop_ins(&DIRECTORIES, ".conf")?;
    pages.extend(subject.page(b"/etc/sysctl.conf".to_vec())?);
    let (mut exact, mut pattern) = (None, None);
    for page in &pages {
        for (line, text) in page.lines() {
            let text = text.trim_ascii();
            let Some(at) = memchr::memchr(b'=', text).filter(|_| !text.starts_with(b"#")) else { continue };
            let (name, value) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
            let name = name.trim_ascii();
            let name = normal(name.strip_prefix(b"-").unwrap_or(name));
            let found = || Some(Found { path: page.path.clone(), line, value: value.trim_ascii().to_vec() });
            if name == rule.key.as_bytes() {
                exact = found();
            } else if name.contains(&b'*') && glob(&name, rule.key.as_bytes()) {
                pattern = found();
            }
        }
    }
    // A name in full wins over a pattern, wherever it stands.
    Ok(settings::verdict(exact.or(pattern), &rule.key, None, &rule.value, "/etc/sysctl.d"))
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
