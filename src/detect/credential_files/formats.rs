//! The readers: each takes a text and gives its secrets.

use super::text::{Hits, Text};
use assay_disk::path::glob_folded;

mod installers;
mod json;
mod lines;
mod pairs;
mod patterns;
mod php;
mod stores;
mod table;
mod xml;

/// What separates a key from its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// `key = value`, sections in brackets.
    Equals,
    /// `key: value`, YAML.
    Colon,
    /// `key value`.
    Space,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Lines of a key and a value.
    Pairs(Separator),
    /// Pairs with an id and a key that make one finding by section.
    Group,
    /// Settings of a shell: pairs whose values may also be paths, switches or numbers, which are none.
    Environment,
    /// HCL: pairs with quoted values only.
    Hcl,
    /// JSON: values of the keys at any depth.
    Json,
    /// Docker's `auths`.
    Docker,
    /// Composer's logins: JSON, and maps of a host to a token.
    Composer,
    /// netrc.
    Netrc,
    /// Fields between colons; the last of at least so many is the secret.
    Colons(usize),
    /// URLs with a password, and `extraheader` of git.
    Urls,
    /// `NAME: user:password`.
    Logins,
    /// A map of Postfix: `host user:password`.
    Sasl,
    /// The whole file is one line, the secret.
    Whole,
    /// Two lines: a user, a password.
    TwoLines,
    /// The same inside OpenVPN's `<auth-user-pass>`, and its keys.
    OpenVpn,
    /// Options between blanks and commas: `password=…`.
    Options,
    /// PHP's `define('KEY', 'value')` and arrays.
    Php,
    /// XML: elements and attributes of these names.
    Xml,
    /// XML: attributes of these names.
    Attributes,
    /// Connection strings of .NET and ODBC, between quotes.
    ConnectionStrings,
    /// Windows' answer file.
    Unattend,
    /// `client server secret`.
    Chap,
    /// strongSwan's secrets.
    Ipsec,
    /// Net-SNMP.
    Snmp,
    /// cloud-config.
    CloudConfig,
    /// Anaconda's answers.
    Kickstart,
    /// Answers for debconf.
    Preseed,
    /// What the kind's own expressions catch.
    Patterns,
    /// Rows beneath names of columns: what browsers and keepers of passwords export.
    Table,
    /// A store of secrets that is not opened, known by its first bytes.
    Store,
}

impl Format {
    /// The format of this name in a table of credential files.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "pairs-equals" => Self::Pairs(Separator::Equals),
            "pairs-colon" => Self::Pairs(Separator::Colon),
            "pairs-space" => Self::Pairs(Separator::Space),
            "group" => Self::Group,
            "environment" => Self::Environment,
            "hcl" => Self::Hcl,
            "json" => Self::Json,
            "docker" => Self::Docker,
            "composer" => Self::Composer,
            "netrc" => Self::Netrc,
            "colons-2" => Self::Colons(2),
            "colons-3" => Self::Colons(3),
            "colons-5" => Self::Colons(5),
            "urls" => Self::Urls,
            "logins" => Self::Logins,
            "sasl" => Self::Sasl,
            "whole" => Self::Whole,
            "two-lines" => Self::TwoLines,
            "openvpn" => Self::OpenVpn,
            "options" => Self::Options,
            "php" => Self::Php,
            "xml" => Self::Xml,
            "attributes" => Self::Attributes,
            "connection-strings" => Self::ConnectionStrings,
            "unattend" => Self::Unattend,
            "chap" => Self::Chap,
            "ipsec" => Self::Ipsec,
            "snmp" => Self::Snmp,
            "cloud-config" => Self::CloudConfig,
            "kickstart" => Self::Kickstart,
            "preseed" => Self::Preseed,
            "patterns" => Self::Patterns,
            "table" => Self::Table,
            "store" => Self::Store,
            _ => return None,
        })
    }
}

/// What a kind says of its secrets.
pub(super) struct Wanted {
    /// The keys whose values are secrets.
    pub(super) keys: Vec<String>,
    /// The keys that belong to a secret (an AWS key id), for [`Format::Group`].
    pub(super) ids: Vec<String>,
    /// For [`Format::Patterns`].
    pub(super) lines: Vec<Line>,
    /// Values that the program is shipped with.
    pub(super) stock: Vec<String>,
}

/// Reads a text in all forms that it may have.
pub(super) fn read(formats: &[Format], wanted: &Wanted, text: &Text) -> Hits {
    let mut hits = Hits::default();
    for &format in formats {
        read_as(format, wanted, text, &mut hits);
    }
    let is_stock = |secret: &String| wanted.stock.contains(secret);
    hits.all.retain(|hit| !hit.secrets.last().is_some_and(is_stock));
    hits
}

fn read_as(format: Format, wanted: &Wanted, text: &Text, hits: &mut Hits) {
    let t = text.text.as_str();
    let Wanted { keys, ids, lines: own, .. } = wanted;
    match format {
        Format::Pairs(separator) => pairs::pairs(t, separator, keys, &[], false, hits),
        Format::Group => pairs::pairs(t, Separator::Equals, keys, ids, false, hits),
        Format::Environment => pairs::environment(t, keys, hits),
        Format::Hcl => pairs::pairs(t, Separator::Equals, keys, &[], true, hits),
        Format::Json => json::json(text, keys, hits),
        Format::Docker => json::docker(text, hits),
        Format::Composer => json::composer(text, keys, hits),
        Format::Netrc => lines::netrc(t, hits),
        Format::Colons(least) => lines::colons(t, least, hits),
        Format::Urls => lines::urls(t, hits),
        Format::Logins => lines::logins(t, keys, hits),
        Format::Sasl => lines::sasl(t, hits),
        Format::Whole => lines::whole(t, hits),
        Format::TwoLines => lines::two_lines(t, hits),
        Format::OpenVpn => lines::openvpn(t, hits),
        Format::Options => lines::options(t, keys, hits),
        Format::Php => php::php(t, keys, hits),
        Format::Xml => xml::xml(t, keys, hits),
        Format::Attributes => xml::attributes(t, keys, hits),
        Format::ConnectionStrings => lines::connection_strings(t, hits),
        Format::Unattend => xml::unattend(t, hits),
        Format::Chap => lines::chap(t, hits),
        Format::Ipsec => lines::ipsec(t, hits),
        Format::Snmp => lines::snmp(t, hits),
        Format::CloudConfig => installers::cloud_config(t, hits),
        Format::Kickstart => installers::kickstart(t, hits),
        Format::Preseed => installers::preseed(t, hits),
        Format::Patterns => patterns::patterns(t, own, hits),
        Format::Table => table::table(t, hits),
        Format::Store => {} // no text: see `store`
    }
}

pub(super) use patterns::Line;
pub(super) use stores::store;

fn is_key(keys: &[String], key: &str) -> bool {
    keys.iter().any(|want| glob_folded(want.as_bytes(), key.as_bytes()))
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', ';'])
}

/// A value without its quotes, and whether it had some.
fn unquote(value: &str) -> (&str, bool) {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return (rest.split_once(quote).map_or(rest, |(inside, _)| inside), true);
        }
    }
    let value = value.split_once(" #").map_or(value, |(before, _)| before);
    (value.trim().trim_end_matches(','), false)
}
