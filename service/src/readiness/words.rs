//! What a person reads of the mapping's readiness.

use super::{BrokenMapping, Missing};
use crate::location_mapping::LocationMapping;
use accounting::{Missing as Need, Slot};
use std::collections::HashMap;

/// What a person reads while no account is mapped and no event asks for one.
pub(crate) const NOTHING_MAPPED: &str =
    "Nothing is mapped yet: map accounts, or send events and take the suggestions.";

/// How many of what is missing the message names.
const NAMED_MAX: usize = 3;

/// How ready the mapping is, in a sentence or a few.
pub(super) fn message(
    nothing_mapped: bool,
    missing: &[Missing],
    broken: &[BrokenMapping],
    broken_locations: &[LocationMapping],
) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        let accounts = accounts(missing);
        let more = accounts.len().saturating_sub(NAMED_MAX);
        let and_more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        parts.push(format!(
            "{} missing: {}{and_more}.",
            counted(accounts.len(), "account is", "accounts are"),
            accounts[..accounts.len().min(NAMED_MAX)].join(", ")
        ));
    }
    if !broken.is_empty() {
        parts.push(format!(
            "{} broken: {}.",
            counted(broken.len(), "mapping is", "mappings are"),
            broken
                .iter()
                .take(NAMED_MAX)
                .filter_map(|row| row.mapping.broken.clone())
                .collect::<Vec<_>>()
                .join("; ")
        ));
    }
    if !broken_locations.is_empty() {
        parts.push(format!(
            "{} broken: {}.",
            counted(broken_locations.len(), "location is", "locations are"),
            broken_locations
                .iter()
                .take(NAMED_MAX)
                .filter_map(|row| Some(format!("{}: {}", row.location, row.broken.as_ref()?)))
                .collect::<Vec<_>>()
                .join("; ")
        ));
    }
    if parts.is_empty() && nothing_mapped {
        return NOTHING_MAPPED.to_owned();
    }
    if parts.is_empty() {
        return "Ready: everything that events ask for has its account.".to_owned();
    }
    parts.join(" ")
}

/// The accounts that are missing, as a person names them, in the order of what is missing: one for each slot and key, since a row
/// for every location serves all that ask.
pub(super) fn accounts(missing: &[Missing]) -> Vec<String> {
    let mut accounts: Vec<Vec<&Need>> = Vec::new();
    let mut places: HashMap<(Slot, Option<&str>), usize> = HashMap::new();
    for need in missing.iter().map(|missing| &missing.need) {
        let place = *places
            .entry((need.slot, need.key.as_deref()))
            .or_insert(accounts.len());
        match accounts.get_mut(place) {
            Some(account) => account.push(need),
            None => accounts.push(vec![need]),
        }
    }
    accounts
        .iter()
        .map(|needs| match needs[..] {
            [need] => need.to_string(),
            [need, ..] => {
                let everywhere = Need {
                    location: None,
                    ..need.clone()
                };
                format!("{everywhere} at {} locations", needs.len())
            }
            [] => String::new(),
        })
        .collect()
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readiness::Waiting;

    fn missing(slot: Slot, key: Option<&str>, location: Option<&str>) -> Missing {
        Missing {
            need: Need {
                slot,
                key: key.map(str::to_owned),
                location: location.map(str::to_owned),
            },
            declared: false,
            waiting: Waiting::default(),
            first_seen_at: None,
            example_event_id: None,
        }
    }

    #[test]
    fn what_several_locations_ask_for_is_one_account() {
        let all = [
            missing(Slot::Payment, Some("paypal"), Some("boston")),
            missing(Slot::Payment, Some("venmo"), Some("boston")),
            missing(Slot::Payment, Some("paypal"), Some("salem")),
            missing(Slot::Deposit, None, None),
        ];
        assert_eq!(
            accounts(&all),
            [
                "payment[paypal] at 2 locations",
                "payment[venmo] at boston",
                "deposit"
            ]
        );
        assert_eq!(
            message(false, &all, &[], &[]),
            "3 accounts are missing: payment[paypal] at 2 locations, payment[venmo] at boston, deposit."
        );
    }
}
