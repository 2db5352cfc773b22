//! An image, as all that saw it tell.

use super::Scope;
use crate::sourcing::export::shapes;
use crate::sourcing::moment::Moment;

/// Who stands for the owner of an image: AWS sets it, nobody else can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alias {
    /// Amazon, and publishers that it has verified.
    Amazon,
    /// Sellers of the Marketplace.
    Marketplace,
    /// Logically air-gapped vaults of AWS Backup.
    BackupVault,
}

impl Alias {
    /// The one that AWS writes so.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "amazon" => Some(Self::Amazon),
            "aws-marketplace" => Some(Self::Marketplace),
            "aws-backup-vault" => Some(Self::BackupVault),
            // Metadata of instances has the account's number here.
            _ => None,
        }
    }

    /// As AWS writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amazon => "amazon",
            Self::Marketplace => "aws-marketplace",
            Self::BackupVault => "aws-backup-vault",
        }
    }
}

/// Who may launch an image, or use a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Everybody.
    All,
    /// An account.
    Account(String),
    /// An organisation, or a unit of one, by its ARN.
    Organization(String),
}

impl Permission {
    /// `None` where the entry names nobody.
    pub fn new(raw: &shapes::Permission) -> Option<Self> {
        let everybody = raw.group.as_deref() == Some("all");
        let organization = raw.organization_arn.clone().or_else(|| raw.organizational_unit_arn.clone());
        everybody
            .then_some(Self::All)
            .or_else(|| raw.user_id.clone().map(Self::Account))
            .or_else(|| organization.map(Self::Organization))
    }
}

/// A mark on an image, which its derivatives keep.
pub type Watermark = shapes::Watermark;

/// What Inspector found in an image.
pub type Scan = shapes::ScanResults;

/// A device of an image that is a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The snapshot.
    pub snapshot: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
}

/// What one account sees of an image in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// `ImageAllowed`: AWS's own answer, where the setting is on.
    pub allowed: Option<bool>,
}

/// An image. What no export says is `None`.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// `ami-…`
    pub id: String,
    /// Its name, which anybody may give.
    pub name: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
    /// Who stands for the owner.
    pub alias: Option<Alias>,
    /// Whether everybody may launch it.
    pub is_public: Option<bool>,
    /// `available`, `disabled`, `deregistered` …
    pub state: Option<String>,
    /// When it was made.
    pub created: Option<Moment>,
    /// From when on it is deprecated.
    pub deprecated: Option<Moment>,
    /// When it was last launched; only its owner sees that.
    pub last_launched: Option<Moment>,
    /// The image that it was copied from, and the region of that.
    pub source: Option<(String, Option<String>)>,
    /// Codes of the Marketplace; `None` where only the metadata of instances is known.
    pub product_codes: Option<Vec<String>>,
    /// Marks.
    pub watermarks: Vec<Watermark>,
    /// What Inspector found; the outer `None` where only the metadata of instances is known.
    pub scan: Option<Option<Box<Scan>>>,
    /// Devices with snapshots.
    pub mappings: Vec<Mapping>,
    /// Who may launch it; `None` where that was not exported.
    pub permissions: Option<Vec<Permission>>,
    /// By whom and where it was seen.
    pub views: Vec<(Scope, View)>,
    /// Whether describe-images or the metadata of an instance told of it, and not only something that names it.
    pub is_described: bool,
    /// Whether it lies in the recycle bin.
    pub is_in_recycle_bin: bool,
}

impl Image {
    /// One of which only the id is known.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Takes what describe-images says.
    pub fn describe(&mut self, raw: shapes::Image, scope: &Scope) {
        self.is_described = true;
        self.mappings = mappings(&raw);
        set(&mut self.name, raw.name);
        set(&mut self.owner, raw.owner_id);
        set(&mut self.state, raw.state);
        self.alias = raw.image_owner_alias.as_deref().and_then(Alias::parse).or(self.alias);
        self.is_public = raw.public.or(self.is_public);
        self.created = raw.creation_date.or(self.created);
        self.deprecated = raw.deprecation_time.or(self.deprecated);
        self.last_launched = raw.last_launched_time.or(self.last_launched);
        if let Some(source) = raw.source_image_id {
            self.source = Some((source, raw.source_image_region));
        }
        let codes = raw.product_codes.into_iter().flatten().filter_map(|code| code.product_code_id);
        self.product_codes = Some(codes.collect());
        if let Some(marks) = raw.image_watermarks {
            self.watermarks = marks;
        }
        self.scan = Some(raw.scan_results);
        self.is_in_recycle_bin |= raw.recycle_bin_enter_time.is_some();
        self.view(scope, raw.image_allowed);
    }

    /// Takes what the metadata of an instance says, where describe-images said nothing.
    pub fn describe_by_metadata(&mut self, raw: &shapes::ImageMetadata, scope: &Scope) {
        self.is_described = true;
        fill(&mut self.name, raw.name.as_ref());
        fill(&mut self.owner, raw.owner_id.as_ref());
        fill(&mut self.state, raw.state.as_ref());
        self.alias = self.alias.or_else(|| raw.image_owner_alias.as_deref().and_then(Alias::parse));
        self.is_public = self.is_public.or(raw.is_public);
        self.created = self.created.or(raw.creation_date);
        self.deprecated = self.deprecated.or(raw.deprecation_time);
        if let (true, Some(marks)) = (self.watermarks.is_empty(), &raw.image_watermarks) {
            self.watermarks.clone_from(marks);
        }
        self.view(scope, raw.image_allowed);
    }

    /// Takes what a line of ancestors says: neither owner nor name, so that it does not describe the image.
    pub fn trace(&mut self, raw: &shapes::Ancestor) {
        self.alias = self.alias.or_else(|| raw.image_owner_alias.as_deref().and_then(Alias::parse));
        self.created = self.created.or(raw.creation_date);
        if let (None, Some(source)) = (&self.source, &raw.source_image_id) {
            self.source = Some((source.clone(), raw.source_image_region.clone()));
        }
    }

    fn view(&mut self, scope: &Scope, allowed: Option<bool>) {
        match self.views.iter_mut().find(|(known, _)| known == scope) {
            Some((_, view)) => view.allowed = allowed.or(view.allowed),
            None => {
                // Of very many images, nearly every one is seen from one place.
                if self.views.is_empty() {
                    self.views.reserve_exact(1);
                }
                self.views.push((scope.clone(), View { allowed }));
            }
        }
    }

    /// Its name, else its id: what to call it.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// Whether it is deprecated at `now`; `None` where the moment is not known.
    pub fn is_deprecated(&self, now: Moment) -> Option<bool> {
        match self.deprecated {
            None => Some(false),
            Some(moment) => moment.until(now).map(|seconds| seconds >= 0),
        }
    }

    /// Whether some device is a snapshot that is not encrypted. Devices of the instance itself are none.
    pub fn is_unencrypted(&self) -> bool {
        self.mappings.iter().any(|mapping| mapping.encrypted == Some(false))
    }
}

/// Devices of the instance itself have no snapshot, and are none.
fn mappings(raw: &shapes::Image) -> Vec<Mapping> {
    let ebs = raw.block_device_mappings.iter().flatten().filter_map(|mapping| mapping.ebs.as_ref());
    ebs.map(|ebs| Mapping { snapshot: ebs.snapshot_id.clone(), encrypted: ebs.encrypted }).collect()
}

fn set(field: &mut Option<String>, value: Option<String>) {
    if value.is_some() {
        *field = value;
    }
}

fn fill(field: &mut Option<String>, value: Option<&String>) {
    if field.is_none() {
        *field = value.cloned();
    }
}
