//! Package URLs: one name for a package of any ecosystem, as SBOMs and advisories use it.
//!
//! `pkg:deb/debian/openssl@3.0.20-1~deb12u2?arch=amd64&distro=debian-12`
//!
//! Only written, never read. The text is canonical: two of the same package are equal byte by byte.
//!
//! Source: the specification of package URLs (ECMA-427), with its definitions of types.

use std::collections::BTreeMap;
use std::fmt;

mod encoded;
mod kind;
#[cfg(test)]
mod tables;

use encoded::Encoded;
use kind::Rule;
pub use kind::{Kind, Qualifier};

/// A package URL.
///
/// ```
/// use assay::packages::purl::{Kind, Purl, Qualifier};
///
/// let purl = Purl::new(Kind::Deb, "Debian", "libstdc++6")?
///     .with_version("12.2.0-14+deb12u1")
///     .with_qualifier(Qualifier::Arch, "amd64");
/// assert_eq!(purl.to_string(), "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64");
/// # Ok::<(), assay::packages::purl::PurlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    kind: Kind,
    /// Without empty segments; empty where there is none.
    namespace: String,
    name: String,
    /// Empty where there is none.
    version: String,
    qualifiers: BTreeMap<Qualifier, String>,
    /// Without empty segments; empty where there is none.
    subpath: String,
}

/// Why there is no package URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurlError {
    /// The name is empty.
    #[error("a package URL needs a name")]
    NoName,
    /// The name is not one of this type.
    #[error("`{0}` has no packages of this name")]
    Name(Kind),
    /// There is no namespace, and the type needs one.
    #[error("`{0}` needs a namespace")]
    NoNamespace(Kind),
    /// There is a namespace, and the type has none.
    #[error("`{0}` has no namespaces")]
    Namespace(Kind),
}

impl Purl {
    /// A package of this name, in `namespace` (a distribution, a group, a scope with its `@`; empty for none). Both
    /// are brought into the form that the type asks for.
    ///
    /// # Errors
    /// If the name is empty or impossible, or the type needs a namespace and there is none, or the other way round.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Result<Self, PurlError> {
        let definition = kind.definition();
        let namespace = definition.namespace_form.apply(&joined(namespace, |_| true));
        let name = definition.name_form.apply(name.trim_matches('/'));
        if name.is_empty() {
            return Err(PurlError::NoName);
        }
        if kind == Kind::Cpan && name.contains("::") {
            return Err(PurlError::Name(kind));
        }
        match (definition.namespace, namespace.is_empty()) {
            (Rule::Required, true) => return Err(PurlError::NoNamespace(kind)),
            (Rule::Prohibited, false) => return Err(PurlError::Namespace(kind)),
            _ => {}
        }
        let (version, subpath) = (String::new(), String::new());
        Ok(Self { kind, namespace, name, version, qualifiers: BTreeMap::new(), subpath })
    }

    /// With this version; an empty one is none.
    #[must_use]
    pub fn with_version(mut self, version: &str) -> Self {
        self.version = self.kind.definition().version_form.apply(version);
        self
    }

    /// With this qualifier; an empty value takes it away.
    #[must_use]
    pub fn with_qualifier(mut self, qualifier: Qualifier, value: &str) -> Self {
        if value.is_empty() {
            self.qualifiers.remove(&qualifier);
        } else {
            self.qualifiers.insert(qualifier, value.to_owned());
        }
        self
    }

    /// With the path of a part of the package, relative to its root.
    #[must_use]
    pub fn with_subpath(mut self, subpath: &str) -> Self {
        self.subpath = joined(subpath, |segment| segment != "." && segment != "..");
        self
    }

    /// What kind of package it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its namespace, in the form of the type; empty where there is none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name, in the form of the type.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version; empty where none is known.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// The path without empty segments, and without those that `is_kept` refuses.
fn joined(path: &str, is_kept: impl Fn(&str) -> bool) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty() && is_kept(segment));
    segments.collect::<Vec<_>>().join("/")
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", Encoded::path(&self.namespace))?;
        }
        write!(f, "{}", Encoded::text(&self.name))?;
        if !self.version.is_empty() {
            write!(f, "@{}", Encoded::text(&self.version))?;
        }
        for (at, (qualifier, value)) in self.qualifiers.iter().enumerate() {
            let mark = if at == 0 { '?' } else { '&' };
            write!(f, "{mark}{}={}", qualifier.key(), Encoded::text(value))?;
        }
        if !self.subpath.is_empty() {
            write!(f, "#{}", Encoded::path(&self.subpath))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(kind: Kind, namespace: &str, name: &str, version: &str) -> String {
        Purl::new(kind, namespace, name).unwrap().with_version(version).to_string()
    }

    #[test]
    fn what_has_a_meaning_in_a_url_is_encoded() {
        assert_eq!(purl(Kind::Npm, "@types", "node", "1.0.0+x"), "pkg:npm/%40types/node@1.0.0%2Bx");
        assert_eq!(purl(Kind::Deb, "debian", "attr", "1:2.4~rc1-2"), "pkg:deb/debian/attr@1:2.4~rc1-2");
        assert_eq!(
            purl(Kind::Generic, "", "a b/c?d#e@f%", "1 2"),
            "pkg:generic/a%20b%2Fc%3Fd%23e%40f%25@1%202"
        );
        assert_eq!(purl(Kind::Generic, "", "\u{e4}\n", "\u{1f600}"), "pkg:generic/%C3%A4%0A@%F0%9F%98%80");
    }

    #[test]
    fn each_type_has_its_own_form() {
        assert_eq!(purl(Kind::Pypi, "", "Zope_Interface.X", "1.0RC1"), "pkg:pypi/zope-interface.x@1.0rc1");
        assert_eq!(purl(Kind::Rpm, "Fedora", "ImageMagick", "7.1-1"), "pkg:rpm/fedora/ImageMagick@7.1-1");
        assert_eq!(purl(Kind::Github, "BurntSushi", "RipGrep", ""), "pkg:github/burntsushi/ripgrep");
        assert_eq!(
            purl(Kind::Golang, "github.com/BurntSushi", "toml", "v1"),
            "pkg:golang/github.com/BurntSushi/toml@v1"
        );
        assert_eq!(purl(Kind::Golang, "", "stdlib", "1.22.0"), "pkg:golang/stdlib@1.22.0");
        assert_eq!(purl(Kind::Cpan, "drolsky", "DateTime", "1"), "pkg:cpan/DROLSKY/DateTime@1");
        assert_eq!(purl(Kind::Pub, "", "My-Package", "1"), "pkg:pub/my_package@1");
        assert_eq!(purl(Kind::Maven, "org.Apache", "Commons", "1"), "pkg:maven/org.Apache/Commons@1");
    }

    #[test]
    fn qualifiers_are_sorted_by_key_and_empty_ones_left_out() {
        let purl = Purl::new(Kind::Rpm, "amzn", "kernel").unwrap().with_version("6.1-1");
        let purl = purl
            .with_qualifier(Qualifier::Upstream, "kernel-6.1-1.src.rpm")
            .with_qualifier(Qualifier::Arch, "x86_64");
        let purl = purl
            .with_qualifier(Qualifier::Epoch, "")
            .with_qualifier(Qualifier::RepositoryUrl, "https://a/b&c");
        assert_eq!(
            purl.to_string(),
            "pkg:rpm/amzn/kernel@6.1-1?arch=x86_64&repository_url=https:%2F%2Fa%2Fb%26c&upstream=kernel-6.1-1.src.rpm"
        );
    }

    #[test]
    fn paths_lose_what_they_do_not_need() {
        let purl = Purl::new(Kind::Golang, "/github.com//x/", "/y/").unwrap().with_subpath("/a/.././/b:c/");
        assert_eq!(purl.to_string(), "pkg:golang/github.com/x/y#a/b:c");
    }

    #[test]
    fn what_is_no_package_is_an_error() {
        assert_eq!(Purl::new(Kind::Npm, "@a", ""), Err(PurlError::NoName));
        assert_eq!(Purl::new(Kind::Npm, "", "/"), Err(PurlError::NoName));
        assert_eq!(Purl::new(Kind::Maven, "", "x"), Err(PurlError::NoNamespace(Kind::Maven)));
        assert_eq!(Purl::new(Kind::Deb, "//", "x"), Err(PurlError::NoNamespace(Kind::Deb)));
        assert_eq!(Purl::new(Kind::Cargo, "a", "x"), Err(PurlError::Namespace(Kind::Cargo)));
        assert_eq!(Purl::new(Kind::Cpan, "", "A::B"), Err(PurlError::Name(Kind::Cpan)));
        assert_eq!(PurlError::NoNamespace(Kind::Deb).to_string(), "`deb` needs a namespace");
    }

    #[test]
    fn the_order_of_keys_is_that_of_the_qualifiers() {
        let keys: Vec<_> = Qualifier::ALL.into_iter().map(Qualifier::key).collect();
        assert!(keys.is_sorted());
        let mut sorted = Qualifier::ALL;
        sorted.sort_unstable();
        assert_eq!(sorted, Qualifier::ALL);
    }
}
