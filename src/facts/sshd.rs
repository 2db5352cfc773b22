//! sshd_config(5), as far as keys are concerned.

/// Where sshd looks for keys, over sshd_config and its Include files; first value wins as in sshd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sshd {
    /// Paths of `HostKey` lines (all of them), without the defaults.
    pub host_keys: Vec<Vec<u8>>,
    /// Patterns of `AuthorizedKeysFile`, with %h, %u and %%; relative ones are below the home.
    pub authorized_keys_files: Vec<Vec<u8>>,
}
