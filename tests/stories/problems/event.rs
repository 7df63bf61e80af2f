//! What is wrong with an event itself, or leaves nothing to post.

use super::told::{Told, reconsidered, sent_again, told};
use crate::world::{PLATFORM_KEY, World};
use reqwest::Method;
use sandbox::quickbooks::{NewAccount, NewCompany};
use serde_json::json;
use service::problem::Code;

pub(super) async fn a_ticket_whose_payments_differ_names_both_sums() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    ticket["transaction"]["payments"][0]["amount"] = json!("51.00");
    let id = store.send_event(ticket.clone()).await;
    store.drain().await;
    let event = told(
        &store,
        &id,
        Told {
            code: Code::UnbalancedEvent,
            detail: "the payments sum to 51.00 and the lines to 50.00 USD, a difference of 1.00 beyond the rounding tolerance of 0.00; \
                     send the event again with sums that agree",
            who: "sender",
            link: &format!("/events/{id}"),
        },
    )
    .await;
    assert_eq!(event["problem"]["facts"]["difference"], "1.00");
    reconsidered(&store, &id, Code::UnbalancedEvent, "failed").await;
    ticket["transaction"]["payments"][0]["amount"] = json!("50.00");
    sent_again(&store, &id, ticket).await;
}

pub(super) async fn an_event_in_another_currency_names_both() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    ticket["currency"] = json!("CAD");
    let id = store.send_event(ticket.clone()).await;
    store.drain().await;
    let event = told(
        &store,
        &id,
        Told {
            code: Code::ForeignCurrency,
            detail: "the event is in CAD and the company's home currency is USD; only events in USD can be posted",
            who: "sender",
            link: &format!("/events/{id}"),
        },
    )
    .await;
    let facts = &event["problem"]["facts"];
    assert_eq!(
        (&facts["currency"], &facts["home_currency"]),
        (&json!("CAD"), &json!("USD"))
    );
    ticket["currency"] = json!("USD");
    sent_again(&store, &id, ticket).await;
}

/// Taken in before anybody knew which currency the company keeps its books in.
pub(super) async fn cents_in_a_company_without_cents_are_named() {
    let world = World::new().await;
    let company = world
        .quickbooks()
        .seed_company(NewCompany {
            home_currency: "JPY".into(),
            country: "JP".into(),
            accounts: ["Assets", "Sales"].map(plain_account).into(),
            ..NewCompany::named("Harbour")
        })
        .unwrap();
    let store = world.tenant("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    ticket["transaction"]["lines"][0]["amount"] = json!("50.55");
    ticket["transaction"]["payments"][0]["amount"] = json!("50.55");
    let id = store.send_event(ticket).await;
    store.connect(&company.realm_id).await;
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.drain().await;
    told(
        &store,
        &id,
        Told {
            code: Code::TooManyDecimals,
            detail: "the amount 50.55 has more decimals than JPY has; send the event again with whole minor units",
            who: "sender",
            link: &format!("/events/{id}"),
        },
    )
    .await;
}

pub(super) async fn a_sum_beyond_what_books_hold_is_the_senders() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut receipt = store.ticket("r1").await;
    receipt["transaction"] = json!({
        "type": "purchase_receipt",
        "lines": [{ "item_class": "apparel", "quantity": "100000", "unit_cost": "90000000000000" }],
    });
    let id = store.send_event(receipt.clone()).await;
    store.drain().await;
    told(
        &store,
        &id,
        Told {
            code: Code::AmountTooLarge,
            detail: "an amount of this event is larger than the books can hold; check its quantities, costs and amounts",
            who: "sender",
            link: &format!("/events/{id}"),
        },
    )
    .await;
    receipt["transaction"]["lines"][0]["quantity"] = json!("1");
    receipt["transaction"]["lines"][0]["unit_cost"] = json!("9.00");
    sent_again(&store, &id, receipt).await;
}

/// Nobody can cause it over HTTP: what is taken in is readable by the rules of its day. So the row is written.
pub(super) async fn an_event_of_older_rules_is_the_senders() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let ticket = store.ticket("t1").await;
    store.post("/sync/stop", json!({})).await;
    let id = store.send_event(ticket.clone()).await;
    world
        .sql("UPDATE event SET body = replace(body, '\"quantity\"', '\"count\"')")
        .await;
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.drain().await;
    told(
        &store,
        &id,
        Told {
            code: Code::UnreadableEvent,
            detail: "the event as it was taken in cannot be read any more: transaction.lines[0].count: is not a field here; \
                     the fields are kind, item_class, quantity, amount, unit_cost, fulfilment_location",
            who: "sender",
            link: &format!("/events/{id}"),
        },
    )
    .await;
    let mut corrected = ticket;
    corrected["memo"] = json!("sent again");
    sent_again(&store, &id, corrected).await;
}

pub(super) async fn an_event_of_zeros_needs_nobody() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    ticket["transaction"]["lines"][0]["amount"] = json!("0.00");
    ticket["transaction"]["lines"][0]["unit_cost"] = json!("0.00");
    ticket["transaction"]["payments"][0]["amount"] = json!("0.00");
    let id = store.send_event(ticket).await;
    store.drain().await;
    told(
        &store,
        &id,
        Told {
            code: Code::NothingToPost,
            detail: "every line of the event is zero, so there is nothing to post",
            who: "nobody",
            link: &format!("/events/{id}"),
        },
    )
    .await;
}

pub(super) async fn an_event_that_nets_to_nothing_needs_nobody() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world
        .ok(
            Method::PATCH,
            &format!("/v1/tenants/{}", store.id),
            PLATFORM_KEY,
            Some(json!({ "net_lines": true })),
        )
        .await;
    let mut exchange = store.ticket("t1").await;
    exchange["transaction"]["payments"] = json!([]);
    exchange["transaction"]["lines"] = json!([
        { "kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00" },
        { "kind": "item", "item_class": "apparel", "quantity": "-1", "amount": "-50.00" },
    ]);
    let id = store.send_event(exchange).await;
    store.drain().await;
    told(
        &store,
        &id,
        Told {
            code: Code::NetsToZero,
            detail: "netted, the debits and credits of each account cancel out, so there is nothing to post",
            who: "nobody",
            link: &format!("/events/{id}"),
        },
    )
    .await;
}

fn plain_account(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        account_type: "Bank".into(),
        account_sub_type: None,
        number: None,
    }
}
