#!/bin/bash
# Makes the small images that the fuzz targets patch, in fuzz/seeds/, and a corpus of a few inputs for each.
# Needs e2fsprogs, dosfstools, fdisk. A new file system: make an image here, with its name as prefix.
set -euo pipefail
cd "$(dirname "$0")"
export PATH=$PATH:/usr/sbin:/sbin
rm -rf seeds; mkdir -p seeds
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
tree=$work/tree; mkdir -p "$tree/d/e" "$tree/etc"
echo hello > "$tree/etc/hello"; ln "$tree/etc/hello" "$tree/d/hard"; ln -s ../../x "$tree/d/link"
ln -s "$(printf 'l%.0s' {1..90})" "$tree/d/long"
head -c 9000 /dev/urandom > "$tree/d/data"; truncate -s 40000 "$tree/d/sparse"; echo x >> "$tree/d/sparse"
for i in {1..40}; do echo $i > "$tree/d/e/some name that fills the block $i"; done

mk() { name=$1; size=$2; shift 2; mkfs.ext4 -q -F -d "$tree" "$@" "seeds/$name" "$size"; }
mk ext2 512k -t ext2 -b 1024 -N 64
mk ext4-csum 512k -b 1024 -N 64 -O ^has_journal,metadata_csum,64bit
mk ext4-groups 768k -b 1024 -g 256 -N 96 -O ^has_journal,^resize_inode
mk ext4-inline 512k -b 1024 -N 64 -I 256 -O ^has_journal,inline_data,ea_inode
mk ext4-indirect 512k -b 1024 -N 64 -O ^has_journal,^extent,^64bit
mk ext4-journal 4M -b 1024 -N 64 -J size=1 -O 64bit,metadata_csum

# A journal with transactions, as a file of its own.
cp seeds/ext4-journal "$work/dirty"
head -c 3072 /dev/urandom > "$work/blocks"
for version in 2 3; do
  cp "$work/dirty" "$work/v$version"
  printf 'jo -c -v %s\njw -b 1500-1502 %s\njw -r 1501\njw -b 1600,1601 %s\njc\n' $version "$work/blocks" "$work/blocks" > "$work/commands"
  debugfs -w -f "$work/commands" "$work/v$version" > /dev/null 2>&1
  debugfs -R "dump <8> seeds/journal-v$version" "$work/v$version" > /dev/null 2>&1
  truncate -s 256k "seeds/journal-v$version"
  cp "$work/v$version" "seeds/ext4-dirty-v$version"
done

truncate -s 512k seeds/fat; mkfs.vfat -n SEED seeds/fat > /dev/null
truncate -s 1M seeds/disk-gpt; printf 'label: gpt\nstart=64, size=512\nstart=1024, size=256\n' | sfdisk -q seeds/disk-gpt
truncate -s 1M seeds/disk-mbr
printf 'label: dos\nstart=64, size=256, type=83\nstart=512, size=1024, type=5\nstart=576, size=64, type=83\nstart=768, size=64, type=83\n' | sfdisk -q seeds/disk-mbr

for target in ext any_filesystem partition_table journal; do
  mkdir -p "corpus/$target"
  for choice in {0..13}; do printf "\\x$(printf %02x "$choice")\\x00\\x00\\x04\\x00\\x07ABCDEFGH" > "corpus/$target/seed-$choice"; done
done
ls -la seeds
