//! PHP: what Composer installed below `vendor/`, what PEAR and PECL did, and Drupal.
//!
//! Composer writes `vendor/composer/installed.json` (in version 1 a list, in version 2 an object with `packages`) and,
//! since version 2, `installed.php`, which is read where the first is not beside it: the audit drops what both say.
//! PEAR keeps `.registry/NAME.reg` in PHP's own serialised form.

use serde::Deserialize;

use super::json::{First, Package};
use super::text::{lines, quoted, split, text, value};
use super::{Emit, Place, Reader, Wish, json};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

/// Packages that one file may name.
const PACKAGES: usize = 20_000;

pub(super) static READER: Reader = Reader { name: "list of Composer's packages", wants, read };
pub(super) static PEAR: Reader = Reader { name: "record of a PEAR package", wants: is_record, read: pear };

fn wants(place: &Place<'_>) -> Wish {
    let is_one = match place.name {
        b"installed.json" | b"installed.php" => place.parent() == b"composer",
        b"Drupal.php" => place.parent() == b"lib",
        name => name.ends_with(b".info.yml"),
    };
    Wish::content_if(is_one && place.is_file())
}

#[derive(Deserialize)]
struct Installed {
    packages: First<Package>,
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    match place.name {
        b"installed.json" => installed(content, emit),
        b"installed.php" => {
            installed_php(content, emit);
            Ok(())
        }
        _ => {
            drupal(place, content, emit);
            Ok(())
        }
    }
}

fn installed(content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let is_list = content.trim_ascii_start().starts_with(b"[");
    let packages = if is_list { json::read(content)? } else { json::read::<Installed>(content)?.packages };
    let whole = packages.whole();
    for (_, Package { name, version, license }) in packages.entries {
        if let (Some(name), Some(version)) = (name.get(), version.get()) {
            emit(Component { license: license.get(), ..named(&name, &version) });
        }
    }
    whole
}

/// `vendor/name`, and a version that may begin with a `v`.
fn named(name: &str, version: &str) -> Component {
    let version = match version.strip_prefix('v') {
        Some(number) if number.starts_with(|first: char| first.is_ascii_digit()) => number,
        _ => version,
    };
    match name.split_once('/') {
        Some((vendor, name)) => Component::new(Ecosystem::Composer, name, version).namespace(vendor),
        None => Component::new(Ecosystem::Composer, name, version),
    }
}

/// Lines `'vendor/name' => array(` below `versions`, each with `'pretty_version' => '1.2.3'` in it.
fn installed_php(content: &[u8], emit: &mut Emit<'_>) {
    let (mut is_below, mut name, mut count) = (false, None, 0_usize);
    for line in lines(content) {
        let Some((key, value)) = quoted(line).zip(after_arrow(line)) else { continue };
        is_below |= key == b"versions";
        if key.contains(&b'/') && value.starts_with(b"array") {
            name = Some(key);
        } else if key == b"pretty_version"
            && is_below
            && let Some(name) = name.take()
            && let Some(version) = quoted(value)
            && count < PACKAGES
        {
            count = count.saturating_add(1);
            emit(named(&text(name), &text(version)));
        }
    }
}

fn after_arrow(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(line, b"=>")?;
    line.get(at.checked_add(2)?..).map(<[u8]>::trim_ascii)
}

/// `core/lib/Drupal.php` has `const VERSION = '10.1.0';`. What drupal.org packs adds `project` and `version` to the
/// description of a module.
fn drupal(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) {
    if place.name == b"Drupal.php" {
        let version = lines(content).find_map(|line| {
            let (before, after) = split(line, b'=')?;
            before.ends_with(b"const VERSION").then_some(after)
        });
        if let Some(version) = version.and_then(quoted) {
            emit(named("drupal/core", &text(version)));
        }
        return;
    }
    let of = |key| value(content, key, b':').map(text);
    if let (Some(project), Some(version)) = (of("project"), of("version"))
        && project != "drupal"
        && version != "VERSION"
    {
        emit(named(&format!("drupal/{project}"), &version));
    }
}

fn is_record(place: &Place<'_>) -> Wish {
    let is_one = place.name.ends_with(b".reg") && place.is_file();
    Wish::content_if(is_one && place.above().take(3).any(|part| part == b".registry"))
}

/// Texts are `s:LENGTH:"…"`; keys come before their values.
fn pear(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let name = serialised(content, b"\"package\";s:").or_else(|| serialised(content, b"\"name\";s:"));
    let name = name.or_else(|| place.name.strip_suffix(b".reg")).unwrap_or_default();
    let version = serialised(content, b"\"release\";s:").or_else(|| serialised(content, b"\"version\";s:"));
    let version = version.ok_or("it says no version")?;
    let channel = serialised(content, b"\"channel\";s:").unwrap_or(b"pear.php.net");
    emit(Component::new(Ecosystem::Composer, text(name), text(version)).namespace(text(channel)));
    Ok(())
}

/// The text behind `key`, as long as it says it is.
fn serialised<'c>(content: &'c [u8], key: &[u8]) -> Option<&'c [u8]> {
    let at = memchr::memmem::find(content, key)?.checked_add(key.len())?;
    let (len, rest) = split(content.get(at..)?.get(..300).or_else(|| content.get(at..))?, b':')?;
    let len: usize = std::str::from_utf8(len).ok()?.parse().ok()?;
    rest.strip_prefix(b"\"")?.get(..len)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    const ONE: &str =
        r#"{"name": "symfony/http-kernel", "version": "v6.4.1", "license": ["MIT"], "extra": {}}"#;

    #[test]
    fn composer_names_what_it_installed_in_both_versions_of_its_list() {
        let path = "/srv/vendor/composer/installed.json";
        assert_eq!(names(path, format!("[{ONE}]")), ["symfony/http-kernel 6.4.1"]);
        assert_eq!(
            names(path, format!("{{\"packages\": [{ONE}], \"dev\": true}}")),
            ["symfony/http-kernel 6.4.1"]
        );
        assert!(read(path, "{}").1.is_some());
    }

    #[test]
    fn the_list_in_php_is_read_without_running_it() {
        let list = "<?php return array(\n 'root' => array(\n  'name' => 'me/app',\n  'pretty_version' => '1.0',\n ),\n\
                    'versions' => array(\n  'psr/log' => array(\n   'pretty_version' => '3.0.0',\n   'aliases' => array(),\n";
        assert_eq!(names("/srv/vendor/composer/installed.php", list), ["psr/log 3.0.0"]);
    }

    #[test]
    fn pear_keeps_serialised_records() {
        let record = "a:3:{s:7:\"package\";s:8:\"Net_SMTP\";s:7:\"channel\";s:12:\"pear.php.net\";\
                      s:7:\"version\";a:2:{s:7:\"release\";s:6:\"1.10.0\";s:3:\"api\";s:3:\"9.9\";}}";
        assert_eq!(names("/usr/share/php/.registry/net_smtp.reg", record), ["pear.php.net/Net_SMTP 1.10.0"]);
        assert!(read("/usr/share/php/.registry/x.reg", "s:99:").1.is_some());
        let cut = "\"package\";s:99999999999999999999:\"x\"\"release\";s:9:\"1\"";
        assert!(read("/usr/share/php/.registry/x.reg", cut).1.is_some());
    }

    #[test]
    fn drupal_tells_its_core_and_its_modules() {
        assert_eq!(
            names("/w/core/lib/Drupal.php", "class Drupal {\n  const VERSION = '10.1.0';\n"),
            ["drupal/core 10.1.0"]
        );
        let module = "name: Views\nversion: '8.x-3.1'\nproject: 'ctools'\n";
        assert_eq!(names("/w/modules/ctools/ctools.info.yml", module), ["drupal/ctools 8.x-3.1"]);
        assert!(names("/w/core/modules/node/node.info.yml", "name: Node\nversion: VERSION\n").is_empty());
    }
}
