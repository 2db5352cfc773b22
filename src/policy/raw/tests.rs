use super::*;

const ALLOW: &str = "\n[[allow]]\nrule = \"ssh-host-key\"\npath = \"/etc/**\"\nreason = \"r\"\nowner = \"o\"\n\
                     expires = \"2027-01-31\"\n";

fn policy(text: &str) -> Policy {
    read("own.toml", text).unwrap()
}

#[test]
fn an_empty_policy_is_what_the_program_does_without() {
    let policy = policy("");
    assert_eq!(policy, Policy { name: Some("own.toml".to_owned()), ..Policy::default() });
}

#[test]
fn what_a_policy_says_stands_over_what_it_extends() {
    let base = profile("public-ami").unwrap().unwrap();
    let own = policy(
        "extends = \"public-ami\"\n[findings]\nconfidence = \"medium\"\n[findings.category]\n\
         shadow = { severity = \"never\" }\n[scan]\nbenchmark = \"cis-debian12\"\n",
    );
    assert_eq!(own.title, base.title);
    assert_eq!(own.findings.name, "findings: severity high, confidence medium");
    assert_eq!(own.threshold(Category::PasswordHash).severity, None);
    assert_eq!(own.threshold(Category::Credential), base.threshold(Category::Credential));
    assert_eq!((own.required, own.lists), (base.required, base.lists));
    assert_eq!(own.scan.benchmark.as_deref(), Some("cis-debian12"));
    let golden = policy("extends = \"golden\"\n[scan]\nbenchmark = \"none\"\n");
    assert_eq!((golden.scan.benchmark, golden.scan.compare_packages), (None, Some(Compare::All)));
}

#[test]
fn default_passwords_are_likely_or_more() {
    assert_eq!(policy("[scan]\n").scan.default_passwords, None);
    let tried =
        |word: &str| policy(&format!("[scan]\ndefault-passwords = \"{word}\"\n")).scan.default_passwords;
    assert_eq!(tried("likely"), Some(DefaultPasswords::Likely));
    assert_eq!(tried("more"), Some(DefaultPasswords::More));
    let wrong = read("own.toml", "[scan]\ndefault-passwords = \"all\"\n").unwrap_err();
    assert!(wrong.contains("likely") && wrong.contains("more"), "{wrong}");
}

#[test]
fn default_passwords_of_a_base_stand_unless_the_policy_says_otherwise() {
    let kept = policy("extends = \"forensic\"\n");
    assert_eq!(kept.scan.default_passwords, Some(DefaultPasswords::More));
    let own = policy("extends = \"forensic\"\n[scan]\ndefault-passwords = \"likely\"\n");
    assert_eq!(own.scan.default_passwords, Some(DefaultPasswords::Likely));
}

#[test]
fn every_field_is_understood() {
    let own = policy(&format!(
        "title = \"T\"\nrequirements = [\"aws-marketplace\"]\n[scan]\ncompare-packages = \"none\"\nverbose = true\n\
         [[require]]\nrequirements = \"aws-shared-ami\"\nonly = [\"shared-*\"]\nexcept = [\"shared-ssh-dns\"]\n\
         [[require]]\nbenchmark = [\"5.1.*\"]\nlevel = 1\nexcept = [\"5.1.4\"]\n\
         [[accept-gap]]\nkind = \"encrypted\"\npath = \"/srv/*\"\nreason = \"customers' archives\"\n\
         [[accept-gap]]\nkind = \"all\"\nreason = \"why not\"\n{ALLOW}\
         [[allow]]\nfingerprint = \"{}\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2027-01-31\"\n",
        "0a".repeat(16)
    ));
    assert_eq!((own.required.len(), own.accepted_gaps.len(), own.exceptions.len()), (2, 2, 2));
    assert_eq!(own.accepted_gaps[1].kind, None);
    assert!(own.needs_key());
    assert_eq!(own.exceptions[0].expires.to_string(), "2027-01-31");
    assert!(matches!(&own.required[1], Required::Benchmark { level: 1, .. }));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let allow = |old: &str, new: &str| ALLOW.replacen(old, new, 1);
    for (text, line, message) in [
        ("severity = \"high\"".to_owned(), 1, "unknown field `severity`"),
        ("\n[finding]\n".to_owned(), 2, "unknown field `finding`"),
        (
            "\n\nextends = \"public\"".to_owned(),
            3,
            "no such profile; there are: golden, public-ami, marketplace, forensic",
        ),
        ("[findings]\nseverity = \"awful\"".to_owned(), 2, "\"awful\" is none of critical"),
        ("[findings]\nconfidence = \"sure\"".to_owned(), 2, "\"sure\" is none of high"),
        ("[findings.category]\n\nshadows = { severity = \"low\" }".to_owned(), 3, "is none of ssh-host-key"),
        ("[findings.category]\nshadow = { confidence = \"low\" }".to_owned(), 2, "missing field `severity`"),
        ("requirements = [\n\"aws\"]".to_owned(), 2, "\"aws\" is none of aws-shared-ami"),
        ("[scan]\nbenchmark = \"cis\"".to_owned(), 2, "is none of cis-debian12"),
        ("[scan]\ncompare-packages = \"some\"".to_owned(), 2, "is none of essential"),
        ("[scan]\nverbose = \"yes\"".to_owned(), 2, "invalid type"),
        (
            "[[require]]\nrequirements = \"aws-shared-ami\"\nonly = [\"ssh-*\"]".to_owned(),
            3,
            "no requirement of",
        ),
        ("[[require]]\nbenchmark = []".to_owned(), 1, "a require names"),
        ("[[accept-gap]]\nkind = \"lost\"\nreason = \"r\"".to_owned(), 2, "\"lost\" is none of missing"),
        ("[[accept-gap]]\nkind = \"all\"\nreason = \" \"".to_owned(), 1, "needs a reason"),
        ("[[accept-gap]]\nkind = \"all\"".to_owned(), 1, "missing field `reason`"),
        (allow("expires = \"2027-01-31\"", "expires = \"2027-02-30\""), 7, "is no day"),
        (allow("expires = \"2027-01-31\"\n", ""), 2, "missing field `expires`"),
        (allow("owner = \"o\"\n", ""), 2, "missing field `owner`"),
        (allow("reason = \"r\"", "reason = \"\""), 2, "needs a reason and an owner"),
        (allow("path = \"/etc/**\"\n", ""), 2, "names a fingerprint, or a rule and a path"),
        (
            allow("rule = \"ssh-host-key\"", "fingerprint = \"AB\""),
            2,
            "names a fingerprint, or a rule and a path",
        ),
        (allow("rule = \"ssh-host-key\"\npath = \"/etc/**\"", "fingerprint = \"AB\""), 3, "32 digits of hex"),
        (allow("owner", "owners"), 6, "unknown field `owners`"),
    ] {
        let error = read("own.toml", &text).unwrap_err();
        let told = error.contains(&format!("line {line}"));
        assert!(told && error.contains(message), "{text}\n-- line {line}: {message}, but:\n{error}");
    }
}
