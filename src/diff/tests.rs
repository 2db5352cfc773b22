use std::sync::Arc;

use super::files::{Because, Depth, Tally, What};
use super::inventory::Kind;
use super::*;
use crate::audit::{Audited, Quiet, Report, Seal, assemble_inventory};
use crate::detect::Signatures;
use crate::facts::Facts;
use crate::finding::{Gap, Location, Loss};
use assay_disk::budget::Budget;
use assay_disk::fs::memory::Memory;
use assay_disk::tree::Tree;

fn audited(memory: Memory, gaps: Vec<Gap>) -> Audited {
    let tree = Tree::of(Arc::new(memory), &Budget::default());
    let (facts, _) = Facts::gather(&tree);
    let seal = Seal::new(&[], Arc::new(Signatures::embedded().unwrap()));
    let packages = assemble_inventory(&tree, &facts, Vec::new());
    Audited { report: Report { gaps, packages, ..Report::default() }, tree, facts, seal }
}

fn compared(old: &Audited, new: &Audited, depth: Depth) -> Difference {
    let (before, after) = (Summary::of(old), Summary::of(new));
    let files = files::compare(
        files::Image { tree: &old.tree, facts: &old.facts, coverage: &before.coverage },
        files::Image { tree: &new.tree, facts: &new.facts, coverage: &after.coverage },
        depth,
        2,
        &Quiet,
    );
    compare(&before, &after, Some(files))
}

fn between(old: Memory, new: Memory) -> Difference {
    compared(&audited(old, vec![]), &audited(new, vec![]), Depth::Content)
}

fn gap(path: &str, loss: Loss) -> Gap {
    let location = Location { path: path.into(), ..Location::default() };
    Gap { location, kind: GapKind::Encrypted, loss, bytes: None, reason: "why".to_owned() }
}

/// The changes of one kind, a line each.
fn told(difference: &Difference, kind: Kind) -> Vec<String> {
    let section = difference.sections.iter().find(|section| section.kind == kind).unwrap();
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let fields = |item: &inventory::Item| {
        let fields: Vec<&str> = item.fields.iter().map(|field| field.shown.as_str()).collect();
        format!("{} {}", name(&item.name), fields.join(","))
    };
    let changed = section.changed.iter().map(|change| {
        let of = |(field, old, new): &(&str, Option<String>, Option<String>)| {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            format!(" {field} {}>{}", value(old), value(new))
        };
        let way = change.direction.map_or("", Direction::name);
        format!("~{}{}{way}", name(&change.name), change.fields.iter().map(of).collect::<String>())
    });
    let added = section.added.iter().map(|item| format!("+{}", fields(item)));
    let removed = section.removed.iter().map(|item| format!("-{}", fields(item)));
    added.chain(changed).chain(removed).collect()
}

#[test]
fn packages_come_go_and_change_their_versions() {
    let status = |stanzas: &[(&str, &str)]| {
        let stanza = |(name, version): &(&str, &str)| {
            format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
            )
        };
        Memory::new().file("/var/lib/dpkg/status", stanzas.iter().map(stanza).collect::<String>())
    };
    let old = status(&[("same", "1"), ("up", "1.9"), ("down", "2"), ("gone", "1")]);
    let new = status(&[("same", "1"), ("up", "1.10"), ("down", "2~rc1"), ("new", "1")]);
    let difference = between(old, new);
    assert_eq!(
        told(&difference, Kind::Packages),
        ["+new 1,amd64", "~down version 2>2~rc1downgraded", "~up version 1.9>1.10upgraded", "-gone 1,amd64"]
    );
    assert_eq!(difference.sections[1].same, 1);
}

#[test]
fn accounts_differ_in_every_field_and_hashes_stay_hidden() {
    let old = Memory::new()
        .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\na:x:1000:1000::/home/a:/bin/sh\ngone:x:9:9::/:/\n")
        .file("/etc/shadow", "root:!:1::::::\na:$6$one$HASHHASH:1::::::\ngone:*:1::::::\n")
        .file("/etc/group", "sudo:x:27:\n");
    let new = Memory::new()
        .file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/bash\na:x:1000:1000::/srv:/bin/bash\nevil::0:0::/:/bin/sh\n",
        )
        .file("/etc/shadow", "root:*:1::::::\na:$6$two$OTHERHASH:1::::::\n")
        .file("/etc/group", "sudo:x:27:a\n");
    let difference = between(old, new);
    assert_eq!(
        told(&difference, Kind::Accounts),
        [
            "+evil 0,0,/,/bin/sh,none: no password is asked for",
            "~a home /home/a>/srv shell /bin/sh>/bin/bash password set>set (another) groups ->sudo",
            "-gone 9,9,/,/,locked"
        ]
    );
    assert_eq!(told(&difference, Kind::Groups), ["~sudo members >a"]);
    assert!(!format!("{difference:?}").contains("HASH"));
}

#[test]
fn a_second_line_of_one_name_is_seen() {
    let line = "root:x:0:0::/root:/bin/bash\n";
    let old = Memory::new().file("/etc/passwd", line);
    let new = Memory::new().file("/etc/passwd", format!("{line}root::0:0::/tmp:/bin/sh\n"));
    let told = told(&between(old, new), Kind::Accounts);
    assert_eq!(told, ["+root (line 2 of it) 0,0,/tmp,/bin/sh,none: no password is asked for"]);
}

#[test]
fn units_are_enabled_masked_and_redefined() {
    let unit = "/usr/lib/systemd/system";
    let base = || {
        Memory::new()
            .file(&format!("{unit}/a.service"), "[Service]\nExecStart=/a\n")
            .file(&format!("{unit}/b.service"), "[Service]\n")
            .file(&format!("{unit}/c.service"), "[Service]\n")
    };
    let new = base()
        .link("/etc/systemd/system/multi-user.target.wants/a.service", "/usr/lib/systemd/system/a.service")
        .link("/etc/systemd/system/b.service", "/dev/null")
        .file("/etc/systemd/system/c.service.d/x.conf", "[Service]\nExecStartPre=/x\n")
        .file("/etc/systemd/system/new.timer", "[Timer]\n")
        .file("/etc/cron.d/job", "# no\n* * * * * root /x\n")
        .file("/etc/init.d/old", "#!/bin/sh\n")
        .link("/etc/rc3.d/S01old", "../init.d/old");
    let difference = between(base(), new);
    let services = told(&difference, Kind::Services);
    assert!(services.contains(&"+init.d/old enabled,/etc/init.d/old,3".to_owned()), "{services:?}");
    assert!(
        services.contains(
            &"~a.service state not started by itself>enabled started by ->multi-user.target".to_owned()
        ),
        "{services:?}"
    );
    assert!(services.iter().any(|line| line.starts_with("~b.service state not started by itself>masked")));
    assert!(services.iter().any(|line| line.starts_with("~c.service definition") && line.contains("x.conf")));
    assert_eq!(
        told(&difference, Kind::Schedule),
        ["+/etc/cron.d/job 1 line", "+new.timer not started by itself,/etc/systemd/system/new.timer"]
    );
}

#[test]
fn units_below_lib_are_seen_whether_it_is_a_directory_or_a_link() {
    let apart = |text: &str| Memory::new().file("/lib/systemd/system/a.service", text);
    let services = told(&between(apart("[Service]\n"), apart("[Service]\nExecStart=/x\n")), Kind::Services);
    assert!(services.iter().any(|line| line.starts_with("~a.service definition")), "{services:?}");
    let merged = || {
        Memory::new()
            .file("/usr/lib/systemd/system/a.service", "[Service]\n")
            .file("/usr/lib/systemd/system/a.service.d/x.conf", "[Service]\n")
    };
    let linked = merged().link("/lib", "usr/lib");
    assert_eq!(told(&between(merged(), linked), Kind::Services), Vec::<String>::new());
}

#[test]
fn rights_options_and_kernels_are_told() {
    let old = Memory::new()
        .file("/usr/bin/su", "su")
        .with(|metadata| metadata.mode = 0o4755)
        .file("/usr/bin/wall", "wall")
        .with(|metadata| metadata.mode = 0o2755)
        .file("/etc/ssh/sshd_config", "PermitRootLogin no\nPermitRootLogin yes\nAllowUsers a\nAllowUsers b\n")
        .file("/boot/vmlinuz-6.1.0-1", "")
        .file("/etc/os-release", "ID=debian\nVERSION_ID=12\n");
    let new = Memory::new()
        .file("/usr/bin/su", "su")
        .with(|metadata| metadata.mode = 0o755)
        .file("/usr/bin/wall", "wall")
        .with(|metadata| metadata.mode = 0o6755)
        .file("/opt/door", "x")
        .with(|metadata| metadata.mode = 0o4755)
        .file("/etc/ssh/sshd_config", "PermitRootLogin yes\nAllowUsers a\nAllowUsers c\n")
        .file("/boot/vmlinuz-6.1.0-2", "")
        .file("/etc/os-release", "ID=debian\nVERSION_ID=13\n");
    let difference = between(old, new);
    assert_eq!(
        told(&difference, Kind::Rights),
        ["+/opt/door 4755,0:0", "~/usr/bin/wall mode 2755>6755", "-/usr/bin/su 4755,0:0"]
    );
    assert_eq!(
        told(&difference, Kind::Sshd),
        ["~allowusers value a, b>a, c", "~permitrootlogin value no>yes"]
    );
    assert_eq!(
        told(&difference, Kind::System),
        ["+kernel 6.1.0-2 ", "~release version 12>13", "-kernel 6.1.0-1 "]
    );
}

fn tree() -> Memory {
    Memory::new()
        .file(
            "/var/lib/dpkg/status",
            "Package: p\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n",
        )
        .file("/var/lib/dpkg/info/p.list", "/.\n/usr/bin/owned\n/etc/owned.conf\n")
        .file("/usr/bin/owned", "aaaa")
        .with(|metadata| metadata.mode = 0o755)
        .file("/etc/owned.conf", "one")
        .file("/usr/share/doc/x", "doc")
        .link("/etc/alternative", "/bin/a")
}

#[test]
fn equal_trees_have_no_difference() {
    let difference = between(tree(), tree());
    let files = difference.files.unwrap();
    assert_eq!(
        (files.files, files.directories, files.notable.len()),
        (Tally::default(), Tally::default(), 0)
    );
    assert!(files.same > 10 && files.bytes_compared > 0);
    assert!(difference.sections.iter().all(Section::is_empty));
}

#[test]
fn files_are_compared_by_their_bytes_whatever_their_time_says() {
    let edit = |memory: Memory| {
        memory
            .file("/usr/local/bin/tool", "#!/bin/sh\n")
            .with(|metadata| metadata.mode = 0o755)
            .file("/etc/cron.d/x", "x")
            .file("/usr/share/doc/y", "doc")
    };
    let old = tree();
    let new = Memory::new()
        .file(
            "/var/lib/dpkg/status",
            "Package: p\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n",
        )
        .file("/var/lib/dpkg/info/p.list", "/.\n/usr/bin/owned\n/etc/owned.conf\n")
        .file("/usr/bin/owned", "aaab")
        .with(|metadata| metadata.mode = 0o755)
        .file("/etc/owned.conf", "one")
        .with(|metadata| metadata.mode = 0o600)
        .link("/etc/alternative", "/bin/b");
    let (old, new) = (audited(old, vec![]), audited(edit(new), vec![]));
    let files = compared(&old, &new, Depth::Content).files.unwrap();
    assert_eq!(files.files, Tally { added: 3, removed: 1, changed: 3 });
    let notable: Vec<(String, What, &[&str], Because)> = files
        .notable
        .iter()
        .map(|c| (String::from_utf8_lossy(&c.path).into_owned(), c.what, c.how.as_slice(), c.because))
        .collect();
    assert_eq!(
        notable,
        [
            ("/etc/owned.conf".to_owned(), What::Changed, ["mode"].as_slice(), Because::SamePackage),
            ("/usr/bin/owned".to_owned(), What::Changed, ["content"].as_slice(), Because::SamePackage),
            ("/usr/local/bin/tool".to_owned(), What::Added, &[], Because::Program),
            ("/etc/alternative".to_owned(), What::Changed, ["target"].as_slice(), Because::Configuration),
            ("/etc/cron.d/x".to_owned(), What::Added, &[], Because::Configuration),
        ]
    );
    let folders: Vec<&[u8]> = files.folders.iter().map(|(path, ..)| path.as_slice()).collect();
    assert_eq!(folders, [b"/etc/cron.d".as_slice(), b"/usr/local", b"/usr/local/bin"]);
    let doc = files.by_directory.iter().find(|(path, _)| path == b"/usr/share").unwrap().1;
    assert_eq!(doc, Tally { added: 1, removed: 1, changed: 0 });
    let of_p = files.by_package.iter().find(|(name, _)| name == "p").unwrap().1;
    assert_eq!(of_p, Tally { added: 0, removed: 0, changed: 2 });
    // The times are equal, so quick does not see the changed program.
    let quick = compared(&old, &new, Depth::Quick);
    assert_eq!(quick.files.unwrap().files.changed, 2);
    assert!(quick.limits.iter().any(|limit| limit.contains("--quick")));
}

#[test]
fn what_the_other_side_could_not_read_is_neither_new_nor_gone() {
    let old = || Memory::new().file("/srv/a", "a").file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    let gaps = || vec![gap("/srv", Loss::Directory), gap("/etc/passwd", Loss::File)];
    let blind = compared(&audited(old(), vec![]), &audited(Memory::new(), gaps()), Depth::Content);
    let files = blind.files.as_ref().unwrap();
    // The directories /srv and /etc with it.
    assert_eq!((files.files, files.unknown), (Tally::default(), 3));
    assert!(told(&blind, Kind::Accounts).is_empty());
    let accounts = blind.sections.iter().find(|section| section.kind == Kind::Accounts).unwrap();
    assert_eq!(accounts.unknown, [(Side::New, "/etc/passwd: why".to_owned())]);
    let seen = compared(&audited(old(), vec![]), &audited(Memory::new(), vec![]), Depth::Content);
    assert_eq!(seen.files.unwrap().files.removed, 2);
}

#[test]
fn a_gap_in_a_file_that_is_the_same_hides_nothing_new() {
    let side =
        |content: &str| audited(Memory::new().file("/x.zip", content), vec![gap("/x.zip!/in", Loss::Part)]);
    let same = compared(&side("zip"), &side("zip"), Depth::Content);
    assert_eq!((same.hiding(&[]), same.unread.len()), (0, 2));
    let other = compared(&side("zip"), &side("zap"), Depth::Content);
    assert_eq!((other.hiding(&[]), other.hiding(&[GapKind::Encrypted])), (1, 0));
    // A file that was not read is not known to be the same.
    assert_eq!(compared(&side("zip"), &side("zip"), Depth::Quick).hiding(&[]), 1);
}

#[test]
fn identity_in_both_is_told_and_that_of_one_is_not() {
    let side = |id: &str| {
        Memory::new()
            .file("/etc/machine-id", id)
            .file("/var/lib/systemd/random-seed", "seed")
            .file("/etc/hostid", id)
            .file("/etc/nvme/hostid", "\n")
    };
    let shared = |old, new| -> Vec<&'static str> {
        between(side(old), side(new)).shared.iter().map(|shared| shared.what).collect()
    };
    assert_eq!(shared("0123456789abcdef", "0123456789abcdef"), ["host id", "machine-id", "random seed"]);
    assert_eq!(shared("0123456789abcdef", "fedcba9876543210"), ["random seed"]);
    assert_eq!(shared("uninitialized", "uninitialized"), ["random seed"]);
    let shown = between(side("0123456789abcdef"), side("0123456789abcdef")).shared[1].shown.clone();
    assert_eq!(shown.as_deref(), Some("01234567…"));
}

#[test]
fn what_is_over_a_limit_is_counted_and_told() {
    let many: String = (0..50_010).map(|n| format!("u{n}:x:{n}:{n}::/:/\n")).collect();
    let new = Memory::new().file("/etc/passwd", many);
    let difference = between(Memory::new(), new);
    assert_eq!(told(&difference, Kind::Accounts).len(), 50_000);
    assert!(
        difference.limits.iter().any(|limit| limit.contains("10 of the accounts")),
        "{:?}",
        difference.limits
    );
}
