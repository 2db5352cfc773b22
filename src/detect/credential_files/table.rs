//! Which files hold secrets, and how they are read.

use super::formats::Format::{self, *};
use super::formats::Separator::{Colon, Equals, Space};
use crate::finding::Severity::{self, Critical, High, Medium};

/// One kind of credential file.
pub(super) struct Kind {
    /// The advisory's id, after `credential-file-`.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) severity: Severity,
    /// The last parts of the path; `*` is anything within a part.
    pub(super) paths: &'static [&'static str],
    /// How it is read; more than one reader, where a file has more than one form.
    pub(super) formats: &'static [Format],
    /// The keys whose values are secrets.
    pub(super) keys: &'static [&'static str],
}

const fn kind(
    id: &'static str,
    title: &'static str,
    severity: Severity,
    paths: &'static [&'static str],
    formats: &'static [Format],
    keys: &'static [&'static str],
) -> Kind {
    Kind { id, title, severity, paths, formats, keys }
}

const TERRAFORM: &[&str] =
    &["*password*", "*secret*", "*token*", "*private_key*", "*access_key", "*api_key*"];

/// All of them. The first whose path matches is taken.
#[rustfmt::skip]
pub(super) static KINDS: &[Kind] = &[
    kind("aws", "AWS access key in an AWS credentials file", Critical, &[".aws/credentials", ".aws/config", "awslogs/awscli.conf", "cfn/cfn-credentials", "amazon-cloudwatch-agent/etc/common-config.toml"], &[Group(&["aws_access_key_id", "AWSAccessKeyId"])], &["aws_secret_access_key", "aws_session_token", "AWSSecretKey"]),
    kind("s3cfg", "AWS access key in the configuration of s3cmd", Critical, &[".s3cfg"], &[Group(&["access_key"])], &["secret_key", "access_token", "gpg_passphrase"]),
    kind("boto", "Cloud access key in a boto configuration", Critical, &[".boto", "etc/boto.cfg"], &[Group(&["aws_access_key_id", "gs_access_key_id"])], &["aws_secret_access_key", "gs_secret_access_key", "gs_oauth2_refresh_token"]),
    kind("s3fs", "AWS secret key in a password file of s3fs", Critical, &[".passwd-s3fs", "etc/passwd-s3fs", ".s3fs"], &[Colons(2)], &[]),
    kind("docker", "Registry login in a Docker configuration", High, &[".docker/config.json", ".dockercfg", ".dockerconfigjson", "containers/auth.json", "kubelet/config.json", "docker/config.json"], &[Docker], &[]),
    kind("ecs", "Registry login in the ECS agent's configuration", High, &["ecs/ecs.config"], &[Pairs(Equals)], &["ECS_ENGINE_AUTH_DATA"]),
    kind("netrc", "Password in a netrc file", High, &[".netrc", "_netrc"], &[Netrc], &[]),
    kind("pgpass", "PostgreSQL password in a pgpass file", High, &[".pgpass", "pgpass.conf"], &[Colons(5)], &[]),
    kind("mysql", "MySQL password in an option file", High, &[".my.cnf", "mysql/debian.cnf", "etc/my.cnf", "mysql/my.cnf"], &[Pairs(Equals)], &["password"]),
    kind("git", "Git login in a stored URL", Critical, &[".git-credentials", "git/credentials", ".git/config", ".gitconfig"], &[Urls], &[]),
    kind("npm", "npm registry token", High, &[".npmrc", "etc/npmrc"], &[Pairs(Equals)], &["*_authToken", "*_password", "*_auth"]),
    kind("pypi", "Package index password in a pypirc file", High, &[".pypirc"], &[Pairs(Equals)], &["password"]),
    kind("pip", "Package index login in a pip configuration", High, &["pip.conf", "pip.ini"], &[Urls], &[]),
    kind("kubeconfig", "Kubernetes login in a kubeconfig", High, &[".kube/config", "etc/kubernetes/*.conf", "kubelet/kubeconfig", "k3s/k3s.yaml", "rke2/rke2.yaml"], &[Pairs(Colon)], &["token", "password", "client-key-data", "id-token", "refresh-token", "access-token"]),
    kind("terraform-state", "Secret in a Terraform state", High, &["*.tfstate", "*.tfstate.backup", ".terraform.d/credentials.tfrc.json", "*.tfvars.json"], &[Json], TERRAFORM),
    kind("terraform-variables", "Secret in a Terraform variables file", High, &["*.tfvars", ".terraformrc"], &[Hcl], TERRAFORM),
    kind("wireguard", "WireGuard private key", High, &["wireguard/*.conf", "wg*.conf"], &[Pairs(Equals)], &["PrivateKey", "PresharedKey"]),
    kind("wifi", "Wi-Fi password", Medium, &["wpa_supplicant*.conf"], &[Pairs(Equals)], &["psk", "password", "wep_key*", "sae_password"]),
    kind("network-manager", "Password in a NetworkManager connection", Medium, &["*.nmconnection", "NetworkManager/system-connections/*"], &[Pairs(Equals)], &["psk", "password", "leap-password", "wep-key*", "private-key", "preshared-key", "private-key-password", "secret"]),
    kind("cloud-init", "Password in cloud-init user data", High, &["user-data", "user-data.txt", "user-data.txt.i", "cloud-config.txt", "vendor-data.txt", "vendor-data.txt.i", "vendor-cloud-config.txt", "cloud.cfg.d/*.cfg"], &[CloudConfig], &[]),
    kind("unattend", "Password in a Windows answer file", High, &["unattend.xml", "autounattend.xml", "sysprep.xml", "sysprep2008.xml", "unattend-original.xml"], &[Unattend], &[]),
    kind("sysprep-inf", "Password in an answer file of old Windows", High, &["sysprep.inf", "winnt.sif", "unattend.txt"], &[Pairs(Equals)], &["AdminPassword", "DomainAdminPassword", "DefaultPassword"]),
    kind("ec2launch", "Administrator password in the configuration of EC2Launch", High, &["EC2Launch/config/agent-config.yml", "EC2Launch/config/agent-config.yaml"], &[Pairs(Colon)], &["data"]),
    kind("ec2launch-v1", "Administrator password in the configuration of EC2Launch", High, &["Launch/Config/LaunchConfig.json"], &[Json], &["adminPassword"]),
    kind("group-policy", "Password in a preference of Group Policy, whose key Microsoft published", High, &["Groups/Groups.xml", "Services/Services.xml", "ScheduledTasks/ScheduledTasks.xml", "DataSources/DataSources.xml", "Printers/Printers.xml", "Drives/Drives.xml"], &[Attributes], &["cpassword"]),
    kind("asp-net", "Password in the configuration of a .NET application", High, &["web.config", "web.*.config", "machine.config", "*.exe.config", "*.dll.config", "appsettings.json", "appsettings.*.json", "connectionStrings.config"], &[ConnectionStrings, Xml], &["*password", "*apikey", "*secret"]),
    kind("iis", "Password in the configuration of IIS", High, &["inetsrv/config/applicationHost.config", "inetsrv/config/administration.config"], &[Xml], &[]),
    kind("winscp", "Password that WinSCP keeps", High, &["WinSCP.ini"], &[Pairs(Equals)], &["Password", "PasswordPlain"]),
    kind("filezilla", "Password that FileZilla keeps", High, &["FileZilla/sitemanager.xml", "FileZilla/recentservers.xml", "FileZilla/filezilla.xml", ".filezilla/sitemanager.xml", ".filezilla/recentservers.xml"], &[Xml], &["Pass"]),
    kind("rdcman", "Password of a remote desktop, encrypted for its user", Medium, &["*.rdg"], &[Xml], &["password"]),
    kind("wordpress", "Secrets of a WordPress site", High, &["wp-config.php"], &[Php], &["DB_PASSWORD", "AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT", "FTP_PASS"]),
    kind("tomcat", "Password of a Tomcat user", High, &["tomcat-users.xml"], &[Xml], &[]),
    kind("rclone", "Storage login in a rclone configuration", High, &["rclone.conf"], &[Pairs(Equals)], &["pass", "password", "secret_access_key", "token", "client_secret", "key", "account_key", "password2", "service_account_credentials"]),
    kind("gcloud", "Google Cloud credentials", Critical, &["application_default_credentials.json", "gcloud/legacy_credentials/*/adc.json"], &[Json], &["refresh_token", "client_secret", "private_key"]),
    kind("azure", "Azure tokens", Critical, &[".azure/accessTokens.json", ".azure/msal_token_cache.json", ".azure/service_principal_entries.json"], &[Json], &["accessToken", "refreshToken", "secret", "client_secret"]),
    kind("github-cli", "GitHub token of the gh or hub program", Critical, &["gh/hosts.yml", ".config/hub"], &[Pairs(Colon)], &["oauth_token"]),
    kind("huggingface", "Hugging Face token", High, &[".huggingface/token", "huggingface/token"], &[Whole], &[]),
    kind("kaggle", "Kaggle API key", High, &["kaggle.json"], &[Json], &["key"]),
    kind("snmp", "SNMP community or user password", High, &["snmpd.conf", "snmptrapd.conf", "snmp.local.conf"], &[Snmp], &[]),
    kind("ppp", "PPP password", High, &["ppp/chap-secrets", "ppp/pap-secrets"], &[Chap], &[]),
    kind("ipsec", "IPsec secret", High, &["ipsec.secrets", "ipsec.d/*.secrets"], &[Ipsec], &[]),
    kind("sasl", "Mail relay password in a Postfix map", High, &["sasl_passwd", "sasl/passwd"], &[Sasl], &[]),
    kind("msmtp", "Mail password in a msmtp configuration", High, &["msmtprc", ".msmtprc"], &[Pairs(Space)], &["password"]),
    kind("ssmtp", "Mail password in a ssmtp configuration", High, &["ssmtp.conf"], &[Pairs(Equals)], &["AuthPass"]),
    kind("ldap", "LDAP bind password", High, &["ldap.secret", "libnss-ldap.secret", "pam_ldap.secret"], &[Whole], &[]),
    kind("redis", "Redis password", High, &["redis.conf", "redis/*.conf"], &[Pairs(Space)], &["requirepass", "masterauth"]),
    kind("rsync", "rsync daemon password", High, &["rsyncd.secrets"], &[Colons(2)], &[]),
    kind("smb", "Password of a Windows share", High, &[".smbcredentials", ".smbcred", "smbcredentials", "etc/cifs-credentials", "cifs*/credentials", ".cifs"], &[Pairs(Equals)], &["password"]),
    kind("openvpn", "OpenVPN password", High, &["openvpn/auth*", "openvpn/*pass*", "openvpn/login*", "openvpn/cred*", "openvpn/*.auth", "openvpn/client/auth*", "openvpn/client/*pass*", "auth-user-pass", "auth-user-pass.txt"], &[TwoLines], &[]),
    kind("vault", "Vault token", Critical, &[".vault-token"], &[Whole], &[]),
    kind("htpasswd", "Password hash of a web server", High, &[".htpasswd", "htpasswd", "*.htpasswd"], &[Colons(2)], &[]),
    kind("grafana", "Grafana secret", High, &["grafana.ini", "grafana/custom.ini"], &[Pairs(Equals)], &["*password", "secret_key", "client_secret", "*_token"]),
    kind("gitlab-runner", "GitLab runner token", Critical, &["gitlab-runner/config.toml", ".gitlab-runner/config.toml"], &[Pairs(Equals)], &["token", "AccessKey", "SecretKey"]),
    kind("buildkite", "Buildkite agent token", High, &["buildkite-agent.cfg"], &[Pairs(Equals)], &["token"]),
    kind("maven", "Maven repository password", High, &[".m2/settings.xml", ".m2/settings-security.xml", "maven/conf/settings.xml", "maven/settings.xml"], &[Xml], &["password", "passphrase", "master"]),
    kind("gradle", "Secret in the properties of Gradle", High, &["gradle.properties"], &[Pairs(Equals)], &["*password*", "*token", "*secret*", "*apikey"]),
    kind("nuget", "NuGet feed password", High, &["nuget.config"], &[Xml], &["ClearTextPassword", "Password"]),
    kind("composer", "Composer repository login", High, &[".composer/auth.json", "composer/auth.json", "auth.json"], &[ComposerAuth], &["password", "token"]),
    kind("cargo", "Cargo registry token", High, &[".cargo/credentials", ".cargo/credentials.toml"], &[Pairs(Equals)], &["token"]),
    kind("gem", "RubyGems API key", High, &[".gem/credentials"], &[Pairs(Colon)], &["*api_key", "*"]),
];
