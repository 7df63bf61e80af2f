//! The account that a role calls for, where the chart has none: named as a bookkeeper would, of a type that is usual for the slot.

use super::Confidence;
use super::words::Words;
use crate::Slot;

/// What the account of a role is.
pub(super) struct Role {
    pub(super) name: String,
    /// QuickBooks' `AccountType`.
    pub(super) account_type: &'static str,
    /// QuickBooks' `AccountSubType`, one of the type's.
    pub(super) sub_type: &'static str,
    /// What the account is for, as the reason says it after "would be".
    pub(super) says: &'static str,
    /// How sure; low where only somebody who knows the store can tell what the key is for.
    pub(super) confidence: Confidence,
}

const BANK: (&str, &str) = ("Bank", "CashOnHand");
const ASSET: (&str, &str) = ("Other Current Asset", "OtherCurrentAssets");
const LIABILITY: (&str, &str) = ("Other Current Liability", "OtherCurrentLiabilities");
const COST: (&str, &str) = ("Cost of Goods Sold", "SuppliesMaterialsCogs");
const PROMOTION: (&str, &str) = ("Expense", "AdvertisingPromotional");
const EXPENSE: (&str, &str) = ("Expense", "OtherMiscellaneousServiceCost");

/// The account of a slot, or of one key of it.
pub(super) fn of(slot: Slot, key: Option<&str>) -> Role {
    use Confidence::Medium;
    let words = Words::of(key.unwrap_or_default());
    let title = key.map(title).filter(|title| !title.is_empty());
    let with = |before: &str, after: &str, alone: &str| match &title {
        Some(title) => format!("{before}{title}{after}"),
        None => alone.to_owned(),
    };
    match slot {
        Slot::Payment => of_tender(&words, with("", " Clearing", "Payments Clearing")),
        Slot::Deposit => role(
            "Customer Deposits",
            LIABILITY,
            "what is owed for deposits taken",
            Medium,
        ),
        Slot::Revenue => role(
            with("Sales ", "", "Sales"),
            ("Income", "SalesOfProductIncome"),
            "the income of what is sold",
            Medium,
        ),
        Slot::CostOfGoodsSold => role(
            with("COGS ", "", "Cost of Goods Sold"),
            COST,
            "the cost of what is sold",
            Medium,
        ),
        Slot::InventoryOnHand => role(
            with("Inventory ", "", "Inventory on Hand"),
            ("Other Current Asset", "Inventory"),
            "the value of the goods in the stores",
            Medium,
        ),
        Slot::PurchasesReceived => role(
            "Inventory Received Not Billed",
            LIABILITY,
            "what is owed for goods whose bill has not come",
            Medium,
        ),
        Slot::PurchasesReturned => role(
            "Vendor Returns Not Credited",
            LIABILITY,
            "what vendors have not credited yet",
            Medium,
        ),
        Slot::InventoryInTransit => role(
            "Inventory in Transit",
            ASSET,
            "the value of the goods between two stores",
            Medium,
        ),
        Slot::InventoryAdjustment => of_adjustment(
            &words,
            with("Inventory Adjustments ", "", "Inventory Adjustments"),
        ),
        Slot::GiftCardAdjustment => {
            of_gift_card_adjustment(&words, with("Gift Cards ", "", "Gift Cards Given"))
        }
        Slot::CashPaid => of_cash(&words, &with("", "", "Cash Paid Out")),
        Slot::GiftCardLiability => gift_cards(),
        Slot::SalesTax => role(
            with("Sales Tax ", "", "Sales Tax Collected"),
            LIABILITY,
            "the tax that was collected and is owed",
            Medium,
        ),
        Slot::ShippingIncome => role(
            "Shipping Income",
            ("Income", "OtherPrimaryIncome"),
            "the income of shipping charged to customers",
            Medium,
        ),
        Slot::Rounding => role(
            "Rounding Differences",
            EXPENSE,
            "where a till's cents of rounding go",
            Medium,
        ),
    }
}

fn role(
    name: impl Into<String>,
    (account_type, sub_type): (&'static str, &'static str),
    says: &'static str,
    confidence: Confidence,
) -> Role {
    Role {
        name: name.into(),
        account_type,
        sub_type,
        says,
        confidence,
    }
}

fn gift_cards() -> Role {
    role(
        "Gift Cards Outstanding",
        LIABILITY,
        "what is owed to holders of gift cards",
        Confidence::Medium,
    )
}

fn of_tender(words: &Words, clearing: String) -> Role {
    if words.has("gift") {
        return gift_cards();
    }
    if words.has("credit") && words.any(&["store", "inventory"]) {
        return role(
            "Store Credit Outstanding",
            LIABILITY,
            "what is owed to customers as store credit",
            Confidence::Medium,
        );
    }
    if words.any(&["cash", "coin", "currency"]) {
        return role(
            "Cash in Drawer",
            BANK,
            "where the cash of the tills lies",
            Confidence::Medium,
        );
    }
    role(
        clearing,
        ASSET,
        "what was paid so and is not in the bank yet",
        Confidence::Medium,
    )
}

fn of_adjustment(words: &Words, adjustments: String) -> Role {
    if words.any(&["initial", "opening", "import", "beginning", "migration"]) {
        return role(
            "Opening Inventory Balance",
            ("Equity", "OpeningBalanceEquity"),
            "the other side of the stock from before the books began",
            Confidence::Medium,
        );
    }
    role(
        adjustments,
        COST,
        "what stock adjustments of this kind gain or lose",
        Confidence::Medium,
    )
}

fn of_gift_card_adjustment(words: &Words, adjustments: String) -> Role {
    if words.any(&["expired", "damage", "dormant", "escheat"]) {
        return role(
            adjustments,
            ("Other Income", "OtherMiscellaneousIncome"),
            "the income of gift cards that nobody will use",
            Confidence::Medium,
        );
    }
    role(
        adjustments,
        PROMOTION,
        "the cost of gift cards given away",
        Confidence::Medium,
    )
}

// What was cash and stays the company's, or is somebody else's, is no expense.
fn of_cash(words: &Words, name: &str) -> Role {
    let clearing = || format!("{name} Clearing");
    if words.any(&[
        "bank", "safe", "deposit", "drop", "float", "pickup", "transfer",
    ]) {
        return role(
            clearing(),
            ASSET,
            "cash that left the drawer and is still the company's",
            Confidence::Medium,
        );
    }
    if words.any(&["tip", "gratuity"]) {
        return role(
            clearing(),
            LIABILITY,
            "what is owed to those who earned it",
            Confidence::Medium,
        );
    }
    if words.any(&["owner", "draw", "partner"]) {
        return role(
            name,
            ("Equity", "OwnersEquity"),
            "what owners take out and put in",
            Confidence::Medium,
        );
    }
    role(name, EXPENSE, "what cash was paid for so", Confidence::Low)
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
