//! How a file writes values, by its path.

/// What a file is written in, as far as its values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON and its kin, JSON5 and JSON Lines.
    Json,
    /// YAML.
    Yaml,
    /// Sections and keys, with a value to the end of the line: INI, configuration of most daemons.
    Ini,
    /// TOML, HCL: values are quoted.
    Toml,
    /// Java's properties.
    Properties,
    /// Lines of `NAME=value`, as Docker and dotenv read them.
    Environment,
    /// Commands of a shell.
    Shell,
    /// XML, HTML.
    Xml,
    /// SQL.
    Sql,
    /// Comma-separated values.
    Table,
    /// Source code of a language.
    Code(Language),
    /// Anything else: logs, notes, files without a name that says what they are.
    Text,
}

/// Languages, by how they write strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Strings next to each other are one.
    Joining,
    /// Single quotes know two escapes only; `.` joins.
    Php,
    /// The same, and `+`.
    Ruby,
    /// `..` joins.
    Lua,
    /// `&` joins, doubled quotes are one.
    Basic,
    /// Both quotes with the escapes of C; `+` joins.
    Other,
}

/// Endings of names.
const ENDS: &[(Syntax, &[&str])] = &[
    (Syntax::Json, &["json", "jsonl", "json5", "ndjson", "jsonc", "ipynb", "tfstate", "dockercfg"]),
    (Syntax::Yaml, &["yml", "yaml", "eyaml", "sls", "raml"]),
    (
        Syntax::Ini,
        &[
            "ini",
            "cfg",
            "conf",
            "cnf",
            "config",
            "service",
            "timer",
            "socket",
            "desktop",
            "repo",
            "list",
            "netdev",
            "network",
            "nmconnection",
            "inf",
            "url",
            "rdp",
            "pypirc",
            "htpasswd",
            "settings",
            "editorconfig",
            "gitconfig",
            "my.cnf",
            "cf",
            "ovpn",
        ],
    ),
    (Syntax::Toml, &["toml", "tf", "tfvars", "hcl", "nomad", "dhall", "nix", "auto.tfvars"]),
    (Syntax::Properties, &["properties", "props"]),
    (Syntax::Environment, &["env", "envrc", "environment", "dotenv"]),
    (Syntax::Shell, &["sh", "bash", "zsh", "ksh", "fish", "profile", "bashrc", "bash_history", "mk", "make"]),
    (Syntax::Xml, &["xml", "html", "htm", "xhtml", "plist", "xsl", "csproj", "pom", "jmx", "xaml", "svg"]),
    (Syntax::Sql, &["sql", "psql", "mysql", "pgsql", "ddl"]),
    (Syntax::Table, &["csv", "tsv"]),
    (Syntax::Code(Language::Joining), &["py", "pyi", "pyw", "pyc", "c", "h", "cc", "cpp", "hpp", "cxx", "d"]),
    (Syntax::Code(Language::Php), &["php", "php5", "phtml", "inc", "module"]),
    (Syntax::Code(Language::Ruby), &["rb", "pl", "pm", "t", "erb", "rake", "gemspec", "pp", "jl", "cr"]),
    (Syntax::Code(Language::Lua), &["lua"]),
    (Syntax::Code(Language::Basic), &["vb", "vbs", "bas", "asp", "aspx"]),
    (
        Syntax::Code(Language::Other),
        &[
            "js", "mjs", "cjs", "ts", "jsx", "tsx", "vue", "svelte", "java", "kt", "kts", "scala", "groovy",
            "gradle", "go", "rs", "cs", "swift", "dart", "el", "vim", "ex", "exs", "erl", "hrl", "clj", "hs",
            "r", "m", "ps1",
        ],
    ),
];

/// Names of files, and beginnings of names.
const NAMES: &[(Syntax, &[&str])] = &[
    (Syntax::Environment, &[".env", "environment", "env", "sysconfig"]),
    (
        Syntax::Shell,
        &["Dockerfile", "Containerfile", "Makefile", "GNUmakefile", "crontab", "Procfile", "Vagrantfile."],
    ),
    (Syntax::Code(Language::Ruby), &["Vagrantfile", "Gemfile", "Rakefile", "Capfile"]),
    (Syntax::Code(Language::Other), &["Jenkinsfile"]),
    (
        Syntax::Ini,
        &[".my.cnf", ".pypirc", ".netrc", ".pgpass", ".npmrc", ".s3cfg", ".boto", ".gitconfig", ".wgetrc"],
    ),
];

impl Syntax {
    /// That of the file at `path`. Copies count as what they are copies of: `app.yml.bak`, `.env.production`.
    pub fn of_path(path: &[u8]) -> Self {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let named = |known: &&str| {
            name.strip_prefix(known.as_bytes())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b".") || rest.starts_with(b"-"))
        };
        let last = name.rsplit(|&byte| byte == b'.').next().filter(|last| last.len() < name.len());
        let by_ending = last.and_then(of_ending).filter(|_| !name.starts_with(b".env"));
        if let Some(syntax) = by_ending {
            return syntax;
        }
        if let Some((syntax, _)) = NAMES.iter().find(|(_, names)| names.iter().any(named)) {
            return *syntax;
        }
        let mut ends = name.rsplit(|&byte| byte == b'.').take(3);
        let mut found = ends.find_map(of_ending);
        if found.is_none() && name.ends_with(b"_history") {
            found = Some(Self::Shell);
        }
        found.unwrap_or(Self::Text)
    }

    /// Whether only literals are values: names and calls stand beside them.
    pub fn is_code(self) -> bool {
        matches!(self, Self::Code(_))
    }

    /// Whether a program reads it for its settings.
    pub fn is_configuration(self) -> bool {
        matches!(
            self,
            Self::Json
                | Self::Yaml
                | Self::Ini
                | Self::Toml
                | Self::Properties
                | Self::Environment
                | Self::Xml
        )
    }
}

fn of_ending(ending: &[u8]) -> Option<Syntax> {
    let is_it = |known: &&str| known.as_bytes().eq_ignore_ascii_case(ending);
    ENDS.iter().find(|(_, ends)| ends.iter().any(is_it)).map(|(syntax, _)| *syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_how_its_file_is_written() {
        for (path, syntax) in [
            ("/srv/app/config.json", Syntax::Json),
            ("/srv/app/docker-compose.yml.bak", Syntax::Yaml),
            ("/srv/app/.env.production", Syntax::Environment),
            ("/srv/app/prod.env", Syntax::Environment),
            ("/etc/environment", Syntax::Environment),
            ("/srv/Dockerfile", Syntax::Shell),
            ("/srv/Dockerfile.prod", Syntax::Shell),
            ("/root/.bash_history", Syntax::Shell),
            ("/etc/app.conf", Syntax::Ini),
            ("/srv/settings.py", Syntax::Code(Language::Joining)),
            ("/srv/wp-config.php", Syntax::Code(Language::Php)),
            ("/var/log/syslog", Syntax::Text),
        ] {
            assert_eq!(Syntax::of_path(path.as_bytes()), syntax, "{path}");
        }
    }
}
