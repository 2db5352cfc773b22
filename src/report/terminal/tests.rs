use super::super::sample;
use super::*;

fn rendered(options: &Options) -> String {
    render(&sample::report(), &sample::judgement(), options)
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    assert!(!rendered(&Options::default()).contains("not-a-real"));
    let shown = rendered(&Options { secrets: true, ..Options::default() });
    assert!(shown.contains("not-a-real-secret-access-key-but-40-long"));
}

#[test]
fn without_colours_there_is_no_escape_byte_at_all() {
    let all = Options { secrets: true, verbose: true, ..Options::default() };
    assert!(!rendered(&all).contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn with_colours_only_colours_are_added() {
    let colored = rendered(&Options { color: true, ..Options::default() });
    assert!(colored.contains("\x1b[1;97;41m CRITICAL · 3 findings \x1b[0m"));
    let mut plain = String::new();
    let mut inside = false;
    for c in colored.chars() {
        match c {
            '\x1b' => inside = true,
            'm' if inside => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    assert_eq!(
        plain
            .replace(" CRITICAL · 3 findings ", "CRITICAL · 3 findings")
            .replace(" 3 critical ,", "3 critical,"),
        rendered(&Options::default())
    );
}

#[test]
fn quiet_leaves_the_summary() {
    let quiet = rendered(&Options { quiet: true, ..Options::default() });
    assert!(!quiet.contains("/etc/shadow"));
    assert!(quiet.contains("3 critical, 1 high, 7 medium"));
    assert!(quiet.contains("partition 2 (swap): unsupported, swap space is not read (1.0 MiB)"));
    assert!(
        quiet.ends_with("FAIL: 4 findings at high or above must be gone before this image is published.\n")
    );
}

#[test]
fn verbose_shows_every_place_and_why() {
    let verbose = rendered(&Options { verbose: true, ..Options::default() });
    assert!(verbose.contains("/home/user7/.bash_history"));
    assert!(verbose.contains("Whoever starts the image has it."));
    assert!(verbose.contains("https://example.org/why"));
}

#[test]
fn the_report_reads_like_this() {
    let shown = rendered(&Options { width: 90, ..Options::default() });
    std::fs::write("/tmp/cli_shown.txt", &shown).unwrap();
    std::fs::write("/tmp/cli_color.txt", rendered(&Options { color: true, ..Options::default() })).unwrap();
}
