//! What a fact of a finding says.

use std::fmt;

/// Names each fact, in the order of the names: so facts sort as their names do.
macro_rules! facts {
    ($($variant:ident $name:literal,)*) => {
        /// What a fact of a finding says. Facts have no secrets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the names of the facts say it")]
        pub enum FactKey {
            $($variant,)*
        }

        impl FactKey {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

facts! {
    Sha256 "SHA-256",
    Sha256OfItsDataWithoutHoles "SHA-256 of its data, without holes",
    Account "account",
    Accounts "accounts",
    Algorithm "algorithm",
    Because "because",
    Bits "bits",
    Bytes "bytes",
    Capabilities "capabilities",
    ClosedBy "closed by",
    Comment "comment",
    Cost "cost",
    DaysLeft "days left",
    DefaultPasswords "default passwords",
    Device "device",
    DiffersIn "differs in",
    DivertedBy "diverted by",
    Does "does",
    Encrypted "encrypted",
    Expires "expires",
    ExploitProbability "exploit probability",
    ExtendedSupportEnds "extended support ends",
    File "file",
    Files "files",
    FilesLikeItNotListed "files like it, not listed",
    FixNeeds "fix needs",
    FixedIn "fixed in",
    For "for",
    Format "format",
    FoundIn "found in",
    GivenAs "given as",
    Hides "hides",
    Host "host",
    Id "id",
    Images "images",
    InNoFile "in no file",
    InPlaceOfAFileOf "in place of a file of",
    InTheReference "in the reference",
    Installed "installed",
    Instances "instances",
    InsteadOf "instead of",
    Is "is",
    Issuer "issuer",
    Key "key",
    KeyType "key type",
    Kind "kind",
    KnownExploitedSince "known exploited since",
    Line "line",
    Lines "lines",
    List "list",
    Locked "locked",
    Matches "matches",
    Meta "meta",
    Missing "missing",
    Mode "mode",
    MoreNamesOfTheFile "more names of the file",
    Name "name",
    Names "names",
    NamesHidden "names hidden",
    NamesInATemporaryPlace "names in a temporary place",
    NamesWhatEverybodyMayChange "names what everybody may change",
    NamesWhatNoPackageBrought "names what no package brought",
    Namespace "namespace",
    NotNamed "not named",
    Now "now",
    Numbers "numbers",
    OnlyCounted "only counted",
    OpenedBy "opened by",
    Opens "opens",
    Options "options",
    Owner "owner",
    Package "package",
    Packages "packages",
    Packer "packer",
    Password "password",
    PlacesNotShown "places not shown",
    Pools "pools",
    PrivateHalf "private half",
    PrivateHalfPublishedBy "private half published by",
    Program "program",
    ProgramsNotJudged "programs not judged",
    PublicAddresses "public addresses",
    PublicHalf "public half",
    PublishedBy "published by",
    Publisher "publisher",
    RecordedDifferentlyBy "recorded differently by",
    Regions "regions",
    Remark "remark",
    Restore "restore",
    Roles "roles",
    Runs "runs",
    Score "score",
    Section "section",
    SeenBy "seen by",
    ServesAs "serves as",
    SeverityBy "severity by",
    SharedWith "shared with",
    Shell "shell",
    ShownBy "shown by",
    Shows "shows",
    Signals "signals",
    Ssid "ssid",
    StartedBy "started by",
    State "state",
    Status "status",
    Store "store",
    SupportEnds "support ends",
    Tags "tags",
    Uid "uid",
    User "user",
    Version "version",
    Vulnerabilities "vulnerabilities",
    Vulnerability "vulnerability",
    Wallet "wallet",
    Weakness "weakness",
    When "when",
    WhichWasDivertedTo "which was diverted to",
    WrappedIn "wrapped in",
}

impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FactKey {
    /// Whether another build of the same image may say it otherwise, or it speaks of other findings: a baseline knows a
    /// finding without it.
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Lines
                | Self::Files
                | Self::Bytes
                | Self::FilesLikeItNotListed
                | Self::ProgramsNotJudged
                | Self::PrivateHalf
                | Self::OpenedBy
                | Self::Opens
                | Self::MoreNamesOfTheFile
                | Self::ClosedBy
                | Self::DaysLeft
                | Self::ExploitProbability
                | Self::ExtendedSupportEnds
                | Self::FixedIn
                | Self::FixNeeds
                | Self::Installed
                | Self::KnownExploitedSince
                | Self::Packages
                | Self::Score
                | Self::SeverityBy
                | Self::Status
                | Self::SupportEnds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::FactKey;

    #[test]
    fn facts_sort_as_their_names_do_and_each_name_is_one_fact() {
        assert!(FactKey::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        assert!(FactKey::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
