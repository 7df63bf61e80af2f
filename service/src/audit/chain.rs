//! The chain of an audit log, as anyone can check it with an export alone.
//!
//! An export is one JSON object a line, each in the canonical form of RFC 8785 (JCS). The hash of a record is the SHA-256 of
//! the object without its `hash`, in that form; `previous_hash` is the `hash` of the record before, and 64 zeros in the first;
//! `sequence` counts from 1 without gaps. So the hash of the last record stands for all of them: whoever kept it, with its
//! number, can tell that nothing before was changed and nothing was cut off.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The largest whole number that every reader of JSON reads as it is.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// A place in a chain: a record's number and its hash, which stands for it and all before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The record's number; 0 is before the first.
    pub sequence: i64,
    /// The record's hash, in 64 hexadecimal digits.
    pub hash: String,
}

impl Default for Anchor {
    /// Before the first record.
    fn default() -> Self {
        Self {
            sequence: 0,
            hash: "0".repeat(64),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

/// A text that is no anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an anchor is a record's number, a colon and its hash of 64 hexadecimal digits, as in `17:9f86…`"
)]
pub struct InvalidAnchor;

impl FromStr for Anchor {
    type Err = InvalidAnchor;

    fn from_str(text: &str) -> Result<Self, InvalidAnchor> {
        let (sequence, hash) = text.split_once(':').ok_or(InvalidAnchor)?;
        let digits =
            hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match sequence.parse() {
            Ok(sequence) if digits && sequence >= 0 => Ok(Self {
                sequence,
                hash: hash.to_owned(),
            }),
            _ => Err(InvalidAnchor),
        }
    }
}

/// Where a chain breaks, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// A line is no record, or not in the canonical form.
    #[error(
        "what should be record {sequence} is not a record in its canonical form on a whole line"
    )]
    Malformed {
        /// The number that should stand here.
        sequence: i64,
    },
    /// Records are missing, stand twice, or were moved.
    #[error("record {found} stands where record {sequence} should")]
    Sequence {
        /// The number that should stand here.
        sequence: i64,
        /// The one that does.
        found: i64,
    },
    /// The record is another tenant's.
    #[error("record {sequence} is of the log of {found}")]
    Tenant {
        /// Its number.
        sequence: i64,
        /// Whose it is.
        found: String,
    },
    /// The record does not follow upon the one before it.
    #[error("record {sequence} does not name the hash of the record before it")]
    Link {
        /// Its number.
        sequence: i64,
    },
    /// The record was changed.
    #[error("record {sequence} is not what its hash was taken over")]
    Hash {
        /// Its number.
        sequence: i64,
    },
    /// The chain is whole, and is not the one that the anchor was taken of.
    #[error(
        "record {sequence} is not the one that the anchor was taken of: the log was written anew"
    )]
    Anchor {
        /// Its number.
        sequence: i64,
    },
    /// Nothing is there, where the first record tells that the tenant was made.
    #[error("no record is there, and the first told that the tenant was made")]
    Empty,
    /// The end is missing.
    #[error("the log ends with record {last}, and once went on to record {anchor}")]
    Cut {
        /// The last record that is there.
        last: i64,
        /// The one that was there.
        anchor: i64,
    },
}

/// A chain that is checked a record at a time, from a place where it is trusted.
#[derive(Debug, Clone)]
pub struct Chain {
    tenant: Option<String>,
    at: Anchor,
    anchors: Vec<Anchor>,
}

impl Chain {
    /// Begins after `start`, and is to run through each of `anchors`. The tenant is the first record's where none is given.
    #[must_use]
    pub fn after(start: Anchor, anchors: Vec<Anchor>, tenant: Option<String>) -> Self {
        Self {
            tenant,
            at: start,
            anchors,
        }
    }

    /// The last record that was checked.
    #[must_use]
    pub fn at(&self) -> &Anchor {
        &self.at
    }

    /// Checks the next record of an export, as its line stands there.
    ///
    /// # Errors
    /// How the chain breaks here.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Break> {
        let malformed = Break::Malformed {
            sequence: self.at.sequence + 1,
        };
        let Ok(Value::Object(record)) = serde_json::from_slice(line) else {
            return Err(malformed);
        };
        // Byte for byte, so that nothing can be added that a reader sees and the hash does not.
        match canonical(&record) {
            Some(form) if form == line => self.record(record),
            _ => Err(malformed),
        }
    }

    /// Checks the next record.
    ///
    /// # Errors
    /// How the chain breaks here.
    pub fn record(&mut self, mut record: Map<String, Value>) -> Result<(), Break> {
        let sequence = self.at.sequence + 1;
        let malformed = || Break::Malformed { sequence };
        let Some(Value::String(hash)) = record.remove("hash") else {
            return Err(malformed());
        };
        let text = |name| record.get(name).and_then(Value::as_str);
        let found = record
            .get("sequence")
            .and_then(Value::as_i64)
            .ok_or_else(malformed)?;
        if found != sequence {
            return Err(Break::Sequence { sequence, found });
        }
        let tenant = text("tenant_id").ok_or_else(malformed)?.to_owned();
        if self.tenant.as_ref().is_some_and(|own| *own != tenant) {
            return Err(Break::Tenant {
                sequence,
                found: tenant,
            });
        }
        if text("previous_hash") != Some(&self.at.hash) {
            return Err(Break::Link { sequence });
        }
        if hash_of(&record).as_ref() != Some(&hash) {
            return Err(Break::Hash { sequence });
        }
        if self
            .anchors
            .iter()
            .any(|anchor| anchor.sequence == sequence && anchor.hash != hash)
        {
            return Err(Break::Anchor { sequence });
        }
        self.tenant = Some(tenant);
        self.at = Anchor { sequence, hash };
        Ok(())
    }

    /// There are no more records.
    ///
    /// # Errors
    /// [`Break::Cut`] where an anchor lies beyond the last record.
    pub fn end(self) -> Result<Anchor, Break> {
        let furthest = self.anchors.iter().map(|anchor| anchor.sequence).max();
        match furthest {
            Some(anchor) if anchor > self.at.sequence => Err(Break::Cut {
                last: self.at.sequence,
                anchor,
            }),
            _ => Ok(self.at),
        }
    }
}

/// The hash of a record that has no `hash` yet.
fn hash_of(record: &Map<String, Value>) -> Option<String> {
    let form = canonical(record)?;
    Some(data_encoding::HEXLOWER.encode(&Sha256::digest(form)))
}

/// The canonical form of RFC 8785; none where a number has none.
pub(super) fn canonical(value: &impl serde::Serialize) -> Option<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value).ok()
}

/// What may stand in a record: numbers that are not whole, or that some reader would round, become texts.
pub(super) fn exact(value: Value) -> Value {
    match value {
        Value::Number(number)
            if number.as_u64().is_some_and(|n| n <= EXACT_MAX)
                || number
                    .as_i64()
                    .is_some_and(|n| n.unsigned_abs() <= EXACT_MAX) =>
        {
            Value::Number(number)
        }
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(items) => items.into_iter().map(exact).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, exact(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
