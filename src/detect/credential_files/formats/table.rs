//! Tables of logins: a row of names of columns, and beneath it passwords. Browsers and keepers of passwords export
//! such, and people keep such of their machines.

use super::super::text::{Hit, Hits, lines};
use crate::finding::FactKey;

/// Names of columns that hold passwords, in small letters.
const PASSWORDS: [&str; 14] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "passwort",
    "kennwort",
    "login_password",
    "root_password",
    "admin_password",
    "root password",
    "admin password",
    "secret",
    "secret access key",
    "login_totp",
];

/// Names of columns that say whose the password is.
const USERS: [&str; 8] =
    ["username", "user", "login", "login_username", "account", "user name", "email", "access key id"];

/// A longer row is no row of a table of logins.
const LONGEST_ROW: usize = 4096;

/// The passwords of a table whose first row names a column of them.
pub(super) fn table(text: &str, hits: &mut Hits) {
    let mut rows = lines(text).filter(|(_, row)| !row.trim().is_empty());
    let Some((_, head)) = rows.next().filter(|(_, head)| head.len() <= LONGEST_ROW) else { return };
    let Some(separator) = [',', ';', '\t'].into_iter().max_by_key(|mark| head.matches(*mark).count()) else {
        return;
    };
    let names: Vec<String> =
        fields(head, separator).into_iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    let column = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
    let Some(password) = column(&PASSWORDS).filter(|_| names.len() >= 2) else { return };
    let user = column(&USERS);
    for (number, row) in rows.filter(|(_, row)| row.len() <= LONGEST_ROW) {
        let fields = fields(row, separator);
        let field = |at: usize| fields.get(at).map_or("", |field| field.trim());
        if fields.len() == names.len() && is_password(field(password)) {
            hits.push(Hit::new(number, field(password)).fact(FactKey::User, user.map_or("", field)));
        }
    }
}

/// Whether a field is like a password: a table of forms or of a policy has words there.
fn is_password(field: &str) -> bool {
    (6..=200).contains(&field.len())
        && !field.contains(char::is_whitespace)
        && field.bytes().any(|byte| byte.is_ascii_digit() || b"!#%+=@$^&*?".contains(&byte))
        && field.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The fields of a row; in quotes, a separator is none and two quotes are one.
fn fields(row: &str, separator: char) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = row.trim_end_matches('\r').trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' => quoted = !quoted,
            c if c == separator && !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut hits = Hits::default();
        table(text, &mut hits);
        hits.all.into_iter().map(|hit| hit.secrets.concat()).collect()
    }

    #[test]
    fn quotes_hold_separators_and_quotes() {
        assert_eq!(fields("a,\"b,c\",\"d\"\"e\"\r", ','), ["a", "b,c", "d\"e"]);
    }

    #[test]
    fn passwords_are_found_in_the_column_of_their_name() {
        let text = "host;user;Password\ndb1;root;Zk83hd92\ndb2;root;\n";
        assert_eq!(read(text), ["Zk83hd92"]);
    }

    #[test]
    fn tables_without_a_column_of_passwords_are_silent() {
        assert!(read("id,password_hash\n1,Zk83hd92\n").is_empty());
        assert!(read("Password\nZk83hd92\n").is_empty(), "one column is a list of words");
        assert!(read("field,password\nlength,minimum\n").is_empty(), "words");
        assert!(read("").is_empty());
    }
}
