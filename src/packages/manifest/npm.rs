//! Packages of Node.js that are installed: `package.json` in a directory of `node_modules`, or of what Debian calls
//! `/usr/share/nodejs`. Lock files say what somebody wants, and are not read.
//!
//! Source: docs.npmjs.com, "folders" and "package.json".

use super::json::Package;
use super::text::text;
use super::{Emit, Place, Reader, Wish, json};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

/// Directories of a package that hold examples of packages, and none that is used.
const EXAMPLES: [&[u8]; 9] = [
    b"test",
    b"tests",
    b"__tests__",
    b"fixture",
    b"fixtures",
    b"__fixtures__",
    b"testdata",
    b"spec",
    b"examples",
];

pub(super) static READER: Reader = Reader { name: "package.json of an installed package", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(place.name == b"package.json" && place.is_file() && is_installed(place))
}

/// Whether its directory is that of a package: the directory above is one of packages, with a scope between, perhaps.
fn is_installed(place: &Place<'_>) -> bool {
    let mut above = place.above();
    let (own, next) = (above.next().unwrap_or_default(), above.next().unwrap_or_default());
    let home = if next.starts_with(b"@") { above.next().unwrap_or_default() } else { next };
    let is_home = match home {
        b"node_modules" => !own.starts_with(b"."),
        b"nodejs" => above.next() == Some(b"share"),
        // Yarn and others are unpacked as `name-v1.2.3`, and run from there.
        _ => return memchr::memmem::find(own, b"-v").is_some() && next == b"opt",
    };
    is_home && !is_example(place)
}

/// Whether a directory of examples lies within a package.
fn is_example(place: &Place<'_>) -> bool {
    let mut is_inside = false;
    // From the top: what lies above the first home of packages is the user's own.
    for part in place.path.split(|&byte| byte == b'/') {
        if is_inside && EXAMPLES.contains(&part) && part != place.parent() {
            return true;
        }
        is_inside |= part == b"node_modules";
    }
    false
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    if content.trim_ascii().is_empty() {
        return Ok(());
    }
    let package: Package = json::read(content)?;
    let (name, version) = (package.name.get(), package.version.get());
    // Parts of packages have a package.json without a version, which says how they are loaded.
    let Some(version) = version else { return Ok(()) };
    let name = name.unwrap_or_else(|| of_directory(place));
    let own = text(place.parent());
    if memchr::memmem::find(place.parent(), b"-v").is_some()
        && place.above().nth(1) == Some(b"opt")
        && own != format!("{name}-v{version}")
    {
        return Ok(());
    }
    let mut component = match name.split_once('/') {
        Some((scope, name)) if scope.starts_with('@') => {
            Component::new(Ecosystem::Npm, name, version).namespace(scope)
        }
        _ => Component::new(Ecosystem::Npm, name, version),
    };
    component.license = package.license.get();
    emit(component);
    Ok(())
}

fn of_directory(place: &Place<'_>) -> String {
    let scope = place.above().nth(1).filter(|scope| scope.starts_with(b"@"));
    match scope {
        Some(scope) => format!("{}/{}", text(scope), text(place.parent())),
        None => text(place.parent()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    const PACKAGE: &str =
        r#"{"name": "@babel/core", "version": "7.1.0", "license": {"type": "MIT"}, "x": [1]}"#;

    #[test]
    fn a_package_lies_in_a_directory_of_packages() {
        for path in [
            "/srv/app/node_modules/@babel/core/package.json",
            "/srv/tests/node_modules/@babel/core/package.json",
            "/usr/share/nodejs/@babel/core/package.json",
            "/usr/lib/node_modules/npm/node_modules/@babel/core/package.json",
            "/a/node_modules/.pnpm/@babel+core@7.1.0/node_modules/@babel/core/package.json",
            "/a/.yarn/cache/core.zip!/node_modules/@babel/core/package.json",
        ] {
            assert_eq!(names(path, PACKAGE), ["@babel/core 7.1.0"], "{path}");
        }
        let found = read("/node_modules/x/package.json", PACKAGE).0;
        assert_eq!(
            (found[0].namespace.as_deref(), found[0].license.as_deref()),
            (Some("@babel"), Some("MIT"))
        );
        let yarn = r#"{"name": "yarn", "version": "1.22.19"}"#;
        assert_eq!(names("/opt/yarn-v1.22.19/package.json", yarn), ["yarn 1.22.19"]);
    }

    #[test]
    fn projects_parts_of_packages_and_their_tests_are_no_packages() {
        for path in [
            "/srv/app/package.json",
            "/srv/app/package-lock.json",
            "/a/node_modules/x/dist/esm/package.json",
            "/a/node_modules/resolve/test/resolver/node_modules/y/package.json",
            "/a/node_modules/.cache/package.json",
            "/opt/other-v2/package.json",
        ] {
            assert!(names(path, PACKAGE).is_empty(), "{path}");
        }
        assert!(names("/a/node_modules/test/package.json", r#"{"name":"test","version":"1"}"#).len() == 1);
        assert_eq!(read("/a/node_modules/x/package.json", r#"{"type": "module"}"#), (Vec::new(), None));
    }

    #[test]
    fn a_file_that_is_no_json_is_a_problem_and_deep_levels_end() {
        assert!(read("/a/node_modules/x/package.json", "{").1.is_some());
        let deep = format!("{{\"name\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read("/a/node_modules/x/package.json", deep).1.is_some());
    }
}
