//! What is not known: files that could not be read, images that no export describes, images that were never audited.

use super::images::scope;
use super::{Court, ResourceKind, count, listed, place};
use crate::finding::{GapKind, Location, Loss};
use crate::sourcing::allowed::{Weakness, weaknesses};
use crate::sourcing::class::Class;
use crate::sourcing::lookups;

pub(super) fn judge(court: &mut Court<'_>) {
    problems(court);
    court.gaps.extend(lookups::gaps(court.code));
    unknown_images(court);
    never_audited(court);
    settings(court);
}

fn problems(court: &mut Court<'_>) {
    for problem in &court.export.problems {
        let location =
            Location { path: problem.path.clone().into_bytes(), line: problem.line, ..Location::default() };
        let (kind, loss) =
            if problem.is_file { (GapKind::Damaged, Loss::File) } else { (GapKind::Missing, Loss::Part) };
        court.gap(location, kind, loss, problem.reason.clone());
    }
}

fn unknown_images(court: &mut Court<'_>) {
    let inventory = court.inventory;
    for row in inventory.images.iter().filter(|row| row.is_used() && row.class == Class::NoInformation) {
        let reason = if row.instances > 0 {
            let instances = count(row.instances, "instance");
            format!(
                "no export says whose image this is; {instances} run from it: export describe-instance-image-metadata"
            )
        } else {
            let users = listed(row.pointers.iter().map(String::as_str));
            format!(
                "no export says whose image this is, which {users} names: export describe-images --image-ids"
            )
        };
        let location = place(&scope(row), ResourceKind::Image, &row.id);
        court.gap(location, GapKind::Missing, Loss::File, reason);
    }
    for row in inventory.instances.iter().filter(|row| row.image.is_none()) {
        let location = place(&row.scope, ResourceKind::Instance, &row.id);
        court.gap(
            location,
            GapKind::Missing,
            Loss::File,
            "no export says which image it was started from".to_owned(),
        );
    }
}

fn never_audited(court: &mut Court<'_>) {
    if !court.settings.wants_audits {
        return;
    }
    let inventory = court.inventory;
    for row in inventory.images.iter().filter(|row| row.is_used() && row.audit.is_none()) {
        let reason = format!("was never audited; {} run from it", count(row.running, "instance"));
        court.gap(place(&scope(row), ResourceKind::Image, &row.id), GapKind::Missing, Loss::File, reason);
    }
}

fn settings(court: &mut Court<'_>) {
    let inventory = court.inventory;
    for row in &inventory.allowed {
        let location = || place(&row.scope, ResourceKind::Account, "allowed-amis");
        if !row.contradicted.is_empty() {
            let reason = format!(
                "AWS's own answer (ImageAllowed) differs for {}: the exported criteria are probably from an older client",
                count(row.contradicted.len(), "image")
            );
            court.gap(location(), GapKind::Damaged, Loss::Part, reason);
        }
    }
    let export = court.export;
    for (scope, region) in &export.estate.regions {
        if region.allowed.iter().any(|settings| weaknesses(settings).contains(&Weakness::EmptyCriterion)) {
            let reason = "a criterion is empty in the export: an older client left out what it did not know"
                .to_owned();
            court.gap(
                place(scope, ResourceKind::Account, "allowed-amis"),
                GapKind::Damaged,
                Loss::Part,
                reason,
            );
        }
    }
}
