//! The audit log: every change of a caller stands in it, every refusal, and whatever is done to it afterwards is found.

use crate::operations::operations;
use crate::retailers::Retailer;
use crate::world::{PLATFORM_KEY, Tenant, World};
use entity::id::TenantId;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use service::access::{Scope, scope_of};
use service::audit::chain::{Anchor, Break, Chain};
use service::audit::{self, Verified};

/// Operations of a method that changes something, which record nothing; and why.
const UNRECORDED: [(&str, &str); 2] = [
    (
        "take_in_events",
        "an event says itself who sent it and when; one that is replaced is recorded",
    ),
    ("dry_run_past_sync", "it changes nothing"),
];

async fn verified(world: &World, tenant: TenantId) -> Verified {
    audit::verify(&world.service, tenant, None).await.unwrap()
}

async fn is_whole(world: &World, tenant: TenantId) -> Anchor {
    match verified(world, tenant).await {
        Verified::Whole { end, .. } => end,
        Verified::Broken(broken) => panic!("{tenant}: {broken}"),
    }
}

/// The id in a key.
fn key_id(key: &str) -> String {
    format!("key_{}", key.split('_').nth(2).unwrap())
}

/// A key of the same id with another secret, and the checksum that belongs to it.
fn with_another_secret(key: &str) -> String {
    let mut parts: Vec<_> = key.split('_').collect();
    parts.pop();
    let secret = parts.pop().unwrap().chars().rev().collect::<String>();
    let body = format!("{}_{secret}", parts.join("_"));
    let crc = body.bytes().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    });
    format!("{body}_{:08x}", !crc)
}

/// The records of a tenant's log, the oldest first, checked on the way as anyone can.
async fn exported(store: &Tenant<'_>) -> Vec<Value> {
    let request = store
        .world
        .request(Method::GET, &store.path("/audit-log/export"), &store.key);
    let answer = store.world.answer(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let mut chain = Chain::after(Anchor::default(), vec![], Some(store.id.to_string()));
    let lines = answer.bytes.strip_suffix(b"\n").unwrap_or_default();
    lines
        .split(|&byte| byte == b'\n')
        .map(|line| {
            chain.line(line).unwrap();
            serde_json::from_slice(line).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn every_operation_that_changes_something_records_it() {
    let world = World::new().await;
    let mut store = Retailer::new(&world, "harbour").await;
    store.loses_its_grant().await;
    let mut operations = operations();
    operations.retain(|operation| operation.is_guarded() && operation.method != Method::GET);
    operations.sort_by_key(|operation| match operation.id.as_str() {
        "delete_tenant" => 4,
        "disconnect" => 3,
        "stop_sync" => 2,
        _ => u8::from(operation.method == Method::DELETE),
    });
    assert!(operations.len() > 30, "{}", operations.len());
    let (mut recorded, mut wrong) = (0, Vec::new());
    for operation in operations {
        let of_platform = scope_of(&operation.id) == Some(Scope::PlatformTenants);
        let key = if of_platform {
            PLATFORM_KEY
        } else {
            &store.tenant.key
        };
        if operation.id == "start_sync" {
            store.tenant.post("/sync/stop", json!({})).await;
        }
        let path = operation.filled(|name| store.ids[name][0].clone());
        let mut body = operation.body(&store.ids["account_id"][0]);
        if operation.id == "set_location_mappings" {
            let dimensions = store.tenant.get("/dimensions?kind=location").await;
            let row = json!({ "location": "annex", "quickbooks_location_id": dimensions["items"][0]["id"] });
            body = Some(json!({ "mappings": [row] }));
        }
        if operation.id == "set_mappings" {
            // The same again would be no change.
            let text = body.unwrap().to_string().replace("books", "games");
            body = Some(serde_json::from_str(&text).unwrap());
        }
        if operation.id == "clear_mappings" {
            let mappings = store.tenant.get("/mappings").await;
            let last = mappings["items"].as_array().unwrap().last().unwrap();
            body = Some(json!({ "mappings": [{ "mapping_id": last["id"] }] }));
        }
        if operation.id == "apply_mapping_suggestions" {
            let mappings = store.tenant.get("/mappings").await;
            let mut mappings = mappings["items"].as_array().unwrap().iter();
            let cash = mappings
                .find(|row| row["slot"] == "payment" && row["key"] == "cash")
                .unwrap();
            let cash = format!("/mappings/{}", cash["id"].as_str().unwrap());
            store.tenant.send(Method::DELETE, &cash, None).await;
            body = Some(json!({ "all": true, "min_confidence": "low" }));
        }
        let before = is_whole(&world, store.tenant.id).await;
        let (status, answer) = world.send(operation.method.clone(), &path, key, body).await;
        if !status.is_success() {
            wrong.push(format!("{}: {status} {answer}", operation.id));
            continue;
        }
        let home = if operation.id == "create_tenant" {
            answer["id"].as_str().unwrap().parse().unwrap()
        } else {
            store.tenant.id
        };
        let after = is_whole(&world, home).await;
        let from = if home == store.tenant.id {
            before.sequence
        } else {
            0
        };
        let actor = if of_platform {
            "platform".to_owned()
        } else {
            key_id(&store.tenant.key)
        };
        let news = world
            .rows(&format!(
                "SELECT actor || ' ' || action FROM audit_record WHERE tenant_id = '{}' AND sequence > {from} ORDER BY sequence",
                home.0
            ))
            .await;
        let ours = news
            .iter()
            .filter(|record| record.starts_with(&format!("{actor} ")))
            .count();
        match UNRECORDED.iter().find(|(name, _)| *name == operation.id) {
            Some((name, why)) => assert_eq!(ours, 0, "{name} ({why}): {news:?}"),
            None if ours > 0 && after.sequence > from => recorded += 1,
            None => wrong.push(format!(
                "{}: no record of {actor}: {news:?} {answer}",
                operation.id
            )),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(recorded > 28, "{recorded}");
    // And the link that a browser has followed, in the name of whoever asked for it.
    let actions = world
        .rows(&format!(
            "SELECT action FROM audit_record WHERE tenant_id = '{}' AND action = 'connection.connected'",
            store.tenant.id.0
        ))
        .await;
    assert!(!actions.is_empty());
}

#[tokio::test]
async fn an_event_that_is_replaced_is_recorded() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut event = store.ticket("once").await;
    store.send_event(event.clone()).await;
    let before = is_whole(&world, store.id).await.sequence;
    event["memo"] = json!("twice");
    let answer = store.post("/events", json!({ "events": [event] })).await;
    assert_eq!(answer["results"][0]["result"], "replaced", "{answer:#}");
    let records = exported(&store).await;
    assert_eq!(records.len() as i64, before + 1);
    assert_eq!(records.last().unwrap()["action"], "event.replaced");
}

#[tokio::test]
async fn the_record_of_a_changed_endpoint_names_all_that_was_changed() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let made = json!({ "url": "http://127.0.0.1:9/" });
    let made = store.post("/webhook-endpoints", made).await;
    let path = format!("/webhook-endpoints/{}", made["id"].as_str().unwrap());
    for (change, changed) in [
        (json!({ "url": "http://127.0.0.1:9/b" }), json!(["url"])),
        (json!({ "description": "till" }), json!(["description"])),
        (
            json!({ "types": ["alert.opened"], "enabled": false }),
            json!(["types", "enabled"]),
        ),
        (json!({}), json!([])),
    ] {
        let (status, _) = store.send(Method::PATCH, &path, Some(change.clone())).await;
        assert_eq!(status, StatusCode::OK);
        let last = exported(&store).await.pop().unwrap();
        assert_eq!(last["action"], "webhook_endpoint.updated");
        assert_eq!(last["detail"]["changed"], changed, "{change}");
    }
}

#[tokio::test]
async fn an_export_goes_on_where_the_last_one_ended_and_the_head_says_where_it_ends() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    store
        .post(
            "/known-keys",
            json!({ "keys": [{ "kind": "payment_type", "key": "\u{1f9fe} \"wéird\" \\ \u{e000}" }] }),
        )
        .await;
    let records = exported(&store).await;
    let head = store.get("/audit-log/head").await;
    let last = records.last().unwrap();
    assert_eq!(
        (&head["sequence"], &head["hash"]),
        (&last["sequence"], &last["hash"])
    );
    assert_eq!(
        store.get("/audit-log").await["items"][0]["hash"],
        head["hash"]
    );
    store.post("/api-keys", json!({ "name": "another" })).await;
    let rest = store.path(&format!("/audit-log/export?after={}", head["sequence"]));
    let answer = world
        .answer(world.request(Method::GET, &rest, &store.key))
        .await;
    let start: Anchor = format!("{}:{}", head["sequence"], head["hash"].as_str().unwrap())
        .parse()
        .unwrap();
    let mut chain = Chain::after(start, vec![], None);
    chain
        .line(answer.bytes.strip_suffix(b"\n").unwrap())
        .unwrap();
    assert_eq!(chain.at(), &is_whole(&world, store.id).await);
    for (after, status, code) in [
        ("-1", 400, "invalid_parameter"),
        ("18446744073709551615", 422, "invalid_sequence"),
    ] {
        let path = format!("/audit-log/export?after={after}");
        let (answered, problem) = store.send(Method::GET, &path, None).await;
        assert_eq!(
            (answered.as_u16(), &problem["code"]),
            (status, &json!(code))
        );
    }
}

// The superuser, who passes every wall, and steps over the trigger too.
const TAMPERED: &[(&str, &str)] = &[
    ("actor", "UPDATE audit_record SET actor = 'somebody else' WHERE sequence = 3"),
    ("action", "UPDATE audit_record SET action = action || '.' WHERE sequence = 3"),
    ("subject", "UPDATE audit_record SET subject = 'key_x' WHERE sequence = 3"),
    ("detail", "UPDATE audit_record SET detail = detail || '{\"x\": 1}' WHERE sequence = 3"),
    ("time", "UPDATE audit_record SET recorded_at = recorded_at + interval '1 microsecond' WHERE sequence = 3"),
    ("id", "UPDATE audit_record SET id = gen_random_uuid() WHERE sequence = 3"),
    ("hash", "UPDATE audit_record SET hash = set_bit(hash, 77, 1 - get_bit(hash, 77)) WHERE sequence = 3"),
    ("previous hash", "UPDATE audit_record SET previous_hash = set_bit(previous_hash, 0, 1 - get_bit(previous_hash, 0)) WHERE sequence = 3"),
    ("a removed record", "DELETE FROM audit_record WHERE sequence = 3"),
    ("a removed first record", "DELETE FROM audit_record WHERE sequence = 1"),
    (
        "a removed record whose successors moved up",
        "DELETE FROM audit_record WHERE sequence = 3; UPDATE audit_record SET sequence = -sequence WHERE sequence > 3;
         UPDATE audit_record SET sequence = -sequence - 1 WHERE sequence < 0",
    ),
    (
        "an inserted record",
        "UPDATE audit_record SET sequence = -sequence WHERE sequence >= 3;
         UPDATE audit_record SET sequence = 1 - sequence WHERE sequence < 0;
         INSERT INTO audit_record SELECT tenant_id, gen_random_uuid(), recorded_at, actor, action, subject, detail, 3, hash, hash
           FROM audit_record WHERE sequence = 2",
    ),
    (
        "reordered records",
        "UPDATE audit_record SET sequence = 0 WHERE sequence = 3; UPDATE audit_record SET sequence = 3 WHERE sequence = 4;
         UPDATE audit_record SET sequence = 4 WHERE sequence = 0",
    ),
    ("a cut end", "DELETE FROM audit_record WHERE sequence > 3"),
    ("everything cut", "DELETE FROM audit_record"),
];

#[tokio::test]
async fn whatever_is_done_to_a_log_is_found() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for name in ["a", "b", "c", "d"] {
        store.post("/api-keys", json!({ "name": name })).await;
    }
    let end = is_whole(&world, store.id).await;
    assert_eq!(end.sequence, 6);
    world.sql("CREATE TABLE kept AS SELECT * FROM audit_record; CREATE TABLE kept_head AS SELECT * FROM audit_head").await;
    let as_it_was = "SET session_replication_role = replica; DELETE FROM audit_record; DELETE FROM audit_head;
        INSERT INTO audit_record SELECT * FROM kept; INSERT INTO audit_head SELECT * FROM kept_head";
    for (what, tampering) in TAMPERED {
        world
            .sql(&format!(
                "SET session_replication_role = replica; {tampering}"
            ))
            .await;
        let found = verified(&world, store.id).await;
        assert!(matches!(found, Verified::Broken(_)), "{what}: {found:?}");
        world.sql(as_it_was).await;
        assert_eq!(is_whole(&world, store.id).await, end, "after {what}");
    }
    // Whoever cuts the end off and moves the head back too is found by an anchor that was kept elsewhere; and so is whoever
    // writes the log anew from some place on.
    let cut = "DELETE FROM audit_record WHERE sequence > 4;
        UPDATE audit_head h SET sequence = r.sequence, hash = r.hash FROM audit_record r WHERE r.sequence = 4 AND r.tenant_id = h.tenant_id";
    world
        .sql(&format!("SET session_replication_role = replica; {cut}"))
        .await;
    assert!(matches!(
        verified(&world, store.id).await,
        Verified::Whole { .. }
    ));
    let found = audit::verify(&world.service, store.id, Some(end.clone()))
        .await
        .unwrap();
    assert_eq!(found, Verified::Broken(Break::Cut { last: 4, anchor: 6 }));
    for name in ["c", "forged"] {
        store.post("/api-keys", json!({ "name": name })).await;
    }
    assert_eq!(is_whole(&world, store.id).await.sequence, 6);
    let found = audit::verify(&world.service, store.id, Some(end))
        .await
        .unwrap();
    assert_eq!(found, Verified::Broken(Break::Anchor { sequence: 6 }));
    println!(
        "door: audit: {} tamperings of a log tried, all detected",
        TAMPERED.len() + 2
    );
}

// Nobody kept an anchor: what the platform's log knows is enough.
#[tokio::test]
async fn a_log_that_was_cut_with_its_head_is_found_by_what_the_platforms_log_knows() {
    let world = World::new().await;
    let (store, other) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    for name in ["a", "b", "c", "d"] {
        store.post("/api-keys", json!({ "name": name })).await;
    }
    assert_eq!(audit::witness(&world.service).await.unwrap(), 2);
    // Once a day at most, and only what has grown.
    store.post("/api-keys", json!({ "name": "e" })).await;
    assert_eq!(audit::witness(&world.service).await.unwrap(), 0);
    world.advance(chrono::TimeDelta::hours(24)).await;
    assert_eq!(audit::witness(&world.service).await.unwrap(), 1);
    let end = is_whole(&world, store.id).await;
    assert_eq!(end.sequence, 7);
    is_whole(&world, TenantId::PLATFORM).await;
    let tamper = async |sql: &str| {
        world
            .sql(&format!("SET session_replication_role = replica; {sql}"))
            .await;
        verified(&world, store.id).await
    };
    let whose = format!("tenant_id = '{}'", store.id.0);
    let cut = |last: i64| {
        format!(
            "DELETE FROM audit_record WHERE {whose} AND sequence > {last};
             UPDATE audit_head h SET sequence = r.sequence, hash = r.hash, witnessed = 0, witnessed_at = NULL
               FROM audit_record r WHERE r.sequence = {last} AND r.tenant_id = h.tenant_id AND h.{whose}"
        )
    };
    assert_eq!(
        tamper(&cut(6)).await,
        Verified::Broken(Break::Cut { last: 6, anchor: 7 })
    );
    // Grown again, and seen again, it is still not the log that was seen.
    store.post("/api-keys", json!({ "name": "forged" })).await;
    assert_eq!(audit::witness(&world.service).await.unwrap(), 1);
    assert_eq!(
        verified(&world, store.id).await,
        Verified::Broken(Break::Anchor { sequence: 7 })
    );
    // Gone as a whole, its head too.
    let gone =
        format!("DELETE FROM audit_record WHERE {whose}; DELETE FROM audit_head WHERE {whose}");
    assert_eq!(
        tamper(&gone).await,
        Verified::Broken(Break::Cut { last: 0, anchor: 7 })
    );
    is_whole(&world, other.id).await;
}

#[tokio::test]
async fn what_is_known_of_a_log_is_told_and_many_logs_are_looked_up_together() {
    let world = World::new().await;
    let mut stores = Vec::new();
    for name in ["Harbour", "Hillside", "Orchard"] {
        stores.push(world.tenant(name).await);
    }
    let known =
        async |store: &Tenant<'_>, anchor| match audit::verify(&world.service, store.id, anchor)
            .await
            .unwrap()
        {
            Verified::Whole { end, known } => (end.sequence, known),
            Verified::Broken(broken) => panic!("{broken}"),
        };
    assert_eq!(known(&stores[0], None).await, (2, 0));
    assert_eq!(audit::witness(&world.service).await.unwrap(), 3);
    stores[0]
        .post("/api-keys", json!({ "name": "later" }))
        .await;
    let end = is_whole(&world, stores[0].id).await;
    assert_eq!(known(&stores[0], None).await, (3, 2));
    assert_eq!(known(&stores[0], Some(end.clone())).await, (3, 3));
    // Many days: more records than are read at once, of which each names two of the three.
    let [first, second] = [0, 1].map(|n: usize| stores[n].id);
    world
        .sql(&format!(
            "INSERT INTO audit_record (tenant_id, id, actor, action, subject, detail)
               SELECT '{}', gen_random_uuid(), 'tillpost', 'audit_heads.witnessed', '',
                      jsonb_build_object('heads', jsonb_build_object('{first}', n || ':{hash}', '{second}', n || ':{hash}'))
                 FROM generate_series(3, 252) n",
            TenantId::PLATFORM.0,
            hash = end.hash
        ))
        .await;
    let asked = [first, stores[2].id, TenantId::new()];
    let ends = audit::witnessed(&world.service, &asked).await.unwrap();
    let sequences = |tenant| -> Vec<i64> {
        let ends = ends.get(&tenant).into_iter().flatten();
        ends.map(|anchor: &Anchor| anchor.sequence).collect()
    };
    assert_eq!(sequences(first), (2..=252).collect::<Vec<_>>());
    assert_eq!(sequences(stores[2].id), [2]);
    assert_eq!(ends.len(), 2, "nobody else's are read");
}

// Before anybody saw its end: that the tenant was made is a record.
#[tokio::test]
async fn a_log_that_is_gone_as_a_whole_is_not_taken_for_an_empty_one() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    is_whole(&world, store.id).await;
    world
        .sql("SET session_replication_role = replica; DELETE FROM audit_record; DELETE FROM audit_head")
        .await;
    assert_eq!(
        verified(&world, store.id).await,
        Verified::Broken(Break::Empty)
    );
    assert_eq!(
        verified(&world, TenantId::PLATFORM).await,
        Verified::Whole {
            end: Anchor::default(),
            known: 0
        }
    );
}

#[tokio::test]
async fn changes_at_once_are_one_chain() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let before = is_whole(&world, store.id).await.sequence;
    let changes = (0..40).map(|n| {
        let store = &store;
        async move {
            match n % 4 {
                0 => drop(
                    store
                        .post("/api-keys", json!({ "name": format!("{n}") }))
                        .await,
                ),
                1 => drop(store.post("/sync/stop", json!({})).await),
                2 => drop(store.post("/sync/start", json!({})).await),
                _ => drop(
                    store
                        .map("revenue", Some(&format!("class-{n}")), "4000")
                        .await,
                ),
            }
        }
    });
    futures::future::join_all(changes).await;
    let records = exported(&store).await;
    assert_eq!(
        is_whole(&world, store.id).await.sequence,
        records.len() as i64
    );
    assert!(records.len() as i64 >= before + 20);
}

#[tokio::test]
async fn a_change_that_is_not_committed_leaves_no_gap() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let before = is_whole(&world, store.id).await;
    let tx = world.service.tenant(store.id).await.unwrap();
    audit::record(&tx, "somebody", "nothing.happened", "", json!({}))
        .await
        .unwrap();
    drop(tx);
    assert_eq!(is_whole(&world, store.id).await, before);
    let tx = world.service.tenant(store.id).await.unwrap();
    for n in 0..2_500 {
        let detail = json!({ "n": n, "half": 0.5, "deep": [[{ "é": "\u{1}\u{2028}" }]] });
        audit::record(&tx, "somebody", "much.happened", "", detail)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(
        is_whole(&world, store.id).await.sequence,
        before.sequence + 2_500
    );
}

#[tokio::test]
async fn neither_of_our_roles_may_alter_a_record() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for role in [migration::roles::APPLICATION, migration::roles::PLATFORM] {
        let database = Database::connect(world.database_url(role)).await.unwrap();
        for attempt in [
            "UPDATE audit_record SET actor = 'nobody'",
            "UPDATE audit_record SET hash = hash",
            "DELETE FROM audit_record",
            "TRUNCATE audit_record",
            "ALTER TABLE audit_record DISABLE TRIGGER chain",
            "DROP TRIGGER chain ON audit_record",
            "CREATE OR REPLACE FUNCTION chain_audit_record() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        ] {
            let set = format!("SET app.tenant_id = '{}'; {attempt}", store.id.0);
            let refused = database
                .execute_unprepared(&set)
                .await
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains("permission denied") || refused.contains("must be owner"),
                "{attempt}: {refused}"
            );
        }
        database.close().await.unwrap();
    }
    is_whole(&world, store.id).await;
}

#[tokio::test]
async fn a_refusal_stands_in_the_log_of_whoever_was_refused_and_a_flood_does_not_fill_it() {
    let world = World::new().await;
    let (theirs, ours) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    let weak = ours
        .post(
            "/api-keys",
            json!({ "name": "weak", "scopes": ["events:read"] }),
        )
        .await;
    let (weak_key, weak_id) = (
        weak["secret"].as_str().unwrap(),
        weak["id"].as_str().unwrap(),
    );
    let theirs_before = is_whole(&world, theirs.id).await;
    let ours_before = is_whole(&world, ours.id).await.sequence;
    let ours_sync = ours.path("/sync");
    let wrong = with_another_secret(weak_key);
    for _ in 0..30 {
        // Another tenant's, and what the key may not.
        assert_eq!(
            world
                .send(Method::GET, &theirs.path("/sync"), &ours.key, None)
                .await
                .0,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            world.send(Method::GET, &ours_sync, weak_key, None).await.0,
            StatusCode::FORBIDDEN
        );
    }
    ours.world
        .ok(
            Method::DELETE,
            &ours.path(&format!("/api-keys/{weak_id}")),
            &ours.key,
            None,
        )
        .await;
    for _ in 0..30 {
        // Nobody's key is in no tenant's log.
        for key in [&wrong[..], weak_key, "tp_test_nobody_at_all_00000000"] {
            assert_eq!(
                world.send(Method::GET, &ours_sync, key, None).await.0,
                StatusCode::UNAUTHORIZED
            );
        }
    }
    // The platform's own refusals stand in its own place.
    assert_eq!(
        world
            .send(Method::GET, &ours_sync, PLATFORM_KEY, None)
            .await
            .0,
        StatusCode::FORBIDDEN
    );
    let told = |records: &[Value]| -> Vec<String> {
        let denied = records
            .iter()
            .filter(|record| record["action"] == "access.denied");
        denied
            .map(|record| {
                format!(
                    "{} {} {} +{}",
                    record["actor"].as_str().unwrap() == weak_id,
                    record["subject"].as_str().unwrap(),
                    record["detail"]["reason"].as_str().unwrap(),
                    record["detail"]["times_more"]
                )
            })
            .collect()
    };
    let records = exported(&ours).await;
    assert_eq!(
        told(&records),
        [
            "false read_sync not_yours +null",
            "true read_sync insufficient_scope +null",
            "true read_sync wrong_secret +null",
            "true read_sync revoked +null",
        ]
    );
    assert_eq!(records.len() as i64, ours_before + 5);
    audit::settle_denials(&world.service).await;
    let mut settled = told(&exported(&ours).await).split_off(4);
    settled.sort();
    assert_eq!(
        settled,
        [
            "false read_sync not_yours +29",
            "true read_sync insufficient_scope +29",
            "true read_sync revoked +29",
            "true read_sync wrong_secret +29",
        ]
    );
    assert_eq!(is_whole(&world, theirs.id).await, theirs_before);
    let platforms = world
        .rows("SELECT actor || ' ' || subject FROM audit_record WHERE action = 'access.denied' AND tenant_id = '00000000-0000-0000-0000-000000000000'")
        .await;
    assert!(
        platforms.contains(&"platform read_sync".to_owned()),
        "{platforms:?}"
    );
    is_whole(&world, TenantId::PLATFORM).await;
}

#[tokio::test]
async fn what_was_recorded_before_there_was_a_chain_is_chained_in_its_order() {
    let world = World::new().await;
    let (one, two) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    for name in ["a", "b"] {
        one.post("/api-keys", json!({ "name": name })).await;
        two.post(
            "/known-keys",
            json!({ "keys": [{ "kind": "payment_type", "key": name }] }),
        )
        .await;
    }
    let (first, second) = (
        is_whole(&world, one.id).await,
        is_whole(&world, two.id).await,
    );
    world
        .sql(include_str!(
            "../../migration/src/sql/0018_audit_chain.down.sql"
        ))
        .await;
    world
        .sql(include_str!(
            "../../migration/src/sql/0018_audit_chain.up.sql"
        ))
        .await;
    assert_eq!(is_whole(&world, one.id).await, first);
    assert_eq!(is_whole(&world, two.id).await, second);
    one.post("/api-keys", json!({ "name": "c" })).await;
    assert_eq!(is_whole(&world, one.id).await.sequence, first.sequence + 1);
}
