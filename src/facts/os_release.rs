//! os-release(5).

/// What /etc/os-release (else /usr/lib/os-release) says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `ID`: "debian", "amzn".
    pub id: String,
    /// `VERSION_ID`: "12".
    pub version_id: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
}
