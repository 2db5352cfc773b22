//! Tools of the host that a test needs and a machine may lack.

/// Whether `program` can be run. A missing one fails the test in CI (`ASSAY_CI` is set), and is told and
/// skipped elsewhere.
pub fn has_tool(program: &str, package: &str) -> bool {
    let directories = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    let found = directories.iter().any(|dir| std::path::Path::new(dir).join(program).exists());
    assert!(found || std::env::var_os("ASSAY_CI").is_none(), "{program} is missing: install {package}");
    if !found {
        eprintln!("skipped: {program} is missing: install {package}");
    }
    found
}
