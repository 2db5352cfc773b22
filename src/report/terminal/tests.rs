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
    assert!(!quiet.contains("/etc/shadow") && !quiet.contains("\nNext\n"));
    assert!(rendered(&Options::default()).contains("\nNext\n  assay rules show RULE "));
    assert!(quiet.contains("3 critical, 1 high, 7 medium"));
    assert!(
        quiet.contains("Of 8.0 MiB: 2.0 MiB file content searched · 5.0 MiB free (not searched) · 1.0 MiB")
    );
    assert!(quiet.contains("it adds up"));
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
    assert_eq!(shown, EXPECTED);
}

const EXPECTED: &str = r"assay 0.1.0 · disk.img · 8.0 MiB · GPT · Debian GNU/Linux 12 (bookworm)

CRITICAL · 3 findings

  Credentials
    AWS secret access key  [aws-secret-access-key]
      /srv/\u{1b}[2J\xff.env:3
        not-… (40 bytes)
        also /srv/copy.env:9
      /srv/a\\b/größe.env:12
        not-… (40 bytes) · medium confidence
      → Delete the key in IAM, bake the image without it, and use an instance profile. A
        key that was in a published image must be taken as known to everybody.

  Accounts and passwords
    root can log in with a password  [shadow-root-password]
      /etc/shadow:1
        root · algorithm sha512crypt
      → Lock it: passwd -l root.

HIGH · 1 finding

  SSH host keys
    SSH host private key  [ssh-host-key]
      /etc/ssh/ssh_host_ed25519_key
        key ssh-ed25519 256 · SHA256:abc
      → Delete /etc/ssh/ssh_host_* before imaging.

MEDIUM · 7 findings

  Shell history
    Shell history  [shell-history]
      /home/user1/.bash_history
      /home/user2/.bash_history
      /home/user3/.bash_history
      /home/user4/.bash_history
      /home/user5/.bash_history
      … and 2 more (--verbose shows all)
      → Remove it.

Looked at
  partition 1  ext4 root  /  6.0 MiB  41 entries
  partition 2  swap       -  1.0 MiB  not read
  28 files, all read; 34.1 KiB searched; 3 members of archives (12.0 KiB)
  Of 8.0 MiB: 2.0 MiB file content searched · 5.0 MiB free (not searched) · 1.0 MiB in
    volumes not read; it adds up

Not looked at: 1 gap
  partition 2 (swap): unsupported, swap space is not read (1.0 MiB)

Notes
  partition 1 (ext4 root): the journal was replayed

Next
  assay rules show RULE        why it matters; RULE stands in [brackets] above
  assay fix IMAGE -o clean.sh  a script to clean its machine with; read it first

3 critical, 1 high, 7 medium
FAIL: 4 findings at high or above must be gone before this image is published.
";
