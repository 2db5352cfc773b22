//! Nodes of Kubernetes: node classes of Karpenter, machines of Cluster API.

use super::Options;
use super::hit::{Form, Hit};
use super::judge::{Judgement, Verdict, judge};
use super::reference;
use super::search::{Constant, Filter, Search};
use super::value::{Kind, Value};

/// The lookups of a document.
pub(super) fn hits(root: &Value, options: &Options) -> Vec<Hit> {
    let mut hits = Vec::new();
    walk(root, options, &mut hits);
    hits
}

fn walk(value: &Value, options: &Options, hits: &mut Vec<Hit>) {
    for item in value.items() {
        walk(item, options, hits);
    }
    if value.get("imageLookupFormat").is_some() || value.get("imageLookupOrg").is_some() {
        hits.push(machine(value, options));
    }
    for entry in value.entries() {
        match entry.key.as_str() {
            "amiSelectorTerms" => {
                hits.extend(entry.value.items().iter().map(|term| self::term(term, options)));
            }
            "amiSelector" if matches!(entry.value.kind, Kind::Map(_)) => {
                hits.push(selector(&entry.value, options));
            }
            _ => walk(&entry.value, options, hits),
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::text)
}

/// A term of `EC2NodeClass`.
fn term(term: &Value, options: &Options) -> Hit {
    let (at, form) = (term.at, Form::Karpenter);
    if let Some(id) = text(term, "id") {
        return reference::fixed(at, form, vec![id.to_owned()]);
    }
    if text(term, "alias").is_some() {
        let reason = "Images of AWS by an alias of Karpenter.";
        return Hit::new(at, form, Search::default(), Judgement::new(Verdict::Safe, reason));
    }
    if let Some(name) = text(term, "ssmParameter") {
        return reference::parameter(at, form, name);
    }
    let mut search = Search { newest: Constant::Known(true), ..Search::default() };
    search.filters.extend(text(term, "name").map(|name| Filter::known("name", &[name])));
    search.filters.extend(term.get("tags").is_some().then(|| Filter::known("tag-key", &["tags"])));
    search.owners = match term.get("owner") {
        Some(owner) => owner.text().map_or_else(
            || Constant::Unknown("owner".to_owned()),
            |owner| Constant::Known(vec![owner.to_owned()]),
        ),
        // Karpenter asks for these where no owner is given.
        None => Constant::Known(vec!["self".to_owned(), "amazon".to_owned()]),
    };
    let judgement = judge(&search, &options.publishers);
    Hit::new(at, form, search, judgement)
}

/// `amiSelector` of `AWSNodeTemplate`: tags, or `aws::name` with `aws::owners`, or `aws::ids`.
fn selector(selector: &Value, options: &Options) -> Hit {
    let split = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<String>>();
    let member = |key: &str| text(selector, key).map(split);
    if let Some(ids) = member("aws::ids").or_else(|| member("aws-ids")) {
        return reference::fixed(selector.at, Form::Karpenter, ids);
    }
    let mut search = Search { newest: Constant::Known(true), ..Search::default() };
    for entry in selector.entries() {
        match (entry.key.as_str(), entry.value.text()) {
            ("aws::name", Some(name)) => search.filters.push(Filter::known("name", &[name])),
            ("aws::owners", Some(owners)) => search.owners = Constant::Known(split(owners)),
            ("aws::owners", None) => search.owners = Constant::Unknown("aws::owners".to_owned()),
            (tag, _) => search.filters.push(Filter::known(&format!("tag:{tag}"), &["*"])),
        }
    }
    if search.owners == Constant::Absent {
        search.owners = Constant::Known(vec!["self".to_owned(), "amazon".to_owned()]);
    }
    let judgement = judge(&search, &options.publishers);
    Hit::new(selector.at, Form::Karpenter, search, judgement)
}

/// The account of the Cluster API project, which is asked where no other is named.
const CLUSTER_API: &str = "819546954734";

fn machine(spec: &Value, options: &Options) -> Hit {
    let format = spec.get("imageLookupFormat");
    let name = text(spec, "imageLookupFormat").unwrap_or("capa-ami-*");
    let owner = match spec.get("imageLookupOrg").map(|org| &org.kind) {
        Some(Kind::Text(org)) if org.contains("${") => Constant::Unknown(org.clone()),
        Some(Kind::Text(org)) => Constant::Known(vec![org.clone()]),
        _ => Constant::Known(vec![CLUSTER_API.to_owned()]),
    };
    let filters = vec![Filter::known("name", &[name])];
    let search = Search { owners: owner, filters, newest: Constant::Known(true), ..Search::default() };
    let is_theirs =
        search.owners.known().is_some_and(|owners| owners.iter().all(|owner| owner == CLUSTER_API));
    let judgement = if is_theirs {
        Judgement::new(Verdict::Safe, "Only images of the Cluster API project, by its account.")
    } else {
        judge(&search, &options.publishers)
    };
    Hit::new(format.map_or(spec.at, |format| format.at), Form::ClusterApi, search, judgement)
}
