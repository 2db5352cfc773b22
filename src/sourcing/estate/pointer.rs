//! What will start an image, or names one.

use std::collections::{BTreeMap, BTreeSet};

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
    /// A line of code that names it by its id.
    Code,
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
            Self::Code => "code",
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
            Self::Code => "code",
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

    /// The kind and the name of the pointer that it names; none for an image.
    fn named(&self) -> Option<(PointerKind, &str)> {
        match self {
            Self::Image(_) => None,
            Self::Parameter(name) => Some((PointerKind::Parameter, name)),
            Self::Configuration(name) => Some((PointerKind::LaunchConfiguration, name)),
            Self::Template { name, .. } => Some((PointerKind::LaunchTemplate, name)),
        }
    }

    /// Whether a pointer of its name is of the version that it names.
    fn means_version_of(&self, pointer: &Pointer) -> bool {
        match self {
            Self::Template { version, .. } => pointer.has_version(version.as_deref()),
            Self::Image(_) | Self::Parameter(_) | Self::Configuration(_) => true,
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

/// Pointers that follow one another are at most so many: a circle ends.
const MAX_STEPS: usize = 4;

/// Pointers by kind and by name or id.
#[derive(Debug, Default)]
pub struct NamedPointers<'p>(BTreeMap<(PointerKind, &'p str), Vec<&'p Pointer>>);

impl<'p> NamedPointers<'p> {
    pub(super) fn new(all: &'p [Pointer]) -> Self {
        let mut named: BTreeMap<(PointerKind, &str), Vec<&Pointer>> = BTreeMap::new();
        for pointer in all {
            let id = pointer.id.as_deref().filter(|id| *id != pointer.name);
            for name in std::iter::once(pointer.name.as_str()).chain(id) {
                named.entry((pointer.kind, name)).or_default().push(pointer);
            }
        }
        Self(named)
    }

    /// The images that a pointer leads to today: a parameter may name a parameter, a group its template.
    pub fn images_of(&self, pointer: &Pointer) -> Vec<String> {
        let mut images = BTreeSet::new();
        self.follow(pointer, 0, &mut images);
        images.into_iter().collect()
    }

    fn follow(&self, pointer: &Pointer, steps: usize, images: &mut BTreeSet<String>) {
        for target in &pointer.targets {
            if let Target::Image(id) = target {
                images.insert(id.clone());
            }
            let named = target.named().filter(|_| steps < MAX_STEPS).and_then(|name| self.0.get(&name));
            for other in named.into_iter().flatten() {
                if other.scope.may_be(&pointer.scope) && target.means_version_of(other) {
                    self.follow(other, steps + 1, images);
                }
            }
        }
    }
}
