//! Advisories of RPM repositories: patched ones, and what is in them compared.
#![no_main]

use ami_assay_fuzz::feed::{components, patched, search};
use assay::packages::ecosystem::Ecosystem;
use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"<?xml version="1.0"?><updates><update type="security"><id>ALAS2-2026-001</id><title>T &amp; U</title>
<issued date="2026-11-29 10:00"/><updated date="2026-11-29 10:00"/><severity>important</severity><description>D</description>
<references><reference href="https://a" id="CVE-2026-0001" title="" type="cve"/></references><pkglist>
<collection short="amazon-linux-2---a"><name>N</name><module name="m" stream="1" version="2" context="c" arch="x86_64"/>
<package name="openssl" version="1.0" release="2.module_el9" epoch="0" arch="x86_64"><filename>f</filename></package>
<package name="kernel" version="1.0" release="2" epoch="1" arch="x86_64"/></collection></pkglist></update></updates>"#;

fuzz_target!(|input: &[u8]| {
    let [choice, patches @ ..] = input else { return };
    let system = [("amzn", "2"), ("almalinux", "9.4"), ("rocky", "9.4"), ("rhel", "9.4")][usize::from(*choice % 4)];
    search(&patched(SEED.as_bytes(), patches), system, components(Ecosystem::Rpm));
});
