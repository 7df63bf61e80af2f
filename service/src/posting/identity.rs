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

/// The markers in a note, as [`marker`] writes them: whose event, and of which content. What a person wrote beside them is
/// left out, and so is a text that only looks like one.
pub(crate) fn markers(note: &str) -> Vec<(EventId, String)> {
    let inside = note
        .split("[tillpost ")
        .skip(1)
        .filter_map(|rest| rest.split_once(']'));
    inside
        .filter_map(|(inside, _)| {
            let (event, hash) = inside.split_once(' ')?;
            let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
            Some((event.parse().ok()?, is_hash.then(|| hash.to_owned())?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_back_wherever_it_stands_and_nothing_else_is() {
        let (one, other) = (EventId::new(), EventId::new());
        let hash = content_hash(["x".to_owned()]);
        let note = format!(
            "memo {} checked [tillpost nobody {hash}] [tillpost {other}] {}",
            marker(one, &hash),
            marker(other, &hash)
        );
        assert_eq!(markers(&note), [(one, hash.clone()), (other, hash)]);
        assert_eq!(markers("[tillpost "), []);
    }
}
