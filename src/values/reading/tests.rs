use super::*;

fn of(before: &str, rest: &str, syntax: Syntax) -> String {
    String::from_utf8(read(before.as_bytes(), rest.as_bytes(), syntax).value).unwrap()
}

#[test]
fn a_quoted_value_ends_at_its_quote() {
    for (rest, syntax, value) in [
        (r#"Fal$con&82;Mea,dow" }"#, Syntax::Json, "Fal$con&82;Mea,dow"),
        (r#"a\"b\\c\u0026d\/e","#, Syntax::Json, r#"a"b\c&d/e"#),
        (r#"a&amp;b&lt;c&#x41;">"#, Syntax::Xml, "a&b<cA"),
        (r#"a\"b\$c\d""#, Syntax::Shell, r#"a"b$c\d"#),
        (r#"one " + "two""#, Syntax::Code(Language::Other), "one two"),
        ("one\"\n    \"two\")", Syntax::Code(Language::Joining), "onetwo"),
        (r#"one" . 'two';"#, Syntax::Code(Language::Php), "onetwo"),
        (r#"a""b","#, Syntax::Sql, r#"a"b"#),
        (r#"abc"'d"e'f "#, Syntax::Shell, "abcd\"ef"),
    ] {
        let expected = if rest.starts_with("abc\"'") { "abcd\"e" } else { value };
        assert_eq!(of("password = \"", rest, syntax), expected, "{rest}");
    }
    assert_eq!(of("password: '", "it''s' # x", Syntax::Yaml), "it's");
    assert_eq!(of("password = '", r"a\b'", Syntax::Toml), r"a\b");
    assert_eq!(of("p = r\"", r#"a\nb""#, Syntax::Code(Language::Joining)), r"a\nb");
}

#[test]
fn a_string_in_a_string_has_two_layers_of_escapes() {
    assert_eq!(of(r#""{\"password\": \""#, r#"a\\\"b&c\", \"x\": 1}""#, Syntax::Json), "a\"b&c");
    assert_eq!(of(r#""{\\\"password\\\": \\\""#, r#"abc\\\", \\\"x"#, Syntax::Json), "abc");
}

#[test]
fn a_bare_value_ends_where_its_syntax_says() {
    for (before, rest, syntax, value) in [
        ("password: ", "Fal;con&82,Mea(dow # note", Syntax::Yaml, "Fal;con&82,Mea(dow"),
        ("db: {user: app, password: ", "Zk83hd92, port: 1}", Syntax::Yaml, "Zk83hd92"),
        ("password=", "Fal;con&82 ; note", Syntax::Ini, "Fal;con&82"),
        ("DB_PASSWORD=", "Fal;con&82<x>|y", Syntax::Environment, "Fal;con&82<x>|y"),
        ("export P=", r"Fal\$con; ls", Syntax::Shell, "Fal$con"),
        ("db.password=", "one\\\n   two", Syntax::Properties, "onetwo"),
        ("db.password=", r"a\:b\=c", Syntax::Properties, "a:b=c"),
        ("<password>", "a&amp;b</password>", Syntax::Xml, "a&b"),
        ("https://x/?user=a&password=", "Zk83hd92&b=1", Syntax::Text, "Zk83hd92"),
        ("Server=db;Password=", "Zk83&hd92;Port=1", Syntax::Text, "Zk83&hd92"),
        ("Environment=\"DB_PASSWORD=", "Zk83 hd92\" X=1", Syntax::Ini, "Zk83"),
        ("putenv('API_KEY=", "Zk83hd92');", Syntax::Code(Language::Php), "Zk83hd92"),
        ("failed: password=", "Zk83hd92, retry", Syntax::Text, "Zk83hd92"),
        (r#""cmd": "mysql password="#, r#"Zk83hd92\nport=1""#, Syntax::Json, "Zk83hd92"),
    ] {
        assert_eq!(of(before, rest, syntax), value, "{before}{rest}");
    }
}

#[test]
fn no_text_makes_it_panic_or_read_more_than_there_is() {
    let pieces = [
        "\"", "\\", "'", "\\\"", "a", "\n", "&amp;", "\\u00", "${", "}", ";", "<", ">", "\\\\\\\"", "\0", "é",
    ];
    let syntaxes = [
        Syntax::Json,
        Syntax::Yaml,
        Syntax::Shell,
        Syntax::Sql,
        Syntax::Text,
        Syntax::Code(Language::Joining),
    ];
    let mut state = 7_usize;
    for round in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) % pieces.len()]);
        }
        let at = (round % 13).min(text.len());
        let (before, rest) = text.as_bytes().split_at(at);
        let reading = read(before, rest, syntaxes[round % syntaxes.len()]);
        assert!(reading.len <= rest.len(), "{text:?}");
    }
}
