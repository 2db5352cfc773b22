#!/usr/bin/env python3
"""Writes end-of-life.toml out of the data of endoflife.date.

    signatures/end-of-life.py endoflife-all.json 2026-08-22 > signatures/end-of-life.toml

The first argument is the JSON of all products (a map from product to `title` and `releases`), the second the day of its
last change. Which products are taken, and by which names an image has them, stands below.
"""
import json
import sys

# Product, what extended support is called (where there is some), IDs of os-release.
DISTRIBUTIONS = [
    ("almalinux", "", ["almalinux"]),
    ("alpine-linux", "", ["alpine"]),
    ("amazon-linux", "", ["amzn"]),
    ("centos", "", ["centos"]),
    ("centos-stream", "", ["centos"]),
    ("debian", "LTS, by volunteers and sponsors", ["debian", "raspbian"]),
    ("fedora", "", ["fedora"]),
    ("nixos", "", ["nixos"]),
    ("opensuse", "", ["opensuse-leap"]),
    ("oracle-linux", "Extended Support, paid", ["ol"]),
    ("rhel", "Extended Life Cycle Support, paid", ["rhel"]),
    ("rocky-linux", "", ["rocky"]),
    ("sles", "LTSS, paid", ["sles", "sles_sap"]),
    ("ubuntu", "Ubuntu Pro, paid for more than five machines", ["ubuntu"]),
]

# Products whose repositories are named by the codename, or its first word.
CODENAMES = ["debian", "ubuntu"]

# Product, and the names of components that are it: `kind:name`, with `*` for anything.
SOFTWARE = [
    ("amazon-corretto", ["program:amazon-corretto", "*:java-*-amazon-corretto*"]),
    ("ansible-core", ["python:ansible-core"]),
    ("apache-http-server", ["program:httpd", "program:apache", "program:apache-http-server"]),
    ("azul-zulu", ["program:azul-zulu", "*:zulu*-jdk*", "*:zulu*-jre*"]),
    ("bun", ["program:bun"]),
    ("consul", ["program:consul", "deb:consul", "rpm:consul"]),
    ("containerd", ["program:containerd", "*:containerd.io"]),
    ("deno", ["program:deno"]),
    ("django", ["python:django"]),
    ("docker-engine", ["program:dockerd", "program:docker", "*:docker-ce"]),
    ("dotnet", ["program:dotnet", "program:dotnet-runtime", "dotnet:microsoft.netcore.app", "*:dotnet-runtime-*"]),
    ("drupal", ["php:drupal/core", "program:drupal"]),
    ("eclipse-temurin", ["program:eclipse-temurin", "program:temurin", "*:temurin-*-j*"]),
    ("elasticsearch", ["program:elasticsearch", "deb:elasticsearch", "rpm:elasticsearch"]),
    ("envoy", ["program:envoy"]),
    ("erlang", ["program:erlang", "program:erlang/otp"]),
    ("etcd", ["program:etcd", "go:go.etcd.io/etcd/server/v3"]),
    ("go", ["go:stdlib"]),
    ("grafana", ["program:grafana", "*:grafana", "*:grafana-enterprise"]),
    ("haproxy", ["program:haproxy"]),
    ("hashicorp-vault", ["program:vault", "*:vault"]),
    ("jenkins", ["program:jenkins", "*:jenkins", "java:org.jenkins-ci.main:jenkins-core"]),
    ("kubernetes", ["program:kubelet", "*:kubelet", "program:kubernetes"]),
    ("laravel", ["php:laravel/framework"]),
    ("linux", ["program:linux-kernel"]),
    ("log4j", ["java:org.apache.logging.log4j:log4j-core", "java:log4j:log4j"]),
    ("mariadb", ["program:mariadb", "*:mariadb-server"]),
    ("memcached", ["program:memcached"]),
    ("mongodb", ["program:mongodb", "program:mongod", "*:mongodb-org-server"]),
    ("mysql", ["program:mysql", "*:mysql-community-server"]),
    ("nginx", ["program:nginx", "*:nginx"]),
    ("nodejs", ["program:node", "program:node.js", "program:nodejs", "*:nodejs"]),
    ("nomad", ["program:nomad", "*:nomad"]),
    ("openssl", ["program:openssl"]),
    ("oracle-jdk", ["program:oracle-jdk", "*:jdk-*"]),
    ("perl", ["program:perl"]),
    ("php", ["program:php", "program:php-cli", "program:php-fpm", "*:php*-common"]),
    ("postgresql", ["program:postgresql", "*:postgresql-[0-9]*", "*:postgresql*-server"]),
    ("prometheus", ["program:prometheus", "go:github.com/prometheus/prometheus"]),
    ("python", ["program:python", "program:cpython"]),
    ("rabbitmq", ["program:rabbitmq", "*:rabbitmq-server"]),
    ("redis", ["program:redis", "program:redis-server", "*:redis"]),
    ("ruby", ["program:ruby"]),
    ("spring-boot", ["java:org.springframework.boot:spring-boot"]),
    ("spring-framework", ["java:org.springframework:spring-core"]),
    ("symfony", ["php:symfony/symfony", "php:symfony/http-kernel"]),
    ("tomcat", ["program:tomcat", "java:org.apache.tomcat:tomcat-catalina", "java:org.apache.tomcat.embed:tomcat-embed-core"]),
    ("traefik", ["program:traefik"]),
    ("valkey", ["program:valkey", "program:valkey-server"]),
    ("wordpress", ["wordpress:wordpress"]),
]

HEAD = """\
# Days on which the support of distributions and runtimes ends: what is no longer looked after gets no fixes.
#
# Source: https://endoflife.date (MIT license), as of the day below. Written by end-of-life.py; change that, not this.
# A release is [cycle, end, end of extended support]. `end` is the last day of security fixes for everybody; "" where it
# is not known yet, and "ended" where only that is known. The third is left out where there is no extended support.
# `named` is a word that PRETTY_NAME must have, where one ID is of two products.
# `codenames` are those of releases, as repositories are named by them.
# `software` names components of the inventory, as kind:name, with * for anything. Packages of a distribution are looked
# after by the distribution, whatever their makers do: only what came otherwise is held against these.
"""


def end(value):
    if value is True:
        return "ended"
    return value if isinstance(value, str) else ""


def releases(product):
    for release in product["releases"]:
        last, extended = end(release.get("eol")), end(release.get("eoes"))
        row = [str(release["releaseCycle"]), last]
        if extended and extended != "ended" and extended > last:
            row.append(extended)
        yield "    " + json.dumps(row) + ","


def codenames(product):
    names = [(release.get("codename") or "", release["releaseCycle"]) for release in product["releases"]]
    return ", ".join(f'{name.split()[0].lower()} = "{cycle}"' for name, cycle in names if name)


def main():
    data, day = json.load(open(sys.argv[1], encoding="utf8")), sys.argv[2]
    print(HEAD)
    print(f"day = {day}")
    known = {"linux": ["linux", "linux-kernel", "linuxkernel"]}
    for name, extended, systems in DISTRIBUTIONS:
        write(data, name, [name], f"systems = {json.dumps(systems)}", extended)
    for name, software in SOFTWARE:
        write(data, name, known.get(name, [name]), f"software = {json.dumps(software)}", "")


def write(data, name, keys, line, extended):
    product = next((data[key] for key in keys if key in data), None)
    if product is None:
        print(f"{name}: there is no such product", file=sys.stderr)
        return
    if name == "centos-stream":
        line += '\nnamed = "Stream"'
    if name in CODENAMES:
        line += f"\ncodenames = {{ {codenames(product)} }}"
    print(f'\n[[product]]\nid = "{name}"\ntitle = {json.dumps(product["title"])}\n{line}')
    if extended:
        print(f"extended = {json.dumps(extended)}")
    print("releases = [")
    print("\n".join(releases(product)))
    print("]")


main()
