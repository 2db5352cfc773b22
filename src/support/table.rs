//! The table of days: `signatures/end-of-life.toml`, or newer data of the user.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::date::Date;
use crate::packages::Component;
use crate::packages::inventory::Distribution;
use assay_disk::path::glob;

/// The table that the program carries.
pub const TEXT: &str = include_str!("../../signatures/end-of-life.toml");

/// All products.
#[derive(Clone, Debug)]
pub struct Table {
    /// The day of the data.
    pub day: Date,
    /// In the order of the table.
    pub products: Vec<Product>,
}

/// Something with releases.
#[derive(Clone, Debug, Default)]
pub struct Product {
    /// Its name at endoflife.date.
    pub id: String,
    /// As people call it.
    pub title: String,
    /// What extended support is.
    pub extended: String,
    /// `ID`s of os-release.
    pub systems: Vec<String>,
    /// A word of `PRETTY_NAME`, where one `ID` is of two products.
    pub named: String,
    /// Components, as `kind:name` with `*`.
    pub software: Vec<String>,
    /// Codenames of releases, as repositories have them, with their cycles.
    pub codenames: BTreeMap<String, String>,
    /// Newest first.
    pub releases: Vec<Release>,
}

/// A line of releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// `12`, `3.11`.
    pub cycle: String,
    /// Last day of support for everybody.
    pub ends: Option<Date>,
    /// Last day of extended support.
    pub extended_ends: Option<Date>,
    /// It ended, on a day that is not known.
    pub is_ended: bool,
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableError {
    /// It does not have the form.
    Form(String),
    /// A day is none.
    Day {
        /// Of which product.
        product: String,
        /// What stands there.
        text: String,
    },
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => f.write_str(error.trim_end()),
            Self::Day { product, text } => write!(f, "{product}: {text:?} is no day (YYYY-MM-DD)"),
        }
    }
}

impl std::error::Error for TableError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    day: toml::value::Datetime,
    #[serde(default)]
    product: Vec<RawProduct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProduct {
    id: String,
    title: String,
    #[serde(default)]
    extended: String,
    #[serde(default)]
    systems: Vec<String>,
    #[serde(default)]
    named: String,
    #[serde(default)]
    software: Vec<String>,
    #[serde(default)]
    codenames: BTreeMap<String, String>,
    /// Cycle, end, end of extended support.
    releases: Vec<Vec<String>>,
}

impl Table {
    /// The table that the program carries.
    ///
    /// # Errors
    /// [`TableError`]; never in a tested build.
    pub fn embedded() -> Result<Self, TableError> {
        Self::parse(TEXT)
    }

    /// Reads a table in the form of `signatures/end-of-life.toml`.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let raw: RawTable = toml::from_str(text).map_err(|error| TableError::Form(error.to_string()))?;
        let day = day("day", &raw.day.to_string())?;
        let products = raw.product.into_iter().map(product).collect::<Result<_, _>>()?;
        Ok(Self { day, products })
    }

    /// The same with another table, whose products come first.
    #[must_use]
    pub fn with(self, newer: Self) -> Self {
        let mut products = newer.products;
        let is_known = |own: &Product| products.iter().any(|product| product.id == own.id);
        let kept: Vec<Product> = self.products.into_iter().filter(|own| !is_known(own)).collect();
        products.extend(kept);
        Self { day: self.day.max(newer.day), products }
    }

    /// The product and release that a distribution is.
    pub fn of_system(&self, system: &Distribution) -> Option<(&Product, &Release)> {
        let is_it = |product: &&Product| {
            product.systems.contains(&system.id) && system.pretty.contains(product.named.as_str())
        };
        // What has a name of its own first.
        let products = self.products.iter().filter(is_it);
        let product = products.max_by_key(|product| product.named.len())?;
        product.release(&system.version).map(|release| (product, release))
    }

    /// The product and release that is called `codename`: `bookworm`.
    pub fn of_codename(&self, codename: &str) -> Option<(&Product, &Release)> {
        self.products.iter().find_map(|product| {
            let cycle = product.codenames.get(codename)?;
            Some((product, product.releases.iter().find(|release| release.cycle == *cycle)?))
        })
    }

    /// The product and release that a component is.
    pub fn of_component(&self, component: &Component) -> Option<(&Product, &Release)> {
        let version = component.version.as_deref()?;
        let name = format!("{}:{}", component.ecosystem.name(), component.full_name().to_lowercase());
        let is_it = |product: &&Product| {
            product.software.iter().any(|pattern| glob(pattern.as_bytes(), name.as_bytes()))
        };
        // Epochs and Go's `go1.22` and `v1.22` stand before versions.
        let version = version.split_once(':').map_or(version, |(_, rest)| rest);
        let version = version.trim_start_matches(|first: char| first.is_ascii_alphabetic());
        let product = self.products.iter().find(is_it)?;
        product.release(version).map(|release| (product, release))
    }
}

impl Product {
    /// The release that a version is of: that with the longest cycle that it begins with.
    pub(super) fn release(&self, version: &str) -> Option<&Release> {
        let is_it = |release: &&Release| {
            let rest = version.strip_prefix(release.cycle.as_str());
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
        };
        self.releases.iter().filter(is_it).max_by_key(|release| release.cycle.len())
    }
}

fn product(raw: RawProduct) -> Result<Product, TableError> {
    let releases = raw.releases.iter().map(|row| release(&raw.id, row)).collect::<Result<_, _>>()?;
    let RawProduct { id, title, extended, systems, named, software, codenames, .. } = raw;
    Ok(Product { id, title, extended, systems, named, software, codenames, releases })
}

fn release(product: &str, row: &[String]) -> Result<Release, TableError> {
    let cell = |number: usize| row.get(number).map_or("", String::as_str);
    let end = |text: &str| match text {
        "" | "ended" => Ok(None),
        text => day(product, text).map(Some),
    };
    if cell(0).is_empty() || row.len() > 3 {
        return Err(TableError::Form(format!(
            "{product}: a release is [cycle, end, end of extended support]"
        )));
    }
    Ok(Release {
        cycle: cell(0).to_owned(),
        ends: end(cell(1))?,
        extended_ends: end(cell(2))?,
        is_ended: cell(1) == "ended",
    })
}

fn day(product: &str, text: &str) -> Result<Date, TableError> {
    Date::parse(text).ok_or_else(|| TableError::Day { product: product.to_owned(), text: text.to_owned() })
}
