//! What leads to an image: templates, groups, parameters, fleets, recipes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sourcing::estate::{Estate, Pointer, PointerKind, Scope, Target};
use crate::sourcing::export::shapes;
use crate::sourcing::is_account;

/// Versions that something starts by: the default and the latest one.
pub(super) fn templates(estate: &mut Estate, all: &[shapes::TemplateVersion], scope: &Scope) {
    let mut newest: BTreeMap<&Option<String>, Option<u64>> = BTreeMap::new();
    for raw in all {
        let known = newest.entry(&raw.launch_template_id).or_default();
        *known = (*known).max(raw.version_number);
    }
    for raw in all {
        let data = raw.launch_template_data.as_ref();
        let target = data.and_then(|data| data.image_id.as_deref()).and_then(Target::parse);
        let number = raw.version_number.unwrap_or_default();
        let is_latest = newest.get(&raw.launch_template_id) == Some(&raw.version_number);
        let (id, name) = (raw.launch_template_id.clone(), raw.launch_template_name.clone());
        let name = name.or_else(|| id.clone()).unwrap_or_default();
        let version = Some((number, raw.default_version.unwrap_or(false), is_latest));
        note_target(estate, target.as_ref());
        let targets = target.into_iter().collect();
        estate.pointers.push(Pointer {
            kind: PointerKind::LaunchTemplate,
            scope: scope.clone(),
            name,
            id,
            version,
            targets,
        });
    }
}

pub(super) fn launch_configuration(estate: &mut Estate, raw: shapes::LaunchConfiguration, scope: &Scope) {
    let target = raw.image_id.as_deref().and_then(Target::parse);
    let name = raw.launch_configuration_name.unwrap_or_default();
    let scope = of_arn(raw.arn.as_deref(), scope);
    point(estate, PointerKind::LaunchConfiguration, &scope, name, target);
}

/// A parameter that holds an image.
pub(super) fn parameter(estate: &mut Estate, raw: shapes::Parameter, scope: &Scope) {
    if let Some(target) = raw.value.as_deref().and_then(Target::parse) {
        let scope = of_arn(raw.arn.as_deref(), scope);
        point(estate, PointerKind::Parameter, &scope, raw.name.unwrap_or_default(), Some(target));
    }
}

pub(super) fn scaling_group(estate: &mut Estate, raw: &shapes::AutoScalingGroup, scope: &Scope) {
    let scope = of_arn(raw.arn.as_deref(), scope);
    let mixed = raw.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
    let overrides = || mixed.into_iter().flat_map(|mixed| mixed.overrides.iter().flatten());
    let references = raw
        .launch_template
        .iter()
        .chain(mixed.and_then(|mixed| mixed.launch_template_specification.as_ref()))
        .chain(overrides().filter_map(|one| one.launch_template_specification.as_ref()));
    let mut targets: BTreeSet<Target> = references.filter_map(template).collect();
    targets.extend(overrides().filter_map(|one| Target::parse(one.image_id.as_deref()?)));
    targets.extend(raw.launch_configuration_name.clone().map(Target::Configuration));
    let name = raw.auto_scaling_group_name.clone().unwrap_or_default();
    for instance in raw.instances.iter().flatten().filter_map(|instance| instance.instance_id.clone()) {
        estate.group_of_instance.insert(instance, name.clone());
    }
    targets.iter().for_each(|target| note_target(estate, Some(target)));
    let targets = targets.into_iter().collect();
    estate.pointers.push(Pointer {
        kind: PointerKind::AutoScalingGroup,
        scope,
        name,
        id: None,
        version: None,
        targets,
    });
}

fn template(raw: &shapes::TemplateReference) -> Option<Target> {
    let name = raw.launch_template_id.clone().or_else(|| raw.launch_template_name.clone())?;
    Some(Target::Template { name, version: raw.version.clone() })
}

/// Structures of other calls: each image and each template that stands anywhere in them.
pub(super) fn chooser(estate: &mut Estate, call: &str, value: &Value, scope: &Scope) {
    let (kind, names): (PointerKind, &[&str]) = match call {
        "computeEnvironments" => (PointerKind::ComputeEnvironment, &["computeEnvironmentName"]),
        "imageRecipe" | "imageRecipeSummaryList" => (PointerKind::Recipe, &["name"]),
        "nodegroup" => (PointerKind::NodeGroup, &["nodegroupName"]),
        _ => (PointerKind::Fleet, &["SpotFleetRequestId", "FleetId", "SpotInstanceRequestId"]),
    };
    let name = names.iter().find_map(|name| value.get(name)?.as_str()).unwrap_or(call).to_owned();
    let mut targets = BTreeSet::new();
    targets_in(value, 0, &mut targets);
    for target in &targets {
        note_target(estate, Some(target));
    }
    let targets = targets.into_iter().collect();
    estate.pointers.push(Pointer { kind, scope: scope.clone(), name, id: None, version: None, targets });
}

const IMAGE_MEMBERS: [&str; 7] =
    ["ImageId", "imageId", "AmiId", "amiId", "SourceImageId", "parentImage", "imageIdOverride"];

fn targets_in(value: &Value, depth: usize, targets: &mut BTreeSet<Target>) {
    if depth > 12 {
        return;
    }
    match value {
        Value::Object(map) => {
            let text =
                |names: &[&str]| names.iter().find_map(|name| map.get(*name)?.as_str()).map(str::to_owned);
            targets.extend(text(&IMAGE_MEMBERS).and_then(|id| Target::parse(&id)));
            let name =
                text(&["LaunchTemplateId", "launchTemplateId", "LaunchTemplateName", "launchTemplateName"]);
            let version = text(&["Version", "version"]);
            targets.extend(name.map(|name| Target::Template { name, version }));
            map.values().for_each(|value| targets_in(value, depth + 1, targets));
        }
        Value::Array(values) => values.iter().for_each(|value| targets_in(value, depth + 1, targets)),
        _ => {}
    }
}

fn point(estate: &mut Estate, kind: PointerKind, scope: &Scope, name: String, target: Option<Target>) {
    note_target(estate, target.as_ref());
    let targets = target.into_iter().collect();
    estate.pointers.push(Pointer { kind, scope: scope.clone(), name, id: None, version: None, targets });
}

/// An image that something points at is one of those in use, though nothing may be known of it.
fn note_target(estate: &mut Estate, target: Option<&Target>) {
    if let Some(Target::Image(id)) = target {
        estate.image(id);
    }
}

/// Account and region of an ARN, where it has them.
fn of_arn(arn: Option<&str>, scope: &Scope) -> Scope {
    let mut parts = arn.unwrap_or_default().split(':').skip(3).map(str::to_owned);
    let known = |part: Option<String>| part.filter(|part| !part.is_empty());
    let (region, account) = (known(parts.next()), known(parts.next()));
    Scope {
        account: scope.account.clone().or_else(|| account.filter(|account| is_account(account))),
        region: scope.region.clone().or(region),
    }
}

pub(super) fn reference(estate: &mut Estate, raw: &shapes::ImageReference, scope: &Scope) {
    let kind = match raw.resource_type.as_deref() {
        Some("ec2:LaunchTemplate") => PointerKind::LaunchTemplate,
        Some("ssm:Parameter") => PointerKind::Parameter,
        Some("imagebuilder:ImageRecipe" | "imagebuilder:ContainerRecipe") => PointerKind::Recipe,
        // Instances have rows of their own.
        _ => return,
    };
    let arn = raw.arn.as_deref();
    let name = arn.and_then(|arn| arn.splitn(6, ':').nth(5)).unwrap_or_default();
    let name = name.split_once('/').map_or(name, |(_, name)| name).to_owned();
    let target = raw.image_id.clone().map(Target::Image);
    let is_known = |pointer: &Pointer| {
        pointer.kind == kind
            && (pointer.id.as_deref() == Some(&name) || pointer.name.trim_start_matches('/') == name)
    };
    if !estate.pointers.iter().any(is_known) {
        point(estate, kind, &of_arn(arn, scope), name, target);
    }
}
