//! passwd(5), shadow(5), group(5).

/// A line of passwd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: Vec<u8>,
    /// Numeric user.
    pub uid: Option<u32>,
    /// Numeric group.
    pub gid: Option<u32>,
    /// Home directory.
    pub home: Vec<u8>,
    /// Login shell.
    pub shell: Vec<u8>,
}

/// The accounts of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// In the order of /etc/passwd.
    pub users: Vec<Account>,
}

impl Accounts {
    /// The account whose home directory is `dir`, or holds the path `dir`.
    pub fn home_of(&self, path: &[u8]) -> Option<&Account> {
        self.users
            .iter()
            .filter(|user| user.home.len() > 1)
            .filter(|user| {
                path.strip_prefix(user.home.as_slice())
                    .is_some_and(|rest| rest.first().is_none_or(|&b| b == b'/'))
            })
            .max_by_key(|user| user.home.len())
    }
}
