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
    let table = Table::embedded().map_err(Failure::unreadable)?;
    Ok(Knowledge { day: Some(day), support: Some(Arc::new(table)), ..Knowledge::default() })
}

/// Opens the data; none of it is read yet.
pub(super) fn read(
    databases: &[PathBuf],
    end_of_life: Option<&Path>,
    max_age_days: Option<u32>,
    gate: &Gate,
) -> Result<Knowledge, Failure> {
    let mut knowledge = of_day(gate.today)?;
    if let (Some(path), Some(own)) = (end_of_life, &mut knowledge.support) {
        *own = Arc::new(Table::clone(own).with(table(path)?));
    }
    if !databases.is_empty() {
        let problem = |error: DatabaseError| Failure::usage(format!("--vuln-db {error}"));
        let opened = Databases::open(databases, Limits::default()).map_err(problem)?;
        knowledge.databases = Some(Arc::new(opened));
    }
    let of_policy = gate.policy.packages.max_data_age_days;
    knowledge.max_age_days = max_age_days.or(of_policy).unwrap_or(MAX_AGE_DAYS);
    knowledge.must_be_fresh = of_policy.is_some();
    Ok(knowledge)
}

fn table(path: &Path) -> Result<Table, Failure> {
    let text = user_file::text(path)?;
    Table::parse(&text).map_err(|error| Failure::usage(format!("--eol {}: {error}", path.display())))
}
