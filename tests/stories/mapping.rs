//! The mapping as two people keep it: versions, history, results row by row, and what a change cures.

use crate::world::{Answer, Tenant, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

impl Tenant<'_> {
    async fn with_if_match(
        &self,
        method: Method,
        rest: &str,
        tag: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self
            .world
            .request(method, &self.path(rest), &self.key)
            .header("if-match", tag);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.world.answer(request).await
    }

    async fn mapping_tag(&self) -> String {
        let request = self
            .world
            .request(Method::GET, &self.path("/mappings"), &self.key);
        self.world.answer(request).await.header("etag").to_owned()
    }
}

async fn paid_with(store: &Tenant<'_>, external_id: &str, payment_type: &str) -> Value {
    let mut ticket = store.ticket(external_id).await;
    ticket["transaction"]["payments"][0]["payment_type"] = json!(payment_type);
    ticket
}

#[tokio::test]
async fn who_looked_before_another_changed_the_mapping_does_not_overwrite_it() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let seen = store.mapping_tag().await;
    let row = |account: &str| json!({ "slot": "payment", "key": "paypal", "account_id": account });
    let (card, house) = (store.account("1200").await, store.account("1220").await);
    let first = store
        .with_if_match(Method::PUT, "/mappings", &seen, Some(row(&card)))
        .await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let now = first.header("etag").to_owned();
    assert_ne!(now, seen);
    assert_eq!(store.mapping_tag().await, now);

    let id = first.json()["id"].as_str().unwrap().to_owned();
    let bulk = json!({ "mappings": [row(&house)] });
    for (method, path, body) in [
        (Method::PUT, "/mappings".to_owned(), Some(row(&house))),
        (Method::POST, "/mappings/bulk".to_owned(), Some(bulk)),
        (
            Method::POST,
            "/mappings/clear".to_owned(),
            Some(json!({ "mappings": [{ "mapping_id": id }] })),
        ),
        (Method::DELETE, format!("/mappings/{id}"), None),
    ] {
        let late = store
            .with_if_match(method.clone(), &path, &seen, body)
            .await;
        assert_eq!(
            (late.status, late.code().as_deref()),
            (StatusCode::PRECONDITION_FAILED, Some("mapping_changed")),
            "{method} {path}"
        );
        assert!(
            late.text().contains(now.trim_matches('"')),
            "{}",
            late.text()
        );
    }
    assert_eq!(store.mapping_tag().await, now);

    // Any of several, any at all, and none named.
    for tag in [format!("\"x\", {now}"), "*".to_owned()] {
        let set = store
            .with_if_match(Method::PUT, "/mappings", &tag, Some(row(&card)))
            .await;
        assert_eq!(set.status, StatusCode::OK, "{tag}: {}", set.text());
        // What is set already is no change.
        assert_eq!(set.header("etag"), now);
    }
    let odd = store
        .with_if_match(Method::PUT, "/mappings", "yesterday", Some(row(&card)))
        .await;
    assert_eq!(
        (odd.status, odd.code().as_deref()),
        (StatusCode::BAD_REQUEST, Some("invalid_header"))
    );
    let cleared = store
        .with_if_match(Method::DELETE, &format!("/mappings/{id}"), &now, None)
        .await;
    assert_eq!(cleared.status, StatusCode::NO_CONTENT);
    assert_eq!(store.mapping_tag().await, cleared.header("etag"));
}

#[tokio::test]
async fn each_change_says_how_many_failed_events_it_cures_and_leaves_posted_ones_alone() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let posted = store.send_event(store.ticket("posted").await).await;
    let mut failed = Vec::new();
    for place in 0..3 {
        let ticket = paid_with(&store, &format!("paypal-{place}"), "paypal").await;
        failed.push(store.send_event(ticket).await);
    }
    // Lacks two accounts.
    let mut both = paid_with(&store, "both", "paypal").await;
    both["transaction"]["lines"][0]["item_class"] = json!("hats");
    let both = store.send_event(both).await;
    store.drain().await;
    for id in failed.iter().chain([&both]) {
        assert_eq!(store.status(id).await, "failed");
    }
    let other = store.map("payment", Some("voucher"), "1220").await;
    assert_eq!(other["cures"], 0, "{other:#}");
    let mapped = store.map("payment", Some("paypal"), "1220").await;
    assert_eq!(mapped["cures"], 3, "{mapped:#}");
    store
        .post(
            "/retry-failed",
            json!({ "problem_code": "missing_mappings" }),
        )
        .await;
    store.drain().await;
    for id in &failed {
        assert_eq!(store.status(id).await, "synced");
    }
    assert_eq!(store.status(&both).await, "failed");
    let rows: Vec<_> = [
        ("revenue", "4000"),
        ("cost_of_goods_sold", "5000"),
        ("inventory_on_hand", "1300"),
    ]
    .into_iter()
    .collect();
    let mut bulk = Vec::new();
    for (slot, number) in rows {
        bulk.push(
            json!({ "slot": slot, "key": "hats", "account_id": store.account(number).await }),
        );
    }
    let before = world.quickbooks().entries(&company.realm_id).unwrap().len();
    let answer = store
        .post("/mappings/bulk", json!({ "mappings": bulk }))
        .await;
    assert_eq!(answer["cures"], 1, "{answer:#}");
    store.map("payment", Some("cash"), "1220").await;
    store.drain().await;
    assert_eq!(
        world.quickbooks().entries(&company.realm_id).unwrap().len(),
        before,
        "a changed mapping posts nothing"
    );
    assert_eq!(store.status(&posted).await, "synced");
}

#[tokio::test]
async fn mapping_another_account_for_a_broken_one_says_how_many_events_it_cures() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    for place in 0..3 {
        let ticket = store.ticket(&format!("t{place}")).await;
        store.send_event(ticket).await;
    }
    store
        .send_event(paid_with(&store, "unmapped", "paypal").await)
        .await;
    store.drain().await;
    let elsewhere = store.map("payment", Some("voucher"), "1220").await;
    assert_eq!(elsewhere["cures"], 0, "{elsewhere:#}");
    let mended = store.map("payment", Some("cash"), "1220").await;
    assert_eq!(mended["cures"], 3, "{mended:#}");
    store.post("/retry-failed", json!({})).await;
    store.drain().await;
    assert_eq!(store.get("/sync").await["events"]["synced"], 3);
}

#[tokio::test]
async fn every_change_is_told_with_who_made_it_and_what_was_before() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let set = store.map("payment", Some("paypal"), "1200").await;
    store.map("payment", Some("paypal"), "1220").await;
    // The same again is no change.
    store.map("payment", Some("paypal"), "1220").await;
    let path = format!("/mappings/{}", set["id"].as_str().unwrap());
    let (status, _) = store.send(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let page = store.get("/mapping-changes?slot=payment&key=paypal").await;
    let told: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            assert_eq!(change["way"], "by_hand");
            assert!(
                change["changed_by"].as_str().unwrap().starts_with("key_"),
                "{change:#}"
            );
            (
                change["from_account"]["name"].as_str().map(str::to_owned),
                change["to_account"]["name"].as_str().map(str::to_owned),
            )
        })
        .collect();
    let card = Some("1200 Credit Card Receivable".to_owned());
    let house = Some("1220 House Accounts".to_owned());
    assert_eq!(
        told,
        [(house.clone(), None), (card.clone(), house), (None, card)]
    );
    // Page by page, everything once.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = store
            .get(&format!("/mapping-changes?limit=10{cursor}"))
            .await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["id"].to_string()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), count), (27, 27));
    let (status, problem) = store
        .send(Method::GET, "/mapping-changes?slot=sales", None)
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (422, &json!("unknown_slot"))
    );
}

#[tokio::test]
async fn a_bulk_sets_what_is_sound_and_says_of_each_other_row_why_not() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let account = store.account("1220").await;
    let receivable = store.account("1100").await;
    let row = |slot: &str, key: Option<&str>, account: &str| json!({ "slot": slot, "key": key, "account_id": account });
    let answer = store
        .post(
            "/mappings/bulk",
            json!({ "mappings": [
                row("payment", Some("paypal"), &account),
                row("sales", None, &account),
                row("gift_card_liability", Some("x"), &account),
                row("payment", Some(&"x".repeat(65)), &account),
                row("payment", Some("house"), &receivable),
                row("payment", Some("house"), "acc_01jd5zk8x9e3qr0v7m2c4n6p8t"),
                row("deposit", None, &account),
            ] }),
        )
        .await;
    let results = answer["results"].as_array().unwrap();
    let codes: Vec<_> = results
        .iter()
        .map(|result| result["problem"]["code"].as_str().unwrap_or("set"))
        .collect();
    assert_eq!(
        codes,
        [
            "set",
            "unknown_slot",
            "unexpected_key",
            "invalid_key",
            "account_type_refused",
            "unknown_account",
            "set"
        ]
    );
    assert!(results[6]["mapping"]["warning"].is_string(), "{answer:#}");
    for (rows, code) in [(0, "no_mappings"), (1001, "too_many_mappings")] {
        let rows = vec![row("payment", Some("paypal"), &account); rows];
        let (status, problem) = store
            .send(
                Method::POST,
                "/mappings/bulk",
                Some(json!({ "mappings": rows })),
            )
            .await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!(code)));
    }
}

/// What is wrong inside a row is the row's; what is no list, or no JSON, is the whole request's.
#[tokio::test]
async fn a_malformed_row_of_a_bulk_is_one_failed_row_and_the_others_are_set() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let account = store.account("1220").await;
    let sound = |key: &str| json!({ "slot": "payment", "key": key, "account_id": account });
    let mut control = sound("a");
    control["key"] = json!("a\u{0}b");
    let rows = json!([
        sound("paypal"),
        { "slot": "payment", "key": "venmo", "account_id": "1220" },
        { "slot": 7, "account_id": account },
        { "slot": "payment", "key": ["x"], "account_id": account },
        { "slot": "payment" },
        { "slot": "payment", "account": account, "account_id": account },
        "payment",
        null,
        control,
        { "slot": "sales", "account_id": account },
        sound("voucher"),
    ]);
    let answer = store
        .post("/mappings/bulk", json!({ "mappings": rows }))
        .await;
    let results = answer["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|row| {
            let part = |name: &str| row["problem"][name].as_str().unwrap_or("-").to_owned();
            (part("code"), part("field"))
        })
        .collect();
    let told: Vec<_> = told
        .iter()
        .map(|(code, field)| (code.as_str(), field.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("-", "-"),
            ("invalid_value", "account_id"),
            ("wrong_type", "slot"),
            ("wrong_type", "key"),
            ("missing_field", "account_id"),
            ("unknown_field", "account"),
            ("wrong_type", "-"),
            ("wrong_type", "-"),
            ("control_character", "key"),
            ("unknown_slot", "slot"),
            ("-", "-"),
        ],
        "{answer:#}"
    );
    assert_eq!(
        results[1]["problem"]["detail"],
        "`1220` is not an id of the form acc_…; copy it from the list or answer that names it"
    );
    for (place, row) in results.iter().enumerate() {
        assert_eq!(row["index"], place);
        assert_eq!(
            row["mapping"].is_null(),
            !row["problem"].is_null(),
            "{row:#}"
        );
    }
    let mapped = store.get("/mappings").await;
    let keys: Vec<_> = mapped["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["key"])
        .collect();
    assert!(
        keys.contains(&&json!("paypal")) && keys.contains(&&json!("voucher")),
        "{mapped:#}"
    );
    for (body, status, code) in [
        (
            json!({ "mappings": { "0": sound("x") } }),
            422,
            "wrong_type",
        ),
        (json!([sound("x")]), 422, "wrong_type"),
        (json!({ "rows": [] }), 422, "unknown_field"),
    ] {
        let (answered, problem) = store.send(Method::POST, "/mappings/bulk", Some(body)).await;
        assert_eq!(
            (answered.as_u16(), &problem["code"]),
            (status, &json!(code))
        );
    }
    // Locations and keys likewise.
    let rows = json!([{ "location": "boston", "quickbooks_location_id": "1" }, 5]);
    let answer = store
        .put("/location-mappings", json!({ "mappings": rows }))
        .await;
    let problems: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["problem"])
        .collect();
    assert_eq!(problems[0]["field"], "quickbooks_location_id", "{answer:#}");
    assert_eq!(problems[1]["code"], "wrong_type", "{answer:#}");
    let keys =
        json!([{ "kind": "payment_type", "key": 5 }, { "kind": "payment_type", "key": "venmo" }]);
    let answer = store.post("/known-keys", json!({ "keys": keys })).await;
    let results: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["result"])
        .collect();
    assert_eq!(
        results,
        [&json!("refused"), &json!("declared")],
        "{answer:#}"
    );
}

impl Tenant<'_> {
    async fn row_of(&self, slot: &str, key: Option<&str>) -> Value {
        let mapped = self.get("/mappings").await;
        let rows = mapped["items"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["slot"] == slot && row["key"] == json!(key));
        row.cloned().unwrap_or_default()
    }

    async fn clear(&self, rows: Value) -> Value {
        self.post("/mappings/clear", json!({ "mappings": rows }))
            .await
    }
}

#[tokio::test]
async fn many_rows_are_cleared_at_once_each_on_its_own_and_history_tells_who_cleared_what() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let posted = store.send_event(store.ticket("posted").await).await;
    store.drain().await;
    let entries = world.quickbooks().entries(&company.realm_id).unwrap();
    let (cash, card) = (
        store.row_of("payment", Some("cash")).await,
        store.row_of("payment", Some("card")).await,
    );
    let before = store.mapping_tag().await;
    let answer = store
        .clear(json!([
            { "mapping_id": cash["id"] },
            { "mapping_id": "cash" },
            { "mapping_id": "map_01jd5zk8x9e3qr0v7m2c4n6p8t" },
            { "mapping_id": cash["id"] },
            { "id": card["id"] },
            7,
            { "mapping_id": card["id"] },
        ]))
        .await;
    let results = answer["results"].as_array().unwrap();
    let codes: Vec<_> = results
        .iter()
        .enumerate()
        .map(|(place, result)| {
            assert_eq!(result["index"], place);
            result["problem"]["code"].as_str().unwrap_or("cleared")
        })
        .collect();
    assert_eq!(
        codes,
        [
            "cleared",
            "invalid_value",
            "unknown_mapping",
            "unknown_mapping",
            "unknown_field",
            "wrong_type",
            "cleared"
        ],
        "{answer:#}"
    );
    assert_eq!(results[0]["cleared"], cash, "the row as it was");
    assert_eq!(
        (&answer["blocks"], &answer["cures"]),
        (&json!(0), &json!(0))
    );
    assert_ne!(store.mapping_tag().await, before);
    for key in ["cash", "card"] {
        assert!(store.row_of("payment", Some(key)).await.is_null());
        let changes = store
            .get(&format!("/mapping-changes?slot=payment&key={key}"))
            .await;
        let last = &changes["items"][0];
        assert!(last["to_account"].is_null(), "{last:#}");
        assert!(!last["from_account"].is_null(), "{last:#}");
        assert!(last["changed_by"].as_str().unwrap().starts_with("key_"));
    }
    store.drain().await;
    assert_eq!(store.status(&posted).await, "synced");
    assert_eq!(
        world.quickbooks().entries(&company.realm_id).unwrap().len(),
        entries.len(),
        "what is posted stays as it is"
    );
    for (rows, code) in [(0, "no_mappings"), (1001, "too_many_mappings")] {
        let rows = vec![json!({ "mapping_id": card["id"] }); rows];
        let body = json!({ "mappings": rows });
        let (status, problem) = store
            .send(Method::POST, "/mappings/clear", Some(body))
            .await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!(code)));
    }
}

#[tokio::test]
async fn clearing_says_how_many_events_it_keeps_from_the_books_and_how_many_it_frees() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    store.post("/sync/stop", json!({})).await;
    for place in 0..3 {
        let ticket = store.ticket(&format!("waits-{place}")).await;
        store.send_event(ticket).await;
    }
    let paypal = paid_with(&store, "lacks-another", "paypal").await;
    store.send_event(paypal).await;
    let cash = store.row_of("payment", Some("cash")).await["id"].clone();
    let cleared = store.clear(json!([{ "mapping_id": cash }])).await;
    assert_eq!(cleared["blocks"], 3, "{cleared:#}");
    let missing = store.get("/readiness").await;
    let told = missing["missing"].as_array().unwrap();
    let told = told.iter().find(|row| row["key"] == "cash").unwrap();
    assert_eq!(told["events"], 3, "as readiness says: {missing:#}");

    // What serves more takes over: nothing is lost, and what failed for the broken row is freed.
    store.map("payment", None, "1220").await;
    let mapped = store.map("payment", Some("cash"), "1010").await;
    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    store.post("/sync/start", json!({})).await;
    let failing = store.send_event(store.ticket("fails").await).await;
    store.drain().await;
    assert_eq!(store.status(&failing).await, "failed");
    let cleared = store.clear(json!([{ "mapping_id": mapped["id"] }])).await;
    assert_eq!(
        (&cleared["blocks"], &cleared["cures"]),
        (&json!(0), &json!(1)),
        "{cleared:#}"
    );
}
