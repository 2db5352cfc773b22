#!/bin/sh
# Makes published-files.txt: the files in packages of Debian in which the program finds values (example keys, test
# certificates) or archives that are damaged on purpose. Needs apt, dpkg-deb, a built assay, and some GB for a moment.
#
#   signatures/hashes/published.sh target/release/assay > signatures/hashes/published-files.txt
#
# The archive and its keys are those of this machine's apt; MIRROR, SECURITY, SUITES, PACKAGES (a file of names, else
# published-packages.txt) and KEYRING choose others. With NAMES=FILE it writes there which packages had such a file.
set -eu
assay=$(realpath "${1:?which assay?}")
here=$(dirname "$(realpath "$0")")
packages=$(realpath "${PACKAGES:-$here/published-packages.txt}")
suites=${SUITES:-bookworm trixie}
keyring=${KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
names=$(realpath -m "${NAMES:-/dev/null}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Where this machine's apt gets what its label says.
source_of() {
    apt-get indextargets --format '$(LABEL)	$(REPO_URI)' 'Created-By: Packages' |
        awk -F '\t' -v label="$1" '$1 == label { print $2; exit }'
}
mirror=${MIRROR:-$(source_of Debian)}
security=${SECURITY:-$(source_of Debian-Security)}
: "${mirror:?this machine has no Debian archive: set MIRROR}"

for suite in $suites; do
    base="$work/$suite"
    mkdir -p "$base/state/lists/partial" "$base/cache/archives/partial" "$base/debs"
    {
        for part in "$suite" "$suite-updates"; do echo "deb [signed-by=$keyring] $mirror $part main"; done
        [ -z "$security" ] || echo "deb [signed-by=$keyring] $security $suite-security main"
    } > "$base/sources.list"
    for command in get cache; do
        {
            echo '#!/bin/sh'
            echo "exec apt-$command -q -o Dir::State='$base/state' -o Dir::State::status=/dev/null" \
                "-o Dir::Cache='$base/cache' -o Dir::Etc::sourcelist='$base/sources.list'" \
                '-o Dir::Etc::sourceparts=/dev/null -o Acquire::Languages=none "$@"'
        } > "$base/apt-$command"
        chmod +x "$base/apt-$command"
    done
    "$base/apt-get" update >&2
    # Every version that the archive has: of the release, its updates and its security updates.
    sed 's/#.*//' "$packages" | xargs "$base/apt-cache" madison 2> /dev/null |
        awk -F ' *[|] *' '$3 ~ /Packages$/ { gsub(/ /, "", $1); print $1 "=" $2 }' | sort -u > "$base/versions"
    [ -s "$base/versions" ] || { echo "$suite has none of the packages" >&2; exit 1; }
    (cd "$base/debs" && xargs -n 50 "$base/apt-get" download < "$base/versions" >&2)
    for deb in "$base/debs"/*.deb; do
        rm -rf "$base/tree"
        dpkg-deb -x "$deb" "$base/tree"
        "$assay" published --carried "$base/tree" > "$base/found" || { echo "$deb: not scanned" >&2; exit 1; }
        [ ! -s "$base/found" ] || dpkg-deb -f "$deb" Package >> "$work/names"
        cat "$base/found" >> "$work/all"
        rm "$deb"
    done
done

[ "$names" = /dev/null ] || sort -u "$work/names" > "$names"
echo '# Files that Debian publishes with example keys, test certificates or broken archives in them: size, and the first'
echo '# half of the SHA-256. Made by published.sh; the packages are in published-packages.txt.'
sort -u "$work/all"
