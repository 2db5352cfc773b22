//! Secrets in typed commands: passwords on a command line, in SQL, in an export, in a call.
//!
//! Pure: a line in, ranges out. What refers to a secret (`$PASS`, `<password>`) is none.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::values::{self, Reading, Reference, Syntax, is_placeholder};

/// Shortest value that is taken for a secret, in bytes.
const SHORTEST: usize = 4;

/// A secret in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How it was given: "option of a database client", …
    pub kind: &'static str,
    /// Where it stands in the line, with the quotes and escapes in it.
    pub range: Range<usize>,
    /// The value, as the shell passes it on.
    pub value: Vec<u8>,
}

/// How it is given, and the pattern with a group called `secret`.
const FORMS: [(&str, &str); 91] = [
    (
        "password of a drive",
        r#"(?i)\bnet\s+use\s+\S+\s+\\\\\S+\s+/user:\S+\s+['"]?(?<secret>[^\s'"/*][^\s'"]*)"#,
    ),
    ("option of a database client", r#"\bmysqladmin\b[^|;&]*?\spassword\s+['"]?(?<secret>[^\s'"-][^\s'"]*)"#),
    (
        "option of a database client",
        r#"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^|;&]*?\s['"]-p(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    ("option of a database client", r#"\brootpw\s+(?:--plaintext\s+)?(?<secret>[^\s'"-][^\s'"]*)\s*$"#),
    ("key of a cluster", r#"\bkubeadm\b[^|;&]*?--certificate-key[\s=]+(?<secret>[0-9a-f]{64})"#),
    (
        "login of a web page",
        r#"--(?:gradio-auth|auth|basic-auth|http-auth)[\s=]+['"]?[^\s:'"]+:(?<secret>[^\s'",]+)"#,
    ),
    (
        "password of a broker",
        r#"\brabbitmqctl\s+(?:add_user|change_password|authenticate_user)\s+\S+\s+['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of a desktop", r#"\b[xw]freerdp\b[^|;&]*?\s/p:['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of rclone",
        r#"\brclone\s+config\b[^|;&]*?\s(?:pass|password|secret_access_key)[\s=]+['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of openssl", r#"\bopenssl\s+passwd(?:\s+-\S+)+\s+['"]?(?<secret>[^\s'")-][^\s'")]*)"#),
    ("password of etcd", r#"\betcdctl\b[^|;&]*?\s--user[\s=]['"]?[^\s:'"]+:(?<secret>[^\s'"]+)"#),
    (
        "community of SNMP",
        r#"\bsnmp(?:walk|get|getnext|set|bulkwalk|bulkget|table)\b[^|;&]*?\s-X\s*['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of a program", r#"--?pass[a-z-]*[\s=]+(?:<\(\s*|['"])(?:echo|printf)\s+(?<secret>[^\s'")]+)"#),
    (
        "option of a database client",
        r#"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|mysqlimport)\b[^|;&]*?\s-p['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "password option",
        r#"--(?:[a-z0-9]+-)*(?:password|passwd|pass|passphrase|secret|token|api-key|account-key|secret-key|secret-access-key)(?:=|\s+)['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "login of curl",
        r#"\b(?:curl|wget|http|https)\b[^|;&]*?\s(?:-u|--user|--proxy-user|-U|-a)[\s=]*['"]?[^\s:'"]+:(?<secret>[^\s'"]+)"#,
    ),
    (
        "password of a Windows account",
        r#"(?i)\bnet1?(?:\.exe)?\s+user\s+[^\s/]+\s+['"]?(?<secret>[^\s'"/*][^\s'"]*)"#,
    ),
    ("password of a Windows task", r#"(?i)\bschtasks\b[^|;&]*?\s/rp\s+['"]?(?<secret>[^\s'"/*][^\s'"]*)"#),
    ("password of sshpass", r#"\bsshpass\s+-p\s*['"]?(?<secret>[^\s'"]+)"#),
    (
        "login to a registry",
        r#"\b(?:docker|podman|nerdctl|helm|buildah|skopeo|az|oc|cf|ibmcloud|argocd)\b[^|;&]*?\blogin\b[^|;&]*?\s-p[\s=]*['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of redis", r#"\bredis-cli\b[^|;&]*?\s-a\s+['"]?(?<secret>[^\s'"]+)"#),
    ("password of redis", r#"(?i)^\s*auth\s+(?:[^\s'"]+\s+)?['"]?(?<secret>[^\s'"]+)['"]?\s*$"#),
    ("password of redis", r#"(?i)\bconfig\s+set\s+(?:requirepass|masterauth)\s+['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of mongo",
        r#"\bmongo(?:sh|dump|restore|export|import)?\b[^|;&]*?\s-p\s*['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "password of a directory",
        r#"\bldap(?:search|add|modify|delete|passwd|whoami|compare|modrdn)\b[^|;&]*?\s-w\s*['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "password of Windows' services",
        r#"\b(?:smbclient|rpcclient|smbget|net|winexe|pth-winexe)\b[^|;&]*?\s-U\s*['"]?[^\s%'"]+%(?<secret>[^\s'"]+)"#,
    ),
    ("password of SQL Server", r#"\b(?:sqlcmd|bcp|tsql|isql)\b[^|;&]*?\s-P\s*['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of a management board",
        r#"\b(?:ipmitool|racadm)\b[^|;&]*?\s-[Pp]\s*['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "community of SNMP",
        r#"\bsnmp(?:walk|get|getnext|set|bulkwalk|bulkget|table)\b[^|;&]*?\s-[cA]\s*['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of an archive", r#"\b(?:zip|unzip|zipcloak)\b[^|;&]*?\s-P\s*['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of an archive",
        r#"\b(?:7z|7za|7zr|rar|unrar)\b[^|;&]*?\s-(?:hp|p)['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    ("password of openssl", r#"\bopenssl\b[^|;&]*?\s-k\s+['"]?(?<secret>[^\s'"]+)"#),
    ("password of openssl", r#"\bpass:(?<secret>[^\s'":]+)"#),
    (
        "password of htpasswd",
        r#"\bhtpasswd\b[^|;&]*?\s-[A-Za-z]*b[A-Za-z]*\s+(?:-\S+\s+)*(?:\S+\s+){2}['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of lftp", r#"\blftp\b[^|;&]*?\s-u\s*['"]?[^\s,'"]+,(?<secret>[^\s'"]+)"#),
    ("password of lftp", r#"^\s*(?:open|user|login)\b[^|;&]*?\s-u\s*['"]?[^\s,'"]+,(?<secret>[^\s'"]+)"#),
    ("password of an account", r#"\b(?:useradd|usermod|adduser)\b[^|;&]*?\s-p\s*['"]?(?<secret>[^\s'"]+)"#),
    ("password of Wi-Fi", r#"\bnmcli\b[^|;&]*?\bpassword\s+['"]?(?<secret>[^\s'"]+)"#),
    ("password of Wi-Fi", r#"\bwpa_passphrase\s+(?:"[^"]*"|\S+)\s+['"]?(?<secret>[^\s'"]+)"#),
    (
        "AWS key",
        r#"\baws\s+configure\s+set\s+\S*(?:secret_access_key|session_token)\s+['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("literal of a Kubernetes secret", r#"--from-literal[=\s]+['"]?[^\s=]+=(?<secret>[^\s'"]+)"#),
    ("token of Vault", r#"\bvault\s+login\s+(?:-\S+\s+)*['"]?(?<secret>[^\s'"=-][^\s'"=]*)['"]?\s*$"#),
    (
        "variable",
        r#"\b[A-Za-z0-9_]*(?i:passw(?:or)?d|_pass|pgpass|sshpass|mysql_pwd|passphrase|secret|token|api_?key|access_key|private_key)[A-Za-z0-9_]{0,16}=['"]?(?<secret>[^\s'",;)&]+)"#,
    ),
    (
        "variable of fish",
        r#"\bset\s+-[A-Za-z]+\s+[A-Za-z0-9_]*(?i:passw(?:or)?d|_pass|secret|token|api_?key|access_key)[A-Za-z0-9_]*\s+['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "password piped to a program",
        r#"\b(?:echo|printf)\s+(?:-n\s+)?['"]?(?:[a-z_][a-z0-9_-]*:)?(?<secret>[^\s'"|:]+)['"]?\s*\|\s*(?:sudo\s+)?(?:chpasswd|sudo\s+-S|-S|passwd\s+--stdin|docker\s+login|podman\s+login|cryptsetup|gh\s+auth|kinit|openssl|smbpasswd)"#,
    ),
    (
        "password piped to a program",
        r#"\b(?:chpasswd|kinit|sudo\s+-S[^|;&<]*)\s*<<<\s*['"]?(?:[a-z_][a-z0-9_-]*:)?(?<secret>[^\s'"|:]+)"#,
    ),
    (
        "argument of a call",
        r#"(?i)\b[a-z0-9_.]*(?:password|passwd|pwd|secret|token|api_?key)['"]?\s*(?:=>|[=:,])\s*['"](?<secret>[^\s'"]+)['"]"#,
    ),
    (
        "argument of a call",
        r#"\.(?:auth|createUser|changeUserPassword)\(\s*['"][^'"]*['"]\s*,\s*['"](?<secret>[^'"]+)['"]"#,
    ),
    (
        "argument of a call",
        r#"\b(?:PDO|mysqli|mysqli_connect|mysql_connect|DBI->connect)\s*\((?:\s*['"][^'"]*['"]\s*,){2}\s*['"](?<secret>[^'"]+)['"]"#,
    ),
    (
        "argument of a cmdlet",
        r#"(?i)\bConvertTo-SecureString\s+(?:-(?:String|AsPlainText|Force)\s+)*['"](?<secret>[^'"]+)['"]"#,
    ),
    (
        "argument of a cmdlet",
        r#"(?i)\bConvertTo-SecureString\s+(?:-(?:String|AsPlainText|Force)\s+)*(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "argument of a cmdlet",
        r#"(?i)\s[-/](?:\w*password|\w*passwd|pass|\w*secret|apikey|\w*token)[:\s]+['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "SQL",
        r#"(?i)\b(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)|password(?:\s+for\s+\S+\s*=\s*password)?(?:\s*=)?|set\s+password[^=]*=)\s*\(?\s*['"](?<secret>[^'"]+)['"]"#,
    ),
    (
        "password piped to a program",
        r#"\b(?:echo|printf)\s+(?:-[a-z]+\s+|%s\s+)*['"]?(?:[a-z_][a-z0-9_-]*:)?(?<secret>[^\s'"|:;)\\]+)(?:\\n[^\s'"|]*)?['"]?(?:\s*;\s*echo\s+[^|)]*)?\)?\s*\|\s*(?:sudo\s+)?(?:chroot\s+\S+\s+)?(?:chpasswd|passwd|smbpasswd|cryptsetup)"#,
    ),
    (
        "password piped to a program",
        r#"\b(?:realm\s+join|adcli\s+join|kinit|smbpasswd|htdigest|vncpasswd|openconnect|passwd)\b[^|;&<]*<<<\s*['"]?(?<secret>[^\s'"|:]+)"#,
    ),
    (
        "password of a database client",
        r#"\b(?:mycli|cqlsh|pgcli|mongorestore|influx)\b[^|;&]*?\s-p\s+['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    (
        "password of Oracle",
        r#"(?i)\b(?:sqlplus|rman|expdp|impdp|sqlldr|connect)\s+(?:-\S+\s+)*[a-z0-9_$]+/['"]?(?<secret>[^\s'"@/]+)['"]?@"#,
    ),
    ("passphrase of a key", r#"\bssh-keygen\b[^|;&]*?\s-[NP]\s*['"]?(?<secret>[^\s'"]+)"#),
    ("password of a key store", r#"\s-(?:src|dest|new)?(?:store|key)pass(?:wd)?\s+['"]?(?<secret>[^\s'"]+)"#),
    (
        "value of a parameter",
        r#"\bssm\s+put-parameter\b[^|;&]*?\bSecureString\b[^|;&]*?--value[\s=]['"]?(?<secret>[^\s'"]+)"#,
    ),
    (
        "key option",
        r#"--(?:apikey|auth-key|authkey|setup-key|license-key|adminpass|dbpass|user_pass|plaintext)(?:=|\s+)['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    ("login of npm", r#"\b_auth=['"]?(?<secret>[A-Za-z0-9+/=]{8,})"#),
    ("password of a package source", r#"\bnuget\b[^|;&]*?\s-p\s+['"]?(?<secret>[^\s'"-][^\s'"]*)"#),
    ("login of Jenkins", r#"\s-auth\s+['"]?[^\s:'"]+:(?<secret>[^\s'"]+)"#),
    (
        "password of an account",
        r#"\b(?:mkpasswd|rclone\s+obscure)(?:\s+-m\s+\S+|\s+-\S+)*\s+['"]?(?<secret>[^\s'"-][^\s'")]*)"#,
    ),
    (
        "password of htpasswd",
        r#"\bhtpasswd\s+-[A-Za-z]*n[A-Za-z]*b[A-Za-z]*\s+\S+\s+['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of Grafana", r#"\breset-admin-password\s+(?:-\S+\s+)*['"]?(?<secret>[^\s'"-][^\s'"]*)"#),
    ("password of Wi-Fi", r#"\bwifi-sec\.psk\s+['"]?(?<secret>[^\s'"]+)"#),
    ("password of Wi-Fi", r#"\biwconfig\s+\S+\s+key\s+(?:s:)?['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of a desktop",
        r#"\b(?:rdesktop|evil-winrm)\b[^|;&]*?\s-p\s+['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    ("password of a desktop", r#"\bx11vnc\b[^|;&]*?\s-passwd\s+['"]?(?<secret>[^\s'"]+)"#),
    ("login of VMware", r#"\bgovc\b[^|;&]*?\s-u[\s=]['"]?[^\s:'"]+:(?<secret>[^\s'"@]+)"#),
    ("key of Vault", r#"\bvault\s+operator\s+unseal\s+['"]?(?<secret>[A-Za-z0-9+/=]{20,})"#),
    (
        "value of Consul",
        r#"\bconsul\s+kv\s+put\s+\S*(?:password|passwd|secret|token|key)\S*\s+['"]?(?<secret>[^\s'"@-][^\s'"]*)"#,
    ),
    (
        "key of an object store",
        r#"\bmc\s+(?:alias\s+set|config\s+host\s+add)\s+\S+\s+\S+\s+\S+\s+['"]?(?<secret>[^\s'"]+)"#,
    ),
    ("password of a document", r#"\b(?:input_pw|user_pw|owner_pw)\s+['"]?(?<secret>[^\s'"]+)"#),
    (
        "password of a directory",
        r#"\bsamba-tool\s+user\s+(?:create|add)\s+[^\s-]\S*\s+['"]?(?<secret>[^\s'"-][^\s'"]*)"#,
    ),
    ("password of a directory", r#"\bipa-[a-z]+-install\b[^|;&]*?\s-w\s+['"]?(?<secret>[^\s'"]+)"#),
    ("password of a directory", r#"\bldappasswd\b[^|;&]*?\s-s\s*['"]?(?<secret>[^\s'"]+)"#),
    ("answer of expect", r#"\bexpect\b[^\n]*?\bsend\s+(?:--\s+)?\\?['"](?<secret>[^\s'"\\]+)\\[rn]"#),
    ("answer of debconf", r#"\bdebconf-set-selections\b[^\n]*?\spassword\s+(?<secret>[^\s'"]+)"#),
    ("answer of debconf", r#"\s\S+/\S*pass\S*\s+password\s+(?<secret>[^\s'"]+)['"]?\s*\|"#),
    ("password of a broker", r#"\bmosquitto_(?:pub|sub|rr)\b[^|;&]*?\s-P\s+['"]?(?<secret>[^\s'"]+)"#),
    ("login of FTP", r#"\bncftp(?:get|put|ls)?\b[^|;&]*?\s-p\s+['"]?(?<secret>[^\s'"-][^\s'"]*)"#),
    ("login of FTP", r#"\bftp\b[^|;&]*<<<\s*\$?['"]user\s+\S+\s+(?<secret>[^\s'"\\]+)"#),
    ("password of a drive", r#"(?i)\bnet\s+use\s+(?:[a-z]:\s+)?\\\\\S+\s+['"]?(?<secret>[^\s'"/*][^\s'"]*)"#),
    ("login of mail", r#"\.login\(\s*['"][^'"]*['"]\s*,\s*['"](?<secret>[^'"]+)['"]"#),
    ("SQL", r#"(?i)\bpragma\s+(?:re)?key\s*=\s*['"]?(?<secret>[^'";\s]+)"#),
    ("URL", r#"\b[a-z][a-z0-9+.-]+://[^\s:/@'"]*:(?<secret>[^\s:/@'"]+)@"#),
    (
        "header",
        r#"(?i)authorization['"]?\s*[:=]\s*['"]?(?:basic|bearer|token|apikey)\s+(?<secret>[A-Za-z0-9+/_.=~-]{8,})"#,
    ),
    (
        "header",
        r#"(?i)\b(?:x-[a-z-]*(?:key|token|secret)|private-token|job-token|deploy-token|api-key|apikey)['"]?\s*:\s*['"]?(?<secret>[A-Za-z0-9+/_.=~-]{8,})"#,
    ),
];

/// The secrets in a line, in its order, each place once.
pub fn secrets(line: &[u8]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let groups = groups().iter().filter(|group| group.any.is_match(line));
    for (kind, regex) in groups.flat_map(|group| &group.forms).filter(|(_, regex)| regex.is_match(line)) {
        for captures in regex.captures_iter(line) {
            let Some(secret) = captures.name("secret") else { continue };
            let (range, reading) = whole(kind, line, secret.range());
            let known =
                found.iter().any(|other| other.range.start < range.end && range.start < other.range.end);
            if !known && is_given(&reading) {
                found.push(Found { kind, range, value: reading.value });
            }
        }
    }
    found.sort_by_key(|found| found.range.start);
    found
}

/// The whole value that begins where a form caught one: up to the end of its quotes, or of its word.
fn whole(kind: &str, line: &[u8], caught: Range<usize>) -> (Range<usize>, Reading) {
    /// Forms whose value ends at a sign of their own.
    const ENDED: [&str; 7] = [
        "URL",
        "header",
        "password of Oracle",
        "login of VMware",
        "login of npm",
        "answer of expect",
        "key of Vault",
    ];
    let text = line.get(caught.clone()).unwrap_or_default();
    let caught_only = |is_quoted| {
        let value = if kind == "URL" { values::percent_decoded(text) } else { text.to_vec() };
        Reading { value, len: text.len(), is_quoted, is_expanded: !is_quoted }
    };
    if ENDED.contains(&kind) {
        return (caught, caught_only(false));
    }
    let (before, rest) = line.split_at_checked(caught.start).unwrap_or_default();
    let reading = values::read(before, rest, Syntax::Shell);
    // Brackets and separators that a form knows better.
    if reading.len <= text.len()
        || !before.ends_with(b"'")
            && !before.ends_with(b"\"")
            && !rest
                .get(..reading.len)
                .is_some_and(|raw| raw.contains(&b'\\') || raw.contains(&b'\'') || raw.contains(&b'"'))
    {
        let is_single = before.iter().filter(|byte| **byte == b'\'').count() % 2 == 1;
        return (caught, caught_only(is_single));
    }
    let is_plain = rest.starts_with(&reading.value);
    let len = if is_plain { reading.value.len() } else { reading.len };
    (caught.start..caught.start.saturating_add(len), reading)
}

/// Whether a value is given, and no reference.
fn is_given(reading: &Reading) -> bool {
    is_value(&reading.value)
        && !values::is_hash(&reading.value)
        && values::resolve(reading) == Reference::None
}

/// Forms that are asked for together: few lines have one, and a question to each form would cost three times as much.
struct Group {
    any: Regex,
    forms: Vec<(&'static str, Regex)>,
}

/// Forms in a group: with more of them its automaton outgrows its memory.
const TOGETHER: usize = 20;

#[expect(clippy::expect_used, reason = "the patterns are the program's own, and a test compiles them")]
fn groups() -> &'static [Group] {
    static COMPILED: LazyLock<Vec<Group>> = LazyLock::new(|| {
        FORMS.chunks(TOGETHER).map(|forms| Group::new(forms).expect("the patterns are valid")).collect()
    });
    &COMPILED
}

impl Group {
    fn new(forms: &[(&'static str, &str)]) -> Result<Self, regex::Error> {
        let compiled = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build();
        let all: Vec<String> = forms.iter().map(|(_, pattern)| format!("(?:{pattern})")).collect();
        let any = compiled(&all.join("|").replace("(?<secret>", "(?:"))?;
        let forms = forms.iter().map(|&(kind, pattern)| Ok((kind, compiled(pattern)?)));
        Ok(Self { any, forms: forms.collect::<Result<_, regex::Error>>()? })
    }
}

/// Whether a value is one, and does not stand for one.
pub(crate) fn is_value(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] = [
        b"public",
        b"true",
        b"false",
        b"null",
        b"password",
        b"passwd",
        b"secret",
        b"prompt",
        b"stdin",
        b"none",
    ];
    let lower = value.to_ascii_lowercase();
    let variable = value.windows(2).any(|pair| pair == b"${" || pair == b"$(" || pair == b"{{");
    let refers = variable
        || matches!(value, [b'$', rest @ ..] if rest.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'))
        || matches!(value, [b'<', .., b'>'] | [b'`', .., b'`'] | [b'{', .., b'}'])
        || matches!(value.first(), Some(b'/' | b'@' | b'(')) && !value.iter().any(u8::is_ascii_digit)
        || value.iter().all(|&byte| byte == b'*' || byte == b'.');
    // NAME, PASSWORD: what a manual puts there.
    let refers = refers || value.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_');
    let worded = WORDS.iter().any(|word| lower == *word) || is_placeholder(value);
    let is_file = value.starts_with(b"./") || value.starts_with(b"../") || value.starts_with(b".*");
    value.len() >= SHORTEST && !refers && !worded && !is_file && !value.starts_with(b" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<&str> {
        secrets(line.as_bytes()).into_iter().filter_map(|found| line.get(found.range)).collect()
    }

    #[test]
    fn every_form_compiles() {
        assert_eq!(groups().iter().map(|group| group.forms.len()).sum::<usize>(), FORMS.len());
    }

    #[test]
    fn secrets_of_commands_are_found() {
        for (line, value) in [
            ("mysql -u root -pAmberFalcon2019! shop", "AmberFalcon2019!"),
            ("mysqldump --password=kd83Hs71 db", "kd83Hs71"),
            ("net user bob kd83-Hs71 /add", "kd83-Hs71"),
            ("NET.EXE USER Administrator \"kd83 Hs71\"", "kd83 Hs71"),
            ("schtasks /create /ru bob /rp kd83-Hs71 /tn x", "kd83-Hs71"),
            ("cmdkey /add:server /user:bob /pass:kd83-Hs71", "kd83-Hs71"),
            ("$p = ConvertTo-SecureString 'kd83 Hs71' -AsPlainText -Force", "kd83 Hs71"),
            ("ConvertTo-SecureString -AsPlainText -Force 'kd83Hs71'", "kd83Hs71"),
            ("ConvertTo-SecureString -AsPlainText kd83Hs71 -Force", "kd83Hs71"),
            ("curl -u admin:kd83-Hs71 https://nexus.corp.net/", "kd83-Hs71"),
            ("sshpass -p 'kd83Hs71' ssh root@h", "kd83Hs71"),
            ("export AWS_SECRET_ACCESS_KEY=kd83Hs71kd83Hs71", "kd83Hs71kd83Hs71"),
            ("PGPASSWORD=kd83Hs71 psql -h db", "kd83Hs71"),
            ("docker login -u bot -p kd83Hs71 registry", "kd83Hs71"),
            ("redis-cli -h c -a kd83Hs71 ping", "kd83Hs71"),
            ("echo root:kd83Hs71 | chpasswd", "kd83Hs71"),
            ("open -u backup,kd83Hs71 sftp://store.corp", "kd83Hs71"),
            ("echo kd83Hs71 | sudo -S apt update", "kd83Hs71"),
            ("CREATE USER 'app'@'%' IDENTIFIED BY 'kd83Hs71';", "kd83Hs71"),
            ("SET PASSWORD FOR 'root'@'localhost' = PASSWORD('kd83Hs71');", "kd83Hs71"),
            ("ALTER USER app WITH PASSWORD 'kd83Hs71';", "kd83Hs71"),
            ("c = psycopg2.connect(host=\"db1\", password=\"kd83Hs71\")", "kd83Hs71"),
            ("git clone https://bot:kd83Hs71@git.corp.net/a.git", "kd83Hs71"),
            ("curl -H 'Authorization: Bearer kd83Hs71kd83' https://a", "kd83Hs71kd83"),
            ("curl -H 'X-Api-Key: kd83Hs71kd83' https://a", "kd83Hs71kd83"),
            ("ldapsearch -x -D cn=admin -w kd83Hs71$ -b dc=x", "kd83Hs71$"),
            ("auth kd83Hs71", "kd83Hs71"),
            ("db.auth(\"app\", \"kd83Hs71\")", "kd83Hs71"),
            ("$p = new PDO(\"mysql:host=db\", \"root\", \"kd83Hs71\");", "kd83Hs71"),
            ("$pw = ConvertTo-SecureString \"kd83Hs71\" -AsPlainText -Force", "kd83Hs71"),
            ("$env:GITHUB_TOKEN = \"kd83Hs71\"", "kd83Hs71"),
            ("wget --http-password=kd83Hs71 https://x/", "kd83Hs71"),
            ("aws configure set aws_secret_access_key kd83Hs71", "kd83Hs71"),
            ("az login --service-principal -u 1b2c -p kd83Hs71 --tenant x", "kd83Hs71"),
            ("openssl enc -aes-256-cbc -k kd83Hs71 -in a", "kd83Hs71"),
            ("openssl pkcs12 -in a.p12 -passin pass:kd83Hs71", "kd83Hs71"),
            ("PRAGMA key = 'kd83Hs71';", "kd83Hs71"),
            ("smbclient //fs/x -U bob%kd83Hs71", "kd83Hs71"),
            ("kubectl create secret generic a --from-literal=pw=kd83Hs71", "kd83Hs71"),
            ("chpasswd <<< 'root:kd83Hs71'", "kd83Hs71"),
            ("set -gx API_TOKEN kd83Hs71", "kd83Hs71"),
            ("7z a -pkd83Hs71 x.7z dir", "kd83Hs71"),
            ("nmcli dev wifi connect Home password kd83Hs71", "kd83Hs71"),
            ("echo ops:kd83Hs71 | chroot /target chpasswd", "kd83Hs71"),
            ("printf %s 'kd83Hs71' | cryptsetup luksFormat /dev/sdb1 -", "kd83Hs71"),
            ("realm join -U admin corp.net <<< 'kd83Hs71'", "kd83Hs71"),
            ("cqlsh -u app -p kd83Hs71 db", "kd83Hs71"),
            ("sqlplus system/kd83Hs71@ORCL", "kd83Hs71"),
            ("ssh-keygen -t rsa -N 'kd83Hs71' -f k", "kd83Hs71"),
            ("keytool -list -keystore k.jks -storepass kd83Hs71", "kd83Hs71"),
            ("netbird up --setup-key kd83Hs71", "kd83Hs71"),
            ("mkpasswd -m sha-512 kd83Hs71", "kd83Hs71"),
            ("nmcli con modify x wifi-sec.psk kd83Hs71", "kd83Hs71"),
            ("vault operator unseal kd83Hs71kd83Hs71kd83Hs71", "kd83Hs71kd83Hs71kd83Hs71"),
            ("mc alias set corp https://s3.corp svc kd83Hs71", "kd83Hs71"),
            ("samba-tool user create ops 'kd83Hs71'", "kd83Hs71"),
            ("expect -c 'spawn ssh h; send \"kd83Hs71\\r\"'", "kd83Hs71"),
            ("debconf-set-selections <<< 'a a/root_password password kd83Hs71'", "kd83Hs71"),
            ("mosquitto_pub -h m -u d -P kd83Hs71 -t t", "kd83Hs71"),
            ("net use Z: \\\\nas\\s kd83Hs71 /user:a", "kd83Hs71"),
            ("s.login('mailer', 'kd83Hs71')", "kd83Hs71"),
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
            "git log --pretty=oneline -p",
            "snmpwalk -c public host",
            "auth",
            "zip -r a.zip dir",
            "net user",
            "net user bob /add",
            "net user bob * /add",
            "schtasks /create /ru bob /rp * /tn x",
            "ConvertTo-SecureString -AsPlainText -Force $password",
            "openssl req -new -key a.key",
            "kubectl get secret token",
            "sed -i 's/password=.*/password=/' app.conf",
            "kubectl create secret generic db --from-file=password=./pw",
            "kubectl create secret generic db --from-literal=password=./pw",
            "ssh-keygen -t ed25519 -N '' -f k",
            "debconf-set-selections < answers",
            "echo done | tee passwd",
            "net use",
        ] {
            assert_eq!(values(line), Vec::<&str>::new(), "{line}");
        }
    }
}
