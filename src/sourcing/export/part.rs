//! The answers that are read, and the member by which each is known.

use serde_json::Value;

use super::shapes;
use crate::sourcing::allowed::Settings;

/// One answer, or one of the things in it.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// describe-images; of the recycle bin, too.
    Images(Vec<shapes::Image>),
    /// describe-instances.
    Reservations(Vec<shapes::Reservation>),
    /// describe-instance-image-metadata.
    InstanceImages(Vec<shapes::InstanceImage>),
    /// describe-image-attribute: who may launch it.
    LaunchPermissions(String, Vec<shapes::Permission>),
    /// describe-snapshot-attribute: who may make volumes of it.
    VolumePermissions(String, Vec<shapes::Permission>),
    /// get-allowed-images-settings.
    AllowedImages(Box<Settings>),
    /// get-image-block-public-access-state.
    ImageBlock(String),
    /// get-snapshot-block-public-access-state.
    SnapshotBlock(String),
    /// describe-snapshots.
    Snapshots(Vec<shapes::Snapshot>),
    /// describe-launch-template-versions.
    TemplateVersions(Vec<shapes::TemplateVersion>),
    /// describe-auto-scaling-groups.
    AutoScalingGroups(Vec<shapes::AutoScalingGroup>),
    /// describe-launch-configurations.
    LaunchConfigurations(Vec<shapes::LaunchConfiguration>),
    /// Other calls that choose an image in a structure of their own: spot and fleet requests, compute environments, recipes,
    /// node groups.
    Choosers(&'static str, Vec<Value>),
    /// get-parameters.
    Parameters(Vec<shapes::Parameter>),
    /// describe-security-groups.
    SecurityGroups(Vec<shapes::SecurityGroup>),
    /// list-instance-profiles.
    InstanceProfiles(Vec<shapes::InstanceProfile>),
    /// get-account-authorization-details.
    Roles(Vec<shapes::Role>),
    /// get-image-ancestry.
    Ancestry(Vec<shapes::Ancestor>),
    /// describe-image-references.
    References(Vec<shapes::ImageReference>),
    /// describe-image-usage-report-entries.
    Usage(Vec<shapes::UsageEntry>),
    /// list-accounts of the organisation.
    Accounts(Vec<shapes::OrganizationAccount>),
    /// get-instance-metadata-defaults: `HttpTokens`.
    MetadataDefaults(String),
    /// Events of a trail.
    Events(Vec<Value>),
    /// get-caller-identity.
    Identity(String),
    /// What this program's export script writes.
    Manifest(Value),
    /// A call that is known, and of which nothing is needed.
    NotNeeded(&'static str),
}

impl Part {
    /// The member by which the call is known.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Images(_) => "Images",
            Self::Reservations(_) => "Reservations",
            Self::InstanceImages(_) => "InstanceImageMetadata",
            Self::LaunchPermissions(..) => "LaunchPermissions",
            Self::VolumePermissions(..) => "CreateVolumePermissions",
            Self::AllowedImages(_) => "ImageCriteria",
            Self::ImageBlock(_) => "ImageBlockPublicAccessState",
            Self::SnapshotBlock(_) => "State",
            Self::Snapshots(_) => "Snapshots",
            Self::TemplateVersions(_) => "LaunchTemplateVersions",
            Self::AutoScalingGroups(_) => "AutoScalingGroups",
            Self::LaunchConfigurations(_) => "LaunchConfigurations",
            Self::Choosers(name, _) | Self::NotNeeded(name) => name,
            Self::Parameters(_) => "Parameters",
            Self::SecurityGroups(_) => "SecurityGroups",
            Self::InstanceProfiles(_) => "InstanceProfiles",
            Self::Roles(_) => "RoleDetailList",
            Self::Ancestry(_) => "ImageAncestryEntries",
            Self::References(_) => "ImageReferences",
            Self::Usage(_) => "ImageUsageReportEntries",
            Self::Accounts(_) => "Accounts",
            Self::MetadataDefaults(_) => "AccountLevel",
            Self::Events(_) => "Records",
            Self::Identity(_) => "Account",
            Self::Manifest(_) => "assay-export",
        }
    }
}
