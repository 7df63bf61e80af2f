//! Events of every shape, generated.

use accounting::event::{
    AdjustmentKind, CashPaid, CostLine, CustomerDeposit, DepositPayment, Direction,
    GiftCardAdjustment, GiftCardLine, InventoryAdjustment, ItemLine, Payment, PaymentKind,
    Purchase, Sale, SaleLine, ShippingLine, TaxLine, TransferReceipt, TransferShipment,
};
use accounting::{Currency, Decimal, Event, EventAmount, Key, Slot, Transaction, allocate};
use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A home currency of each number of minor digits.
pub fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["USD", "JPY", "BHD"]).prop_map(|code| code.parse().unwrap())
}

/// An event of any shape in the home currency, and that currency. Sales are balanced.
pub fn event() -> impl Strategy<Value = (Event, Currency)> {
    currency()
        .prop_flat_map(|currency| (transaction(currency), Just(currency)))
        .prop_flat_map(|(transaction, currency)| {
            (envelope(currency), Just(transaction), Just(currency)).prop_map(
                |(envelope, transaction, currency)| {
                    (
                        Event {
                            transaction,
                            ..envelope
                        },
                        currency,
                    )
                },
            )
        })
}

fn envelope(home: Currency) -> impl Strategy<Value = Event> {
    let text = || "[a-zA-Z0-9_ äß€-]{1,20}";
    (
        text(),
        option::of("[A-Za-z0-9-]{1,21}"),
        (0i64..3_000_000_000, -12i32..=14),
        option::of(0u64..40_000),
        option::of(location()),
        any::<bool>(),
        option::of("[ -~\n]{0,40}"),
    )
        .prop_map(
            move |(id, number, (seconds, hours), business_day, location, named, memo)| Event {
                external_id: accounting::ExternalId::new(&id).unwrap(),
                number: number.map(|number| accounting::DocumentNumber::new(&number).unwrap()),
                occurred_at: instant(seconds, hours),
                business_date: business_day.map(|day| day_zero() + Days::new(day)),
                location,
                currency: named.then_some(home),
                memo: memo.map(|memo| accounting::Memo::new(&memo).unwrap()),
                transaction: Transaction::GiftCardAdjustment(GiftCardAdjustment {
                    reason: Key::new("replaced").unwrap(),
                    amount: EventAmount::ZERO,
                }),
            },
        )
}

fn day_zero() -> NaiveDate {
    NaiveDate::from_ymd_opt(1990, 1, 2).unwrap()
}

fn instant(seconds_since: i64, offset_hours: i32) -> DateTime<FixedOffset> {
    let start = day_zero()
        .and_hms_opt(12, 0, 0)
        .unwrap()
        .and_utc()
        .timestamp();
    let offset = FixedOffset::east_opt(offset_hours * 3_600).unwrap();
    DateTime::from_timestamp(start + seconds_since, 0)
        .unwrap()
        .with_timezone(&offset)
}

fn key(names: &'static [&'static str]) -> impl Strategy<Value = Key> {
    prop::sample::select(names).prop_map(|name| Key::new(name).unwrap())
}

pub fn location() -> impl Strategy<Value = Key> {
    key(&["boston", "cambridge", "salem"])
}

fn class() -> impl Strategy<Value = Option<Key>> {
    option::of(key(&["apparel", "footwear", "hats"]))
}

fn payment_type() -> impl Strategy<Value = Key> {
    key(&["cash", "card", "gift_card", "house"])
}

/// Small amounts mostly, large ones and zero now and then.
fn minor() -> impl Strategy<Value = i64> {
    prop_oneof![6 => -50_000i64..50_000, 1 => Just(0), 1 => -1_000_000_000_000i64..1_000_000_000_000]
}

fn amount(minor: i64, currency: Currency) -> EventAmount {
    Decimal::new(i128::from(minor), currency.minor_digits()).unwrap()
}

fn quantity() -> impl Strategy<Value = accounting::Quantity> {
    prop_oneof![
        5 => (-9i128..20).prop_map(|whole| Decimal::new(whole, 0).unwrap()),
        1 => (-99_999i128..99_999).prop_map(|parts| Decimal::new(parts, 4).unwrap()),
    ]
}

fn unit_cost() -> impl Strategy<Value = accounting::UnitCost> {
    prop_oneof![
        5 => (0i128..50_000).prop_map(|cents| Decimal::new(cents, 2).unwrap()),
        1 => (0i128..99_999_999).prop_map(|parts| Decimal::new(parts, 6).unwrap()),
    ]
}

fn cost_lines(at_least: usize) -> impl Strategy<Value = Vec<CostLine>> {
    let line = (class(), quantity(), unit_cost());
    vec(
        line.prop_map(|(item_class, quantity, unit_cost)| CostLine {
            item_class,
            quantity,
            unit_cost,
        }),
        at_least..6,
    )
}

fn sale_line(currency: Currency) -> impl Strategy<Value = SaleLine> {
    let item = (
        class(),
        quantity(),
        minor(),
        option::of(unit_cost()),
        option::of(location()),
    )
        .prop_map(
            move |(item_class, quantity, minor, unit_cost, fulfilment_location)| {
                let amount = amount(minor, currency);
                SaleLine::Item(ItemLine {
                    item_class,
                    quantity,
                    amount,
                    unit_cost,
                    fulfilment_location,
                })
            },
        );
    let tax =
        (option::of(key(&["state", "city"])), minor()).prop_map(move |(jurisdiction, minor)| {
            SaleLine::Tax(TaxLine {
                jurisdiction,
                amount: amount(minor, currency),
            })
        });
    let shipping =
        (option::of(key(&["ground", "air"])), minor()).prop_map(move |(method, minor)| {
            SaleLine::Shipping(ShippingLine {
                method,
                amount: amount(minor, currency),
            })
        });
    let card = minor().prop_map(move |minor| {
        SaleLine::GiftCard(GiftCardLine {
            amount: amount(minor, currency),
        })
    });
    prop_oneof![4 => item, 1 => tax, 1 => shipping, 1 => card]
}

/// Lines of any sign, paid in full by up to four payments.
pub fn sale(currency: Currency) -> impl Strategy<Value = Sale> {
    let kind = prop::sample::select(vec![
        PaymentKind::Tender,
        PaymentKind::Tender,
        PaymentKind::DepositApplied,
    ]);
    let payments = vec((payment_type(), kind, 1u32..100), 1..5);
    (
        vec(sale_line(currency), 0..8),
        payments,
        option::of(1i64..5_000),
    )
        .prop_map(move |(lines, payments, change)| {
            let total: i64 = lines
                .iter()
                .map(|line| line.amount().minor(currency).unwrap())
                .sum();
            let weights: Vec<u32> = payments.iter().map(|(_, _, weight)| *weight).collect();
            let shares = allocate(total, &weights);
            let mut payments: Vec<Payment> = payments
                .into_iter()
                .zip(shares)
                .map(|((payment_type, kind, _), share)| Payment {
                    payment_type,
                    amount: amount(share, currency),
                    kind,
                })
                .collect();
            if let Some(change) = change {
                let cash = |minor, kind| {
                    let payment_type = Key::new("cash").unwrap();
                    Payment {
                        payment_type,
                        amount: amount(minor, currency),
                        kind,
                    }
                };
                payments.extend([
                    cash(change, PaymentKind::Tender),
                    cash(-change, PaymentKind::Change),
                ]);
            }
            Sale { lines, payments }
        })
}

fn transaction(currency: Currency) -> impl Strategy<Value = Transaction> {
    let deposit = vec((payment_type(), minor()), 1..4).prop_map(move |payments| {
        let payment = |(payment_type, minor)| DepositPayment {
            payment_type,
            amount: amount(minor, currency),
        };
        Transaction::CustomerDeposit(CustomerDeposit {
            payments: payments.into_iter().map(payment).collect(),
        })
    });
    let vendor = || option::of(Just(accounting::event::Vendor::new("acme").unwrap()));
    let purchase =
        move || (vendor(), cost_lines(1)).prop_map(|(vendor, lines)| Purchase { vendor, lines });
    let reason = || key(&["damaged", "shrink", "physical_count"]);
    let counted = prop::sample::select(vec![
        AdjustmentKind::Adjustment,
        AdjustmentKind::PhysicalCount,
    ]);
    let direction = prop::sample::select(vec![Direction::In, Direction::Out]);
    prop_oneof![
        4 => sale(currency).prop_map(Transaction::Ticket),
        1 => sale(currency).prop_map(Transaction::SalesInvoice),
        1 => deposit,
        1 => purchase().prop_map(Transaction::PurchaseReceipt),
        1 => purchase().prop_map(Transaction::PurchaseReturn),
        1 => (location(), cost_lines(1)).prop_map(|(to_location, lines)| {
            Transaction::TransferShipment(TransferShipment { to_location, lines })
        }),
        1 => (location(), cost_lines(1)).prop_map(|(from_location, lines)| {
            Transaction::TransferReceipt(TransferReceipt { from_location, lines })
        }),
        1 => (reason(), counted, cost_lines(0)).prop_map(|(reason, kind, lines)| {
            Transaction::InventoryAdjustment(InventoryAdjustment { reason, kind, lines })
        }),
        1 => (reason(), minor()).prop_map(move |(reason, minor)| {
            Transaction::GiftCardAdjustment(GiftCardAdjustment { reason, amount: amount(minor, currency) })
        }),
        1 => (direction, reason(), 1i64..100_000, payment_type()).prop_map(
            move |(direction, reason, minor, payment_type)| {
                let amount = amount(minor, currency);
                Transaction::CashPaid(CashPaid { direction, reason, amount, payment_type })
            }
        ),
    ]
}

/// Every slot but those of `without`, each by default to an account of its own name.
pub fn mapping_without(without: &[Slot]) -> accounting::Mapping {
    let mapped = Slot::ALL.into_iter().filter(|slot| !without.contains(slot));
    mapped
        .map(|slot| (slot, None::<&str>, None::<&str>, slot.as_str()))
        .collect()
}
