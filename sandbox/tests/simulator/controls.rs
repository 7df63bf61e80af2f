//! The control surface over HTTP, the pages, and the simulator's own life.

use sandbox::quickbooks::{
    Amount, NewEntry, NewLine, Options, PostingType, Simulator, StartError, serve,
};
use serde_json::{Value, json};

use crate::{Store, client};

/// Sends to the control surface and gives status and body.
async fn ask(store: &Store, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = store.http.request(
        method.parse().unwrap(),
        store.url(&format!("/sandbox/{path}")),
    );
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_company_is_seeded_changed_and_looked_at_over_http() {
    let store = Store::open().await;
    let new = json!({
        "name": "Second", "country": "CA", "home_currency": "CAD",
        "accounts": [{ "name": "Bank", "account_type": "Bank", "account_sub_type": "Checking", "number": "1000" },
                     { "name": "Sales", "account_type": "Income" }],
    });
    let (status, company) = ask(&store, "POST", "companies", Some(new)).await;
    assert_eq!(status, 200, "{company}");
    let realm = company["realm_id"].as_str().unwrap();
    let (bank, sales) = (&company["accounts"][0]["id"], &company["accounts"][1]["id"]);
    assert_eq!(company["accounts"][0]["account_sub_type"], "Checking");
    let entry = json!({
        "doc_number": "104233", "txn_date": "2026-11-20", "private_note": "somebody else's",
        "lines": [{ "account_id": bank, "posting_type": "debit", "amount": "12.50" },
                  { "account_id": sales, "posting_type": "credit", "amount": "12.50" }],
    });
    let entries = format!("companies/{realm}/journal-entries");
    let (status, posted) = ask(&store, "POST", &entries, Some(entry.clone())).await;
    assert_eq!((status, &posted["sync_token"]), (200, &json!("0")));
    let (_, found) = ask(&store, "GET", &format!("{entries}?doc_number=104233"), None).await;
    assert_eq!(found[0]["lines"][0]["amount"], "12.50");
    let (_, balance) = ask(
        &store,
        "GET",
        &format!("companies/{realm}/trial-balance"),
        None,
    )
    .await;
    assert_eq!(
        (&balance["debit"], &balance["credit"]),
        (&json!("12.50"), &json!("12.50"))
    );
    let mut changed = entry;
    changed["doc_number"] = json!("2");
    let one = format!("{entries}/{}", posted["id"].as_str().unwrap());
    let (_, changed) = ask(&store, "PUT", &one, Some(changed)).await;
    assert_eq!(changed["sync_token"], "1");
    assert_eq!(ask(&store, "DELETE", &one, None).await.0, 200);
    assert_eq!(ask(&store, "DELETE", &one, None).await.0, 404);
    assert_eq!(ask(&store, "GET", &entries, None).await.1, json!([]));
}

#[tokio::test]
async fn a_foreign_entry_is_seen_by_queries() {
    let store = Store::open().await;
    let line = |number: &str, posting_type| NewLine {
        account_id: store.account(number).to_owned(),
        posting_type,
        amount: Amount::cents(100),
        description: None,
    };
    let mut new = NewEntry {
        doc_number: Some("104233".to_owned()),
        txn_date: "2026-11-20".parse().unwrap(),
        private_note: None,
        lines: vec![
            line("1010", PostingType::Debit),
            line("4000", PostingType::Credit),
        ],
    };
    store.control().insert_entry(store.realm(), &new).unwrap();
    let found = store
        .query("select * from JournalEntry where DocNumber = '104233'")
        .await;
    assert_eq!(
        found.body["QueryResponse"]["JournalEntry"][0]["Line"][0]["Amount"],
        json!(1.0)
    );
    new.lines.pop();
    assert!(
        store.control().insert_entry(store.realm(), &new).is_err(),
        "the books stay balanced"
    );
}

#[tokio::test]
async fn every_company_action_works_over_http() {
    let store = Store::open().await;
    let company = format!("companies/{}", store.realm());
    let act = async |path: &str, body: Value| {
        let (status, body) = ask(&store, "POST", &format!("{company}/{path}"), Some(body)).await;
        assert_eq!(status, 200, "{path}: {body}");
    };
    act("close-books", json!({ "closing_date": "2026-11-20" })).await;
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["6200"]);
    act("reopen-books", json!({})).await;
    act("lapse-subscription", json!({})).await;
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["6190"]);
    act("renew-subscription", json!({})).await;
    let account = format!("accounts/{}", store.account("1010"));
    act(&format!("{account}/deactivate"), json!({})).await;
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["610"]);
    act(&format!("{account}/reactivate"), json!({})).await;
    assert_eq!(
        store.create_with_id("r1", &store.sale("1")).await.status,
        200
    );
    act("forget-request-ids", json!({})).await;
    assert_eq!(
        store.create_with_id("r1", &store.sale("1")).await.status,
        200
    );
    assert_eq!(store.numbered("1"), 2);
    let warn = Some(json!({ "warn_duplicate_journal_number": true }));
    assert_eq!(
        ask(&store, "PUT", &format!("{company}/preferences"), warn)
            .await
            .1["use_account_numbers"],
        json!(true)
    );
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["6140"]);
    act("names", json!({ "kind": "department", "name": "Salem" })).await;
    act(
        "accounts",
        json!({ "name": "Till 2", "account_type": "Bank" }),
    )
    .await;
    act("remove-user", json!({})).await;
    assert_eq!(store.read("preferences").await.status, 403);
    act("restore-user", json!({})).await;
    act("expire-access-tokens", json!({})).await;
    assert_eq!(store.read("preferences").await.status, 401);
    act("revoke-grants", json!({})).await;
    assert_eq!(store.refresh(&store.refresh_token).await.status, 400);
    assert_eq!(
        ask(
            &store,
            "POST",
            &format!("{company}/explode"),
            Some(json!({}))
        )
        .await
        .0,
        404
    );
    assert_eq!(
        ask(&store, "POST", "companies/1/reopen-books", Some(json!({})))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn faults_clock_switches_and_limits_are_set_over_http() {
    let store = Store::open().await;
    let plan = json!({ "operation": "create_journal_entry", "doc_number": "1", "next": 1, "outcome": { "status": 503 } });
    let (_, planned) = ask(&store, "POST", "faults", Some(plan)).await;
    assert_eq!(planned["id"], 1);
    assert_eq!(store.create(&store.sale("1")).await.status, 503);
    assert_eq!(
        ask(&store, "GET", "faults", None).await.1[0]["plan"]["next"],
        0
    );
    assert_eq!(ask(&store, "DELETE", "faults", None).await.0, 200);
    let unknown = json!({ "operation": "create_journal_entry", "outcom": "drop" });
    assert_eq!(ask(&store, "POST", "faults", Some(unknown)).await.0, 400);
    let (_, clock) = ask(
        &store,
        "POST",
        "clock",
        Some(json!({ "now": "2030-01-01T00:00:00Z", "standing": true })),
    )
    .await;
    assert_eq!(
        clock,
        json!({ "now": "2030-01-01T00:00:00Z", "standing": true })
    );
    let (_, clock) = ask(
        &store,
        "POST",
        "clock",
        Some(json!({ "advance_seconds": 60 })),
    )
    .await;
    assert_eq!(clock["now"], "2030-01-01T00:01:00Z");
    let (_, switches) = ask(
        &store,
        "PUT",
        "switches",
        Some(json!({ "store_faults": true })),
    )
    .await;
    assert_eq!(
        (&switches["store_faults"], &switches["honour_request_ids"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        ask(&store, "PUT", "switches", Some(json!({ "nonsense": true })))
            .await
            .0,
        422
    );
    let (_, limits) = ask(
        &store,
        "PUT",
        "limits",
        Some(json!({ "realm_per_minute": null, "app_per_second": 1 })),
    )
    .await;
    assert_eq!(
        (&limits["realm_per_minute"], &limits["app_per_second"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(store.control().limits().app_per_second, Some(1));
}

#[tokio::test]
async fn the_record_is_read_and_everything_reset_over_http() {
    let store = Store::open().await;
    let answer = store.create_with_id("r1", &store.sale("1")).await;
    store.create_with_id("r1", &store.sale("2")).await;
    let (_, calls) = ask(&store, "GET", "calls", None).await;
    let call = calls
        .as_array()
        .unwrap()
        .iter()
        .find(|call| call["tid"] == answer.tid.as_str())
        .unwrap();
    assert_eq!(
        (&call["operation"], &call["request_id"], &call["doc_number"]),
        (&json!("create_journal_entry"), &json!("r1"), &json!("1"))
    );
    let (_, violations) = ask(&store, "GET", "violations", None).await;
    assert_eq!(violations[0]["kind"], "request_id_reused_with_another_body");
    assert_eq!(
        ask(&store, "GET", "counters", None).await.1,
        json!({ "core": 1, "core_plus": 0 })
    );
    let company = format!("companies/{}/counters", store.realm());
    assert_eq!(
        ask(&store, "GET", &company, None).await.1,
        json!({ "core": 1, "core_plus": 0 })
    );
    assert_eq!(ask(&store, "POST", "reset", Some(json!({}))).await.0, 200);
    assert_eq!(ask(&store, "GET", "companies", None).await.1, json!([]));
    assert_eq!(ask(&store, "GET", "calls", None).await.1, json!([]));
}

#[tokio::test]
async fn consent_and_redirects_are_set_over_http() {
    let store = Store::open().await;
    let uri = "http://127.0.0.1:8080/v1/connections/callback";
    assert_eq!(store.authorize(&[("redirect_uri", uri)]).await.status, 400);
    ask(&store, "POST", "redirect-uris", Some(json!({ "uri": uri }))).await;
    assert_eq!(store.authorize(&[("redirect_uri", uri)]).await.status, 302);
    assert_eq!(
        ask(&store, "POST", "consent", Some(json!({ "realm_id": "1" })))
            .await
            .0,
        404
    );
    ask(&store, "POST", "consent", Some(json!({ "deny": true }))).await;
    assert_eq!(store.consent(&[]).await["error"], "access_denied");
}

#[tokio::test]
async fn the_books_are_a_page_without_foreign_resources() {
    let store = Store::open().await;
    let mut sale = store.sale("104233");
    sale["PrivateNote"] = json!("<script>alert(1)</script>");
    store.create(&sale).await.entry_id();
    let page = async |path: &str| {
        let response = store.http.get(store.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
        response.text().await.unwrap()
    };
    let books = page(&format!("/sandbox/books/{}", store.realm())).await;
    for part in [
        "Corner Store",
        "104233",
        "debits equal credits",
        "Cash in Drawer",
        "&lt;script&gt;",
        "10.00",
    ] {
        assert!(books.contains(part), "{part}");
    }
    assert!(!books.contains("<script"));
    assert!(
        !books.contains("src=") && !books.contains("http"),
        "nothing is fetched from elsewhere"
    );
    let index = page("/sandbox").await;
    assert!(index.contains("/sandbox/faults") && index.contains("Corner Store"));
    let nobody = store
        .http
        .get(store.url("/sandbox/books/1"))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), 404);
}

#[test]
fn it_outlives_the_runtime_that_started_it() {
    let first = tokio::runtime::Runtime::new().unwrap();
    let simulator = first
        .block_on(Simulator::start(Options::default()))
        .unwrap();
    drop(first);
    let second = tokio::runtime::Runtime::new().unwrap();
    second.block_on(async {
        let url = simulator.base_url().join("/sandbox/companies").unwrap();
        assert_eq!(
            client().get(url.clone()).send().await.unwrap().status(),
            200
        );
        simulator.stop().await;
        assert!(client().get(url).send().await.is_err());
    });
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let bind = simulator.base_url().socket_addrs(|| None).unwrap()[0];
    let again = Simulator::start(Options {
        bind,
        ..Options::default()
    })
    .await;
    assert!(matches!(again, Err(StartError::Bind { .. })));
}

#[tokio::test]
async fn it_serves_alone_until_told_to_stop() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(Options::default(), async {
        let _ = stopped.await;
    }));
    stop.send(()).unwrap();
    assert!(serving.await.unwrap().is_ok());
}
