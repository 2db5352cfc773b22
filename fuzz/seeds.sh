#!/bin/bash
# Makes the small images that the fuzz targets patch, in fuzz/seeds/, and a corpus of a few inputs for each.
# Needs e2fsprogs, xfsprogs, btrfs-progs, squashfs-tools, ntfs-3g, dosfstools, exfatprogs, mtools, xorriso,
# erofs-utils, fdisk, qemu-utils, sqlite3, rpm, db5.3-util, python3, zstd, lz4, xz-utils, bzip2.
# The prefix of a name says which targets use it. Long runs of zeros cost nothing.
set -euo pipefail
cd "$(dirname "$0")"
export PATH=$PATH:/usr/sbin:/sbin
rm -rf seeds; mkdir -p seeds
seeds=$PWD/seeds data=$PWD/../testdata/images
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
tree=$work/tree; mkdir -p "$tree/d/e" "$tree/etc"
echo hello > "$tree/etc/hello"; ln "$tree/etc/hello" "$tree/d/hard"; ln -s ../../x "$tree/d/link"
ln -s "$(printf 'l%.0s' {1..90})" "$tree/d/long"
head -c 9000 /dev/urandom > "$tree/d/data"; truncate -s 40000 "$tree/d/sparse"; echo x >> "$tree/d/sparse"
for i in {1..1800}; do echo "text that packs well $i"; done > "$tree/d/text"
for i in {1..40}; do echo $i > "$tree/d/e/some name that fills the block $i"; done

mk() { name=$1; size=$2; shift 2; mkfs.ext4 -q -F -d "$tree" "$@" "seeds/$name" "$size" > /dev/null; }
mk ext2 512k -t ext2 -b 1024 -N 64
mk ext4-csum 512k -b 1024 -N 64 -O ^has_journal,metadata_csum,64bit
mk ext4-groups 768k -b 1024 -g 256 -N 96 -O ^has_journal,^resize_inode,^metadata_csum
mk ext4-inline 512k -b 1024 -N 64 -I 256 -O ^has_journal,^metadata_csum,inline_data,ea_inode
mk ext4-indirect 512k -b 1024 -N 64 -O ^has_journal,^extent,^64bit,^metadata_csum
mk ext4-journal 4M -b 1024 -N 64 -J size=1 -O 64bit,metadata_csum
mk ext4-fast 4M -b 1024 -N 64 -J size=1 -O fast_commit,^metadata_csum
for name in ext2 ext4-groups ext4-inline; do
  printf 'ea_set /etc/hello user.one two\nea_set /d/data user.long %0200d\n' 7 | debugfs -w -f - "seeds/$name" > /dev/null 2>&1
done

# Journals with transactions, and each as a file of its own.
mk plain 4M -b 1024 -N 64 -J size=1 -O 64bit,^metadata_csum
mv seeds/plain "$work/plain"; cp seeds/ext4-journal "$work/dirty"
head -c 3072 /dev/urandom > "$work/blocks"
for version in 1 2 3; do
  if [ $version = 1 ]; then base=plain option=""; else base=dirty option="-c -v $version"; fi
  cp "$work/$base" "$work/v$version"
  printf 'jo %s\njw -b 1500-1502 %s\njw -r 1501\njw -b 1600,1601 %s\njc\n' "$option" "$work/blocks" "$work/blocks" > "$work/commands"
  debugfs -w -f "$work/commands" "$work/v$version" > /dev/null 2>&1
  debugfs -R "dump <8> seeds/journal-v$version" "$work/v$version" > /dev/null 2>&1
  truncate -s 256k "seeds/journal-v$version"
  cp "$work/v$version" "seeds/ext4-dirty-v$version"
done

# Fast commits behind the transactions: mke2fs makes the room for them, what is in it is written here.
cp seeds/ext4-fast "$work/fast"
printf 'jo\njw -b 1500-1502 %s\njw -b 1600 %s\njc\n' "$work/blocks" "$work/blocks" | debugfs -w -f - "$work/fast" > /dev/null 2>&1
python3 - "$work/fast" seeds/ext4-fast-dirty "$(debugfs -R 'bmap <8> 1025' "$work/fast" 2> /dev/null)" <<'PY'
import struct, sys
image = bytearray(open(sys.argv[1], 'rb').read())
journal = next(at for at in range(0, len(image), 1024) if image[at:at + 8] == b'\xc0\x3b\x39\x98\0\0\0\4')
features, = struct.unpack_from('>I', image, journal + 0x28)
struct.pack_into('>I', image, journal + 0x28, features | 0x20)
struct.pack_into('>I', image, journal + 0x54, 16)
blocks, first, sequence = struct.unpack_from('>III', image, journal + 16)
def crc32c(crc, data):
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc
def record(tag, value): return struct.pack('<HH', tag, len(value)) + value
tid = sequence + 2
inode = bytearray(160)
struct.pack_into('<HHI', inode, 0, 0o100644, 7, 5); struct.pack_into('<H', inode, 26, 1)
struct.pack_into('<I', inode, 32, 0x80000); inode[40:52] = b'\x0a\xf3\0\0\4\0\0\0\0\0\0\0'
link = lambda tag, parent, child, name: record(tag, struct.pack('<II', parent, child) + name)
area = b''
for block in range(2):
    records = record(9, struct.pack('<II', 0, tid)) if block == 0 else b''
    records += record(6, struct.pack('<I', 60 + block) + inode) + record(1, struct.pack('<IIHHI', 60 + block, 0, 3, 0, 2000))
    records += record(2, struct.pack('<III', 60 + block, 1, 1)) + link(3, 2, 60 + block, b'new name') + link(4, 2, 12, b'second') + link(5, 2, 12, b'second')
    sum = crc32c(0, records)
    tail = struct.pack('<HHI', 8, 1024 - len(records) - 4, tid)
    sum = crc32c(sum, tail)
    area += (records + tail + struct.pack('<I', sum)).ljust(1024, b'\0')
# The first of the 16 blocks behind the log stays unused.
at = int(sys.argv[3]) * 1024
image[at:at + len(area)] = area
open(sys.argv[2], 'wb').write(image)
PY

# XFS: mkfs takes a prototype; a dirty log is written by hand.
proto() {
  printf '%s\n0 0\nd--755 0 0\netc d--755 0 0\nhello ---644 0 0 %s/etc/hello\n$\nd d--755 0 0\n' / "$tree"
  printf 'data ---644 1 2 %s/d/data\ntext ---644 0 0 %s/d/text\nlink l--777 0 0 ../../x\ne d--755 0 0\n' "$tree" "$tree"
  for i in {1..40}; do printf 'some-name-that-fills-the-block-%s ---644 0 0 %s/etc/hello\n' "$i" "$tree"; done
  printf 'f d--755 0 0\n'
  for i in {1..8}; do printf '%s ---644 0 0 %s/etc/hello\n' "$i" "$tree"; done
  printf '$\n$\n$\n$\n'
}
proto > "$work/proto"
xfs() { name=$1; shift; truncate -s 32M "seeds/$name"; mkfs.xfs --unsupported -q -p "$work/proto" "$@" "seeds/$name"; }
xfs xfs-5 -i size=512
xfs xfs-5-1k -b size=1024 -i size=512 -m rmapbt=1,reflink=1
xfs xfs-4 -m crc=0 -i size=256 -n ftype=0
python3 - seeds/xfs-5 seeds/xfs-dirty <<'PY'
import struct, sys
image = bytearray(open(sys.argv[1], 'rb').read())
word = lambda at: struct.unpack_from('>I', image, at)[0]
start, shift, block = word(52), image[124], word(4)
log = ((start >> shift) * word(84) + (start & ((1 << shift) - 1))) * block
root = struct.unpack_from('>Q', image, 56)[0]
def inode(number):
    at = number * 512
    core = bytearray(image[at:at + 176])
    for field, size in [(0, 2), (2, 2), (8, 4), (12, 4), (16, 4), (24, 8), (56, 8), (64, 8), (76, 4), (90, 2), (80, 2),
                        (32, 8), (40, 8), (48, 8), (92, 4), (104, 8), (120, 8), (144, 8), (152, 8)]:
        core[field:field + size] = core[field:field + size][::-1]
    core[8:12] = struct.pack('<I', 4711)
    fork = bytes(image[at + 176:at + 176 + 64])
    head = b'\x3b\x12\x03\0\x03\0\0\0' + struct.pack('<HHI', 0, 64, 0) + bytes(24) + struct.pack('<QII', number, 1, 0)
    return [head, bytes(core), fork]
def buffer(sector):
    # Two chunks of 128 bytes of the block there.
    return [struct.pack('<HHHHqII', 0x123c, 2, 0, block // 512, sector, 1, 0b11), bytes(image[sector * 512:][:256])]
def intent(kind, done, size):
    return [[struct.pack('<HHI', kind, 1, size) + struct.pack('<Q', 99) + bytes(range(32))],
            [struct.pack('<HHI', done, 1, 0) + struct.pack('<Q', 99)]]
items = [inode(root), buffer(8), inode(root + 3), buffer(0), *intent(0x1236, 0x1237, 1), *intent(0x1244, 0x1245, 1)[:1]]
regions = [region for item in items for region in item]
def transaction(regions, tid):
    operations = [(1, b''), (0, b'NART\x28\0\0\0' + bytes(8))] + [(0, region) for region in regions] + [(2, b'')]
    data = b''.join(struct.pack('>IIBBH', tid, len(region), 0x69, flags, 0) + region for flags, region in operations)
    return len(operations), data
block_number = 2
for tid in (7, 8):
    count, data = transaction(regions, tid)
    data = bytearray(data + bytes(-len(data) % 512))
    head = bytearray(512)
    head[0:4] = b'\xfe\xed\xba\xbe'
    struct.pack_into('>IIIQQ', head, 4, 1, 2, len(data), 1 << 32 | block_number, 1 << 32 | 2)
    struct.pack_into('>I', head, 40, count)
    struct.pack_into('>I', head, 300, 1)
    head[304:320] = image[32:48]
    struct.pack_into('>I', head, 320, 32768)
    for index in range(len(data) // 512):
        head[44 + index * 4:48 + index * 4] = data[index * 512:index * 512 + 4]
        struct.pack_into('>I', data, index * 512, 1)
    image[log + block_number * 512:log + block_number * 512 + 512 + len(data)] = head + data
    block_number += 1 + len(data) // 512
open(sys.argv[2], 'wb').write(image)
PY

# btrfs: small ones of mkfs, and those of testdata, as the kernel wrote them.
for name in crash zstd lzo zlib; do zstd -qdc "$data/btrfs/$name-1.zst" > "seeds/btrfs-$name"; done
for i in 1 2; do zstd -qdc "$data/btrfs/raid1-$i.zst" > "seeds/btrfs-raid1.$i"; done
for i in 1 2 3 4; do zstd -qdc "$data/btrfs/raid6-$i.zst" > "seeds/btrfs-raid6.$i"; done
truncate -s 110M seeds/btrfs-mkfs; mkfs.btrfs -q -f -n 4096 -r "$tree" seeds/btrfs-mkfs

squash() { name=$1; shift; mksquashfs "$tree" "seeds/squashfs-$name" -quiet -no-progress "$@" > /dev/null; }
squash plain -noI -noD -noF -noX -b 8k
squash plain-tailed -noI -noD -noF -noX -b 4k -always-use-fragments
for method in gzip xz lzo lz4 zstd; do squash $method -comp $method -b 16k; done

python3 -c 'import gzip,sys; open(sys.argv[2],"wb").write(gzip.open(sys.argv[1]).read())' "$data/ntfs.img.gz" seeds/ntfs

fat() {
  name=$1; size=$2; shift 2; truncate -s "$size" "seeds/$name"; mkfs.vfat -n SEED "$@" "seeds/$name" > /dev/null
  mcopy -s -i "seeds/$name" "$tree/etc" ::; mmd -i "seeds/$name" ::d ::d/e
  mcopy -i "seeds/$name" "$tree/d/data" "$tree/d/text" ::d
  mcopy -i "seeds/$name" "$tree/d/e/some name that fills the block 1"* ::d/e
}
fat fat12 512k; fat fat16 8M -F 16 -s 1; fat fat32 34M -F 32 -s 1
truncate -s 1M seeds/exfat; mkfs.exfat -b 4096 -c 4096 seeds/exfat > /dev/null
# Nothing but a mount fills an exFAT: its directory is written here.
python3 - seeds/exfat <<'PY'
import struct, sys
image = bytearray(open(sys.argv[1], 'rb').read())
heap, root = struct.unpack_from('<I', image, 88)[0] * 512, struct.unpack_from('<I', image, 96)[0]
fat = struct.unpack_from('<I', image, 80)[0] * 512
place = lambda cluster: heap + (cluster - 2) * 4096
def entry(name, directory, cluster, size, chained):
    units = name.encode('utf-16-le')
    count = 1 + -(-len(name) // 15)
    head = struct.pack('<BBHH', 0x85, count, 0, 0x10 if directory else 0x20) + bytes(2) + struct.pack('<III', 0x5a21_6000, 0x5a21_6000, 0x5a21_6000) + bytes(12)
    stream = struct.pack('<BBBBHHQIIQ', 0xc0, 1 if chained else 3, 0, len(name), 0, 0, size, 0, cluster, size)
    names = b''.join(b'\xc1\0' + units[at:at + 30].ljust(30, b'\0') for at in range(0, len(units), 30))
    entries = bytearray(head + stream + names)
    total = 0
    for at, byte in enumerate(entries):
        if at not in (2, 3):
            total = ((total << 15 | total >> 1) + byte) & 0xffff
    struct.pack_into('<H', entries, 2, total)
    return bytes(entries)
end = place(root) + image[place(root):place(root) + 4096].rfind(bytes([0x82])) + 32
used = root + 1
content = entry('dir', True, used, 4096, True) + entry('a long name of a file.txt', False, used + 2, 9000, True) + entry('contiguous', False, used + 5, 8192, False)
image[end:end + len(content)] = content
inner = entry('inner', False, used + 7, 100, False)
image[place(used):place(used) + len(inner)] = inner
for cluster, next in [(used, 0xffffffff), (used + 2, used + 3), (used + 3, used + 4), (used + 4, 0xffffffff)]:
    struct.pack_into('<I', image, fat + cluster * 4, next)
for number in range(2, 8):
    image[place(used + number):place(used + number) + 4096] = bytes([number]) * 4096
open(sys.argv[1], 'wb').write(image)
PY

xorriso -as mkisofs -quiet -R -J -joliet-long -V SEED -o seeds/iso-joliet-rock "$tree" 2> /dev/null
xorriso -as mkisofs -quiet -V PLAIN -o seeds/iso-plain "$tree" 2> /dev/null
erofs() { name=$1; shift; mkfs.erofs --quiet "$@" "seeds/erofs-$name" "$tree" > /dev/null
  # Without the bit that says that the superblock has a checksum.
  python3 -c 'import sys; f=open(sys.argv[1],"r+b"); f.seek(1032); byte=f.read(1)[0]; f.seek(1032); f.write(bytes([byte & ~1]))' "seeds/erofs-$name"; }
erofs plain; erofs extended -E force-inode-extended; erofs chunked --chunksize=4096; erofs lz4 -zlz4

# Disks.
truncate -s 1M seeds/disk-gpt; printf 'label: gpt\nstart=64, size=512\nstart=1024, size=256\n' | sfdisk -q seeds/disk-gpt
truncate -s 1M seeds/disk-mbr
printf 'label: dos\nstart=64, size=256, type=83\nstart=512, size=1024, type=5\nstart=576, size=64, type=83\nstart=768, size=64, type=83\n' | sfdisk -q seeds/disk-mbr
python3 -c 'import gzip,sys; open(sys.argv[2],"wb").write(gzip.open(sys.argv[1]).read())' "$data/lvm-striped-and-linear.img.gz" seeds/lvm
# Arrays: an MBR disk with two members (1.2 and 1.1), and one with two of the old form.
python3 - seeds/md- <<'PY'
import struct, sys
def total(block, skip):
    words = sum(struct.unpack_from('<I', block + bytes(-len(block) % 4), at)[0] for at in range(0, len(block), 4) if at != skip)
    return ((words & 0xffffffff) + (words >> 32)) & 0xffffffff
def new(level, layout, legs, role, at):
    block = bytearray(256 + 32)
    struct.pack_into('<II', block, 0, 0xa92b4efc, 1)
    block[16:32] = b'array of a test!'; block[32:38] = b'host:7'
    struct.pack_into('<iIQII', block, 72, level, layout, 128, 8, legs)
    struct.pack_into('<QQQ', block, 128, 32, 128, at // 512)
    struct.pack_into('<I', block, 160, role)
    struct.pack_into('<QQ', block, 200, 5, 0xffffffffffffffff)
    struct.pack_into('<I', block, 220, 16)
    for device in range(16):
        struct.pack_into('<H', block, 256 + 2 * device, device if device < legs else 0xffff)
    struct.pack_into('<I', block, 216, total(block, 216))
    return block
def old(level, legs, role):
    block = bytearray(4096)
    for at, value in [(0, 0xa92b4efc), (8, 90), (20, 1), (28, level & 0xffffffff), (32, 64), (40, legs), (44, 3), (52, 2),
                      (132, 1), (156, 5), (256, 2), (260, 4096), (3980, role), (3984, 6)]:
        struct.pack_into('<I', block, at, value)
    struct.pack_into('<I', block, 152, total(block, 152))
    return block
def disk(name, members):
    size = 256 << 9
    image = bytearray(512 * 64)
    image[510:512] = b'\x55\xaa'
    for number, (at, block) in enumerate(members):
        member = bytearray(size)
        for chunk in range(size // 4096):
            member[chunk * 4096:chunk * 4096 + 2] = bytes([number + 1, chunk])
        member[at:at + len(block)] = block
        struct.pack_into('<B3xB3xII', image, 446 + number * 16, 0, 0xfd, len(image) // 512, size // 512)
        image += member
    open(sys.argv[1] + name, 'wb').write(image)
disk('raid0', [(4096, new(0, 1, 2, role, 4096)) for role in range(2)])
disk('raid1', [(0, new(1, 0, 2, role, 0)) for role in range(2)])
disk('raid5', [(4096, new(5, 2, 3, role, 4096)) for role in range(3)])
disk('raid6', [(4096, new(6, 2, 4, role, 4096)) for role in range(4)])
disk('raid10', [(4096, new(10, 0x102, 4, role, 4096)) for role in range(4)])
disk('linear', [(4096, new(-1, 0, 2, role, 4096)) for role in range(2)])
disk('old', [(65536, old(1, 2, role)) for role in range(2)])
PY

# A system for the audit as a whole.
etc=$tree/etc; mkdir -p "$tree/root/.ssh" "$tree/root/.aws" "$tree/var/lib/dpkg"
printf 'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/sh\n' > "$etc/passwd"
printf 'root:$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/:19700:0:99999:7:::\n' > "$etc/shadow"
printf 'ID=debian\nVERSION_ID="12"\n' > "$etc/os-release"; printf '/dev/sda1 / ext4 defaults 0 1\n' > "$etc/fstab"
mkdir -p "$etc/ssh"; printf 'PermitRootLogin yes\nMatch User x\n PasswordAuthentication yes\n' > "$etc/ssh/sshd_config"
ssh-keygen -q -t ed25519 -N '' -f "$tree/root/.ssh/id_ed25519"; ssh-keygen -q -t rsa -b 1024 -m PEM -N '' -f "$etc/ssh/ssh_host_rsa_key"
cp "$tree/root/.ssh/id_ed25519.pub" "$tree/root/.ssh/authorized_keys"
printf 'Package: bash\nStatus: install ok installed\nVersion: 5.2\n\n' > "$tree/var/lib/dpkg/status"
printf '[default]\naws_access_key_id = %sQ3EGRT7XKZ5MPLQV\naws_secret_access_key = mWq8Zr3TfYk1Lc9Vb6Hn4Xs7Dp2Gj5Ra0Ue+QoIt\n' AKIA > "$tree/root/.aws/credentials"
printf 'curl -u user:password123 https://example.org\n' > "$tree/root/.bash_history"
cp seeds/fat12 "$tree/d/disk.img"; (cd "$tree" && tar -czf d/a.tar.gz etc)
mk system 1536k -b 1024 -N 128 -O ^has_journal,^metadata_csum,^resize_inode
rm "$tree/d/disk.img"

# The same system with checksums over all its structures, for what is damaged against what is whole.
whole=$work/whole; mkdir -p "$whole"; cp -a "$tree/etc" "$tree/root" "$whole/"; mkdir "$whole/var"
seq 4000 > "$whole/var/numbers"; for i in {1..30}; do echo "$i" > "$whole/var/another file $i"; done
mkfs.ext4 -q -F -d "$whole" -b 1024 -N 128 -O ^has_journal,metadata_csum,64bit,^resize_inode seeds/whole-ext4 1536k > /dev/null
truncate -s 24M seeds/whole-btrfs; mkfs.btrfs -q -f -M -m single -n 4096 -r "$whole" seeds/whole-btrfs > /dev/null
python3 - "$whole" > "$work/whole.proto" <<'PY'
import os, sys
def directory(path, indent):
    for name in sorted(os.listdir(path)):
        below, mode = os.path.join(path, name), 0
        shown = name.replace(' ', '_')
        if os.path.islink(below): continue
        if os.path.isdir(below):
            print(f'{indent}{shown} d--755 0 0'); directory(below, indent + ' '); print(f'{indent}$')
        else: print(f'{indent}{shown} ---600 0 0 {below.replace(" ", "/ ")}') if ' ' not in below else None
print('/\n0 0\nd--755 0 0'); directory(sys.argv[1], ''); print('$')
PY
truncate -s 32M seeds/whole-xfs; mkfs.xfs --unsupported -q -p "$work/whole.proto" -i size=512 seeds/whole-xfs

# Containers of a small disk.
head -c 320k seeds/disk-mbr > "$work/disk.raw"; dd if=seeds/ext2 of="$work/disk.raw" bs=1k seek=64 count=128 conv=notrunc status=none
image() { name=$1; shift; qemu-img convert -q -f raw "$@" "$work/disk.raw" "seeds/image-$name"; }
image qcow2 -O qcow2 -o cluster_size=4096; image qcow2-packed -c -O qcow2; image qcow2-old -O qcow2 -o compat=0.10
image qcow2-extended -O qcow2 -o cluster_size=64k,extended_l2=on
image vmdk -O vmdk; image vmdk-stream -O vmdk -o subformat=streamOptimized
image vdi -O vdi; image vhd -O vpc; image vhd-fixed -O vpc -o subformat=fixed,force_size=on
image vhdx -O vhdx -o log_size=1M,block_size=1M
(cd "$work" && tar --format=ustar -cf "$seeds/image-tar" disk.raw && gzip -kc disk.raw > "$seeds/image-gz" && xz -kc disk.raw > "$seeds/image-xz" \
  && bzip2 -kc disk.raw > "$seeds/image-bz2" && lz4 -qc disk.raw > "$seeds/image-lz4" && zstd -qc disk.raw > "$seeds/image-zst")
cp seeds/image-vmdk-stream "$work/disk.vmdk"; echo '<Envelope/>' > "$work/disk.ovf"
(cd "$work" && tar --format=ustar -cf "$seeds/image-ova" disk.ovf disk.vmdk)
# Frames of 64 KiB, and the table that says where they are.
python3 - "$work/disk.raw" seeds/image-zst-seekable <<'PY'
import struct, subprocess, sys
data, out, entries = open(sys.argv[1], 'rb').read(), b'', b''
for at in range(0, len(data), 1 << 16):
    piece = data[at:at + (1 << 16)]
    frame = subprocess.run(['zstd', '-qc'], input=piece, stdout=subprocess.PIPE, check=True).stdout
    out += frame; entries += struct.pack('<II', len(frame), len(piece))
table = entries + struct.pack('<IBI', len(entries) // 8, 0, 0x8f92eab1)
open(sys.argv[2], 'wb').write(out + struct.pack('<II', 0x184d2a5e, len(table)) + table)
PY

# Archives.
(cd "$tree" && tar -cf "$seeds/archive-tar" d etc && tar --format=pax -cf "$seeds/archive-pax" d/long etc \
  && python3 -c 'import shutil,sys; shutil.make_archive(sys.argv[1],"zip",".","etc")' "$work/z")
mv "$work/z.zip" seeds/archive-zip
python3 - "$tree/etc" seeds/archive-cpio <<'PY'
import os, sys
def member(name, content, mode, kind=b'070701'):
    path = name.encode() + b'\0'
    fields = [1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), sum(content) if kind == b'070702' else 0]
    head = kind + b''.join(b'%08X' % field for field in fields) + path
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
files = [(name, open(os.path.join(sys.argv[1], name), 'rb').read()) for name in os.listdir(sys.argv[1]) if os.path.isfile(os.path.join(sys.argv[1], name))]
first = b''.join(member(name, content, 0o100644) for name, content in files) + member('TRAILER!!!', b'', 0)
second = b''.join(member('etc/' + name, content, 0o100600, b'070702') for name, content in files) + member('TRAILER!!!', b'', 0)
open(sys.argv[2], 'wb').write(first + bytes(-len(first) % 512) + second)
PY
gzip -c seeds/archive-tar > seeds/archive-gz; xz -c seeds/archive-pax > seeds/archive-xz
bzip2 -c seeds/archive-zip > seeds/archive-bz2; zstd -qc seeds/archive-cpio > seeds/archive-zst
mkdir -p "$work/deb/DEBIAN"; printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' > "$work/deb/DEBIAN/control"
cp -r "$tree/etc" "$work/deb/"; dpkg-deb -b "$work/deb" "$work/x.deb" > /dev/null; cp "$work/x.deb" seeds/archive-deb

lz4 -qc seeds/archive-cpio > seeds/archive-lz4; xz --format=lzma -c seeds/archive-pax > seeds/archive-lzma; compress -c seeds/archive-tar > seeds/archive-compress
git -C "$tree/etc" init -q; git -C "$tree/etc" add .; git -C "$tree/etc" -c user.name=a -c user.email=a@b commit -qm seed
cp "$(find "$tree/etc/.git/objects" -path '*/objects/??/*' | sort | head -1)" seeds/archive-git-object; chmod u+w seeds/archive-git-object
echo more >> "$tree/etc/passwd.old"; git -C "$tree/etc" add .; git -C "$tree/etc" -c user.name=a -c user.email=a@b commit -qm more; git -C "$tree/etc" gc -q --aggressive
cp "$tree"/etc/.git/objects/pack/*.pack seeds/archive-git-pack; chmod u+w seeds/archive-git-pack; rm -rf "$tree/etc/.git" "$tree/etc/passwd.old"
mkdir "$work/rpm"; printf 'Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%%description\nx\n%%install\nmkdir -p %%{buildroot}/srv; echo text > %%{buildroot}/srv/a\n%%files\n/srv/a\n' > "$work/rpm/x.spec"
for payload in w9.gzdio w.ufdio; do rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "_binary_payload $payload" "$work/rpm/x.spec"; cp "$work"/rpm/RPMS/noarch/*.rpm "seeds/archive-rpm-$payload"; done
python3 - "$tree/etc" seeds/archive- <<'PY'
import base64, io, os, sys, zipfile, zlib
def stream(number, filters, data):
    return b'%d 0 obj\n<< %s /Length %d >>\nstream\n' % (number, filters, len(data)) + data + b'\nendstream\nendobj\n'
packed = zlib.compress(b'BT (text of a page) Tj ET ' * 9)
open(sys.argv[2] + 'pdf', 'wb').write(b'%PDF-1.7\n' + stream(1, b'/Filter /FlateDecode', packed)
    + stream(2, b'/Filter [/ASCII85Decode /FlateDecode]', base64.a85encode(packed) + b'~>')
    + stream(3, b'/Filter [ /AHx /Fl ] /DecodeParms << /Columns 4 >>', packed.hex().encode() + b'>')
    + stream(4, b'/Type /ObjStm /N 1 /First 4', b'7 0 << >>') + b'trailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n')
open(sys.argv[2] + 'document', 'wb').write(b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    + b'<w:p><w:r><w:t>one &amp; two</w:t></w:r><w:tab/><w:r><w:t>&#x41;&#66;</w:t></w:r></w:p>' * 9 + b'</w:document>')
class Pipe(io.BytesIO):
    def seekable(self): return False
    def tell(self): raise OSError
for name, method in [('stored', 0), ('deflate', 8), ('bzip2', 12), ('lzma', 14)]:
    for suffix, out in [('', io.BytesIO()), ('-piped', Pipe())]:
        with zipfile.ZipFile(out, 'w', method) as archive:
            archive.writestr('a/b', b'text of a member ' * 20); archive.writestr('c', b'PK')
        open(f'{sys.argv[2]}zip-{name}{suffix}', 'wb').write(out.getvalue())
PY

pairs=$PWD/../testdata/pairs
gunzip -c "$pairs/etcd.bolt.gz" > seeds/archive-bolt; gunzip -c "$pairs/deleted.tdb.gz" > seeds/archive-tdb
gunzip -c "$pairs/plain.lmdb.gz" > seeds/archive-lmdb; gunzip -c "$pairs/several.lmdb.gz" > seeds/archive-lmdb-several
gunzip -c "$pairs/plain.cdb.gz" > seeds/archive-cdb
{ printf '#!/bin/sh\ntail -n +3 "$0" | tar xz; exit\n'; cat seeds/archive-gz; } > seeds/archive-script
sql() { sqlite3 "seeds/sqlite-$1" "pragma page_size=$2; pragma encoding='$3'; $4
  create table t(a integer primary key, b text, c blob); create index i on t(b); create table w(x text primary key, y) without rowid;
  with recursive n(v) as (select 1 union all select v+1 from n where v<60) insert into t select v, 'row '||v, randomblob(v) from n;
  insert into t values(100, hex(randomblob(3000)), zeroblob(2000)); insert into w values('k', 1.5), ('l', -7); delete from t where a between 20 and 40;
  create table gone(x); insert into gone values(hex(randomblob(2000))); drop table gone;" > /dev/null; }
sql utf8 512 UTF-8 ''; sql utf16 1024 UTF-16le ''; sql vacuum 512 UTF-16be 'pragma auto_vacuum=full;'; sql large 4096 UTF-8 ''

# Package databases, as rpm makes them; Berkeley DB from the headers of the first.
printf 'Name: a\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%%description\nx\n%%install\nmkdir -p %%{buildroot}/srv %%{buildroot}/etc; echo text > %%{buildroot}/etc/a\nfor i in $(seq 60); do echo $i > %%{buildroot}/srv/$i; done\n%%files\n/srv/*\n%%config /etc/a\n' > "$work/rpm/a.spec"
rpmbuild -bb --quiet --define "_topdir $work/rpm" "$work/rpm/a.spec"
mkdir "$work/sqlite"
rpm --dbpath "$work/sqlite" --define "_db_backend sqlite" -i --justdb --nodeps --nosignature "$work"/rpm/RPMS/noarch/a-*.rpm
cp "$work/sqlite/rpmdb.sqlite" seeds/packages-sqlite
python3 - "$work/sqlite/rpmdb.sqlite" seeds/packages- <<'PY'
import sqlite3, struct, sys, zlib
database, out = sys.argv[1:]
held = sqlite3.connect(database, isolation_level=None)
(header,), = held.execute('select blob from Packages')
open(out + 'header', 'wb').write(header)
slots, blobs = b'RpmP' + struct.pack('<IIIIxxxxxxxxxxxx', 0, 1, 1, 3), b''
for number in (1, 2):
    blob = b'BlbS' + struct.pack('<III', number, 1, len(header)) + header
    blob += bytes(-(len(blob) + 12) % 16)
    blob += struct.pack('<II', zlib.adler32(blob), len(header)) + b'BlbE'
    slots += b'Slot' + struct.pack('<III', number, (4096 + len(blobs)) // 16, len(blob) // 16)
    blobs += blob
open(out + 'ndb', 'wb').write(slots + (b'Slot' + bytes(12)) * ((4096 - len(slots)) // 16) + blobs)
held.execute('pragma wal_autocheckpoint=0')
for _ in range(2):
    held.execute('insert into Packages(blob) select blob from Packages limit 1')
open(out + 'logged', 'wb').write(open(database, 'rb').read() + open(database + '-wal', 'rb').read())
for kind in ['hash', 'btree']:
    pairs = [(struct.pack('<I', 0), b'\3\0\0\0')] + [(struct.pack('<I', number), header) for number in (1, 2)]
    lines = ''.join(f' {key.hex()}\n {value.hex()}\n' for key, value in pairs)
    open(f'{database}.{kind}', 'w').write(f'VERSION=3\nformat=bytevalue\ntype={kind}\ndb_pagesize=1024\nHEADER=END\n{lines}DATA=END\n')
PY
for kind in hash btree; do db5.3_load -f "$work/sqlite/rpmdb.sqlite.$kind" "seeds/packages-berkeley-$kind"; done
for i in {1..9}; do printf 'C:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\nP:p%s\nV:1-r0\nA:x86_64\nF:etc\nR:%s\nZ:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\nF:usr/bin\nR:p%s\na:0:0:755\nZ:Q247DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n' $i $i $i; done > seeds/packages-apk
for i in {1..9}; do printf 'Package: a\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: %s\nConffiles:\n /etc/a d41d8cd98f00b204e9800998ecf8427e\n\nd41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n/usr\n/usr/bin\n/usr/bin/a\n' $i; done > seeds/packages-dpkg

for target in fuzz_targets/*.rs; do
  target=$(basename "$target" .rs); mkdir -p "corpus/$target"
  for choice in {0..63}; do printf "\\x$(printf %02x "$choice")\\x00\\x00\\x04\\x00\\x07ABCDEFGH" > "corpus/$target/seed-$choice"; done
done
# What the repository holds, so that nobody needs all those programs: holes stay holes.
find seeds -type f | sort | tar --sparse --hole-detection=raw --owner=0 --group=0 --mtime=@0 -cf - -T - | zstd -q -19 --long=27 -f -o seeds.tar.zst
ls seeds | wc -l
