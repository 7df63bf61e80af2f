//! What tells our entries from all others: ids that are derived, not drawn, and the marker in the entry's private note.

use data_encoding::BASE32_NOPAD;
use entity::id::{EventId, TenantId};
use sha2::{Digest, Sha256};

/// The request id of a generation: the same whenever and wherever it is made, so that a database that forgot the attempt
/// would send the same. 32 characters: short enough for single requests and batches.
pub(crate) fn request_id(
    environment: &str,
    tenant: TenantId,
    company_id: &str,
    event: EventId,
    generation: i32,
) -> String {
    derived_id(&[
        "journal entry/1",
        environment,
        &tenant.to_string(),
        company_id,
        &event.to_string(),
        &generation.to_string(),
    ])
}

/// A request id made of `parts`, of which the first says for what.
pub(crate) fn derived_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length first, so that no two lists of parts run together into one text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let text = BASE32_NOPAD.encode(&hash.finalize()).to_lowercase();
    format!("tp{}", &text[..30])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_derived_and_differs_by_every_part() {
        let (tenant, event) = (TenantId::new(), EventId::new());
        let base = request_id("live", tenant, "1", event, 1);
        assert_eq!(base, request_id("live", tenant, "1", event, 1));
        assert_eq!(base.len(), 32);
        for other in [
            request_id("test", tenant, "1", event, 1),
            request_id("live", TenantId::new(), "1", event, 1),
            request_id("live", tenant, "2", event, 1),
            request_id("live", tenant, "1", EventId::new(), 1),
            request_id("live", tenant, "1", event, 2),
        ] {
            assert_ne!(base, other);
        }
    }
}
