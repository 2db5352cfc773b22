use super::*;
use crate::detect::Collector;
use crate::finding::FactKey;
use assay_disk::fs::{Metadata, NodeId};

fn metadata(size: usize) -> Metadata {
    Metadata::bare(FileType::Regular, 0o600, size as u64)
}

fn inspect(path: &str, content: &[u8]) -> Vec<Finding> {
    let metadata = metadata(content.len());
    let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
    let (detector, facts, mut sink) = (
        CredentialFiles::new(Arc::new(Signatures::embedded().unwrap())),
        Facts::default(),
        Collector::default(),
    );
    assert_eq!(detector.interest(&entry, &facts), Interest::Content, "{path}");
    detector.inspect(&entry, content, &facts, &mut sink);
    sink.findings
}

/// The secrets of a file, one string for each finding, and the lines.
fn secrets(path: &str, content: &str) -> Vec<(u64, String)> {
    let join = |finding: &Finding| {
        let values: Vec<_> = finding
            .evidence
            .secrets
            .iter()
            .map(|s| String::from_utf8_lossy(s.reveal()).into_owned())
            .collect();
        (finding.location.line.unwrap_or(0), values.join("|"))
    };
    inspect(path, content.as_bytes()).iter().map(join).collect()
}

#[test]
fn each_kind_gives_its_secret() {
    type Case<'c> = (&'c str, &'c str, &'c [(u64, &'c str)]);
    let cases: &[Case<'_>] = &[
        (
            "/root/.aws/credentials",
            "[default]\naws_secret_access_key = kk/1\naws_access_key_id = AKIA1\n[b]\naws_access_key_id=AKIA2\naws_secret_access_key=k2\n",
            &[(2, "AKIA1|kk/1"), (5, "AKIA2|k2")],
        ),
        (
            "/root/.docker/config.json",
            "{\"auths\":\n{\"h.io\":{\"auth\":\"Ym9iOnMzY3JldA==\"}}}",
            &[(2, "Ym9iOnMzY3JldA==|s3cret")],
        ),
        ("/root/.dockercfg", "{\"h.io\":{\"auth\":\"Ym9iOnMzY3JldA==\"}}", &[(1, "Ym9iOnMzY3JldA==|s3cret")]),
        (
            "/root/.netrc",
            "machine h\n login bob\n password p1\nmachine g login a password p2",
            &[(3, "p1"), (4, "p2")],
        ),
        ("/root/.pgpass", "# c\ndb:5432:*:bob:p:w\n", &[(2, "p:w")]),
        ("/etc/mysql/debian.cnf", "[client]\nuser = d\npassword = p1\n", &[(3, "p1")]),
        ("/root/.git-credentials", "https://bob:tok1@github.com\n", &[(1, "tok1")]),
        (
            "/srv/a/.git/config",
            "[remote \"origin\"]\n\turl = https://bob:tok1@github.com/a/b.git\n\turl = git@github.com:a/b\n",
            &[(2, "tok1")],
        ),
        (
            "/root/.npmrc",
            "//registry.npmjs.org/:_authToken=npm_1\n//x/:_authToken=${NPM_TOKEN}\n",
            &[(1, "npm_1")],
        ),
        ("/root/.pypirc", "[pypi]\nusername = __token__\npassword = pypi-1%2\n", &[(3, "pypi-1%2")]),
        ("/etc/pip.conf", "[global]\nindex-url = https://u:p1@idx/simple\n", &[(2, "p1")]),
        (
            "/root/.kube/config",
            "users:\n- name: admin\n  user:\n    token: t1\n    client-key-data: a2V5\n",
            &[(4, "t1"), (5, "a2V5")],
        ),
        (
            "/x/terraform.tfstate",
            "{\"outputs\":{\"db_password\":{\"value\":\"p1\"}},\"r\":[{\"a\":{\"secret_key\":\"p2\",\"password\":null}}]}",
            &[(1, "p1"), (1, "p2")],
        ),
        ("/x/a.tfvars", "db_password = \"p1\"\nother_token = var.x\n", &[(1, "p1")]),
        (
            "/etc/wireguard/wg0.conf",
            "[Interface]\nPrivateKey = abc=\n[Peer]\nPresharedKey = def=\n",
            &[(2, "abc="), (4, "def=")],
        ),
        (
            "/etc/wpa_supplicant/wpa_supplicant.conf",
            "network={\n ssid=\"home\"\n psk=\"wifi pass\"\n}\n",
            &[(3, "wifi pass")],
        ),
        (
            "/etc/NetworkManager/system-connections/home.nmconnection",
            "[wifi-security]\npsk=p1\n",
            &[(2, "p1")],
        ),
        (
            "/var/lib/cloud/instance/user-data.txt",
            "#cloud-config\npassword: p0\nchpasswd:\n  expire: false\n  list: |\n    root:p1\n    bob:RANDOM\nusers:\n  - {name: a, password: p2, type: text}\n",
            &[(2, "p0"), (6, "p1"), (9, "p2")],
        ),
        (
            "/Windows/Panther/unattend.xml",
            "<a><AdministratorPassword>\n<Value>p1</Value><PlainText>true</PlainText></AdministratorPassword></a>",
            &[(2, "p1")],
        ),
        (
            "/Windows/Panther/Unattend/Unattend.xml",
            "<LocalAccount><Password>\n<Value>cAAxAFAAYQBzAHMAdwBvAHIAZAA=</Value><PlainText>false</PlainText></Password></LocalAccount>",
            &[(2, "cAAxAFAAYQBzAHMAdwBvAHIAZAA=|p1")],
        ),
        ("/sysprep/sysprep.inf", "[GuiUnattended]\r\nAdminPassword=p1\r\n", &[(2, "p1")]),
        (
            "/ProgramData/Amazon/EC2Launch/config/agent-config.yml",
            "  - task: setAdminAccount\n    inputs:\n      password:\n        type: static\n        data: p1\n",
            &[(5, "p1")],
        ),
        (
            "/ProgramData/Amazon/EC2-Windows/Launch/Config/LaunchConfig.json",
            "{\"adminPasswordType\":\"Specify\",\n\"adminPassword\":\"p1\"}",
            &[(2, "p1")],
        ),
        (
            "/Windows/SYSVOL/domain/Policies/{1}/Machine/Preferences/Groups/Groups.xml",
            "<Groups>\n<Properties cpassword=\"AzVJmXh/J9Kr\" userName=\"a\"/><Properties cpassword=\"\"/>",
            &[(2, "AzVJmXh/J9Kr")],
        ),
        (
            "/inetpub/wwwroot/Web.config",
            "<add name=\"a\"\nconnectionString=\"Server=db;User ID=sa;Password=p1\" />\n<add key=\"MailPassword\" value=\"p2\"/>",
            &[(2, "p1"), (3, "p2")],
        ),
        (
            "/inetpub/app/appsettings.Production.json",
            "{\"ConnectionStrings\": {\n\"Main\": \"Server=db;Uid=sa;Pwd=p1;\"}}",
            &[(2, "p1")],
        ),
        (
            "/Windows/System32/inetsrv/config/applicationHost.config",
            "<add name=\"a\">\n<processModel userName=\"u\" password=\"p1\" />",
            &[(2, "p1")],
        ),
        (
            "/Users/a/AppData/Roaming/WinSCP.ini",
            "[Sessions\\s]\nHostName=h\nPassword=A35C4\n",
            &[(3, "A35C4")],
        ),
        (
            "/Users/a/AppData/Roaming/FileZilla/sitemanager.xml",
            "<User>u</User>\n<Pass encoding=\"base64\">cDE=</Pass>",
            &[(2, "cDE=")],
        ),
        (
            "/Users/a/Documents/servers.rdg",
            "<userName>u</userName>\n<password>AQAAANCM</password>",
            &[(2, "AQAAANCM")],
        ),
        (
            "/var/www/wp-config.php",
            "<?php\ndefine( 'DB_USER', 'wp' );\ndefine( 'DB_PASSWORD', 'p1' );\ndefine('AUTH_KEY', 'put your unique phrase here');\n",
            &[(3, "p1")],
        ),
        (
            "/etc/tomcat9/tomcat-users.xml",
            "<!-- <user username=\"a\" password=\"no1\"/> -->\n<user username=\"a\" password=\"p1\"/>",
            &[(2, "p1")],
        ),
        (
            "/root/.config/gh/hosts.yml",
            "github.com:\n    user: bob\n    oauth_token: gho_1\n",
            &[(3, "gho_1")],
        ),
        ("/root/.cache/huggingface/token", "hf_1\n", &[(1, "hf_1")]),
        ("/root/.kaggle/kaggle.json", "{\"username\":\"a\",\"key\":\"p1\"}", &[(1, "p1")]),
        (
            "/etc/snmp/snmpd.conf",
            "rocommunity public\nrwcommunity p1\ncom2sec n default p2\n",
            &[(2, "p1"), (3, "p2")],
        ),
        ("/etc/ppp/chap-secrets", "bob * \"p 1\" *\n", &[(1, "p 1")]),
        ("/etc/ipsec.secrets", "# c\n1.2.3.4 : PSK \"p1\"\n: RSA key.pem\n", &[(2, "p1")]),
        ("/etc/postfix/sasl_passwd", "[smtp.x]:587 bob:p1\n", &[(1, "p1")]),
        ("/root/.msmtprc", "host h\nuser u\npassword p1\n", &[(3, "p1")]),
        ("/etc/redis/redis.conf", "# requirepass foobared\nrequirepass p1\n", &[(2, "p1")]),
        ("/etc/rsyncd.secrets", "bob:p1\n", &[(1, "p1")]),
        ("/root/.smbcredentials", "username=a\npassword=p1\n", &[(2, "p1")]),
        ("/etc/openvpn/auth.txt", "bob\np1\n", &[(2, "p1")]),
        ("/root/.vault-token", "hvs.1", &[(1, "hvs.1")]),
        ("/var/www/.htpasswd", "bob:$apr1$x$y\n", &[(1, "$apr1$x$y")]),
        (
            "/etc/grafana/grafana.ini",
            "[security]\n;admin_password = admin\nadmin_password = p1\n",
            &[(3, "p1")],
        ),
        (
            "/etc/gitlab-runner/config.toml",
            "[[runners]]\n  url = \"https://g\"\n  token = \"glrt-1\"\n",
            &[(3, "glrt-1")],
        ),
        (
            "/root/.m2/settings.xml",
            "<server><username>a</username>\n<password>p1</password></server>",
            &[(2, "p1")],
        ),
        ("/root/.nuget/NuGet.Config", "<add key=\"ClearTextPassword\" value=\"p1\" />", &[(1, "p1")]),
        (
            "/root/.composer/auth.json",
            "{\"github-oauth\":{\"github.com\":\"gho_1\"},\"http-basic\":{\"h\":{\"username\":\"u\",\"password\":\"p1\"}}}",
            &[(1, "gho_1"), (1, "p1")],
        ),
        ("/root/.cargo/credentials.toml", "[registry]\ntoken = \"cio1\"\n", &[(2, "cio1")]),
        ("/root/.gem/credentials", "---\n:rubygems_api_key: rubygems_1\n", &[(2, "rubygems_1")]),
        (
            "/etc/ecs/ecs.config",
            "ECS_CLUSTER=a\nECS_ENGINE_AUTH_DATA={\"h\":{\"password\":\"p1\"}}\n",
            &[(2, "{\"h\":{\"password\":\"p1\"}}")],
        ),
    ];
    for (path, content, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(line, value)| (*line, (*value).to_owned())).collect();
        assert_eq!(secrets(path, content), expected, "{path}");
    }
}

#[test]
fn utf16_answer_files_are_read() {
    let xml = "<Password>\r\n<Value>pä1</Value></Password>";
    let bytes: Vec<u8> = [0xfeff].into_iter().chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let found = inspect("/unattend.xml", &bytes);
    assert_eq!(found[0].evidence.secrets, [Secret::new("pä1")]);
    assert_eq!(found[0].location.line, Some(2));
}

#[test]
fn bytes_that_are_no_utf8_stay() {
    let found = inspect("/a.tar!/root/.my.cnf", b"[client]\nuser=bob\npassword=\"p\xff\"\n");
    assert_eq!(found[0].evidence.secrets, [Secret::new(*b"p\xff")]);
    assert!(found[0].evidence.facts.contains(&(FactKey::User, "bob".to_owned())));
}

#[test]
fn placeholders_are_no_secrets() {
    for value in ["", "$X", "${X}", "<x>", "xxxx", "changeme", "your_password", "****", "%PASS%"] {
        assert!(text::placeholder(value), "{value}");
    }
    for value in
        ["[your-password]", "{DB_PASSWORD}", "__DB_PASSWORD__", "aaaabbbbccccdddd", "*REMOVED*", "base64:"]
    {
        assert!(text::placeholder(value), "{value}");
    }
    for value in
        ["hunter2", "$6$salt$hash", "p@ss", "0000", "{AQAAABAAAAAw7f}", "[x9!Kd83]", "base64:Kd83Hs71"]
    {
        assert!(!text::placeholder(value), "{value}");
    }
}

#[test]
fn noise_does_not_stop_it() {
    for kind in &Table::embedded().kinds {
        for noise in [
            &b"\xff\xfe\x00"[..],
            b"{",
            b"<",
            b"=:=\n[\n- :\n\"",
            b"://@/:\n:::::\nmachine password",
            b"<a password=",
            &[0xc3; 99],
        ] {
            formats::read(&kind.formats, &kind.wanted, &Text::of(noise));
            formats::store(noise);
        }
    }
}

/// What the whole credential of a line is, read by the kind of its path.
fn secrets_of(path: &str, content: &str) -> Vec<String> {
    let kind = Table::embedded().kind_of(path.as_bytes()).unwrap();
    let hits = formats::read(&kind.formats, &kind.wanted, &Text::of(content.as_bytes()));
    hits.all.into_iter().flat_map(|hit| hit.secrets).collect()
}

#[test]
fn what_anonymous_ftp_is_given_is_no_secret() {
    let text = "machine a login b password Kd83Hs71\ndefault login anonymous password me@corp.example\n";
    assert_eq!(secrets_of("/root/.netrc", text), ["Kd83Hs71"]);
}

#[test]
fn passphrases_of_keys_communities_and_tokens_of_users_are_read() {
    assert_eq!(
        secrets_of("/etc/ipsec.secrets", ": RSA server.pem \"Kd83Hs71\"\n: RSA a.pem %prompt\n"),
        ["Kd83Hs71"]
    );
    let snmp = "authCommunity log Kd83Hs71\ncreateUser -e 0x80001 traps SHA Hs71Kd83 AES x9Kd83Hs\n";
    assert_eq!(secrets_of("/etc/snmp/snmptrapd.conf", snmp), ["Kd83Hs71", "Hs71Kd83", "x9Kd83Hs"]);
    let bundler = "BUNDLE_GITHUB__COM: \"Kd83Hs71Kd83Hs71Kd83Hs71:x-oauth-basic\"\n";
    assert_eq!(secrets_of("/root/.bundle/config", bundler), ["Kd83Hs71Kd83Hs71Kd83Hs71"]);
}

#[test]
fn a_data_source_without_a_login_is_no_secret() {
    let text = "SENTRY_DSN=https://public@sentry.corp/1\nDB_DSN=mysql://a:Kd83Hs71@db/app\n";
    assert_eq!(secrets_of("/srv/app/.env", text), ["mysql://a:Kd83Hs71@db/app"]);
}
