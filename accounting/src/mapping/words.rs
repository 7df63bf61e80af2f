//! Slots and keys in the words of a bookkeeper: `payment type`, `sales tax`.

use super::{KeyKind, Slot};

impl Slot {
    /// What it is called in a sentence, before `account`: `payment`, `cost of goods sold`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Deposit => "customer deposit",
            Self::Revenue => "revenue",
            Self::CostOfGoodsSold => "cost of goods sold",
            Self::InventoryOnHand => "inventory on hand",
            Self::PurchasesReceived => "purchases received",
            Self::PurchasesReturned => "purchases returned",
            Self::InventoryInTransit => "inventory in transit",
            Self::InventoryAdjustment => "inventory adjustment",
            Self::GiftCardAdjustment => "gift card adjustment",
            Self::CashPaid => "cash paid in and out",
            Self::GiftCardLiability => "gift card liability",
            Self::SalesTax => "sales tax",
            Self::ShippingIncome => "shipping income",
            Self::Rounding => "rounding",
        }
    }
}

impl KeyKind {
    /// What it is called in a sentence: `payment type`.
    pub fn words(self) -> &'static str {
        match self {
            Self::PaymentType => "payment type",
            Self::ItemClass => "item class",
            Self::AdjustmentReason => "adjustment reason",
            Self::GiftCardReason => "gift card reason",
            Self::CashReason => "cash reason",
            Self::Jurisdiction => "tax jurisdiction",
            Self::ShippingMethod => "shipping method",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_name_without_its_underscores_and_more() {
        for slot in Slot::ALL {
            assert!(!slot.words().is_empty() && !slot.words().contains('_'));
        }
        for kind in KeyKind::ALL {
            assert!(!kind.words().is_empty() && !kind.words().contains('_'));
        }
    }
}
