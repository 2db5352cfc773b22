//! What findings are about.

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// A host's own SSH key.
    SshHostKey,
    /// A person's or a service's SSH key.
    SshPrivateKey,
    /// Who may log in by key.
    AuthorizedKeys,
    /// What people typed.
    ShellHistory,
    /// Tokens, passwords, keys of services.
    Credential,
    /// Password fields and accounts.
    PasswordHash,
    /// Coin miners.
    Miner,
    /// Files that a list or a rule of the user names.
    Malware,
    /// What lets somebody in, or up, who should not be.
    Access,
    /// What the machine that the image was made on left behind.
    Leftover,
    /// What starts by itself, or makes a hidden door, and is unusual.
    Persistence,
    /// Programs that run with more rights than who starts them.
    Privilege,
    /// Files that are not what the image's own package database says.
    Integrity,
    /// What a benchmark asks for.
    Hardening,
    /// Which images run, whose they are, and who chose them.
    Sourcing,
    /// Software that is known to be vulnerable, or no longer supported.
    Package,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SshHostKey,
        Self::SshPrivateKey,
        Self::AuthorizedKeys,
        Self::ShellHistory,
        Self::Credential,
        Self::PasswordHash,
        Self::Miner,
        Self::Malware,
        Self::Access,
        Self::Leftover,
        Self::Persistence,
        Self::Privilege,
        Self::Integrity,
        Self::Hardening,
        Self::Sourcing,
        Self::Package,
    ];

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// What it is about, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::SshHostKey => "a host's own SSH keys",
            Self::SshPrivateKey => "SSH keys of people and services",
            Self::AuthorizedKeys => "who may log in by key",
            Self::ShellHistory => "what people typed",
            Self::Credential => "tokens, passwords and keys of services",
            Self::PasswordHash => "password fields and accounts",
            Self::Miner => "coin miners",
            Self::Malware => "files that the user's lists and rules name",
            Self::Access => "what lets somebody in, or up, who should not be",
            Self::Leftover => "what the machine that the image was made on left behind",
            Self::Persistence => "what starts by itself, or makes a hidden door, and is unusual",
            Self::Privilege => "programs that run with more rights than who starts them",
            Self::Integrity => "files that are not what the image's own package database says",
            Self::Hardening => "what a benchmark asks for",
            Self::Sourcing => "which images run, whose they are, and who chose them",
            Self::Package => "software that is known to be vulnerable, or no longer supported",
        }
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SshHostKey => "ssh-host-key",
            Self::SshPrivateKey => "ssh-private-key",
            Self::AuthorizedKeys => "authorized-keys",
            Self::ShellHistory => "shell-history",
            Self::Credential => "credential",
            Self::PasswordHash => "shadow",
            Self::Miner => "miner",
            Self::Malware => "malware",
            Self::Access => "access",
            Self::Leftover => "leftover",
            Self::Persistence => "persistence",
            Self::Privilege => "privilege",
            Self::Integrity => "integrity",
            Self::Hardening => "hardening",
            Self::Sourcing => "sourcing",
            Self::Package => "package",
        }
    }
}
