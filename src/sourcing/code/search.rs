//! A search for an image, whatever language it is written in.

/// A part of a search, as far as the code tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Constant<T> {
    /// Written in the code, or in constants that it names.
    Known(T),
    /// Not given.
    #[default]
    Absent,
    /// Another place decides; this is the name of the variable.
    Unknown(String),
}

impl<T> Constant<T> {
    /// What the code says.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The name of the variable that decides.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Unknown(name) => Some(name),
            Self::Known(_) | Self::Absent => None,
        }
    }
}

/// A filter of `DescribeImages`: a name and the values that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// `name`, `owner-id`, `tag:KEY`, …
    pub name: Constant<String>,
    /// Any of these; `*` and `?` are wildcards. A part that comes from elsewhere is a `*`.
    pub values: Constant<Vec<String>>,
}

impl Filter {
    /// A filter that the code gives in full.
    pub fn known(name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Self { name: Constant::Known(name.to_owned()), values: Constant::Known(values) }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.known().is_some_and(|known| known == name)
    }
}

/// A search for an image: the request `DescribeImages`, and what is done with its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// `self`, `amazon`, `aws-marketplace`, `aws-backup-vault`, or accounts.
    pub owners: Constant<Vec<String>>,
    /// Images by their ids.
    pub image_ids: Constant<Vec<String>>,
    /// Who may start the images: `self`, `all`, or accounts.
    pub executable_users: Constant<Vec<String>>,
    /// The filters; an image must satisfy all of them.
    pub filters: Vec<Filter>,
    /// The variable that may hold further filters.
    pub other_filters: Option<String>,
    /// The variable that may hold further parts of the request.
    pub other_parts: Option<String>,
    /// An expression that the name must match (Terraform and Pulumi).
    pub name_regex: Constant<String>,
    /// Whether the newest of several is taken.
    pub newest: Constant<bool>,
    /// Whether an image of the answer is used, or they are only listed.
    pub is_used: Constant<bool>,
}

impl Search {
    /// A search by nothing but ids.
    pub(super) fn by_ids<I: IntoIterator<Item = String>>(ids: I) -> Self {
        Self { image_ids: Constant::Known(ids.into_iter().collect()), ..Self::default() }
    }

    /// The patterns of names that it asks for.
    pub fn names(&self) -> Vec<&str> {
        let filters =
            self.filters.iter().filter(|filter| filter.is("name") || filter.is("manifest-location"));
        filters.filter_map(|filter| filter.values.known()).flatten().map(String::as_str).collect()
    }

    /// The owners that it names, in the request or by a filter; none if it names none, or a variable decides.
    pub fn named_owners(&self) -> Vec<&str> {
        let by_filter =
            self.filters.iter().filter(|filter| filter.is("owner-id") || filter.is("owner-alias"));
        let all = self.owners.known().into_iter().chain(by_filter.filter_map(|filter| filter.values.known()));
        all.flatten().map(String::as_str).collect()
    }

    /// Whether it asks for anything at all.
    pub(super) fn has_criteria(&self) -> bool {
        let given =
            [&self.owners, &self.image_ids, &self.executable_users].map(|part| *part != Constant::Absent);
        given.contains(&true)
            || !self.filters.is_empty()
            || self.other_filters.is_some()
            || self.other_parts.is_some()
            || self.name_regex != Constant::Absent
    }
}
