//! Suggestions: for each account that the mapping lacks, one of the chart that plays the role, or one to create.
//!
//! Better no suggestion than a wrong one: an account is suggested with confidence only when its type is usual for the slot,
//! its name says what it is for, and no other account says the same.

mod create;
mod role;
mod rules;
mod words;

use std::collections::BTreeMap;

use crate::{Mapping, Missing, Ref, Slot};
pub use create::NewAccount;
use words::Words;

/// An account of the company's chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartAccount {
    /// How the mapping names it.
    pub id: Ref,
    /// Its number, where the company numbers its accounts.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// QuickBooks' `AccountType`, such as `Other Current Asset`.
    pub account_type: String,
    /// QuickBooks' `AccountSubType`, such as `Inventory`.
    pub sub_type: Option<String>,
    /// Whether entries can use it.
    pub active: bool,
}

/// How sure a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// It may be meant; somebody has to look.
    Low,
    /// A bookkeeper would expect it.
    Medium,
    /// Its name and type say so, and no other account does.
    High,
}

impl Confidence {
    /// Every confidence, the least first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// An account of the chart for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which.
    pub account: Ref,
    /// How sure.
    pub confidence: Confidence,
    /// Why, in words a person reads.
    pub reason: String,
}

/// What to do for a slot and key that the mapping lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The slot.
    pub slot: Slot,
    /// The key to set; none: the slot's default, which serves all its keys.
    pub key: Option<String>,
    /// What it would serve.
    pub serves: Vec<Missing>,
    /// An account of the chart, where one fits.
    pub choice: Option<Choice>,
    /// An account to create, where none of the chart surely fits.
    pub create: Option<NewAccount>,
}

/// Accounts as the rules see them: those that entries can use.
struct Candidate<'c> {
    account: &'c ChartAccount,
    words: Words,
}

/// Suggests an account for everything `missing`, given the company's chart and what is mapped already.
///
/// `mapping` names accounts as [`ChartAccount::id`] does. The order is that of the slots, then of the keys.
pub fn suggest(chart: &[ChartAccount], missing: &[Missing], mapping: &Mapping) -> Vec<Suggestion> {
    let candidates: Vec<Candidate<'_>> = chart
        .iter()
        .filter(|account| account.active)
        .map(|account| Candidate {
            words: Words::of(&account.name),
            account,
        })
        .collect();
    let mut asked: BTreeMap<Slot, BTreeMap<Option<&str>, Vec<Missing>>> = BTreeMap::new();
    for need in missing {
        asked
            .entry(need.slot)
            .or_default()
            .entry(need.key.as_deref())
            .or_default()
            .push(need.clone());
    }
    let mut suggestions = Vec::new();
    for (slot, keys) in asked {
        let chosen: Vec<_> = keys
            .into_iter()
            .map(|(key, serves)| (key, serves, rules::choose(slot, key, &candidates, mapping)))
            .collect();
        suggestions.extend(of_slot(slot, chosen, mapping));
    }
    create::complete(chart, suggestions, mapping)
}

/// What was found for a key: the account, and whether its name says the key or it serves any.
struct Found {
    choice: Choice,
    names_key: bool,
}

/// A key of a slot, what it serves, and what was found for it.
type Chosen<'k> = (Option<&'k str>, Vec<Missing>, Option<Found>);

// One account that serves every key becomes the slot's default; keys whose accounts differ get rows of their own.
fn of_slot(slot: Slot, chosen: Vec<Chosen<'_>>, mapping: &Mapping) -> Vec<Suggestion> {
    let (named, others): (Vec<_>, Vec<_>) = chosen
        .into_iter()
        .partition(|(_, _, found)| found.as_ref().is_some_and(|found| found.names_key));
    let own_row = |(key, serves, found): Chosen<'_>| Suggestion {
        slot,
        key: key.map(str::to_owned),
        serves,
        choice: found.map(|found| found.choice),
        create: None,
    };
    let mut suggestions: Vec<_> = named.into_iter().map(own_row).collect();
    let has_rows = mapping.rows(slot).next().is_some() || !suggestions.is_empty();
    let one_for_all = match slot {
        Slot::Deposit
        | Slot::PurchasesReceived
        | Slot::PurchasesReturned
        | Slot::InventoryInTransit
        | Slot::GiftCardLiability
        | Slot::SalesTax
        | Slot::ShippingIncome
        | Slot::Rounding => true,
        // Where the chart knows one account only, and nobody began to tell classes apart.
        Slot::Revenue | Slot::CostOfGoodsSold | Slot::InventoryOnHand => {
            !has_rows && others.iter().all(|(_, _, found)| found.is_some())
        }
        // An unknown payment type or reason is to be noticed, never posted in silence.
        Slot::Payment | Slot::InventoryAdjustment | Slot::GiftCardAdjustment | Slot::CashPaid => {
            false
        }
    };
    let is_default = |(key, _, _): &Chosen<'_>| key.is_none();
    if one_for_all || others.iter().all(is_default) {
        let mut all = Vec::new();
        let mut best: Option<Choice> = None;
        for (_, serves, found) in others {
            all.extend(serves);
            // The rule is the same for every key; the least sure speaks for all.
            let choice = found.map(|found| found.choice);
            best = match (best, choice) {
                (Some(best), Some(choice)) if choice.confidence < best.confidence => Some(choice),
                (None, choice) => choice,
                (best, _) => best,
            };
        }
        if !all.is_empty() {
            suggestions.push(Suggestion {
                slot,
                key: None,
                serves: all,
                choice: best,
                create: None,
            });
        }
    } else {
        suggestions.extend(others.into_iter().map(own_row));
    }
    suggestions.sort_by(|a, b| a.key.cmp(&b.key));
    suggestions
}
