//! What is taken in and what is refused, with the place and the cure.

use accounting::{Currency, Event, EventError, TransactionType};
use serde_json::{Value, json};

fn ticket() -> Value {
    json!({
        "external_id": "tkt_1001",
        "occurred_at": "2026-11-20T23:22:05-05:00",
        "transaction": {
            "type": "ticket",
            "lines": [{"kind": "item", "quantity": "1", "amount": "19.99"}, {"kind": "tax", "amount": "1.00"}],
            "payments": [{"payment_type": "card", "amount": "20.99"}],
        },
    })
}

fn event(transaction: Value) -> Value {
    json!({"external_id": "1", "occurred_at": "2026-11-20T18:22:05Z", "transaction": transaction})
}

fn read(event: &Value) -> Result<Event, EventError> {
    Event::parse_in(event.to_string().as_bytes(), Currency::USD)
}

/// Sets a field and gives the code and path of the refusal.
fn refused_with(pointer: &str, field: &str, value: Value) -> (&'static str, String) {
    let mut event = ticket();
    event.pointer_mut(pointer).unwrap()[field] = value;
    let error = read(&event).unwrap_err();
    (error.code, error.path)
}

#[test]
fn a_json_number_is_refused_with_its_path_and_the_cure() {
    let mut event = ticket();
    event["transaction"]["lines"][1]["amount"] = json!(19.99);
    let error = read(&event).unwrap_err();
    assert_eq!(error.code, "number_not_string");
    assert_eq!(error.path, "transaction.lines[1].amount");
    assert!(
        error.message.contains("as strings, such as \"19.99\""),
        "{}",
        error.message
    );
}

#[test]
fn each_mistake_has_its_code_and_path() {
    let long = |n: usize| Value::from("x".repeat(n));
    for (pointer, field, value, code, path) in [
        (
            "",
            "external_id",
            json!(""),
            "invalid_length",
            "external_id",
        ),
        (
            "",
            "external_id",
            long(129),
            "invalid_length",
            "external_id",
        ),
        (
            "",
            "external_id",
            json!("a\u{0}b"),
            "invalid_character",
            "external_id",
        ),
        (
            "",
            "external_id",
            json!(null),
            "missing_field",
            "external_id",
        ),
        ("", "number", json!("12 3"), "invalid_character", "number"),
        ("", "number", long(22), "invalid_length", "number"),
        ("", "memo", long(1_001), "invalid_length", "memo"),
        ("", "memo", json!("bell \u{7}"), "invalid_character", "memo"),
        ("", "location", long(65), "invalid_length", "location"),
        (
            "",
            "location",
            json!("a\nb"),
            "invalid_character",
            "location",
        ),
        ("", "currency", json!("usd"), "unknown_currency", "currency"),
        (
            "",
            "occurred_at",
            json!("2026-11-20"),
            "invalid_date",
            "occurred_at",
        ),
        (
            "",
            "occurred_at",
            json!("1980-01-01T00:00:00Z"),
            "invalid_date",
            "occurred_at",
        ),
        (
            "",
            "business_date",
            json!("2026-1-2"),
            "invalid_date",
            "business_date",
        ),
        (
            "",
            "business_date",
            json!("2026-02-30"),
            "invalid_date",
            "business_date",
        ),
        (
            "",
            "business_date",
            json!("2101-01-01"),
            "invalid_date",
            "business_date",
        ),
        ("", "transaction", json!([]), "wrong_type", "transaction"),
        (
            "",
            "transaction",
            json!({}),
            "missing_field",
            "transaction.type",
        ),
        (
            "/transaction",
            "type",
            json!("sale"),
            "invalid_choice",
            "transaction.type",
        ),
        (
            "/transaction",
            "lines",
            json!({}),
            "wrong_type",
            "transaction.lines",
        ),
        (
            "/transaction",
            "payments",
            json!(null),
            "missing_field",
            "transaction.payments",
        ),
        (
            "/transaction/lines/0",
            "kind",
            json!("discount"),
            "invalid_choice",
            "transaction.lines[0].kind",
        ),
        (
            "/transaction/lines/0",
            "amount",
            json!("19.999"),
            "too_many_decimals",
            "transaction.lines[0].amount",
        ),
        (
            "/transaction/lines/0",
            "amount",
            json!("19.9999"),
            "too_many_decimals",
            "transaction.lines[0].amount",
        ),
        (
            "/transaction/lines/0",
            "amount",
            json!("1,999"),
            "invalid_amount",
            "transaction.lines[0].amount",
        ),
        (
            "/transaction/lines/0",
            "amount",
            json!("1234567890123456"),
            "invalid_amount",
            "transaction.lines[0].amount",
        ),
        (
            "/transaction/lines/0",
            "quantity",
            json!("1.00001"),
            "too_many_decimals",
            "transaction.lines[0].quantity",
        ),
        (
            "/transaction/lines/0",
            "unit_cost",
            json!("1.0000001"),
            "too_many_decimals",
            "transaction.lines[0].unit_cost",
        ),
        (
            "/transaction/lines/1",
            "quantity",
            json!("1"),
            "unknown_field",
            "transaction.lines[1].quantity",
        ),
        (
            "/transaction/payments/0",
            "payment_type",
            json!(true),
            "wrong_type",
            "transaction.payments[0].payment_type",
        ),
        (
            "/transaction/payments/0",
            "kind",
            json!("change"),
            "invalid_amount",
            "transaction.payments[0].amount",
        ),
    ] {
        assert_eq!(
            refused_with(pointer, field, value.clone()),
            (code, path.to_owned()),
            "{field} = {value}"
        );
    }
}

#[test]
fn a_field_given_twice_is_refused_at_any_depth() {
    for (text, path) in [
        (r#"{"external_id":"1","external_id":"2"}"#, "external_id"),
        (
            r#"{"external_id":"1","occurred_at":"2026-11-20T18:22:05Z","transaction":{"type":"ticket","payments":[],
            "lines":[{"amount":"1","kind":"tax","amount":"2"}]}}"#,
            "transaction.lines[0].amount",
        ),
        (
            r#"{"external_id":"1","occurred_at":"2026-11-20T18:22:05Z",
            "transaction":{"type":"ticket","payments":[],"lines":[],"type":"ticket"}}"#,
            "transaction.type",
        ),
    ] {
        let error = Event::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.code, error.path.as_str()), ("duplicate_field", path));
    }
}

#[test]
fn text_that_is_no_json_object_is_refused() {
    for text in [
        "",
        "{",
        "[]",
        "{} {}",
        "\u{feff}{}",
        r#"{"external_id":"\ud800"}"#,
        "null",
        "1e999",
    ] {
        let error = Event::parse(text.as_bytes()).unwrap_err();
        assert!(
            ["invalid_json", "wrong_type"].contains(&error.code),
            "{text}: {}",
            error.code
        );
        assert_eq!(error.path, "", "{text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        Event::parse(deep.as_bytes()).unwrap_err().code,
        "invalid_json"
    );
}

#[test]
fn at_most_a_thousand_lines_are_taken_in() {
    let with = |n: usize| {
        let mut event = ticket();
        event["transaction"]["lines"] = Value::from(vec![json!({"kind": "tax", "amount": "0"}); n]);
        event
    };
    assert!(read(&with(1_000)).is_ok());
    let error = read(&with(1_001)).unwrap_err();
    assert_eq!(
        (error.code, error.path.as_str()),
        ("too_many_lines", "transaction.lines")
    );
}

#[test]
fn empty_lists_are_taken_in_only_where_the_document_exists_without_lines() {
    for fine in [
        json!({"type": "ticket", "lines": [], "payments": []}),
        json!({"type": "sales_invoice", "lines": [], "payments": []}),
        json!({"type": "inventory_adjustment", "reason": "count", "kind": "physical_count", "lines": []}),
    ] {
        assert!(read(&event(fine)).is_ok());
    }
    for empty in [
        json!({"type": "customer_deposit", "payments": []}),
        json!({"type": "purchase_receipt", "lines": []}),
        json!({"type": "purchase_return", "lines": []}),
        json!({"type": "transfer_shipment", "to_location": "b", "lines": []}),
        json!({"type": "transfer_receipt", "from_location": "b", "lines": []}),
    ] {
        assert_eq!(read(&event(empty)).unwrap_err().code, "empty_list");
    }
}

#[test]
fn cash_paid_is_above_zero_and_defaults_to_cash() {
    let paid = |amount: &str| {
        event(json!({"type": "cash_paid", "direction": "in", "reason": "r", "amount": amount}))
    };
    for amount in ["0", "0.00", "-5.00"] {
        let error = read(&paid(amount)).unwrap_err();
        assert_eq!(
            (error.code, error.path.as_str()),
            ("invalid_amount", "transaction.amount")
        );
    }
    assert!(
        read(&paid("5.00"))
            .unwrap()
            .canonical_json()
            .contains(r#""payment_type":"cash""#)
    );
}

#[test]
fn decimals_are_those_of_the_events_currency_or_the_home_currency() {
    let yen: Currency = "JPY".parse().unwrap();
    let mut event = ticket();
    assert_eq!(
        Event::parse_in(event.to_string().as_bytes(), yen)
            .unwrap_err()
            .code,
        "too_many_decimals"
    );
    event["currency"] = json!("USD");
    assert!(Event::parse_in(event.to_string().as_bytes(), yen).is_ok());
    event["currency"] = json!("JPY");
    let error = Event::parse_in(event.to_string().as_bytes(), Currency::USD).unwrap_err();
    assert_eq!(error.message, "has 2 decimals; JPY has 0");
}

#[test]
fn the_accounting_date_is_the_business_date_or_the_day_at_the_store() {
    let mut event = ticket();
    assert_eq!(
        read(&event).unwrap().accounting_date().to_string(),
        "2026-11-20"
    );
    event["business_date"] = json!("2026-11-19");
    assert_eq!(
        read(&event).unwrap().accounting_date().to_string(),
        "2026-11-19"
    );
}

#[test]
fn the_same_event_written_otherwise_has_the_same_canonical_text() {
    let one = r#"{"external_id":"1","occurred_at":"2026-11-20T18:22:05-05:00","memo":null,"transaction":{"type":"ticket",
        "lines":[{"kind":"item","quantity":"1","amount":"19.90"}],"payments":[{"payment_type":"card","amount":"19.9"}]}}"#;
    let other = r#"{ "transaction" : {"payments":[{"kind":"tender","amount":"19.90","payment_type":"\u0063ard"}],
        "lines":[{"amount":"019.9","quantity":"1.000","kind":"item"}],"type":"ticket"},
        "occurred_at":"2026-11-20T18:22:05.000-05:00", "external_id":"1" }"#;
    let (one, other) = (
        Event::parse(one.as_bytes()).unwrap(),
        Event::parse(other.as_bytes()).unwrap(),
    );
    assert_eq!(one, other);
    assert_eq!(one.canonical_json(), other.canonical_json());
    assert!(
        serde_json::to_string(&one)
            .unwrap()
            .contains(r#""amount":"19.90""#),
        "shown as it was written"
    );

    let mut changed = other.clone();
    changed.occurred_at = changed
        .occurred_at
        .with_timezone(&chrono::FixedOffset::east_opt(0).unwrap());
    assert_ne!(one, changed, "the offset decides the accounting date");
    assert_ne!(one.canonical_json(), changed.canonical_json());
}

#[test]
fn an_event_reads_from_any_deserializer_and_its_error_begins_with_the_path() {
    assert!(serde_json::from_value::<Event>(ticket()).is_ok());
    let mut broken = ticket();
    broken["transaction"]["lines"][0]["amount"] = json!(1);
    let error = serde_json::from_value::<Event>(broken)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("transaction.lines[0].amount: is a JSON number"),
        "{error}"
    );
}

#[test]
fn every_type_reads_back_from_its_name() {
    for kind in TransactionType::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.as_str()));
    }
}
