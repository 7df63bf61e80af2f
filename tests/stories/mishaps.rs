//! Everything that a dry run can foresee to go wrong: books in which it does, and events to which it happens.

use crate::foretold::BY_HAND;
use crate::world::{Tenant, World, ticket_at};
use sandbox::quickbooks::{CompanySummary, NameKind, NewAccount, NewEntry, NewLine, PostingType};
use serde_json::{Value, json};

/// A ticket of a day.
pub fn dated(external_id: &str, day: &str) -> Value {
    ticket_at(external_id, format!("{day}T15:00:00Z").parse().unwrap())
}

/// An entry of a bookkeeper, who took this number.
pub fn foreign(company: &CompanySummary, number: &str) -> NewEntry {
    let line = |account: &str, posting_type| NewLine {
        account_id: company.account_id(account).unwrap().to_owned(),
        posting_type,
        amount: "7.00".parse().unwrap(),
        description: None,
    };
    NewEntry {
        doc_number: Some(number.to_owned()),
        txn_date: "2026-11-01".parse().unwrap(),
        private_note: Some(BY_HAND.to_owned()),
        lines: vec![
            line("1010", PostingType::Debit),
            line("4000", PostingType::Credit),
        ],
    }
}

/// Events that cannot be posted, or have nothing to post: one of each sort. `number` is one that a bookkeeper took.
pub fn events(mark: &str, number: &str) -> Vec<Value> {
    let at = |name: &str, day: &str| dated(&format!("{mark}-{name}"), day);
    let paid = |payment_type: &str| {
        let mut event = at(payment_type, "2026-11-07");
        event["transaction"]["payments"][0]["payment_type"] = json!(payment_type);
        event
    };
    let unmapped = paid("paypal");
    let mut twice_unmapped = paid("bitcoin");
    twice_unmapped["transaction"]["lines"][0]["item_class"] = json!("rarities");
    let mut unbalanced = at("unbalanced", "2026-10-20");
    unbalanced["transaction"]["payments"][0]["amount"] = json!("49.00");
    let mut broken_location = at("broken-location", "2026-11-04");
    broken_location["location"] = json!("closed-down");
    let mut abroad = at("abroad", "2026-11-04");
    abroad["currency"] = json!("CAD");
    let mut nothing = at("nothing", "2026-11-05");
    nothing["transaction"]["lines"][0]["amount"] = json!("0.00");
    nothing["transaction"]["lines"][0]["unit_cost"] = json!("0.00");
    nothing["transaction"]["payments"][0]["amount"] = json!("0.00");
    let mut taken = at("taken", "2026-11-06");
    taken["number"] = json!(number);
    let mut too_large = at("too-large", "2026-11-08");
    too_large["transaction"] = json!({
        "type": "purchase_receipt",
        "lines": [{ "item_class": "apparel", "quantity": "100000", "unit_cost": "90000000000000" }],
    });
    vec![
        unmapped,
        twice_unmapped,
        unbalanced,
        broken_location,
        abroad,
        nothing,
        taken,
        paid("cheque"),
        paid("on account"),
        paid("voucher"),
        too_large,
    ]
}

/// Gives the company Locations and a Class, maps each of `locations` to the Location beside it and the first to the Class too, and one
/// more to a Location that is closed down.
pub async fn map_locations(
    world: &World,
    store: &Tenant<'_>,
    company: &CompanySummary,
    locations: &[(&str, &str)],
) {
    let quickbooks = world.quickbooks();
    let add = |kind, name: &str| {
        let added = quickbooks.add_name(&company.realm_id, kind, name);
        added.unwrap().id
    };
    for (_, name) in locations {
        add(NameKind::Department, name);
    }
    add(NameKind::Class, "Retail");
    let closed_down = add(NameKind::Department, "Closed down");
    store.post("/dimension-imports", json!({})).await;
    store.drain().await;
    let listed = store.get("/dimensions").await;
    let id = |name: &str| {
        let rows = listed["items"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["id"].clone()
    };
    let all = locations.iter().chain(&[("closed-down", "Closed down")]);
    let mut mappings: Vec<Value> = all
        .map(|(location, name)| json!({ "location": location, "quickbooks_location_id": id(name) }))
        .collect();
    mappings[0]["quickbooks_class_id"] = id("Retail");
    let set = store
        .put("/location-mappings", json!({ "mappings": mappings }))
        .await;
    let mut results = set["results"].as_array().unwrap().iter();
    assert!(results.all(|row| row["problem"].is_null()), "{set:#}");
    quickbooks
        .set_name_active(&company.realm_id, NameKind::Department, &closed_down, false)
        .unwrap();
    store.post("/dimension-imports", json!({})).await;
    store.drain().await;
}

/// Maps payments by cheque, on account and by voucher; then the first one's account becomes inactive, the second one's comes to take a
/// customer, and the third one's is gone.
pub async fn break_accounts(world: &World, store: &Tenant<'_>, company: &CompanySummary) {
    let quickbooks = world.quickbooks();
    let wanted = [
        ("cheque", "1020"),
        ("on account", "1030"),
        ("voucher", "1040"),
    ];
    let [cheques, on_account, vouchers] = wanted.map(|(name, number)| {
        let account = NewAccount {
            name: format!("Paid by {name}"),
            account_type: "Bank".to_owned(),
            account_sub_type: None,
            number: Some(number.to_owned()),
        };
        quickbooks
            .add_account(&company.realm_id, &account)
            .unwrap()
            .id
    });
    let import = async || {
        store.post("/account-imports", json!({})).await;
        store.drain().await;
    };
    import().await;
    for (payment_type, number) in wanted {
        store.map("payment", Some(payment_type), number).await;
    }
    let realm = &company.realm_id;
    quickbooks
        .set_account_active(realm, &cheques, false)
        .unwrap();
    quickbooks
        .set_account_type(realm, &on_account, "Accounts Receivable")
        .unwrap();
    quickbooks.remove_account(realm, &vouchers).unwrap();
    import().await;
}
