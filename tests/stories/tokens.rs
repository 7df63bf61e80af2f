//! Grants: refreshed once for everybody, whoever dies over it; kept alive while nobody needs them; and their end told in time.

mod crash;
mod idle;
mod together;
mod trouble;

use crate::world::{Tenant, World};
use chrono::TimeDelta;
use sandbox::quickbooks::{Operation, Switches, Violation};
use serde_json::Value;
use service::grant;
use tokio_util::sync::CancellationToken;

/// How many refreshes have arrived at the token endpoint.
fn refreshes(world: &World) -> usize {
    world
        .quickbooks()
        .calls()
        .iter()
        .filter(|call| call.operation == Operation::Refresh)
        .count()
}

/// No client could have behaved better.
fn well_behaved(world: &World) {
    assert_eq!(world.quickbooks().violations(), Vec::<Violation>::new());
}

/// Sets what becomes of a refresh token when its successor is given.
fn old_tokens_live(world: &World, hours: u32, second_use_revokes_family: bool) {
    let switches = Switches {
        refresh_grace_hours: hours,
        second_use_revokes_family,
        ..world.quickbooks().switches()
    };
    world.quickbooks().set_switches(switches);
}

/// The job looks at grants that are due, here; tells how many there were.
pub async fn look(world: &World) -> usize {
    grant::look_after(&world.service, &CancellationToken::new())
        .await
        .unwrap()
}

/// Sets the time ahead to when the grant is looked at next, and looks.
pub async fn look_when_due(world: &World) -> TimeDelta {
    let due = world
        .rows("SELECT ceil(extract(epoch FROM min(due_at) - tillpost_now()))::text FROM connection_grant")
        .await;
    let wait = TimeDelta::seconds(due[0].parse::<i64>().unwrap().max(0) + 1);
    world.advance(wait).await;
    assert!(look(world).await > 0, "nothing was due");
    wait
}

async fn open_alerts(store: &Tenant<'_>) -> Vec<Value> {
    store.get("/alerts?state=open").await["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// The one open alert, which has this code and says this.
async fn told(store: &Tenant<'_>, code: &str, words: &str) -> Value {
    let open = open_alerts(store).await;
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!(open[0]["code"], code, "{:#}", open[0]);
    let detail = open[0]["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
    open[0].clone()
}

/// Nothing is wrong, and an event is posted as ever.
async fn all_is_well(store: &Tenant<'_>) {
    assert_eq!(open_alerts(store).await, Vec::<Value>::new());
    assert_eq!(store.get("/connection").await["state"], "connected");
    let event = store.ticket(&format!("well-{}", store.now().await)).await;
    let id = store.send_event(event).await;
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
}
