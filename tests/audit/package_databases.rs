//! Package databases that rpm, SQLite and Berkeley DB themselves made: what is read of them is what rpm says.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::oracle::tools::have;
use assay::facts::Facts;
use assay::packages::Packages;
use assay_disk::budget::Budget;
use assay_disk::tree::Tree;
use tempfile::TempDir;

/// Files of every kind: `{NAME}`, `{ALGORITHM}` and `{TEXT}` are filled in.
const SPEC: &str = "\
%global _binary_filedigest_algorithm {ALGORITHM}
Name: {NAME}
Epoch: 2
Version: 1.5
Release: 3
Summary: s
License: l
%description
d
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib/{NAME}/empty %{buildroot}/etc %{buildroot}/usr/share/doc/{NAME} %{buildroot}/var/log
cd %{buildroot}
printf '{TEXT} program' > usr/bin/{NAME}; chmod 755 usr/bin/{NAME}
ln usr/bin/{NAME} usr/bin/{NAME}-hard
ln -s {NAME} usr/bin/{NAME}-link
printf '{TEXT} shared' > usr/bin/shared; chmod 755 usr/bin/shared
printf setuid > usr/bin/{NAME}-setuid; chmod 4755 usr/bin/{NAME}-setuid
: > usr/lib/{NAME}/nothing
for i in $(seq 120); do echo $i > usr/lib/{NAME}/file-with-a-long-name-$i; done
echo a > etc/{NAME}.conf; echo b > etc/{NAME}.keep; echo c > etc/{NAME}.state; echo d > etc/{NAME}.may
echo doc > usr/share/doc/{NAME}/README; echo licence > usr/share/doc/{NAME}/LICENSE
%files
/usr/bin/*
/usr/lib/{NAME}
%config /etc/{NAME}.conf
%config(noreplace) /etc/{NAME}.keep
%config(missingok) /etc/{NAME}.may
%verify(not md5 size mtime) /etc/{NAME}.state
%doc /usr/share/doc/{NAME}/README
%license /usr/share/doc/{NAME}/LICENSE
%ghost /var/log/{NAME}.log
";

/// Whether the tools are there; where `ASSAY_CI` is set they must be.
fn have_tools() -> bool {
    [("rpmbuild", "rpm"), ("rpm", "rpm"), ("db5.3_load", "db5.3-util"), ("python3", "python3")]
        .into_iter()
        .all(|(program, package)| have(program, package))
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Builds a package for a machine; MD5 is algorithm 1, SHA-256 8.
fn build(work: &Path, name: &str, machine: &str, algorithm: u32) -> PathBuf {
    let spec = SPEC.replace("{NAME}", name).replace("{ALGORITHM}", &algorithm.to_string());
    let file = work.join(format!("{name}-{machine}.spec"));
    fs::write(&file, spec.replace("{TEXT}", &format!("{name} {machine}"))).unwrap();
    let top = format!("_topdir {}", work.join("build").display());
    run(Command::new("rpmbuild").args(["-bb", "--quiet", "--target", machine, "--define", &top]).arg(&file));
    work.join(format!("build/RPMS/{machine}/{name}-1.5-3.{machine}.rpm"))
}

/// An empty system whose database is of a kind, with its folder.
fn system(work: &Path, name: &str, backend: &str) -> System {
    let root = work.join(name);
    fs::create_dir_all(root.join("var/lib/rpm")).unwrap();
    System { root, backend: backend.to_owned() }
}

struct System {
    root: PathBuf,
    backend: String,
}

impl System {
    fn database(&self, name: &str) -> PathBuf {
        self.root.join("var/lib/rpm").join(name)
    }

    fn rpm(&self) -> Command {
        let mut command = Command::new("rpm");
        let backend = format!("_db_backend {}", self.backend);
        command.arg("--dbpath").arg(self.root.join("var/lib/rpm")).args(["--define", &backend]);
        command
    }

    fn install(&self, packages: &[&PathBuf]) {
        let options = ["-i", "--justdb", "--nodeps", "--ignorearch", "--replacefiles", "--nosignature"];
        run(self.rpm().args(options).args(packages));
    }

    fn read(&self) -> (Packages, Vec<String>) {
        let fs = assay_disk::fs::host::open(&self.root, &Budget::default()).unwrap();
        let tree = Tree::of(Arc::from(fs), &Budget::default());
        let (facts, gaps) = Facts::gather(&tree);
        (facts.packages, gaps.into_iter().map(|gap| gap.reason).collect())
    }

    fn gaps(&self) -> Vec<String> {
        self.read().1
    }

    fn count(&self) -> usize {
        self.read().0.count()
    }

    /// Holds what is read against what rpm says; how many files were compared.
    fn compare(&self) -> usize {
        self.compare_with(self)
    }

    /// Holds what is read against what rpm says of a system with the same headers.
    fn compare_with(&self, said_of: &Self) -> usize {
        let (packages, gaps) = self.read();
        assert!(gaps.is_empty() && !packages.is_partial(), "{gaps:?}");
        let names = "%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE} %{ARCH}\n";
        let mut said: Vec<String> = run(said_of.rpm().args(["-qa", "--qf", names]))
            .lines()
            .map(|line| line.replace("(none):", ""))
            .collect();
        let mut read: Vec<String> = packages
            .installed()
            .iter()
            .map(|package| format!("{} {} {}", package.name, package.version, package.architecture))
            .collect();
        said.sort();
        read.sort();
        assert_eq!(read, said);
        let expected = said_of.files();
        for (path, file) in &expected {
            let bytes = path.as_bytes();
            // Packages of one transaction that both bring a file: rpm does not say whose lies there.
            if file.is_disputed {
                assert!(packages.owner(bytes).is_some(), "{path}");
                continue;
            }
            assert_eq!(packages.owner(bytes), Some(&*file.owner), "{path}");
            assert_eq!(packages.is_conffile(bytes), file.is_meant_to_change, "{path}");
            let digest = packages.recorded(bytes).map(|digest| assay_disk::text::hex(digest.bytes()));
            assert_eq!(digest.unwrap_or_default(), file.digest, "{path}");
        }
        let mut needed: Vec<&str> =
            packages.paths().map(|(path, _)| std::str::from_utf8(path).unwrap()).collect();
        needed.sort_unstable();
        needed.dedup(); // two machines' packages share files
        let said: Vec<&str> =
            expected.iter().filter(|(_, file)| file.is_needed).map(|(path, _)| path.as_str()).collect();
        assert_eq!(needed, said);
        expected.len()
    }

    /// The files by rpm's own words, without directories; of two owners the one whose file lies there.
    fn files(&self) -> BTreeMap<String, File> {
        let query = "[%{=NAME}\t%{FILENAMES}\t%{FILEMODES}\t%{FILEFLAGS}\t%{FILEVERIFYFLAGS}\t%{FILESTATES}\t\
                     %{FILEDIGESTS}\n]";
        let mut files = BTreeMap::new();
        for line in run(self.rpm().args(["-qa", "--qf", query])).lines() {
            let words: Vec<&str> = line.split('\t').collect();
            let number = |index: usize| words[index].parse::<i64>().unwrap();
            let (mode, flags, verify, state) = (number(2), number(3), number(4), number(5));
            let kind = mode & 0o170_000;
            let is_brought = flags & 64 == 0 && state == 0;
            if kind == 0o040_000 || !is_brought && files.contains_key(words[1]) {
                continue;
            }
            let has_digest = is_brought && kind == 0o100_000;
            let file = File {
                owner: words[0].to_owned(),
                digest: if has_digest { words[6].to_owned() } else { String::new() },
                is_meant_to_change: flags & 1 != 0 || verify & 1 == 0 && mode & 0o111 == 0,
                is_needed: is_brought && flags & 8 == 0,
                is_disputed: is_brought
                    && files.get(words[1]).is_some_and(|other: &File| {
                        other.is_brought && (&*other.owner, &*other.digest) != (words[0], words[6])
                    }),
                is_brought,
            };
            assert!(!has_digest || !file.digest.is_empty(), "rpm knows the digest of {line}");
            files.insert(words[1].to_owned(), file);
        }
        files
    }
}

struct File {
    owner: String,
    digest: String,
    is_meant_to_change: bool,
    is_needed: bool,
    is_brought: bool,
    is_disputed: bool,
}

/// Packages with both kinds of digests, and one of them for two machines.
fn packages(work: &Path) -> Vec<PathBuf> {
    vec![
        build(work, "alpha", "x86_64", 8),
        build(work, "beta", "x86_64", 1),
        build(work, "gamma", "x86_64", 10),
        build(work, "alpha", "i686", 8),
    ]
}

/// Installs them one after the other: the later takes the place of files of the earlier, and rpm notes it.
fn install_all(system: &System, packages: &[PathBuf]) {
    for package in packages {
        system.install(&[package]);
    }
}

#[test]
fn what_rpm_wrote_is_read_as_rpm_reads_it() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let packages = packages(work.path());
    let system = system(work.path(), "sqlite", "sqlite");
    install_all(&system, &packages);
    assert_eq!(system.count(), 4);
    assert!(system.compare() > 250);
    let (read, _) = system.read();
    let digest = |path: &[u8]| read.recorded(path).unwrap().bytes().len();
    assert_eq!(
        [digest(b"/usr/bin/beta"), digest(b"/usr/bin/alpha"), digest(b"/usr/bin/gamma")],
        [16, 32, 64]
    );
    // What was removed leaves room that is used again.
    run(system.rpm().args(["-e", "--justdb", "beta"]));
    assert_eq!(system.count(), 3);
    system.compare();
    system.install(&[&packages[1]]);
    system.compare();
}

/// The headers of an SQLite database, in hexadecimal.
fn headers(database: &Path) -> Vec<String> {
    let code = "import sqlite3,sys\nfor b, in sqlite3.connect(sys.argv[1]).execute('select blob from Packages'): print(b.hex())";
    run(Command::new("python3").args(["-c", code]).arg(database)).lines().map(str::to_owned).collect()
}

/// Makes a Berkeley DB of headers, as RPM does: keys are numbers, number 0 says the next.
fn berkeley(file: &Path, options: &str, is_big: bool, headers: &[String]) {
    let key = |number: usize| {
        let number = u32::try_from(number).unwrap();
        assay_disk::text::hex(&if is_big { number.to_be_bytes() } else { number.to_le_bytes() })
    };
    let mut dump = format!("VERSION=3\nformat=bytevalue\n{options}\nHEADER=END\n");
    let counter = (0, key(headers.len() + 1));
    let pairs = (1..).zip(headers.iter().cloned());
    for (number, value) in std::iter::once(counter).chain(pairs) {
        dump += &format!(" {}\n {value}\n", key(number));
    }
    let input = file.with_extension("dump");
    fs::write(&input, dump + "DATA=END\n").unwrap();
    run(Command::new("db5.3_load").arg("-f").arg(&input).arg(file));
    fs::remove_file(input).unwrap();
}

#[test]
fn berkeley_databases_of_every_form_are_read_as_rpm_reads_them() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let source = system(work.path(), "source", "sqlite");
    install_all(&source, &packages(work.path()));
    let headers = headers(&source.database("rpmdb.sqlite"));
    for (number, options) in
        ["type=hash", "type=hash\ndb_pagesize=65536", "type=hash\ndb_pagesize=512", "type=btree"]
            .into_iter()
            .enumerate()
    {
        for (order, is_big) in [("1234", false), ("4321", true)] {
            let system = system(work.path(), &format!("berkeley-{number}-{order}"), "bdb_ro");
            let options = format!("{options}\ndb_lorder={order}");
            berkeley(&system.database("Packages"), &options, is_big, &headers);
            assert_eq!(system.count(), 4, "{options}");
            assert_eq!(system.gaps(), [""; 0], "{options}");
            assert!(system.compare_with(&source) > 250, "{options}");
            // rpm itself reads hashes of its own machine.
            if !is_big && options.starts_with("type=hash") {
                system.compare();
            }
        }
    }
}

#[test]
fn every_lost_page_of_a_berkeley_database_is_a_gap() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let source = system(work.path(), "source", "sqlite");
    install_all(&source, &packages(work.path()));
    let system = system(work.path(), "berkeley", "bdb_ro");
    let database = system.database("Packages");
    berkeley(&database, "type=hash\ndb_pagesize=4096", false, &headers(&source.database("rpmdb.sqlite")));
    let whole = fs::read(&database).unwrap();
    let pages = whole.len() / 4096;
    for page in 0..pages {
        let mut bytes = whole.clone();
        let is_used = bytes[page * 4096 + 25] == 7 || bytes[page * 4096 + 20] > 2;
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(&database, &bytes).unwrap();
        assert!(system.read().0.is_partial() || !is_used && page > 0, "page {page}");
        fs::write(&database, &whole[..page * 4096]).unwrap();
        assert!(system.read().0.is_partial(), "cut at page {page}");
    }
}

/// Makes an NDB file of headers, as rpm's `rpmpkg.c` does; Debian's rpm is built without it.
fn ndb(file: &Path, headers: &[String]) {
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let head = [b"RpmP".as_slice(), &word(0), &word(7), &word(1), &word(headers.len() + 1)].concat();
    let mut slots = head;
    slots.resize(32, 0);
    let mut blobs = Vec::new();
    for (number, header) in (1..).zip(headers) {
        let bytes: Vec<u8> = (0..header.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(header.get(at..at + 2).unwrap(), 16).unwrap())
            .collect();
        let mut blob = [b"BlbS".as_slice(), &word(number), &word(7), &word(bytes.len()), &bytes].concat();
        blob.resize((blob.len() + 12).next_multiple_of(16) - 12, 0);
        let sum = blob.iter().fold((1_u32, 0_u32), |(low, high), &byte| {
            let low = (low + u32::from(byte)) % 65_521;
            (low, (high + low) % 65_521)
        });
        blob.extend([&(sum.1 << 16 | sum.0).to_le_bytes(), &word(bytes.len()), b"BlbE".as_slice()].concat());
        let place = [(4096 + blobs.len()) / 16, blob.len() / 16];
        slots.extend([b"Slot".as_slice(), &word(number), &word(place[0]), &word(place[1])].concat());
        blobs.extend(blob);
    }
    while slots.len() < 4096 {
        slots.extend(b"Slot\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    fs::write(file, [slots, blobs].concat()).unwrap();
}

#[test]
fn ndb_is_read_whole_and_every_changed_blob_and_slot_is_a_gap() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let source = system(work.path(), "source", "sqlite");
    install_all(&source, &packages(work.path()));
    let system = system(work.path(), "ndb", "none");
    let database = system.database("Packages.db");
    ndb(&database, &headers(&source.database("rpmdb.sqlite")));
    assert_eq!(system.count(), 4);
    assert!(system.compare_with(&source) > 250);
    let whole = fs::read(&database).unwrap();
    for at in (4096..whole.len()).step_by(997).chain(32..48).chain([0, 4, 12]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&database, &bytes).unwrap();
        assert!(system.read().0.is_partial(), "byte {at}");
    }
}

/// Copies a database while another connection reads it, so that what rpm installs after `before` stays in the log;
/// `after` is run then.
const HELD: &str = "
import sqlite3, subprocess, sys, shutil
database, out, after, *command = sys.argv[1:]
held = sqlite3.connect(database, isolation_level=None)
held.execute('begin'); held.execute('select count(*) from Packages').fetchone()
subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
held.execute('commit')
if after == 'restart':
    held.execute('pragma wal_checkpoint(passive)')
    held.execute('update sqlite_sequence set seq = seq + 1')
for end in ['', '-wal']:
    shutil.copy(database + end, out + end)
";

/// A system with a package in the database and two in its log, as they are while rpm's database is open.
fn logged(work: &Path, packages: &[PathBuf], after: &str) -> System {
    let source = system(work, &format!("{after}-source"), "sqlite");
    source.install(&[&packages[0]]);
    let held = system(work, after, "sqlite");
    let mut install = source.rpm();
    install.args(["-i", "--justdb", "--nodeps", "--replacefiles", "--nosignature"]).args(&packages[1..]);
    let words = std::iter::once(install.get_program()).chain(install.get_args());
    run(Command::new("python3")
        .args(["-c", HELD])
        .arg(source.database("rpmdb.sqlite"))
        .arg(held.database("rpmdb.sqlite"))
        .arg(after)
        .args(words));
    held
}

/// How many packages SQLite sees, on a copy: it changes what it opens.
fn sqlite_count(system: &System, work: &Path) -> usize {
    let copy = work.join("copy.sqlite");
    for end in ["", "-wal", "-shm"] {
        let to = work.join(format!("copy.sqlite{end}"));
        let _ = fs::remove_file(&to);
        let _ = fs::copy(system.database(&format!("rpmdb.sqlite{end}")), to);
    }
    let code = "import sqlite3,sys\nprint(*sqlite3.connect(sys.argv[1]).execute('select count(*) from Packages').fetchone())";
    run(Command::new("python3").args(["-c", code]).arg(copy)).trim().parse().unwrap()
}

#[test]
fn what_a_log_has_committed_counts_and_nothing_else() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let packages = ["alpha", "beta", "gamma"].map(|name| build(work.path(), name, "x86_64", 8));
    let system = logged(work.path(), &packages, "open");
    let log = system.database("rpmdb.sqlite-wal");
    let whole = fs::read(&log).unwrap();
    assert_eq!((system.count(), sqlite_count(&system, work.path())), (3, 3));
    let gaps = system.gaps();
    assert_eq!(gaps, [""; 0]);
    fs::write(&log, b"").unwrap();
    assert_eq!((system.count(), system.gaps().len()), (1, 0));
    let frames = (whole.len() - 32) / 4120;
    let is_commit = |frame: usize| frame == 0 || whole[32 + (frame - 1) * 4120 + 4..][..4] != [0; 4];
    let mut counts = Vec::new();
    for frame in 0..=frames {
        let end = 32 + frame * 4120;
        fs::write(&log, &whole[..end]).unwrap();
        let (read, gaps) = system.read();
        counts.push(read.count());
        assert_eq!(read.count(), sqlite_count(&system, work.path()), "frame {frame}");
        assert_eq!(gaps.is_empty(), is_commit(frame), "frame {frame}: {gaps:?}");
        if frame < frames {
            let mut bytes = whole.clone();
            bytes[end + 2000] ^= 1;
            fs::write(&log, &bytes).unwrap();
            let (read, gaps) = system.read();
            assert_eq!((read.count(), gaps.len()), (sqlite_count(&system, work.path()), 1), "frame {frame}");
            fs::write(&log, &whole[..end + 4000]).unwrap();
            assert_eq!(system.gaps().len(), 1, "cut in frame {frame}");
        }
    }
    counts.dedup();
    assert_eq!(counts, [1, 2, 3]);
    let mut bytes = whole.clone();
    bytes[25] ^= 1; // the checksum of the log's header
    fs::write(&log, &bytes).unwrap();
    assert_eq!((system.count(), system.gaps().len()), (1, 1));
}

#[test]
fn frames_of_an_older_generation_of_the_log_end_it() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let packages = ["alpha", "beta", "gamma"].map(|name| build(work.path(), name, "x86_64", 8));
    let system = logged(work.path(), &packages, "restart");
    let log = fs::read(system.database("rpmdb.sqlite-wal")).unwrap();
    let salts: Vec<&[u8]> = log[32..].chunks_exact(4120).map(|frame| &frame[8..16]).collect();
    assert!(salts.first() != salts.last(), "the log was begun anew");
    assert_eq!(system.gaps(), [""; 0]);
    assert_eq!((system.count(), sqlite_count(&system, work.path())), (3, 3));
    system.compare();
}

/// A header as RPM 3 made them: whole paths, MD5, no region.
fn old_header() -> String {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    let tags: [(u32, u32, u32, Vec<u8>); 12] = [
        (1000, 6, 1, b"ancient\0".to_vec()),
        (1001, 6, 1, b"1\0".to_vec()),
        (1002, 6, 1, b"2\0".to_vec()),
        (1022, 6, 1, b"i386\0".to_vec()),
        (1027, 8, 3, b"/bin/old\0/etc/old.conf\0/usr/old\0".to_vec()),
        (1028, 4, 3, [0_u32; 3].map(u32::to_be_bytes).concat()),
        (1029, 1, 3, vec![0; 3]),
        (1030, 3, 3, [0o100_755_u16, 0o100_644, 0o040_755].map(u16::to_be_bytes).concat()),
        (1035, 8, 3, format!("{md5}\0{md5}\0\0").into_bytes()),
        (1036, 8, 3, b"\0\0\0".to_vec()),
        (1037, 4, 3, [0_u32, 1, 0].map(u32::to_be_bytes).concat()),
        (1045, 4, 3, [u32::MAX; 3].map(u32::to_be_bytes).concat()),
    ];
    let (mut index, mut values) = (Vec::new(), Vec::new());
    for (tag, kind, count, bytes) in &tags {
        let width = match kind {
            3 => 2,
            4 => 4,
            _ => 1,
        };
        values.resize(values.len().next_multiple_of(width), 0);
        for number in [*tag, *kind, u32::try_from(values.len()).unwrap(), *count] {
            index.extend(number.to_be_bytes());
        }
        values.extend(bytes);
    }
    let counts = [tags.len(), values.len()].map(|n| u32::try_from(n).unwrap().to_be_bytes());
    assay_disk::text::hex(&[counts.concat(), index, values].concat())
}

#[test]
fn the_whole_paths_of_rpm_3_are_read_as_rpm_reads_them() {
    if !have_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let system = system(work.path(), "old", "bdb_ro");
    berkeley(&system.database("Packages"), "type=hash", false, &[old_header()]);
    let (packages, gaps) = system.read();
    assert_eq!((gaps.len(), packages.owner(b"/bin/old")), (0, Some("ancient")));
    assert!(packages.recorded(b"/bin/old").unwrap().is_of(b"") && packages.is_conffile(b"/etc/old.conf"));
    let said = run(system.rpm().args(["-qa", "--qf", "%{NAME} %{ARCH}[ %{OLDFILENAMES} %{FILEDIGESTS}]\n"]));
    assert!(said.starts_with("ancient i386 /bin/old d41d8cd9"), "{said}");
}
