use crate::finding::FactKey;
use comrak::{Options as Reader, markdown_to_html};

use super::super::sample;
use super::*;

/// As GitHub reads it, with nothing left out.
fn html(markdown: &str) -> String {
    let mut reader = Reader::default();
    reader.extension.table = true;
    reader.extension.autolink = true;
    reader.extension.strikethrough = true;
    reader.extension.tasklist = true;
    reader.extension.footnotes = true;
    reader.render.r#unsafe = true;
    markdown_to_html(markdown, &reader)
}

const HOSTILE: [&str; 16] = [
    "[click](https://evil.example)",
    "![x](https://evil.example/pixel.png)",
    "| cell | cell |",
    "a|b\\|c",
    "@everyone #1 evil/repo#2",
    "https://evil.example/ www.evil.example mail@evil.example",
    "<script>alert(1)</script>",
    "</code></td></tr></table><h1>PASS</h1>",
    "`` ` `` ` code",
    "<!-- hidden",
    "&lt;script&gt; &#124; &amp;",
    "**bold** _it_ ~~no~~ [^1]",
    "line\nbreak\r\n\r\n# heading",
    "\u{202e}reversed\u{200b}",
    "<https://evil.example>",
    "- [ ] task",
];

fn hostile(text: &str) -> Report {
    let mut report = sample::report();
    let finding = &mut report.findings[0];
    finding.location.path = text.as_bytes().to_vec();
    finding.subject = Some(text.to_owned());
    finding.evidence.facts.push((FactKey::Line, text.to_owned()));
    report.gaps[0].reason = text.to_owned();
    report.gaps[0].location.path = text.as_bytes().to_vec();
    report.system = Some(text.to_owned());
    report.subject.name = text.to_owned();
    report
}

#[test]
fn nothing_of_the_image_is_read_as_markup() {
    let tags = |html: &str| {
        let names = html.split('<').skip(1).filter_map(|tag| tag.split(['>', ' ']).next().map(str::to_owned));
        names.filter(|name| name != "!--").collect::<Vec<_>>()
    };
    let plain = html(&render(&hostile("plain"), &sample::judgement(), &Options::default()));
    assert!(plain.contains("<td>") && plain.contains("<code>plain</code>"), "{plain}");
    for text in HOSTILE {
        let shown = html(&render(&hostile(text), &sample::judgement(), &Options::default()));
        assert_eq!(tags(&shown), tags(&plain), "{text}\n{shown}");
        assert!(!shown.contains("<a ") && !shown.contains("<img"), "{text}");
    }
}

#[test]
fn mentions_are_only_in_code() {
    let shown = html(&render(&hostile("@octocat"), &sample::judgement(), &Options::default()));
    let outside: String = shown
        .split("<code>")
        .enumerate()
        .map(|(index, part)| match part.split_once("</code>") {
            Some((_, after)) if index > 0 => after,
            _ => part,
        })
        .collect();
    assert!(shown.contains("@octocat") && !outside.contains('@'), "{outside}");
}

#[test]
fn the_verdict_is_first_and_everything_has_its_place() {
    let text = render(&sample::report(), &sample::judgement(), &Options::default());
    assert!(text.starts_with("## ❌ FAIL"), "{text}");
    let shown = html(&text);
    for part in [
        "<td>critical</td>\n<td align=\"right\">3</td>",
        "/etc/shadow:1",
        "Not looked at: 1",
        "Lock it: passwd -l",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn it_has_room_for_a_step_summary_whatever_was_found() {
    let mut report = hostile(&"@|<".repeat(3000));
    let finding = report.findings[0].clone();
    report.findings.extend(std::iter::repeat_n(finding, 20_000));
    let gap = report.gaps[0].clone();
    report.gaps.extend(std::iter::repeat_n(gap, 20_000));
    let all = Options { secrets: true, ..Options::default() };
    let text = render(&report, &sample::judgement(), &all);
    assert!(text.len() < 1 << 20, "{}", text.len());
    assert!(text.contains("more findings, which had no room here"));
}

#[test]
fn vulnerable_packages_stand_by_package_with_what_mends_them_and_are_escaped() {
    let report = super::super::software::tests::report();
    let page = html(&render(&report, &sample::judgement(), &Options::default()));
    for text in [
        "<h3>Packages</h3>",
        "3 known vulnerabilities in 2 packages",
        "<code>openssl</code> <code>3.0.7-1 → 3.0.9-1</code>",
        "<code>CVE-2026-1, CVE-2026-2</code>",
        "apt-get install --only-upgrade openssl",
        "<td>Debian 12</td>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<img"));
}
