//! The tables: images, what runs from them, what points at them, and what the settings allow.

use std::collections::{BTreeMap, BTreeSet};

use super::Settings;
use super::allowed::{Decision, Proposal, State, propose};
use super::audits::ByImage;
use super::benchmark::{self, Recommendation};
use super::class::{Class, Flag, Trust};
use super::estate::{Estate, Instance, Metadata, Pointer, PointerKind, Scope};
use super::export::Export;
use super::moment::Moment;

mod allowed;
mod images;

/// Policies that give a role the whole account.
const ADMIN_POLICIES: [&str; 3] = ["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"];

/// An image in the tables: one's own, or in use.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// `ami-…`
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
    /// The publisher whose account that is, or for whose images it may be taken.
    pub publisher: Option<String>,
    /// Whose it is.
    pub class: Class,
    /// What else holds of it.
    pub flags: BTreeSet<Flag>,
    /// `available`, `deregistered` …
    pub state: Option<String>,
    /// When it was made.
    pub created: Option<Moment>,
    /// When it was last launched.
    pub last_launched: Option<Moment>,
    /// The image that it was copied from.
    pub source: Option<String>,
    /// Where it is in use, or was seen; in order.
    pub scopes: Vec<Scope>,
    /// Instances.
    pub instances: usize,
    /// Of these, those that run.
    pub running: usize,
    /// Of these, those with a public address.
    pub addressed: usize,
    /// Of these, those that answer version 1 of the metadata service.
    pub imds_v1: usize,
    /// Roles of its instances.
    pub roles: BTreeSet<String>,
    /// Whether one of the roles may do everything.
    pub has_admin: bool,
    /// What will start it: kind and name.
    pub pointers: Vec<String>,
    /// Accounts outside that use it, by the usage report.
    pub used_outside: BTreeSet<String>,
    /// How it stands to the setting of each region where it is in use.
    pub decisions: BTreeMap<Scope, Decision>,
    /// Its audits: the worst severity of a finding, and how many findings; `None`: never audited.
    pub audit: Option<AuditRow>,
}

/// What audits say of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRow {
    /// The worst severity of a finding.
    pub worst: Option<crate::finding::Severity>,
    /// Findings.
    pub findings: usize,
    /// Verdict of the gate.
    pub verdict: Option<String>,
}

impl ImageRow {
    /// Whether something runs from it, or will.
    pub fn is_used(&self) -> bool {
        self.instances > 0 || !self.pointers.is_empty()
    }

    /// Whether another account than its owner's uses it: Allowed AMIs takes it for somebody else's there.
    fn is_used_elsewhere(&self) -> bool {
        let is_other = |scope: &Scope| scope.account.is_some() && scope.account != self.owner;
        self.is_used() && self.scopes.iter().any(is_other)
    }

    /// Its name, else its id.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// An instance in the tables.
#[derive(Clone, Debug)]
pub struct InstanceRow {
    /// `i-…`
    pub id: String,
    /// Where it is.
    pub scope: Scope,
    /// Its image.
    pub image: Option<String>,
    /// Whose the image is.
    pub class: Class,
    /// `running`, `stopped` …
    pub state: Option<String>,
    /// Whether it runs.
    pub is_running: bool,
    /// By its tag.
    pub name: Option<String>,
    /// By its tag.
    pub environment: Option<String>,
    /// What started it: a group, a template.
    pub started_by: Option<String>,
    /// Its roles.
    pub roles: Vec<String>,
    /// Whether one of them may do everything.
    pub has_admin: bool,
    /// Public addresses.
    pub addresses: Vec<String>,
    /// Whether one of its groups lets the whole internet in.
    pub is_open: bool,
    /// Whether its metadata service answers version 1.
    pub is_imds_v1: bool,
}

/// How many of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassRow {
    /// Images in use.
    pub used: usize,
    /// Images.
    pub images: usize,
    /// Instances.
    pub instances: usize,
    /// Of these, those that run.
    pub running: usize,
}

/// The setting of a region.
#[derive(Clone, Debug)]
pub struct AllowedRow {
    /// The region.
    pub scope: Scope,
    /// Whether the setting is on; `None` where it was not exported.
    pub state: Option<State>,
    /// How many criteria.
    pub criteria: usize,
    /// Instances whose image is left out.
    pub instances: Vec<String>,
    /// What else starts an image that is left out.
    pub pointers: Vec<String>,
    /// Images that are left out.
    pub images: BTreeSet<String>,
    /// Images of which it is not decided, and what is missing.
    pub undecided: BTreeMap<String, BTreeSet<String>>,
    /// Images for which AWS's own answer is another one.
    pub contradicted: BTreeSet<String>,
    /// Images for which AWS's own answer is the same.
    pub confirmed: usize,
}

/// What is known of the exported accounts.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The moment of the judgement.
    pub at: Moment,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Accounts and regions that were exported.
    pub scopes: Vec<Scope>,
    /// Files that were read, and their bytes, unpacked.
    pub files: (u64, u64),
    /// Images: own ones and those in use; worst first.
    pub images: Vec<ImageRow>,
    /// Instances, in the order of account, region and id.
    pub instances: Vec<InstanceRow>,
    /// How many of each class; they add up.
    pub classes: BTreeMap<Class, ClassRow>,
    /// Settings of Allowed AMIs.
    pub allowed: Vec<AllowedRow>,
    /// Criteria that would allow what is used and trusted.
    pub proposal: Proposal,
    /// What will start an image: kind, name, where, and the images.
    pub pointers: Vec<PointerRow>,
    /// How the images stand to the benchmark of CIS.
    pub benchmark: Vec<Recommendation>,
    /// Whether audits were asked for.
    pub has_audits: bool,
}

/// What will start an image.
#[derive(Clone, Debug)]
pub struct PointerRow {
    /// What it is.
    pub kind: PointerKind,
    /// Kind and name.
    pub label: String,
    /// Where.
    pub scope: Scope,
    /// Images that it leads to.
    pub images: Vec<String>,
}

impl PointerRow {
    /// Whether it is known where it is: code may be run anywhere.
    fn is_placed(&self) -> bool {
        self.kind != PointerKind::Code || self.scope.region.is_some()
    }

    /// Kind, name and place.
    fn told(&self) -> String {
        if self.is_placed() { format!("{} in {}", self.label, self.scope) } else { self.label.clone() }
    }
}

/// The sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Images in the tables.
    pub images: usize,
    /// Of these, those in use.
    pub images_in_use: usize,
    /// Instances.
    pub instances: usize,
    /// Whether the classes add up to them.
    pub add_up: bool,
}

impl Inventory {
    /// Makes the tables.
    pub fn new(export: &Export, trust: &Trust<'_>, audits: &ByImage<'_>, settings: &Settings) -> Self {
        let estate = &export.estate;
        let pointers = pointer_rows(estate);
        let mut images = images::rows(estate, trust, &pointers, audits);
        let instances: Vec<InstanceRow> = instance_rows(estate, &images);
        images::reach(&mut images, &instances);
        let allowed = allowed::rows(estate, &mut images, &instances, &pointers, trust.now);
        let used = images.iter().filter(|row| row.is_used());
        let proposal = propose(
            used.filter_map(|row| Some((estate.images.get(&row.id)?, row.class, row.is_used_elsewhere()))),
        );
        let classes = classes(&images, &instances);
        // Without a second list, as long as the first: no two images have the same id.
        images.sort_unstable_by(|a, b| badness(b).cmp(&badness(a)).then_with(|| a.id.cmp(&b.id)));
        let benchmark = benchmark::judge(estate, &images, &settings.rules, trust.now);
        Self {
            at: trust.now,
            accounts: estate.accounts.iter().cloned().collect(),
            scopes: estate.regions.keys().cloned().collect(),
            files: (export.files, export.bytes),
            images,
            instances,
            classes,
            allowed,
            proposal,
            pointers,
            benchmark,
            has_audits: settings.wants_audits,
        }
    }

    /// The sums, and whether the classes add up to them.
    pub fn sums(&self) -> Sums {
        let of = |count: fn(&ClassRow) -> usize| self.classes.values().map(count).sum::<usize>();
        let images_in_use = self.images.iter().filter(|row| row.is_used()).count();
        let (images, instances) = (self.images.len(), self.instances.len());
        let add_up =
            (of(|c| c.images), of(|c| c.used), of(|c| c.instances)) == (images, images_in_use, instances);
        Sums { images, images_in_use, instances, add_up }
    }
}

/// The order of the table: what runs from strangers first.
fn badness(row: &ImageRow) -> (Option<crate::finding::Severity>, bool, Class, bool, usize) {
    let worst = row.audit.as_ref().and_then(|audit| audit.worst).filter(|_| row.running > 0);
    (worst, row.flags.contains(&Flag::LookAlike), row.class, row.is_used(), row.instances)
}

fn pointer_rows(estate: &Estate) -> Vec<PointerRow> {
    let named = estate.named_pointers();
    let row = |pointer: &Pointer| PointerRow {
        kind: pointer.kind,
        label: match pointer.version {
            Some((number, ..)) => format!("{} {} (version {number})", pointer.kind.name(), pointer.name),
            None => format!("{} {}", pointer.kind.name(), pointer.name),
        },
        scope: pointer.scope.clone(),
        images: named.images_of(pointer),
    };
    let mut rows: Vec<PointerRow> =
        estate.pointers.iter().map(row).filter(|row| !row.images.is_empty()).collect();
    rows.sort_by(|a, b| (&a.scope, &a.label).cmp(&(&b.scope, &b.label)));
    rows
}

fn instance_rows(estate: &Estate, images: &[ImageRow]) -> Vec<InstanceRow> {
    let row = |instance: &Instance| {
        let class =
            instance.image.as_ref().and_then(|image| images::find(images, image)).map(|row| row.class);
        let roles = instance.profile.as_ref().map(|profile| roles(estate, profile)).unwrap_or_default();
        InstanceRow {
            id: instance.id.clone(),
            scope: instance.scope.clone(),
            image: instance.image.clone(),
            class: class.unwrap_or(Class::NoInformation),
            state: instance.state.clone(),
            is_running: instance.is_running(),
            name: instance.name.clone(),
            environment: instance.environment.clone(),
            started_by: estate.group_of_instance.get(&instance.id).or(instance.started_by.as_ref()).cloned(),
            has_admin: roles.iter().any(|(_, is_admin)| *is_admin),
            roles: roles.into_iter().map(|(name, _)| name).collect(),
            addresses: instance.addresses.clone(),
            is_open: instance.groups.iter().any(|group| estate.open_groups.contains(group)),
            is_imds_v1: instance.metadata == Some(Metadata::Anybody),
        }
    };
    let mut rows: Vec<InstanceRow> = estate.instances.values().filter(|one| one.exists()).map(row).collect();
    rows.sort_by(|a, b| (&a.scope, &a.id).cmp(&(&b.scope, &b.id)));
    rows
}

/// Names of the roles of a profile, and whether each may do everything. A profile of which nothing more is known is
/// called by its own name.
fn roles(estate: &Estate, profile: &str) -> Vec<(String, bool)> {
    let is_admin = |policy: &String| ADMIN_POLICIES.contains(&policy.as_str());
    match estate.profiles.get(profile) {
        Some(roles) if !roles.is_empty() => {
            roles.iter().map(|role| (role.name.clone(), role.policies.iter().any(is_admin))).collect()
        }
        _ => vec![(profile.rsplit('/').next().unwrap_or(profile).to_owned(), false)],
    }
}

fn classes(images: &[ImageRow], instances: &[InstanceRow]) -> BTreeMap<Class, ClassRow> {
    let mut classes: BTreeMap<Class, ClassRow> =
        Class::ALL.into_iter().map(|class| (class, ClassRow::default())).collect();
    for row in images {
        if let Some(sum) = classes.get_mut(&row.class) {
            sum.images += 1;
            sum.used += usize::from(row.is_used());
        }
    }
    for row in instances {
        if let Some(sum) = classes.get_mut(&row.class) {
            sum.instances += 1;
            sum.running += usize::from(row.is_running);
        }
    }
    classes
}
