//! Accounts to create where the chart has none that surely fits: of the type the role calls for, numbered beside their
//! like.

use super::role::{self, Role};
use super::{ChartAccount, Confidence, Suggestion};
use crate::{Mapping, Slot};
use std::collections::BTreeMap;

/// An account that a company could create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Its name, which no account of the chart has.
    pub name: String,
    /// QuickBooks' `AccountType`.
    pub account_type: &'static str,
    /// QuickBooks' `AccountSubType`.
    pub sub_type: &'static str,
    /// A number that is free beside its like; none where the company does not number its accounts.
    pub number: Option<String>,
    /// How sure that an account of this name and type is what is wanted.
    pub confidence: Confidence,
    /// Why, in words a person reads.
    pub reason: String,
}

/// Adds an account to create to each suggestion that is not sure of one of the chart's.
pub(super) fn complete(
    chart: &[ChartAccount],
    mut suggestions: Vec<Suggestion>,
    mapping: &Mapping,
) -> Vec<Suggestion> {
    // Names and numbers that were given out here are taken, too.
    let mut names: Vec<String> = chart
        .iter()
        .map(|account| account.name.to_lowercase())
        .collect();
    let mut numbers: Vec<u32> = chart.iter().filter_map(number).collect();
    let numbered = 2 * numbers.len() > chart.len();
    let mut given: BTreeMap<String, NewAccount> = BTreeMap::new();
    for suggestion in &mut suggestions {
        let doubtful = suggestion.choice.as_ref().map(|choice| choice.confidence);
        if doubtful >= Some(Confidence::Medium) {
            continue;
        }
        let role = role::of(suggestion.slot, suggestion.key.as_deref());
        let account_type = role.account_type;
        // Two roles that one account plays, such as gift cards sold and gift cards paid with, ask for one account.
        if let Some(same) = given
            .get(&role.name)
            .filter(|same| same.account_type == account_type)
        {
            suggestion.create = Some(NewAccount {
                reason: reason(&role, &same.name, suggestion.slot, doubtful.is_some()),
                ..same.clone()
            });
            continue;
        }
        let Some(name) = free_name(&role.name, &names) else {
            continue;
        };
        let number = numbered
            .then(|| free_number(suggestion.slot, account_type, chart, mapping, &numbers))
            .flatten();
        names.push(name.to_lowercase());
        numbers.extend(number);
        let new = NewAccount {
            reason: reason(&role, &name, suggestion.slot, doubtful.is_some()),
            name,
            account_type,
            sub_type: role.sub_type,
            number: number.map(|number| number.to_string()),
            // One of the chart may be meant: somebody has to look there first.
            confidence: doubtful.unwrap_or(role.confidence),
        };
        given.insert(role.name, new.clone());
        suggestion.create = Some(new);
    }
    suggestions
}

fn reason(role: &Role, name: &str, slot: Slot, one_may_be_meant: bool) -> String {
    let gap = if one_may_be_meant {
        "no account of the chart surely plays this role"
    } else {
        "no account of the chart plays this role"
    };
    format!(
        "{gap}; {name} would be {}; its type, {}, is usual for {slot}",
        role.says, role.account_type
    )
}

fn free_name(wanted: &str, taken: &[String]) -> Option<String> {
    let wanted = wanted.trim();
    (1..10)
        .map(|count| match count {
            1 => wanted.to_owned(),
            _ => format!("{wanted} {count}"),
        })
        .find(|name| !taken.contains(&name.to_lowercase()))
}

fn number(account: &ChartAccount) -> Option<u32> {
    account.number.as_deref()?.parse().ok()
}

/// After the highest number of its like and before the next account of another type: in steps of ten, else the next.
fn free_number(
    slot: Slot,
    account_type: &str,
    chart: &[ChartAccount],
    mapping: &Mapping,
    taken: &[u32],
) -> Option<u32> {
    let like = |account: &&ChartAccount| account.account_type == account_type;
    let of_slot = || {
        chart
            .iter()
            .filter(like)
            .filter(|account| mapping.rows(slot).any(|used| *used == account.id))
            .filter_map(number)
            .max()
    };
    let highest = of_slot().or_else(|| chart.iter().filter(like).filter_map(number).max())?;
    let end = chart
        .iter()
        .filter(|account| !like(account))
        .filter_map(number)
        .filter(|number| *number > highest)
        .min()
        .unwrap_or(u32::MAX);
    [10, 5, 1].into_iter().find_map(|step| {
        (1..20)
            .filter_map(|count| highest.checked_add(count * step))
            .find(|number| *number < end && !taken.contains(number))
    })
}
