//! The names under which requests go out: derived, never drawn, so that whoever makes them again makes the same.

use super::mutant::{Mutant, acts, draw};
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// What an entry's request id is made of.
#[derive(Clone, Copy, Debug)]
pub struct RequestIdOf<'a> {
    /// Which world: live or test.
    pub environment: &'a str,
    /// Whose.
    pub tenant: &'a str,
    /// In which company.
    pub company: &'a str,
    /// Of which event.
    pub event: &'a str,
    /// Which of its entries.
    pub generation: i32,
}

/// The request id of a generation: the same whenever and wherever it is made, so that a database that forgot the attempt
/// would send the same. 32 characters: short enough for single requests and batches.
#[must_use]
pub fn request_id(of: &RequestIdOf<'_>) -> String {
    if acts(Mutant::RandomIds) {
        return derived_id(["drawn", &draw().to_string()]);
    }
    derived_id([
        "journal entry/1",
        of.environment,
        of.tenant,
        of.company,
        of.event,
        &of.generation.to_string(),
    ])
}

/// The request id of a batch whose items would singly go out under `request_ids`, in this order.
#[must_use]
pub fn batch_request_id<'a>(request_ids: impl IntoIterator<Item = &'a str>) -> String {
    derived_id(std::iter::once("journal entry batch/1").chain(request_ids))
}

/// A request id made of `parts`, of which the first says for what.
#[must_use]
pub fn derived_id<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length first, so that no two lists of parts run together into one text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = BASE32_NOPAD.encode(&hash.finalize());
    text.make_ascii_lowercase();
    text.truncate(30);
    text.insert_str(0, "tp");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_derived_and_differs_by_every_part() {
        let of = RequestIdOf {
            environment: "live",
            tenant: "a",
            company: "1",
            event: "e",
            generation: 1,
        };
        let base = request_id(&of);
        assert_eq!(base, request_id(&of));
        assert_eq!(base.len(), 32);
        for other in [
            RequestIdOf {
                environment: "test",
                ..of
            },
            RequestIdOf { tenant: "b", ..of },
            RequestIdOf { company: "2", ..of },
            RequestIdOf { event: "f", ..of },
            RequestIdOf {
                generation: 2,
                ..of
            },
        ] {
            assert_ne!(base, request_id(&other));
        }
    }

    #[test]
    fn a_batch_is_named_for_its_items_and_their_order() {
        let base = batch_request_id(["a", "b"]);
        assert_eq!(base.len(), 32);
        assert_eq!(base, batch_request_id(["a", "b"]));
        for other in [&["b", "a"][..], &["a"], &["ab"], &["a", "b", "c"]] {
            assert_ne!(base, batch_request_id(other.iter().copied()));
        }
    }
}
