//! Places as the running system reads them.
