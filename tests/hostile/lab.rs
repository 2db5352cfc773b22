//! Small trees and images, and questions to their reports.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assay::audit::{self, Quiet, Report, Settings, Target};

use crate::oracle::run;

/// A pair of AWS keys that opens nothing.
pub(crate) const KEY: &str = "aws_access_key_id = AKIAQ3EGRT7XKZ5MPLQV\n\
                              aws_secret_access_key = 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\n";

/// A tree that becomes an image.
pub(crate) struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    /// A small Debian system without anything to find.
    pub(crate) fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        lab.file(
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
        )
        .file("etc/hostname", "victim\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        .file("etc/shadow", "root:*:19000:0:99999:7:::\n")
        .file("etc/group", "root:x:0:\n");
        fs::set_permissions(lab.tree().join("etc/shadow"), fs::Permissions::from_mode(0o640)).unwrap();
        lab
    }

    /// The root of the tree.
    pub(crate) fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    /// A place beside the tree.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file of the tree, with the directories above it.
    pub(crate) fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.tree().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The tree as an ext4 file system of 4 KiB blocks.
    pub(crate) fn ext4(&self, size: &str) -> PathBuf {
        let image = self.beside("disk.img");
        let (tree, path) = (self.tree(), image.clone());
        run(
            "mkfs.ext4",
            &["-q", "-F", "-b", "4096", "-d", tree.to_str().unwrap(), path.to_str().unwrap(), size],
        );
        image
    }

    /// The audit of the tree as it lies there.
    pub(crate) fn audit_tree(&self) -> Report {
        audit::run(&Target::Rootfs(self.tree()), &Settings::default(), &Quiet).unwrap()
    }

    /// The audit of the tree as an ext4 image of 16 MiB.
    pub(crate) fn audit(&self) -> Report {
        audit_image(&self.ext4("16M"))
    }
}

/// The audit of an image.
pub(crate) fn audit_image(image: &Path) -> Report {
    audit::run(&Target::Image(image.to_owned()), &Settings::default(), &Quiet).unwrap()
}

/// Whether `rule` was found at `path`.
pub(crate) fn found(report: &Report, rule: &str, path: &str) -> bool {
    report
        .findings
        .iter()
        .any(|finding| finding.advisory.id == rule && finding.location.path == path.as_bytes())
}

/// Whether something is said to be lost in `words`.
pub(crate) fn has_loss(report: &Report, words: &str) -> bool {
    report.losses().any(|gap| gap.reason.contains(words))
}
