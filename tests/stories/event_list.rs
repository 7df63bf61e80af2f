//! The event list: whatever it is narrowed to and however deep it is paged, it shows what a look at every event would show,
//! and no plan of it looks at every event.

use crate::world::{Tenant, World};
use reqwest::StatusCode;
use sea_orm::QueryResult;
use serde_json::{Value, json};
use service::cursor::PageQuery;
use service::event::{EventFilter, statements};
use std::collections::BTreeSet;

/// Fills the table with events of many sorts, of this tenant and of a neighbour.
pub async fn fill(world: &World, store: &Tenant<'_>, events: u32) {
    let neighbour = world.tenant("Hillside").await;
    for tenant in [store, &neighbour] {
        let id = tenant.id.0;
        world
            .sql(&format!(
                "INSERT INTO past_sync (tenant_id, id, company_id, from_date, to_date, events, created_by)
                   VALUES ('{id}', '{id}', 'c', '2026-01-01', '2026-02-01', 1, 'story');
                 INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date,
                    location, status, due_at, problem_code, problem_detail, past_sync_id)
                 SELECT '{id}', gen_random_uuid(), (ARRAY['ticket', 'ticket', 'ticket', 'cash_paid', 'sales_invoice'])[1 + n % 5],
                    CASE WHEN n % 2 = 0 THEN 'till-A-' ELSE 'till-B-' END || n, (500000 + n)::text, '{{}}', '\\x00',
                    timestamptz '2026-01-01' + (n * 7919 % {events}) / 3 * interval '1 hour',
                    date '2026-01-01' + ((n * 7919 % {events}) / 72),
                    (ARRAY[NULL, 'boston', 'salem', 'concord'])[1 + n % 7 % 4], s.status,
                    CASE WHEN s.status = 'not_synced' THEN now() END,
                    CASE s.status WHEN 'failed' THEN (ARRAY['missing_mappings', 'closed_period'])[1 + n % 2]
                      WHEN 'skipped' THEN 'nothing_to_post' END,
                    'words', CASE WHEN n % 11 = 0 THEN '{id}'::uuid END
                   FROM generate_series(1, {events}) AS n, LATERAL (SELECT (ARRAY['synced', 'synced', 'synced', 'synced',
                     'failed', 'skipped', 'not_synced', 'never_synced', 'processing'])[1 + n * 13 % 9] AS status) AS s;
                 ANALYZE event;"
            ))
            .await;
    }
}

fn past_sync_of(store: &Tenant<'_>) -> String {
    entity::id::PastSyncId(store.id.0).to_string()
}

/// All pages of a list, in order.
pub async fn pages(store: &Tenant<'_>, query: &str, limit: usize) -> Vec<Value> {
    let mut events = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = store
            .get(&format!("/events?limit={limit}{query}{cursor}"))
            .await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        events.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}

/// The filters of these stories: the query's text, and whether an event passes.
type Passes = Box<dyn Fn(&Value) -> bool>;

fn filters(past_sync: &str) -> Vec<(String, Passes)> {
    fn one_of(name: &'static str, values: &'static [&'static str]) -> Passes {
        Box::new(move |event| {
            event[name]
                .as_str()
                .is_some_and(|value| values.contains(&value))
        })
    }
    let past_sync = past_sync.to_owned();
    vec![
        ("&status=failed".into(), one_of("status", &["failed"])),
        (
            "&status=not_synced,failed,processing".into(),
            one_of("status", &["not_synced", "failed", "processing"]),
        ),
        ("&type=cash_paid".into(), one_of("type", &["cash_paid"])),
        (
            "&type=sales_invoice,ticket".into(),
            one_of("type", &["sales_invoice", "ticket"]),
        ),
        (
            "&from_date=2026-01-05".into(),
            Box::new(|event| event["business_date"].as_str() >= Some("2026-01-05")),
        ),
        (
            "&to_date=2026-01-07".into(),
            Box::new(|event| event["business_date"].as_str() <= Some("2026-01-07")),
        ),
        ("&location=salem".into(), one_of("location", &["salem"])),
        (
            "&location=salem,concord".into(),
            one_of("location", &["salem", "concord"]),
        ),
        (
            "&location=none".into(),
            Box::new(|event| event["location"].is_null()),
        ),
        (
            "&location=none,boston".into(),
            Box::new(|event| event["location"].is_null() || event["location"] == "boston"),
        ),
        (
            "&problem=closed_period,nothing_to_post".into(),
            Box::new(|event| {
                ["closed_period", "nothing_to_post"]
                    .iter()
                    .any(|code| event["problem"]["code"] == *code)
            }),
        ),
        ("&number=500077".into(), one_of("number", &["500077"])),
        (
            "&text=TILL-a-1".into(),
            Box::new(|event| {
                event["external_id"]
                    .as_str()
                    .unwrap()
                    .starts_with("till-A-1")
            }),
        ),
        (
            "&text=50001".into(),
            Box::new(|event| event["number"].as_str().unwrap().starts_with("50001")),
        ),
        (
            format!("&past_sync_id={past_sync}"),
            Box::new(move |event| event["past_sync_id"] == past_sync.as_str()),
        ),
    ]
}

fn ids(events: &[&Value]) -> Vec<String> {
    events
        .iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_pair_of_filters_shows_exactly_the_events_that_pass_both_in_order() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 400).await;
    let all = pages(&store, "", 200).await;
    assert_eq!(all.len(), 400);
    let key = |event: &Value| {
        ["business_date", "occurred_at"].map(|name| event[name].as_str().unwrap().to_owned())
    };
    assert!(all.windows(2).all(|pair| key(&pair[0]) >= key(&pair[1])));
    let filters = filters(&past_sync_of(&store));
    let mut tried = 0;
    for (place, (first, passes)) in filters.iter().enumerate() {
        for (second, also) in &filters[place..] {
            let name = |query: &str| query.split('=').next().unwrap().to_owned();
            let query = match (name(first) == name(second), first == second) {
                (true, true) => first.clone(),
                (true, false) => continue,
                _ => format!("{first}{second}"),
            };
            let wanted: Vec<_> = all
                .iter()
                .filter(|event| passes(event) && also(event))
                .collect();
            let limit = (wanted.len() / 3).clamp(1, 200);
            let listed = pages(&store, &query, limit).await;
            assert_eq!(
                ids(&listed.iter().collect::<Vec<_>>()),
                ids(&wanted),
                "{query}"
            );
            tried += 1;
        }
    }
    assert!(tried > 60);
    // All at once: a cash_paid of Salem that failed in the window, …
    let query = "&status=failed,skipped&type=cash_paid,ticket&from_date=2026-01-02&to_date=2026-01-06&location=salem";
    let wanted = all.iter().filter(|event| {
        let day = event["business_date"].as_str().unwrap();
        (event["status"] == "failed" || event["status"] == "skipped")
            && (event["type"] == "cash_paid" || event["type"] == "ticket")
            && ("2026-01-02"..="2026-01-06").contains(&day)
            && event["location"] == "salem"
    });
    let wanted = ids(&wanted.collect::<Vec<_>>());
    assert!(wanted.len() > 2, "{}", wanted.len());
    let listed = pages(&store, query, 2).await;
    assert_eq!(ids(&listed.iter().collect::<Vec<_>>()), wanted);
}

#[tokio::test]
async fn a_page_stays_where_it_is_while_events_come_and_change() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 90).await;
    let before = pages(&store, "", 200).await;
    let first = store.get("/events?limit=30").await;
    // One comes on top, and one that was seen changes its status.
    store.send_event(store.ticket("late").await).await;
    world
        .sql("UPDATE event SET status = 'synced', due_at = NULL, problem_code = NULL WHERE number = '500001'")
        .await;
    let page = store
        .get(&format!(
            "/events?limit=200&cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .await;
    let seen: Vec<_> = first["items"]
        .as_array()
        .unwrap()
        .iter()
        .chain(page["items"].as_array().unwrap())
        .collect();
    assert_eq!(ids(&seen), ids(&before.iter().collect::<Vec<_>>()));
    // A cursor names a place in the one order: with other filters it goes on from there.
    let cursor = first["next_cursor"].as_str().unwrap();
    let failed = store
        .get(&format!("/events?limit=200&status=failed&cursor={cursor}"))
        .await;
    let wanted: Vec<_> = before[30..]
        .iter()
        .filter(|event| event["status"] == "failed")
        .collect();
    let listed: Vec<_> = failed["items"].as_array().unwrap().iter().collect();
    assert!(!wanted.is_empty());
    assert_eq!(ids(&listed), ids(&wanted));
}

/// A list is written with commas; whoever names a parameter once for each value is shown how.
#[tokio::test]
async fn a_filter_given_twice_shows_how_its_values_are_written() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for (path, words) in [
        (
            "/events?status=failed&limit=5&status=skipped",
            "the parameter `status`: is given twice; give it once, with commas between its values: `status=failed,skipped`",
        ),
        (
            "/events?limit=5&limit=5",
            "the parameter `limit`: is given twice; give it once",
        ),
        (
            "/accounts?type=Bank&type=Income",
            "the parameter `type`: is given twice; give it once",
        ),
    ] {
        let (status, answer) = store.send(reqwest::Method::GET, path, None).await;
        assert_eq!(
            (status, &answer["code"], &answer["detail"]),
            (
                StatusCode::BAD_REQUEST,
                &json!("invalid_parameter"),
                &json!(words)
            )
        );
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_says_how_to_mend_it() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 20).await;
    for (query, status, code, field) in [
        ("status=done", 422, "invalid_status", "status"),
        ("status=failed,,synced", 422, "invalid_status", "status"),
        ("type=sale", 422, "invalid_type", "type"),
        ("problem=bad_luck", 422, "unknown_problem_code", "problem"),
        ("from_date=yesterday", 400, "invalid_parameter", "from_date"),
        ("from_date=0001-01-01", 422, "invalid_window", "from_date"),
        (
            "from_date=2026-02-02&to_date=2026-02-01",
            422,
            "invalid_window",
            "to_date",
        ),
        (
            "past_sync_id=7",
            422,
            "invalid_past_sync_id",
            "past_sync_id",
        ),
        ("text=", 422, "invalid_filter", "text"),
        (
            "cursor=AAZQmGpRYEABkwv5oZ1vJhh8eJkBHKqzAAAA",
            422,
            "invalid_cursor",
            "cursor",
        ),
    ] {
        let (told, answer) = store
            .send(reqwest::Method::GET, &format!("/events?{query}"), None)
            .await;
        assert_eq!(
            (told, &answer["code"], &answer["errors"][0]["field"]),
            (
                StatusCode::from_u16(status).unwrap(),
                &json!(code),
                &json!(field)
            ),
            "{query}: {answer:#}"
        );
        assert!(answer["detail"].as_str().unwrap().len() > 25, "{answer:#}");
    }
}

#[tokio::test]
async fn a_text_that_begins_very_many_events_asks_for_more_of_it() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 20_500).await;
    let (status, answer) = store
        .send(reqwest::Method::GET, "/events?text=till-A", None)
        .await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("text_too_short")),
        "{answer:#}"
    );
    let listed = store.get("/events?text=till-A-2040").await;
    assert_eq!(
        listed["items"].as_array().unwrap().len(),
        5 + 1,
        "{listed:#}"
    );
}

/// Every combination of filters, each as a query and as the service takes it.
fn combinations(past_sync: &str) -> Vec<EventFilter> {
    let some = |text: &str| Some(text.to_owned());
    let day = |text: &str| Some(text.parse().unwrap());
    (0..1 << 8)
        .map(|bits: u32| {
            let has = |bit: u32| bits & (1 << bit) != 0;
            EventFilter {
                status: some("failed,skipped").filter(|_| has(0)),
                kind: some("ticket,cash_paid").filter(|_| has(1)),
                from_date: day("2026-01-10").filter(|_| has(2)),
                to_date: day("2026-02-20").filter(|_| has(2)),
                location: some(["salem", "salem,none", "none"][bits as usize % 3])
                    .filter(|_| has(3)),
                problem: some("closed_period,nothing_to_post").filter(|_| has(4)),
                number: some("500077").filter(|_| has(5)),
                text: some("till-A-10").filter(|_| has(6)),
                past_sync_id: Some(past_sync.to_owned()).filter(|_| has(7)),
            }
        })
        .collect()
}

// As the operation's description says it.
fn is_narrowed_by_an_index(filter: &EventFilter) -> bool {
    let chosen = [
        filter.number.is_some(),
        filter.text.is_some(),
        filter.past_sync_id.is_some(),
        filter.problem.is_some(),
    ];
    let beside = filter.location.is_some() || filter.kind.is_some();
    match chosen.iter().filter(|chosen| **chosen).count() {
        0 => true,
        // What a text begins is found first, and sorted then.
        1 if filter.text.is_some() => false,
        1 if filter.past_sync_id.is_some() => !beside,
        1 if filter.problem.is_some() => !beside && filter.status.is_none(),
        1 => !beside && filter.status.is_none() && filter.from_date.is_none(),
        _ => false,
    }
}

async fn plan(store: &Tenant<'_>, sql: &str, values: Vec<sea_orm::Value>) -> String {
    let tx = store.world.service.tenant(store.id).await.unwrap();
    let lines: Vec<QueryResult> = tx.query(&format!("EXPLAIN {sql}"), values).await.unwrap();
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.try_get_by_index(0).unwrap())
        .collect();
    lines.join("\n")
}

fn check(plan: &str, filter: &EventFilter) {
    for bad in ["Seq Scan on event", "Hash Join", "Merge Join"] {
        assert!(!plan.contains(bad), "{filter:?}: {bad}\n{plan}");
    }
    // What an index narrows by itself comes in the order of the list; the rest may be gathered and sorted.
    assert!(
        !plan.contains("Bitmap") || !is_narrowed_by_an_index(filter),
        "{filter:?}\n{plan}"
    );
    // Every index that narrows begins with the tenant: row-level security lets no other condition through.
    for line in plan.lines().filter(|line| line.contains("Index Cond")) {
        assert!(line.contains("(tenant_id = "), "{line}\n{plan}");
        // A text is a range with two ends.
        for column in ["external_id", "number"] {
            assert_eq!(
                line.contains(&format!("({column} >= ")),
                line.contains(&format!("({column} < ")),
                "{line}\n{plan}"
            );
        }
    }
}

#[tokio::test]
async fn no_combination_of_filters_reads_the_table_from_end_to_end() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 4_000).await;
    let first = store.get("/events?limit=50").await;
    let cursor = first["next_cursor"].as_str().map(str::to_owned);
    let mut indexes = BTreeSet::new();
    for filter in combinations(&past_sync_of(&store)) {
        for cursor in [None, cursor.clone()] {
            let query = PageQuery {
                cursor,
                limit: None,
            };
            for (sql, values) in statements(&world.service, store.id, &filter, &query).unwrap() {
                let plan = plan(&store, &sql, values).await;
                check(&plan, &filter);
                indexes.extend(
                    plan.split(" using ")
                        .skip(1)
                        .map(|rest| rest.split(' ').next().unwrap().to_owned()),
                );
            }
        }
    }
    for index in [
        "event_listed",
        "event_listed_by_type",
        "event_listed_by_location",
        "event_listed_by_problem",
        "event_listed_by_past_sync",
    ] {
        assert!(
            indexes.contains(index),
            "{index} serves nothing: {indexes:?}"
        );
    }
    // The check itself can fail.
    let every = "SELECT count(*) FROM event e WHERE {mine:e} AND e.body = $2";
    let plan = plan(&store, every, vec!["x".into()]).await;
    assert!(
        plan.contains("Seq Scan on event") || plan.contains("Bitmap"),
        "{plan}"
    );
}

#[tokio::test]
async fn a_page_of_one_status_and_a_window_reads_no_more_than_its_rows() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 4_000).await;
    let filter = EventFilter {
        status: Some("failed".into()),
        from_date: Some("2026-01-02".parse().unwrap()),
        to_date: Some("2026-01-20".parse().unwrap()),
        ..EventFilter::default()
    };
    let query = PageQuery {
        cursor: None,
        limit: Some(10),
    };
    let (sql, values) = statements(&world.service, store.id, &filter, &query)
        .unwrap()
        .remove(0);
    let tx = store.world.service.tenant(store.id).await.unwrap();
    let sql = format!("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {sql}");
    let rows = tx.query(&sql, values).await.unwrap();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    let plan = lines.join("\n");
    let range = lines
        .iter()
        .find(|line| line.contains("using event_listed "))
        .unwrap();
    assert!(range.contains("actual rows=11 loops=1"), "{plan}");
    assert!(!plan.contains("Rows Removed"), "{plan}");
}

#[tokio::test]
async fn a_text_finds_what_a_person_types_and_an_entry_by_its_id_in_quickbooks() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut ids = Vec::new();
    for external_id in ["Till-A-100", "TILL-A-101", "till-a-102", "tüll-1", "%_x"] {
        let mut ticket = store.ticket(external_id).await;
        if external_id == "Till-A-100" {
            ticket["number"] = json!("Inv-77");
        }
        ids.push(store.send_event(ticket).await);
    }
    store.drain().await;
    let found = async |text: &str, beside: &str| {
        let page = store.get(&format!("/events?text={text}{beside}")).await;
        let mut found: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        found
    };
    assert_eq!(found("till-a-1", "").await, ids[..3]);
    assert_eq!(found("TILL-A-1", "&type=ticket").await, ids[..3]);
    assert_eq!(found("tILL-a-101", "").await, ids[1..2]);
    assert_eq!(found("inv-7", "").await, ids[..1]);
    assert_eq!(found("T%C3%BCll", "").await, ids[3..4]);
    assert_eq!(found("%25_", "").await, ids[4..]);
    assert_eq!(found("ill-A", "").await.len(), 0, "no middle of a text");
    let event = store.event(&ids[2]).await;
    let qbo_id = event["journal_entries"][0]["qbo_id"].as_str().unwrap();
    assert!(found(qbo_id, "").await.contains(&ids[2]), "{event:#}");
    // Beside a number each is asked of the one event.
    let number = event["number"].as_str().unwrap();
    for text in [qbo_id, "TILL-a"] {
        let beside = format!("&number={number}");
        assert_eq!(found(text, &beside).await, ids[2..3], "{text}");
    }
}
