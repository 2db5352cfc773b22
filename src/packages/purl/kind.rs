//! The types of package URLs, and what each asks of its parts.

use std::fmt;

/// Whether a part must, may or must not be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Required,
    Optional,
    Prohibited,
}

/// The form into which a part is brought.
#[derive(Clone, Copy)]
pub(super) enum Form {
    AsIs,
    Lower,
    Upper,
    /// Lower case, dashes in place of underscores.
    Pypi,
    /// Lower case, underscores in place of all but letters and digits.
    Pub,
}

impl Form {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::AsIs => text.to_owned(),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Pypi => text.to_lowercase().replace('_', "-"),
            Self::Pub => text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
        }
    }
}

/// What a type asks of its parts.
pub(super) struct Definition {
    pub(super) namespace: Rule,
    pub(super) namespace_form: Form,
    pub(super) name_form: Form,
    pub(super) version_form: Form,
}

/// Declares the types: variant, name, namespace, forms of namespace, name and version.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $rule:ident $namespace:ident $own:ident $version:ident;)*) => {
        /// A type of packages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them, by name.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name in a package URL.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            pub(super) const fn definition(self) -> Definition {
                let (namespace, namespace_form, name_form, version_form) = match self {
                    $(Self::$kind => (Rule::$rule, Form::$namespace, Form::$own, Form::$version),)*
                };
                Definition { namespace, namespace_form, name_form, version_form }
            }
        }
    };
}

kinds! {
    /// Arch Linux.
    Alpm "alpm" Required Lower Lower AsIs;
    /// Alpine Linux.
    Apk "apk" Required Lower Lower AsIs;
    /// Bitnami.
    Bitnami "bitnami" Prohibited AsIs Lower AsIs;
    /// Homebrew.
    Brew "brew" Optional Lower Lower AsIs;
    /// Rust.
    Cargo "cargo" Prohibited AsIs AsIs AsIs;
    /// PHP.
    Composer "composer" Required Lower Lower AsIs;
    /// Conda.
    Conda "conda" Prohibited AsIs AsIs AsIs;
    /// Perl.
    Cpan "cpan" Optional Upper AsIs AsIs;
    /// R.
    Cran "cran" Prohibited AsIs AsIs AsIs;
    /// Debian and its derivatives.
    Deb "deb" Required Lower Lower AsIs;
    /// Flatpak. Not in the list of registered types, but in use.
    Flatpak "flatpak" Optional AsIs AsIs AsIs;
    /// Ruby.
    Gem "gem" Prohibited AsIs AsIs AsIs;
    /// What has no package manager.
    Generic "generic" Optional AsIs AsIs AsIs;
    /// A repository at GitHub.
    Github "github" Required Lower Lower AsIs;
    /// Go. The specification asks for a namespace, but everybody writes `pkg:golang/stdlib`; it says both that names
    /// have a case and that they lose it: they keep it here, as import paths do.
    Golang "golang" Optional AsIs AsIs AsIs;
    /// Haskell.
    Hackage "hackage" Prohibited AsIs AsIs AsIs;
    /// Erlang, Elixir.
    Hex "hex" Optional Lower Lower AsIs;
    /// Julia.
    Julia "julia" Prohibited AsIs AsIs AsIs;
    /// Lua.
    Luarocks "luarocks" Optional Lower Lower AsIs;
    /// Java.
    Maven "maven" Required AsIs AsIs AsIs;
    /// Nix. Not in the list of registered types, but in use.
    Nix "nix" Optional AsIs AsIs AsIs;
    /// JavaScript. The namespace is the scope, with its `@`.
    Npm "npm" Optional AsIs AsIs AsIs;
    /// .NET.
    Nuget "nuget" Prohibited AsIs AsIs AsIs;
    /// Dart.
    Pub "pub" Prohibited AsIs Pub AsIs;
    /// Python.
    Pypi "pypi" Prohibited AsIs Pypi Lower;
    /// Red Hat, SUSE, Amazon and others.
    Rpm "rpm" Required Lower AsIs AsIs;
    /// Snap. Not in the list of registered types, but in use.
    Snap "snap" Optional AsIs AsIs AsIs;
    /// Swift.
    Swift "swift" Required AsIs AsIs AsIs;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Declares the qualifiers: variant and key, by key.
macro_rules! qualifiers {
    ($($(#[$doc:meta])* $qualifier:ident $key:literal;)*) => {
        /// What a package URL may say beside name and version. The variants are in the order of their keys.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Qualifier {
            $($(#[$doc])* $qualifier,)*
        }

        impl Qualifier {
            /// All of them, by key.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$qualifier),*];

            /// Its key in a package URL.
            pub const fn key(self) -> &'static str {
                match self {
                    $(Self::$qualifier => $key,)*
                }
            }
        }
    };
}

qualifiers! {
    /// The machine it is for.
    Arch "arch";
    /// CPAN's name of the author.
    Author "author";
    /// The build of a conda package.
    Build "build";
    /// The channel of a conda package.
    Channel "channel";
    /// Digests, `sha256:…`, with commas between them.
    Checksum "checksum";
    /// Maven's classifier.
    Classifier "classifier";
    /// The distribution and its release: `debian-12`.
    Distro "distro";
    /// Where it can be had.
    DownloadUrl "download_url";
    /// RPM's epoch.
    Epoch "epoch";
    /// The name of the file.
    FileName "file_name";
    /// The platform of a gem.
    Platform "platform";
    /// The repository, where it is not the usual one.
    RepositoryUrl "repository_url";
    /// The revision of a snap.
    Revision "revision";
    /// The module and stream of an RPM.
    Rpmmod "rpmmod";
    /// The platform of a conda package.
    Subdir "subdir";
    /// The extension of the file.
    Type "type";
    /// The package that it was built from.
    Upstream "upstream";
    /// The identifier of a Julia package.
    Uuid "uuid";
    /// The source repository.
    VcsUrl "vcs_url";
}
