//! The page as text; `tests/cli/html_report.rs` looks at it in a browser.

use super::super::sample;
use super::*;

fn page(options: &Options) -> String {
    render(&sample::report(), &sample::judgement(), options, &Run::default())
}

#[test]
fn the_page_says_what_the_verdict_is_and_what_of() {
    let page = page(&Options::default());
    for text in ["FAIL", "disk.img", "8.0 MiB", "Debian GNU/Linux 12 (bookworm)", "swap space is not read"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("It adds up: every byte of 8.0 MiB is accounted for."));
}

#[test]
fn bytes_of_the_image_are_escaped_for_the_eye_and_for_the_browser() {
    let mut report = sample::report();
    report.subject.name = "</title><script>alert(1)</script>".to_owned();
    report.findings[0].location.path = b"/\"><img src=x onerror=alert(1)>\xff\x1b".to_vec();
    let page = render(&report, &sample::judgement(), &Options::default(), &Run::default());
    assert!(!page.contains("<script>alert") && !page.contains("<img"));
    assert!(page.contains("\\xff\\u{1b}"), "escaped in the list");
    assert!(page.contains("\\u003cimg src=x onerror=alert(1)\\u003e\\\\xff\\\\u{1b}"), "and in the data");
}

#[test]
fn secrets_come_out_only_when_asked_for_and_then_the_page_says_so() {
    let token = "not-a-real-secret-access-key-but-40-long";
    assert!(!page(&Options::default()).contains("not-a-real"));
    assert!(!page(&Options::default()).contains("contains secrets"));
    let page = page(&Options { secrets: true, ..Options::default() });
    assert!(page.contains(token) && page.contains("This report contains secrets."));
}

#[test]
fn the_policy_allows_the_code_of_the_page_and_nothing_else() {
    let page = page(&Options::default());
    let between = |from: &str, to: &str| page.split(from).nth(1).unwrap().split(to).next().unwrap();
    assert!(page.contains(&embed::hash(between("<style>", "</style>")).replace('\'', "&#39;")));
    let script = page.rsplit("<script>").next().unwrap().split("</script>").next().unwrap();
    assert!(page.contains(&embed::hash(script).replace('\'', "&#39;")));
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src &#39;none&#39;; script-src &#39;sha256-"));
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
    // Neither handlers nor styles in attributes: the policy would refuse them.
    assert!(!page.contains(" onclick=") && !page.contains(" style="));
}

#[test]
fn findings_below_the_wanted_severity_are_counted_and_left_out() {
    let page = page(&Options { min_severity: crate::finding::Severity::High, ..Options::default() });
    assert!(page.contains("7 of them are of a low severity"));
    assert!(!page.contains("/home/user1/.bash_history"));
}

#[test]
fn what_is_no_address_of_the_web_is_no_link() {
    let mut report = sample::report();
    let mut advisory = (*report.findings[0].advisory).clone();
    advisory.references = vec!["javascript:alert(1)".to_owned(), "https://example.org/a?b=\"c".to_owned()];
    report.findings[0].advisory = std::sync::Arc::new(advisory);
    let page = render(&report, &sample::judgement(), &Options::default(), &Run::default());
    assert!(!page.contains("href=\"javascript:"));
    assert!(page.contains("href=\"https://example.org/a?b=&#34;c\""));
}

#[test]
fn the_same_report_makes_the_same_page() {
    assert_eq!(page(&Options::default()), page(&Options::default()));
}

#[test]
fn the_rules_are_named_by_the_digest_that_evidence_has() {
    let run = Run { rules: "0123456789abcdef".repeat(4), ..Run::default() };
    let page = render(&sample::report(), &sample::judgement(), &Options::default(), &run);
    assert!(page.contains("<dd>SHA-256 0123456789abcdef…</dd>"));
    assert!(!self::page(&Options::default()).contains("SHA-256 0123"));
}

#[test]
fn a_page_without_scripts_has_the_commands_too() {
    assert!(page(&Options::default()).contains("<code>rm -f -- /home/user1/.bash_history</code>"));
}

#[test]
fn vulnerable_packages_stand_by_package_with_what_mends_them_and_are_escaped() {
    let report = super::super::software::tests::report();
    let page = render(&report, &sample::judgement(), &Options::default(), &Run::default());
    for text in [
        "2 packages: 1 deb, 1 python; last updated on 2026-07-12.",
        "3 known vulnerabilities in 2 packages",
        "<b>openssl</b> 3.0.7-1 → 3.0.9-1",
        "apt-get update &#38;&#38; apt-get install --only-upgrade openssl",
        "<td>Debian 12</td><td>extended only</td>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("<img"));
    assert_eq!(page, render(&report, &sample::judgement(), &Options::default(), &Run::default()));
    let page = self::page(&Options::default());
    assert!(!page.contains("id=\"packages\""));
}
