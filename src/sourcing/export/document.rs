//! What a JSON text is, by its members: no file says which call it came from.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

use super::part::Part;
use super::shapes;

/// A JSON value of the top level.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    /// What is known in it.
    pub(super) parts: Vec<Part>,
    /// Members that no call is known by.
    pub(super) unknown: Vec<String>,
    /// Whether it says that more pages follow.
    pub(super) has_next: bool,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

/// Calls that are known and not needed, by their members.
const NOT_NEEDED: [&str; 25] = [
    "clusters",
    "nodegroups",
    "imageVersionList",
    "Organization",
    "NetworkInterfaces",
    "RouteTables",
    "Subnets",
    "Vpcs",
    "Volumes",
    "Addresses",
    "Regions",
    "KeyPairs",
    "LaunchTemplates",
    "IamInstanceProfileAssociations",
    "ImageUsageReports",
    "ImageFindings",
    "ReplaceRootVolumeTasks",
    "FastLaunchImages",
    "StoreImageTaskResults",
    "AttachedPolicies",
    "InvalidParameters",
    "AvailabilityZones",
    "UserDetailList",
    "GroupDetailList",
    "Policies",
];

/// Members by which nothing is known, and that stand beside others.
const BESIDE: [&str; 6] =
    ["ResponseMetadata", "IsTruncated", "MarkerType", "ManagedBy", "RequestId", "requestId"];

/// Calls that choose an image in a structure of their own.
const CHOOSERS: [&str; 7] = [
    "SpotFleetRequestConfigs",
    "Fleets",
    "SpotInstanceRequests",
    "computeEnvironments",
    "imageRecipe",
    "imageRecipeSummaryList",
    "nodegroup",
];

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        let mut rest = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            document.member(&key, &mut map, &mut rest)?;
        }
        document.small(rest).map_err(A::Error::custom)?;
        Ok(document)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        while let Some(value) = list.next_element::<Value>()? {
            document.element(value, 0).map_err(A::Error::custom)?;
        }
        document.parts = merged(document.parts);
        Ok(document)
    }
}

impl Document {
    /// Takes one member of an answer; what is short is kept for [`Self::small`].
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        rest: &mut Map<String, Value>,
    ) -> Result<(), A::Error> {
        let part = match key {
            "Images" => Part::Images(list(map)?),
            "Reservations" => Part::Reservations(list(map)?),
            "InstanceImageMetadata" => Part::InstanceImages(list(map)?),
            "Snapshots" => Part::Snapshots(list(map)?),
            "LaunchTemplateVersions" => Part::TemplateVersions(list(map)?),
            "AutoScalingGroups" => Part::AutoScalingGroups(list(map)?),
            "LaunchConfigurations" => Part::LaunchConfigurations(list(map)?),
            "Parameters" => Part::Parameters(list(map)?),
            "SecurityGroups" => Part::SecurityGroups(list(map)?),
            "InstanceProfiles" => Part::InstanceProfiles(list(map)?),
            "RoleDetailList" => Part::Roles(list(map)?),
            "ImageAncestryEntries" => Part::Ancestry(list(map)?),
            "ImageReferences" => Part::References(list(map)?),
            "ImageUsageReportEntries" => Part::Usage(list(map)?),
            "Accounts" => Part::Accounts(list(map)?),
            "Records" | "Events" => Part::Events(list(map)?),
            "NextToken" | "nextToken" | "Marker" | "NextMarker" => {
                self.has_next |= map.next_value::<Option<String>>()?.is_some_and(|token| !token.is_empty());
                return Ok(());
            }
            // A recording wraps the answer.
            "data" => {
                let inner = map.next_value::<Self>()?;
                self.parts.extend(inner.parts);
                self.unknown.extend(inner.unknown);
                self.has_next |= inner.has_next;
                return Ok(());
            }
            _ => return self.other(key, map, rest),
        };
        self.parts.push(part);
        Ok(())
    }

    fn other<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        rest: &mut Map<String, Value>,
    ) -> Result<(), A::Error> {
        if let Some(name) = CHOOSERS.into_iter().find(|name| *name == key) {
            let value = map.next_value::<Value>()?;
            let values = if let Value::Array(values) = value { values } else { vec![value] };
            self.parts.push(Part::Choosers(name, values));
        } else if let Some(name) = NOT_NEEDED.into_iter().find(|name| *name == key) {
            map.next_value::<IgnoredAny>()?;
            self.parts.push(Part::NotNeeded(name));
        } else if BESIDE.contains(&key) || key == "status_code" {
            map.next_value::<IgnoredAny>()?;
        } else {
            rest.insert(key.to_owned(), map.next_value()?);
        }
        Ok(())
    }

    /// What is known by several members together, or is one record of a list.
    fn small(&mut self, mut rest: Map<String, Value>) -> Result<(), String> {
        let text =
            |rest: &Map<String, Value>, key: &str| rest.get(key).and_then(Value::as_str).map(str::to_owned);
        let has = |rest: &Map<String, Value>, key: &str| rest.contains_key(key);
        if rest.is_empty() {
            return Ok(());
        }
        let part = if text(&rest, "tool").is_some_and(|tool| tool == "export-aws.sh") {
            Part::Manifest(Value::Object(rest))
        } else if let (Some(image), true) = (text(&rest, "ImageId"), has(&rest, "LaunchPermissions")) {
            Part::LaunchPermissions(image, take(&mut rest, "LaunchPermissions")?)
        } else if let (Some(snapshot), true) =
            (text(&rest, "SnapshotId"), has(&rest, "CreateVolumePermissions"))
        {
            Part::VolumePermissions(snapshot, take(&mut rest, "CreateVolumePermissions")?)
        } else if let Some(state) = text(&rest, "ImageBlockPublicAccessState") {
            Part::ImageBlock(state)
        } else if let Some(state) =
            text(&rest, "State").filter(|state| is_snapshot_block(state) && rest.len() == 1)
        {
            Part::SnapshotBlock(state)
        } else if has(&rest, "State") && (has(&rest, "ImageCriteria") || is_allowed_state(&rest)) {
            Part::AllowedImages(Box::new(convert(Value::Object(rest))?))
        } else if let (Some(account), true) = (text(&rest, "Account"), has(&rest, "Arn")) {
            Part::Identity(account)
        } else if let Some(level) = rest.get("AccountLevel") {
            let tokens = level.get("HttpTokens").and_then(Value::as_str).unwrap_or("no-preference");
            Part::MetadataDefaults(tokens.to_owned())
        } else if let Some(parameter) = rest.remove("Parameter") {
            Part::Parameters(vec![convert(parameter)?])
        } else if has(&rest, "eventName") {
            Part::Events(vec![Value::Object(rest)])
        } else if has(&rest, "ImageId") && rest.keys().any(|key| ATTRIBUTES.contains(&key.as_str())) {
            Part::NotNeeded("image attribute")
        } else {
            return self.record(Value::Object(rest));
        };
        self.parts.push(part);
        Ok(())
    }

    /// One element of a list: a record, a whole answer, or a list of them, as `--query` leaves it.
    fn element(&mut self, value: Value, depth: usize) -> Result<(), String> {
        match value {
            Value::Array(values) if depth < 4 => {
                values.into_iter().try_for_each(|value| self.element(value, depth + 1))
            }
            Value::Object(map) => {
                let inner: Self = convert(Value::Object(map))?;
                self.parts.extend(inner.parts);
                self.unknown.extend(inner.unknown);
                self.has_next |= inner.has_next;
                Ok(())
            }
            other => {
                self.unknown.push(kind(&other).to_owned());
                Ok(())
            }
        }
    }

    /// One thing of a call, by its members.
    fn record(&mut self, value: Value) -> Result<(), String> {
        let has = |key: &str| value.get(key).is_some();
        let part = if has("ImageMetadata") && has("InstanceId") {
            Part::InstanceImages(vec![convert(value)?])
        } else if has("InstanceId") && has("ImageId") {
            let instance = convert(value)?;
            Part::Reservations(vec![shapes::Reservation { owner_id: None, instances: Some(vec![instance]) }])
        } else if has("Instances") && (has("ReservationId") || has("OwnerId")) {
            Part::Reservations(vec![convert(value)?])
        } else if has("LaunchTemplateData") {
            Part::TemplateVersions(vec![convert(value)?])
        } else if has("AutoScalingGroupName") {
            Part::AutoScalingGroups(vec![convert(value)?])
        } else if has("LaunchConfigurationName") {
            Part::LaunchConfigurations(vec![convert(value)?])
        } else if has("ImageId") && IMAGE.iter().any(|key| has(key)) {
            Part::Images(vec![convert(value)?])
        } else if has("SnapshotId") && !has("DeviceName") {
            Part::Snapshots(vec![convert(value)?])
        } else if has("GroupId") && has("IpPermissions") {
            Part::SecurityGroups(vec![convert(value)?])
        } else {
            let members = value.as_object().into_iter().flat_map(Map::keys);
            self.unknown.extend(members.take(3).cloned());
            return Ok(());
        };
        self.parts.push(part);
        Ok(())
    }
}

/// Members that only an image has.
const IMAGE: [&str; 7] =
    ["Name", "OwnerId", "CreationDate", "ImageLocation", "RootDeviceName", "ImageOwnerAlias", "Public"];

/// Attributes of describe-image-attribute that are not needed.
const ATTRIBUTES: [&str; 6] = [
    "LastLaunchedTime",
    "Description",
    "BootMode",
    "DeregistrationProtection",
    "KernelId",
    "SriovNetSupport",
];

fn is_snapshot_block(state: &str) -> bool {
    ["block-all-sharing", "block-new-sharing", "unblocked"].contains(&state)
}

/// A settings file that has no criteria.
fn is_allowed_state(rest: &Map<String, Value>) -> bool {
    rest.len() == 1
        && rest
            .get("State")
            .and_then(Value::as_str)
            .is_some_and(|state| ["enabled", "disabled", "audit-mode"].contains(&state))
}

fn list<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<Vec<T>, A::Error> {
    Ok(map.next_value::<Option<Vec<T>>>()?.unwrap_or_default())
}

fn take<T: DeserializeOwned>(rest: &mut Map<String, Value>, key: &str) -> Result<Vec<T>, String> {
    convert(rest.remove(key).unwrap_or(Value::Array(Vec::new())))
}

fn convert<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list in a list",
        Value::Object(_) => "an object",
    }
}

/// Records of one kind in one part, as an answer has them.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (Some(Part::Images(all)), Part::Images(more)) => all.extend(more),
            (Some(Part::Reservations(all)), Part::Reservations(more)) => all.extend(more),
            (Some(Part::InstanceImages(all)), Part::InstanceImages(more)) => all.extend(more),
            (Some(Part::Events(all)), Part::Events(more)) => all.extend(more),
            (_, part) => merged.push(part),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let document: Document = serde_json::from_str(text).unwrap();
        assert_eq!(document.unknown, Vec::<String>::new(), "{text}");
        document.parts.iter().map(Part::name).collect()
    }

    #[test]
    fn a_call_is_known_by_its_members() {
        let of = [
            (r#"{"Images": [{"ImageId": "ami-1"}]}"#, "Images"),
            (r#"{"Images": null, "NextToken": "x"}"#, "Images"),
            (r#"{"State": "enabled"}"#, "ImageCriteria"),
            (r#"{"State": "audit-mode", "ImageCriteria": [{}], "ManagedBy": "account"}"#, "ImageCriteria"),
            (r#"{"State": "unblocked"}"#, "State"),
            (r#"{"State": "block-all-sharing", "ManagedBy": "account"}"#, "State"),
            (r#"{"ImageBlockPublicAccessState": "unblocked"}"#, "ImageBlockPublicAccessState"),
            (r#"{"LaunchPermissions": [{"Group": "all"}], "ImageId": "ami-1"}"#, "LaunchPermissions"),
            (r#"{"Account": "1", "Arn": "a", "UserId": "u"}"#, "Account"),
            (r#"{"status_code": 200, "data": {"Images": [], "ResponseMetadata": {}}}"#, "Images"),
            (r#"{"eventName": "RunInstances"}"#, "Records"),
            (r#"[{"ImageId": "ami-1", "Name": "n"}, {"ImageId": "ami-2", "Name": "m"}]"#, "Images"),
            (
                r#"[[{"InstanceId": "i-1", "ImageId": "ami-1"}], [{"InstanceId": "i-2", "ImageId": "ami-1"}]]"#,
                "Reservations",
            ),
            (r#"[{"Images": []}, {"Images": []}]"#, "Images"),
            (r#"{"InstanceId": "i-1", "ImageMetadata": {"ImageId": "ami-1"}}"#, "InstanceImageMetadata"),
        ];
        for (text, name) in of {
            assert_eq!(names(text), [name], "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        let document: Document = serde_json::from_str(r#"{"Buckets": [], "Owner": {}}"#).unwrap();
        assert!(document.parts.is_empty());
        assert_eq!(document.unknown, ["Buckets", "Owner"]);
        let list: Document = serde_json::from_str(r#"["ami-1", "ami-2"]"#).unwrap();
        assert_eq!(list.unknown, ["a text", "a text"]);
    }

    #[test]
    fn a_page_says_whether_another_follows() {
        let has_next = |text: &str| serde_json::from_str::<Document>(text).unwrap().has_next;
        assert!(has_next(r#"{"Images": [], "NextToken": "eyJ2"}"#));
        assert!(!has_next(r#"{"Images": [], "NextToken": null}"#));
        assert!(!has_next(r#"{"Images": [], "NextToken": ""}"#));
    }
}
