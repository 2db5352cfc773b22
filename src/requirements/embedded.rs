//! The lists of requirements that the program carries.

use super::List;
use super::raw::{RequirementError, parse};

macro_rules! files {
    ($($name:literal)*) => {
        [$(($name, concat!("requirements/", $name, ".toml"),
            include_str!(concat!("../../signatures/requirements/", $name, ".toml"))),)*]
    };
}

/// Name of the list, path below `signatures/`, text.
const FILES: [(&str, &str, &str); 3] = files! { "aws-shared-ami" "aws-public-ami" "aws-marketplace" };

/// The names of all lists.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, ..)| *name)
}

/// The texts of all lists.
pub fn text() -> String {
    FILES.iter().map(|(_, _, text)| *text).collect()
}

/// The list of this name.
///
/// # Errors
/// [`RequirementError`]: never in a tested build.
pub fn list(name: &str) -> Result<Option<List>, RequirementError> {
    let file = FILES.iter().find(|(known, ..)| *known == name);
    file.map(|(_, path, text)| parse(path, text)).transpose()
}

/// All lists.
///
/// # Errors
/// [`RequirementError`]: never in a tested build.
pub fn lists() -> Result<Vec<List>, RequirementError> {
    FILES.iter().map(|(_, path, text)| parse(path, text)).collect()
}
