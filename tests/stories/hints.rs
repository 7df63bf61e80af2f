//! Intuit's notifications: signed, in two forms, and never more than a reason to look sooner.

use crate::world::{Answer, Tenant, VERIFIER, World};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use reqwest::{Method, StatusCode};
use ring::hmac;
use sandbox::quickbooks::{CompanySummary, NotificationForm, Notify};
use serde_json::{Value, json};
use service::reconciliation;

fn signature(body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, VERIFIER.as_bytes());
    BASE64.encode(hmac::sign(&key, body.as_bytes()).as_ref())
}

async fn sent(world: &World, body: &str, signature: Option<&str>) -> Answer {
    let url = world.base.join("v1/intuit/notifications").unwrap();
    let mut request = world
        .http()
        .request(Method::POST, url)
        .body(body.to_owned());
    if let Some(signature) = signature {
        request = request.header("intuit-signature", signature);
    }
    world.answer(request).await
}

async fn notified(world: &World, body: Value) {
    let body = body.to_string();
    let answer = sent(world, &body, Some(&signature(&body))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

fn old(company: &CompanySummary, entity: &str, id: &str, operation: &str) -> Value {
    let entity = json!({ "name": entity, "id": id, "operation": operation, "lastUpdated": "2026-11-26T18:00:00.000Z" });
    json!({ "eventNotifications": [{ "realmId": company.realm_id, "dataChangeEvent": { "entities": [entity] } }] })
}

fn new(company: &CompanySummary, kind: &str, id: &str) -> Value {
    json!([{
        "specversion": "1.0", "id": "88cd52aa-33b6-4351-9aa4-47572edbd068", "source": "intuit.x=", "type": kind,
        "datacontenttype": "application/json", "time": "2026-11-26T18:00:00.179851517Z", "intuitentityid": id,
        "intuitaccountid": company.realm_id, "data": {},
    }])
}

async fn instant(store: &Tenant<'_>, sql: &str) -> DateTime<Utc> {
    let sql =
        format!("SELECT to_char(({sql}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            .replace("{id}", &store.id.0.to_string());
    store.world.rows(&sql).await[0].parse().unwrap()
}

const LISTS: &str = "SELECT lists_due_at FROM connection WHERE tenant_id = '{id}' AND is_current";
const BOOKS: &str = "SELECT reconcile_at FROM turn WHERE tenant_id = '{id}'";

#[tokio::test]
async fn what_is_not_intuits_is_refused_before_it_is_read() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let before = instant(&store, LISTS).await;
    let body = old(&company, "Account", "1", "Update").to_string();
    let wrong = [None, Some(""), Some("no base 64"), Some("AAAA")];
    for signature in wrong {
        let answer = sent(&world, &body, signature).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, Some("invalid_signature".into()))
        );
    }
    // Another body's signature, and one over what only reads the same.
    let respelled = body.replace(':', ": ");
    for (body, signed) in [
        (&body[..], &respelled[..]),
        (&respelled, &body),
        ("not JSON", "not json"),
    ] {
        assert_eq!(
            sent(&world, body, Some(&signature(signed))).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let unreadable = sent(&world, "{}", Some(&signature("{}"))).await;
    assert_eq!(
        (unreadable.status, unreadable.code()),
        (
            StatusCode::BAD_REQUEST,
            Some("unreadable_notification".into())
        )
    );
    let large = " ".repeat(300 * 1024);
    assert_eq!(
        sent(&world, &large, Some(&signature(&large))).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(instant(&store, LISTS).await, before);
}

#[tokio::test]
async fn a_change_of_the_lists_is_looked_at_before_the_next_entry_and_not_all_the_time() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world.advance(TimeDelta::minutes(30)).await;
    for body in [
        old(&company, "Account", "1", "Update"),
        new(&company, "qbo.class.updated.v1", "1"),
        new(&company, "qbo.department.created.v1", "1"),
    ] {
        world
            .sql("UPDATE connection SET lists_due_at = tillpost_now() + interval '1 day'")
            .await;
        notified(&world, body).await;
        assert!(instant(&store, LISTS).await <= store.now().await);
    }
    // The account that sales need is renamed; nobody else is told, and the look knows it with the next sale.
    let sales = company.account_id("4000").unwrap();
    world
        .quickbooks()
        .rename_account(&company.realm_id, sales, "Sales of all kinds")
        .unwrap();
    let ticket = store.ticket("once").await;
    store.send_event(ticket).await;
    store.drain().await;
    let accounts = store.get("/accounts?search=all%20kinds").await;
    assert_eq!(
        accounts["items"].as_array().unwrap().len(),
        1,
        "{accounts:#}"
    );
    // It has just been looked: another hint waits its ten minutes, and replays change nothing.
    let through = instant(
        &store,
        "SELECT lists_known_through FROM connection WHERE tenant_id = '{id}' AND is_current",
    )
    .await;
    for _ in 0..3 {
        notified(&world, old(&company, "Account", "1", "Update")).await;
        assert_eq!(
            instant(&store, LISTS).await,
            through + TimeDelta::minutes(10)
        );
    }
}

#[tokio::test]
async fn a_change_of_an_entry_of_ours_has_the_books_looked_over_soon() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let ticket = store.ticket("once").await;
    store.send_event(ticket).await;
    store.drain().await;
    let entry = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .pop()
        .unwrap();
    let before = instant(&store, BOOKS).await;
    // Our own posting comes back, an entry of somebody else, another company's, and what nobody looks at.
    let mut stranger = company.clone();
    stranger.realm_id = "9130000000000000000".into();
    for body in [
        new(&company, "qbo.journalentry.created.v1", &entry.id),
        new(&company, "qbo.journalentry.updated.v1", "987654"),
        new(&stranger, "qbo.journalentry.deleted.v1", &entry.id),
        new(&company, "qbo.invoice.updated.v1", &entry.id),
        new(&company, "payroll.run.created.v1", &entry.id),
        json!([]),
    ] {
        notified(&world, body.clone()).await;
        assert_eq!(instant(&store, BOOKS).await, before, "{body}");
    }
    world.advance(TimeDelta::hours(1)).await;
    world
        .quickbooks()
        .delete_entry(&company.realm_id, &entry.id)
        .unwrap();
    notified(&world, old(&company, "JournalEntry", &entry.id, "Delete")).await;
    let soon = instant(&store, BOOKS).await;
    let wait = soon - store.now().await;
    assert!(
        wait > TimeDelta::minutes(4) && wait <= TimeDelta::minutes(5),
        "{wait}"
    );
    notified(
        &world,
        new(&company, "qbo.journalentry.deleted.v1", &entry.id),
    )
    .await;
    assert_eq!(instant(&store, BOOKS).await, soon);
    world.advance(TimeDelta::minutes(6)).await;
    assert_eq!(reconciliation::daily(&world.service).await.unwrap(), 1);
    store.drain().await;
    let findings = store.get("/findings").await;
    assert_eq!(findings["items"][0]["kind"], "deleted", "{findings:#}");
    // The next hint waits until half an hour after that look.
    notified(
        &world,
        new(&company, "qbo.journalentry.updated.v1", &entry.id),
    )
    .await;
    let wait = instant(&store, BOOKS).await - store.now().await;
    assert!(
        wait > TimeDelta::minutes(28) && wait <= TimeDelta::minutes(30),
        "{wait}"
    );
}

#[tokio::test]
async fn a_company_that_is_disconnected_is_none_of_our_business() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    store.send(Method::DELETE, "/connection", None).await;
    let before = instant(&store, BOOKS).await;
    notified(&world, old(&company, "Account", "1", "Update")).await;
    notified(&world, old(&company, "JournalEntry", "1", "Delete")).await;
    assert_eq!(instant(&store, BOOKS).await, before);
}

#[tokio::test]
async fn what_the_simulated_intuit_sends_is_taken() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world.advance(TimeDelta::minutes(30)).await;
    for form in [
        NotificationForm::EventNotifications,
        NotificationForm::CloudEvents,
    ] {
        world
            .sql("UPDATE connection SET lists_due_at = tillpost_now() + interval '1 day'")
            .await;
        let mut notify = Notify {
            url: world.base.join("v1/intuit/notifications").unwrap().into(),
            verifier: VERIFIER.into(),
            entity: "Account".into(),
            id: "1".into(),
            operation: "Update".into(),
            form,
        };
        assert_eq!(
            world.quickbooks().notify(&company.realm_id, &notify).await,
            Ok(200)
        );
        assert!(instant(&store, LISTS).await <= store.now().await);
        notify.verifier = "another".into();
        assert_eq!(
            world.quickbooks().notify(&company.realm_id, &notify).await,
            Ok(401)
        );
    }
}
