//! Which volumes of an image are parts of one file system.

use std::collections::BTreeMap;

use crate::fs::{POOLS, Pool};
use crate::volume::stack::{self, Device};

/// What a volume is to the file system on it.
#[derive(Clone)]
pub(super) enum Role {
    /// All there is of it.
    Alone,
    /// The first of several; all of them, by index.
    First(&'static Pool, Vec<usize>),
    /// One of several, with the index of the first.
    Later(usize),
}

/// The role of each of `devices`. A second copy of a device is a file system of its own: it is read, too.
pub(super) fn roles(devices: &[Device]) -> Vec<Role> {
    let mut roles = vec![Role::Alone; devices.len()];
    for pool in POOLS {
        let mut groups: BTreeMap<[u8; 16], BTreeMap<u64, usize>> = BTreeMap::new();
        let contents = devices.iter().enumerate().filter(|(_, device)| device.role == stack::Role::Content);
        for (index, device) in contents {
            if let Some(member) = (pool.identify)(&*device.source) {
                groups.entry(member.pool).or_default().entry(member.device).or_insert(index);
            }
        }
        for group in groups.values().filter(|group| group.len() > 1) {
            let mut members: Vec<usize> = group.values().copied().collect();
            members.sort_unstable();
            let Some(&first) = members.first() else { continue };
            for &member in &members {
                if let Some(role) = roles.get_mut(member) {
                    let all = || Role::First(pool, members.clone());
                    *role = if member == first { all() } else { Role::Later(first) };
                }
            }
        }
    }
    roles
}
