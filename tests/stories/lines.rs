//! Two lines: live work of any tenant goes ahead of other tenants' past syncs.

use crate::world::{Shape, Tenant, World, ticket_at};
use entity::id::TenantId;
use serde_json::json;
use service::bell::{self, Bell, Urgency};
use service::posting::{self, TurnEnd};
use service::settings::Posting;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A bell that remembers who was rung for, and for what.
#[derive(Default)]
struct Heard(Mutex<Vec<(TenantId, Urgency)>>);

impl Heard {
    fn last(&self, tenant: TenantId) -> Option<Urgency> {
        let rings = self.0.lock().unwrap();
        rings
            .iter()
            .rfind(|ring| ring.0 == tenant)
            .map(|ring| ring.1)
    }
}

#[async_trait::async_trait]
impl Bell for Heard {
    async fn ring(&self, tenant: TenantId, urgency: Urgency) {
        self.0.lock().unwrap().push((tenant, urgency));
    }
}

async fn swept(world: &World, urgency: Urgency) -> Vec<TenantId> {
    bell::sweep(&world.service, urgency, 100).await.unwrap()
}

async fn one_turn(store: &Tenant<'_>) -> TurnEnd {
    posting::turn(
        &store.world.service,
        store.id,
        "story",
        &CancellationToken::new(),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn a_past_sync_waits_behind_and_a_live_event_brings_its_tenant_forward() {
    let heard = Arc::new(Heard::default());
    let shape = Shape::default();
    // A turn has time for one slice of two.
    let posting = Posting {
        turn: Duration::ZERO,
        slice: 2,
        backlog: 2,
        ..shape.posting.clone()
    };
    let world = World::shaped(Shape {
        bell: heard.clone(),
        posting,
        ..shape
    })
    .await;
    let (store, _) = world.store("Harbour").await;
    let before = store.now().await - chrono::TimeDelta::days(3);
    let old = (0..6).map(|place| ticket_at(&format!("old-{place}"), before));
    store.send_events(old.collect()).await;
    assert_eq!(store.drain().await, None);
    let day = before.date_naive();
    let window = json!({ "from_date": day - chrono::TimeDelta::days(1), "to_date": day });
    let run = store.post("/past-syncs", window).await;
    assert_eq!(run["events"], 6, "{run:#}");
    assert_eq!(heard.last(store.id), Some(Urgency::Past));
    assert_eq!(swept(&world, Urgency::Live).await, []);
    assert_eq!(swept(&world, Urgency::Past).await, [store.id]);
    // Each was rung for: nobody rings again so soon.
    assert_eq!(swept(&world, Urgency::Past).await, []);

    assert_eq!(one_turn(&store).await, TurnEnd::Again);
    assert_eq!(
        bell::again(&world.service, store.id).await.unwrap(),
        Some(Urgency::Past)
    );
    let live = store.send_event(store.ticket("live").await).await;
    assert_eq!(heard.last(store.id), Some(Urgency::Live));
    assert_eq!(
        bell::again(&world.service, store.id).await.unwrap(),
        Some(Urgency::Live)
    );
    // The live event went out first; what is left is past.
    assert_eq!(one_turn(&store).await, TurnEnd::Again);
    assert_eq!(store.status(&live).await, "synced");
    assert_eq!(
        bell::again(&world.service, store.id).await.unwrap(),
        Some(Urgency::Past)
    );
    assert_eq!(store.drain().await, None);
    assert_eq!(bell::again(&world.service, store.id).await.unwrap(), None);
}
