//! `pom.xml` in an archive without `pom.properties`: the coordinates of the project, or what it has of its parent.
//!
//! No XML is parsed: of the elements right below `project` the first text counts, and those that hold others are cut
//! out before.

use super::is_value;
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use crate::packages::manifest::text::text;

/// Bytes in which the coordinates stand.
const HEAD: usize = 64 << 10;
/// Elements behind which no coordinates come.
const BODY: [&[u8]; 7] = [
    b"<dependencies",
    b"<dependencyManagement",
    b"<build",
    b"<profiles",
    b"<properties",
    b"<modules",
    b"<reporting",
];

pub(super) fn read(content: &[u8]) -> Option<Component> {
    let head = content.get(..HEAD).unwrap_or(content);
    let end = BODY.iter().filter_map(|tag| memchr::memmem::find(head, tag)).min().unwrap_or(head.len());
    let head = head.get(..end)?;
    let (parent, own) = match between(head, b"<parent>", b"</parent>") {
        Some((inner, before, after)) => (inner, [before, after].concat()),
        None => (&[][..], head.to_vec()),
    };
    let of = |within: &[u8], tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        between(within, open.as_bytes(), close.as_bytes()).map(|(value, ..)| text(value))
    };
    // What the project has itself counts, even where it is the name of a value that nobody put in.
    let inherited = |tag| of(&own, tag).or_else(|| of(parent, tag)).filter(|value| is_value(value));
    let (group, version) = (inherited("groupId")?, inherited("version")?);
    let artifact = of(&own, "artifactId").filter(|value| is_value(value))?;
    Some(Component::new(Ecosystem::Maven, artifact, version).namespace(group))
}

/// What lies between the first `open` and the `close` behind it, before and after them.
fn between<'c>(content: &'c [u8], open: &[u8], close: &[u8]) -> Option<(&'c [u8], &'c [u8], &'c [u8])> {
    let start = memchr::memmem::find(content, open)?;
    let (before, rest) = content.split_at_checked(start)?;
    let rest = rest.get(open.len()..)?;
    let end = memchr::memmem::find(rest, close)?;
    let (inner, after) = rest.split_at_checked(end)?;
    Some((inner, before, after.get(close.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_come_from_the_project_or_its_parent() {
        let pom = "<project><parent><groupId>org.x</groupId><artifactId>up</artifactId><version>2</version></parent>\
                   <artifactId>own</artifactId><dependencies><dependency><groupId>no</groupId></dependency>";
        let found = read(pom.as_bytes()).unwrap();
        assert_eq!((found.full_name(), found.version.as_deref()), ("org.x:own".to_owned(), Some("2")));
        assert!(
            read(b"<project><groupId>a</groupId><artifactId>b</artifactId><version>${v}</version>").is_none()
        );
    }
}
