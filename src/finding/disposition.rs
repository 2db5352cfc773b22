//! What a policy and a baseline say of a finding: how it stands before the gate.

/// Filled in when the report is judged; empty where nothing was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    /// The same for the same finding in the next image, under one key: lower-case hex of 16 bytes. Only with a
    /// baseline, whose key it is made with.
    pub fingerprint: Option<String>,
    /// Whether the baseline has it; only with a baseline.
    pub baseline: Option<BaselineState>,
    /// Why it is allowed, where it is: by an exception of the policy, or by the baseline.
    pub allowed: Option<Suppression>,
    /// The rules of the policy by which it fails the gate, as the policy names them: "findings.severity = high",
    /// "require ami-host-keys". Empty where it does not fail.
    pub fails: Vec<String>,
}

/// Whether a baseline has a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineState {
    /// It has not.
    New,
    /// It has, since a day: `2026-11-27`.
    Since(String),
}

/// Who allowed a finding, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Whether by the baseline, or by an exception of the policy.
    pub by: SuppressedBy,
    /// Why, in the words of who allowed it; empty where a baseline gives none.
    pub reason: String,
    /// Who answers for it; empty where a baseline names nobody.
    pub owner: String,
    /// The last day on which it is allowed: `2027-01-31`.
    pub expires: Option<String>,
}

/// What allows a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressedBy {
    /// The baseline has it.
    Baseline,
    /// An exception of the policy fits.
    Policy,
}

impl SuppressedBy {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Policy => "policy",
        }
    }
}
