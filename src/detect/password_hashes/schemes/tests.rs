use super::*;

fn fits(hash: &str, password: &[u8]) -> bool {
    parse(hash.as_bytes()).unwrap_or_else(|| panic!("{hash} is no hash")).fits(password)
}
