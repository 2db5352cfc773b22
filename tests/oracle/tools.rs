//! Tools of the host that write images, and what may be missing of them.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::skipped::skip;

const PATH: &str = "/usr/sbin:/sbin:/usr/bin:/bin";

/// Whether `program` of the Debian package `package` is there. A test without it is skipped, and says so;
/// where `ASSAY_CI` is set it fails.
pub fn have(program: &str, package: &str) -> bool {
    let found = PATH.split(':').any(|dir| Path::new(dir).join(program).exists());
    if !found {
        skip(program, package);
    }
    found
}

/// Runs a tool, in UTC, and returns what it printed; a failing one is a failed test.
pub fn tool(program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).env("PATH", PATH).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
    let output = command.env("MTOOLS_SKIP_CHECK", "1").output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Numbers that look random, the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// The prototype from which mkfs.xfs makes the tree at `root`; no name in it may hold white space.
pub fn prototype(root: &Path) -> Vec<u8> {
    let mut proto = b"/\n0 0\n".to_vec();
    describe(root, b"", &mut proto);
    proto.push(b'\n');
    proto
}

/// The lines of a prototype for the entry at `path`, called `name`.
fn describe(path: &Path, name: &[u8], proto: &mut Vec<u8>) {
    let data = path.symlink_metadata().unwrap();
    let kind = if data.is_dir() {
        'd'
    } else if data.is_symlink() {
        'l'
    } else {
        '-'
    };
    proto.extend(name);
    let line = format!(" {kind}--{:03o} {} {} ", data.mode() & 0o777, data.uid(), data.gid());
    proto.extend(line.as_bytes());
    if data.is_dir() {
        proto.push(b'\n');
        for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
            describe(&entry.path(), entry.file_name().as_bytes(), proto);
        }
        proto.push(b'$');
    } else if data.is_symlink() {
        proto.extend(fs::read_link(path).unwrap().as_os_str().as_bytes());
    } else {
        proto.extend(path.as_os_str().as_bytes());
    }
    proto.push(b'\n');
}
