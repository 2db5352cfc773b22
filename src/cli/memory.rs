//! How much memory this process may have, where somebody limited it: by `ulimit -v`, or around a container. An audit
//! that stays within that ends with a report, one that does not with the process.

use std::fs;
use std::path::Path;

use crate::budget::Budget;

/// `budget`, for as much memory as there is.
pub(super) fn within(budget: Budget) -> Budget {
    limit().map_or(budget, |bytes| budget.within_memory(bytes))
}

/// Bytes that this process may have, if that is limited.
fn limit() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    of_address_space(&limits).into_iter().chain(of_groups(&groups, Path::new("/sys/fs/cgroup"))).min()
}

/// The soft limit of the address space, in the text of `/proc/self/limits`.
fn of_address_space(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The least limit of the control groups (version 2) that this process is in, and of those around them.
fn of_groups(groups: &str, root: &Path) -> Option<u64> {
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let own = root.join(group);
    let around = own.ancestors().take_while(|path| path.starts_with(root));
    around.filter_map(|path| fs::read_to_string(path.join("memory.max")).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_counts() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max address space         3000000000           unlimited            bytes\n";
        assert_eq!(of_address_space(limits), Some(3_000_000_000));
        assert_eq!(of_address_space(&limits.replace("3000000000", "unlimited ")), None);
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        assert_eq!(of_groups("0::/a/b\n", dir.path()), None);
        fs::write(dir.path().join("a/memory.max"), "536870912\n").unwrap();
        assert_eq!(of_groups("0::/a/b\n", dir.path()), Some(512 << 20));
    }
}
