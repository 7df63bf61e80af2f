//! What each type of transaction consists of.

use serde::Serialize;

use crate::{EventAmount, Key, Quantity, Text, UnitCost};

/// The lines and payments of a ticket or an invoice. Their sums must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// What was sold or returned; empty when nothing was.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub lines: Vec<SaleLine>,
    /// How it was paid; empty when nothing had to be.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub payments: Vec<Payment>,
}

/// A line of a sale, told apart by `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SaleLine {
    /// Goods or a service, sold or returned.
    Item(ItemLine),
    /// Tax collected or given back.
    Tax(TaxLine),
    /// Shipping charged or given back.
    Shipping(ShippingLine),
    /// A gift card sold or reloaded.
    GiftCard(GiftCardLine),
}

impl SaleLine {
    /// What the line adds to the sale's total.
    pub fn amount(&self) -> EventAmount {
        match self {
            Self::Item(ItemLine { amount, .. })
            | Self::Tax(TaxLine { amount, .. })
            | Self::Shipping(ShippingLine { amount, .. })
            | Self::GiftCard(GiftCardLine { amount }) => *amount,
        }
    }

    pub(super) fn amount_mut(&mut self) -> &mut EventAmount {
        match self {
            Self::Item(ItemLine { amount, .. })
            | Self::Tax(TaxLine { amount, .. })
            | Self::Shipping(ShippingLine { amount, .. })
            | Self::GiftCard(GiftCardLine { amount }) => amount,
        }
    }
}

/// Goods or a service, sold or returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ItemLine {
    /// The class that chooses the accounts. Left out: the default accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_class: Option<Key>,
    /// How many; negative when returned. At most 4 decimals.
    pub quantity: Quantity,
    /// Net selling price of the whole line, after discounts; negative when returned.
    pub amount: EventAmount,
    /// Cost of one unit, at most 6 decimals. Left out: no cost is posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<UnitCost>,
    /// The location whose stock it came from. Left out: the event's location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfilment_location: Option<Key>,
}

/// Tax collected or given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TaxLine {
    /// To whom it is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Key>,
    /// The tax; negative when given back.
    pub amount: EventAmount,
}

/// Shipping charged or given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ShippingLine {
    /// How it was shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Key>,
    /// The charge; negative when given back.
    pub amount: EventAmount,
}

/// A gift card sold or reloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GiftCardLine {
    /// The value put on the card; negative when the sale of a card is undone.
    pub amount: EventAmount,
}

/// A payment of a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// What it was paid with; for an applied deposit, what the deposit was taken with.
    pub payment_type: Key,
    /// The amount. A negative tender is a refund; change is never above zero.
    pub amount: EventAmount,
    /// What the payment is.
    #[cfg_attr(feature = "openapi", schema(required = false, default = "tender"))]
    pub kind: PaymentKind,
}

/// What a payment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// Money taken, or refunded when negative.
    #[default]
    Tender,
    /// Change given, as a negative amount.
    Change,
    /// A deposit taken earlier, used up by this sale.
    DepositApplied,
}

/// Money taken for a layaway or an order before the sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerDeposit {
    /// The deposits, at least one.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub payments: Vec<DepositPayment>,
}

/// A deposit taken, or refunded when negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DepositPayment {
    /// What it was paid with.
    pub payment_type: Key,
    /// The amount; negative when the deposit is refunded.
    pub amount: EventAmount,
}

/// Goods received from, or returned to, a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Purchase {
    /// The vendor, for the reader; accounts are chosen by item class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// The goods, at least one line.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<CostLine>,
}

/// A vendor's name: 1 to 100 characters.
pub type Vendor = Text<1, 100>;

/// Goods at cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CostLine {
    /// The class that chooses the accounts. Left out: the default accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_class: Option<Key>,
    /// How many, at most 4 decimals. A negative quantity turns the sides.
    pub quantity: Quantity,
    /// Cost of one unit, at most 6 decimals.
    pub unit_cost: UnitCost,
}

/// Goods sent to another location. The event's location ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TransferShipment {
    /// Where the goods go.
    pub to_location: Key,
    /// The goods, at least one line.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<CostLine>,
}

/// Goods arrived. The event's location receives: the shipper itself, when a short receipt is resolved back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TransferReceipt {
    /// Where the goods came from.
    pub from_location: Key,
    /// The goods, at least one line.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<CostLine>,
}

/// Stock adjusted or counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InventoryAdjustment {
    /// Why; chooses the account.
    pub reason: Key,
    /// Adjusted by hand, or counted.
    #[cfg_attr(feature = "openapi", schema(required = false, default = "adjustment"))]
    pub kind: AdjustmentKind,
    /// The differences, gains positive. Empty when a count found none.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub lines: Vec<CostLine>,
}

/// Adjusted by hand, or counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    /// Adjusted by hand.
    #[default]
    Adjustment,
    /// The result of a physical count.
    PhysicalCount,
}

/// A gift card's balance changed outside the till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GiftCardAdjustment {
    /// Why; chooses the account.
    pub reason: Key,
    /// The change of the balance.
    pub amount: EventAmount,
}

/// Cash put into or taken out of a drawer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CashPaid {
    /// Into the drawer or out of it.
    pub direction: Direction,
    /// What for; chooses the account.
    pub reason: Key,
    /// The amount, above zero.
    pub amount: EventAmount,
    /// Whose account the cash is in.
    #[cfg_attr(feature = "openapi", schema(required = false, default = "cash"))]
    pub payment_type: Key,
}

/// Into the drawer or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the drawer.
    In,
    /// Out of the drawer.
    Out,
}
