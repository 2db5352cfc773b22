# To be sourced, with `image` set: builds the program (`assay`), and mounts the image's root file system
# read-only at `root`, in the folder `work`. Both go when the script ends. Needs root.
here=$(cd "$(dirname "$0")/.." && pwd)
assay=${CARGO_TARGET_DIR:-$here/target}/release/assay
cargo build --release --quiet --manifest-path "$here/Cargo.toml"

work=$(mktemp -d)
export root=$work/root
mkdir "$root"
trap 'umount "$root" 2>/dev/null || true; rm -rf "$work"' EXIT
# The first partition that the kernel mounts as ext4 or XFS, or the image itself.
offsets=$(sfdisk --json "$image" 2>/dev/null | python3 -c '
import json, sys
for part in json.load(sys.stdin)["partitiontable"]["partitions"]:
    print(part["start"] * 512)' || echo 0)
for offset in $offsets; do
    mount -t ext4 -o "ro,noload,loop,offset=$offset" "$image" "$root" 2>/dev/null && break
    mount -t xfs -o "ro,norecovery,nouuid,loop,offset=$offset" "$image" "$root" 2>/dev/null && break
done
mountpoint -q "$root" || { echo "no partition of $image can be mounted" >&2; exit 1; }

hash_all() { find "$root" -xdev -type f -print0 | xargs -0 -n 200 -P 2 sha256sum; }
export -f hash_all
