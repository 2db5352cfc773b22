//! Examples of the commands that have few flags, as their help shows them.

pub(super) const DEMO: &str = "\
Examples:
  assay demo
  assay demo --format html -o report.html       a page for a browser
  assay demo --verbose                          every place, and why it matters";

pub(super) const LAYOUT: &str = "\
Examples:
  assay layout disk.raw
  assay layout disk.qcow2                       or VMDK, VHD(X), VDI, OVA, disk.raw.zst …
  assay layout /dev/nvme1n1                     an attached volume, read-only";

pub(super) const RULES: &str = "\
Examples:
  assay rules list
  assay rules show ssh-host-key
  assay rules check --signatures my-rules       the program's rules and your own";

pub(super) const RULES_LIST: &str = "\
Examples:
  assay rules list
  assay rules list --format markdown";

pub(super) const RULES_SHOW: &str = "\
Examples:
  assay rules show ssh-host-key";

pub(super) const RULES_CHECK: &str = "\
Examples:
  assay rules check
  assay rules check --signatures my-rules";

pub(super) const COMPLETIONS: &str = "\
Examples:
  assay completions bash > ~/.local/share/bash-completion/completions/assay
  assay completions zsh > ~/.zfunc/_assay
  assay completions fish > ~/.config/fish/completions/assay.fish";
