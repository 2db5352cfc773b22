//! Accounts and groups: passwd(5), shadow(5), group(5), and what lies in homes.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Judged;
use super::schema::{AccountsRule, Test};
use super::subject::{ConfigFile, shown};
use super::{Evidence, Outcome, Subject, Verdict};
use assay_disk::fs::FileType;

const PASSWD: &[u8] = b"/etc/passwd";
const SHADOW: &[u8] = b"/etc/shadow";
const GROUP: &[u8] = b"/etc/group";
/// The first number of people; systems say it in login.defs, and all of the four products say 1000.
const PEOPLE: u32 = 1000;
/// nobody.
const NOBODY: u32 = 65_534;

/// A line of one of the tables.
struct Row {
    path: &'static [u8],
    line: u64,
    fields: Vec<Vec<u8>>,
}

impl Row {
    fn field(&self, number: usize) -> &[u8] {
        self.fields.get(number).map_or(b"", Vec::as_slice)
    }

    fn name(&self) -> &[u8] {
        self.field(0)
    }

    fn number(&self, field: usize) -> Option<u32> {
        std::str::from_utf8(self.field(field)).ok()?.parse().ok()
    }

    fn at(&self, what: &str) -> Evidence {
        Evidence::line(self.path, self.line, format!("{} {what}", shown(self.name())))
    }

    fn has_password(&self) -> bool {
        !matches!(self.field(1).first(), None | Some(b'!' | b'*'))
    }

    fn has_shell(&self) -> bool {
        let shell = self.field(6).rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        !matches!(shell, b"nologin" | b"false" | b"sync" | b"shutdown" | b"halt")
    }
}

/// The three tables.
struct Tables {
    passwd: Vec<Row>,
    shadow: Vec<Row>,
    group: Vec<Row>,
}

fn rows(page: Option<&ConfigFile>, path: &'static [u8]) -> Vec<Row> {
    let lines: Vec<_> = page.into_iter().flat_map(ConfigFile::lines).collect();
    let real = lines.iter().filter(|(_, text)| !text.is_empty() && !text.starts_with(b"#"));
    real.map(|&(line, text)| Row {
        path,
        line,
        fields: text.split(|&byte| byte == b':').map(<[u8]>::to_vec).collect(),
    })
    .collect()
}

pub(super) fn evaluate(rule: &AccountsRule, subject: &Subject<'_>) -> Judged {
    let tables = Tables {
        passwd: rows(subject.page(PASSWD.to_vec())?.as_ref(), PASSWD),
        shadow: rows(subject.page(SHADOW.to_vec())?.as_ref(), SHADOW),
        group: rows(subject.page(GROUP.to_vec())?.as_ref(), GROUP),
    };
    if tables.passwd.is_empty() {
        return Ok(Outcome::new(Verdict::NotApplicable, Evidence::at(PASSWD, "there are no accounts")));
    }
    match rule {
        AccountsRule::Homes => homes(&tables, subject),
        AccountsRule::DotFiles => dot_files(&tables, subject),
        AccountsRule::NoFileInHomes(names) => no_file_in_homes(&tables, names, subject),
        _ => Ok(tables.evaluate(rule)),
    }
}

impl Tables {
    fn evaluate(&self, rule: &AccountsRule) -> Outcome {
        let passwd = |wrong: &dyn Fn(&Row) -> bool, what: &str| places(&self.passwd, wrong, what);
        let shadow = |wrong: &dyn Fn(&Row) -> bool, what: &str| places(&self.shadow, wrong, what);
        let group = |wrong: &dyn Fn(&Row) -> bool, what: &str| places(&self.group, wrong, what);
        let is_root = |row: &Row| row.name() == b"root";
        match rule {
            AccountsRule::OnlyRootIsZero => {
                passwd(&|row| row.number(2) == Some(0) && !is_root(row), "has the user number 0")
            }
            AccountsRule::RootGroupIsZero => {
                passwd(&|row| is_root(row) && row.number(3) != Some(0), "is not of group 0")
            }
            AccountsRule::OnlyRootHasGroupZero => passwd(
                &|row| {
                    let usual: [&[u8]; 5] = [b"root", b"sync", b"shutdown", b"halt", b"operator"];
                    row.number(3) == Some(0) && !usual.contains(&row.name())
                },
                "has group 0",
            ),
            AccountsRule::OnlyGroupRootIsZero => {
                group(&|row| row.number(2) == Some(0) && !is_root(row), "has the number 0")
            }
            AccountsRule::PasswordsAreShadowed => {
                passwd(&|row| row.field(1) != b"x", "keeps its password in passwd")
            }
            AccountsRule::NoEmptyPassword => {
                shadow(&|row| row.fields.len() > 1 && row.field(1).is_empty(), "has an empty password")
            }
            AccountsRule::RootIsControlled => {
                shadow(&|row| is_root(row) && row.field(1).is_empty(), "has neither password nor lock")
            }
            AccountsRule::RootHasPassword => {
                not(shadow(&|row| is_root(row) && row.has_password(), "has a password"))
            }
            AccountsRule::SomebodyHasPassword => not(shadow(&|row| row.has_password(), "has a password")),
            AccountsRule::GroupsExist => {
                let there: BTreeSet<Option<u32>> = self.group.iter().map(|group| group.number(2)).collect();
                passwd(&|row| !there.contains(&row.number(3)), "has a group that is not there")
            }
            AccountsRule::GroupIsEmpty(name) => self.group_is_empty(name),
            AccountsRule::UniqueUids => twice(&self.passwd, 2),
            AccountsRule::UniqueNames => twice(&self.passwd, 0),
            AccountsRule::UniqueGids => twice(&self.group, 2),
            AccountsRule::UniqueGroupNames => twice(&self.group, 0),
            AccountsRule::SystemAccountsHaveNoShell => passwd(
                &|row| {
                    let system = row.number(2).is_some_and(|uid| uid > 0 && uid < PEOPLE || uid == NOBODY);
                    system && row.has_shell()
                },
                "is of the system and has a login shell",
            ),
            AccountsRule::NoShellMeansLocked => {
                let open = self.shadow.iter().filter(|row| row.has_password()).map(Row::name);
                let open: BTreeSet<&[u8]> = open.collect();
                passwd(
                    &|row| !row.has_shell() && !is_root(row) && open.contains(row.name()),
                    "has no login shell and a password",
                )
            }
            AccountsRule::Ageing { field, value } => self.ageing(*field, value),
            AccountsRule::Homes | AccountsRule::DotFiles | AccountsRule::NoFileInHomes(_) => {
                Outcome::new(Verdict::NotApplicable, Evidence::default())
            }
        }
    }

    fn group_is_empty(&self, name: &str) -> Outcome {
        let Some(group) = self.group.iter().find(|row| row.name() == name.as_bytes()) else {
            return Outcome::of(true, Evidence::at(GROUP, format!("there is no group {name}")));
        };
        let mine = |row: &Row| row.number(3) == group.number(2) && group.number(2).is_some();
        if !group.field(3).is_empty() {
            return Outcome::of(false, group.at(&format!("has members: {}", shown(group.field(3)))));
        }
        places(&self.passwd, &mine, &format!("has the group {name}"))
    }

    fn ageing(&self, field: usize, test: &Test) -> Outcome {
        if !self.shadow.iter().any(Row::has_password) {
            return Outcome::of(true, Evidence::at(SHADOW, "no account has a password"));
        }
        places(&self.shadow, &|row| row.has_password() && !test.holds(row.field(field)), "has another time")
    }

    /// People, with their homes.
    fn people(&self) -> impl Iterator<Item = &Row> {
        self.passwd.iter().filter(|row| {
            row.has_shell() && row.number(2).is_some_and(|uid| uid == 0 || uid >= PEOPLE && uid != NOBODY)
        })
    }
}

fn places(rows: &[Row], wrong: &dyn Fn(&Row) -> bool, what: &str) -> Outcome {
    Outcome::none_of(
        rows.iter().filter(|row| wrong(row)).map(|row| row.at(what)).collect(),
        &format!("none {what}"),
    )
}

fn not(outcome: Outcome) -> Outcome {
    let verdict = if outcome.verdict == Verdict::Fail { Verdict::Pass } else { Verdict::Fail };
    Outcome { verdict, ..outcome }
}

fn twice(rows: &[Row], field: usize) -> Outcome {
    let mut first: BTreeMap<&[u8], &Row> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows {
        if let Some(other) = first.insert(row.field(field), row) {
            wrong.push(row.at(&format!("repeats {}", shown(other.name()))));
        }
    }
    Outcome::none_of(wrong, "none is given twice")
}

fn homes(tables: &Tables, subject: &Subject<'_>) -> Judged {
    let mut wrong = Vec::new();
    for person in tables.people() {
        let home = person.field(5);
        match subject.metadata(home)? {
            None => wrong.push(person.at(&format!("has no home {}", shown(home)))),
            Some((_, metadata)) => {
                if Some(metadata.uid) != person.number(2) {
                    wrong.push(Evidence::at(home, format!("belongs to user {}", metadata.uid)));
                }
                if metadata.mode & 0o027 != 0 {
                    wrong.push(Evidence::at(home, format!("mode {:04o}", metadata.mode & 0o7777)));
                }
            }
        }
    }
    Ok(Outcome::none_of(wrong, "homes are as they should be"))
}

fn dot_files(tables: &Tables, subject: &Subject<'_>) -> Judged {
    let mut wrong = Vec::new();
    for person in tables.people() {
        let home = person.field(5);
        for (name, kind) in subject.list(home)? {
            if kind != FileType::Regular || !name.starts_with(b".") {
                continue;
            }
            let path = [home, b"/", &name].concat();
            let Some((_, metadata)) = subject.metadata(&path)? else { continue };
            let closed: [&[u8]; 3] = [b".netrc", b".bash_history", b".pgpass"];
            let most = if closed.contains(&name.as_slice()) { 0o600 } else { 0o644 };
            let forbidden = matches!(name.as_slice(), b".forward" | b".rhosts");
            if metadata.mode & 0o777 & !most != 0 || Some(metadata.uid) != person.number(2) || forbidden {
                wrong.push(Evidence::at(
                    &path,
                    format!("mode {:04o}, user {}", metadata.mode & 0o7777, metadata.uid),
                ));
            }
        }
    }
    Ok(Outcome::none_of(wrong, "dot files are as they should be"))
}

fn no_file_in_homes(tables: &Tables, names: &[String], subject: &Subject<'_>) -> Judged {
    let mut wrong = Vec::new();
    for row in &tables.passwd {
        for name in names {
            let path = [row.field(5), b"/", name.as_bytes()].concat();
            if row.field(5).len() > 1
                && subject.metadata(&path)?.is_some_and(|(_, metadata)| metadata.size > 0)
            {
                wrong.push(Evidence::at(&path, "is there"));
            }
        }
    }
    wrong.dedup();
    Ok(Outcome::none_of(wrong, &format!("no home has {}", names.join(", "))))
}
