//! From the image through accounts, services and packages to what was found, and what that opens: a graph in four
//! columns, of bounded size. What is beyond the bound is one node that says how much it is.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::findings::{Rule, Shown};
use crate::finding::{Category, FactKey, Finding, Severity};
use assay_disk::text::Escaped;

/// Nodes of a column, the rest among them.
const LIMIT: usize = 24;
/// Names in a line of the text.
const NAMES: usize = 6;

/// A node.
#[derive(Serialize)]
pub(super) struct Node {
    /// 0: the image; 1: who; 2: what was found; 3: what it opens.
    column: usize,
    /// "account", "service", "package", "place", "rule", "login", "remote", "rest".
    kind: &'static str,
    label: String,
    /// The worst of its findings.
    severity: &'static str,
    /// Its findings.
    count: u64,
    /// The rules that it stands for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<usize>,
}

/// A link between nodes.
#[derive(Serialize)]
struct Edge {
    from: usize,
    to: usize,
    count: u64,
    severity: &'static str,
}

/// The graph.
#[derive(Serialize)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// A line of the graph in words.
pub(super) struct Line {
    pub(super) kind: &'static str,
    pub(super) label: String,
    pub(super) severity: &'static str,
    pub(super) count: u64,
    /// What is found there, or where what opens it is found.
    pub(super) names: String,
}

/// One column in the making: by name, how bad, how many findings, and which.
#[derive(Default)]
struct Column(BTreeMap<(&'static str, String), Entry>);

struct Entry {
    worst: Severity,
    findings: Vec<usize>,
    /// Whether it opens something, which is what the graph is for.
    opens: bool,
}

impl Column {
    fn add(&mut self, kind: &'static str, label: String, finding: usize, severity: Severity) -> &mut Entry {
        let none = || Entry { worst: Severity::Info, findings: Vec::new(), opens: false };
        let entry = self.0.entry((kind, label)).or_insert_with(none);
        entry.worst = entry.worst.max(severity);
        if entry.findings.last() != Some(&finding) {
            entry.findings.push(finding);
        }
        entry
    }

    /// Nodes that open something first, then the worst; what is over the limit together, with its number.
    fn nodes(self) -> Vec<(&'static str, String, Entry)> {
        let mut nodes: Vec<_> =
            self.0.into_iter().map(|((kind, label), entry)| (kind, label, entry)).collect();
        nodes
            .sort_by_key(|(_, _, entry)| (!entry.opens, Reverse(entry.worst), Reverse(entry.findings.len())));
        if nodes.len() > LIMIT {
            let rest = nodes.split_off(LIMIT.saturating_sub(1));
            let label = format!("{} more", rest.len());
            let worst = rest.iter().map(|(_, _, entry)| entry.worst).max().unwrap_or(Severity::Info);
            let mut findings: Vec<usize> =
                rest.into_iter().flat_map(|(_, _, entry)| entry.findings).collect();
            findings.sort_unstable();
            findings.dedup();
            nodes.push(("rest", label, Entry { worst, findings, opens: false }));
        }
        nodes
    }
}

impl Graph {
    /// The graph of `findings`, which are told by `shown` what their nodes are.
    pub(super) fn new(image: &str, findings: &[Finding], rules: &[Rule], shown: &mut [Shown]) -> Self {
        let (mut who, mut what, mut opened) = (Column::default(), Column::default(), Column::default());
        // What a benchmark asks for is of the system as a whole.
        let connected = |finding: &Finding| {
            !matches!(finding.advisory.category, Category::Hardening | Category::Sourcing)
        };
        for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| connected(finding)) {
            let (kind, label) = holder(finding);
            who.add(kind, label, index, finding.severity);
            let rule = shown.get(index).map_or(0, |shown| shown.rule);
            // Rules may share a title.
            let entry = what.add("rule", rule.to_string(), index, finding.severity);
            entry.opens |= !opens(finding).is_empty();
            for (kind, label) in opens(finding) {
                opened.add(kind, label, index, finding.severity);
            }
        }
        let severities =
            || findings.iter().filter(|finding| connected(finding)).map(|finding| finding.severity);
        let Some(worst) = severities().max() else { return Self { nodes: Vec::new(), edges: Vec::new() } };
        let mut graph = Self { nodes: Vec::new(), edges: Vec::new() };
        graph.nodes.push(Node {
            column: 0,
            kind: "image",
            label: image.to_owned(),
            severity: worst.name(),
            count: severities().count() as u64,
            rules: Vec::new(),
        });
        let mut places = vec![[None; 2]; findings.len()];
        let mut edges: BTreeMap<(usize, usize), (u64, Severity)> = BTreeMap::new();
        for (column, entries) in [(1, who.nodes()), (2, what.nodes()), (3, opened.nodes())] {
            for (kind, label, entry) in entries {
                let node = graph.nodes.len();
                for &finding in &entry.findings {
                    let severity = findings.get(finding).map_or(Severity::Info, |finding| finding.severity);
                    let from = match (column, places.get(finding)) {
                        (2, Some([Some(who), _])) => *who,
                        (3, Some([_, Some(what)])) => *what,
                        _ => 0,
                    };
                    let edge = edges.entry((from, node)).or_insert((0, Severity::Info));
                    *edge = (edge.0.saturating_add(1), edge.1.max(severity));
                    place(column, node, finding, &mut places, shown);
                }
                graph.push(column, (kind, label), &entry, rules, shown);
            }
        }
        let edge = |((from, to), (count, severity)): ((usize, usize), (u64, Severity))| Edge {
            from,
            to,
            count,
            severity: severity.name(),
        };
        graph.edges = edges.into_iter().map(edge).collect();
        graph
    }

    fn push(
        &mut self,
        column: usize,
        (kind, label): (&'static str, String),
        entry: &Entry,
        rules: &[Rule],
        shown: &[Shown],
    ) {
        let own = if column == 2 {
            let mut own: Vec<usize> =
                entry.findings.iter().filter_map(|&index| Some(shown.get(index)?.rule)).collect();
            own.sort_unstable();
            own.dedup();
            own
        } else {
            Vec::new()
        };
        let title = own.first().filter(|_| kind == "rule").and_then(|&rule| rules.get(rule));
        self.nodes.push(Node {
            column,
            kind,
            label: title.map_or(label, |rule| rule.title.clone()),
            severity: entry.worst.name(),
            count: entry.findings.len() as u64,
            rules: own,
        });
    }

    /// Who has what, in words.
    pub(super) fn holders(&self) -> Vec<Line> {
        self.lines(1, |edge, at| edge.from == at, |edge| edge.to)
    }

    /// What is opened, and by what, in words.
    pub(super) fn opened(&self) -> Vec<Line> {
        self.lines(3, |edge, at| edge.to == at, |edge| edge.from)
    }

    fn lines(&self, column: usize, is_of: fn(&Edge, usize) -> bool, other: fn(&Edge) -> usize) -> Vec<Line> {
        let nodes = self.nodes.iter().enumerate().filter(|(_, node)| node.column == column);
        let line = |(at, node): (usize, &Node)| {
            let mut edges: Vec<&Edge> = self.edges.iter().filter(|edge| is_of(edge, at)).collect();
            edges.sort_by_key(|edge| other(edge));
            let name = |edge: &&Edge| {
                let label = self.nodes.get(other(edge)).map_or("", |node| node.label.as_str());
                if edge.count > 1 { format!("{label} ({})", edge.count) } else { label.to_owned() }
            };
            let mut names: Vec<String> = edges.iter().take(NAMES).map(name).collect();
            if edges.len() > NAMES {
                names.push(format!("and {} more", edges.len().saturating_sub(NAMES)));
            }
            Line {
                kind: node.kind,
                label: node.label.clone(),
                severity: node.severity,
                count: node.count,
                names: names.join(", "),
            }
        };
        nodes.map(line).collect()
    }
}

fn place(column: usize, node: usize, finding: usize, places: &mut [[Option<usize>; 2]], shown: &mut [Shown]) {
    let Some(shown) = shown.get_mut(finding) else { return };
    match column {
        1 => shown.who = node,
        3 => shown.opens.push(node),
        _ => {}
    }
    if let Some(slot) = places.get_mut(finding).and_then(|place| place.get_mut(column.saturating_sub(1))) {
        *slot = Some(node);
    }
}

/// Whose a finding is: an account, a service, a package, or the place where it lies.
fn holder(finding: &Finding) -> (&'static str, String) {
    let escaped = |bytes: &[u8]| Escaped(bytes).to_string();
    let path = finding.location.path.as_slice();
    let of_account = !matches!(
        finding.advisory.category,
        Category::Persistence | Category::Privilege | Category::Integrity | Category::Hardening
    );
    let is_unit =
        |name: &str| [".service", ".timer", ".socket", ".path"].iter().any(|end| name.ends_with(end));
    if let Some(subject) = &finding.subject {
        let kind = if of_account && !is_unit(subject) { "account" } else { "service" };
        return (kind, escaped(subject.as_bytes()));
    }
    if let Some(name) = path.rsplit(|&byte| byte == b'/').next().map(escaped).filter(|name| is_unit(name)) {
        return ("service", name);
    }
    if let Some(package) = &finding.package {
        return ("package", escaped(package.as_bytes()));
    }
    let mut parts = path.split(|&byte| byte == b'/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(b"root"), Some(_), _) => ("account", "root".to_owned()),
        (Some(b"home"), Some(name), Some(_)) => ("account", escaped(name)),
        (Some(first), Some(second), Some(_)) => ("place", format!("/{}/{}", escaped(first), escaped(second))),
        (Some(first), ..) => ("place", format!("/{}", escaped(first))),
        _ => {
            let volume = finding.location.volume.as_deref().unwrap_or("image");
            ("place", escaped(volume.as_bytes()))
        }
    }
}

/// What whoever has the finding's value gets into.
fn opens(finding: &Finding) -> Vec<(&'static str, String)> {
    let value = |name: FactKey| {
        let found = finding.evidence.facts.iter().filter(move |(known, _)| *known == name);
        found.map(|(_, value)| Escaped(value.as_bytes()).to_string()).collect::<Vec<_>>()
    };
    let mut opened = Vec::new();
    match finding.advisory.category {
        Category::AuthorizedKeys => {
            let account = finding.subject.as_deref().unwrap_or("an account");
            opened.push(("login", format!("{} of this image", Escaped(account.as_bytes()))));
        }
        Category::Credential | Category::ShellHistory | Category::SshPrivateKey | Category::SshHostKey => {
            opened.extend(value(FactKey::Opens).into_iter().map(|account| ("login", account)));
            opened.extend(
                value(FactKey::Account)
                    .into_iter()
                    .map(|account| ("remote", format!("cloud account {account}"))),
            );
            let users = value(FactKey::User);
            let named = |host: String| match users.as_slice() {
                [user] => format!("{user} on {host}"),
                _ => host,
            };
            opened.extend(value(FactKey::Host).into_iter().map(|host| ("remote", named(host))));
        }
        _ => {}
    }
    opened
}

#[cfg(test)]
mod tests {
    use super::super::super::Options;
    use super::super::super::sample;
    use super::super::findings;
    use super::*;

    fn graph(of: &[Finding]) -> (Graph, Vec<Shown>) {
        let report = crate::audit::Report { findings: of.to_vec(), ..crate::audit::Report::default() };
        let names = crate::report::fingerprints::Marks::distinct(&report);
        let mut all = findings::show(&names, of, &report, &Options::default());
        (Graph::new("disk.img", of, &all.rules, &mut all.shown), all.shown)
    }

    #[test]
    fn a_finding_hangs_on_its_account_and_its_rule() {
        let findings = sample::report().findings;
        let (graph, shown) = graph(&findings);
        let who = &graph.nodes[shown[0].who];
        assert_eq!((who.column, who.kind, who.label.as_str()), (1, "account", "root"));
        let rule = graph.nodes.iter().find(|node| node.label == "root can log in with a password").unwrap();
        assert_eq!((rule.column, rule.count, rule.severity), (2, 1, "critical"));
        assert!(graph.holders().iter().any(|line| line.label == "user7" && line.names == "Shell history"));
    }

    #[test]
    fn a_private_key_and_the_entry_of_its_public_half_lead_to_one_account() {
        let mut findings = sample::report().findings;
        findings.truncate(1);
        let of = |category, facts: &[(FactKey, &str)]| {
            let mut finding = findings[0].clone();
            finding.advisory = std::sync::Arc::new(crate::finding::Advisory {
                category,
                id: format!("{category:?}"),
                ..(*finding.advisory).clone()
            });
            finding.evidence.facts = facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            finding
        };
        let key = of(Category::SshPrivateKey, &[(FactKey::Opens, "root of this image")]);
        let door = of(Category::AuthorizedKeys, &[]);
        let (graph, shown) = graph(&[key, door]);
        assert_eq!(shown[0].opens, shown[1].opens);
        let opened = graph.opened();
        assert_eq!((opened.len(), opened[0].kind, opened[0].count), (1, "login", 2));
        assert_eq!(opened[0].label, "root of this image");
    }

    #[test]
    fn a_rule_that_opens_something_is_never_behind_those_that_do_not() {
        let one = sample::report().findings.remove(0);
        let named = |n: u32, category| {
            let mut finding = one.clone();
            let advisory = (*finding.advisory).clone();
            let (id, title) = (format!("rule-{n}"), format!("Rule {n}"));
            finding.advisory =
                std::sync::Arc::new(crate::finding::Advisory { id, title, category, ..advisory });
            finding
        };
        let mut many: Vec<Finding> = (0..100).map(|n| named(n, Category::PasswordHash)).collect();
        many.push(named(100, Category::AuthorizedKeys).severity(Severity::Low));
        many.push(named(101, Category::Hardening));
        let graph = graph(&many).0;
        assert_eq!(graph.opened()[0].names, "Rule 100");
        assert_eq!(graph.nodes[0].count, 101, "what a benchmark asks for is not in it");
    }

    #[test]
    fn a_column_is_bounded_and_the_rest_is_counted() {
        let one = sample::report().findings.remove(0);
        let many: Vec<Finding> =
            (0..1000).map(|n| Finding { subject: Some(format!("user{n}")), ..one.clone() }).collect();
        let (graph, shown) = graph(&many);
        let who: Vec<&Node> = graph.nodes.iter().filter(|node| node.column == 1).collect();
        assert_eq!(who.len(), LIMIT);
        assert_eq!((who[LIMIT - 1].label.as_str(), who[LIMIT - 1].count), ("977 more", 977));
        assert!(shown.iter().all(|shown| graph.nodes[shown.who].column == 1));
    }
}
