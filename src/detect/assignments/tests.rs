use super::*;
use crate::detect::Collector;
use crate::rules::Engine;
use assay_disk::fs::{FileType, Metadata, NodeId};

/// The values that are found in a file of this text, the first of each finding.
fn found(path: &str, text: &str) -> Vec<String> {
    let mut scan = Engine::embedded().begin();
    scan.chunk(text.as_bytes(), 0, 0, true);
    let matches: Vec<Match> = scan.finish().into_iter().filter(|m| m.family == Family::Assignments).collect();
    let metadata = Metadata::bare(FileType::Regular, 0o644, text.len() as u64);
    let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
    let mut sink = Collector::default();
    Assignments.inspect(&entry, &matches, &Facts::default(), &mut sink);
    let first = |finding: &Finding| {
        String::from_utf8_lossy(finding.evidence.secrets.first().unwrap().reveal()).into_owned()
    };
    let mut values: Vec<String> = sink.findings.iter().map(first).collect();
    values.sort();
    values.dedup();
    values
}

#[test]
fn a_secret_is_found_as_its_file_writes_it() {
    for (path, text, value) in [
        ("/srv/a/settings.py", "SECRET_KEY = 'k2(v$q8&x)z#w9!m@t-p4=e7'\n", "k2(v$q8&x)z#w9!m@t-p4=e7"),
        ("/srv/a/.env", "OPENAI_KEY=Zk83hd92Hs71Lq0P\n", "Zk83hd92Hs71Lq0P"),
        ("/srv/a/c.json", "{\"slackToken\": \"Zk83hd92Hs71Lq0P\"}", "Zk83hd92Hs71Lq0P"),
        ("/opt/a/app.properties", "db.pass=Fal\\:con82Mea\\\n    dow9x\n", "Fal:con82Meadow9x"),
        ("/opt/a/c.yml", "db:\n  password: Passw0rd123! # ours\n", "Passw0rd123!"),
        ("/opt/a/compose.yml", "environment:\n  MYSQL_ROOT_PASSWORD: 'a$$b9Kq!x'\n", "a$b9Kq!x"),
        ("/srv/a/main.go", "var apiKey string = \"Zk83hd92Hs71Lq0P\"\n", "Zk83hd92Hs71Lq0P"),
        ("/srv/a/s.js", "const API_KEY = process.env.API_KEY || 'Zk83hd92Hs71Lq0P';\n", "Zk83hd92Hs71Lq0P"),
        ("/srv/a/run.sh", "P=\"${DB_PASSWORD:-Zk83hd92Hs71}\"\n", "Zk83hd92Hs71"),
        ("/srv/a/x.php", "<?php\n$dbPassword = 'it\\'s9Kq2x!';\n", "it's9Kq2x!"),
        ("/srv/a/a.xml", "<db><apiKey>Zk83&amp;hd92Hs71</apiKey></db>", "Zk83&hd92Hs71"),
        ("/srv/a/t.toml", "restic_password = \"amber-quartz-lagoon-willow\"\n", "amber-quartz-lagoon-willow"),
        ("/etc/rabbitmq/sys.config", "[{rabbit, [{api_key, \"Zk83hd92Hs71Lq0P\"}]}].\n", "Zk83hd92Hs71Lq0P"),
        ("/srv/a/j.py", "API_KEY = ('Zk83hd92'\n    'Hs71Lq0P')\n", "Zk83hd92Hs71Lq0P"),
    ] {
        assert_eq!(found(path, text), [value], "{text}");
    }
}

#[test]
fn every_value_of_a_list_is_found() {
    let text = "passwords:\n  - 'Zk83hd92Hs71'\n  - Lq0P83hd92Zk\nother: 1\n";
    assert_eq!(found("/opt/a/c.yml", text), ["Lq0P83hd92Zk", "Zk83hd92Hs71"]);
    assert_eq!(
        found("/srv/a/t.sh", "TOKENS=('Zk83hd92Hs71' 'Lq0P83hd92Zk')\n"),
        ["Lq0P83hd92Zk", "Zk83hd92Hs71"]
    );
}

#[test]
fn references_templates_words_and_names_are_none() {
    for (path, text) in [
        ("/srv/a/.env", "DB_PASSWORD=${SECRET}\nAPI_TOKEN=changeme123\nTOKEN=your-token-here\n"),
        ("/srv/a/c.yml", "password: {{ vault_password }}\ntoken: !vault |\n  abc\npassword: *other\n"),
        (
            "/srv/a/c.conf",
            "password_file = /run/secrets/db1\nssl_key = /etc/ssl/a.key\npassword = ${X:?must be set}\n",
        ),
        (
            "/srv/a/a.py",
            "password = request.form['password']\ntoken = self.next_token(12)\nprimary_key = 'Zk83hd92Hs71Lq0P'\n",
        ),
        ("/srv/a/en.json", "{\"password\": \"Your password\", \"tokenizer\": \"Zk83hd92Hs71Lq0P\"}"),
        ("/srv/a/a.php", "<?php return ['password' => 'required|min:8|confirmed'];\n"),
        ("/usr/share/x/grammar.py", "tokens = \"symbol2label\"\n_PAT = \"(?:{hex}:{hex}|{ipv4})\"\n"),
        ("/srv/a/a.c", "password_changed = 1; bypass = \"Zk83hd92Hs71Lq0P\";\n"),
    ] {
        assert_eq!(found(path, text), [""; 0], "{text}");
    }
}

#[test]
fn what_a_person_chose_counts_where_a_program_reads_it() {
    assert_eq!(found("/etc/app.conf", "password = admin123\n"), ["admin123"]);
    assert_eq!(found("/usr/share/doc/app.conf", "password = admin123\n"), [""; 0]);
    assert_eq!(found("/etc/app.conf", "# password = admin123\n"), [""; 0]);
    assert_eq!(found("/etc/app.md", "password = admin123\n"), [""; 0]);
}
