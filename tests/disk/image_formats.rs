//! One disk in every format that qemu-img and the packers write: all bytes must come back, holes must stay
//! holes, and damage must be an error.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a panic here is a failed test"
)]

use crate::oracle::skipped::skip;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::oracle::pattern;
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::{Source, read_vec};
use assay_disk::image::{self, Image, ImageError, Options};

/// Length of the disk: many clusters, and no whole number of large ones.
const LEN: u64 = (24 << 20) + 512 * 3;

/// Runs a tool; `false` where it is not installed, which only the build machine may not accept.
fn tool(package: &str, program: &str, args: &[&str]) -> bool {
    let path = format!("/usr/sbin:/sbin:{}", std::env::var("PATH").unwrap_or_default());
    match Command::new(program).args(args).env("PATH", path).output() {
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {args:?}: {error}");
            true
        }
        Err(_) => {
            skip(program, package);
            false
        }
    }
}

fn qemu(args: &[&str]) -> bool {
    tool("qemu-utils", "qemu-img", args)
}

/// A folder with the raw disk: random, repeated and zero bytes, and long holes.
struct Lab {
    dir: tempfile::TempDir,
    raw: Vec<u8>,
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = fs::File::create(dir.path().join("disk.raw")).unwrap();
        file.set_len(LEN).unwrap();
        file.write_all_at(&pattern(700_001), 512).unwrap();
        file.write_all_at(&[b'r'; 900_000], 3 << 20).unwrap();
        file.write_all_at(&pattern(70_000), (9 << 20) + 4096 * 5 + 512).unwrap();
        file.write_all_at(&[0; 300_000], 12 << 20).unwrap();
        file.write_all_at(&pattern(100_000), LEN - 100_000).unwrap();
        let raw = fs::read(dir.path().join("disk.raw")).unwrap();
        Self { dir, raw }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn arg(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Converts the disk; `false` where the tool is missing.
    fn convert(&self, name: &str, args: &[&str]) -> bool {
        let (from, to) = (self.arg("disk.raw"), self.arg(name));
        let mut all = vec!["convert", "-f", "raw"];
        all.extend(args);
        all.extend([from.as_str(), to.as_str()]);
        qemu(&all)
    }

    /// Holds that the image has all bytes of the disk, and zeros behind them.
    fn same(&self, name: &str, format: &str) {
        let image = open(&self.path(name)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(image.format, format, "{name}");
        assert!(image.size >= LEN, "{name}: {}", image.size);
        let found = content(&image);
        assert!(found.get(..self.raw.len()) == Some(&*self.raw), "{name}: other bytes");
        assert!(found.iter().skip(self.raw.len()).all(|&byte| byte == 0), "{name}: bytes behind the end");
    }
}

fn open(path: &Path) -> Result<Image, ImageError> {
    let temporary = std::env::temp_dir();
    image::open(
        path,
        &Options { outside_files: false, temporary, ..Options::default() },
        &Budget::default(),
        &|_| {},
    )
}

/// Everything, read in odd pieces, and once more by its data alone: what is no data must be zeros.
fn content(image: &Image) -> Vec<u8> {
    let source = &*image.source;
    let mut bytes = Vec::new();
    while let Some(left) = source.len().checked_sub(bytes.len() as u64).filter(|&left| left > 0) {
        let piece = usize::try_from(left.min(199_999)).unwrap();
        bytes.extend(read_vec(source, bytes.len() as u64, piece).unwrap());
    }
    let mut by_data = vec![0; bytes.len()];
    let mut at = 0;
    while let Some(data) = source.next_data(at).unwrap() {
        assert!(data.offset >= at && data.len > 0);
        at = data.end().unwrap();
        let range = usize::try_from(data.offset).unwrap()..usize::try_from(at).unwrap();
        by_data[range]
            .copy_from_slice(&read_vec(source, data.offset, usize::try_from(data.len).unwrap()).unwrap());
    }
    assert!(by_data == bytes, "a hole has bytes");
    bytes
}

fn data_bytes(source: &dyn Source) -> u64 {
    let (mut at, mut sum) = (0, 0);
    while let Some(data) = source.next_data(at).unwrap() {
        at = data.end().unwrap();
        sum += data.len;
    }
    sum
}

#[test]
fn qcow2_of_every_kind_is_read() {
    let lab = Lab::new();
    for (name, options) in [
        ("v2", "compat=0.10"),
        ("v3", "compat=1.1"),
        ("tiny", "cluster_size=512"),
        ("large", "cluster_size=2M"),
        ("lazy", "compat=1.1,lazy_refcounts=on"),
        ("sub", "extended_l2=on,cluster_size=128k"),
        ("ahead", "preallocation=metadata"),
        ("full", "preallocation=full,compat=0.10"),
    ] {
        if !lab.convert(name, &["-O", "qcow2", "-o", options]) {
            return;
        }
        lab.same(name, "qcow2");
    }
    for (name, options) in
        [("z", "cluster_size=64k"), ("zstd", "compression_type=zstd"), ("z2", "cluster_size=4k,compat=0.10")]
    {
        assert!(lab.convert(name, &["-c", "-O", "qcow2", "-o", options]));
        lab.same(name, "qcow2");
    }
    let image = open(&lab.path("v3")).unwrap();
    assert!(data_bytes(&*image.source) < 4 << 20, "clusters that were never written are skipped");
}

#[test]
fn qcow2_with_its_data_in_another_file_is_read() {
    let lab = Lab::new();
    let data = format!("data_file={},data_file_raw=off", lab.arg("data.bin"));
    if !qemu(&["create", "-q", "-f", "qcow2", "-o", &data, &lab.arg("ext"), &LEN.to_string()]) {
        return;
    }
    assert!(qemu(&["convert", "-n", "-f", "raw", "-O", "qcow2", &lab.arg("disk.raw"), &lab.arg("ext")]));
    // qemu writes the name as it was given; a name of the same folder is what may be read.
    let refused = open(&lab.path("ext")).unwrap_err().to_string();
    assert!(refused.contains("--allow-outside-files"), "{refused}");
    let options = Options { outside_files: true, temporary: std::env::temp_dir(), ..Options::default() };
    let image = image::open(&lab.path("ext"), &options, &Budget::default(), &|_| {}).unwrap();
    assert!(content(&image) == lab.raw);
}

fn chain(lab: &Lab) -> bool {
    let create = |name: &str, base: &str, format: &str| {
        let dir = lab.dir.path().to_str().unwrap();
        let to = lab.arg(name);
        let command = format!("cd '{dir}' && qemu-img create -q -f qcow2 -b {base} -F {format} '{to}'");
        tool("qemu-utils", "sh", &["-c", &command])
    };
    fs::copy(lab.path("disk.raw"), lab.path("base.raw")).unwrap();
    if !qemu(&["--version"]) || !create("one.qcow2", "base.raw", "raw") {
        return false;
    }
    let write = |name: &str, command: &str| {
        tool("qemu-utils", "qemu-io", &["-f", "qcow2", "-c", command, &lab.arg(name)])
    };
    write("one.qcow2", "write -P 0x11 1M 200k")
        && create("two.qcow2", "one.qcow2", "qcow2")
        && write("two.qcow2", "write -P 0x22 1100k 10k")
        && write("two.qcow2", "write -z 3M 128k")
        && create("three.qcow2", "two.qcow2", "qcow2")
        && write("three.qcow2", "write -P 0x33 20M 4k")
}

#[test]
fn images_above_each_other_are_read_and_circles_refused() {
    let lab = Lab::new();
    if !chain(&lab) {
        return;
    }
    assert!(qemu(&["convert", "-O", "raw", &lab.arg("three.qcow2"), &lab.arg("flat.raw")]));
    let image = open(&lab.path("three.qcow2")).unwrap();
    assert!(content(&image) == fs::read(lab.path("flat.raw")).unwrap());
    // The one beneath all becomes a link to the topmost.
    fs::remove_file(lab.path("two.qcow2")).unwrap();
    fs::copy(lab.path("three.qcow2"), lab.path("two.qcow2")).unwrap();
    let message = open(&lab.path("three.qcow2")).unwrap_err().to_string();
    assert!(message.contains("circle"), "{message}");
}

#[test]
fn an_image_cannot_make_us_read_other_files() {
    let lab = Lab::new();
    if !chain(&lab) {
        return;
    }
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), pattern(1 << 20)).unwrap();
    std::os::unix::fs::symlink(outside.path(), lab.path("link")).unwrap();
    let name = outside.path().to_str().unwrap().to_owned();
    let up = format!("../{}/base.raw", lab.dir.path().file_name().unwrap().to_str().unwrap());
    for base in [&*name, "/dev/zero", "link", &up, "json:{\"file\":{}}", "nbd://localhost/x", ".", ""] {
        let mut bytes = fs::read(lab.path("one.qcow2")).unwrap();
        let at = u64::from_be_bytes(bytes[8..16].try_into().unwrap()) as usize;
        bytes[at..at + base.len()].copy_from_slice(base.as_bytes());
        bytes[16..20].copy_from_slice(&u32::try_from(base.len()).unwrap().to_be_bytes());
        fs::write(lab.path("evil.qcow2"), &bytes).unwrap();
        let opened = open(&lab.path("evil.qcow2"));
        assert_eq!(opened.is_ok(), base.is_empty(), "{base}: {opened:?}");
    }
}

#[test]
fn encrypted_qcow2_is_refused_as_such_and_snapshots_are_read() {
    let lab = Lab::new();
    let secret = ["--object", "secret,id=s,data=geheim"];
    let options = "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10";
    let (luks, plain) = (lab.arg("luks"), lab.arg("plain"));
    let create = ["create", "-q", secret[0], secret[1], "-f", "qcow2", "-o", options, &luks, "1M"];
    if !qemu(&create) || !lab.convert("plain", &["-O", "qcow2"]) {
        return;
    }
    assert!(open(&lab.path("luks")).unwrap_err().to_string().contains("encrypted (LUKS)"));
    assert!(qemu(&["snapshot", "-c", "first", &plain]));
    lab.same("plain", "qcow2");
    let states = open(&lab.path("plain")).unwrap().states;
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].name, "snapshot first");
    let mut snapshot = vec![0; lab.raw.len()];
    states[0].source.read_exact_at(0, &mut snapshot).unwrap();
    assert!(snapshot == lab.raw);
}

#[test]
fn vmdk_of_every_kind_is_read() {
    let lab = Lab::new();
    for kind in [
        "monolithicSparse",
        "monolithicFlat",
        "twoGbMaxExtentSparse",
        "twoGbMaxExtentFlat",
        "streamOptimized",
    ] {
        let name = format!("{kind}.vmdk");
        if !lab.convert(&name, &["-O", "vmdk", "-o", &format!("subformat={kind}")]) {
            return;
        }
        lab.same(&name, "VMDK");
    }
    let image = open(&lab.path("streamOptimized.vmdk")).unwrap();
    assert!(data_bytes(&*image.source) < 4 << 20);
}

#[test]
fn a_stream_with_its_directory_at_the_end_is_read() {
    let lab = Lab::new();
    if !lab.convert("stream.vmdk", &["-O", "vmdk", "-o", "subformat=streamOptimized"]) {
        return;
    }
    let mut bytes = fs::read(lab.path("stream.vmdk")).unwrap();
    let header = bytes[..512].to_vec();
    bytes.resize(bytes.len().next_multiple_of(512) + 512, 0);
    bytes.extend(&header);
    bytes.extend([0; 512]);
    bytes[56..64].fill(0xff);
    fs::write(lab.path("end.vmdk"), &bytes).unwrap();
    lab.same("end.vmdk", "VMDK");
    // A descriptor that was overwritten names no extents.
    bytes[512..600].fill(b'\n');
    let at = bytes.windows(3).position(|text| text == b"RW ").unwrap();
    bytes[at..at + 3].fill(b'#');
    fs::write(lab.path("end.vmdk"), &bytes).unwrap();
    let message = open(&lab.path("end.vmdk")).unwrap_err().to_string();
    assert!(message.contains("names no extents"), "{message}");
}

#[test]
fn a_vmdk_over_its_parent_is_read() {
    let lab = Lab::new();
    let create = ["create", "-q", "-f", "vmdk", "-b", "base.vmdk", "-F", "vmdk", "top.vmdk"].join(" ");
    let dir = lab.arg(".");
    if !lab.convert("base.vmdk", &["-O", "vmdk"]) {
        return;
    }
    assert!(tool("qemu-utils", "sh", &["-c", &format!("cd '{dir}' && qemu-img {create}")]));
    assert!(tool(
        "qemu-utils",
        "qemu-io",
        &["-f", "vmdk", "-c", "write -P 0x44 3M 64k", &lab.arg("top.vmdk")]
    ));
    let image = open(&lab.path("top.vmdk")).unwrap();
    let mut expected = lab.raw.clone();
    expected[3 << 20..(3 << 20) + (64 << 10)].fill(0x44);
    assert!(content(&image)[..expected.len()] == expected);
}

/// Makes a differencing disk of a dynamic one: the sectors that `own` says are its own, the others those of
/// the parent with this name and id.
fn differencing(mut bytes: Vec<u8>, (parent, id): (&str, &[u8]), own: u8) -> Vec<u8> {
    let seal = |bytes: &mut Vec<u8>, from: usize, len: usize, at: usize| {
        bytes[from + at..from + at + 4].fill(0);
        let sum = bytes[from..from + len].iter().fold(0_u32, |sum, &byte| sum.wrapping_add(byte.into()));
        bytes[from + at..from + at + 4].copy_from_slice(&(!sum).to_be_bytes());
    };
    let (footer, header) = (bytes.len() - 512, 512);
    for at in [0, footer] {
        bytes[at + 63] = 4;
        seal(&mut bytes, at, 512, 64);
    }
    bytes[header + 40..header + 56].copy_from_slice(id);
    for (index, unit) in parent.encode_utf16().enumerate() {
        bytes[header + 64 + 2 * index..][..2].copy_from_slice(&unit.to_be_bytes());
    }
    seal(&mut bytes, header, 1024, 36);
    let table = usize::try_from(u64::from_be_bytes(bytes[528..536].try_into().unwrap())).unwrap();
    let count = u32::from_be_bytes(bytes[540..544].try_into().unwrap()) as usize;
    for block in 0..count {
        let sector = u32::from_be_bytes(bytes[table + 4 * block..][..4].try_into().unwrap()) as usize;
        if sector != 0xffff_ffff {
            bytes[sector * 512..][..512].fill(own);
        }
    }
    bytes
}

#[test]
fn a_fixed_vhd_that_lacks_its_end_is_read_with_a_loss() {
    let lab = Lab::new();
    if !lab.convert("short.vhd", &["-O", "vpc", "-o", "subformat=fixed,force_size=on"]) {
        return;
    }
    let mut bytes = fs::read(lab.path("short.vhd")).unwrap();
    let footer = bytes.len() - 512;
    bytes.drain(footer - 65536..footer);
    fs::write(lab.path("short.vhd"), &bytes).unwrap();
    let image = open(&lab.path("short.vhd")).unwrap();
    assert_eq!(image.size, LEN - 65536);
    let [note] = &image.notes[..] else { panic!("{:?}", image.notes) };
    assert!(note.loss == Loss::Part && note.text.contains("cut short"), "{note:?}");
}

#[test]
fn a_vhd_over_its_parent_is_read_sector_by_sector() {
    let lab = Lab::new();
    let options = ["-O", "vpc", "-o", "subformat=dynamic,force_size=on"];
    if !lab.convert("parent.vhd", &options) {
        return;
    }
    fs::write(lab.path("other.raw"), lab.raw.iter().map(|byte| byte ^ 0xff).collect::<Vec<_>>()).unwrap();
    let (from, to) = (lab.arg("other.raw"), lab.arg("child.vhd"));
    assert!(qemu(&["convert", "-f", "raw", options[0], options[1], options[2], options[3], &from, &to]));
    let parent = fs::read(lab.path("parent.vhd")).unwrap();
    let named = ("C:\\disks\\parent.vhd", &parent[68..84]);
    let child = differencing(fs::read(lab.path("child.vhd")).unwrap(), named, 0b1010_0000);
    fs::write(lab.path("child.vhd"), &child).unwrap();
    let found = content(&open(&lab.path("child.vhd")).unwrap());
    for (sector, bytes) in lab.raw.chunks(512).enumerate() {
        let own = sector % 8 == 0 || sector % 8 == 2;
        let flip = if own { 0xff } else { 0 };
        let same = found[sector * 512..][..512].iter().zip(bytes).all(|(found, raw)| *found == raw ^ flip);
        assert!(same, "sector {sector}");
    }
    // Another disk of the same name is not its parent.
    assert!(lab.convert("parent.vhd", &options));
    assert!(open(&lab.path("child.vhd")).unwrap_err().to_string().contains("another disk"));
}

#[test]
fn vhd_vhdx_and_vdi_are_read() {
    let lab = Lab::new();
    for (name, kind, option, format) in [
        ("fixed.vhd", "vpc", "subformat=fixed", "VHD"),
        ("dynamic.vhd", "vpc", "subformat=dynamic", "VHD"),
        ("exact.vhd", "vpc", "subformat=dynamic,force_size=on", "VHD"),
        ("dynamic.vhdx", "vhdx", "subformat=dynamic", "VHDX"),
        ("fixed.vhdx", "vhdx", "subformat=fixed", "VHDX"),
        ("small.vhdx", "vhdx", "subformat=dynamic,block_size=1M", "VHDX"),
        ("dynamic.vdi", "vdi", "static=off", "VDI"),
        ("static.vdi", "vdi", "static=on", "VDI"),
    ] {
        if !lab.convert(name, &["-O", kind, "-o", option]) {
            return;
        }
        lab.same(name, format);
    }
}

#[test]
fn packed_images_are_read() {
    let lab = Lab::new();
    let raw = lab.arg("disk.raw");
    let pack = |package: &str, command: &str, name: &str| {
        let command = format!("{command} < '{raw}' > '{}'", lab.arg(name));
        let program = command.split(' ').next().unwrap().to_owned();
        // The shell hides a missing tool.
        tool(package, &program, &["--version"]) && tool(package, "sh", &["-c", &command])
    };
    for (package, command, name, format) in [
        ("gzip", "gzip -1 -c", "a.gz", "raw in gzip"),
        ("xz-utils", "xz -0 -T2 --block-size=1MiB -c", "a.xz", "raw in xz"),
        ("bzip2", "bzip2 -1 -c", "a.bz2", "raw in bzip2"),
        ("zstd", "zstd -1 -q -c", "a.zst", "raw in zstd"),
        ("zstd", "zstd -5 -q --long=27 --no-check -c", "long.zst", "raw in zstd"),
        ("zstd", "pzstd -q -1 -p 3 -c", "p.zst", "raw in zstd"),
        ("lz4", "lz4 -q -c", "a.lz4", "raw in lz4"),
        ("lz4", "lz4 -q -BD -B4 --content-size -c", "b.lz4", "raw in lz4"),
    ] {
        if pack(package, command, name) {
            lab.same(name, format);
        }
    }
    for (name, more) in [("a.gz", "raw in gzip"), ("a.zst", "raw in zstd"), ("a.lz4", "raw in lz4")] {
        if !lab.path(name).exists() {
            continue;
        }
        let once = fs::read(lab.path(name)).unwrap();
        fs::write(lab.path("twice"), [&*once, &*once].concat()).unwrap();
        let twice = open(&lab.path("twice")).unwrap();
        assert_eq!((twice.size, twice.format.as_str()), (2 * LEN, more));
        assert!(content(&twice) == [&*lab.raw, &*lab.raw].concat());
    }
}

#[test]
fn a_format_in_another_is_read() {
    let lab = Lab::new();
    if !lab.convert("inner.vmdk", &["-O", "vmdk", "-o", "subformat=streamOptimized"]) {
        return;
    }
    let (dir, ova) = (lab.arg("."), lab.arg("box.ova"));
    fs::write(lab.path("box.ovf"), "<Envelope/>").unwrap();
    let tar = ["--format=ustar", "-cf", &ova, "-C", &dir, "box.ovf", "inner.vmdk"];
    if !tool("tar", "tar", &tar) {
        return;
    }
    lab.same("box.ova", "VMDK in tar");
    let google = lab.arg("cloud.tar.gz");
    assert!(tool("tar", "tar", &["--format=gnu", "-czf", &google, "-C", &dir, "disk.raw"]));
    lab.same("cloud.tar.gz", "raw in tar in gzip");
    assert!(tool("tar", "tar", &["-cf", &ova, "-C", &dir, "disk.raw", "inner.vmdk"]));
    let states = open(&lab.path("box.ova")).unwrap().states;
    assert_eq!(states.iter().map(|state| &*state.name).collect::<Vec<_>>(), ["disk inner.vmdk"]);
}

/// A zstd file with a seek table, as zstd's `contrib/seekable_format` lays it out.
fn seekable(raw: &[u8], frame: usize) -> Option<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("frame"), dir.path().join("frame.zst"));
    let (mut file, mut table, mut count) = (Vec::new(), Vec::new(), 0_u32);
    for piece in raw.chunks(frame) {
        fs::write(&from, piece).unwrap();
        let args = ["-q", "-1", "-f", from.to_str().unwrap(), "-o", to.to_str().unwrap()];
        if !tool("zstd", "zstd", &args) {
            return None;
        }
        let packed = fs::read(&to).unwrap();
        table.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        table.extend(u32::try_from(piece.len()).unwrap().to_le_bytes());
        file.extend(packed);
        count += 1;
    }
    file.extend(0x184d_2a5e_u32.to_le_bytes());
    file.extend(u32::try_from(table.len() + 9).unwrap().to_le_bytes());
    file.extend(table);
    file.extend(count.to_le_bytes());
    file.push(0);
    file.extend(0x8f92_eab1_u32.to_le_bytes());
    Some(file)
}

#[test]
fn a_seekable_zstd_file_is_read_in_place() {
    let lab = Lab::new();
    let Some(file) = seekable(&lab.raw, 1 << 20) else { return };
    fs::write(lab.path("seek.zst"), &file).unwrap();
    // Where nothing can be unpacked to, what is read in place can still be read.
    let options =
        Options { outside_files: false, temporary: PathBuf::from("/no/such/folder"), ..Options::default() };
    let image = image::open(&lab.path("seek.zst"), &options, &Budget::default(), &|_| {}).unwrap();
    assert!(content(&image) == lab.raw);
}

#[test]
fn a_bomb_ends_at_the_limit_and_leaves_nothing() {
    let lab = Lab::new();
    let gz = lab.arg("bomb.gz");
    if !tool("gzip", "sh", &["-c", &format!("head -c 200M /dev/zero | gzip -1 > '{gz}'")]) {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let options =
        Options { outside_files: false, temporary: temporary.path().to_owned(), ..Options::default() };
    let budget = Budget { unpacked_image: 50 << 20, ..Budget::default() };
    let error = image::open(Path::new(&gz), &options, &budget, &|_| {}).unwrap_err().to_string();
    assert!(error.contains("unpacks to more than 52428800 bytes"), "{error}");
    let image = image::open(Path::new(&gz), &options, &Budget::default(), &|_| {}).unwrap();
    assert_eq!((image.size, image.source.next_data(0).unwrap()), (200 << 20, None));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_of_blocks_is_read() {
    let lab = Lab::new();
    fs::create_dir(lab.path("blocks")).unwrap();
    for (index, block) in lab.raw.chunks(512 << 10).enumerate() {
        let mut block = block.to_vec();
        block.resize(512 << 10, 0);
        if block.iter().any(|&byte| byte != 0) {
            fs::write(lab.path("blocks").join(format!("{index:06}.block")), block).unwrap();
        }
    }
    lab.same("blocks", "blocks");
}

/// Reads what can be read: there must be no panic, and an end.
fn exercise(path: &Path) {
    let Ok(image) = open(path) else { return };
    let len = image.source.len();
    let mut buffer = vec![0; 1 << 16];
    for step in 0..64 {
        let at = len / 64 * step;
        let room = usize::try_from((len - at).min(1 << 16)).unwrap();
        let _ = image.source.read_exact_at(at, &mut buffer[..room]);
    }
    let mut at = 0;
    for _ in 0..2000 {
        let Ok(Some(data)) = image.source.next_data(at) else { break };
        assert!(data.offset >= at && data.len > 0);
        at = data.end().unwrap();
    }
}

#[test]
fn hundreds_of_damaged_images_do_no_harm() {
    let lab = Lab::new();
    let made = [
        ("v3", "qcow2", "compat=1.1"),
        ("sub", "qcow2", "extended_l2=on"),
        ("sparse.vmdk", "vmdk", "subformat=monolithicSparse"),
        ("stream.vmdk", "vmdk", "subformat=streamOptimized"),
        ("dynamic.vhd", "vpc", "subformat=dynamic"),
        ("dynamic.vhdx", "vhdx", "subformat=dynamic"),
        ("dynamic.vdi", "vdi", "static=off"),
    ];
    for (name, kind, option) in made {
        if !lab.convert(name, &["-O", kind, "-o", option]) {
            return;
        }
    }
    assert!(lab.convert("z", &["-c", "-O", "qcow2"]));
    assert!(lab.convert("zz", &["-c", "-O", "qcow2", "-o", "compression_type=zstd"]));
    fs::write(lab.path("seek.zst"), seekable(&lab.raw[..3 << 20], 1 << 20).unwrap_or_default()).unwrap();
    let mut state = 3_u64;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let names = made.map(|(name, ..)| name).into_iter().chain(["z", "zz", "seek.zst"]);
    for name in names {
        let bytes = fs::read(lab.path(name)).unwrap();
        // Copies of one file, changed and put back: writing megabytes each time would take most of the time.
        let damaged = lab.path("damaged");
        fs::write(&damaged, &bytes).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&damaged).unwrap();
        for round in 0..120 {
            // Headers and tables lie in the first part, or at the end.
            let reach = if round % 3 == 0 { bytes.len() as u64 } else { 2048.min(bytes.len() as u64) };
            let mut places = Vec::new();
            for _ in 0..=below(5) {
                let at = below(reach);
                places.push(at);
                file.write_all_at(&[u8::try_from(below(256)).unwrap()], at).unwrap();
            }
            if round % 10 == 0 {
                file.set_len(below(bytes.len() as u64)).unwrap();
            }
            exercise(&damaged);
            if round % 10 == 0 {
                fs::write(&damaged, &bytes).unwrap();
            }
            for at in places {
                file.write_all_at(&bytes[usize::try_from(at).unwrap()..][..1], at).unwrap();
            }
        }
    }
}

#[test]
fn headers_with_absurd_sizes_are_refused_without_memory_or_time() {
    let lab = Lab::new();
    if !lab.convert("v3", &["-O", "qcow2"]) {
        return;
    }
    let bytes = fs::read(lab.path("v3")).unwrap();
    for (at, value) in [
        (24, (1_u64 << 63).to_be_bytes().to_vec()),
        (24, u64::MAX.to_be_bytes().to_vec()),
        (36, u32::MAX.to_be_bytes().to_vec()),
        (40, u64::MAX.to_be_bytes().to_vec()),
        (20, 63_u32.to_be_bytes().to_vec()),
        (20, 0_u32.to_be_bytes().to_vec()),
        (16, 1_000_000_u32.to_be_bytes().to_vec()),
    ] {
        let mut evil = bytes.clone();
        evil[at..at + value.len()].copy_from_slice(&value);
        // A name that is far too long counts only where there is one.
        evil[15] = 200;
        fs::write(lab.path("evil"), &evil).unwrap();
        assert!(open(&lab.path("evil")).is_err(), "{at}");
    }
    // All first-level entries the same: a disk made of one cluster.
    let mut evil = bytes;
    let l1 = usize::try_from(u64::from_be_bytes(evil[40..48].try_into().unwrap())).unwrap();
    evil[36..40].copy_from_slice(&8_u32.to_be_bytes());
    let entry: [u8; 8] = evil[l1..l1 + 8].try_into().unwrap();
    evil[l1 + 8..l1 + 16].copy_from_slice(&entry);
    fs::write(lab.path("evil"), &evil).unwrap();
    let message = open(&lab.path("evil")).unwrap_err().to_string();
    assert!(message.contains("used twice"), "{message}");
}
