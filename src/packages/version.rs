//! Which of two versions is the newer one, by the rules of the ecosystem that numbers them.
//!
//! Versions come out of images and of other people's data. So numbers are compared as text and may have any
//! size, every order is read in one pass over both texts, and nothing here recurses.
//!
//! Most schemes turn a version into a row of elements with a total order, the end of the row being one of them;
//! then two versions compare as two rows do, element by element.

use std::cmp::Ordering;

mod alpm;
mod apk;
mod cran;
mod dpkg;
mod gem;
mod hackage;
mod legacy_python;
mod maven;
mod nuget;
mod packagist;
mod pep440;
mod pieces;
mod pub_dev;
mod rpm;
mod semver;

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;

/// Bytes of a version. Longer ones are none: real ones have less than 200, and some schemes keep a list of parts.
const LENGTH_LIMIT: usize = 1 << 16;

/// The rules by which an ecosystem orders versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Debian, Ubuntu: `[epoch:]upstream[-revision]`, deb-version(7).
    Dpkg,
    /// Red Hat, SUSE, Amazon and others: `[epoch:]version[-release]`, rpm-version(7).
    Rpm,
    /// Alpine, Wolfi, Chainguard: apk-package(5).
    Apk,
    /// Arch: `[epoch:]version[-release]`, vercmp(8). No order to sort by: `1-1` and `1-2` are both the same as `1`.
    Alpm,
    /// npm, crates.io, Go, Hex, Swift, Bitnami: Semantic Versioning 2.0.0.
    Semver,
    /// Dart and Flutter: as [`Scheme::Semver`], but build metadata count.
    Pub,
    /// PyPI: PEP 440.
    Pep440,
    /// Maven: the version order specification of the POM reference.
    Maven,
    /// RubyGems: `Gem::Version`. A platform (`1.2.3-x86_64-linux`) must be taken off first.
    Gem,
    /// Packagist: PHP's `version_compare`, as Composer uses it.
    Packagist,
    /// NuGet: four numbers and a label, regardless of case.
    Nuget,
    /// CRAN and Bioconductor: R's `package_version`.
    Cran,
    /// Hackage: rows of numbers.
    Hackage,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Dpkg,
        Self::Rpm,
        Self::Apk,
        Self::Alpm,
        Self::Semver,
        Self::Pub,
        Self::Pep440,
        Self::Maven,
        Self::Gem,
        Self::Packagist,
        Self::Nuget,
        Self::Cran,
        Self::Hackage,
    ];

    /// How `left` stands to `right`. Blanks around them do not count.
    ///
    /// `None` where one of them is no version, so that nothing can be said:
    ///
    /// - in every scheme: empty text, text of more than 64 KiB, blanks or control characters within;
    /// - dpkg: an epoch that is no number, nothing after the epoch, an empty revision, other than ASCII;
    /// - apk: text that does not begin with a digit, or that is no version from the first difference on;
    /// - SemVer, Pub, NuGet: text that does not begin with a number, after a `v`;
    /// - RubyGems: text that does not begin with a number, or has other characters than letters, digits, `.`, `-`;
    /// - Packagist: characters that no version has, and branches such as `1.x-dev`;
    /// - Maven: a property that nobody has filled in (`${revision}`);
    /// - CRAN, Hackage: anything but numbers and separators.
    ///
    /// RPM, pacman and PEP 440 (by the old order of setuptools) take any text.
    ///
    /// The `0` with which an OSV record says "from the beginning" is no version, but before all of them: some
    /// schemes have versions below `0`, such as `0~rc1`. Ask for it before you compare.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use assay::packages::version::Scheme;
    ///
    /// assert_eq!(Scheme::Dpkg.compare("1.0~rc1", "1.0"), Some(Ordering::Less));
    /// assert_eq!(Scheme::Pep440.compare("1.0rc1", "1.0.0"), Some(Ordering::Less));
    /// assert_eq!(Scheme::Semver.compare("(devel)", "1.0.0"), None);
    /// ```
    pub fn compare(self, left: &str, right: &str) -> Option<Ordering> {
        let (left, right) = (readable(left)?, readable(right)?);
        match self {
            Self::Dpkg => dpkg::compare(left, right),
            Self::Rpm => Some(rpm::compare(left, right)),
            Self::Apk => apk::compare(left, right),
            Self::Alpm => Some(alpm::compare(left, right)),
            Self::Semver => semver::compare(left, right),
            Self::Pub => pub_dev::compare(left, right),
            Self::Pep440 => Some(pep440::compare(left, right)),
            Self::Maven => maven::compare(left, right),
            Self::Gem => gem::compare(left, right),
            Self::Packagist => packagist::compare(left, right),
            Self::Nuget => nuget::compare(left, right),
            Self::Cran => cran::compare(left, right),
            Self::Hackage => hackage::compare(left, right),
        }
    }
}

/// The bytes of a version, if they can be one.
fn readable(text: &str) -> Option<&[u8]> {
    let text = text.trim_ascii().as_bytes();
    let is_odd = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control();
    (!text.is_empty() && text.len() <= LENGTH_LIMIT && !text.iter().any(is_odd)).then_some(text)
}
