//! What a message of a daemon means, by the program that wrote it: the same for the journal and for syslog.
//!
//! Sources: OpenSSH's `auth.c`, sudo's `lib/eventlog`, shadow's tools, pam_unix(8), `systemd-logind`.

use super::event::EventKind;

/// What a message tells, and of whom; a mere message, where nothing more is known of it.
pub(super) fn meaning<'m>(program: &str, message: &'m str) -> (EventKind, Option<&'m str>) {
    let known = match program {
        "sshd" | "sshd-session" | "sshd-auth" => ssh(message).or_else(|| session(message)),
        "sudo" => sudo(message),
        "su" | "su-l" => su(message),
        "login" | "gdm-password]" | "lightdm" => session(message),
        "systemd-logind" => {
            between(message, "New session ", " of user ", ".").map(|user| (EventKind::Login, user))
        }
        "useradd" | "userdel" | "usermod" | "groupadd" | "groupdel" | "groupmod" | "passwd" | "chpasswd"
        | "chage" | "chfn" | "chsh" | "gpasswd" => Some((EventKind::AccountChanged, "")),
        _ => None,
    };
    let (kind, user) = known.unwrap_or((EventKind::Message, ""));
    (kind, (!user.is_empty()).then_some(user))
}

/// Whether such a message is an event where only some are: in a log of everything.
pub(super) fn is_of_interest(program: &str) -> bool {
    const PROGRAMS: [&str; 17] = [
        "sshd",
        "sshd-session",
        "sshd-auth",
        "sudo",
        "su",
        "su-l",
        "login",
        "systemd-logind",
        "useradd",
        "userdel",
        "usermod",
        "groupadd",
        "passwd",
        "chpasswd",
        "chage",
        "gpasswd",
        "groupdel",
    ];
    PROGRAMS.contains(&program)
}

fn ssh(message: &str) -> Option<(EventKind, &str)> {
    if let Some(rest) = message.strip_prefix("Accepted ") {
        return Some((EventKind::SshAccepted, user_of(rest)?));
    }
    if let Some(rest) = message.strip_prefix("Failed ") {
        return Some((EventKind::SshFailed, user_of(rest)?));
    }
    let refused = [
        "Invalid user ",
        "Connection closed by authenticating user ",
        "Disconnected from authenticating user ",
    ];
    let rest = refused.iter().find_map(|prefix| message.strip_prefix(prefix))?;
    Some((EventKind::SshFailed, word(rest)))
}

/// The name in `METHOD for [invalid user ]NAME from ADDRESS`.
fn user_of(rest: &str) -> Option<&str> {
    let (_, rest) = rest.split_once(" for ")?;
    let rest = rest.strip_prefix("invalid user ").unwrap_or(rest);
    // A name that somebody made up may have any words in it: the address follows the last one.
    rest.rsplit_once(" from ").map(|(user, _)| user)
}

/// `alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls`.
fn sudo(message: &str) -> Option<(EventKind, &str)> {
    let (user, rest) = message.trim_start().split_once(" : ")?;
    (rest.contains("COMMAND=") && !user.contains(' ')).then_some((EventKind::Sudo, user))
}

/// `(to root) alice on pts/0`.
fn su(message: &str) -> Option<(EventKind, &str)> {
    let rest = message.strip_prefix("FAILED SU ").unwrap_or(message);
    if let Some((_, rest)) = rest.strip_prefix("(to ").and_then(|rest| rest.split_once(") ")) {
        return Some((EventKind::Su, word(rest)));
    }
    message
        .starts_with("pam_unix(su")
        .then(|| between(message, ":session): session opened", " by ", "("))
        .flatten()
        .map(|user| (EventKind::Su, user))
}

/// `pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)`.
fn session(message: &str) -> Option<(EventKind, &str)> {
    let (_, rest) = message.strip_prefix("pam_unix(")?.split_once(":session): session ")?;
    let (kind, rest) = match rest.strip_prefix("opened for user ") {
        Some(rest) => (EventKind::Login, rest),
        None => (EventKind::Logout, rest.strip_prefix("closed for user ")?),
    };
    Some((kind, rest.split([' ', '(']).next().unwrap_or_default()))
}

fn word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// In a text that begins with `first`, what stands between `before` and `after`.
fn between<'m>(text: &'m str, first: &str, before: &str, after: &str) -> Option<&'m str> {
    let at = text.find(first)?;
    let (_, rest) = text.get(at..)?.split_once(before)?;
    rest.split(after).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_daemons_are_told_apart_with_the_account() {
        use EventKind::{AccountChanged, Login, Logout, Message, SshAccepted, SshFailed, Su, Sudo};
        for (program, message, expected) in [
            (
                "sshd",
                "Accepted publickey for alice from 192.0.2.1 port 5 ssh2: ED25519 SHA256:x",
                (SshAccepted, "alice"),
            ),
            (
                "sshd",
                "Failed password for invalid user a from b from 192.0.2.1 port 5 ssh2",
                (SshFailed, "a from b"),
            ),
            ("sshd-session", "Failed password for root from 192.0.2.1 port 5 ssh2", (SshFailed, "root")),
            ("sshd", "Invalid user oracle from 192.0.2.1 port 5", (SshFailed, "oracle")),
            (
                "sshd",
                "pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)",
                (Login, "alice"),
            ),
            ("sshd", "pam_unix(sshd:session): session closed for user alice", (Logout, "alice")),
            ("sudo", "   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls", (Sudo, "alice")),
            ("sudo", "pam_unix(sudo:session): session opened for user root", (Message, "")),
            ("su", "(to root) alice on pts/0", (Su, "alice")),
            ("systemd-logind", "New session 4 of user alice.", (Login, "alice")),
            ("useradd", "new user: name=x, UID=1001", (AccountChanged, "")),
            ("cron", "Accepted publickey for alice from x", (Message, "")),
            ("sshd", "Accepted", (Message, "")),
        ] {
            let (kind, user) = meaning(program, message);
            assert_eq!((kind, user.unwrap_or_default()), expected, "{message}");
        }
    }
}
