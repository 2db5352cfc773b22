#!/bin/sh
# Makes lvm-striped-and-linear.img.gz: a GPT disk with two physical volumes, a volume group whose name has a
# dash, a linear volume over both (the root) and a striped one that its fstab names. As root, for loop devices;
# needs gdisk, lvm2, e2fsprogs. The kernel needs no device-mapper: nothing is activated.
set -eu
out=$(cd "$(dirname "$0")" && pwd)/lvm-striped-and-linear.img.gz
work=$(mktemp -d)
cd "$work"
mkdir -p root/etc root/srv data/app
printf '/dev/mapper/my--vg-root / ext4 defaults 0 1\n/dev/my-vg/data /srv ext4 defaults 0 2\n' > root/etc/fstab
echo 'root:x:0:0::/root:/bin/sh' > root/etc/passwd
head -c 700000 /dev/zero | tr '\0' 'r' > root/etc/large
head -c 300000 /dev/zero | tr '\0' 'd' > data/app/large
for number in $(seq 1000 1039); do yes "chunk $number" | head -c 8192; done > data/app/numbers
truncate -s 10M disk.img
sgdisk -a 8 -n 1:2048:+3M -t 1:8e00 -n 2:0:+3M -t 2:8e00 disk.img > /dev/null
loop1=$(losetup -f --show -o 1048576 --sizelimit 3145728 disk.img)
loop2=$(losetup -f --show -o 4194304 --sizelimit 3145728 disk.img)
config="devices{scan=\"/dev\" filter=[\"a|^$loop1\$|\",\"a|^$loop2\$|\",\"r|.*|\"] use_devicesfile=0}
global{activation=0} backup{backup=0 archive=0}"
run() { /usr/sbin/lvm "$@" --config "$config"; }
run pvcreate -y -ff --dataalignment 64k --metadatasize 64k "$loop1" "$loop2"
run vgcreate -s 64k my-vg "$loop1" "$loop2"
run lvcreate -y -an -Zn -Wn -n root -L 1M my-vg "$loop1"
run lvcreate -y -an -Zn -Wn -n data -i 2 -I 8k -L 1M my-vg
run lvextend -L +512k my-vg/root "$loop2"
run lvcreate -y -an -Zn -Wn -n empty -L 128k my-vg
start=$(run pvs --noheadings --nosuffix --units b -o pe_start "$loop1" | tr -d ' ')
run lvs --segments -a -o lv_name,seg_pe_ranges my-vg
losetup -d "$loop1" "$loop2"
mke2fs -q -t ext4 -b 1024 -O ^has_journal -d root root.img 1536k
mke2fs -q -t ext4 -b 1024 -O ^has_journal -d data data.img 1M
# Extents of 64 KiB: root has 0-15 of the first and 8-15 of the second, data 16-23 and 0-7, as lvs says above.
put() { dd if="$1" of=disk.img bs="$2" skip="$3" seek="$(($4 / $2))" count="$5" conv=notrunc status=none; }
put root.img 65536 0 $((1048576 + start)) 16
put root.img 65536 16 $((4194304 + start + 8 * 65536)) 8
chunk=0
while [ $chunk -lt 128 ]; do
    if [ $((chunk % 2)) = 0 ]; then base=$((1048576 + start + 16 * 65536)); else base=$((4194304 + start)); fi
    put data.img 8192 $chunk $((base + chunk / 2 * 8192)) 1
    chunk=$((chunk + 1))
done
gzip -9n < disk.img > "$out"
rm -r "$work"
