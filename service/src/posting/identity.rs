//! What tells our entries from all others: ids that are derived, not drawn, and the marker in the entry's private note.

use accounting::posting::{self, RequestIdOf};
use data_encoding::BASE32_NOPAD;
use entity::id::{EventId, TenantId};
use sha2::{Digest, Sha256};

/// The request id of a generation: the same whenever and wherever it is made.
pub(crate) fn request_id(
    environment: &str,
    tenant: TenantId,
    company_id: &str,
    event: EventId,
    generation: i32,
) -> String {
    posting::request_id(&RequestIdOf {
        environment,
        tenant: &tenant.to_string(),
        company: company_id,
        event: &event.to_string(),
        generation,
    })
}

/// A request id made of `parts`, of which the first says for what.
pub(crate) fn derived_id(parts: &[&str]) -> String {
    posting::derived_id(parts.iter().copied())
}

/// Sixteen letters that stand for an entry's number, date and lines.
pub(crate) fn content_hash(parts: impl IntoIterator<Item = String>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    BASE32_NOPAD.encode(&hash.finalize()).to_lowercase()[..16].to_owned()
}

/// The marker at the end of the private note: whose event the entry is, and of which content.
pub(crate) fn marker(event: EventId, content_hash: &str) -> String {
    format!("[tillpost {event} {content_hash}]")
}
