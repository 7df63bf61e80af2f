//! What the mapping and the company's lists lack: no account, or one that QuickBooks refuses.

use super::told::{Told, reconsidered, refused, told};
use crate::world::World;
use serde_json::json;
use service::problem::Code;

pub(super) async fn what_is_paid_with_something_unknown_names_it() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    ticket["location"] = json!("boston");
    ticket["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    ticket["transaction"]["lines"][0]["item_class"] = json!("apparel");
    let id = store.send_event(ticket).await;
    store.drain().await;
    let event = told(
        &store,
        &id,
        Told {
            code: Code::MissingMappings,
            detail: "payment type `paypal` at location `boston` has no payment account (payment[paypal] at boston)",
            who: "accountant",
            link: "/mappings",
        },
    )
    .await;
    assert_eq!(
        event["problem"]["facts"]["missing"],
        json!([{ "slot": "payment", "key": "paypal", "location": "boston" }])
    );
    let preview = store.get(&format!("/events/{id}/preview")).await;
    assert_eq!(
        preview["problem"], event["problem"],
        "a preview says the same"
    );
    store.map("payment", Some("paypal"), "1200").await;
    reconsidered(&store, &id, Code::MissingMappings, "synced").await;
}

pub(super) async fn an_account_made_inactive_is_named() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let sales = company.account_id("4000").unwrap();
    let set = |active| {
        world
            .quickbooks()
            .set_account_active(&company.realm_id, sales, active)
            .unwrap()
    };
    set(false);
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    // QuickBooks does not say which; a look at what changed does.
    let event = told(
        &store,
        &id,
        Told {
            code: Code::AccountInactive,
            detail: "account 4000 Sales Apparel is inactive in QuickBooks",
            who: "accountant",
            link: "/mappings",
        },
    )
    .await;
    let account = &event["problem"]["facts"]["accounts"][0];
    assert_eq!(
        (&account["number"], &account["account_id"]),
        (&json!("4000"), &json!(store.account("4000").await))
    );
    assert_eq!(event["problem"]["quickbooks_page"], "/app/chartofaccounts");
    set(true);
    store.post("/account-imports", json!({})).await;
    reconsidered(&store, &id, Code::AccountInactive, "synced").await;
}

pub(super) async fn an_account_that_is_gone_is_named() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let sales = company.account_id("4000").unwrap();
    world
        .quickbooks()
        .remove_account(&company.realm_id, sales)
        .unwrap();
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let event = told(
        &store,
        &id,
        Told {
            code: Code::ReferenceMissing,
            detail: "account 4000 Sales Apparel is not in QuickBooks any more",
            who: "accountant",
            link: "/mappings",
        },
    )
    .await;
    assert_eq!(
        event["problem"]["facts"]["accounts"][0]["qbo_id"],
        json!(sales)
    );
    store.map("revenue", Some("apparel"), "4010").await;
    reconsidered(&store, &id, Code::ReferenceMissing, "synced").await;
}

pub(super) async fn an_account_that_became_receivable_is_named() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let cash = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_type(&company.realm_id, cash, "Accounts Receivable")
        .unwrap();
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    let name = "account 1010 Cash in Drawer";
    told(
        &store,
        &id,
        Told {
            code: Code::NameRequired,
            detail: &format!("{name} is an Accounts Receivable account, whose lines QuickBooks takes only with a customer"),
            who: "accountant",
            link: "/mappings",
        },
    )
    .await;
    store.map("payment", Some("cash"), "1200").await;
    reconsidered(&store, &id, Code::NameRequired, "synced").await;
}

pub(super) async fn a_refused_type_lists_the_accounts_with_their_types() {
    let detail = "QuickBooks takes no journal entry on an account of such a type, and does not say which; the entry goes to \
                  account 1010 Cash in Drawer (Bank), account 4000 Sales Apparel (Income), account 5000 COGS Apparel (Cost of Goods Sold), \
                  account 1300 Inventory Asset (Other Current Asset)";
    refused(
        6430,
        Code::AccountTypeRefused,
        detail,
        "accountant",
        "/mappings",
    )
    .await;
}
