//! Accounts to create where the chart has none that surely fits: named as a bookkeeper would, numbered beside their like.

use super::{ChartAccount, Confidence, Suggestion};
use crate::{Mapping, Slot};

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
    for suggestion in &mut suggestions {
        let sure = suggestion
            .choice
            .as_ref()
            .is_some_and(|choice| choice.confidence >= Confidence::Medium);
        if sure {
            continue;
        }
        let (name, account_type, sub_type) = wanted(suggestion.slot, suggestion.key.as_deref());
        let Some(name) = free_name(&name, &names) else {
            continue;
        };
        let number = numbered
            .then(|| free_number(suggestion.slot, account_type, chart, mapping, &numbers))
            .flatten();
        names.push(name.to_lowercase());
        numbers.extend(number);
        suggestion.create = Some(NewAccount {
            name,
            account_type,
            sub_type,
            number: number.map(|number| number.to_string()),
        });
    }
    suggestions
}

/// What the account of a role is called, and what it is.
fn wanted(slot: Slot, key: Option<&str>) -> (String, &'static str, &'static str) {
    const ASSET: &str = "Other Current Asset";
    const LIABILITY: &str = "Other Current Liability";
    const COST: &str = "Cost of Goods Sold";
    let title = key.map(title);
    let with = |before: &str, after: &str, alone: &str| match &title {
        Some(title) => format!("{before}{title}{after}"),
        None => alone.to_owned(),
    };
    match slot {
        Slot::Payment if key.is_some_and(|key| key.contains("gift")) => (
            "Gift Cards Outstanding".to_owned(),
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        Slot::Payment if key == Some("cash") => ("Cash in Drawer".to_owned(), "Bank", "CashOnHand"),
        Slot::Payment => (
            with("", " Clearing", "Payments Clearing"),
            ASSET,
            "OtherCurrentAssets",
        ),
        Slot::Deposit => (
            "Customer Deposits".to_owned(),
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        Slot::Revenue => (
            with("Sales ", "", "Sales"),
            "Income",
            "SalesOfProductIncome",
        ),
        Slot::CostOfGoodsSold => (
            with("COGS ", "", "Cost of Goods Sold"),
            COST,
            "SuppliesMaterialsCogs",
        ),
        Slot::InventoryOnHand => (
            with("Inventory ", "", "Inventory on Hand"),
            ASSET,
            "Inventory",
        ),
        Slot::PurchasesReceived => (
            "Inventory Received Not Billed".to_owned(),
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        Slot::PurchasesReturned => (
            "Vendor Returns Not Credited".to_owned(),
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        Slot::InventoryInTransit => (
            "Inventory in Transit".to_owned(),
            ASSET,
            "OtherCurrentAssets",
        ),
        Slot::InventoryAdjustment => (
            with("Inventory Adjustments ", "", "Inventory Adjustments"),
            COST,
            "SuppliesMaterialsCogs",
        ),
        Slot::GiftCardAdjustment => (
            with("Gift Cards ", "", "Gift Cards Given"),
            "Expense",
            "AdvertisingPromotional",
        ),
        Slot::CashPaid => (
            with("", "", "Cash Paid Out"),
            "Expense",
            "OtherMiscellaneousServiceCost",
        ),
        Slot::GiftCardLiability => (
            "Gift Cards Outstanding".to_owned(),
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        Slot::SalesTax => (
            with("Sales Tax ", "", "Sales Tax Collected"),
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        Slot::ShippingIncome => ("Shipping Income".to_owned(), "Income", "OtherPrimaryIncome"),
        Slot::Rounding => (
            "Rounding Differences".to_owned(),
            "Expense",
            "OtherMiscellaneousServiceCost",
        ),
    }
}

/// `gift_card` as a title: `Gift Card`. What QuickBooks takes in no name is left out.
fn title(key: &str) -> String {
    let words = key
        .split(['_', '-', ' ', ':', '"'])
        .filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
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
