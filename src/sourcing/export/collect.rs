//! Puts answers together: what one call says of an image, another says of its instances.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Export;
use super::document::Part;
use super::scope::region_of_zone;
use super::shapes;
use crate::sourcing::estate::{
    Estate, Instance, Metadata, Permission, Pointer, PointerKind, Role, Scope, Snapshot, Target, Usage,
};
use crate::sourcing::is_account;
use crate::sourcing::moment::Moment;
use crate::sourcing::trail;

/// Takes one answer, of a file that speaks of `scope`.
pub(super) fn part(export: &mut Export, part: Part, scope: &Scope) {
    let estate = &mut export.estate;
    if scope.region.is_some() && !matches!(part, Part::Manifest(_) | Part::NotNeeded(_) | Part::Events(_)) {
        // Now it is one that was exported.
        estate.region(scope);
    }
    estate.accounts.extend(scope.account.clone());
    match part {
        Part::Images(all) => all.into_iter().for_each(|one| image(estate, one, scope)),
        Part::Reservations(all) => all.iter().for_each(|one| reservation(estate, one, scope)),
        Part::InstanceImages(all) => all.iter().for_each(|one| instance_image(estate, one, scope)),
        Part::LaunchPermissions(id, all) => {
            estate
                .image(&id)
                .permissions
                .get_or_insert_default()
                .extend(all.iter().filter_map(Permission::new));
        }
        Part::VolumePermissions(id, all) => {
            let snapshot = snapshot(estate, &id, scope);
            snapshot.permissions.extend(all.iter().filter_map(Permission::new));
        }
        Part::AllowedImages(settings) => estate.region(scope).allowed = Some(*settings),
        Part::ImageBlock(state) => estate.region(scope).image_block = Some(state),
        Part::SnapshotBlock(state) => estate.region(scope).snapshot_block = Some(state),
        Part::MetadataDefaults(tokens) => estate.region(scope).metadata_tokens = Some(tokens),
        Part::Snapshots(all) => {
            for raw in all {
                let Some(id) = &raw.snapshot_id else { continue };
                let kept = snapshot(estate, id, scope);
                kept.owner = raw.owner_id.or(kept.owner.take());
                kept.encrypted = raw.encrypted.or(kept.encrypted);
            }
        }
        Part::TemplateVersions(all) => templates(estate, &all, scope),
        Part::AutoScalingGroups(all) => all.iter().for_each(|one| scaling_group(estate, one, scope)),
        Part::LaunchConfigurations(all) => {
            for raw in all {
                let target = raw.image_id.as_deref().and_then(Target::parse);
                let name = raw.launch_configuration_name.unwrap_or_default();
                point(
                    estate,
                    PointerKind::LaunchConfiguration,
                    &of_arn(raw.arn.as_deref(), scope),
                    name,
                    target,
                );
            }
        }
        Part::Choosers(name, values) => values.iter().for_each(|value| chooser(estate, name, value, scope)),
        Part::Parameters(all) => {
            for raw in all {
                let target = raw.value.as_deref().and_then(Target::parse);
                let name = raw.name.unwrap_or_default();
                if target.is_some() {
                    point(estate, PointerKind::Parameter, &of_arn(raw.arn.as_deref(), scope), name, target);
                }
            }
        }
        Part::SecurityGroups(all) => all.iter().for_each(|one| security_group(estate, one)),
        Part::InstanceProfiles(all) => all.iter().for_each(|one| profile(estate, one)),
        Part::Roles(all) => all.iter().for_each(|one| role(estate, one)),
        Part::Ancestry(all) => {
            for raw in &all {
                if let Some(id) = &raw.image_id {
                    estate.image(id).trace(raw);
                }
            }
        }
        Part::References(all) => all.iter().for_each(|one| reference(estate, one, scope)),
        Part::Usage(all) => all.into_iter().for_each(|one| usage(estate, one)),
        Part::Accounts(all) => estate.accounts.extend(all.into_iter().filter_map(|account| account.id)),
        Part::Identity(account) => {
            estate.accounts.insert(account);
        }
        Part::KeyPairs(all) => estate
            .key_pairs
            .extend(all.into_iter().filter_map(|key| Some((key.key_name?, key.key_fingerprint?)))),
        Part::Events(all) => export.events.extend(all.iter().filter_map(trail::event)),
        Part::Manifest(value) => manifest(estate, &value),
        Part::NotNeeded(_) => {}
    }
}

fn manifest(estate: &mut Estate, value: &Value) {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    estate.accounts.extend(text("account").filter(|account| is_account(account)).map(str::to_owned));
    let day = text("day").map(Moment::parse);
    estate.exported = estate.exported.max(day);
}

fn image(estate: &mut Estate, raw: shapes::Image, scope: &Scope) {
    // Kernels and RAM disks of paravirtual machines start nothing by themselves.
    let is_machine = raw.image_type.as_deref().is_none_or(|kind| kind == "machine");
    if let (Some(id), true) = (raw.image_id.clone(), is_machine) {
        estate.image(&id).describe(raw, scope);
    }
}

fn reservation(estate: &mut Estate, raw: &shapes::Reservation, scope: &Scope) {
    for instance in raw.instances.iter().flatten() {
        let zone = instance.placement.as_ref().and_then(|placement| placement.availability_zone.as_deref());
        let region = region_of_zone(zone).or_else(|| scope.region.clone());
        let account = raw.owner_id.clone().or_else(|| scope.account.clone());
        take_instance(estate, instance, Scope { account, region });
    }
}

fn take_instance(estate: &mut Estate, raw: &shapes::Instance, scope: Scope) {
    let Some(id) = raw.instance_id.clone() else { return };
    estate.accounts.extend(scope.account.clone());
    if let Some(image) = &raw.image_id {
        estate.image(image);
    }
    let kept = estate.instances.entry(id.clone()).or_default();
    // Metadata of instances still knows the image where describe-instances does, too: both agree.
    let image = raw.image_id.clone().or(kept.image.take());
    let tag = |names: &[&str]| tag(&raw.tags, names);
    let interfaces =
        raw.network_interfaces.iter().flatten().filter_map(|one| one.association.as_ref()?.public_ip.clone());
    let mut addresses: BTreeSet<String> = raw.public_ip_address.iter().cloned().chain(interfaces).collect();
    addresses.extend(raw.ipv6_address.clone());
    *kept = Instance {
        id,
        scope,
        image,
        state: raw.state.as_ref().and_then(|state| state.name.clone()).or(kept.state.take()),
        launched: raw.launch_time.or(kept.launched),
        addresses: addresses.into_iter().collect(),
        profile: raw
            .iam_instance_profile
            .as_ref()
            .and_then(|profile| profile.arn.clone().or(profile.name.clone())),
        metadata: raw.metadata_options.as_ref().and_then(metadata),
        groups: groups(raw).into_iter().collect(),
        key: raw.key_name.clone(),
        name: tag(&["Name"]),
        environment: tag(&["environment", "env", "stage"]),
        started_by: tag(&["aws:autoscaling:groupName", "aws:ec2launchtemplate:id", "aws:eks:cluster-name"]),
    };
}

/// Security groups, those of its interfaces among them.
fn groups(raw: &shapes::Instance) -> BTreeSet<String> {
    let of_interfaces =
        raw.network_interfaces.iter().flatten().flat_map(|interface| interface.groups.iter().flatten());
    let all = raw.security_groups.iter().flatten().chain(of_interfaces);
    all.filter_map(|group| group.group_id.clone()).collect()
}

/// The value of the first tag that is called so, whatever its case.
fn tag(tags: &shapes::List<shapes::Tag>, names: &[&str]) -> Option<String> {
    let is =
        |tag: &&shapes::Tag, name: &str| tag.key.as_deref().is_some_and(|key| key.eq_ignore_ascii_case(name));
    names.iter().find_map(|name| tags.iter().flatten().find(|tag| is(tag, name))?.value.clone())
}

fn metadata(raw: &shapes::MetadataOptions) -> Option<Metadata> {
    match (raw.http_endpoint.as_deref(), raw.http_tokens.as_deref()) {
        (Some("disabled"), _) => Some(Metadata::Off),
        (_, Some("required")) => Some(Metadata::SessionsOnly),
        (_, Some("optional")) => Some(Metadata::Anybody),
        _ => None,
    }
}

fn instance_image(estate: &mut Estate, raw: &shapes::InstanceImage, scope: &Scope) {
    let region = region_of_zone(raw.availability_zone.as_deref()).or_else(|| scope.region.clone());
    let scope = Scope { account: raw.owner_id.clone().or_else(|| scope.account.clone()), region };
    estate.accounts.extend(scope.account.clone());
    let image = raw.image_metadata.as_ref();
    if let (Some(image), Some(id)) = (image, image.and_then(|image| image.image_id.as_ref())) {
        estate.image(id).describe_by_metadata(image, &scope);
    }
    let Some(id) = raw.instance_id.clone() else { return };
    let kept =
        estate.instances.entry(id.clone()).or_insert_with(|| Instance { id, scope, ..Instance::default() });
    kept.image = kept.image.take().or_else(|| image?.image_id.clone());
    kept.state = kept.state.take().or_else(|| raw.state.as_ref()?.name.clone());
    kept.launched = kept.launched.or(raw.launch_time);
    kept.name = kept.name.take().or_else(|| tag(&raw.tags, &["Name"]));
    kept.environment = kept.environment.take().or_else(|| tag(&raw.tags, &["environment", "env", "stage"]));
}

fn snapshot<'e>(estate: &'e mut Estate, id: &str, scope: &Scope) -> &'e mut Snapshot {
    let new = || Snapshot { scope: scope.clone(), ..Snapshot::default() };
    estate.snapshots.entry(id.to_owned()).or_insert_with(new)
}

/// Versions that something starts by: the default and the latest one.
fn templates(estate: &mut Estate, all: &[shapes::TemplateVersion], scope: &Scope) {
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

fn scaling_group(estate: &mut Estate, raw: &shapes::AutoScalingGroup, scope: &Scope) {
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
fn chooser(estate: &mut Estate, call: &str, value: &Value, scope: &Scope) {
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

fn security_group(estate: &mut Estate, raw: &shapes::SecurityGroup) {
    let is_open = raw.ip_permissions.iter().flatten().any(|permission| {
        let mut v4 = permission.ip_ranges.iter().flatten();
        let mut v6 = permission.ipv6_ranges.iter().flatten();
        v4.any(|range| range.cidr_ip.as_deref() == Some("0.0.0.0/0"))
            || v6.any(|range| range.cidr_ipv6.as_deref() == Some("::/0"))
    });
    if is_open {
        estate.open_groups.extend(raw.group_id.clone());
    }
}

fn profile(estate: &mut Estate, raw: &shapes::InstanceProfile) {
    let Some(arn) = raw.arn.clone() else { return };
    let roles = raw
        .roles
        .iter()
        .flatten()
        .filter_map(|role| Some(Role { name: role.role_name.clone()?, policies: policies(role) }));
    let roles: Vec<Role> = roles.collect();
    let known = estate.profiles.entry(arn).or_default();
    for role in roles {
        match known.iter_mut().find(|other| other.name == role.name) {
            Some(other) => other.policies.extend(role.policies),
            None => known.push(role),
        }
    }
}

fn role(estate: &mut Estate, raw: &shapes::Role) {
    let Some(name) = raw.role_name.clone() else { return };
    let policies = policies(raw);
    for listed in raw.instance_profile_list.iter().flatten() {
        let Some(arn) = listed.arn.clone() else { continue };
        let roles = estate.profiles.entry(arn).or_default();
        match roles.iter_mut().find(|role| role.name == name) {
            Some(role) => role.policies.extend(policies.clone()),
            None => roles.push(Role { name: name.clone(), policies: policies.clone() }),
        }
    }
}

fn policies(raw: &shapes::Role) -> BTreeSet<String> {
    raw.attached_managed_policies.iter().flatten().filter_map(|policy| policy.policy_name.clone()).collect()
}

fn reference(estate: &mut Estate, raw: &shapes::ImageReference, scope: &Scope) {
    let kind = match raw.resource_type.as_deref() {
        Some("ec2:LaunchTemplate") => PointerKind::LaunchTemplate,
        Some("ssm:Parameter") => PointerKind::Parameter,
        Some("imagebuilder:ImageRecipe" | "imagebuilder:ContainerRecipe") => PointerKind::Recipe,
        // Instances tell of themselves.
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

fn usage(estate: &mut Estate, raw: shapes::UsageEntry) {
    if let (Some(image), Some(account)) = (raw.image_id, raw.account_id) {
        let usage = Usage {
            account,
            kind: raw.resource_type.unwrap_or_default(),
            count: raw.usage_count.unwrap_or(1),
        };
        estate.usage.entry(image).or_default().push(usage);
    }
}
