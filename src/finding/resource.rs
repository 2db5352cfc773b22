//! A thing of a cloud account.

/// A thing of a cloud account: an image, an instance, a snapshot, the account itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// The account; `None` where no export says it.
    pub account: Option<String>,
    /// The region; `None` for what is of the whole account.
    pub region: Option<String>,
    /// What it is, as AWS calls it in findings: `AwsEc2Image`, `AwsEc2Instance`, …
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

impl Resource {
    /// Its name in all of AWS.
    pub fn arn(&self) -> String {
        let known = |part: &Option<String>| part.clone().unwrap_or_default();
        let (account, region) = (known(&self.account), known(&self.region));
        match self.kind {
            // An image's name has no account: it is the same for everybody.
            "AwsEc2Image" => format!("arn:aws:ec2:{region}::image/{}", self.id),
            "AwsEc2Snapshot" => format!("arn:aws:ec2:{region}::snapshot/{}", self.id),
            "AwsEc2Instance" => format!("arn:aws:ec2:{region}:{account}:instance/{}", self.id),
            _ => format!("AWS::::Account:{account}"),
        }
    }
}
