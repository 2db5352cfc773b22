//! What only the whole report shows: a private key in one file that opens an account by another.

use std::collections::BTreeMap;

use crate::finding::{Category, Finding, Location};
use crate::text::Escaped;

/// Joins private keys with the authorized_keys entries of their public halves: each finding names the other.
pub(super) fn keys(findings: &mut [Finding]) {
    let mut doors: BTreeMap<String, Vec<(Location, String)>> = BTreeMap::new();
    let mut holders: BTreeMap<String, Vec<Location>> = BTreeMap::new();
    for finding in findings.iter() {
        let Some(fingerprint) = finding.evidence.key_fingerprint.clone() else { continue };
        if finding.advisory.category == Category::AuthorizedKeys {
            let account = finding.subject.clone().unwrap_or_else(|| "an account".to_owned());
            doors.entry(fingerprint).or_default().push((finding.location.clone(), account));
        } else if is_private(finding) {
            holders.entry(fingerprint).or_default().push(finding.location.clone());
        }
    }
    for finding in findings.iter_mut() {
        let Some(fingerprint) = &finding.evidence.key_fingerprint else { continue };
        if finding.advisory.category == Category::AuthorizedKeys {
            for holder in holders.get(fingerprint).into_iter().flatten() {
                finding.evidence.facts.push(("private half", Escaped(&holder.path).to_string()));
                finding.more.push(holder.clone());
            }
        } else if is_private(finding) {
            for (door, account) in doors.get(fingerprint).into_iter().flatten() {
                finding.evidence.facts.push(("opens", format!("{account} of this image")));
                finding.more.push(door.clone());
            }
        }
    }
}

fn is_private(finding: &Finding) -> bool {
    matches!(finding.advisory.category, Category::SshPrivateKey | Category::SshHostKey | Category::Credential)
        && finding.evidence.key_fingerprint.is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Severity};

    fn finding(category: Category, path: &str) -> Finding {
        let advisory = Advisory {
            id: "key".to_owned(),
            category,
            title: String::new(),
            severity: Severity::Medium,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        let mut finding = Finding::new(&Arc::new(advisory)).fingerprint("SHA256:x".to_owned());
        finding.location.path = path.as_bytes().to_vec();
        finding
    }

    #[test]
    fn a_private_key_and_the_account_it_opens_name_each_other() {
        let mut findings = [
            finding(Category::SshPrivateKey, "/home/a/.ssh/id"),
            finding(Category::AuthorizedKeys, "/root/.ssh/authorized_keys").subject("root".to_owned()),
        ];
        keys(&mut findings);
        assert_eq!(findings[0].evidence.facts, [("opens", "root of this image".to_owned())]);
        assert_eq!(findings[0].more[0].path, b"/root/.ssh/authorized_keys");
        assert_eq!(findings[1].evidence.facts, [("private half", "/home/a/.ssh/id".to_owned())]);
    }
}
