//! Default passwords: every hash among the findings is tried against what nobody chose (`candidates`).
//!
//! This is done on the whole report, in its order, so that it is the same for any number of threads. Which tries
//! are made follows from costs by a table before the first one is made: each hash has its share of the budget, which
//! it spends on the most likely passwords. What is not tried is said in the finding.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::candidates::{self, Candidate, Kind};
use super::schemes::{self, Scheme};
use super::{GROUP, HASH, IN_PASSWD, LOCKED, OLD, default_advisory};
use crate::budget::Budget;
use crate::facts::Facts;
use crate::finding::{Confidence, FactKey, Finding, Secret, Severity, Verification};
use assay_disk::text::unescape;

/// No password fits.
const NONE: usize = usize::MAX;

/// One hash of one account, wherever it stands.
struct Trial {
    hash: Vec<u8>,
    account: Vec<u8>,
    /// The findings, by their index.
    places: Vec<usize>,
}

/// A trial that is made: what with, and how many of it.
struct Planned<'t> {
    trial: &'t Trial,
    scheme: Scheme<'t>,
    cost: u64,
    candidates: Vec<Candidate>,
    /// How many of the candidates are tried.
    tried: usize,
    /// The first candidate that fits.
    found: AtomicUsize,
    /// Whether a try ended in a panic.
    is_broken: AtomicBool,
}

/// Tries the password hashes among `findings` against default passwords, on so many threads (0: one per core).
pub fn join(facts: &Facts, budget: &Budget, threads: usize, findings: &mut [Finding]) {
    let trials = trials(findings);
    let mut said: Vec<(usize, String)> = Vec::new();
    let mut planned: Vec<Planned<'_>> = Vec::new();
    for trial in &trials {
        match plan(trial, facts, budget, planned.len()) {
            Ok(plan) => planned.push(plan),
            Err(reason) => said.extend(trial.places.iter().map(|&place| (place, reason.clone()))),
        }
    }
    share(&mut planned, budget);
    run(&planned, threads);
    let outcomes: Vec<(&Trial, Outcome)> = planned.iter().map(|plan| (plan.trial, plan.outcome())).collect();
    for (trial, outcome) in outcomes {
        for place in &trial.places {
            if let Some(finding) = findings.get_mut(*place) {
                outcome.tell(finding);
            }
        }
    }
    for (place, reason) in said {
        if let Some(finding) = findings.get_mut(place) {
            finding.evidence.facts.push((FACT, reason));
        }
    }
}

/// The name of what is said of tries.
const FACT: FactKey = FactKey::DefaultPasswords;

/// The hashes among the findings, each with its account once, in the order of the report.
fn trials(findings: &[Finding]) -> Vec<Trial> {
    let mut known: BTreeMap<(&[u8], Option<&str>), usize> = BTreeMap::new();
    let mut trials: Vec<Trial> = Vec::new();
    for (place, finding) in findings.iter().enumerate() {
        let is_hash = [HASH, IN_PASSWD, LOCKED, OLD, GROUP].contains(&finding.advisory.id.as_str())
            && finding.proof == Some(Verification::Structure);
        let Some(hash) = finding.evidence.secrets.first().filter(|_| is_hash) else { continue };
        let subject = finding.subject.as_deref();
        let index = *known.entry((hash.reveal(), subject)).or_insert(trials.len());
        match trials.get_mut(index) {
            Some(trial) => trial.places.push(place),
            None => trials.push(Trial {
                hash: hash.reveal().to_vec(),
                account: subject.and_then(unescape).unwrap_or_default(),
                places: vec![place],
            }),
        }
    }
    trials
}

/// What to try, or why nothing is tried.
fn plan<'t>(trial: &'t Trial, facts: &Facts, budget: &Budget, before: usize) -> Result<Planned<'t>, String> {
    let scheme = schemes::parse(&trial.hash).ok_or("not tried: no code for this kind of hash")?;
    let cost = scheme.cost();
    if cost.nanoseconds > budget.password_trial || cost.memory > budget.password_memory {
        return Err(format!("not tried: {scheme} is over the limit"));
    }
    if before >= budget.password_hashes {
        return Err(format!("not tried: there are more than {} hashes", budget.password_hashes));
    }
    Ok(Planned {
        trial,
        scheme,
        cost: cost.nanoseconds,
        candidates: candidates::of(&trial.account, facts),
        tried: 0,
        found: AtomicUsize::new(NONE),
        is_broken: AtomicBool::new(false),
    })
}

/// Shares the budget out: every hash has the same share, and what the cheap ones leave goes to the others; what is
/// left by shares that are too small for a try is spent in the order of the report, one try of every hash at a time.
fn share(planned: &mut [Planned<'_>], budget: &Budget) {
    let mut left = budget.password_trials;
    let mut open: Vec<&mut Planned<'_>> = planned.iter_mut().collect();
    open.sort_by_key(|plan| plan.cost.saturating_mul(plan.candidates.len() as u64));
    let mut sharers = open.len() as u64;
    for plan in open {
        let part = left.checked_div(sharers).unwrap_or_default();
        let tries = part.checked_div(plan.cost).unwrap_or_default().min(plan.candidates.len() as u64);
        plan.tried = usize::try_from(tries).unwrap_or_default();
        left = left.saturating_sub(tries.saturating_mul(plan.cost));
        sharers = sharers.saturating_sub(1);
    }
    let mut open: Vec<&mut Planned<'_>> = planned.iter_mut().collect();
    while !open.is_empty() {
        open.retain_mut(|plan| {
            let rest = left.checked_sub(plan.cost).filter(|_| plan.tried < plan.candidates.len());
            plan.tried += usize::from(rest.is_some());
            left = rest.unwrap_or(left);
            rest.is_some()
        });
    }
}

/// Makes the tries, the most likely first.
fn run(planned: &[Planned<'_>], threads: usize) {
    let most = planned.iter().map(|plan| plan.tried).max().unwrap_or_default();
    let tries: Vec<(usize, &Planned<'_>)> = (0..most)
        .flat_map(|rank| planned.iter().filter(move |plan| rank < plan.tried).map(move |plan| (rank, plan)))
        .collect();
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if threads == 0 { cores() } else { threads }.clamp(1, tries.len().max(1));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(tries.len()) {
            scope.spawn(|| {
                while let Some((rank, plan)) = tries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    plan.attempt(*rank);
                }
            });
        }
    });
}

/// How a trial came out.
enum Outcome {
    Found(Vec<u8>, Kind),
    /// None of all.
    None,
    /// Not all were tried.
    Some(String),
}

impl Planned<'_> {
    /// Tries one candidate, unless a more likely one is known to fit.
    fn attempt(&self, rank: usize) {
        let Some(candidate) = self.candidates.get(rank) else { return };
        if self.found.load(Ordering::Relaxed) < rank {
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| self.scheme.fits(&candidate.text))) {
            Ok(true) => _ = self.found.fetch_min(rank, Ordering::Relaxed),
            Ok(false) => {}
            Err(_) => self.is_broken.store(true, Ordering::Relaxed),
        }
    }

    fn outcome(&self) -> Outcome {
        let (tried, all) = (self.tried, self.candidates.len());
        match self.candidates.get(self.found.load(Ordering::Relaxed)) {
            Some(candidate) => Outcome::Found(candidate.text.clone(), candidate.kind),
            None if self.is_broken.load(Ordering::Relaxed) => {
                Outcome::Some("not tried: the computation failed".to_owned())
            }
            None if tried == all => Outcome::None,
            None if tried == 0 => Outcome::Some("not tried: the limit for all hashes is reached".to_owned()),
            None => {
                Outcome::Some(format!("only the {tried} most likely of {all} were tried: {}", self.scheme))
            }
        }
    }
}

impl Outcome {
    fn tell(&self, finding: &mut Finding) {
        match self {
            Self::None => {}
            Self::Some(text) => finding.evidence.facts.push((FACT, text.clone())),
            Self::Found(password, kind) => {
                finding.severity = severity(finding);
                finding.advisory = default_advisory().clone();
                finding.confidence = Confidence::High;
                finding.proof = Some(Verification::Recomputed);
                if !password.is_empty() {
                    finding.evidence.secrets.push(Secret::new(password.clone()));
                }
                finding.evidence.facts.push((FactKey::Password, kind.text().to_owned()));
            }
        }
    }
}

/// A lock, or a hash that is no longer the account's, keeps people out for now; a group's gives its rights only.
fn severity(finding: &Finding) -> Severity {
    match finding.advisory.id.as_str() {
        LOCKED | OLD => Severity::Medium,
        GROUP => Severity::High,
        _ => Severity::Critical,
    }
}

#[cfg(test)]
mod tests;
