//! Gems, by the specifications that RubyGems keeps of installed ones: `specifications/NAME-VERSION.gemspec`.
//!
//! They are programs in Ruby, and are not run: RubyGems writes a line `# stub: NAME VERSION PLATFORM PATHS` first, and
//! the name of the file says the same.

use super::text::{lines, name_and_version, quoted, text};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;

/// Lines in which the fields stand.
const LINES: usize = 200;

pub(super) static READER: Reader = Reader { name: "specification of a gem", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let is_one = place.name.ends_with(b".gemspec") && place.is_file();
    Wish::content_if(is_one && place.above().take(2).any(|part| part == b"specifications"))
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let license = assigned(content, b".licenses").or_else(|| assigned(content, b".license"));
    let mut add = |name: &[u8], version: &[u8], evidence: Evidence| {
        let mut component = Component::new(Ecosystem::Gem, text(name), text(version)).evidence(evidence);
        component.license = license.map(text);
        emit(component);
    };
    if let Some((name, version)) = stub(content).or_else(|| {
        let is_version = |text: &&[u8]| text.first().is_some_and(u8::is_ascii_digit);
        Some((assigned(content, b".name")?, assigned(content, b".version").filter(is_version)?))
    }) {
        add(name, version, Evidence::Metadata);
        return Ok(());
    }
    let stem = place.name.strip_suffix(b".gemspec").unwrap_or(place.name);
    let (name, version) = name_and_version(stem).ok_or("it says neither name nor version")?;
    // Behind the version may stand a platform: `1.15.4-x86_64-linux`.
    let end = memchr::memchr(b'-', version).unwrap_or(version.len());
    add(name, version.get(..end).unwrap_or(version), Evidence::FileName);
    Ok(())
}

fn stub(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = lines(content).take(8).find_map(|line| line.strip_prefix(b"# stub: "))?;
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    Some((words.next()?, words.next()?))
}

/// The text that `s.FIELD = "…"` assigns.
fn assigned<'c>(content: &'c [u8], field: &[u8]) -> Option<&'c [u8]> {
    let value = |line: &'c [u8]| {
        let (before, after) = super::text::split(line, b'=')?;
        (before.ends_with(field) && !before.contains(&b' ')).then_some(after)
    };
    lines(content).take(LINES).find_map(value).and_then(quoted)
}

#[cfg(test)]
mod tests {
    use super::super::sample::names;

    #[test]
    fn stubs_fields_and_file_names_tell_name_and_version() {
        let stub = "# -*- encoding: utf-8 -*-\n# stub: rack 2.2.3 ruby lib\n\nGem::Specification.new do |s|\n\
                    s.name = \"other\"\n";
        let path = "/var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec";
        assert_eq!(names(path, stub), ["rack 2.2.3"]);
        let fields = "Gem::Specification.new do |s|\n  s.name = %q{x}.freeze\n  s.name = 'bundler'.freeze\n  \
                      s.version = Gem::Version.new(\"1.0\")\n";
        assert_eq!(names("/g/specifications/default/bundler-9.gemspec", fields), ["bundler 9"]);
        let fields = "  s.name = \"rails\".freeze\n  s.version = \"7.0.4\"\n";
        assert_eq!(names("/g/specifications/rails-7.0.4.gemspec", fields), ["rails 7.0.4"]);
        let name = "/g/specifications/nokogiri-1.15.4-x86_64-linux.gemspec";
        assert_eq!(names(name, "s.version = VERSION"), ["nokogiri 1.15.4"]);
    }

    #[test]
    fn the_specification_of_a_source_tree_is_not_installed() {
        assert!(names("/root/rack/rack.gemspec", "# stub: rack 2.2.3 ruby lib\n").is_empty());
    }
}
