//! Values that stand where an image is meant: fixed ids, parameters of Systems Manager, ARNs of Image Builder.

use super::hit::{Form, Hit};
use super::judge::{Judgement, Verdict};
use super::search::Search;

/// What is asked of a value that stands where an image is meant.
pub(super) fn hit(at: usize, form: Form, text: &str) -> Option<Hit> {
    let text = text.trim();
    if is_image_id(text) {
        return Some(fixed(at, form, vec![text.to_owned()]));
    }
    if let Some(name) = resolved(text) {
        return Some(parameter(at, form, name));
    }
    text.starts_with("arn:").then(|| by_arn(at, form, text)).flatten()
}

/// `ami-` and 8 or 17 hexadecimal digits; `ami-1234` is what CDK writes where it did not look.
pub(super) fn is_image_id(text: &str) -> bool {
    let digits = text.strip_prefix("ami-").unwrap_or_default();
    matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The parameter in `resolve:ssm:NAME:VERSION`, with or without braces.
fn resolved(text: &str) -> Option<&str> {
    let bare = text.trim_start_matches("{{").trim_end_matches("}}").trim();
    let name = bare.strip_prefix("resolve:ssm:").or_else(|| bare.strip_prefix("ssm:"))?;
    name.split(':').next()
}

/// A fixed id: whose it is, an export of the account tells.
pub(super) fn fixed(at: usize, form: Form, ids: Vec<String>) -> Hit {
    let reason = "A fixed image id: an export of the account tells whose it is and how old.";
    let judgement = Judgement::new(Verdict::Pinned, reason);
    Hit { image_ids: ids.clone(), ..Hit::new(at, form, Search::by_ids(ids), judgement) }
}

/// A parameter whose value is an image id.
pub(super) fn parameter(at: usize, form: Form, name: &str) -> Hit {
    let judgement = if name.starts_with("/aws/service/") || name.starts_with("aws/service/") {
        Judgement::new(Verdict::Safe, "A public parameter of AWS: only AWS writes under /aws/service/.")
    } else if name.starts_with("arn:") {
        Judgement::new(
            Verdict::Info,
            "A parameter of another account names the image: whoever may write it chooses.",
        )
    } else {
        Judgement::new(
            Verdict::Info,
            format!("The parameter {name} names the image: whoever may write it chooses."),
        )
    };
    Hit::new(at, form, Search::default(), judgement)
}

/// Whether a parameter of this name is one for images; `/aws/service/global-infrastructure` and passwords are not.
pub(super) fn names_an_image(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if let Some(public) = lower.strip_prefix("/aws/service/") {
        return !public.starts_with("global-infrastructure");
    }
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| ["ami", "amis", "amiid", "image", "images", "imageid", "golden"].contains(&word))
}

fn by_arn(at: usize, form: Form, arn: &str) -> Option<Hit> {
    let mut parts = arn.split(':').skip(2);
    let (service, account) = (parts.next()?, parts.nth(1)?);
    let judgement = match (service, account) {
        ("imagebuilder", "aws") => Judgement::new(Verdict::Safe, "An image that AWS manages."),
        ("imagebuilder", "aws-marketplace") => {
            Judgement::new(Verdict::Info, "A product of the AWS Marketplace.")
        }
        ("imagebuilder", account) => {
            let reason = format!("An image of account {account}: whose it is, the code does not say.");
            Judgement::new(Verdict::Info, reason)
        }
        ("ssm", _) => return Some(parameter(at, form, arn)),
        _ => return None,
    };
    Some(Hit::new(at, form, Search::default(), judgement))
}
