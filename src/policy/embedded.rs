//! The profiles that the program carries.

use super::Policy;
use super::raw::read;

/// Name, what it is for, text.
pub const PROFILES: [(&str, &str, &str); 4] = [
    (
        "golden",
        "the image that a company's machines are made of: drift, hardening by its CIS benchmark",
        include_str!("../../signatures/policies/golden.toml"),
    ),
    (
        "public-ami",
        "an image that anybody may start: nothing leaks, and what AWS asks of shared and public AMIs holds",
        include_str!("../../signatures/policies/public-ami.toml"),
    ),
    (
        "marketplace",
        "a product on AWS Marketplace: its rules for AMIs hold",
        include_str!("../../signatures/policies/marketplace.toml"),
    ),
    (
        "forensic",
        "a suspect image: everything is shown, and what was changed or starts by itself weighs most",
        include_str!("../../signatures/policies/forensic.toml"),
    ),
];

/// The texts of all profiles.
pub fn text() -> String {
    PROFILES.iter().map(|(_, _, text)| *text).collect()
}

/// The profile of this name.
///
/// # Errors
/// What is wrong with it: never in a tested build.
pub fn profile(name: &str) -> Result<Option<Policy>, String> {
    let found = PROFILES.iter().find(|(known, ..)| *known == name);
    found.map(|(name, _, text)| read(name, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Category, Severity};

    #[test]
    fn every_profile_is_read_and_named() {
        for (name, what, _) in PROFILES {
            let policy = profile(name).unwrap().unwrap();
            assert_eq!(policy.name.as_deref(), Some(name));
            assert!(!policy.title.is_empty() && !what.is_empty());
            assert!(policy.exceptions.is_empty(), "a profile allows nothing");
        }
        assert_eq!(profile("golden-ish"), Ok(None));
    }

    #[test]
    fn a_public_image_may_leak_nothing_and_a_suspect_one_is_judged_by_what_was_changed() {
        let public = profile("public-ami").unwrap().unwrap();
        assert!(
            public.threshold(Category::PasswordHash).severity
                < public.threshold(Category::Integrity).severity
        );
        assert_eq!(public.required.len(), 3);
        let forensic = profile("forensic").unwrap().unwrap();
        assert_eq!(forensic.threshold(Category::Credential).severity, Some(Severity::Critical));
        assert!(forensic.threshold(Category::Persistence).severity < Some(Severity::Critical));
    }
}
