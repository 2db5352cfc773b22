//! The smallest criteria that allow what is used, and is to be trusted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Settings, State};

use crate::sourcing::class::Class;
use crate::sourcing::estate::{Alias, Image};

/// Most criteria of a policy, and most names of a criterion.
const MAX_CRITERIA: usize = 10;
const MAX_NAMES: usize = 50;

/// A policy that is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// `ImageCriteria`.
    pub criteria: Vec<Value>,
    /// Images in use that it leaves out, for nobody vouches for them.
    pub left_out: Vec<String>,
}

impl Proposal {
    /// What `aws ec2 replace-image-criteria-in-allowed-images-settings --cli-input-json` takes.
    pub fn cli_input(&self) -> Value {
        json!({ "ImageCriteria": self.criteria })
    }

    /// The setting that it would be, enabled.
    pub fn settings(&self) -> Settings {
        let setting = json!({ "State": State::Enabled.name(), "ImageCriteria": self.criteria });
        // It has the shape of what AWS answers.
        serde_json::from_value(setting).unwrap_or_default()
    }

    /// The same as a declarative policy of the organisation, which begins with watching.
    pub fn declarative_policy(&self) -> Value {
        let criteria = self.criteria.iter().enumerate().map(|(number, criterion)| {
            let member = |name: &str, key: &str| {
                criterion.get(name).map(|value| (key.to_owned(), json!({ "@@assign": value })))
            };
            let members = [
                member("ImageProviders", "allowed_image_providers"),
                member("ImageNames", "image_names"),
                member("MarketplaceProductCodes", "marketplace_product_codes"),
            ];
            let members: serde_json::Map<String, Value> = members.into_iter().flatten().collect();
            (format!("criteria_{}", number + 1), Value::Object(members))
        });
        let criteria: serde_json::Map<String, Value> = criteria.collect();
        json!({ "ec2_attributes": { "allowed_images_settings": {
            "state": { "@@assign": "audit_mode" },
            "image_criteria": criteria,
        } } })
    }
}

/// Proposes criteria for the images in use, each with its class, and whether another account than its owner's uses it.
/// Names never stand alone, and an account needs none for its own images.
pub fn propose<'i>(used: impl IntoIterator<Item = (&'i Image, Class, bool)>) -> Proposal {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut codes = BTreeSet::new();
    let mut left_out = BTreeSet::new();
    for (image, class, is_used_elsewhere) in used {
        match (class, &image.owner) {
            (Class::Own, _) if !is_used_elsewhere => {}
            (Class::Marketplace, _) if image.product_codes.iter().flatten().next().is_some() => {
                codes.extend(image.product_codes.iter().flatten().cloned());
            }
            (Class::BackupVault, _) => {
                names.entry(Alias::BackupVault.name().to_owned()).or_default();
            }
            (
                Class::Own | Class::Amazon | Class::Trusted | Class::KnownPublisher | Class::Marketplace,
                Some(owner),
            ) => {
                names.entry(owner.clone()).or_default().extend(image.name.as_deref().map(without_version));
            }
            _ => {
                left_out.insert(image.id.clone());
            }
        }
    }
    Proposal { criteria: criteria(names, &codes), left_out: left_out.into_iter().collect() }
}

fn criteria(names: BTreeMap<String, BTreeSet<String>>, codes: &BTreeSet<String>) -> Vec<Value> {
    let mut criteria = Vec::new();
    if !codes.is_empty() {
        criteria
            .push(json!({ "ImageProviders": [Alias::Marketplace.name()], "MarketplaceProductCodes": codes }));
    }
    if names.len() + criteria.len() <= MAX_CRITERIA {
        for (provider, names) in names {
            let is_named =
                !names.is_empty() && names.len() <= MAX_NAMES && names.iter().all(|name| is_taken(name));
            criteria.push(if is_named {
                json!({ "ImageProviders": [provider], "ImageNames": names })
            } else {
                json!({ "ImageProviders": [provider] })
            });
        }
    } else {
        let providers: Vec<String> = names.into_keys().collect();
        criteria.push(json!({ "ImageProviders": providers }));
    }
    criteria
}

/// Whether AWS takes it as an image name of a criterion.
fn is_taken(pattern: &str) -> bool {
    let length = pattern.chars().count();
    let known = |c: char| c.is_ascii_alphanumeric() || " ()[]./-'@_*?".contains(c);
    length <= 128 && pattern.chars().all(known) && (length >= 3 || !pattern.contains('?'))
}

/// The name with stars for its numbers of three digits and more, and for words in hexadecimal digits: dates and builds.
fn without_version(name: &str) -> String {
    let mut pattern = String::new();
    let mut word = String::new();
    let end = |word: &mut String, pattern: &mut String| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_number = digits == word.len() && digits >= 3;
        let is_hash = word.len() >= 8 && digits > 0 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        pattern.push_str(if is_number || is_hash { "*" } else { word });
        word.clear();
    };
    for c in name.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            end(&mut word, &mut pattern);
            pattern.push(c);
        }
    }
    end(&mut word, &mut pattern);
    // Numbers of one version, and a name that is cut down to nothing.
    while pattern.contains("*.*") || pattern.contains("*-*") {
        pattern = pattern.replace("*.*", "*").replace("*-*", "*");
    }
    if pattern.chars().filter(|c| c.is_alphabetic()).count() < 3 { name.to_owned() } else { pattern }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_what_says_whose_line_it_is() {
        for (name, pattern) in [
            (
                "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501",
                "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
            ),
            ("al2023-ami-2023.5.20240701.0-kernel-6.1-x86_64", "al2023-ami-*.5.*.0-kernel-6.1-x86_64"),
            ("golden-web-3f9a1c2b7d", "golden-web-*"),
            ("2024-05-01", "2024-05-01"),
        ] {
            assert_eq!(without_version(name), pattern);
        }
    }

    #[test]
    fn names_never_stand_alone_and_strangers_are_left_out() {
        let image = |id: &str, owner: &str, name: &str| Image {
            owner: Some(owner.to_owned()),
            name: Some(name.to_owned()),
            ..Image::new(id)
        };
        let (ubuntu, own, stranger) = (
            image("ami-1", "099720109477", "ubuntu/images/x-20240501"),
            image("ami-2", "111111111111", "golden"),
            image("ami-3", "999999999999", "ubuntu/images/x-20240502"),
        );
        let proposal = propose([
            (&ubuntu, Class::Amazon, true),
            (&own, Class::Own, false),
            (&stranger, Class::PublicStranger, true),
        ]);
        assert_eq!(
            Value::Array(proposal.criteria.clone()),
            json!([{ "ImageProviders": ["099720109477"], "ImageNames": ["ubuntu/images/x-*"] }])
        );
        assert_eq!(proposal.left_out, ["ami-3"]);
        let shared = propose([(&own, Class::Own, true)]);
        assert_eq!(
            Value::Array(shared.criteria),
            json!([{ "ImageProviders": ["111111111111"], "ImageNames": ["golden"] }]),
            "another own account cannot start it otherwise"
        );
        let policy = proposal.declarative_policy();
        let criterion = &policy["ec2_attributes"]["allowed_images_settings"]["image_criteria"]["criteria_1"];
        assert_eq!(criterion["allowed_image_providers"], json!({ "@@assign": ["099720109477"] }));
    }
}
