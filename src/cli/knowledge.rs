//! What the installed software is held against: the tables that the program carries, and the data of the user.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::policy::Gate;
use super::{Failure, user_file};
use crate::audit::Knowledge;
use crate::date::Date;
use crate::support::Table;
use crate::vulnerabilities::{DatabaseError, Databases, Limits};

/// Days after which advisories are stale, where nobody says otherwise.
const MAX_AGE_DAYS: u32 = 5;

/// What the program carries, as of a day.
pub(super) fn of_day(day: Date) -> Result<Knowledge, Failure> {
    let table = Table::embedded().map_err(|error| Failure::unreadable(error.to_string()))?;
    Ok(Knowledge { day: Some(day), support: Some(Arc::new(table)), ..Knowledge::default() })
}

/// Opens the data; none of it is read yet.
pub(super) fn read(
    databases: &[PathBuf],
    end_of_life: Option<&Path>,
    max_age_days: Option<u32>,
    gate: &Gate,
) -> Result<Knowledge, Failure> {
    let own = Table::embedded().map_err(Failure::unreadable)?;
    let table = match end_of_life {
        Some(path) => own.with(table(path)?),
        None => own,
    };
    let problem = |error: DatabaseError| Failure::usage(format!("--vuln-db {error}"));
    let open = || Databases::open(databases, Limits::default()).map_err(problem);
    let databases = if databases.is_empty() { None } else { Some(Arc::new(open()?)) };
    let of_policy = gate.policy.packages.max_data_age_days;
    Ok(Knowledge {
        day: Some(gate.today),
        support: Some(Arc::new(table)),
        databases,
        max_age_days: max_age_days.or(of_policy).unwrap_or(MAX_AGE_DAYS),
        must_be_fresh: of_policy.is_some(),
    })
}

fn table(path: &Path) -> Result<Table, Failure> {
    let text = user_file::text(path)?;
    Table::parse(&text).map_err(|error| Failure::usage(format!("--eol {}: {error}", path.display())))
}
