//! A burst costs what is sent, not what waits: the statements of publishing and of a lane read no more rows than they are about,
//! although PostgreSQL has counted nothing yet.

use crate::world::{Tenant, World};
use sea_orm::{QueryResult, Value};
use serde_json::json;
use service::webhook::statements;

const TABLES: [&str; 3] = ["webhook_delivery", "webhook_attempt", "webhook_message"];
/// As many as are sent at once.
const TAKEN: i64 = 16;
/// Of any table, for all of them.
const ROWS_MOST: u64 = 40;
/// For all of them: some twenty each, indexes and what is written included. Reading all that waits takes as many as wait.
const PAGES_MOST: u64 = 700;

// Messages to one endpoint, half of which have an attempt; nothing is counted of them.
async fn burst(world: &World, store: &Tenant<'_>, messages: u32) -> uuid::Uuid {
    for table in TABLES {
        world
            .sql(&format!(
                "ALTER TABLE {table} SET (autovacuum_enabled = off)"
            ))
            .await;
    }
    let made = store
        .post(
            "/webhook-endpoints",
            json!({ "url": "http://127.0.0.1:9/" }),
        )
        .await;
    let endpoint: entity::id::WebhookEndpointId = made["id"].as_str().unwrap().parse().unwrap();
    let (tenant, endpoint) = (store.id.0, endpoint.0);
    world
        .sql(&format!(
            "INSERT INTO webhook_message (tenant_id, id, number, type, data)
               SELECT '{tenant}', gen_random_uuid(), n, 'event.synced', '{{}}' FROM generate_series(1, {messages}) n;
             INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, number, type, occurred_at)
               SELECT tenant_id, '{endpoint}', id, number, type, occurred_at FROM webhook_message ORDER BY number;
             INSERT INTO webhook_attempt (tenant_id, endpoint_id, message_id, number)
               SELECT tenant_id, endpoint_id, message_id, 1 FROM webhook_delivery ORDER BY number LIMIT {messages} / 2;
             UPDATE webhook_delivery SET attempts = 1 WHERE number <= {messages} / 2"
        ))
        .await;
    endpoint
}

async fn is_uncounted(world: &World) {
    let counted = world
        .rows("SELECT tablename::text FROM pg_stats WHERE tablename LIKE 'webhook%'")
        .await;
    assert_eq!(counted, Vec::<String>::new());
}

/// The plan of a statement that was run, and undone.
async fn run(store: &Tenant<'_>, sql: &str, values: Vec<Value>) -> Vec<String> {
    let tx = store.world.service.tenant(store.id).await.unwrap();
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) {sql}");
    let lines: Vec<QueryResult> = tx.query(&sql, values).await.unwrap();
    let line = |line: &QueryResult| line.try_get_by_index(0).unwrap();
    lines.iter().map(line).collect()
}

fn number_after(line: &str, word: &str) -> Option<u64> {
    let digits = line.split_once(word)?.1;
    digits
        .split(|sign: char| !sign.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// Rows that any step of the plan has read, those it passed over included; and pages that were touched.
fn cost(plan: &[String]) -> (u64, u64) {
    let read = |line: &String| {
        let rows = number_after(line, "actual rows=")?;
        Some(rows * number_after(line, "loops=")?)
    };
    let passed = |line: &String| {
        let (_, by) = line.split_once("Rows Removed by ")?;
        number_after(by, ": ")
    };
    let rows = plan.iter().filter_map(|line| read(line).max(passed(line)));
    // The first line that tells of pages tells of all.
    let pages = plan
        .iter()
        .find(|line| line.contains("Buffers: "))
        .map_or(0, |line| {
            number_after(line, "hit=").unwrap_or(0) + number_after(line, "read=").unwrap_or(0)
        });
    (rows.max().unwrap_or(0), pages)
}

/// Reads what a statement cost, and holds it to what it is about.
async fn is_about_what_it_takes(
    store: &Tenant<'_>,
    messages: u32,
    (name, sql, values): (&str, &str, Vec<Value>),
) {
    let plan = run(store, sql, values).await;
    let (rows, pages) = cost(&plan);
    println!("{name} of {messages} that wait: {rows} rows, {pages} pages");
    assert!(
        rows <= ROWS_MOST && pages <= PAGES_MOST,
        "{name} of {messages}: {rows} rows, {pages} pages\n{}",
        plan.join("\n")
    );
}

#[tokio::test]
async fn a_lane_reads_what_it_sends_however_much_waits_and_though_nothing_is_counted() {
    // At some sizes two indexes are of one height, and at some they are not.
    for messages in [50, 500, 5_000, 20_000] {
        let world = World::new().await;
        let store = world.tenant("Harbour").await;
        let endpoint = burst(&world, &store, messages).await;
        is_uncounted(&world).await;
        let ids = world
            .rows("SELECT message_id::text FROM webhook_delivery ORDER BY number LIMIT 16")
            .await;
        let outcomes = ids.iter().map(|id| {
            json!({ "message_id": id, "number": 1, "state": "delivered", "outcome": "answered", "http_status": 200 })
        });
        let outcomes = Value::from(serde_json::Value::Array(outcomes.collect()));
        for statement in [
            (
                "TAKE",
                statements::TAKE,
                vec![endpoint.into(), TAKEN.into()],
            ),
            (
                "SETTLE",
                statements::SETTLE,
                vec![endpoint.into(), outcomes],
            ),
            ("GIVE_BACK", statements::GIVE_BACK, vec![endpoint.into()]),
        ] {
            is_about_what_it_takes(&store, messages, statement).await;
        }
        is_uncounted(&world).await;
    }
}

#[tokio::test]
async fn numbering_reads_what_it_numbers_however_much_waits_and_was_numbered_before() {
    for messages in [50, 500, 5_000, 20_000] {
        let world = World::new().await;
        let store = world.tenant("Harbour").await;
        burst(&world, &store, messages).await;
        let tenant = store.id.0;
        world
            .sql(&format!(
                "INSERT INTO webhook_series (tenant_id, last_number) VALUES ('{tenant}', {messages});
                 INSERT INTO webhook_message (tenant_id, id, type, occurred_at, data)
                   SELECT '{tenant}', gen_random_uuid(), 'alert.opened', now() + n * interval '1 ms', '{{}}'
                     FROM generate_series(1, {messages}) n"
            ))
            .await;
        is_uncounted(&world).await;
        let waiting = world
            .rows("SELECT id::text FROM webhook_message WHERE number IS NULL ORDER BY occurred_at, id LIMIT 16")
            .await;
        let ids: Vec<uuid::Uuid> = waiting.iter().map(|id| id.parse().unwrap()).collect();
        let copied = vec!["alert.opened".to_owned()];
        for statement in [
            (
                "FRESH",
                statements::FRESH,
                vec![TAKEN.into(), copied.into()],
            ),
            ("NUMBER", statements::NUMBER, vec![ids.into()]),
        ] {
            is_about_what_it_takes(&store, messages, statement).await;
        }
        is_uncounted(&world).await;
    }
}
