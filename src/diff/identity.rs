//! What only one machine should have: two images that carry the same give the same to every instance of both.

use assay_disk::path::glob;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Summary;
use super::summary::shown;
use crate::audit::Report;
use crate::facts::Facts;
use crate::finding::Category;
use crate::keys;
use assay_disk::fs::FileType;
use assay_disk::tree::Tree;

/// Bytes of a file that is looked into.
const LIMIT: u64 = 1 << 20;
/// Files of one directory that are looked at.
const ENTRIES: usize = 1_000;

/// Files that one machine has: what they are, the directory, the name (with `*`).
const FILES: [(&str, &str, &str); 33] = [
    ("machine-id", "/etc", "machine-id"),
    ("machine-id", "/var/lib/dbus", "machine-id"),
    ("random seed", "/var/lib/systemd", "random-seed"),
    ("random seed", "/var/lib/urandom", "random-seed"),
    ("random seed", "/boot/efi/loader", "random-seed"),
    ("random seed", "/efi/loader", "random-seed"),
    ("random seed", "/boot/loader", "random-seed"),
    ("systemd credential secret", "/var/lib/systemd", "credential.secret"),
    ("host certificate key", "/etc/ssl/private", "*"),
    ("host certificate key", "/etc/pki/tls/private", "*"),
    ("host certificate key", "/etc/letsencrypt/archive", "*"),
    ("host certificate key", "/etc/pki/consumer", "key.pem"),
    ("host certificate key", "/etc/postfix", "*.key"),
    ("SSM agent identity", "/var/lib/amazon/ssm", "registration"),
    ("SSM agent identity", "/var/lib/amazon/ssm/Vault/Store", "*"),
    ("SSM agent identity", "/var/lib/amazon/ssm/Vault", "Manifest"),
    ("cloud-init instance id", "/var/lib/cloud/data", "instance-id"),
    ("Azure agent identity", "/var/lib/waagent", "*.prv"),
    ("NetworkManager secret key", "/var/lib/NetworkManager", "secret_key"),
    ("DHCP client id", "/var/lib/dhcpcd", "duid"),
    ("DHCP client id", "/etc/dhcpcd", "duid"),
    ("iSCSI initiator name", "/etc/iscsi", "initiatorname.iscsi"),
    ("NVMe host name", "/etc/nvme", "hostnqn"),
    ("NVMe host name", "/etc/nvme", "hostid"),
    ("host id", "/etc", "hostid"),
    ("agent key (Salt)", "/etc/salt/pki/minion", "minion.pem"),
    ("agent key (Puppet)", "/etc/puppetlabs/puppet/ssl/private_keys", "*"),
    ("agent key (Chef)", "/etc/chef", "client.pem"),
    ("agent key (Tailscale)", "/var/lib/tailscale", "tailscaled.state"),
    ("agent key (ZeroTier)", "/var/lib/zerotier-one", "identity.secret"),
    ("agent key (WireGuard)", "/etc/wireguard", "*"),
    ("agent identity (Kubernetes)", "/var/lib/kubelet/pki", "*"),
    ("agent identity (CrowdStrike)", "/opt/CrowdStrike", "falconstore"),
];

/// Something that one machine has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// What it is.
    pub what: &'static str,
    /// Tells it from others; never shown.
    pub(super) mark: String,
    /// What may be shown of it.
    pub shown: Option<String>,
    /// Where it lies.
    pub place: Vec<u8>,
}

/// Something that both sides carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shared {
    /// What it is.
    pub what: &'static str,
    /// What may be shown of it.
    pub shown: Option<String>,
    /// Where it lies in the old side.
    pub old: Vec<u8>,
    /// Where it lies in the new side.
    pub new: Vec<u8>,
}

/// The identities of an image.
pub(super) fn of(report: &Report, tree: &Tree, facts: &Facts) -> Vec<Identity> {
    let mut found = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.advisory.category == Category::SshHostKey)
    {
        found.extend(
            finding.evidence.key_fingerprint.as_deref().map(|print| host_key(print, &finding.location.path)),
        );
    }
    for (path, line) in &facts.sshd.public_halves {
        found.extend(keys::parse_public_line(line).map(|key| host_key(&key.fingerprint(), path)));
    }
    let uuids = report.volumes.iter().filter_map(|volume| {
        let place = volume
            .mount
            .clone()
            .or_else(|| volume.label.clone())
            .unwrap_or_else(|| volume.content.clone().into());
        Some(file_system(volume.uuid.as_deref()?, &place))
    });
    found.extend(uuids);
    for (what, directory, pattern) in FILES {
        files(tree, what, directory.as_bytes(), pattern.as_bytes(), &mut found);
    }
    found.sort();
    found
}

/// A host key of SSH, by its fingerprint.
pub(super) fn host_key(fingerprint: &str, path: &[u8]) -> Identity {
    let (mark, shown) = (fingerprint.to_owned(), Some(fingerprint.to_owned()));
    Identity { what: "SSH host key", mark, shown, place: path.to_vec() }
}

/// A file system, by its UUID.
pub(super) fn file_system(uuid: &str, place: &[u8]) -> Identity {
    Identity {
        what: "file system UUID",
        mark: uuid.to_owned(),
        shown: Some(uuid.to_owned()),
        place: place.to_vec(),
    }
}

fn files(tree: &Tree, what: &'static str, directory: &[u8], pattern: &[u8], found: &mut Vec<Identity>) {
    let names = tree.list(directory).into_iter().filter(|(name, _)| glob(pattern, name)).take(ENTRIES);
    for (name, kind) in names {
        if kind == FileType::Directory {
            continue;
        }
        let path = [directory, b"/", &name].concat();
        // What could not be read is a gap of the audit, which reads it, too.
        let content = tree.read(&path, LIMIT).ok().flatten().unwrap_or_default();
        let content = content.trim_ascii();
        if content.is_empty() || content == b"uninitialized" {
            continue;
        }
        let mark = assay_disk::text::hex(&Sha256::digest(content));
        // The beginning of a machine-id is enough to know it again.
        let start = (what == "machine-id").then(|| content.get(..8)).flatten();
        let shown = start.map(|start| format!("{}…", shown(start)));
        found.push(Identity { what, mark, shown, place: path });
    }
}

/// What both carry, each once.
pub(super) fn shared(old: &Summary, new: &Summary) -> Vec<Shared> {
    let mut before: BTreeMap<(&str, &str), &Identity> = BTreeMap::new();
    for identity in old.identities.iter().rev() {
        before.insert((identity.what, &identity.mark), identity);
    }
    let mut found: BTreeMap<(&str, &str), Shared> = BTreeMap::new();
    for identity in &new.identities {
        let key = (identity.what, identity.mark.as_str());
        if let Some(was) = before.get(&key) {
            found.entry(key).or_insert_with(|| Shared {
                what: identity.what,
                shown: identity.shown.clone(),
                old: was.place.clone(),
                new: identity.place.clone(),
            });
        }
    }
    let mut found: Vec<Shared> = found.into_values().collect();
    found.sort();
    found
}
