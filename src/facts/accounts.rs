//! passwd(5), shadow(5), group(5).

use std::collections::{BTreeMap, BTreeSet};

use crate::files::form::{Form, not_text};
use crate::files::{SystemReader, lines};
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
    /// Lines that could not be understood, at most a hundred of each file.
    pub problems: Vec<Problem>,
    /// Lines of each file that could not be understood: how many.
    wrong: BTreeMap<&'static str, u64>,
    /// Which of the three files are there.
    there: [bool; 3],
    /// Numbers in `users`, the first of each name.
    by_name: BTreeMap<Vec<u8>, usize>,
    /// Accounts whose password stands in shadow, as passwd says.
    shadowed: Vec<Vec<u8>>,
}

/// Lines of each file that are kept as problems; a gap tells of the first.
const PROBLEMS: u64 = 100;
const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";
const GROUP: &str = "/etc/group";

impl Accounts {
    pub(super) fn gather(reader: &mut SystemReader<'_>) -> Self {
        let mut accounts = Self::default();
        let [passwd, shadow, group] = [PASSWD, SHADOW, GROUP].map(|path| reader.read(path.as_bytes(), LIMIT));
        accounts.there = [&passwd, &shadow, &group].map(Option::is_some);
        accounts.add_passwd(&passwd.unwrap_or_default());
        accounts.add_shadow(&shadow.unwrap_or_default());
        accounts.add_group(&group.unwrap_or_default());
        accounts
    }

    /// Says what of the three files was not understood, alone and beside each other: a table of which a part is lost
    /// may have no line that is wrong.
    pub(super) fn check(&self, reader: &mut SystemReader<'_>) {
        let lost = self.lost();
        for (path, kind) in [(PASSWD, "passwd"), (SHADOW, "shadow"), (GROUP, "group")] {
            let mut form = Form::default();
            for problem in self.problems.iter().filter(|problem| problem.path == path) {
                form.wrong(problem.line, problem.problem.as_str());
            }
            form.also(self.wrong.get(path).copied().unwrap_or_default().saturating_sub(PROBLEMS));
            for (_, what) in lost.iter().filter(|(of, _)| *of == path) {
                form.wrong(0, what.as_str());
            }
            form.tell(reader, path.as_bytes(), kind);
        }
    }

    /// What the files say of each other and is not in them.
    fn lost(&self) -> Vec<(&'static str, String)> {
        let [has_passwd, has_shadow, has_group] = self.there;
        let users: BTreeSet<&[u8]> = self.users.iter().map(|user| user.name.as_slice()).collect();
        let shadows: BTreeSet<&[u8]> = self.shadow.iter().map(|line| line.name.as_slice()).collect();
        let groups: BTreeSet<u32> = self.groups.iter().filter_map(|group| group.gid).collect();
        let gids: BTreeSet<u32> = self.users.iter().filter_map(|user| user.gid).collect();
        let shadowed: BTreeSet<&[u8]> = self.shadowed.iter().map(Vec::as_slice).collect();
        let mut lost = Vec::new();
        let mut missing = |path, is_there: bool, has_none: bool, missing: usize, of: usize, what: &str| {
            // One or two are what people leave; an empty table, or a quarter of it, is no accident.
            let is_lost = has_none && of > 0 || missing > 2 && missing.saturating_mul(4) > of;
            if is_there && is_lost {
                lost.push((path, format!("{missing} of {of} {what} are not in it")));
            }
        };
        let absent = shadows.difference(&users).count();
        missing(PASSWD, has_passwd, users.is_empty(), absent, shadows.len(), "accounts of shadow");
        let absent = shadowed.difference(&shadows).count();
        missing(SHADOW, has_shadow, shadows.is_empty(), absent, shadowed.len(), "accounts with x in passwd");
        let absent = gids.difference(&groups).count();
        missing(GROUP, has_group, groups.is_empty(), absent, gids.len(), "groups of accounts");
        lost
    }

    /// Adds the lines of a passwd file.
    pub fn add_passwd(&mut self, content: &[u8]) {
        for (line, text) in self.records(PASSWD, content) {
            let fields: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
            let &[name, password, uid, gid, _, home, shell] = fields.as_slice() else {
                self.problem(PASSWD, line, format!("{} fields, 7 expected", fields.len()));
                continue;
            };
            let (uid, gid) = (number(uid), number(gid));
            if uid.is_none() || gid.is_none() {
                self.problem(PASSWD, line, "user or group is not a number".to_owned());
            }
            if password == b"x" {
                self.shadowed.push(name.to_vec());
            }
            let (name, home, shell) = (name.to_vec(), home.to_vec(), shell.to_vec());
            self.by_name.entry(name.clone()).or_insert(self.users.len());
            self.users.push(Account { name, uid, gid, home, shell });
        }
    }

    /// Adds the lines of a shadow file.
    pub fn add_shadow(&mut self, content: &[u8]) {
        for (line, text) in self.records(SHADOW, content) {
            let mut fields = text.split(|&byte| byte == b':');
            let (Some(name), Some(password)) = (fields.next(), fields.next()) else {
                self.problem(SHADOW, line, "no password field".to_owned());
                continue;
            };
            let rest: Vec<&[u8]> = fields.collect();
            if rest.len() != 7 {
                self.problem(SHADOW, line, format!("{} fields, 9 expected", rest.len().saturating_add(2)));
            } else if !rest.iter().all(|days| days.is_empty() || is_days(days)) {
                self.problem(SHADOW, line, "an age is not a number".to_owned());
            }
            self.shadow.push(ShadowLine { name: name.to_vec(), password: Secret::new(password) });
        }
    }

    /// Adds the lines of a group file.
    pub fn add_group(&mut self, content: &[u8]) {
        for (line, text) in self.records(GROUP, content) {
            let fields: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
            let &[name, _, gid, members] = fields.as_slice() else {
                self.problem(GROUP, line, format!("{} fields, 4 expected", fields.len()));
                continue;
            };
            let members = members.split(|&byte| byte == b',').filter(|member| !member.is_empty());
            let members = members.map(<[u8]>::to_vec).collect();
            let gid = number(gid);
            if gid.is_none() {
                self.problem(GROUP, line, "the group is not a number".to_owned());
            }
            self.groups.push(Group { name: name.to_vec(), gid, members });
        }
    }

    /// The account called `name`.
    pub fn user(&self, name: &[u8]) -> Option<&Account> {
        self.users.get(*self.by_name.get(name)?)
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
        let wrong = self.wrong.entry(path).or_default();
        *wrong = wrong.saturating_add(1);
        if *wrong <= PROBLEMS {
            self.problems.push(Problem { path, line, problem });
        }
    }

    /// Lines that describe something: no comments, no empty ones, no NIS entries. Those that are no text are problems.
    fn records<'c>(&mut self, path: &'static str, content: &'c [u8]) -> Vec<(u64, &'c [u8])> {
        let mut records = Vec::new();
        for (number, line) in lines(content) {
            if let Some(what) = not_text(line) {
                self.problem(path, number, what.to_owned());
            } else if !line.trim_ascii().is_empty() && !matches!(line.first(), Some(b'#' | b'+' | b'-')) {
                records.push((number, line));
            }
        }
        records
    }
}

/// A number of days, also a negative one.
fn is_days(field: &[u8]) -> bool {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
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
