//! WordPress, its plugins and its themes: they say their versions in the heads of their own files.
//!
//! Source: developer.wordpress.org, "Header Requirements" of plugins and themes: in the first 8 KiB.

use super::text::{lines, quoted, split, text};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

/// Bytes of a file that WordPress itself looks at.
const HEAD: usize = 8 << 10;

pub(super) static READER: Reader = Reader { name: "head of a WordPress file", wants, read };

/// What a file may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Core,
    Plugin,
    Theme,
}

fn part(place: &Place<'_>) -> Option<Part> {
    if !place.name.ends_with(b".php") && place.name != b"style.css" {
        return None;
    }
    let mut above = place.above();
    let (first, second, third) = (above.next()?, above.next()?, above.next().unwrap_or_default());
    match place.name {
        b"version.php" if first == b"wp-includes" => Some(Part::Core),
        b"style.css" if second == b"themes" && third == b"wp-content" => Some(Part::Theme),
        b"style.css" => None,
        _ => {
            let is_plugin = |home: &[u8], top: &[u8]| {
                top == b"wp-content" && (home == b"plugins" || home == b"mu-plugins")
            };
            (is_plugin(first, second) || is_plugin(second, third)).then_some(Part::Plugin)
        }
    }
}

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(place.is_file() && part(place).is_some())
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let head = content.get(..HEAD).unwrap_or(content);
    match part(place) {
        Some(Part::Core) => {
            let assigned = |line| split(line, b'=').filter(|(name, _)| *name == b"$wp_version");
            let version = lines(head).find_map(assigned).and_then(|(_, value)| quoted(value));
            let version = version.ok_or("it assigns no $wp_version")?;
            emit(Component::new(Ecosystem::WordPress, "wordpress", text(version)));
        }
        Some(part) => {
            let title = if part == Part::Plugin { "Plugin Name" } else { "Theme Name" };
            // A plugin of several files has one with a head.
            let Some(title) = header(head, title) else { return Ok(()) };
            let name = slug(place).unwrap_or(title);
            let mut component = Component::new(
                Ecosystem::WordPress,
                text(name),
                header(head, "Version").map(text).unwrap_or_default(),
            );
            component = component.namespace(if part == Part::Plugin { "plugins" } else { "themes" });
            component.license = header(head, "License").map(text);
            emit(component);
        }
        None => {}
    }
    Ok(())
}

/// The name of a plugin or theme as WordPress.org calls it: its directory, or its file without the suffix.
fn slug<'a>(place: &Place<'a>) -> Option<&'a [u8]> {
    match place.parent() {
        b"plugins" | b"mu-plugins" => place.name.strip_suffix(b".php"),
        directory => Some(directory),
    }
}

/// The value of a line `* Name: value` in a comment.
fn header<'c>(head: &'c [u8], name: &str) -> Option<&'c [u8]> {
    lines(head).find_map(|line| {
        let start = line.iter().position(|byte| !b" \t/*#@".contains(byte))?;
        let (key, value) = split(line.get(start..)?, b':')?;
        let value = value.strip_suffix(b"*/").unwrap_or(value).trim_ascii();
        (key.eq_ignore_ascii_case(name.as_bytes()) && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn core_plugins_and_themes_tell_their_versions() {
        let core = "<?php\n/** ... */\n$wp_version = '6.4.2';\n$wp_db_version = 56657;\n";
        assert_eq!(names("/var/www/wp-includes/version.php", core), ["wordpress 6.4.2"]);
        let plugin =
            "<?php\n/*\n * Plugin Name: Akismet Anti-spam\n * Version: 5.3\n * License: GPLv2\n */\n";
        let path = "/var/www/wp-content/plugins/akismet/akismet.php";
        assert_eq!(names(path, plugin), ["plugins/akismet 5.3"]);
        assert_eq!(names("/var/www/wp-content/plugins/hello.php", plugin), ["plugins/hello 5.3"]);
        let theme = "/*\nTheme Name: Twenty Twenty-Four\nVersion: 1.0\n*/";
        assert_eq!(
            names("/w/wp-content/themes/twentytwentyfour/style.css", theme),
            ["themes/twentytwentyfour 1.0"]
        );
    }

    #[test]
    fn other_files_of_a_plugin_say_nothing() {
        assert_eq!(
            read("/w/wp-content/plugins/x/functions.php", "<?php\n// Version: 3\n"),
            (Vec::new(), None)
        );
        assert!(names("/w/wp-content/plugins/x/lib/deep/a.php", "<?php\n// Plugin Name: y\n").is_empty());
    }
}
