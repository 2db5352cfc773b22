//! The capabilities of a file: `security.capability`, as linux/capability.h has it (`struct vfs_ns_cap_data`).

use std::fmt;

use assay_disk::fs::Node;

/// The names, by their numbers.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// What a file may do beyond who starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    permitted: u64,
    inheritable: u64,
    effective: bool,
}

impl Capabilities {
    /// Those of a file, if it has some.
    pub(crate) fn of(node: &mut dyn Node) -> Option<Self> {
        let attributes = node.xattrs().ok()?;
        attributes.iter().find_map(
            |(name, value)| {
                if name == b"security.capability" { Self::parse(value) } else { None }
            },
        )
    }

    /// Reads the value of the attribute.
    fn parse(value: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(value.get(at..at.checked_add(4)?)?.try_into().ok()?));
        let magic = word(0)?;
        let two = match magic >> 24 {
            1 => false,
            2 | 3 => true,
            _ => return None,
        };
        let high = |at| if two { word(at).map(u64::from) } else { Some(0) };
        let permitted = u64::from(word(4)?) | high(12)? << 32;
        let inheritable = u64::from(word(8)?) | high(16)? << 32;
        (permitted | inheritable != 0).then_some(Self { permitted, inheritable, effective: magic & 1 != 0 })
    }

    /// Their names, without `cap_`.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let all = self.permitted | self.inheritable;
        let bits = (0_u32..64).filter(move |bit| all >> bit & 1 != 0);
        bits.map(|bit| {
            let name = usize::try_from(bit).ok().and_then(|at| NAMES.get(at));
            name.map_or_else(|| bit.to_string(), |name| (*name).to_owned())
        })
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names().map(|name| format!("cap_{name}")).collect();
        let flags = [(self.effective, 'e'), (self.inheritable != 0, 'i'), (self.permitted != 0, 'p')];
        let flags: String = flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect();
        write!(f, "{}={flags}", names.join(","))
    }
}

/// Whether a capability is as good as root.
pub(super) fn is_strong(name: &str) -> bool {
    const STRONG: [&str; 19] = [
        "chown",
        "dac_override",
        "dac_read_search",
        "fowner",
        "fsetid",
        "setgid",
        "setuid",
        "setpcap",
        "setfcap",
        "sys_module",
        "sys_rawio",
        "sys_ptrace",
        "sys_admin",
        "sys_boot",
        "mknod",
        "mac_override",
        "mac_admin",
        "bpf",
        "linux_immutable",
    ];
    STRONG.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_revisions_are_read() {
        let ping = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Capabilities::parse(&ping).unwrap().to_string(), "cap_net_raw=ep");
        let of_namespace = [&ping[..3], &[3], &ping[4..], &[0xe8, 3, 0, 0]].concat();
        assert_eq!(Capabilities::parse(&of_namespace).unwrap().to_string(), "cap_net_raw=ep");
        let bpf = [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Capabilities::parse(&bpf).unwrap().to_string(), "cap_bpf=p");
    }

    #[test]
    fn what_is_none_or_torn_is_none() {
        for value in [
            &[][..],
            &[0, 0, 0, 9, 1, 0, 0, 0],
            &[0, 0, 0, 2, 1],
            &[0; 20],
            &[1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(Capabilities::parse(value), None);
        }
    }
}
