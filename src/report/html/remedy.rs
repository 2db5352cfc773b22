//! The commands in a remedy, to be copied. A remedy is a sentence: "rm -rf /etc/salt/pki, and delete the key on the
//! master." A command is what stands in backticks, or begins with a program's name at the beginning of the remedy or
//! of a parenthesis, up to where prose begins.

/// Programs that remedies begin with.
const PROGRAMS: &[&str] = &[
    "apt-get",
    "augenrules",
    "authselect",
    "chage",
    "chkconfig",
    "chmod",
    "chown",
    "cloud-init",
    "dnf",
    "dpkg",
    "find",
    "gpasswd",
    "groupadd",
    "groupdel",
    "groupmod",
    "ln",
    "mkdir",
    "mount",
    "passwd",
    "postconf",
    "postsuper",
    "printf",
    "pro",
    "pwconv",
    "rm",
    "sed",
    "setcap",
    "shred",
    "ssh-keygen",
    "subscription-manager",
    "swapoff",
    "sysctl",
    "systemctl",
    "touch",
    "truncate",
    "ufw",
    "unset",
    "update-crypto-policies",
    "update-grub",
    "update-initramfs",
    "update-rc.d",
    "useradd",
    "userdel",
    "usermod",
    "waagent",
    "yum",
];
/// What no command has, outside of quotes: there is a sentence.
const PROSE: [&str; 8] = [" the ", " its ", " it ", " them", " their ", " that ", " is ", "…"];

/// The commands in `remedy`, in their order.
pub(super) fn commands(remedy: &str) -> Vec<String> {
    let quoted: Vec<&str> = remedy.split('`').skip(1).step_by(2).collect();
    if !quoted.is_empty() {
        return quoted.into_iter().filter(|text| !text.is_empty()).map(str::to_owned).collect();
    }
    let parentheses = remedy.match_indices('(').filter_map(|(at, _)| remedy.get(at..)?.strip_prefix('('));
    let found = std::iter::once(remedy).chain(parentheses.filter(|_| !begins(remedy))).filter_map(command);
    found.collect()
}

/// The command that `text` begins with.
fn command(text: &str) -> Option<String> {
    if !begins(text) {
        return None;
    }
    let mut end = text.len();
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if open == c => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None => {
                if text.get(at..).is_some_and(ends_here) {
                    end = at;
                    break;
                }
            }
        }
    }
    let command = text.get(..end)?.trim_end().trim_end_matches(['.', ':', ';']).trim_end();
    let outside: String = command.split(['\'', '"']).step_by(2).collect();
    let is_prose = PROSE.iter().any(|word| format!("{outside} ").contains(word));
    (!is_prose).then(|| command.to_owned())
}

/// Whether prose begins here.
fn ends_here(rest: &str) -> bool {
    let next = rest.strip_prefix("; ");
    next.is_some_and(|next| !begins(next))
        || [", ", " (", ") ", " before ", ": "].iter().any(|mark| rest.starts_with(mark))
        || rest == ")"
        || rest.starts_with(").")
        || rest.starts_with("),")
}

fn begins(text: &str) -> bool {
    let word = text.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    PROGRAMS.contains(&word.trim_end_matches(['.', ';', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_prose_begins() {
        let known = [
            (
                "rm /etc/ssh/ssh_host_*_key*, and let the first boot make new ones.",
                "rm /etc/ssh/ssh_host_*_key*",
            ),
            (
                "rm -f /var/mail/*; postsuper -d ALL, or rm -rf the queue.",
                "rm -f /var/mail/*; postsuper -d ALL",
            ),
            (
                "rm -f /var/lib/systemd/credential.secret; systemd makes a new one.",
                "rm -f /var/lib/systemd/credential.secret",
            ),
            ("rm -rf /tmp/* /var/tmp/* before the image is taken.", "rm -rf /tmp/* /var/tmp/*"),
            (
                "printf 'A no\\n, (x)' > /etc/a.conf (before other files: the first value wins)",
                "printf 'A no\\n, (x)' > /etc/a.conf",
            ),
            ("Lock the account (usermod -p '*' NAME), and let the instance set it.", "usermod -p '*' NAME"),
            ("Delete the file as the last step, with `unset HISTFILE` before.", "unset HISTFILE"),
            ("pwconv", "pwconv"),
        ];
        for (remedy, command) in known {
            assert_eq!(commands(remedy), [command], "{remedy}");
        }
    }

    #[test]
    fn a_sentence_is_no_command() {
        for remedy in [
            "Delete the key in IAM, and use an instance profile.",
            "systemctl disable --now the unit; delete it, its drop-ins and what it starts.",
            "Find out what put it there, and delete it.",
            "",
        ] {
            assert_eq!(commands(remedy), [""; 0], "{remedy}");
        }
    }
}
