#!/usr/bin/env bash
# The numbers of docs/numbers.md: benches/numbers.sh IMAGE [RUNS]
#
# Compares, on the kernel's mount of the same image, page cache warm, in turns, and prints medians:
#   `assay scan` with `sha256sum` of all files, two processes;
#   `assay layout`, which walks every entry with its metadata, with `find -ls`;
#   `assay manifest`, which hashes every file, by bytes a CPU-second;
#   `assay demo`, which is little more than the start of the program.
# Needs root for the mount, and GNU time.
set -euo pipefail
image=$(realpath "$1")
runs=${2:-5}
. "$(dirname "$0")/mounted.sh"

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
timed() { # FILE COMMAND...: appends "wall cpu peak-KiB"
    local out=$1; shift
    /usr/bin/time -f '%e %U %S %M' -o "$work/t" "$@" >/dev/null 2>&1 || true
    awk 'END { print $1, $2 + $3, $4 }' "$work/t" >> "$out"
}
# Once each, not counted: the page cache is warm then.
timed "$work/skip" "$assay" scan --no-progress --format json "$image"
timed "$work/skip" bash -c hash_all
for _ in $(seq "$runs"); do
    timed "$work/assay" "$assay" scan --no-progress --jobs 2 --format json "$image"
    timed "$work/sha" bash -c hash_all
    timed "$work/walk" "$assay" layout "$image"
    timed "$work/find" find "$root" -xdev -ls
    timed "$work/manifest" "$assay" manifest "$image"
    timed "$work/start" "$assay" demo --quiet
done
"$assay" scan --no-progress --format json "$image" > "$work/report.json" || true
entries=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["coverage"]["entries"])' "$work/report.json")
column() { awk -v c="$2" '{ print $c }' "$work/$1" > "$work/column"; median "$work/column"; }
printf '%-34s %10s %10s %12s\n' "median of $runs" 'wall s' 'CPU s' 'peak MiB'
for row in assay sha walk find manifest start; do
    printf '%-34s %10s %10s %12.0f\n' "$row" "$(column $row 1)" "$(column $row 2)" "$(echo "$(column $row 3) / 1024" | bc -l)"
done
paste "$work/assay" "$work/sha" | awk '{ print $1 / $4 }' > "$work/ratio"
echo "wall, assay to sha256sum, median of pairs: $(median "$work/ratio")"
paste "$work/walk" "$work/find" | awk '{ print $2 / $5 }' > "$work/ratio"
echo "CPU, walk to find -ls, median of pairs: $(median "$work/ratio")"
bytes=$(find "$root" -xdev -type f -printf '%i %s\n' | sort -u | awk '{ sum += $2 } END { printf "%d", sum }')
echo "manifest: $(echo "$bytes / 1000000 / $(column manifest 2)" | bc) MB of file content hashed a CPU-second"
echo "walk: $(echo "$(column walk 2) * 1000000 / $entries" | bc -l | cut -c1-5) microseconds of CPU an entry, $entries entries"
