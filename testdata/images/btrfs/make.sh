#!/bin/bash
# Makes the images of this folder, as root: mkfs alone cannot fill several devices, nor leave a log behind.
#   ./make.sh .
set -e
out=$(realpath "$1"); work=$(mktemp -d); mnt=$work/mnt; mkdir "$mnt"
lines() { awk -v n="$1" -v tag="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s, line %07d\n", tag, i }'; }
# make NAME COUNT SIZE MKFS-OPTIONS: a file system mounted on $mnt
make() {
    loops=(); files=()
    for i in $(seq "$2"); do
        truncate -s "$3" "$work/$1-$i.img"; files+=("$work/$1-$i.img")
        loops+=("$(losetup -f --show "$work/$1-$i.img")")
    done
    mkfs.btrfs -q -f $4 "${loops[@]}"
    mount -o "${5:-defaults}" "${loops[0]}" "$mnt"
}
fill() {
    lines 40000 striped > "$mnt/striped"
    mkdir "$mnt/dir"; echo small > "$mnt/dir/small"; ln -s striped "$mnt/link"
}
finish() {
    umount "$mnt"; for loop in "${loops[@]}"; do losetup -d "$loop"; done
    pack "$1"
}
pack() { for file in "$work/$1"-*.img; do zstd -q -19 "$file" -o "$out/$(basename "$file" .img).zst" -f; rm "$file"; done; }
for profile in raid0:2 raid1:2 raid10:4 raid1c3:3 raid5:3 raid6:4; do
    name=${profile%:*}
    make "$name" "${profile#*:}" 128M "-n 4096 -d $name -m $name"
    fill; finish "$name"
done
# Packed content, reflinks, snapshots in each other, prealloc, holes.
for method in zlib lzo zstd; do
    make "$method" 1 24M "--mixed -n 4096" "compress-force=$method"
    fill
    btrfs -q subvolume create "$mnt/@"; mkdir "$mnt/@/etc"; echo inside > "$mnt/@/etc/file"
    lines 20000 packed > "$mnt/@/packed"
    cp --reflink=always "$mnt/@/packed" "$mnt/@/again"
    xfs_io -f -c "reflink $mnt/@/packed 135168 0 65536" "$mnt/@/part" > /dev/null
    fallocate -l 100000 "$mnt/@/prealloc"
    truncate -s 1M "$mnt/@/hole"
    python3 -c "import os, sys; os.setxattr(sys.argv[1], b\"user.colour\", b\"red\")" "$mnt/@/packed"
    btrfs -q subvolume create "$mnt/@/nested"; echo nested > "$mnt/@/nested/file"
    btrfs -q subvolume snapshot "$mnt/@" "$mnt/snapshot"
    echo changed > "$mnt/snapshot/etc/file"
    btrfs -q subvolume set-default "$mnt/@"
    finish "$method"
done
# A log: what was made durable one by one after the last commit of the whole.
make log 1 24M "--mixed -n 4096" commit=300
fill
echo old > "$mnt/replaced"; echo moved > "$mnt/before"; echo gone > "$mnt/dir/gone"; lines 100 grown > "$mnt/grown"
sync
echo new > "$mnt/replaced"; lines 3000 logged > "$mnt/logged"; lines 5000 grown > "$mnt/grown"
ln "$mnt/logged" "$mnt/dir/second"; mv "$mnt/before" "$mnt/after"; rm "$mnt/dir/gone"
printf middle | dd of="$mnt/striped" bs=1 seek=100000 conv=notrunc status=none
python3 -c "import os, sys; os.setxattr(sys.argv[1], b\"user.colour\", b\"red\")" "$mnt/replaced"
for name in replaced logged grown after dir striped; do xfs_io -r -c fsync "$mnt/$name"; done
cp "$work/log-1.img" "$work/crash-1.img"
umount "$mnt"; losetup -d "${loops[0]}"; rm "$work/log-1.img"; pack crash
rm -r "$work"
