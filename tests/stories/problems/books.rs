//! What the books and the company do not take: a closed period, a taken number, another version, what a plan lacks, and what
//! QuickBooks refuses for reasons of its own.

use super::told::{Told, calls, dated, foreign, reconsidered, refused, told};
use crate::locations::{located, map, sale_at};
use crate::world::World;
use sandbox::quickbooks::Offering;
use serde_json::json;
use service::problem::Code;

pub(super) async fn a_closed_period_is_named_with_its_date() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world
        .quickbooks()
        .close_books(&company.realm_id, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    // QuickBooks tells the first; the preferences that are read for it tell the second.
    let ids = [
        (
            "t1",
            "QuickBooks refused the entry dated 2026-10-31: the accounting period is closed",
        ),
        (
            "t2",
            "the event is dated 2026-10-31 and the books are closed through 2026-10-31; reopen the period and retry, or let such events be dated the first open day",
        ),
    ];
    for (name, detail) in ids {
        let id = store.send_event(dated(name, "2026-10-31")).await;
        store.post(&format!("/events/{id}/retry"), json!({})).await;
        store.drain().await;
        let event = told(
            &store,
            &id,
            Told {
                code: Code::ClosedPeriod,
                detail,
                who: "accountant",
                link: "/connection",
            },
        )
        .await;
        assert_eq!(event["problem"]["facts"]["accounting_date"], "2026-10-31");
    }
    world.quickbooks().reopen_books(&company.realm_id).unwrap();
    let answer = store
        .post("/retry-failed", json!({ "problem_code": "closed_period" }))
        .await;
    assert_eq!(answer["queued"], 2, "{answer:#}");
    store.drain().await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        2
    );
}

pub(super) async fn a_taken_number_names_its_holder() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let quickbooks = world.quickbooks();
    let holder = quickbooks
        .insert_entry(&company.realm_id, &foreign(&company, "104233"))
        .unwrap();
    let mut ticket = store.ticket("t1").await;
    ticket["number"] = json!("104233");
    let id = store.send_event(ticket).await;
    store.drain().await;
    let event = told(
        &store,
        &id,
        Told {
            code: Code::NumberTaken,
            detail: &format!(
                "number 104233 is taken in QuickBooks by journal entry {} of 2026-11-01, which is not this event's entry; nothing was posted",
                holder.id
            ),
            who: "accountant",
            link: &format!("/events/{id}"),
        },
    )
    .await;
    let problem = &event["problem"];
    assert_eq!(
        problem["facts"]["foreign_entry"],
        json!({ "qbo_id": holder.id, "accounting_date": "2026-11-01" })
    );
    assert_eq!(
        problem["quickbooks_page"],
        json!(format!("/app/journal?txnId={}", holder.id))
    );
    let renumbered = foreign(&company, "H-104233");
    quickbooks
        .change_entry(&company.realm_id, &holder.id, &renumbered)
        .unwrap();
    reconsidered(&store, &id, Code::NumberTaken, "synced").await;
}

pub(super) async fn another_version_in_the_books_is_named() {
    let world = World::new().await;
    let (store, old) = world.store("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    let id = store.send_event(ticket.clone()).await;
    store.drain().await;
    let new = world.company("Hillside");
    let change = json!({ "allow_company_change": true });
    store.consent(&new.realm_id, change.clone()).await;
    ticket["memo"] = json!("another word");
    let answer = store.post("/events", json!({ "events": [ticket] })).await;
    assert_eq!(answer["results"][0]["result"], "replaced", "{answer:#}");
    store.consent(&old.realm_id, change).await;
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.drain().await;
    told(
        &store,
        &id,
        Told {
            code: Code::EventAlreadyPosted,
            detail: "version 1 of the event is in the books and version 2 differs from it; a posted entry is never rewritten",
            who: "accountant",
            link: &format!("/events/{id}"),
        },
    )
    .await;
    reconsidered(&store, &id, Code::EventAlreadyPosted, "failed").await;
}

pub(super) async fn a_refused_currency_is_quoted() {
    let detail = "QuickBooks refuses the currency of the entry: Invalid Currency Type : CAD";
    let (code, who) = (Code::CurrencyNotEnabled, "quickbooks_administrator");
    refused(2220, code, detail, who, "/connection").await;
}

/// Mapped while the plan had Locations; then the company is moved to one without them.
pub(super) async fn a_plan_that_lacks_a_feature_is_quoted() {
    let world = World::new().await;
    let (store, company) = located(&world).await;
    map(&store, "boston", "Boston").await;
    let subscribe = |to| {
        let quickbooks = world.quickbooks();
        quickbooks.set_offering(&company.realm_id, to).unwrap();
    };
    subscribe(Offering::Essentials);
    let sale = sale_at(&store, "t1", "boston").await;
    let id = store.send_event(sale).await;
    store.drain().await;
    let event = told(
        &store,
        &id,
        Told {
            code: Code::PlanLacksFeature,
            detail: "the company's QuickBooks plan, or the role of the user who connected, does not allow the entry: \
                     Feature Not Supported Error : Department is not supported by this subscription",
            who: "quickbooks_administrator",
            link: "/connection",
        },
    )
    .await;
    assert_eq!(event["problem"]["facts"]["quickbooks"]["code"], "5030");
    reconsidered(&store, &id, Code::PlanLacksFeature, "failed").await;
    subscribe(Offering::Plus);
    reconsidered(&store, &id, Code::PlanLacksFeature, "synced").await;
    assert_eq!(calls(&world), 3);
}

pub(super) async fn a_mistake_of_ours_says_so() {
    let detail = "QuickBooks found the entry itself wrong, which is a mistake of ours: Property Name:Unrecognized field \"Bogus\" \
                  (class com.intuit.schema.finance.v3.JournalEntry), not marked as ignorable (2 known properties: \"Line\", \
                  \"TxnDate\"]) specified is unsupported or invalid";
    refused(2010, Code::InvalidEntry, detail, "operator", "").await;
}

pub(super) async fn a_refusal_of_quickbooks_own_is_quoted() {
    let detail = "QuickBooks refused the entry: Matched transaction : This transaction was matched to a downloaded transaction \
                  and cannot be changed.";
    refused(6480, Code::Rejected, detail, "accountant", "").await;
}
