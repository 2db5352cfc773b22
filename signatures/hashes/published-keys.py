#!/usr/bin/env python3
"""Makes the lists of private keys and other values that well-known packages publish:

    signatures/hashes/published-keys.py ASSAY DIR KEYS.toml VALUES.txt [ROOT…]

DIR is where benches/truth.sh built its trees. What they lack is fetched into DIR/published: test suites and vectors of
PyPI and of Debian, by pip and apt-get; `--offline` does without. With ROOTs only these are looked at. Every line says which package has the value, and
where in it. A key is listed by the fingerprint of its public half, so it is known in every form and in every version;
a value, and a key without such a fingerprint, by the SHA-256 of its text without white space around it.

A value is listed only if nobody else would choose it: it is long, and a rule for tokens, keys or salted hashes found
it, not one for passwords. KEYS.toml and VALUES.txt that are there are kept, and added to: a package may drop what it
once published, and it is known all the same.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

WHEELS = ["cryptography-vectors", "oauth2client", "boto", "awscli"]
SDISTS = ["paramiko", "pyjwt", "pyopenssl", "urllib3", "requests", "google-auth", "python-jose", "josepy", "acme",
          "asyncssh", "aiohttp", "httplib2", "trustme", "pysaml2", "oauthlib", "kubernetes", "docker", "scrapy"]
DEBS = ["vagrant", "golang-1.19-src", "libpython3.11-testsuite", "mariadb-test-data", "openssh-tests", "gnutls-bin",
        "libgnutls28-dev", "libnet-ssleay-perl", "libio-socket-ssl-perl", "libruby3.1", "ruby-httpclient", "php-phpseclib3",
        "perl-modules-5.36", "node-jose", "node-https-proxy-agent", "puma", "openssl", "openvpn", "python3-twisted",
        "python3-tornado", "python3-certbot", "python3-aiohttp", "socat", "wpasupplicant", "dovecot-core", "rclone",
        "erlang-ssl", "xmlsec1", "libxmlsec1-dev", "libnetty-java", "libgoogle-api-client-java", "gsutil", "freeradius-config",
        "cloud-init", "john-data", "nmap-common", "ruby-rubygems", "ruby-bundler", "mercurial-common", "libcurl4-doc",
        "libbcprov-java", "libbcpkix-java", "stunnel4", "python3-cryptography-vectors", "libmina2-java", "libsshd-core-java"]
# A hash without a salt is the same for all who have the password: it says nothing of who published it.
UNSALTED = {"ldap-password-hash", "mysql-password-hash", "dumped-password-hash", "samba-password-hash"}
# Rules for values that people choose: only a long one is nobody else's.
CHOSEN = {"url-with-password", "assigned-secret", "assigned-short-name", "password-element", "password-attribute",
          "told-password", "password-piped-to-chpasswd", "password-that-cloud-init-made", "curl"}
SHORTEST, SHORTEST_CHOSEN = 20, 32
# Shorter ones, which stand in manuals as they are.
EXAMPLES = {"key_1234": "dotenv (npm), README.md", "key_7890": "dotenv (npm), README.md",
            "key_1234\u2026": "dotenv (npm), lib/main.d.ts"}


def run(*command, **more):
    return subprocess.run(command, check=False, text=True, capture_output=True, **more)


def fetch(base):
    """Trees of DIR/published, one a package, and what each is called."""
    work = f"{base}/published"
    os.makedirs(work, exist_ok=True)
    for kind, names in (("wheel", WHEELS), ("sdist", SDISTS), ("deb", DEBS)):
        for name in names:
            if glob.glob(f"{glob.escape(work)}/{kind}:{name}:*"):
                continue
            with tempfile.TemporaryDirectory(dir=work, prefix=".") as down:
                if kind == "deb":
                    run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name, cwd=down)
                else:
                    form = "--only-binary" if kind == "wheel" else "--no-binary"
                    run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps",
                        form, ":all:" if kind == "wheel" else name, "--dest", down, name)
                files = os.listdir(down)
                if len(files) != 1:
                    print(f"skipped: {kind} {name}", file=sys.stderr)
                    continue
                file = files[0]
                version = re.split(r"[_-]", file[len(name):].lstrip("_-"), maxsplit=1)[0]
                version = re.sub(r"\.(tar\.gz|zip|whl)$", "", version)
                if kind == "deb":
                    version = run("dpkg-deb", "-f", f"{down}/{file}", "Version").stdout.strip()
                out = f"{work}/{kind}:{name}:{version}"
                os.makedirs(out + ".part")
                if kind == "deb":
                    run("dpkg-deb", "-x", f"{down}/{file}", out + ".part")
                elif file.endswith(".tar.gz"):
                    run("tar", "-xf", f"{down}/{file}", "-C", out + ".part", "--strip-components=1")
                else:
                    run(sys.executable, "-m", "zipfile", "-e", f"{down}/{file}", out + ".part")
                os.rename(out + ".part", out)


def findings(assay, root):
    """What is found in a tree. Each file with something in it is looked at with a line more, so that the program's own
    list of published files does not know it; the list of keys is no matter, for it drops nothing."""
    files = [line.split("  ", 1)[1] for line in run(assay, "published", root).stdout.splitlines() if "  " in line]
    with tempfile.TemporaryDirectory() as copy:
        for file in files:
            file = file.split("!/")[0].lstrip("/")
            source, target = f"{root}/{file}", f"{copy}/{file}"
            if not os.path.isfile(source):
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            with open(target, "r+b") as out:
                if b"\0" not in out.read(8192): # in DER it would be no end of a line
                    out.seek(0, os.SEEK_END)
                    out.write(b"\n")
        report = run(assay, "scan", "--no-progress", "--quiet", "--format", "json", "--evidence", "hash", "--rootfs", copy)
        return json.loads(report.stdout)["findings"] if report.stdout else []


def package_of(root, path):
    """The package that has the file, with its version, and the path in it."""
    if ":" in os.path.basename(root):
        kind, name, version = os.path.basename(root).split(":", 2)
        where = {"deb": "Debian"}.get(kind, "PyPI")
        return f"{name} {version} ({where})", path.lstrip("/")
    outer = path.split("!/")[0]
    found = re.search(r"/(?:site|dist)-packages/(.*)", path)
    if found:
        site = root + path[: found.start(1)]
        for record in glob.glob(f"{glob.escape(site)}*.dist-info/RECORD"):
            if any(line.startswith(outer[found.start(1):] + ",") for line in open(record, errors="replace")):
                name, version = os.path.basename(os.path.dirname(record))[: -len(".dist-info")].rsplit("-", 1)
                return f"{name} {version} (PyPI)", found[1]
    at = path.rfind("/node_modules/")
    if at >= 0:
        parts = path[at + len("/node_modules/"):].split("/")
        size = 2 if parts[0].startswith("@") else 1
        package = "/".join(parts[:size])
        try:
            version = json.load(open(f"{root}{path[:at]}/node_modules/{package}/package.json"))["version"]
        except (OSError, ValueError, KeyError):
            return None
        return f"{package} {version} (npm)", "/".join(parts[size:])
    found = re.match(r".*/registry/src/[^/]+/([^/]+?)-(\d[^/]*)/(.*)$", path)
    if found:
        return f"{found[1]} {found[2]} (crates.io)", found[3]
    return None


def main():
    offline = "--offline" in sys.argv
    assay, base, keys_file, values_file, *only = [argument for argument in sys.argv[1:] if argument != "--offline"]
    if not offline:
        fetch(base)
    roots = sorted(glob.glob(f"{glob.escape(base)}/published/*:*:*"))
    roots = [f"{base}/{kind}/root" for kind in ("python", "node", "rust") if os.path.exists(f"{base}/{kind}/built")] + roots
    keys, values = {}, {}
    if os.path.exists(keys_file):
        entry = re.compile(r'^fingerprint = "(.*)"(?: # (.*))?\nof = (.*)$', re.M)
        keys = {known: (json.loads(of), kind) for known, kind, of in entry.findall(open(keys_file).read())}
    if os.path.exists(values_file):
        lines = [line.rstrip("\n") for line in open(values_file) if line[:1] not in "#\n"]
        values = dict(line.split("  ", 1) for line in lines)
    for value, of in EXAMPLES.items():
        values.setdefault(hashlib.sha256(value.encode()).hexdigest(), f"url-with-password, {of}")
    for root in only or roots:
        if root.endswith(".part"):
            continue
        new = [0, 0]
        for finding in findings(assay, root):
            evidence, path = finding["evidence"], finding["location"]["path"]
            owner = package_of(root, path)
            if owner is None or finding["category"] not in ("credential", "ssh-private-key", "ssh-host-key"):
                continue
            of = ", ".join(owner)
            fingerprint = evidence.get("key_fingerprint")
            if fingerprint:
                new[0] += fingerprint not in keys
                kind = evidence["facts"].get("key type", "")
                keys[fingerprint] = (keys.get(fingerprint, (of,))[0], kind)
                continue
            lengths = [int(n) for n in re.findall(r"\((\d+) bytes\)", " ".join(evidence["redacted"]))]
            least = SHORTEST_CHOSEN if finding["id"] in CHOSEN else SHORTEST
            if finding["id"] in UNSALTED or len(lengths) != len(evidence["sha256"]):
                continue
            for digest, length in zip(evidence["sha256"], lengths):
                if length < least:
                    continue
                new[1] += digest not in values
                values.setdefault(digest, f"{finding['id']}, {of}")
        print(f"{root.removeprefix(base + '/')}: {new[0]} keys, {new[1]} values", file=sys.stderr)
    with open(keys_file, "w") as out:
        out.write("# Private keys that well-known software publishes, by the fingerprint of the public half.\n"
                  "# Made by published-keys.py, which adds to it.\n")
        for fingerprint, (of, kind) in sorted(keys.items(), key=lambda item: (item[1][0], item[0])):
            kind = kind and f" # {kind}"
            out.write(f'\n[[key]]\nfingerprint = "{fingerprint}"{kind}\nof = {json.dumps(of, ensure_ascii=False)}\n')
    with open(values_file, "w") as out:
        out.write("# Values that well-known software publishes: SHA-256 of the value, the rule that finds it, the package and\n"
                  "# the file that has it. Made by published-keys.py, which adds to it.\n")
        for digest, what in sorted(values.items()):
            out.write(f"{digest}  {what}\n")


if __name__ == "__main__":
    main()
