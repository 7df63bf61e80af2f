//! Versions of what two people may change: who names the one they saw does not overwrite another's change.

use crate::error::Error;
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The versions a caller is content with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is now.
    Any,
    /// One of these tags.
    OneOf(Vec<String>),
}

/// The tag of a thing that reads so: another one as soon as it reads otherwise.
#[must_use]
pub fn tag(view: &impl Serialize) -> String {
    let text = serde_json::to_vec(view).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(text)[..16])
}

/// Looks, under the lock of its row, whether `what` is still as the caller saw it.
///
/// # Errors
/// `changed_meanwhile`.
pub(crate) fn check(expected: &Expected, now: &str, what: &str) -> Result<(), Error> {
    match expected {
        Expected::OneOf(tags) if !tags.iter().any(|tag| tag == now) => Err(Error::Stale {
            code: "changed_meanwhile",
            detail: format!(
                "{what} changed since you read it: the ETag is now \"{now}\"; read it again, and send what you want with the new If-Match"
            ),
        }),
        Expected::Any | Expected::OneOf(_) => Ok(()),
    }
}
