//! Keys that held a moment ago, so that a caller of many requests is looked up twice a second and not at each.
//!
//! A key revoked, or a tenant suspended, by another process is refused here at most [`LIFE`] later, well within the second
//! that is promised; by this process, at once. Only hashes are kept.

use crate::access::Caller;
use entity::id::ApiKeyId;
use moka::sync::Cache;
use std::time::Duration;

/// How long an answer of the database holds.
const LIFE: Duration = Duration::from_millis(500);
/// Keys kept at the most; beyond it the least used are looked up again.
const KEYS_MAX: u64 = 10_000;

/// Who presented which key within the last half second.
pub(crate) struct Recent(Cache<(ApiKeyId, Vec<u8>), Caller>);

impl Recent {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(KEYS_MAX)
                .time_to_live(LIFE)
                .build(),
        )
    }

    /// Who this key made the caller, where that is still fresh.
    pub(crate) fn find(&self, id: ApiKeyId, hash: &[u8]) -> Option<Caller> {
        self.0.get(&(id, hash.to_vec()))
    }

    pub(crate) fn keep(&self, id: ApiKeyId, hash: Vec<u8>, caller: &Caller) {
        self.0.insert((id, hash), caller.clone());
    }

    /// After a key was revoked or a tenant changed: everybody is looked up again.
    pub(crate) fn forget_all(&self) {
        self.0.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_key_is_found_and_not_after_it_was_forgotten() {
        let (recent, id) = (Recent::new(), ApiKeyId::new());
        recent.keep(id, vec![1; 32], &Caller::Platform);
        assert_eq!(recent.find(id, &[1; 32]), Some(Caller::Platform));
        assert_eq!(recent.find(id, &[2; 32]), None);
        assert_eq!(recent.find(ApiKeyId::new(), &[1; 32]), None);
        recent.forget_all();
        assert_eq!(recent.find(id, &[1; 32]), None);
    }
}
