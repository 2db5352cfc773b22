//! What will start an image, or names one.

use super::Scope;

/// What points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointerKind {
    /// The default or the latest version of a launch template.
    LaunchTemplate,
    /// A launch configuration.
    LaunchConfiguration,
    /// An Auto Scaling group.
    AutoScalingGroup,
    /// A parameter of Systems Manager.
    Parameter,
    /// A request for spot instances, or a fleet.
    Fleet,
    /// A compute environment of Batch.
    ComputeEnvironment,
    /// A recipe of Image Builder.
    Recipe,
    /// A node group of EKS.
    NodeGroup,
}

impl PointerKind {
    /// As people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LaunchTemplate => "launch template",
            Self::LaunchConfiguration => "launch configuration",
            Self::AutoScalingGroup => "Auto Scaling group",
            Self::Parameter => "SSM parameter",
            Self::Fleet => "fleet request",
            Self::ComputeEnvironment => "Batch compute environment",
            Self::Recipe => "Image Builder recipe",
            Self::NodeGroup => "EKS node group",
        }
    }

    /// As a part of a path.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::LaunchTemplate => "launch-template",
            Self::LaunchConfiguration => "launch-configuration",
            Self::AutoScalingGroup => "auto-scaling-group",
            Self::Parameter => "parameter",
            Self::Fleet => "fleet",
            Self::ComputeEnvironment => "compute-environment",
            Self::Recipe => "recipe",
            Self::NodeGroup => "node-group",
        }
    }
}

/// What is pointed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An image.
    Image(String),
    /// A parameter that holds one: `resolve:ssm:NAME`.
    Parameter(String),
    /// A launch template, by id or name; the version as it is named.
    Template {
        /// Id or name.
        name: String,
        /// A number, `$Latest` or `$Default`.
        version: Option<String>,
    },
    /// A launch configuration, by name.
    Configuration(String),
}

impl Target {
    /// Reads an image id as AWS lets one be written: `ami-…`, or by a parameter.
    pub fn parse(text: &str) -> Option<Self> {
        let parameter = text.strip_prefix("resolve:ssm:").or_else(|| text.strip_prefix("{{resolve:ssm:"));
        match parameter {
            // A version or a label may follow; a name has slashes and no colon.
            Some(name) => {
                let name = name.trim_end_matches('}');
                Some(Self::Parameter(name.split(':').next().unwrap_or(name).to_owned()))
            }
            None => text.starts_with("ami-").then(|| Self::Image(text.to_owned())),
        }
    }

    /// Whether it names `pointer`.
    pub fn means(&self, pointer: &Pointer) -> bool {
        let is = |kind: PointerKind, name: &str| {
            pointer.kind == kind && (pointer.name == name || pointer.id.as_deref() == Some(name))
        };
        match self {
            Self::Image(_) => false,
            Self::Parameter(name) => is(PointerKind::Parameter, name),
            Self::Configuration(name) => is(PointerKind::LaunchConfiguration, name),
            Self::Template { name, version } => {
                is(PointerKind::LaunchTemplate, name) && pointer.has_version(version.as_deref())
            }
        }
    }
}

/// What will start an image, or names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// What it is.
    pub kind: PointerKind,
    /// Where it is.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// Its id, where it has another than its name.
    pub id: Option<String>,
    /// Its version, and whether that is the default and the latest one: of templates.
    pub version: Option<(u64, bool, bool)>,
    /// What it points at.
    pub targets: Vec<Target>,
}

impl Pointer {
    /// Whether it is the version that something asks for.
    fn has_version(&self, wanted: Option<&str>) -> bool {
        let Some((number, is_default, is_latest)) = self.version else { return true };
        match wanted {
            None | Some("$Default") => is_default,
            Some("$Latest") => is_latest,
            Some(version) => version.parse() == Ok(number),
        }
    }
}
