//! Records of OSV, Debian's tracker, CSAF, OpenVEX, KEV and EPSS: patched ones, and what is in them compared.
#![no_main]

use ami_assay_fuzz::feed::{components, patched, search};
use assay::packages::ecosystem::Ecosystem;
use libfuzzer_sys::fuzz_target;

const SEEDS: [&str; 6] = [
    r#"{"schema_version":"1.7.0","id":"GHSA-1","modified":"2026-11-29T00:00:00Z","aliases":["CVE-2026-0001"],"summary":"S",
"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"},{"type":"CVSS_V2","score":"AV:N/AC:L/Au:N/C:N/I:N/A:C"}],
"affected":[{"package":{"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
{"fixed":"2.0"},{"introduced":"3.0"},{"last_affected":"4.0"},{"limit":"9"}]}],"versions":["1.0-1"],
"ecosystem_specific":{"urgency":"high","imports":[{"path":"a","symbols":["B"]}],"binaries":[{"binary_name":"openssl"}]}}]}"#,
    r#"{"openssl":{"CVE-2026-0001":{"description":"D","releases":{"bookworm":{"status":"open","urgency":"high","nodsa":"x"}}}}}"#,
    r#"{"document":{"tracking":{"id":"CVE-2026-0001"}},"product_tree":{"branches":[{"product":{"product_id":"p",
"product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}],"relationships":[{"full_product_name":{"product_id":"p:a"},
"product_reference":"openssl-1.0-2.x86_64","relates_to_product_reference":"p"}]},"vulnerabilities":[{"cve":"CVE-2026-0001",
"product_status":{"fixed":["p:a"]}}]}"#,
    r#"{"@context":"https://openvex.dev/ns/v0.2.0","author":"A","statements":[{"vulnerability":{"name":"CVE-2026-0001"},
"products":[{"@id":"pkg:deb/debian/openssl@1.0-1"}],"status":"not_affected","justification":"x"}]}"#,
    r#"{"catalogVersion":"1","dateReleased":"2026-11-29","vulnerabilities":[{"cveID":"CVE-2026-0001","dateAdded":"2026-01-01"}]}"#,
    "#model_version:v1,score_date:2026-11-29T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.1,0.2\n",
];

fuzz_target!(|input: &[u8]| {
    let [choice, patches @ ..] = input else { return };
    let number = usize::from(*choice) % SEEDS.len();
    let feed = patched(SEEDS[number].as_bytes(), patches);
    let (system, kind) = if number == 2 { (("rhel", "9.4"), Ecosystem::Rpm) } else { (("debian", "12"), Ecosystem::Deb) };
    search(&feed, system, components(kind));
});
