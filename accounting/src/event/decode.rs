//! Reading an event: every rule that needs nothing but the event itself and the tenant's home currency.

use serde::de::{Deserialize, Deserializer, Error as _};

use super::json::{EventError, Node, Path};
use super::object::{Decode, Object, tag, text};
use super::{
    CashPaid, CostLine, CustomerDeposit, DepositPayment, Event, GiftCardAdjustment, GiftCardLine,
    InventoryAdjustment, ItemLine, Payment, PaymentKind, Purchase, Sale, SaleLine, ShippingLine,
    TaxLine, Transaction, TransactionType, TransferReceipt, TransferShipment,
};
use crate::{Currency, EventAmount, Key};

impl Event {
    /// Reads one event from its JSON text.
    ///
    /// Checks everything but the decimals of amounts, which depend on the tenant's home currency: see [`Event::check`]
    /// and [`Event::parse_in`].
    ///
    /// # Errors
    /// The first mistake, with its exact path.
    pub fn parse(json: &[u8]) -> Result<Self, EventError> {
        let invalid = |error: &dyn std::fmt::Display| {
            let message = format!("is not one JSON object: {error}");
            EventError {
                path: String::new(),
                message,
                code: "invalid_json",
            }
        };
        // One check of the whole text is cheaper than one of each string in it.
        let text = std::str::from_utf8(json).map_err(|error| invalid(&error))?;
        let tree: Node<'_> = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        Self::decode(&tree, &Path::Root)
    }

    /// Reads one event of a tenant with this home currency, and [checks](Event::check) it.
    ///
    /// # Errors
    /// The first mistake, with its exact path.
    pub fn parse_in(json: &[u8], home_currency: Currency) -> Result<Self, EventError> {
        let event = Self::parse(json)?;
        event.check(home_currency)?;
        Ok(event)
    }

    /// Checks that no amount was written with more decimals than its currency has.
    ///
    /// # Errors
    /// `too_many_decimals` with the path of the first amount that has too many.
    pub fn check(&self, home_currency: Currency) -> Result<(), EventError> {
        let currency = self.currency.unwrap_or(home_currency);
        let max = currency.minor_digits();
        let check = |amount: &EventAmount, place: &dyn Fn() -> String| {
            if amount.scale() <= max {
                return Ok(());
            }
            let message = format!("has {} decimals; {currency} has {max}", amount.scale());
            Err(EventError {
                path: place(),
                message,
                code: "too_many_decimals",
            })
        };
        match &self.transaction {
            Transaction::Ticket(sale) | Transaction::SalesInvoice(sale) => {
                for (i, line) in sale.lines.iter().enumerate() {
                    check(&line.amount(), &|| format!("transaction.lines[{i}].amount"))?;
                }
                for (i, payment) in sale.payments.iter().enumerate() {
                    check(&payment.amount, &|| {
                        format!("transaction.payments[{i}].amount")
                    })?;
                }
                Ok(())
            }
            Transaction::CustomerDeposit(deposit) => {
                for (i, payment) in deposit.payments.iter().enumerate() {
                    check(&payment.amount, &|| {
                        format!("transaction.payments[{i}].amount")
                    })?;
                }
                Ok(())
            }
            Transaction::GiftCardAdjustment(GiftCardAdjustment { amount, .. })
            | Transaction::CashPaid(CashPaid { amount, .. }) => {
                check(amount, &|| "transaction.amount".to_owned())
            }
            // Costs are rounded to the minor unit; nothing on these lines is an amount.
            Transaction::PurchaseReceipt(_)
            | Transaction::PurchaseReturn(_)
            | Transaction::TransferShipment(_)
            | Transaction::TransferReceipt(_)
            | Transaction::InventoryAdjustment(_) => Ok(()),
        }
    }
}

/// Reads an event from any deserializer; the error's text begins with the path.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tree = Node::deserialize(deserializer)?;
        Self::decode(&tree, &Path::Root).map_err(D::Error::custom)
    }
}

impl Decode for Event {
    const WANTED: &'static str = "an event";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        const FIELDS: &[&str] = &[
            "external_id",
            "number",
            "occurred_at",
            "business_date",
            "location",
            "currency",
            "memo",
            "transaction",
        ];
        let event = Object::open(node, path, FIELDS)?;
        Ok(Self {
            external_id: event.required("external_id")?,
            number: event.optional("number")?,
            occurred_at: event.required("occurred_at")?,
            business_date: event.optional("business_date")?,
            location: event.optional("location")?,
            currency: event.optional("currency")?,
            memo: event.optional("memo")?,
            transaction: event.required("transaction")?,
        })
    }
}

impl Decode for Transaction {
    const WANTED: &'static str = "an object with a `type`";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let choices = || TransactionType::ALL.map(TransactionType::as_str).join(", ");
        let kind = tag(node, path, "type", choices)?;
        match TransactionType::decode(kind, &path.field("type"))? {
            TransactionType::Ticket => sale(node, path).map(Self::Ticket),
            TransactionType::SalesInvoice => sale(node, path).map(Self::SalesInvoice),
            TransactionType::CustomerDeposit => {
                let deposit = Object::open(node, path, &["type", "payments"])?;
                let payments = at_least_one(&deposit, "payments", path)?;
                Ok(Self::CustomerDeposit(CustomerDeposit { payments }))
            }
            TransactionType::PurchaseReceipt => purchase(node, path).map(Self::PurchaseReceipt),
            TransactionType::PurchaseReturn => purchase(node, path).map(Self::PurchaseReturn),
            TransactionType::TransferShipment => {
                let shipment = Object::open(node, path, &["type", "to_location", "lines"])?;
                let to_location = shipment.required("to_location")?;
                let lines = at_least_one(&shipment, "lines", path)?;
                Ok(Self::TransferShipment(TransferShipment {
                    to_location,
                    lines,
                }))
            }
            TransactionType::TransferReceipt => {
                let receipt = Object::open(node, path, &["type", "from_location", "lines"])?;
                let from_location = receipt.required("from_location")?;
                let lines = at_least_one(&receipt, "lines", path)?;
                Ok(Self::TransferReceipt(TransferReceipt {
                    from_location,
                    lines,
                }))
            }
            TransactionType::InventoryAdjustment => {
                let adjustment = Object::open(node, path, &["type", "reason", "kind", "lines"])?;
                Ok(Self::InventoryAdjustment(InventoryAdjustment {
                    reason: adjustment.required("reason")?,
                    kind: adjustment.optional("kind")?.unwrap_or_default(),
                    lines: adjustment.required("lines")?,
                }))
            }
            TransactionType::GiftCardAdjustment => {
                let adjustment = Object::open(node, path, &["type", "reason", "amount"])?;
                let reason = adjustment.required("reason")?;
                let amount = adjustment.required("amount")?;
                Ok(Self::GiftCardAdjustment(GiftCardAdjustment {
                    reason,
                    amount,
                }))
            }
            TransactionType::CashPaid => cash_paid(node, path).map(Self::CashPaid),
        }
    }
}

fn sale(node: &Node<'_>, path: &Path<'_>) -> Result<Sale, EventError> {
    let sale = Object::open(node, path, &["type", "lines", "payments"])?;
    Ok(Sale {
        lines: sale.required("lines")?,
        payments: sale.required("payments")?,
    })
}

fn purchase(node: &Node<'_>, path: &Path<'_>) -> Result<Purchase, EventError> {
    let purchase = Object::open(node, path, &["type", "vendor", "lines"])?;
    Ok(Purchase {
        vendor: purchase.optional("vendor")?,
        lines: at_least_one(&purchase, "lines", path)?,
    })
}

fn cash_paid(node: &Node<'_>, path: &Path<'_>) -> Result<CashPaid, EventError> {
    let paid = Object::open(
        node,
        path,
        &["type", "direction", "reason", "amount", "payment_type"],
    )?;
    let direction = paid.required("direction")?;
    let reason = paid.required("reason")?;
    let amount: EventAmount = paid.required("amount")?;
    if amount.is_zero() || amount.is_negative() {
        let message = "is not above zero; write a positive amount and say the way in `direction`";
        return Err(path.field("amount").error("invalid_amount", message));
    }
    let cash = || Key::new("cash").expect("four letters are a key");
    let payment_type = paid.optional("payment_type")?.unwrap_or_else(cash);
    Ok(CashPaid {
        direction,
        reason,
        amount,
        payment_type,
    })
}

/// A document of this kind cannot be completed without a line, so an empty one is a mistake of the sender.
fn at_least_one<T: Decode>(
    object: &Object<'_, '_>,
    name: &'static str,
    path: &Path<'_>,
) -> Result<Vec<T>, EventError> {
    let list: Vec<T> = object.required(name)?;
    if list.is_empty() {
        return Err(path
            .field(name)
            .error("empty_list", "is empty; give at least one element"));
    }
    Ok(list)
}

impl Decode for SaleLine {
    const WANTED: &'static str = "an object with a `kind`";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        const CHOICES: &str = "item, tax, shipping, gift_card";
        let kind_path = path.field("kind");
        match text(
            tag(node, path, "kind", || CHOICES.to_owned())?,
            &kind_path,
            "a string",
        )? {
            "item" => item_line(node, path).map(Self::Item),
            "tax" => {
                let line = Object::open(node, path, &["kind", "jurisdiction", "amount"])?;
                let jurisdiction = line.optional("jurisdiction")?;
                Ok(Self::Tax(TaxLine {
                    jurisdiction,
                    amount: line.required("amount")?,
                }))
            }
            "shipping" => {
                let line = Object::open(node, path, &["kind", "method", "amount"])?;
                let method = line.optional("method")?;
                Ok(Self::Shipping(ShippingLine {
                    method,
                    amount: line.required("amount")?,
                }))
            }
            "gift_card" => {
                let line = Object::open(node, path, &["kind", "amount"])?;
                Ok(Self::GiftCard(GiftCardLine {
                    amount: line.required("amount")?,
                }))
            }
            _ => Err(kind_path.error(
                "invalid_choice",
                format!("is not a kind of line; write one of {CHOICES}"),
            )),
        }
    }
}

fn item_line(node: &Node<'_>, path: &Path<'_>) -> Result<ItemLine, EventError> {
    const FIELDS: &[&str] = &[
        "kind",
        "item_class",
        "quantity",
        "amount",
        "unit_cost",
        "fulfilment_location",
    ];
    let line = Object::open(node, path, FIELDS)?;
    Ok(ItemLine {
        item_class: line.optional("item_class")?,
        quantity: line.required("quantity")?,
        amount: line.required("amount")?,
        unit_cost: line.optional("unit_cost")?,
        fulfilment_location: line.optional("fulfilment_location")?,
    })
}

impl Decode for CostLine {
    const WANTED: &'static str = "an object with `quantity` and `unit_cost`";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let line = Object::open(node, path, &["item_class", "quantity", "unit_cost"])?;
        Ok(Self {
            item_class: line.optional("item_class")?,
            quantity: line.required("quantity")?,
            unit_cost: line.required("unit_cost")?,
        })
    }
}

impl Decode for Payment {
    const WANTED: &'static str = "an object with `payment_type` and `amount`";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let payment = Object::open(node, path, &["payment_type", "amount", "kind"])?;
        let payment_type = payment.required("payment_type")?;
        let amount: EventAmount = payment.required("amount")?;
        let kind = payment.optional("kind")?.unwrap_or_default();
        if kind == PaymentKind::Change && !amount.is_zero() && !amount.is_negative() {
            let message =
                "is above zero; change leaves the drawer, so write it as a negative amount";
            return Err(path.field("amount").error("invalid_amount", message));
        }
        Ok(Self {
            payment_type,
            amount,
            kind,
        })
    }
}

impl Decode for DepositPayment {
    const WANTED: &'static str = "an object with `payment_type` and `amount`";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let payment = Object::open(node, path, &["payment_type", "amount"])?;
        Ok(Self {
            payment_type: payment.required("payment_type")?,
            amount: payment.required("amount")?,
        })
    }
}
