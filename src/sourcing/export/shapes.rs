//! What AWS answers, as far as it matters: members have the names of the service models. Every member may be missing,
//! for lists are cut down by `--query`, and older clients drop what they do not know.

use serde::Deserialize;

use crate::sourcing::moment::Moment;

/// A list that may be missing or null.
pub type List<T> = Option<Vec<T>>;

/// `Image` of describe-images.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Image {
    pub image_id: Option<String>,
    pub name: Option<String>,
    pub owner_id: Option<String>,
    pub image_owner_alias: Option<String>,
    pub public: Option<bool>,
    pub state: Option<String>,
    pub creation_date: Option<Moment>,
    pub deprecation_time: Option<Moment>,
    pub last_launched_time: Option<Moment>,
    pub image_allowed: Option<bool>,
    pub source_image_id: Option<String>,
    pub source_image_region: Option<String>,
    pub image_watermarks: List<Watermark>,
    pub scan_results: Option<Box<ScanResults>>,
    pub product_codes: List<ProductCode>,
    pub image_type: Option<String>,
    pub block_device_mappings: List<Mapping>,
    pub recycle_bin_enter_time: Option<Moment>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
pub struct Watermark {
    pub watermark_key: Option<String>,
    pub source_image_region: Option<String>,
    pub source_image_creation_time: Option<Moment>,
    pub watermark_creation_time: Option<Moment>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
pub struct ScanResults {
    pub highest_finding_severity_label: Option<String>,
    pub finding_scan_date: Option<Moment>,
    pub informational_fix_available_since: Option<Moment>,
    pub low_fix_available_since: Option<Moment>,
    pub medium_fix_available_since: Option<Moment>,
    pub high_fix_available_since: Option<Moment>,
    pub critical_fix_available_since: Option<Moment>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProductCode {
    pub product_code_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mapping {
    pub ebs: Option<Ebs>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ebs {
    pub snapshot_id: Option<String>,
    pub encrypted: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Tag {
    pub key: Option<String>,
    pub value: Option<String>,
}

/// `Reservation` of describe-instances.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Reservation {
    pub owner_id: Option<String>,
    pub instances: List<Instance>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Instance {
    pub instance_id: Option<String>,
    pub image_id: Option<String>,
    pub state: Option<State>,
    pub launch_time: Option<Moment>,
    pub placement: Option<Placement>,
    pub public_ip_address: Option<String>,
    pub ipv6_address: Option<String>,
    pub iam_instance_profile: Option<Profile>,
    pub metadata_options: Option<MetadataOptions>,
    pub security_groups: List<Group>,
    pub tags: List<Tag>,
    pub network_interfaces: List<Interface>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Placement {
    pub availability_zone: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Profile {
    pub arn: Option<String>,
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MetadataOptions {
    pub http_tokens: Option<String>,
    pub http_endpoint: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Group {
    pub group_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Interface {
    pub association: Option<Association>,
    pub groups: List<Group>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Association {
    pub public_ip: Option<String>,
}

/// An entry of describe-instance-image-metadata.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstanceImage {
    pub instance_id: Option<String>,
    pub launch_time: Option<Moment>,
    pub availability_zone: Option<String>,
    pub state: Option<State>,
    pub owner_id: Option<String>,
    pub tags: List<Tag>,
    pub image_metadata: Option<ImageMetadata>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageMetadata {
    pub image_id: Option<String>,
    pub name: Option<String>,
    pub owner_id: Option<String>,
    pub state: Option<String>,
    pub image_owner_alias: Option<String>,
    pub creation_date: Option<Moment>,
    pub deprecation_time: Option<Moment>,
    pub image_allowed: Option<bool>,
    pub is_public: Option<bool>,
    pub image_watermarks: List<Watermark>,
}

/// Who may launch an image, or make a volume of a snapshot: one of the members.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Permission {
    pub group: Option<String>,
    pub user_id: Option<String>,
    pub organization_arn: Option<String>,
    pub organizational_unit_arn: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Snapshot {
    pub snapshot_id: Option<String>,
    pub owner_id: Option<String>,
    pub encrypted: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TemplateVersion {
    pub launch_template_id: Option<String>,
    pub launch_template_name: Option<String>,
    pub version_number: Option<u64>,
    pub default_version: Option<bool>,
    pub launch_template_data: Option<TemplateData>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TemplateData {
    pub image_id: Option<String>,
    pub metadata_options: Option<MetadataOptions>,
}

/// How something names a launch template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TemplateReference {
    pub launch_template_id: Option<String>,
    pub launch_template_name: Option<String>,
    pub version: Option<String>,
    pub image_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AutoScalingGroup {
    pub auto_scaling_group_name: Option<String>,
    #[serde(rename = "AutoScalingGroupARN")]
    pub arn: Option<String>,
    pub launch_template: Option<TemplateReference>,
    pub launch_configuration_name: Option<String>,
    pub mixed_instances_policy: Option<MixedInstances>,
    pub instances: List<InstanceName>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstanceName {
    pub instance_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MixedInstances {
    pub launch_template: Option<MixedTemplate>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MixedTemplate {
    pub launch_template_specification: Option<TemplateReference>,
    pub overrides: List<TemplateOverride>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TemplateOverride {
    pub launch_template_specification: Option<TemplateReference>,
    pub image_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LaunchConfiguration {
    pub launch_configuration_name: Option<String>,
    pub image_id: Option<String>,
    #[serde(rename = "LaunchConfigurationARN")]
    pub arn: Option<String>,
}

/// A parameter of Systems Manager.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Parameter {
    pub name: Option<String>,
    pub value: Option<String>,
    #[serde(rename = "ARN")]
    pub arn: Option<String>,
    pub data_type: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SecurityGroup {
    pub group_id: Option<String>,
    pub owner_id: Option<String>,
    pub ip_permissions: List<IpPermission>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IpPermission {
    pub ip_ranges: List<IpRange>,
    pub ipv6_ranges: List<Ipv6Range>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IpRange {
    pub cidr_ip: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ipv6Range {
    pub cidr_ipv6: Option<String>,
}

/// An instance profile of IAM, and its roles.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstanceProfile {
    pub instance_profile_name: Option<String>,
    pub arn: Option<String>,
    pub roles: List<Role>,
}

/// A role; `RoleDetail` of get-account-authorization-details has its policies.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Role {
    pub role_name: Option<String>,
    pub arn: Option<String>,
    pub attached_managed_policies: List<AttachedPolicy>,
    pub instance_profile_list: List<InstanceProfile>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AttachedPolicy {
    pub policy_name: Option<String>,
}

/// One image of a line, the image itself first.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ancestor {
    pub image_id: Option<String>,
    pub image_owner_alias: Option<String>,
    pub creation_date: Option<Moment>,
    pub source_image_id: Option<String>,
    pub source_image_region: Option<String>,
}

/// What refers to an image in the own account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageReference {
    pub image_id: Option<String>,
    pub resource_type: Option<String>,
    pub arn: Option<String>,
}

/// Use of an own image in another account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UsageEntry {
    pub resource_type: Option<String>,
    pub usage_count: Option<u64>,
    pub account_id: Option<String>,
    pub image_id: Option<String>,
}

/// An account of the organisation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct OrganizationAccount {
    pub id: Option<String>,
}
