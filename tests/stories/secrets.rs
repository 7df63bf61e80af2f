//! Keys are changed while everything runs, and a tenant that is deleted takes its secrets with it.

use crate::world::{PLATFORM_KEY, Shape, Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::CompanySummary;
use serde_json::{Value, json};
use service::Service;
use service::audit::{self, Verified};
use service::bell::Silent;
use service::posting::{self, TurnEnd};
use service::vault::rotation;
use service::webhook;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const OTHER_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// The product with these key-encryption keys over the same database, as another process is.
fn with_keys(world: &World, current: &str, previous: &[&str]) -> Service {
    let mut settings = world.service.settings().clone();
    settings.key_encryption_key = current.into();
    settings.previous_key_encryption_keys = previous.iter().map(|key| (*key).into()).collect();
    Service::new(world.service.store().clone(), Arc::new(Silent), settings).unwrap()
}

fn first_key(world: &World) -> String {
    use secrecy::ExposeSecret;
    world
        .service
        .settings()
        .key_encryption_key
        .expose_secret()
        .to_owned()
}

/// A connected retailer with many webhook secrets and kept answers.
async fn with_secrets<'w>(
    world: &'w World,
    name: &str,
    rounds: u32,
) -> (Tenant<'w>, CompanySummary) {
    let (store, company) = world.store(name).await;
    for n in 0..20 {
        let endpoint = store
            .post(
                "/webhook-endpoints",
                json!({ "url": format!("http://127.0.0.1:9/{n}"), "types": ["alert.opened"] }),
            )
            .await;
        let kept = world
            .request(Method::POST, &store.path("/known-keys"), &store.key)
            .header("idempotency-key", n.to_string())
            .json(&json!({ "keys": [{ "kind": "payment_type", "key": "voucher" }] }));
        assert_eq!(world.answer(kept).await.status, StatusCode::OK);
        let rotate = format!(
            "/webhook-endpoints/{}/rotate-secret",
            endpoint["id"].as_str().unwrap()
        );
        for _ in 0..rounds {
            store.post(&rotate, json!({ "overlap_hours": 1 })).await;
        }
    }
    (store, company)
}

/// Sales, each after its access token has expired, so that grants are opened and sealed all the time; posted by this product.
async fn sells(service: &Service, store: &Tenant<'_>, sales: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..sales {
        store.world.advance(TimeDelta::minutes(61)).await;
        let ticket = store.ticket(&format!("{n}-{}", uuid::Uuid::new_v4())).await;
        ids.push(store.send_event(ticket).await);
        for _ in 0..1_000 {
            let stop = CancellationToken::new();
            let end = posting::turn(service, store.id, "seller", &stop)
                .await
                .unwrap();
            if !matches!(end, TurnEnd::Again | TurnEnd::Busy) {
                break;
            }
        }
        let test = store.get("/webhook-endpoints").await["items"][0]["id"].clone();
        store
            .post(
                &format!("/webhook-endpoints/{}/test", test.as_str().unwrap()),
                Value::Null,
            )
            .await;
        webhook::publish(service).await.unwrap();
        for lane in webhook::claim(service, "seller", None, 100).await.unwrap() {
            webhook::deliver(service, &lane, &CancellationToken::new())
                .await
                .unwrap();
        }
    }
    ids
}

async fn generations(world: &World, store: &Tenant<'_>) -> Vec<String> {
    world
        .rows(&format!(
            "SELECT generation || CASE WHEN retired_at IS NULL THEN '' ELSE ' retired' END FROM data_key
              WHERE tenant_id = '{}' ORDER BY generation",
            store.id.0
        ))
        .await
}

/// The generations that values of the tenant are sealed under.
async fn sealed_under(world: &World, store: &Tenant<'_>) -> Vec<String> {
    let columns = rotation::sealed_columns();
    let selects = columns.iter().map(|(table, column)| {
        format!("SELECT encode(substring({column} FROM 1 FOR 8), 'hex') AS under FROM {table} WHERE tenant_id = '{}'", store.id.0)
    });
    world
        .rows(&format!(
            "SELECT DISTINCT under FROM ({}) AS all_of_them ORDER BY 1",
            selects.collect::<Vec<_>>().join(" UNION ALL ")
        ))
        .await
}

fn mark(generation: u32) -> String {
    format!("74707301{generation:08x}")
}

#[tokio::test]
async fn the_list_of_sealed_columns_is_the_databases() {
    let world = World::shaped(Shape::default()).await;
    let mut listed: Vec<_> = rotation::sealed_columns()
        .iter()
        .map(|(table, column)| format!("{table}.{column}"))
        .collect();
    listed.sort();
    // Hashes tell nothing, a wrapped key is sealed by another, and what is posted is no secret of ours.
    let found = world
        .rows(
            "SELECT (table_name || '.' || column_name)::text FROM information_schema.columns
              WHERE table_schema = 'public' AND data_type = 'bytea' AND column_name NOT LIKE '%hash%'
                AND (table_name, column_name) NOT IN (('data_key', 'wrapped'), ('journal_entry', 'body'),
                  ('idempotency_key', 'fingerprint')) ORDER BY 1",
        )
        .await;
    assert_eq!(listed, found);
}

#[tokio::test]
async fn both_kinds_of_keys_are_changed_while_everything_runs() {
    let world = World::new().await;
    let (one, _) = with_secrets(&world, "Harbour", 6).await;
    let (two, _) = with_secrets(&world, "Hillside", 0).await;
    let first = first_key(&world);
    // Every process knows the new key before one wraps with it.
    let old = with_keys(&world, &first, &[OTHER_KEY]);
    let new = with_keys(&world, OTHER_KEY, &[&first]);
    old.check().await.unwrap();
    new.check().await.unwrap();
    let changes = async {
        assert_eq!(rotation::rewrap(&new).await.unwrap().values, 2);
        for _ in 0..3 {
            let now = new.store().platform().await.unwrap().now().await.unwrap();
            assert_eq!(rotation::renew(&new, now).await.unwrap().tenants, 2);
        }
    };
    let (sold_one, sold_two, ()) =
        tokio::join!(sells(&old, &one, 6), sells(&new, &two, 6), changes);
    for (store, sold) in [(&one, sold_one), (&two, sold_two)] {
        for id in sold {
            assert_eq!(store.status(&id).await, "synced");
        }
        assert_eq!(sealed_under(&world, store).await, [mark(4)], "{}", store.id);
        assert_eq!(
            generations(&world, store).await,
            ["1 retired", "2 retired", "3 retired", "4"]
        );
    }
    // Who has only the key from before cannot open anything any more, and does not start; who has only the new one can.
    let before = with_keys(&world, &first, &[]);
    assert!(
        before
            .check()
            .await
            .unwrap_err()
            .to_string()
            .contains("TILLPOST_PREVIOUS_KEY_ENCRYPTION_KEYS")
    );
    let after = with_keys(&world, OTHER_KEY, &[]);
    after.check().await.unwrap();
    let used = rotation::in_use(&after).await.unwrap();
    assert_eq!(
        used.iter()
            .map(|key| (key.data_keys, key.current))
            .collect::<Vec<_>>(),
        [(8, true)]
    );
    world.advance(TimeDelta::minutes(11)).await;
    assert_eq!(rotation::destroy_retired(&after).await.unwrap(), 6);
    let mut told = Vec::new();
    for (actor, action, times) in [
        ("operator", "data_key.rewrapped", 1),
        ("operator", "data_key.created", 3),
        ("operator", "data_key.retired", 3),
        ("tillpost", "data_key.destroyed", 1),
    ] {
        told.push(format!("{actor} {action} {times}"));
    }
    told.sort();
    let recorded = world
        .rows(&format!(
            "SELECT actor || ' ' || action || ' ' || count(*) FROM audit_record
              WHERE tenant_id = '{}' AND action LIKE 'data_key.%' GROUP BY actor, action ORDER BY 1",
            one.id.0
        ))
        .await;
    assert_eq!(recorded, told);
    assert_eq!(generations(&world, &one).await, ["4"]);
    for id in sells(&after, &one, 1).await {
        assert_eq!(one.status(&id).await, "synced");
    }
}

#[tokio::test]
async fn a_change_that_is_killed_anywhere_is_gone_on_with() {
    let world = World::new().await;
    let (store, _) = with_secrets(&world, "Harbour", 6).await;
    let before = world
        .service
        .store()
        .platform()
        .await
        .unwrap()
        .now()
        .await
        .unwrap();
    let mut killed = 0;
    for patience in (1..400).step_by(4) {
        let run = rotation::renew(&world.service, before);
        if tokio::time::timeout(Duration::from_millis(patience), run)
            .await
            .is_ok()
        {
            break;
        }
        killed += 1;
        let made = generations(&world, &store).await.len();
        assert!(made <= 2, "it made {made} generations");
    }
    rotation::renew(&world.service, before).await.unwrap();
    assert!(killed > 0, "nothing was killed");
    assert_eq!(sealed_under(&world, &store).await, [mark(2)]);
    assert_eq!(generations(&world, &store).await, ["1 retired", "2"]);
    // The older one is destroyed when nobody can need it any more, and not before.
    assert_eq!(rotation::destroy_retired(&world.service).await.unwrap(), 0);
    world.advance(TimeDelta::minutes(11)).await;
    assert_eq!(rotation::destroy_retired(&world.service).await.unwrap(), 1);
    assert_eq!(generations(&world, &store).await, ["2"]);
    // Gone on with once more, nothing is left to do.
    assert_eq!(
        rotation::renew(&world.service, before).await.unwrap(),
        rotation::Changed::default()
    );
    for id in sells(&world.service, &store, 1).await {
        assert_eq!(store.status(&id).await, "synced");
    }
}

#[tokio::test]
async fn a_deleted_tenant_takes_its_secrets_with_it_and_leaves_its_books() {
    let world = World::new().await;
    let (store, _) = with_secrets(&world, "Harbour", 1).await;
    let (other, _) = with_secrets(&world, "Hillside", 0).await;
    let ticket = store.ticket("once").await;
    let sold = store.send_event(ticket).await;
    store.drain().await;
    let kept = [
        "event",
        "journal_entry",
        "attempt",
        "event_change",
        "mapping",
        "account",
    ];
    let count = |table: &str| {
        format!(
            "SELECT '{table} ' || count(*) FROM {table} WHERE tenant_id = '{}'",
            store.id.0
        )
    };
    let kept = kept.map(count).join(" UNION ALL ");
    let books = world.rows(&format!("{kept} ORDER BY 1")).await;
    let path = format!("/v1/tenants/{}", store.id);
    let (status, _) = store.send(Method::DELETE, "", None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    let deleted = world.ok(Method::DELETE, &path, PLATFORM_KEY, None).await;
    assert_eq!(deleted["status"], "deleted");
    assert!(deleted["deleted_at"].is_string());
    assert_eq!(
        store.send(Method::GET, "/sync", None).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(generations(&world, &store).await, Vec::<String>::new());
    let left = world
        .rows(&format!(
            "SELECT 'grant' FROM connection_grant WHERE tenant_id = '{0}'
             UNION ALL SELECT 'secret' FROM webhook_secret WHERE tenant_id = '{0}' AND length(secret) + length(signing_key) > 0
             UNION ALL SELECT 'endpoint' FROM webhook_endpoint WHERE tenant_id = '{0}' AND (enabled OR deleted_at IS NULL)
             UNION ALL SELECT 'key' FROM api_key WHERE tenant_id = '{0}' AND revoked_at IS NULL
             UNION ALL SELECT 'connection' FROM connection WHERE tenant_id = '{0}' AND state <> 'disconnected'
             UNION ALL SELECT 'turn' FROM turn WHERE tenant_id = '{0}' AND due_at IS NOT NULL",
            store.id.0
        ))
        .await;
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(world.rows(&format!("{kept} ORDER BY 1")).await, books);
    // It cannot be brought back, and nothing is done with it any more.
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({ "status": "active" })),
        (
            Method::POST,
            format!("{path}/api-keys"),
            json!({ "name": "again" }),
        ),
    ] {
        let (status, problem) = world.send(method, &path, PLATFORM_KEY, Some(body)).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (409, &json!("tenant_deleted"))
        );
    }
    assert_eq!(
        world.ok(Method::DELETE, &path, PLATFORM_KEY, None).await,
        deleted
    );
    assert_eq!(world.drain(store.id).await, None);
    let (status, _) = world
        .send(
            Method::DELETE,
            "/v1/tenants/ten_00000000000000000000000000",
            PLATFORM_KEY,
            None,
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let records = world
        .rows(&format!(
            "SELECT actor FROM audit_record WHERE tenant_id = '{}' AND action = 'tenant.deleted'",
            store.id.0
        ))
        .await;
    assert_eq!(records, ["platform"]);
    let verified = audit::verify(&world.service, store.id, None).await.unwrap();
    assert!(matches!(verified, Verified::Whole { .. }), "{verified:?}");
    // Its neighbour goes on, and its company may be somebody else's now.
    for id in sells(&world.service, &other, 1).await {
        assert_eq!(other.status(&id).await, "synced");
    }
    assert!(!sold.is_empty());
}
