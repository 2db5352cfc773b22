//! Secrets in typed commands: passwords on a command line, in SQL, in an export, in a call.
//!
//! Pure: a line in, ranges out. What refers to a secret (`$PASS`, `<password>`) is none.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// Shortest value that is taken for a secret, in bytes.
const SHORTEST: usize = 4;

/// A secret in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How it was given: "option of a database client", …
    pub kind: &'static str,
    /// Where it stands in the line.
    pub range: Range<usize>,
}

/// How it is given, and the pattern with a group called `secret`.
const FORMS: [(&str, &str); 17] = [
    (
        "option of a database client",
        r#"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^|;&]*?\s-p['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "password option",
        r#"--(?:password|passwd|pass|passphrase|secret|token|api-key|secret-key)(?:=|\s+)['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "login of curl",
        r#"\b(?:curl|wget|http)\b[^|;&]*?\s(?:-u|--user)[\s=]*['"]?[^\s:'"]+:(?<secret>[^\s'"]+)"#,
    ),
    (
        "password of a Windows account",
        r#"(?i)\bnet1?(?:\.exe)?\s+user\s+[^\s/]+\s+['"]?(?<secret>[^\s'"/*][^\s'"]*)"#,
    ),
    ("password of a Windows command", r#"(?i)\s/(?:(?:pass|password):\s*|rp\s+)['"]?(?<secret>[^\s'"*]+)"#),
    (
        "plain text for PowerShell",
        r#"(?i)\bConvertTo-SecureString\s+(?:-AsPlainText\s+|-Force\s+|-String\s+)*['"](?<secret>[^'"]+)['"]"#,
    ),
    ("password of sshpass", r#"\bsshpass\s+-p\s*['"]?(?<secret>[^\s'"]+)"#),
    (
        "login to a registry",
        r#"\b(?:docker|podman|nerdctl|helm|buildah|skopeo)\b[^|;&]*?\blogin\b[^|;&]*?\s-p[\s=]*['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of redis", r#"\bredis-cli\b[^|;&]*?\s-a\s+['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of mongo",
        r#"\bmongo(?:sh|dump|restore|export|import)?\b[^|;&]*?\s-p\s*['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "password of htpasswd",
        r#"\bhtpasswd\b[^|;&]*?\s-[A-Za-z]*b[A-Za-z]*\s+(?:\S+\s+){2}['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "variable",
        r#"\b[A-Za-z0-9_]*(?i:passw(?:or)?d|_pass|pgpass|mysql_pwd|secret|token|api_?key|access_key|private_key)[A-Za-z0-9_]{0,16}=['"]?(?<secret>[^\s'",;)&]+)"#,
    ),
    (
        "password piped to a program",
        r#"\becho\s+(?:-n\s+)?['"]?(?:[a-z_][a-z0-9_-]*:)?(?<secret>[^\s'"|:]+)['"]?\s*\|\s*(?:sudo\s+)?(?:chpasswd|sudo\s+-S|-S|passwd\s+--stdin|docker\s+login|cryptsetup)"#,
    ),
    (
        "argument of a call",
        r#"(?i)\b(?:password|passwd|pwd|secret|token|api_key)\s*[=:]\s*['"](?<secret>[^\s'"]+)['"]"#,
    ),
    (
        "SQL",
        r#"(?i)\b(?:identified\s+(?:with\s+\S+\s+)?by|password(?:\s+for\s+\S+)?(?:\s*=)?|set\s+password[^=]*=)\s*\(?\s*['"](?<secret>[^'"]+)['"]"#,
    ),
    ("URL", r#"\b[a-z][a-z0-9+.-]+://[^\s:/@'"]*:(?<secret>[^\s:/@'"]+)@"#),
    ("header", r#"(?i)authorization['"]?\s*:\s*(?:basic|bearer|token)\s+(?<secret>[A-Za-z0-9+/_.=~-]{8,})"#),
];

/// The secrets in a line, in its order, each place once.
pub fn secrets(line: &[u8]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (kind, regex) in forms() {
        for captures in regex.captures_iter(line) {
            let Some(secret) = captures.name("secret") else { continue };
            let range = secret.range();
            let known =
                found.iter().any(|other| other.range.start < range.end && range.start < other.range.end);
            if !known && is_value(secret.as_bytes()) {
                found.push(Found { kind, range });
            }
        }
    }
    found.sort_by_key(|found| found.range.start);
    found
}

fn forms() -> &'static [(&'static str, Regex)] {
    static COMPILED: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
        FORMS
            .iter()
            .filter_map(|(kind, pattern)| Regex::new(pattern).ok().map(|regex| (*kind, regex)))
            .collect()
    });
    &COMPILED
}

/// Whether a value is one, and does not stand for one.
fn is_value(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 12] = [
        b"password",
        b"passwd",
        b"secret",
        b"your",
        b"xxxx",
        b"changeme",
        b"example",
        b"placeholder",
        b"redacted",
        b"prompt",
        b"stdin",
        b"none",
    ];
    let lower = value.to_ascii_lowercase();
    let refers = value.iter().any(|byte| b"$<>{}`*".contains(byte))
        || value.starts_with(b"/")
        || value.starts_with(b"@");
    let worded = WORDS.iter().any(|word| lower == *word || word.len() == 4 && lower.starts_with(word));
    value.len() >= SHORTEST && !refers && !worded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<&str> {
        secrets(line.as_bytes()).into_iter().filter_map(|found| line.get(found.range)).collect()
    }

    #[test]
    fn every_form_compiles() {
        assert_eq!(forms().len(), FORMS.len());
    }

    #[test]
    fn secrets_of_commands_are_found() {
        for (line, value) in [
            ("mysql -u root -pAmberFalcon2019! shop", "AmberFalcon2019!"),
            ("mysqldump --password=kd83Hs71 db", "kd83Hs71"),
            ("net user bob kd83-Hs71 /add", "kd83-Hs71"),
            ("NET.EXE USER Administrator \"kd83 Hs71\"", "kd83"),
            ("schtasks /create /ru bob /rp kd83-Hs71 /tn x", "kd83-Hs71"),
            ("cmdkey /add:server /user:bob /pass:kd83-Hs71", "kd83-Hs71"),
            ("$p = ConvertTo-SecureString 'kd83 Hs71' -AsPlainText -Force", "kd83 Hs71"),
            ("ConvertTo-SecureString -AsPlainText -Force 'kd83Hs71'", "kd83Hs71"),
            ("curl -u admin:kd83-Hs71 https://nexus.corp.net/", "kd83-Hs71"),
            ("sshpass -p 'kd83Hs71' ssh root@h", "kd83Hs71"),
            ("export AWS_SECRET_ACCESS_KEY=kd83Hs71kd83Hs71", "kd83Hs71kd83Hs71"),
            ("PGPASSWORD=kd83Hs71 psql -h db", "kd83Hs71"),
            ("docker login -u bot -p kd83Hs71 registry", "kd83Hs71"),
            ("redis-cli -h c -a kd83Hs71 ping", "kd83Hs71"),
            ("echo root:kd83Hs71 | chpasswd", "kd83Hs71"),
            ("echo kd83Hs71 | sudo -S apt update", "kd83Hs71"),
            ("CREATE USER 'app'@'%' IDENTIFIED BY 'kd83Hs71';", "kd83Hs71"),
            ("ALTER USER app WITH PASSWORD 'kd83Hs71';", "kd83Hs71"),
            ("c = psycopg2.connect(host=\"db1\", password=\"kd83Hs71\")", "kd83Hs71"),
            ("git clone https://bot:kd83Hs71@git.corp.net/a.git", "kd83Hs71"),
            ("curl -H 'Authorization: Bearer kd83Hs71kd83' https://a", "kd83Hs71kd83"),
        ] {
            assert_eq!(values(line), [value], "{line}");
        }
    }

    #[test]
    fn references_and_other_commands_are_none() {
        for line in [
            "mysql -u root -p shop",
            "mysql -u root -p$PASS shop",
            "export TOKEN=$(cat /run/token)",
            "curl -u admin https://nexus.corp.net/",
            "export DB_PASSWORD=<password>",
            "ls -la --token-file x",
            "passwd admin",
            "ssh -p 2222 host",
            "mkdir -p a/b",
        ] {
            assert_eq!(values(line), Vec::<&str>::new(), "{line}");
        }
    }
}
