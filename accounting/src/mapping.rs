//! Slots: which account a line goes to. A new slot is one variant and one row of the table.

mod lookup;
mod words;

use std::fmt;
use std::str::FromStr;

pub use lookup::Mapping;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A role that an account plays in the posting rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Where a tender lands: drawer, card clearing, gift card liability.
    Payment,
    /// What is owed to customers for deposits taken.
    Deposit,
    /// Net sales.
    Revenue,
    /// The cost of what was sold.
    CostOfGoodsSold,
    /// Goods in the stores.
    InventoryOnHand,
    /// Goods received and not yet billed by the vendor.
    PurchasesReceived,
    /// Goods returned and not yet credited by the vendor.
    PurchasesReturned,
    /// Goods between two stores.
    InventoryInTransit,
    /// What stock adjustments and counts gain or lose.
    InventoryAdjustment,
    /// What gift card adjustments cost or recover.
    GiftCardAdjustment,
    /// What cash paid in or out of a drawer was for.
    CashPaid,
    /// What is owed to holders of gift cards.
    GiftCardLiability,
    /// Tax collected and owed.
    SalesTax,
    /// Shipping charged to customers.
    ShippingIncome,
    /// Cents that a till's rounding leaves over.
    Rounding,
}

/// What the key of a slot names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A payment type, such as `cash`.
    PaymentType,
    /// An item class, such as `apparel`.
    ItemClass,
    /// A reason of stock adjustments, such as `damaged`.
    AdjustmentReason,
    /// A reason of gift card adjustments, such as `goodwill`.
    GiftCardReason,
    /// A reason of cash paid in or out, such as `postage`.
    CashReason,
    /// A tax jurisdiction.
    Jurisdiction,
    /// A shipping method.
    ShippingMethod,
}

/// What is fixed about a slot.
struct Row {
    slot: Slot,
    name: &'static str,
    key: Option<KeyKind>,
    /// QuickBooks account types a bookkeeper expects here. Others are accepted with a warning.
    usual: &'static [&'static str],
}

const ASSET: &str = "Other Current Asset";
const LIABILITY: &str = "Other Current Liability";
const COST: &str = "Cost of Goods Sold";

/// One row a slot, in the order of the enum.
#[rustfmt::skip]
const TABLE: [Row; 15] = {
    use KeyKind::{AdjustmentReason, CashReason, GiftCardReason, ItemClass, Jurisdiction, PaymentType, ShippingMethod};
    [
        Row { slot: Slot::Payment, name: "payment", key: Some(PaymentType), usual: &["Bank", ASSET, LIABILITY] },
        Row { slot: Slot::Deposit, name: "deposit", key: Some(PaymentType), usual: &[LIABILITY] },
        Row { slot: Slot::Revenue, name: "revenue", key: Some(ItemClass), usual: &["Income"] },
        Row { slot: Slot::CostOfGoodsSold, name: "cost_of_goods_sold", key: Some(ItemClass), usual: &[COST] },
        Row { slot: Slot::InventoryOnHand, name: "inventory_on_hand", key: Some(ItemClass), usual: &[ASSET] },
        Row { slot: Slot::PurchasesReceived, name: "purchases_received", key: Some(ItemClass), usual: &[LIABILITY] },
        Row { slot: Slot::PurchasesReturned, name: "purchases_returned", key: Some(ItemClass), usual: &[LIABILITY] },
        Row { slot: Slot::InventoryInTransit, name: "inventory_in_transit", key: Some(ItemClass), usual: &[ASSET] },
        Row { slot: Slot::InventoryAdjustment, name: "inventory_adjustment", key: Some(AdjustmentReason),
              usual: &[COST, "Expense", "Other Expense", "Equity"] },
        Row { slot: Slot::GiftCardAdjustment, name: "gift_card_adjustment", key: Some(GiftCardReason),
              usual: &["Expense", "Other Expense", "Income", "Other Income", "Equity"] },
        Row { slot: Slot::CashPaid, name: "cash_paid", key: Some(CashReason),
              usual: &["Expense", "Other Expense", COST, "Income", "Other Income", "Bank", ASSET, LIABILITY, "Equity"] },
        Row { slot: Slot::GiftCardLiability, name: "gift_card_liability", key: None, usual: &[LIABILITY] },
        Row { slot: Slot::SalesTax, name: "sales_tax", key: Some(Jurisdiction), usual: &[LIABILITY] },
        Row { slot: Slot::ShippingIncome, name: "shipping_income", key: Some(ShippingMethod), usual: &["Income", "Other Income"] },
        Row { slot: Slot::Rounding, name: "rounding", key: None,
              usual: &["Expense", "Other Expense", COST, "Income", "Other Income"] },
    ]
};

/// An account type that no slot may hold, why, and what to use instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "slot {slot} may not hold an account of type {account_type}: QuickBooks demands a customer or vendor name on such \
     lines and none is sent; use an account of type {alternative} as a clearing account instead"
)]
pub struct ForbiddenAccountType {
    /// The slot that was to be mapped.
    pub slot: Slot,
    /// The account's type: Accounts Receivable or Accounts Payable.
    pub account_type: String,
    /// The type of account to use instead.
    pub alternative: &'static str,
}

/// An account type that is accepted but not usual for a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusualAccountType {
    /// The slot that is mapped.
    pub slot: Slot,
    /// The account's type.
    pub account_type: String,
    /// The types that are usual.
    pub usual: &'static [&'static str],
}

impl fmt::Display for UnusualAccountType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            slot,
            account_type,
            usual,
        } = self;
        write!(
            f,
            "an account of type {account_type} is unusual for slot {slot}; usual: {}",
            usual.join(", ")
        )
    }
}

impl Slot {
    /// Every slot, in the order of the mapping table.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Payment; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            // Rows are found by the slot's number, so the table must be in the enum's order.
            assert!(TABLE[i].slot as usize == i);
            all[i] = TABLE[i].slot;
            i += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its name on the wire, such as `sales_tax`.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// What its key names; nothing when it has one account for all.
    pub fn key(self) -> Option<KeyKind> {
        self.row().key
    }

    /// The QuickBooks account types that are usual for it.
    pub fn usual_account_types(self) -> &'static [&'static str] {
        self.row().usual
    }

    /// Judges an account by its QuickBooks `AccountType`, such as `Other Current Asset`.
    ///
    /// Gives a warning when the type is accepted but unusual.
    ///
    /// # Errors
    /// [`ForbiddenAccountType`] for Accounts Receivable and Accounts Payable, whatever the slot.
    pub fn check(
        self,
        account_type: &str,
    ) -> Result<Option<UnusualAccountType>, ForbiddenAccountType> {
        let is = |name: &str| letters(name).eq(letters(account_type));
        let alternative = match () {
            () if is("Accounts Receivable") => Some(ASSET),
            () if is("Accounts Payable") => Some(LIABILITY),
            () => None,
        };
        let account_type = account_type.to_owned();
        if let Some(alternative) = alternative {
            return Err(ForbiddenAccountType {
                slot: self,
                account_type,
                alternative,
            });
        }
        let usual = self.usual_account_types();
        let expected = usual
            .iter()
            .any(|name| letters(name).eq(letters(&account_type)));
        Ok((!expected).then_some(UnusualAccountType {
            slot: self,
            account_type,
            usual,
        }))
    }
}

/// QuickBooks writes `Other Current Asset` and, in older places, `OtherCurrentAsset`.
fn letters(account_type: &str) -> impl Iterator<Item = u8> {
    account_type
        .bytes()
        .filter(u8::is_ascii_alphabetic)
        .map(|b| b.to_ascii_lowercase())
}

impl KeyKind {
    /// Every kind of key.
    pub const ALL: [Self; 7] = [
        Self::PaymentType,
        Self::ItemClass,
        Self::AdjustmentReason,
        Self::GiftCardReason,
        Self::CashReason,
        Self::Jurisdiction,
        Self::ShippingMethod,
    ];

    /// Its name on the wire, such as `payment_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaymentType => "payment_type",
            Self::ItemClass => "item_class",
            Self::AdjustmentReason => "adjustment_reason",
            Self::GiftCardReason => "gift_card_reason",
            Self::CashReason => "cash_reason",
            Self::Jurisdiction => "jurisdiction",
            Self::ShippingMethod => "shipping_method",
        }
    }
}

/// A name that is none of the closed set's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a known {0}")]
pub struct UnknownName(pub &'static str);

impl FromStr for Slot {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|slot| slot.as_str() == name)
            .ok_or(UnknownName("slot"))
    }
}

impl FromStr for KeyKind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownName("kind of key"))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse()
            .map_err(|error| de::Error::custom(format!("{name:?} {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_reads_back_from_its_name() {
        for slot in Slot::ALL {
            assert_eq!(slot.as_str().parse(), Ok(slot));
        }
        for kind in KeyKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("sales".parse::<Slot>(), Err(UnknownName("slot")));
    }

    #[test]
    fn no_slot_holds_receivables_or_payables_and_each_says_what_to_use_instead() {
        for slot in Slot::ALL {
            for (account_type, alternative) in [
                ("Accounts Receivable", "Other Current Asset"),
                ("Accounts Payable", "Other Current Liability"),
                ("AccountsPayable", "Other Current Liability"),
            ] {
                let refused = slot.check(account_type).unwrap_err();
                assert_eq!(refused.alternative, alternative);
                let message = refused.to_string();
                assert!(
                    message.contains(alternative) && message.contains("customer or vendor name"),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn a_usual_type_is_silent_and_another_warns() {
        assert_eq!(Slot::Revenue.check("Income"), Ok(None));
        assert_eq!(Slot::InventoryOnHand.check("OtherCurrentAsset"), Ok(None));
        let warning = Slot::Revenue.check("Expense").unwrap().unwrap();
        assert_eq!(
            warning.to_string(),
            "an account of type Expense is unusual for slot revenue; usual: Income"
        );
    }
}
