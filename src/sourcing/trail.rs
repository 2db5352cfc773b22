//! Events of CloudTrail: who searched for images without an owner, and who launched what.

use std::collections::BTreeSet;

use serde_json::Value;

use super::code::{Constant, Filter, Search};
use super::moment::Moment;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `DescribeImages`.
    Search(Search),
    /// `RunInstances`: images that were asked for and launched, and the instances.
    Launch {
        /// Images.
        images: BTreeSet<String>,
        /// Instances that came of it.
        instances: BTreeSet<String>,
    },
    /// An image was made public, or shared with accounts: `ModifyImageAttribute`.
    Share {
        /// The image.
        image: String,
        /// "all", or accounts.
        with: BTreeSet<String>,
    },
    /// The settings of Allowed AMIs or of public sharing were changed: the event's name.
    Settings(String),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Option<Moment>,
    /// ARN of who did it.
    pub who: String,
    /// The client: "Terraform …", "aws-cli/2 …".
    pub client: String,
    /// The account that it happened in.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Why AWS refused.
    pub error: Option<String>,
    /// What.
    pub action: Action,
}

/// Settings whose change matters.
const SETTINGS: [&str; 7] = [
    "EnableAllowedImagesSettings",
    "DisableAllowedImagesSettings",
    "ReplaceImageCriteriaInAllowedImagesSettings",
    "EnableImageBlockPublicAccess",
    "DisableImageBlockPublicAccess",
    "EnableSnapshotBlockPublicAccess",
    "DisableSnapshotBlockPublicAccess",
];

/// Reads an event of a trail's file, or an entry of `lookup-events`, which has the event as a text.
pub fn event(value: &Value) -> Option<Event> {
    if let Some(text) = value.get("CloudTrailEvent").and_then(Value::as_str) {
        let inner: Value = serde_json::from_str(text).ok()?;
        // Not looked into twice: an event has none.
        return of_record(&inner);
    }
    // Recordings and EventBridge have it under "detail".
    of_record(value.get("detail").unwrap_or(value))
}

fn of_record(record: &Value) -> Option<Event> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
    let request = record.get("requestParameters").unwrap_or(&Value::Null);
    let response = record.get("responseElements").unwrap_or(&Value::Null);
    let action = match text("eventName")?.as_str() {
        "DescribeImages" => Action::Search(search(request)),
        "RunInstances" => launch(request, response),
        "ModifyImageAttribute" => share(request)?,
        name if SETTINGS.contains(&name) => Action::Settings(name.to_owned()),
        _ => return None,
    };
    let who = record.get("userIdentity");
    let who = who.and_then(|who| who.get("arn").or_else(|| who.get("invokedBy"))).and_then(Value::as_str);
    Some(Event {
        time: text("eventTime").map(|time| Moment::parse(&time)),
        who: who.unwrap_or_default().to_owned(),
        client: text("userAgent").unwrap_or_default(),
        account: text("recipientAccountId")
            .or_else(|| record.get("userIdentity")?.get("accountId")?.as_str().map(str::to_owned)),
        region: text("awsRegion"),
        error: text("errorCode"),
        action,
    })
}

/// The values of `{"items": [{key: value}]}`.
fn items<'v>(set: Option<&'v Value>, key: &'v str) -> impl Iterator<Item = String> + 'v {
    let items = set.and_then(|set| set.get("items")).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(move |item| item.get(key)?.as_str().map(str::to_owned))
}

/// The request as code makes one. A trail has no answers: that images were only listed is not known.
fn search(request: &Value) -> Search {
    let filters = request.get("filterSet").and_then(|set| set.get("items")).and_then(Value::as_array);
    let filter = |item: &Value| {
        let name = item.get("name")?.as_str()?.to_owned();
        let values = items(item.get("valueSet"), "value").collect();
        Some(Filter { name: Constant::Known(name), values: Constant::Known(values) })
    };
    Search {
        owners: list(request.get("ownersSet"), "owner"),
        image_ids: list(request.get("imagesSet"), "imageId"),
        executable_users: list(request.get("executableBySet"), "user"),
        filters: filters.into_iter().flatten().filter_map(filter).collect(),
        newest: Constant::Known(true),
        is_used: Constant::Known(true),
        ..Search::default()
    }
}

fn list(set: Option<&Value>, key: &str) -> Constant<Vec<String>> {
    let values: Vec<String> = items(set, key).collect();
    if values.is_empty() { Constant::Absent } else { Constant::Known(values) }
}

fn launch(request: &Value, response: &Value) -> Action {
    let asked = items(request.get("instancesSet"), "imageId");
    let got = items(response.get("instancesSet"), "imageId");
    Action::Launch {
        images: asked.chain(got).filter(|image| image.starts_with("ami-")).collect(),
        instances: items(response.get("instancesSet"), "instanceId").collect(),
    }
}

fn share(request: &Value) -> Option<Action> {
    let image = request.get("imageId")?.as_str()?.to_owned();
    let added = request.get("launchPermission").and_then(|permission| permission.get("add"));
    let with: BTreeSet<String> = items(added, "group").chain(items(added, "userId")).collect();
    (!with.is_empty()).then_some(Action::Share { image, with })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_from_a_trail_and_from_a_look_up() {
        let record = r#"{"eventName": "RunInstances", "eventTime": "2026-03-01T10:00:00Z", "awsRegion": "eu-west-1",
            "recipientAccountId": "111111111111", "userIdentity": {"arn": "arn:aws:iam::111111111111:user/a"},
            "userAgent": "Terraform/1.9", "requestParameters": {"instancesSet": {"items": [{"imageId": "ami-1"}]}},
            "responseElements": {"instancesSet": {"items": [{"instanceId": "i-1", "imageId": "ami-1"}]}}}"#;
        let plain: Value = serde_json::from_str(record).unwrap();
        let looked_up = serde_json::json!({ "EventId": "x", "CloudTrailEvent": record });
        let read = event(&plain).unwrap();
        assert_eq!(event(&looked_up).as_ref(), Some(&read));
        let images = BTreeSet::from(["ami-1".to_owned()]);
        assert_eq!(read.action, Action::Launch { images, instances: BTreeSet::from(["i-1".to_owned()]) });
        assert_eq!((read.region.as_deref(), read.client.as_str()), (Some("eu-west-1"), "Terraform/1.9"));
    }

    #[test]
    fn a_search_has_its_limits() {
        let record = serde_json::json!({ "eventName": "DescribeImages", "requestParameters": {
            "filterSet": { "items": [{ "name": "name", "valueSet": { "items": [{ "value": "ubuntu*" }] } }] },
            "ownersSet": { "items": [{ "owner": "self" }] },
        } });
        let Action::Search(search) = event(&record).unwrap().action else { panic!("no search") };
        assert_eq!(search.filters, [Filter::known("name", &["ubuntu*"])]);
        assert_eq!(search.owners, Constant::Known(vec!["self".to_owned()]));
    }

    #[test]
    fn what_is_none_of_them_is_passed_over() {
        for text in [r#"{"eventName": "StopInstances"}"#, "{}", "[]", r#"{"CloudTrailEvent": "{"}"#] {
            assert_eq!(event(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }
}
