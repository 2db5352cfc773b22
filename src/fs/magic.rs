//! stub
use crate::bytes::*;
pub struct Recognised {
    pub name: &'static str,
    pub kind: crate::finding::GapKind,
    pub detail: String,
}
pub fn recognise(_: &dyn Source) -> Option<Recognised> {
    None
}
pub fn is_blank(_: &dyn Source) -> Result<Option<bool>, ReadError> {
    Ok(None)
}
