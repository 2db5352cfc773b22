//! Puts answers together: what one call says of an image, another says of its instances.

use std::collections::BTreeSet;

use serde_json::Value;

mod pointers;

use super::Export;
use super::part::Part;
use super::scope::region_of_zone;
use super::shapes;
use crate::sourcing::estate::{Estate, Instance, Metadata, Permission, Role, Scope, Snapshot, Usage};
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
        Part::TemplateVersions(all) => pointers::templates(estate, &all, scope),
        Part::AutoScalingGroups(all) => {
            all.iter().for_each(|one| pointers::scaling_group(estate, one, scope));
        }
        Part::LaunchConfigurations(all) => {
            all.into_iter().for_each(|one| pointers::launch_configuration(estate, one, scope));
        }
        Part::Choosers(name, values) => {
            values.iter().for_each(|value| pointers::chooser(estate, name, value, scope));
        }
        Part::Parameters(all) => all.into_iter().for_each(|one| pointers::parameter(estate, one, scope)),
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
        Part::References(all) => all.iter().for_each(|one| pointers::reference(estate, one, scope)),
        Part::Usage(all) => all.into_iter().for_each(|one| usage(estate, one)),
        Part::Accounts(all) => estate.accounts.extend(all.into_iter().filter_map(|account| account.id)),
        Part::Identity(account) => {
            estate.accounts.insert(account);
        }
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
    let known = estate.profiles.entry(arn).or_default();
    for role in raw.roles.iter().flatten() {
        add_role(known, role);
    }
}

fn role(estate: &mut Estate, raw: &shapes::Role) {
    for listed in raw.instance_profile_list.iter().flatten() {
        if let Some(arn) = listed.arn.clone() {
            add_role(estate.profiles.entry(arn).or_default(), raw);
        }
    }
}

/// A role of a profile: each call tells a part of its policies.
fn add_role(known: &mut Vec<Role>, raw: &shapes::Role) {
    let Some(name) = raw.role_name.clone() else { return };
    let policies = policies(raw);
    match known.iter_mut().find(|role| role.name == name) {
        Some(role) => role.policies.extend(policies),
        None => known.push(Role { name, policies }),
    }
}

fn policies(raw: &shapes::Role) -> BTreeSet<String> {
    raw.attached_managed_policies.iter().flatten().filter_map(|policy| policy.policy_name.clone()).collect()
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
