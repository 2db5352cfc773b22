//! The tables of an account.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::visible::plain;
use crate::finding::Severity;
use crate::sourcing::Inventory;
use crate::sourcing::allowed::{Decision, State};
use crate::sourcing::benchmark::Recommendation;
use crate::sourcing::class::{Class, Flag};
use crate::sourcing::estate::Scope;
use crate::sourcing::inventory::{AllowedRow, AuditRow, ImageRow, InstanceRow, PointerRow};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Sourcing"))]
pub(super) struct View {
    /// The moment by which ages are judged.
    at: String,
    accounts: Vec<String>,
    /// Accounts and regions that were exported.
    regions: Vec<Place>,
    sums: Sums,
    /// How many of each class; they add up to the sums.
    classes: BTreeMap<&'static str, ClassView>,
    /// Own images and those in use, worst first.
    images: Vec<ImageView>,
    instances: Vec<InstanceView>,
    /// Templates, groups, parameters and others that lead to an image.
    pointers: Vec<PointerView>,
    /// The setting of each region.
    allowed_images: Vec<AllowedView>,
    /// The CIS AWS Compute Services Benchmark (v1.0.0), section 2.1.
    benchmark: Vec<RecommendationView>,
    /// Criteria that would allow what is in use and trusted: what --cli-input-json takes.
    proposal: Value,
    /// Images in use that the proposal leaves out.
    left_out: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Region"))]
struct Place {
    account: Option<String>,
    region: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Sums"))]
struct Sums {
    images: usize,
    images_in_use: usize,
    instances: usize,
    add_up: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Class"))]
struct ClassView {
    images: usize,
    images_in_use: usize,
    instances: usize,
    running: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Image"))]
struct ImageView {
    id: String,
    name: Option<String>,
    owner: Option<String>,
    /// Whose account it is, or for whose image it may be taken.
    publisher: Option<String>,
    class: &'static str,
    flags: Vec<&'static str>,
    state: Option<String>,
    created: Option<String>,
    last_launched: Option<String>,
    /// The image that it was copied from.
    source: Option<String>,
    regions: Vec<Place>,
    instances: usize,
    running: usize,
    /// Instances with a public address.
    with_public_address: usize,
    roles: Vec<String>,
    /// Whether one of the roles may do everything.
    has_admin: bool,
    started_by: Vec<String>,
    /// Accounts outside that use it, by usage reports.
    used_outside: Vec<String>,
    /// By account and region: allowed, not allowed, not decidable.
    allowed: BTreeMap<String, &'static str>,
    audit: Option<AuditView>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ImageAudit"))]
struct AuditView {
    verdict: Option<String>,
    worst: Option<&'static str>,
    findings: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Instance"))]
struct InstanceView {
    id: String,
    account: Option<String>,
    region: Option<String>,
    image: Option<String>,
    class: &'static str,
    state: Option<String>,
    name: Option<String>,
    environment: Option<String>,
    started_by: Option<String>,
    roles: Vec<String>,
    has_admin: bool,
    public_addresses: Vec<String>,
    /// Whether a security group lets the whole internet in.
    is_open: bool,
    is_imds_v1: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Pointer"))]
struct PointerView {
    label: String,
    account: Option<String>,
    region: Option<String>,
    images: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "AllowedImages"))]
struct AllowedView {
    account: Option<String>,
    region: Option<String>,
    /// enabled, audit-mode, disabled; null where it was not exported.
    state: Option<&'static str>,
    criteria: usize,
    /// Images in use that are left out.
    images: Vec<String>,
    instances: Vec<String>,
    pointers: Vec<String>,
    /// Images of which it is not decided: what is missing.
    undecided: BTreeMap<String, Vec<String>>,
    /// Images of which AWS's own answer is the same; and those of which it is another.
    confirmed: usize,
    contradicted: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Recommendation"))]
struct RecommendationView {
    /// 2.1.1 to 2.1.5.
    number: &'static str,
    title: &'static str,
    /// pass, fail, not decidable.
    outcome: &'static str,
    /// Images that it is about.
    images: usize,
    /// Those that fail.
    failed: Vec<String>,
    /// Those of which something is not known.
    undecided: Vec<String>,
    /// What is not known: members of an answer of AWS, a call, or a key of the policy.
    missing: Vec<&'static str>,
}

pub(super) fn view(inventory: &Inventory) -> View {
    let sums = inventory.sums();
    View {
        at: inventory.at.to_string(),
        accounts: all(&inventory.accounts),
        regions: inventory.scopes.iter().map(place).collect(),
        sums: Sums {
            images: sums.images,
            images_in_use: sums.images_in_use,
            instances: sums.instances,
            add_up: sums.add_up,
        },
        classes: inventory.classes.iter().map(|(class, row)| (class.name(), class_row(row))).collect(),
        images: inventory.images.iter().map(image).collect(),
        instances: inventory.instances.iter().map(instance).collect(),
        pointers: inventory.pointers.iter().map(pointer).collect(),
        allowed_images: inventory.allowed.iter().map(allowed).collect(),
        benchmark: inventory.benchmark.iter().map(recommendation).collect(),
        proposal: inventory.proposal.cli_input(),
        left_out: all(&inventory.proposal.left_out),
    }
}

fn text(value: &Option<String>) -> Option<String> {
    value.as_ref().map(|value| plain(value.as_bytes()))
}

fn all<'v>(values: impl IntoIterator<Item = &'v String>) -> Vec<String> {
    values.into_iter().map(|value| plain(value.as_bytes())).collect()
}

fn place(scope: &Scope) -> Place {
    Place { account: text(&scope.account), region: text(&scope.region) }
}

fn class_row(row: &crate::sourcing::inventory::ClassRow) -> ClassView {
    ClassView { images: row.images, images_in_use: row.used, instances: row.instances, running: row.running }
}

fn audit(row: &AuditRow) -> AuditView {
    AuditView { verdict: text(&row.verdict), worst: row.worst.map(Severity::name), findings: row.findings }
}

fn image(row: &ImageRow) -> ImageView {
    ImageView {
        id: plain(row.id.as_bytes()),
        name: text(&row.name),
        owner: text(&row.owner),
        publisher: text(&row.publisher),
        class: Class::name(row.class),
        flags: row.flags.iter().map(|flag| Flag::name(*flag)).collect(),
        state: text(&row.state),
        created: row.created.map(|moment| moment.to_string()),
        last_launched: row.last_launched.map(|moment| moment.to_string()),
        source: text(&row.source),
        regions: row.scopes.iter().map(place).collect(),
        instances: row.instances,
        running: row.running,
        with_public_address: row.addressed,
        roles: all(&row.roles),
        has_admin: row.has_admin,
        started_by: all(&row.pointers),
        used_outside: all(&row.used_outside),
        allowed: row
            .decisions
            .iter()
            .map(|(scope, decision)| (scope.to_string(), Decision::name(decision)))
            .collect(),
        audit: row.audit.as_ref().map(audit),
    }
}

fn instance(row: &InstanceRow) -> InstanceView {
    InstanceView {
        id: plain(row.id.as_bytes()),
        account: text(&row.scope.account),
        region: text(&row.scope.region),
        image: text(&row.image),
        class: Class::name(row.class),
        state: text(&row.state),
        name: text(&row.name),
        environment: text(&row.environment),
        started_by: text(&row.started_by),
        roles: all(&row.roles),
        has_admin: row.has_admin,
        public_addresses: all(&row.addresses),
        is_open: row.is_open,
        is_imds_v1: row.is_imds_v1,
    }
}

fn pointer(row: &PointerRow) -> PointerView {
    PointerView {
        label: plain(row.label.as_bytes()),
        account: text(&row.scope.account),
        region: text(&row.scope.region),
        images: all(&row.images),
    }
}

fn recommendation(row: &Recommendation) -> RecommendationView {
    RecommendationView {
        number: row.number,
        title: row.title,
        outcome: row.outcome().name(),
        images: row.images,
        failed: all(&row.failed),
        undecided: all(&row.undecided),
        missing: row.missing.iter().copied().collect(),
    }
}

fn allowed(row: &AllowedRow) -> AllowedView {
    let undecided = row.undecided.iter().map(|(image, missing)| (plain(image.as_bytes()), all(missing)));
    AllowedView {
        account: text(&row.scope.account),
        region: text(&row.scope.region),
        state: row.state.map(State::name),
        criteria: row.criteria,
        images: all(&row.images),
        instances: all(&row.instances),
        pointers: all(&row.pointers),
        undecided: undecided.collect(),
        confirmed: row.confirmed,
        contradicted: all(&row.contradicted),
    }
}
