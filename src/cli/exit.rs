//! What the process ends with: a published interface, so it never changes its meaning.

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// The image passes the gate, or the command did what was asked.
    pub const PASS: Self = Self(0);
    /// The gate failed: findings at the severity of `--fail-on` or above, or what else the policy fails on (`rules
    /// check`: a rule is wrong).
    pub const FAILED: Self = Self(1);
    /// The command line is wrong, or names something of another kind, or a rule, a file of a flag or a path of the image
    /// that there is not.
    pub const USAGE: Self = Self(2);
    /// The image is not there or could not be audited, or the report not be written: there is no verdict.
    pub const UNREADABLE: Self = Self(3);
    /// No such finding, but something could not be looked at and was not accepted, or a required check is not decided.
    pub const INCOMPLETE: Self = Self(4);
}
