#!/bin/bash
# Makes an AMI public, but asks assay first: only exit code 0 publishes. Needs aws, and coldsnap
# (github.com/awslabs/coldsnap) where no --image is given.
set -euo pipefail

usage() {
  echo "usage: publish-ami.sh [--dry-run] [--image FILE]... AMI" >&2
  echo "  --dry-run     audit, and print what would be done" >&2
  echo "  --image FILE  the raw image of a volume of the AMI (that it is one, you vouch for), in place of downloading all" >&2
  exit 2
}

dry_run="" ami="" images=()
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --image) [ $# -gt 1 ] || usage; images+=("$2"); shift ;;
    ami-*) [ -z "$ami" ] || usage; ami=$1 ;;
    *) usage ;;
  esac
  shift
done
[ -n "$ami" ] || usage

if [ ${#images[@]} -eq 0 ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  snapshots=$(aws ec2 describe-images --image-ids "$ami" --output text \
    --query 'Images[].BlockDeviceMappings[].Ebs.SnapshotId')
  for snapshot in $snapshots; do
    coldsnap download "$snapshot" "$folder/$snapshot.raw"
    images+=("$folder/$snapshot.raw")
  done
fi
[ ${#images[@]} -gt 0 ] || { echo "publish-ami.sh: $ami has no snapshot that could be audited" >&2; exit 3; }

# Whatever is not 0 (failed, wrong usage, not audited, incomplete) ends the script here, with that code.
for image in "${images[@]}"; do
  assay scan "$image" --profile public-ami
done

publish=(aws ec2 modify-image-attribute --image-id "$ami" --launch-permission 'Add=[{Group=all}]')
if [ -n "$dry_run" ]; then
  echo "would run: ${publish[*]@Q}"
else
  "${publish[@]}"
fi
