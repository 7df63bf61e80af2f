//! Reading single values: texts, numbers, dates and names of closed sets.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};

use super::json::{EventError, Node, Path};
use super::object::{Decode, text};
use super::{AdjustmentKind, Direction, PaymentKind, TransactionType};
use crate::{Currency, Decimal, DecimalError, DocumentNumber, Text, TextError, UnknownCurrency};

impl<const MIN: usize, const MAX: usize> Decode for Text<MIN, MAX> {
    const WANTED: &'static str = "a string";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        Self::new(text(node, path, Self::WANTED)?)
            .map_err(|error| path.error(text_code(&error), error.to_string()))
    }
}

impl Decode for DocumentNumber {
    const WANTED: &'static str = "a string of 1 to 21 of A-Z, a-z, 0-9 and the hyphen";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        Self::new(text(node, path, Self::WANTED)?)
            .map_err(|error| path.error(text_code(&error), error.to_string()))
    }
}

fn text_code(error: &TextError) -> &'static str {
    match error {
        TextError::Length { .. } => "invalid_length",
        TextError::Control { .. } | TextError::NotInAlphabet { .. } => "invalid_character",
    }
}

impl<const PLACES: u8> Decode for Decimal<PLACES> {
    const WANTED: &'static str = "a decimal number as a string, such as \"19.99\"";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        if matches!(node, Node::Number) {
            let message =
                "is a JSON number; write amounts and quantities as strings, such as \"19.99\"";
            return Err(path.error("number_not_string", message));
        }
        let number: Result<Self, _> = text(node, path, Self::WANTED)?.parse();
        number.map_err(|error| {
            let code = match error {
                DecimalError::TooPrecise { .. } => "too_many_decimals",
                DecimalError::Malformed | DecimalError::TooLarge => "invalid_amount",
            };
            path.error(code, error.to_string())
        })
    }
}

impl Decode for Currency {
    const WANTED: &'static str = "an ISO 4217 code, such as \"USD\"";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let code = text(node, path, Self::WANTED)?;
        code.parse()
            .map_err(|error: UnknownCurrency| path.error("unknown_currency", error.to_string()))
    }
}

/// Tills with a dead clock battery send 1980 and tests send 9999; neither belongs in anyone's books.
fn check_year(date: NaiveDate, path: &Path<'_>) -> Result<(), EventError> {
    if (1990..=2100).contains(&date.year()) {
        return Ok(());
    }
    Err(path.error(
        "invalid_date",
        format!(
            "lies in the year {}; dates from 1990 to 2100 are taken in",
            date.year()
        ),
    ))
}

impl Decode for DateTime<FixedOffset> {
    const WANTED: &'static str =
        "an RFC 3339 instant with the store's offset, such as \"2026-11-20T18:22:05-05:00\"";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let parsed = DateTime::parse_from_rfc3339(text(node, path, Self::WANTED)?);
        let instant =
            parsed.map_err(|_| path.error("invalid_date", format!("is not {}", Self::WANTED)))?;
        check_year(instant.date_naive(), path)?;
        Ok(instant)
    }
}

impl Decode for NaiveDate {
    const WANTED: &'static str = "a calendar date, such as \"2026-11-20\"";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let text = text(node, path, Self::WANTED)?;
        // chrono alone would also take "2026-1-2" and "+2026-01-02".
        let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = if shaped { text.parse().ok() } else { None };
        let date =
            date.ok_or_else(|| path.error("invalid_date", format!("is not {}", Self::WANTED)))?;
        check_year(date, path)?;
        Ok(date)
    }
}

impl Decode for TransactionType {
    const WANTED: &'static str = "a string";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let names = Self::ALL.map(|kind| (kind.as_str(), kind));
        choice(node, path, &names)
    }
}

impl Decode for PaymentKind {
    const WANTED: &'static str = "a string";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let names = [
            ("tender", Self::Tender),
            ("change", Self::Change),
            ("deposit_applied", Self::DepositApplied),
        ];
        choice(node, path, &names)
    }
}

impl Decode for AdjustmentKind {
    const WANTED: &'static str = "a string";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        choice(
            node,
            path,
            &[
                ("adjustment", Self::Adjustment),
                ("physical_count", Self::PhysicalCount),
            ],
        )
    }
}

impl Decode for Direction {
    const WANTED: &'static str = "\"in\" or \"out\"";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        choice(node, path, &[("in", Self::In), ("out", Self::Out)])
    }
}

/// One of a closed set of names.
fn choice<T: Copy>(node: &Node<'_>, path: &Path<'_>, names: &[(&str, T)]) -> Result<T, EventError> {
    let given = text(node, path, "a string")?;
    let found = names.iter().find(|(name, _)| *name == given);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let choices = names
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ");
        path.error("invalid_choice", format!("is not one of {choices}"))
    })
}
