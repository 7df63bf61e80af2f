//! What a bookkeeper looks for, slot by slot. Rules are tried in their order; the first that any account fits decides.

mod goods;
mod reasons;
mod tenders;

use super::{Candidate, Choice, Confidence, Found};
use crate::suggestion::words::Words;
use crate::{Mapping, Slot};

const BANK: &str = "Bank";
const ASSET: &str = "Other Current Asset";
const LIABILITY: &str = "Other Current Liability";
const COST: &str = "Cost of Goods Sold";
const EXPENSE: &str = "Expense";
const OTHER_EXPENSE: &str = "Other Expense";
const INCOME: &str = "Income";
const OTHER_INCOME: &str = "Other Income";
const EQUITY: &str = "Equity";

/// One thing to look for.
struct Rule<'r> {
    /// How sure, when just one account fits and nothing in its name speaks of something else.
    sure: Confidence,
    types: &'r [&'r str],
    fits: &'r dyn Fn(&Candidate<'_>) -> bool,
    /// Words of the name that belong to the role.
    expected: &'r [&'r str],
    /// Whether the key itself stands in the name.
    names_key: bool,
    /// What was found, as the reason says it.
    says: &'r str,
}

/// Looks for an account for a slot and key.
pub(super) fn choose(
    slot: Slot,
    key: Option<&str>,
    candidates: &[Candidate<'_>],
    mapping: &Mapping,
) -> Option<Found> {
    let words = Words::of(key.unwrap_or_default());
    let search = Search {
        slot,
        key: &words,
        candidates,
        mapping,
    };
    match slot {
        Slot::Payment => search.payment(),
        Slot::Deposit => search.deposit(),
        Slot::Revenue => search.revenue(),
        Slot::CostOfGoodsSold => search.cost(),
        Slot::InventoryOnHand => search.on_hand(),
        Slot::PurchasesReceived => search.received(),
        Slot::PurchasesReturned => search.returned(),
        Slot::InventoryInTransit => search.in_transit(),
        Slot::InventoryAdjustment => search.adjustment(),
        Slot::GiftCardAdjustment => search.gift_card_adjustment(),
        Slot::CashPaid => search.cash_paid(),
        Slot::GiftCardLiability => search.gift_cards(),
        Slot::SalesTax => search.sales_tax(),
        Slot::ShippingIncome => search.shipping(),
        Slot::Rounding => search.rounding(),
    }
}

struct Search<'s> {
    slot: Slot,
    key: &'s Words,
    candidates: &'s [Candidate<'s>],
    mapping: &'s Mapping,
}

fn sub_type(candidate: &Candidate<'_>, name: &str) -> bool {
    candidate.account.sub_type.as_deref() == Some(name)
}

fn is(candidate: &Candidate<'_>, types: &[&str]) -> bool {
    types.contains(&candidate.account.account_type.as_str())
}

fn named(candidate: &Candidate<'_>) -> String {
    match &candidate.account.number {
        Some(number) => format!("{number} {}", candidate.account.name),
        None => candidate.account.name.clone(),
    }
}

impl Search<'_> {
    /// The first rule that any account fits.
    fn first(&self, rules: &[Rule<'_>]) -> Option<Found> {
        rules.iter().find_map(|rule| self.apply(rule))
    }

    fn apply(&self, rule: &Rule<'_>) -> Option<Found> {
        let fitting: Vec<_> = self
            .candidates
            .iter()
            // Accounts Receivable and Payable are of no usual type, whatever they are called.
            .filter(|candidate| is(candidate, rule.types) && (rule.fits)(candidate))
            .collect();
        let (own, foreign): (Vec<_>, Vec<_>) = fitting
            .into_iter()
            .partition(|candidate| !candidate.words.has_foreign(self.key, rule.expected));
        let lowered = if rule.names_key {
            rule.sure.min(Confidence::Medium)
        } else {
            Confidence::Low
        };
        let (mut found, confidence) = if own.is_empty() {
            (foreign, lowered)
        } else {
            (own, rule.sure)
        };
        let mut confidence = confidence;
        if found.len() > 1 {
            let near: Vec<_> = found
                .iter()
                .copied()
                .filter(|candidate| self.is_near(candidate))
                .collect();
            match near.as_slice() {
                [one] => {
                    found = vec![*one];
                    confidence = confidence.min(Confidence::Medium);
                }
                _ => confidence = Confidence::Low,
            }
        }
        let best = *found.first()?;
        let mut reason = format!(
            "{} {}; its type, {}, is usual for {}",
            named(best),
            rule.says,
            best.account.account_type,
            self.slot
        );
        if found.len() > 1 {
            let others: Vec<_> = found[1..].iter().map(|other| named(other)).collect();
            reason = format!("{reason}. It fits no better than {}", others.join(", "));
        }
        Some(Found {
            choice: Choice {
                account: best.account.id.clone(),
                confidence,
                reason,
            },
            names_key: rule.names_key,
        })
    }

    // Its number stands beside those that the slot uses for other keys: 1305 beside 1300.
    fn is_near(&self, candidate: &Candidate<'_>) -> bool {
        let hundred = |number: &Option<String>| {
            let number: u32 = number.as_deref()?.parse().ok()?;
            Some(number / 100)
        };
        let used = self.mapping.rows(self.slot).filter_map(|account| {
            let used = self
                .candidates
                .iter()
                .find(|candidate| candidate.account.id == *account)?;
            hundred(&used.account.number)
        });
        let own = hundred(&candidate.account.number);
        own.is_some() && used.into_iter().any(|used| Some(used) == own)
    }

    /// An account that the mapping holds for another slot or key already.
    fn already(&self, slot: Slot, key: Option<&str>, says: &str) -> Option<Found> {
        let account = self.mapping.resolve(slot, key, None)?;
        let candidate = self
            .candidates
            .iter()
            .find(|candidate| candidate.account.id == *account)?;
        Some(Found {
            choice: Choice {
                account: account.clone(),
                confidence: Confidence::Medium,
                reason: format!("{} {says}", named(candidate)),
            },
            names_key: false,
        })
    }

    /// The one account that every other key of the slot uses.
    fn as_others(&self, expected: &[&str]) -> Option<Found> {
        let mut used = self.mapping.rows(self.slot);
        let first = used.next()?;
        if used.any(|account| account != first) {
            return None;
        }
        let candidate = self
            .candidates
            .iter()
            .find(|candidate| candidate.account.id == *first)
            // One that is named for another key is that key's.
            .filter(|candidate| !candidate.words.has_foreign(self.key, expected))?;
        Some(Found {
            choice: Choice {
                account: first.clone(),
                confidence: Confidence::Medium,
                reason: format!(
                    "{} serves every other key of {}",
                    named(candidate),
                    self.slot
                ),
            },
            names_key: false,
        })
    }
}
