//! What only the whole report shows: a private key in one file that opens an account by another, keys of Jenkins beside
//! what they open, and one secret in many files.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Category, FactKey, Finding, Location, Severity};
use crate::keys;
use assay_disk::text::Escaped;

mod jenkins;

pub(super) use jenkins::opened;

/// Places that a finding names of the other half of its key; the rest is counted.
const NAMED: usize = 20;
/// Groups that share a secret, which are tried for all secrets of a finding.
const TRIED: usize = 64;

/// Joins private keys with the authorized_keys entries of their public halves: each finding names the other.
pub(super) fn halves(findings: &mut [Finding]) {
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
            let holders = holders.get(fingerprint).map(Vec::as_slice).unwrap_or_default();
            for holder in holders.iter().take(NAMED) {
                finding.evidence.facts.push((FactKey::PrivateHalf, Escaped(&holder.path).to_string()));
                finding.related_locations.push(holder.clone());
            }
            count_rest(finding, FactKey::PrivateHalf, holders.len());
        } else if is_private(finding) {
            let doors = doors.get(fingerprint).map(Vec::as_slice).unwrap_or_default();
            for (door, account) in doors.iter().take(NAMED) {
                finding.evidence.facts.push((FactKey::Opens, format!("{account} of this image")));
                finding.related_locations.push(door.clone());
            }
            count_rest(finding, FactKey::Opens, doors.len());
        }
    }
}

/// A key that may log in, and whose private half everybody has, opens its account to everybody.
pub(super) fn published_doors(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|one| may_open(one)) {
        let fingerprint = finding.evidence.key_fingerprint.as_deref();
        if let Some(of) = fingerprint.and_then(keys::published_by) {
            finding.severity = Severity::Critical;
            finding.evidence.facts.push((FactKey::PrivateHalfPublishedBy, of.to_owned()));
        }
    }
}

/// Whether something may read the key: one in a test of a library was rated low, as no other but one with a remark is.
fn may_open(finding: &Finding) -> bool {
    let has_remark = || finding.evidence.facts.iter().any(|(name, _)| *name == FactKey::Remark);
    finding.advisory.category == Category::AuthorizedKeys
        && (finding.severity > Severity::Low || has_remark())
}

/// Says how many places are not named, if any.
fn count_rest(finding: &mut Finding, name: FactKey, count: usize) {
    if let Some(rest @ 1..) = count.checked_sub(NAMED) {
        finding.evidence.facts.push((name, format!("{rest} more places")));
    }
}

/// Gives the findings about one secret one number, in the order of the report, which is sorted: the first of a
/// number is the worst. An id alone belongs to the finding that has it with its secret; who has the same
/// password as another account is a finding of its own.
pub(super) fn secrets(findings: &mut [Finding]) {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut by_secret: BTreeMap<Mark, BTreeSet<usize>> = BTreeMap::new();
    let mut by_all: BTreeMap<Vec<Mark>, usize> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| is_of_values(finding)) {
        let marks = marks(finding);
        let sets: Option<Vec<&BTreeSet<usize>>> = marks.iter().map(|mark| by_secret.get(mark)).collect();
        let mut known = sets.unwrap_or_default();
        known.sort_by_key(|set| set.len());
        let first = known.split_first();
        let with_all = first.and_then(|(first, rest)| {
            first.iter().take(TRIED).find(|group| rest.iter().all(|set| set.contains(group))).copied()
        });
        let same = by_all.get(&marks).copied();
        let group = same.or(with_all).unwrap_or(groups.len());
        by_all.entry(marks.clone()).or_insert(group);
        match groups.get_mut(group) {
            Some(members) => members.push(index),
            None => groups.push(vec![index]),
        }
        for mark in marks {
            by_secret.entry(mark).or_default().insert(group);
        }
    }
    let several = groups.iter().filter(|members| members.len() > 1);
    for (number, members) in (1_u32..).zip(several) {
        for &member in members {
            if let Some(finding) = findings.get_mut(member) {
                finding.group = Some(number);
            }
        }
    }
}

/// A secret, and the account that it is of.
type Mark = (Option<String>, Vec<u8>);

/// The secrets of a finding, each with the account that it is of.
fn marks(finding: &Finding) -> Vec<Mark> {
    let secrets = finding.evidence.secrets.iter();
    secrets.map(|secret| (finding.subject.clone(), secret.reveal().trim_ascii().to_vec())).collect()
}

/// Whether it is about the values in it, and not about what they are signs of.
fn is_of_values(finding: &Finding) -> bool {
    let others =
        matches!(finding.advisory.category, Category::Miner | Category::Access | Category::Hardening);
    !others && !finding.evidence.secrets.is_empty()
}

fn is_private(finding: &Finding) -> bool {
    matches!(finding.advisory.category, Category::SshPrivateKey | Category::SshHostKey | Category::Credential)
        && finding.evidence.key_fingerprint.is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Secret};

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
    fn findings_about_one_secret_share_a_number() {
        let with = |secrets: &[&str]| {
            let mut finding = finding(Category::Credential, "/a");
            finding.evidence.secrets = secrets.iter().map(|text| Secret::new(text.as_bytes())).collect();
            finding
        };
        let account = |name: &str| with(&["hash"]).subject(name);
        let mut findings = [
            with(&["id", "key"]),
            with(&["token"]),
            with(&[" token\n"]),
            with(&["id"]),
            with(&["id", "other key"]),
            account("root"),
            account("admin"),
            with(&[]),
            with(&[]),
        ];
        secrets(&mut findings);
        let groups = findings.map(|finding| finding.group);
        let expected = [Some(1), Some(2), Some(2), Some(1), None, None, None, None, None];
        assert_eq!(groups, expected);
    }

    #[test]
    fn a_key_whose_private_half_everybody_has_opens_the_door() {
        let mut vagrant = finding(Category::AuthorizedKeys, "/home/vagrant/.ssh/authorized_keys");
        vagrant.evidence.key_fingerprint =
            Some("SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA".to_owned());
        let mut findings = [vagrant, finding(Category::AuthorizedKeys, "/root/.ssh/authorized_keys")];
        published_doors(&mut findings);
        assert_eq!(findings.map(|finding| finding.severity), [Severity::Critical, Severity::Medium]);
    }

    #[test]
    fn a_private_key_and_the_account_it_opens_name_each_other() {
        let mut findings = [
            finding(Category::SshPrivateKey, "/home/a/.ssh/id"),
            finding(Category::AuthorizedKeys, "/root/.ssh/authorized_keys").subject("root".to_owned()),
        ];
        halves(&mut findings);
        assert_eq!(findings[0].evidence.facts, [(FactKey::Opens, "root of this image".to_owned())]);
        assert_eq!(findings[0].related_locations[0].path, b"/root/.ssh/authorized_keys");
        assert_eq!(findings[1].evidence.facts, [(FactKey::PrivateHalf, "/home/a/.ssh/id".to_owned())]);
    }
}
