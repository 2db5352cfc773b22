#!/bin/bash
# Compares the lists of software and the vulnerabilities of assay with those of trivy, syft and debsecan on one tree:
#   benches/packages.sh ASSAY TREE OSV [TRIVY_CACHE] [DEBSECAN_SOURCE]
# TREE is a mounted Debian, OSV a folder of OSV's zips, TRIVY_CACHE a cache with a database that was made of the same
# records, DEBSECAN_SOURCE a folder with a data file made of them. A peer that is not installed is left out, and said.
set -euo pipefail
assay=$1 tree=$2 osv=$3 trivy_cache=${4:-} debsecan_source=${5:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Name, then the command: CPU seconds and memory.
measured() {
  local name=$1
  shift
  /usr/bin/time -o "$work/time" -f '%U %S %M' "$@" > "$work/$name.out" 2> "$work/$name.err" || true
  tail -n 1 "$work/time" | awk -v name="$name" '{ printf "%-10s %6.1f CPU-s %6.0f MB  ", name, $1 + $2, $3 / 1024 }'
}
has() { command -v "$1" > /dev/null || { echo "$1 is not installed: left out"; return 1; }; }

echo "lists"
measured assay "$assay" packages --rootfs "$tree" --format json --no-progress
python3 -c 'import json,sys; d=json.load(open(sys.argv[1]))["packages"]["counts"]; print(sum(d.values()), d)' "$work/assay.out"
if has syft; then
  measured syft syft scan "dir:$tree" -o json
  python3 - "$work/syft.out" <<'PY'
import collections, json, sys
kinds = collections.Counter(one["type"] for one in json.load(open(sys.argv[1]))["artifacts"])
print(sum(kinds.values()), dict(kinds))
PY
fi
if has trivy; then
  measured trivy trivy rootfs --format cyclonedx --offline-scan --skip-db-update --skip-java-db-update ${trivy_cache:+--cache-dir "$trivy_cache"} "$tree"
  python3 -c 'import json,sys; print(len(json.load(open(sys.argv[1])).get("components", [])))' "$work/trivy.out"
fi

echo "vulnerabilities, as pairs of CVE and package"
measured assay "$assay" scan --rootfs "$tree" --vuln-db "$osv" --format json --fail-on never --no-progress
python3 - "$work/assay.out" <<'PY'
import json, sys
pairs = set()
for finding in json.load(open(sys.argv[1]))["findings"]:
    facts = finding["evidence"]["facts"]
    if finding["category"] == "package" and "packages" in facts:
        names = (facts.get("vulnerabilities") or finding["subject"].split(" in ")[0]).split(", ")
        pairs |= {(cve, package) for cve in names for package in facts["packages"].split(", ")}
kernel = {pair for pair in pairs if pair[1].startswith("linux-image")}
print(len(pairs - kernel), "and", len(kernel), "of the kernel")
PY
if [ -n "$trivy_cache" ] && has trivy; then
  measured trivy trivy rootfs --scanners vuln --format json --offline-scan --skip-db-update --skip-java-db-update --cache-dir "$trivy_cache" "$tree"
  python3 - "$work/trivy.out" <<'PY'
import json, sys
results = json.load(open(sys.argv[1])).get("Results", [])
print(len({(v["VulnerabilityID"], v["PkgName"]) for r in results for v in r.get("Vulnerabilities", [])}))
PY
fi
if [ -n "$debsecan_source" ] && has debsecan; then
  measured debsecan debsecan --source "file://$debsecan_source" --suite bookworm --status "$tree/var/lib/dpkg/status" --format simple
  wc -l < "$work/debsecan.out"
fi
