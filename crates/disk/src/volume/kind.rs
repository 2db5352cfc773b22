//! What the type of a partition means.
//!
//! References: UEFI specification 5.3.3; the UAPI group's Discoverable Partitions Specification; the type
//! lists of util-linux.

use super::Volume;

/// Type, name, and where the Discoverable Partitions Specification mounts it.
const KINDS: &[(&str, &str, Option<&str>)] = &[
    ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system", Some("/boot/efi")),
    ("bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot", Some("/boot")),
    ("21686148-6449-6e6f-744e-656564454649", "BIOS boot", None),
    ("9e1a2d38-c612-4316-aa26-8b49521e5a8b", "PowerPC PReP boot", None),
    ("0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux file system", None),
    ("4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root (x86-64)", Some("/")),
    ("b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root (arm64)", Some("/")),
    ("44479540-f297-41b2-9af7-d131d5f0458a", "Linux root (x86)", Some("/")),
    ("69dad710-2ce4-4e3c-b16c-21a1d49abed3", "Linux root (arm)", Some("/")),
    ("72ec70a6-cf74-40e6-bd49-4bda08e8f224", "Linux root (riscv64)", Some("/")),
    ("8484680c-9521-48c6-9c11-b0720656f69e", "Linux /usr (x86-64)", Some("/usr")),
    ("b0e01050-ee5f-4390-949a-9101b17104e9", "Linux /usr (arm64)", Some("/usr")),
    ("2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", "Linux root verity (x86-64)", None),
    ("df3300ce-d69f-4c92-978c-9bfb0f38d820", "Linux root verity (arm64)", None),
    ("77ff5f63-e7b6-4633-acf4-1565b864c0e6", "Linux /usr verity (x86-64)", None),
    ("933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux /home", Some("/home")),
    ("3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "Linux /srv", Some("/srv")),
    ("4d21b016-b534-45c2-a9fb-5c16e091fd2d", "Linux /var", Some("/var")),
    ("7ec6f557-3bc5-4aca-b293-16ef5df639d1", "Linux /var/tmp", Some("/var/tmp")),
    ("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap", None),
    ("e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM", None),
    ("a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID", None),
    ("ca7d7ccb-63ed-4c53-861c-1742536059cc", "LUKS", None),
    ("7ffec5c9-2d00-49b7-8941-3ea10a5586b7", "dm-crypt", None),
    ("8da63339-0007-60c0-c436-083ac8230908", "Linux reserved", None),
    ("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data", None),
    ("e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved", None),
    ("de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery", None),
    ("516e7cb4-6ecf-11d6-8ff8-00022d09712b", "FreeBSD", None),
    ("516e7cb6-6ecf-11d6-8ff8-00022d09712b", "FreeBSD UFS", None),
    ("516e7cb5-6ecf-11d6-8ff8-00022d09712b", "FreeBSD swap", None),
    ("516e7cba-6ecf-11d6-8ff8-00022d09712b", "FreeBSD ZFS", None),
    ("6a898cc3-1dd2-11b2-99a6-080020736631", "ZFS", None),
    ("0x00", "unused", None),
    ("0x01", "FAT12", None),
    ("0x04", "FAT16", None),
    ("0x06", "FAT16", None),
    ("0x07", "NTFS or exFAT", None),
    ("0x0b", "FAT32", None),
    ("0x0c", "FAT32", None),
    ("0x0e", "FAT16", None),
    ("0x41", "PowerPC PReP boot", None),
    ("0x82", "Linux swap", None),
    ("0x83", "Linux", None),
    ("0x8e", "Linux LVM", None),
    ("0xa5", "FreeBSD", None),
    ("0xe8", "LUKS", None),
    ("0xea", "Linux extended boot", Some("/boot")),
    ("0xee", "protective MBR", None),
    ("0xef", "EFI system", Some("/boot/efi")),
    ("0xfd", "Linux RAID", None),
];

impl Volume {
    fn kind(&self) -> Option<&'static (&'static str, &'static str, Option<&'static str>)> {
        let code = self.type_code.as_deref()?;
        KINDS.iter().find(|(known, ..)| *known == code)
    }

    /// The name of its type, if that is known.
    pub fn type_name(&self) -> Option<&'static str> {
        self.kind().map(|(_, name, _)| *name)
    }

    /// Where systemd would mount it by its type alone (Discoverable Partitions Specification), with the
    /// EFI system partition at the place that distributions use.
    pub fn well_known_mount(&self) -> Option<&'static str> {
        self.kind().and_then(|(.., mount)| *mount)
    }

    /// Whether it is for boot code only, without a file system.
    pub fn is_boot_code(&self) -> bool {
        const BOOT_CODE: [&str; 3] =
            ["21686148-6449-6e6f-744e-656564454649", "9e1a2d38-c612-4316-aa26-8b49521e5a8b", "0x41"];
        self.type_code.as_deref().is_some_and(|code| BOOT_CODE.contains(&code))
    }
}
