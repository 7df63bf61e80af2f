//! The rules that the acceptance cases leave to the reader, one by one.

use accounting::{
    Books, ClosedPeriod, Currency, Dimension, Event, JournalEntry, Journalized, Key, LocationRefs,
    Refusal, Side, SkipReason, Slot, Unusable, journalize,
};
use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::events::mapping_without;

fn books() -> Books {
    let mut books = Books::new(mapping_without(&[]), Currency::USD);
    for location in ["boston", "cambridge"] {
        let refs = LocationRefs {
            department: Some(location.into()),
            class: None,
        };
        books.locations.insert(location.to_owned(), refs);
    }
    books
}

fn event(transaction: Value) -> Event {
    let event = json!({
        "external_id": "1", "occurred_at": "2026-11-20T23:22:05-05:00", "location": "boston", "memo": "Register 2",
        "transaction": transaction,
    });
    Event::parse_in(event.to_string().as_bytes(), Currency::USD).unwrap()
}

fn entry(event: &Event, books: &Books) -> JournalEntry {
    match journalize(event, books).unwrap() {
        Journalized::Entry(entry) => entry,
        Journalized::Skipped(reason) => panic!("skipped: {reason}"),
    }
}

/// Each line as `debit payment 50.00 Payment: cash @boston`.
fn lines(entry: &JournalEntry) -> Vec<String> {
    let line = |line: &accounting::Line| {
        let amount = accounting::Amount::of_minor(line.amount_minor, entry.currency());
        let place = line
            .department
            .as_ref()
            .map(|department| format!(" @{department}"))
            .unwrap_or_default();
        format!(
            "{} {} {amount} {}{place}",
            line.side.as_str(),
            line.account,
            line.description
        )
    };
    entry.lines().iter().map(line).collect()
}

fn cash_sale(amount: &str, paid: &str) -> Event {
    event(json!({
        "type": "ticket",
        "lines": [{"kind": "item", "quantity": "1", "amount": amount}],
        "payments": [{"payment_type": "cash", "amount": paid}],
    }))
}

#[test]
fn a_ticket_of_everything_reads_like_the_table() {
    let ticket = event(json!({
        "type": "ticket",
        "lines": [
            {"kind": "gift_card", "amount": "25.00"},
            {"kind": "tax", "jurisdiction": "state", "amount": "8.00"},
            {"kind": "item", "item_class": "apparel", "quantity": "2", "amount": "60.00", "unit_cost": "10.00"},
            {"kind": "item", "item_class": "apparel", "quantity": "1", "amount": "40.00", "unit_cost": "15.00"},
            {"kind": "item", "item_class": "apparel", "quantity": "-1", "amount": "-20.00", "unit_cost": "9.00"},
            {"kind": "item", "item_class": "shoes", "quantity": "1", "amount": "50.00", "unit_cost": "30.00",
             "fulfilment_location": "cambridge"},
            {"kind": "shipping", "method": "ground", "amount": "7.00"},
        ],
        "payments": [
            {"payment_type": "card", "amount": "30.00", "kind": "deposit_applied"},
            {"payment_type": "cash", "amount": "150.00"},
            {"payment_type": "cash", "amount": "-5.00"},
            {"payment_type": "cash", "amount": "-5.00", "kind": "change"},
        ],
    }));
    assert_eq!(
        lines(&entry(&ticket, &books())),
        [
            "debit payment 150.00 Payment: cash @boston",
            "credit payment 10.00 Refund and change given: cash @boston",
            "debit deposit 30.00 Deposit applied: card @boston",
            "credit revenue 100.00 Sales: apparel @boston",
            "debit revenue 20.00 Returns: apparel @boston",
            "credit revenue 50.00 Sales: shoes @boston",
            "debit cost_of_goods_sold 35.00 Cost of goods sold: apparel @boston",
            "credit inventory_on_hand 35.00 Inventory sold: apparel @boston",
            "credit cost_of_goods_sold 9.00 Cost of goods returned: apparel @boston",
            "debit inventory_on_hand 9.00 Inventory returned: apparel @boston",
            "debit cost_of_goods_sold 30.00 Cost of goods sold: shoes @cambridge",
            "credit inventory_on_hand 30.00 Inventory sold: shoes @cambridge",
            "credit sales_tax 8.00 Sales tax: state @boston",
            "credit shipping_income 7.00 Shipping: ground @boston",
            "credit gift_card_liability 25.00 Gift cards sold @boston",
        ]
    );
}

#[test]
fn netted_lines_hold_one_amount_an_account_and_say_what_went_in() {
    let ticket = event(json!({
        "type": "ticket",
        "lines": [{"kind": "item", "item_class": "apparel", "quantity": "1", "amount": "60.00"}],
        "payments": [
            {"payment_type": "cash", "amount": "100.00"},
            {"payment_type": "cash", "amount": "-40.00", "kind": "change"},
        ],
    }));
    let books = Books {
        net_lines: true,
        ..books()
    };
    assert_eq!(
        lines(&entry(&ticket, &books)),
        [
            "debit payment 60.00 Payment: cash; Change given: cash @boston",
            "credit revenue 60.00 Sales: apparel @boston",
        ]
    );
}

#[test]
fn a_difference_within_the_tolerance_goes_to_rounding() {
    let books = Books {
        rounding_tolerance_minor: 5,
        ..books()
    };
    let rounding = |amount, paid| lines(&entry(&cash_sale(amount, paid), &books)).pop();
    assert_eq!(
        rounding("9.98", "10.00").unwrap(),
        "credit rounding 0.02 Rounding: paid more @boston"
    );
    assert_eq!(
        rounding("10.02", "10.00").unwrap(),
        "debit rounding 0.02 Rounding: paid less @boston"
    );
    assert_eq!(
        rounding("10.05", "10.00").unwrap(),
        "debit rounding 0.05 Rounding: paid less @boston"
    );
    let refused = journalize(&cash_sale("10.06", "10.00"), &books).unwrap_err();
    assert_eq!(refused.code(), "unbalanced_event");
}

#[test]
fn a_larger_difference_is_refused_naming_both_sums() {
    let refused = journalize(&cash_sale("50.00", "49.99"), &books()).unwrap_err();
    assert_eq!(refused.code(), "unbalanced_event");
    let message = refused.to_string();
    assert!(
        message.contains("payments sum to 49.99") && message.contains("lines to 50.00 USD"),
        "{message}"
    );
}

#[test]
fn no_tolerance_exceeds_one_unit_of_the_currency() {
    let books = Books {
        rounding_tolerance_minor: i64::MAX,
        ..books()
    };
    assert!(journalize(&cash_sale("50.00", "49.00"), &books).is_ok());
    assert_eq!(
        journalize(&cash_sale("50.00", "48.99"), &books)
            .unwrap_err()
            .code(),
        "unbalanced_event"
    );
}

#[test]
fn rounding_needs_an_account_only_when_there_is_a_difference() {
    let mapping = mapping_without(&[Slot::Rounding]);
    let books = Books {
        rounding_tolerance_minor: 5,
        mapping,
        ..books()
    };
    assert!(journalize(&cash_sale("10.00", "10.00"), &books).is_ok());
    let refused = journalize(&cash_sale("10.01", "10.00"), &books).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is no rounding account at location `boston` (rounding at boston)"
    );
}

#[test]
fn missing_mappings_name_each_slot_and_key_once() {
    let ticket = event(json!({
        "type": "ticket",
        "lines": [
            {"kind": "item", "item_class": "hats", "quantity": "1", "amount": "10.00", "unit_cost": "4.00"},
            {"kind": "item", "item_class": "hats", "quantity": "1", "amount": "10.00", "unit_cost": "4.00"},
        ],
        "payments": [{"payment_type": "paypal", "amount": "20.00"}],
    }));
    let books = Books {
        mapping: mapping_without(&[Slot::Payment, Slot::CostOfGoodsSold]),
        ..books()
    };
    let refused = journalize(&ticket, &books).unwrap_err();
    assert_eq!(refused.code(), "missing_mappings");
    assert_eq!(
        refused.to_string(),
        "payment type `paypal` at location `boston` has no payment account (payment[paypal] at boston); item class `hats` at \
         location `boston` has no cost of goods sold account (cost_of_goods_sold[hats] at boston)"
    );
}

#[test]
fn a_sum_larger_than_books_can_hold_is_refused_as_the_senders_to_mend() {
    let line = json!({"item_class": "hats", "quantity": "1", "unit_cost": "90000000000000"});
    let per_class =
        |class: &str| json!({"item_class": class, "quantity": "1", "unit_cost": "90000000000000"});
    let classes = ["a", "b", "c"].map(per_class);
    let mut books = books();
    books.home_currency = "BHD".parse().unwrap();
    let receipt = |lines: Value| event(json!({"type": "purchase_receipt", "lines": lines}));
    assert!(journalize(&receipt(json!(classes)), &books).is_ok());
    for lines in [
        json!(vec![line; 103]),
        Value::from_iter((0..103).map(|i| per_class(&i.to_string()))),
    ] {
        assert_eq!(
            journalize(&receipt(lines), &books),
            Err(Refusal::AmountTooLarge)
        );
    }
}

#[test]
fn a_foreign_currency_is_refused() {
    let mut sale = cash_sale("10.00", "10.00");
    sale.currency = Some("CAD".parse().unwrap());
    let refused = journalize(&sale, &books()).unwrap_err();
    assert_eq!(refused.code(), "foreign_currency");
    assert!(refused.to_string().contains("CAD") && refused.to_string().contains("USD"));
}

#[test]
fn a_closed_period_fails_or_redates_as_the_tenant_wishes() {
    let sale = cash_sale("10.00", "10.00");
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let closed = |closing_date, closed_period| Books {
        closing_date: Some(day(closing_date)),
        closed_period,
        ..books()
    };

    let refused = journalize(&sale, &closed("2026-11-20", ClosedPeriod::Fail)).unwrap_err();
    assert_eq!(refused.code(), "closed_period");
    assert_eq!(
        refused,
        Refusal::ClosedPeriod {
            accounting_date: day("2026-11-20"),
            closing_date: day("2026-11-20")
        }
    );

    let open = entry(&sale, &closed("2026-11-19", ClosedPeriod::Fail));
    assert_eq!(
        (open.date(), open.note()),
        (day("2026-11-20"), Some("Register 2"))
    );

    let redated = entry(&sale, &closed("2026-11-30", ClosedPeriod::FirstOpenDay));
    assert_eq!(redated.date(), day("2026-12-01"));
    let note = redated.note().unwrap();
    assert!(
        note.starts_with("Register 2\n") && note.contains("Original date 2026-11-20"),
        "{note}"
    );
}

#[test]
fn an_unusable_location_or_class_refuses_the_entries_whose_lines_would_carry_it_and_no_other() {
    let mut books = books();
    let boston = books.locations.get_mut("boston").unwrap();
    boston.class = Some("retail".into());
    books.unusable_dimensions = vec![
        (Dimension::Class, "retail".into(), Unusable::Vanished),
        (Dimension::Location, "boston".into(), Unusable::Inactive),
        // Of another kind, though of the same id.
        (Dimension::Class, "cambridge".into(), Unusable::Inactive),
    ];
    let refused = journalize(&cash_sale("10.00", "10.00"), &books).unwrap_err();
    assert_eq!(refused.code(), "reference_missing", "the graver reason");
    assert_eq!(
        refused.to_string(),
        "lines of the entry would carry class retail, which is not in QuickBooks any more; location boston, which is inactive \
         in QuickBooks"
    );
    assert_eq!(refused.causes(), ["class retail", "location boston"]);
    for location in [Some("cambridge"), Some("unmapped"), None] {
        let mut sale = cash_sale("10.00", "10.00");
        sale.location = location.map(|key| Key::new(key).unwrap());
        assert!(journalize(&sale, &books).is_ok(), "{location:?}");
    }
}

#[test]
fn an_event_of_zeros_is_skipped_even_in_a_closed_period() {
    let free = event(json!({
        "type": "ticket",
        "lines": [{"kind": "item", "quantity": "1", "amount": "0.00", "unit_cost": "0"}],
        "payments": [{"payment_type": "cash", "amount": "0"}],
    }));
    let books = Books {
        closing_date: NaiveDate::from_ymd_opt(2030, 1, 1),
        mapping: mapping_without(&Slot::ALL),
        ..books()
    };
    assert_eq!(
        journalize(&free, &books),
        Ok(Journalized::Skipped(SkipReason::NothingToPost))
    );
}

#[test]
fn lines_that_cancel_out_are_skipped_only_when_netted() {
    let exchange = event(json!({
        "type": "ticket",
        "lines": [
            {"kind": "item", "quantity": "-1", "amount": "-50.00"},
            {"kind": "item", "quantity": "1", "amount": "50.00"},
        ],
        "payments": [],
    }));
    assert_eq!(entry(&exchange, &books()).lines().len(), 2);
    let netted = journalize(
        &exchange,
        &Books {
            net_lines: true,
            ..books()
        },
    );
    assert_eq!(netted, Ok(Journalized::Skipped(SkipReason::NetsToZero)));
}

#[test]
fn goods_in_transit_stay_with_the_shipper_until_they_arrive() {
    let goods = json!([{"item_class": "shoes", "quantity": "5", "unit_cost": "12.00"}]);
    let shipped =
        event(json!({"type": "transfer_shipment", "to_location": "cambridge", "lines": goods}));
    assert_eq!(
        lines(&entry(&shipped, &books())),
        [
            "debit inventory_in_transit 60.00 Shipped into transit: shoes @boston",
            "credit inventory_on_hand 60.00 Inventory shipped: shoes @boston",
        ]
    );
    let received =
        event(json!({"type": "transfer_receipt", "from_location": "cambridge", "lines": goods}));
    assert_eq!(
        lines(&entry(&received, &books())),
        [
            "debit inventory_on_hand 60.00 Inventory arrived: shoes @boston",
            "credit inventory_in_transit 60.00 Received out of transit: shoes @cambridge",
        ]
    );
}

#[test]
fn an_account_may_differ_by_location() {
    let mut books = books();
    books.mapping.set(
        Slot::InventoryOnHand,
        Some("shoes"),
        Some("cambridge"),
        "1306",
    );
    let goods = json!([{"item_class": "shoes", "quantity": "5", "unit_cost": "12.00"}]);
    let receipt = event(json!({"type": "purchase_receipt", "lines": goods}));
    assert_eq!(
        entry(&receipt, &books).lines()[0].account.as_str(),
        "inventory_on_hand"
    );
    let sold_from_cambridge = event(json!({
        "type": "ticket",
        "lines": [{"kind": "item", "item_class": "shoes", "quantity": "1", "amount": "0", "unit_cost": "5.00",
                   "fulfilment_location": "cambridge"}],
        "payments": [],
    }));
    assert_eq!(
        entry(&sold_from_cambridge, &books).lines()[1]
            .account
            .as_str(),
        "1306"
    );
}

#[test]
fn an_unmapped_location_posts_without_one_and_never_fails() {
    let mut sale = cash_sale("10.00", "10.00");
    sale.location = Some(accounting::Key::new("popup").unwrap());
    let entry = entry(&sale, &books());
    assert!(
        entry
            .lines()
            .iter()
            .all(|line| line.department.is_none() && line.class.is_none())
    );
}

#[test]
fn a_cost_that_rounds_to_zero_makes_no_lines() {
    let ticket = event(json!({
        "type": "ticket",
        "lines": [{"kind": "item", "quantity": "1", "amount": "1.00", "unit_cost": "0.004"}],
        "payments": [{"payment_type": "cash", "amount": "1.00"}],
    }));
    let books = Books {
        mapping: mapping_without(&[Slot::CostOfGoodsSold, Slot::InventoryOnHand]),
        ..books()
    };
    assert_eq!(entry(&ticket, &books).lines().len(), 2);
}

#[test]
fn keys_and_locations_are_learned_from_the_event_alone() {
    let ticket = event(json!({
        "type": "ticket",
        "lines": [
            {"kind": "item", "item_class": "hats", "quantity": "1", "amount": "0.00", "fulfilment_location": "salem"},
            {"kind": "tax", "jurisdiction": "state", "amount": "0.00"},
        ],
        "payments": [{"payment_type": "card", "amount": "0.00", "kind": "deposit_applied"}],
    }));
    assert_eq!(
        ticket.keys(),
        [
            (Slot::Deposit, "card"),
            (Slot::Revenue, "hats"),
            (Slot::SalesTax, "state")
        ]
    );
    assert_eq!(ticket.locations(), ["boston", "salem"]);
}

#[test]
fn debit_and_credit_of_a_cash_payment_follow_its_direction() {
    let paid = |direction: &str| {
        let paid = json!({"type": "cash_paid", "direction": direction, "reason": "postage", "amount": "20.00"});
        let entry = entry(&event(paid), &books());
        entry
            .lines()
            .iter()
            .map(|line| (line.side, line.account.to_string()))
            .collect::<Vec<_>>()
    };
    let (payment, cash_paid) = ("payment".to_owned(), "cash_paid".to_owned());
    assert_eq!(
        paid("out"),
        [
            (Side::Debit, cash_paid.clone()),
            (Side::Credit, payment.clone())
        ]
    );
    assert_eq!(
        paid("in"),
        [(Side::Debit, payment), (Side::Credit, cash_paid)]
    );
}
