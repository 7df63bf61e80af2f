//! Reading a problem as a person does, and as a program does.

use super::words;
pub use crate::mishaps::{dated, foreign};
use crate::world::{Tenant, World};
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::{Value, json};
use service::problem::Code;

/// What a person must read.
pub struct Told<'a> {
    pub code: Code,
    /// The whole detail.
    pub detail: &'a str,
    pub who: &'a str,
    /// Below the tenant.
    pub link: &'a str,
}

/// The event, whose problem says so and agrees with the registry; its link leads somewhere.
pub async fn told(store: &Tenant<'_>, id: &str, told: Told<'_>) -> Value {
    let event = store.event(id).await;
    let problem = &event["problem"];
    assert_eq!(problem["code"], told.code.as_str(), "{event:#}");
    assert_eq!(problem["detail"], told.detail);
    words::are_golden(problem);
    let codes = store
        .world
        .ok(Method::GET, "/v1/problem-codes", &store.key, None)
        .await;
    let kind = codes["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["code"] == problem["code"])
        .unwrap();
    // What an account, a location and a class may have is called in the registry by all three, and here by the one it is.
    let one_of_three = [Code::AccountInactive, Code::ReferenceMissing].contains(&told.code);
    for member in ["title", "steps", "who", "retry_helps"] {
        let is_same = problem[member] == kind[member];
        let is_own = one_of_three && ["title", "steps"].contains(&member);
        assert_eq!(is_same, !is_own, "{member}: {problem:#}");
    }
    let needs_nobody = told.who == "nobody";
    assert_eq!(
        event["status"],
        if needs_nobody { "skipped" } else { "failed" }
    );
    assert_eq!(
        problem["steps"].as_array().unwrap().is_empty(),
        needs_nobody
    );
    assert_eq!(problem["who"], told.who);
    assert_eq!(problem["link"], json!(store.path(told.link)));
    let (status, _) = store
        .world
        .send(
            Method::GET,
            problem["link"].as_str().unwrap(),
            &store.key,
            None,
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{}", problem["link"]);
    event
}

/// Retries what has this problem; tells where the event then stands.
pub async fn reconsidered(store: &Tenant<'_>, id: &str, code: Code, status: &str) {
    let codes = json!({ "problem_codes": [code.as_str()] });
    let answer = store.post("/retry-failed", codes).await;
    assert_eq!(
        answer["by_problem"][0]["problem_code"],
        code.as_str(),
        "{answer:#}"
    );
    assert_eq!(
        answer["by_problem"][0]["advice"].is_null(),
        code.retry_helps(),
        "{answer:#}"
    );
    store.drain().await;
    let event = store.event(id).await;
    assert_eq!(event["status"], status, "{event:#}");
}

/// How many entries were sent.
pub fn calls(world: &World) -> usize {
    let calls = world.quickbooks().calls();
    let sent = calls
        .iter()
        .filter(|call| call.operation == Operation::CreateJournalEntry);
    sent.count()
}

/// QuickBooks answers one POST with this fault; told in these words, mended there, retried.
pub async fn refused(fault: u32, code: Code, detail: &str, who: &str, link: &str) {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let once = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(fault));
    world.quickbooks().plan(once);
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let of_event = format!("/events/{id}");
    let link = if link.is_empty() { &of_event } else { link };
    let wanted = Told {
        code,
        detail,
        who,
        link,
    };
    told(&store, &id, wanted).await;
    reconsidered(&store, &id, code, "synced").await;
    assert_eq!(calls(&world), 2);
}

/// The event is sent again, corrected, and is posted.
pub async fn sent_again(store: &Tenant<'_>, id: &str, event: Value) {
    let answer = store.post("/events", json!({ "events": [event] })).await;
    let result = &answer["results"][0];
    assert_eq!(
        (&result["result"], &result["id"]),
        (&json!("replaced"), &json!(id)),
        "{answer:#}"
    );
    store.drain().await;
    let event = store.event(id).await;
    assert_eq!(
        (&event["status"], &event["problem"]),
        (&json!("synced"), &Value::Null),
        "{event:#}"
    );
}
