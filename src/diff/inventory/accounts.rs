//! Accounts and groups. Of passwords only whether there is one: hashes are compared and never shown.

use std::collections::BTreeMap;

use super::{Field, Items, LIMIT};
use crate::facts::Facts;
use crate::facts::accounts::Account;
use assay_disk::tree::Tree;

/// Who may be on the machine.
pub(super) fn accounts(tree: &Tree, facts: &Facts) -> Items {
    let known = &facts.accounts;
    let mut shadow: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    for line in known.shadow.iter().rev() {
        shadow.insert(&line.name, line.password.reveal());
    }
    let mut members: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    for group in &known.groups {
        for member in &group.members {
            members.entry(member).or_default().push(&group.name);
        }
    }
    let passwd = tree.read(b"/etc/passwd", LIMIT).ok().flatten().unwrap_or_default();
    let in_passwd = second_fields(&passwd);
    let mut items = Items::new();
    let mut times: BTreeMap<&[u8], u32> = BTreeMap::new();
    for account in &known.users {
        let name = account.name.as_slice();
        let nth = times.entry(name).or_default();
        *nth = nth.saturating_add(1);
        let own =
            usize::try_from(nth.saturating_sub(1)).ok().and_then(|at| in_passwd.get(name)?.get(at).copied());
        let mut fields = fields(account, password(own, shadow.get(name).copied()));
        if let Some(groups) = members.get(name) {
            let mut groups = groups.clone();
            groups.sort_unstable();
            groups.dedup();
            fields.push(Field::of("groups", &groups.join(b", ".as_slice())));
        }
        // Only the first of a name counts for the system; the others are there all the same.
        let key = if *nth == 1 {
            name.to_vec()
        } else {
            [name, format!(" (line {nth} of it)").as_bytes()].concat()
        };
        items.insert(key, fields);
    }
    items
}

fn fields(account: &Account, password: Field) -> Vec<Field> {
    let number = |number: Option<u32>| number.map_or_else(|| "not a number".to_owned(), |n| n.to_string());
    vec![
        Field::of("uid", number(account.uid).as_bytes()),
        Field::of("gid", number(account.gid).as_bytes()),
        Field::of("home", &account.home),
        Field::of("shell", &account.shell),
        password,
    ]
}

/// The password fields of each name in passwd, line by line; of the lines that the facts count as accounts.
fn second_fields(passwd: &[u8]) -> BTreeMap<&[u8], Vec<&[u8]>> {
    let mut found: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    for line in passwd.split(|&byte| byte == b'\n') {
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
        if let &[name, password, _, _, _, _, _] = fields.as_slice() {
            found.entry(name).or_default().push(password);
        }
    }
    found
}

/// What passwd says counts, unless it points to shadow.
fn password(passwd: Option<&[u8]>, shadow: Option<&[u8]>) -> Field {
    let field = match (passwd, shadow) {
        (Some(own), _) if own != b"x" => own,
        (_, Some(shadow)) => shadow,
        (_, None) => return Field::of("password", b"no line in shadow"),
    };
    let state = match field {
        b"" => "none: no password is asked for",
        [b'!' | b'*', ..] => {
            let hash = field.iter().position(|byte| !b"!*".contains(byte));
            if hash.is_some_and(|at| field.get(at) == Some(&b'$')) { "locked, with a hash" } else { "locked" }
        }
        _ => "set",
    };
    // `!`, `*` and `!!` are one state.
    if state == "locked" { Field::of("password", b"locked") } else { Field::hidden("password", state, field) }
}

/// Groups and who is named in them.
pub(super) fn groups(facts: &Facts) -> Items {
    let mut items = Items::new();
    for group in &facts.accounts.groups {
        let gid = group.gid.map_or_else(|| "not a number".to_owned(), |gid| gid.to_string());
        let mut members: Vec<&[u8]> = group.members.iter().map(Vec::as_slice).collect();
        members.sort_unstable();
        let fields =
            vec![Field::of("gid", gid.as_bytes()), Field::of("members", &members.join(b", ".as_slice()))];
        items.entry(group.name.clone()).or_insert(fields);
    }
    items
}
