//! passwd(5), shadow(5), group(5).

use super::{Desk, lines};
use crate::finding::Secret;

/// A directory server's dump has been seen in /etc/passwd; nothing larger has.
const LIMIT: u64 = 16 << 20;

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

/// A line of shadow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowLine {
    /// Login name.
    pub name: Vec<u8>,
    /// The password field as it is: a hash, `!`, `*`, or nothing.
    pub password: Secret,
}

/// A line of group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: Vec<u8>,
    /// Numeric group.
    pub gid: Option<u32>,
    /// The members named in the line.
    pub members: Vec<Vec<u8>>,
}

/// A line that does not have the form of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: &'static str,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it, without anything from the line: it may hold a hash.
    pub problem: String,
}

/// The accounts of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// In the order of /etc/passwd.
    pub users: Vec<Account>,
    /// In the order of /etc/shadow.
    pub shadow: Vec<ShadowLine>,
    /// In the order of /etc/group.
    pub groups: Vec<Group>,
    /// Lines that could not be understood.
    pub problems: Vec<Problem>,
}

impl Accounts {
    pub(super) fn gather(desk: &mut Desk<'_>) -> Self {
        let mut accounts = Self::default();
        if let Some(content) = desk.read(b"/etc/passwd", LIMIT) {
            accounts.add_passwd(&content);
        }
        if let Some(content) = desk.read(b"/etc/shadow", LIMIT) {
            accounts.add_shadow(&content);
        }
        if let Some(content) = desk.read(b"/etc/group", LIMIT) {
            accounts.add_group(&content);
        }
        accounts
    }

    /// Adds the lines of a passwd file.
    pub fn add_passwd(&mut self, content: &[u8]) {
        for (line, text) in records(content) {
            let fields: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
            let &[name, _, uid, gid, _, home, shell] = fields.as_slice() else {
                self.problem("/etc/passwd", line, format!("{} fields, 7 expected", fields.len()));
                continue;
            };
            let (uid, gid) = (number(uid), number(gid));
            if uid.is_none() || gid.is_none() {
                self.problem("/etc/passwd", line, "user or group is not a number".to_owned());
            }
            let (name, home, shell) = (name.to_vec(), home.to_vec(), shell.to_vec());
            self.users.push(Account { name, uid, gid, home, shell });
        }
    }

    /// Adds the lines of a shadow file.
    pub fn add_shadow(&mut self, content: &[u8]) {
        for (line, text) in records(content) {
            let mut fields = text.split(|&byte| byte == b':');
            let (Some(name), Some(password)) = (fields.next(), fields.next()) else {
                self.problem("/etc/shadow", line, "no password field".to_owned());
                continue;
            };
            let rest = fields.count();
            if rest != 7 {
                self.problem("/etc/shadow", line, format!("{} fields, 9 expected", rest + 2));
            }
            self.shadow.push(ShadowLine { name: name.to_vec(), password: Secret::new(password) });
        }
    }

    /// Adds the lines of a group file.
    pub fn add_group(&mut self, content: &[u8]) {
        for (line, text) in records(content) {
            let fields: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
            let &[name, _, gid, members] = fields.as_slice() else {
                self.problem("/etc/group", line, format!("{} fields, 4 expected", fields.len()));
                continue;
            };
            let members = members.split(|&byte| byte == b',').filter(|member| !member.is_empty());
            let members = members.map(<[u8]>::to_vec).collect();
            self.groups.push(Group { name: name.to_vec(), gid: number(gid), members });
        }
    }

    /// The account called `name`.
    pub fn user(&self, name: &[u8]) -> Option<&Account> {
        self.users.iter().find(|user| user.name == name)
    }

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

    /// The home directories of accounts, each once, sorted; `/` and `/nonexistent` are nobody's home.
    pub fn homes(&self) -> Vec<&[u8]> {
        let homes = self.users.iter().map(|user| user.home.as_slice());
        let mut homes: Vec<&[u8]> = homes.filter(|home| home.len() > 1 && *home != b"/nonexistent").collect();
        homes.sort_unstable();
        homes.dedup();
        homes
    }

    fn problem(&mut self, path: &'static str, line: u64, problem: String) {
        self.problems.push(Problem { path, line, problem });
    }
}

/// Lines that describe something: no comments, no empty ones, no NIS entries.
fn records(content: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    lines(content).filter(|(_, line)| {
        !line.trim_ascii().is_empty()
            && !line.starts_with(b"#")
            && !line.starts_with(b"+")
            && !line.starts_with(b"-")
    })
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_bytes() {
        let mut accounts = Accounts::default();
        accounts.add_passwd(b"root:x:0:0:root:/root:/bin/bash\nj\xf6rg:x:1000:1000::/home/j:/bin/sh\n");
        accounts.add_shadow(b"root:*:19000:0:99999:7:::\n");
        accounts.add_group(b"sudo:x:27:admin,ubuntu\nempty:x:9:\n");
        assert_eq!(accounts.user(b"j\xf6rg").unwrap().uid, Some(1000));
        assert_eq!(accounts.shadow[0].password.reveal(), b"*");
        assert_eq!(accounts.groups[0].members, [b"admin".to_vec(), b"ubuntu".to_vec()]);
        assert!(accounts.groups[1].members.is_empty());
        assert!(accounts.problems.is_empty());
    }

    #[test]
    fn torn_lines_are_kept_as_problems() {
        let mut accounts = Accounts::default();
        accounts.add_passwd(b"ok:x:1:1::/:/bin/sh\n\n# comment\nbroken:x\nneg:x:-1:1::/:/\n+::::::\n");
        accounts.add_shadow(b"nothing\nshort:!\n");
        let lines: Vec<_> = accounts.problems.iter().map(|p| (p.path, p.line)).collect();
        assert_eq!(lines, [("/etc/passwd", 4), ("/etc/passwd", 5), ("/etc/shadow", 1), ("/etc/shadow", 2)]);
        assert_eq!(accounts.users.len(), 2);
        assert_eq!(accounts.shadow.len(), 1);
    }

    #[test]
    fn the_longest_home_is_the_one() {
        let mut accounts = Accounts::default();
        accounts.add_passwd(b"a:x:1:1::/srv:/\nb:x:2:2::/srv/b:/\nc:x:3:3::/:/\nd:x:4:4::/nonexistent:/\n");
        assert_eq!(accounts.home_of(b"/srv/b/.ssh/id_rsa").unwrap().name, b"b");
        assert_eq!(accounts.home_of(b"/srv/bb").unwrap().name, b"a");
        assert_eq!(accounts.homes(), [b"/srv".as_slice(), b"/srv/b"]);
    }
}
