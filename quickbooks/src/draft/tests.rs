use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::text::length;

fn draft() -> JournalEntryDraft {
    JournalEntryDraft {
        document_number: "HR-20261121-0042".to_owned(),
        accounting_date: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(),
        memo: "Ticket 42 at Zoë’s".to_owned(),
        marker: "[tp evt_1 9f86]".to_owned(),
        currency: Some("USD".to_owned()),
        lines: vec![
            DraftLine {
                account_id: "39".to_owned(),
                posting: Posting::Debit,
                amount: "100.00".to_owned(),
                description: "Cash – drawer 1".to_owned(),
                department_id: Some("2".to_owned()),
                class_id: Some("5000000000000085682".to_owned()),
            },
            DraftLine {
                account_id: "44".to_owned(),
                posting: Posting::Credit,
                amount: "100.00".to_owned(),
                description: String::new(),
                department_id: None,
                class_id: None,
            },
        ],
    }
}

#[test]
fn a_draft_has_just_these_bytes() {
    let expected = concat!(
        r#"{"DocNumber":"HR-20261121-0042","TxnDate":"2026-11-21","#,
        r#""PrivateNote":"Ticket 42 at Zo\u00eb's [tp evt_1 9f86]","CurrencyRef":{"value":"USD"},"Line":["#,
        r#"{"Amount":100.00,"DetailType":"JournalEntryLineDetail","Description":"Cash - drawer 1","#,
        r#""JournalEntryLineDetail":{"PostingType":"Debit","AccountRef":{"value":"39"},"#,
        r#""ClassRef":{"value":"5000000000000085682"},"DepartmentRef":{"value":"2"}}},"#,
        r#"{"Amount":100.00,"DetailType":"JournalEntryLineDetail","#,
        r#""JournalEntryLineDetail":{"PostingType":"Credit","AccountRef":{"value":"44"}}}]}"#,
    );
    let body = draft().to_body(Charset::Latin1);
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[test]
fn outside_the_united_states_text_stays_and_is_escaped() {
    let mut draft = draft();
    draft.memo = "日本 🎁".to_owned();
    let body = String::from_utf8(draft.to_body(Charset::Unicode)).unwrap();
    assert!(body.contains(r#""PrivateNote":"\u65e5\u672c \ud83c\udf81 [tp evt_1 9f86]""#));
}

#[test]
fn a_long_memo_gives_way_and_the_marker_stays() {
    let mut draft = draft();
    draft.memo = "é".repeat(5000);
    let note = draft.private_note(Charset::Latin1);
    assert_eq!(length(&note), PRIVATE_NOTE_LENGTH_MAX);
    assert!(note.ends_with("é [tp evt_1 9f86]"));
}

#[test]
fn a_memo_that_is_cut_at_a_blank_leaves_one_space() {
    let mut draft = draft();
    draft.memo = format!("{}   more", "a".repeat(3983));
    let note = draft.private_note(Charset::Latin1);
    assert!(note.ends_with("a [tp evt_1 9f86]"), "{}", &note[3970..]);
}

#[test]
fn an_amount_that_is_no_plain_decimal_goes_out_as_text() {
    for amount in ["-5.00", "1e3", "", "12,50", "007.10"] {
        let mut draft = draft();
        draft.lines[0].amount = amount.to_owned();
        let body: Value = serde_json::from_slice(&draft.to_body(Charset::Latin1)).unwrap();
        assert_eq!(body["Line"][0]["Amount"], Value::String(amount.to_owned()));
    }
}

fn any_line() -> impl Strategy<Value = DraftLine> {
    let amount = prop_oneof!["[0-9]{1,10}(\\.[0-9]{1,5})?", ".*"];
    let description = prop_oneof![".{0,50}", "(.é🎁\u{7}){900,1500}", any::<String>()];
    (
        ".*",
        any::<bool>(),
        amount,
        description,
        any::<Option<String>>(),
    )
        .prop_map(
            |(account_id, debit, amount, description, class_id)| DraftLine {
                account_id,
                posting: if debit {
                    Posting::Debit
                } else {
                    Posting::Credit
                },
                amount,
                description,
                department_id: class_id.clone(),
                class_id,
            },
        )
}

fn any_draft() -> impl Strategy<Value = JournalEntryDraft> {
    (
        any::<String>(),
        0..20_000_i32,
        prop_oneof![any::<String>(), "(é🎁x \n){1000,1400}"],
        "[a-z0-9_ \\[\\]]{0,60}",
        any::<Option<String>>(),
        prop::collection::vec(any_line(), 0..4),
    )
        .prop_map(
            |(document_number, day, memo, marker, currency, lines)| JournalEntryDraft {
                document_number,
                accounting_date: NaiveDate::from_epoch_days(day).unwrap(),
                memo,
                marker,
                currency,
                lines,
            },
        )
}

/// Every string of a JSON value, at any depth.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_becomes_a_body_that_quickbooks_can_take(draft in any_draft(), latin1: bool) {
        let charset = if latin1 { Charset::Latin1 } else { Charset::Unicode };
        let bytes = draft.to_body(charset);
        prop_assert!(bytes.is_ascii());
        prop_assert_eq!(&bytes, &draft.to_body(charset));
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        let within = |value: &Value, max| length(value.as_str().unwrap_or_default()) <= max;
        prop_assert!(within(&body["DocNumber"], DOCUMENT_NUMBER_LENGTH_MAX));
        prop_assert!(within(&body["PrivateNote"], PRIVATE_NOTE_LENGTH_MAX));
        for line in body["Line"].as_array().unwrap() {
            prop_assert!(within(&line["Description"], DESCRIPTION_LENGTH_MAX));
        }
        for text in strings(&body) {
            prop_assert!(!text.contains(char::is_control));
            let latin1_only = text.chars().all(|character| u32::from(character) <= 0xFF);
            prop_assert!(latin1_only || !latin1);
        }
        let note = body["PrivateNote"].as_str().unwrap_or_default();
        prop_assert!(note.ends_with(draft.marker.trim()));
    }

    #[test]
    fn a_plain_amount_keeps_its_digits(amount in "(0|[1-9][0-9]{0,9})(\\.[0-9]{1,5})?") {
        let mut draft = draft();
        draft.lines[0].amount = amount.clone();
        let body = String::from_utf8(draft.to_body(Charset::Latin1)).unwrap();
        let expected = format!(r#""Line":[{{"Amount":{amount},"#);
        prop_assert!(body.contains(&expected));
    }
}
