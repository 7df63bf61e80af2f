//! A retailer with at least one of everything, marked so that its traces are found wherever they turn up.

use crate::operations::event;
use crate::world::{Tenant, World};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{CompanySummary, FaultPlan, NameKind, NewAccount, Operation, Outcome};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A tenant that has lived a while.
pub struct Retailer<'w> {
    pub tenant: Tenant<'w>,
    pub company: CompanySummary,
    /// Its ids by the name of the path parameter they stand in for.
    pub ids: BTreeMap<&'static str, Vec<String>>,
}

impl<'w> Retailer<'w> {
    /// A connected, mapped tenant whose sync runs, with events in every status, a past sync, an import and audit records.
    /// Its names, keys and memos carry `mark`.
    pub async fn new(world: &'w World, mark: &str) -> Self {
        let company = world.company(&format!("{mark} Inc."));
        let account = NewAccount {
            name: format!("{mark} sales"),
            account_type: "Income".into(),
            account_sub_type: None,
            number: Some("4999".into()),
        };
        world
            .quickbooks()
            .add_account(&company.realm_id, &account)
            .unwrap();
        let tenant = world.tenant(&format!("{mark} stores")).await;
        for kind in [NameKind::Department, NameKind::Class] {
            let name = format!("{mark} {kind:?}");
            world
                .quickbooks()
                .add_name(&company.realm_id, kind, &name)
                .unwrap();
        }
        tenant.connect(&company.realm_id).await;
        tenant.post("/dimension-imports", json!({})).await;
        tenant.drain().await;
        tenant.map_golden().await;
        let mapping = tenant
            .map("revenue", Some(&format!("{mark}-class")), "4999")
            .await;
        tenant.post("/sync/start", json!({})).await;
        // A request that is remembered, with an answer that holds a secret.
        let keyed = world
            .request(
                reqwest::Method::POST,
                &tenant.path("/api-keys"),
                &tenant.key,
            )
            .header("idempotency-key", "the-same-with-everybody")
            .json(&json!({ "name": format!("{mark} keyed") }));
        assert!(world.answer(keyed).await.status.is_success());
        let mut retailer = Self {
            tenant,
            company,
            ids: BTreeMap::new(),
        };
        retailer.trade(mark).await;
        retailer.folds_a_count().await;
        retailer.collect(&mapping).await;
        retailer
    }

    async fn trade(&self, mark: &str) {
        let store = &self.tenant;
        let mut synced = event();
        // The same with every retailer: identities and numbers are each tenant's own.
        synced["external_id"] = json!("shared-1");
        synced["number"] = json!("770001");
        synced["occurred_at"] = store.ticket("now").await["occurred_at"].clone();
        synced["location"] = json!(format!("{mark}-location"));
        synced["memo"] = json!(format!("{mark} memo"));
        synced["transaction"]["lines"][0]["item_class"] = json!(format!("{mark}-class"));
        for place in ["cost_of_goods_sold", "inventory_on_hand"] {
            store
                .map(
                    place,
                    Some(&format!("{mark}-class")),
                    if place == "cost_of_goods_sold" {
                        "5000"
                    } else {
                        "1300"
                    },
                )
                .await;
        }
        let mut failed = store.ticket(&format!("{mark}-failed")).await;
        failed["transaction"]["payments"][0]["payment_type"] = json!(format!("{mark}-payment"));
        let mut skipped = store.ticket(&format!("{mark}-skipped")).await;
        skipped["transaction"]["lines"][0]["amount"] = json!("0.00");
        skipped["transaction"]["lines"][0]["unit_cost"] = json!("0.00");
        skipped["transaction"]["payments"][0]["amount"] = json!("0.00");
        store.send_events(vec![synced, failed, skipped]).await;
        store.post("/account-imports", json!({})).await;
        store.drain().await;
        self.is_copied().await;
        let lost = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop).with_commit();
        store.world.quickbooks().plan(lost);
        store
            .send_event(store.ticket(&format!("{mark}-processing")).await)
            .await;
        store.drain().await;
        let old = |name: &str, day: &str| {
            crate::world::ticket_at(
                &format!("{mark}-{name}"),
                format!("{day}T15:00:00Z").parse().unwrap(),
            )
        };
        store
            .send_events(vec![
                old("never", "2026-10-01"),
                old("waiting", "2026-09-15"),
            ])
            .await;
        store
            .post(
                "/past-syncs",
                json!({ "from_date": "2026-09-15", "to_date": "2026-09-15" }),
            )
            .await;
    }

    // Somebody copies its entry in QuickBooks, and the books are looked over.
    async fn is_copied(&self) {
        let quickbooks = self.tenant.world.quickbooks();
        quickbooks.copy_entry(&self.company.realm_id, "1").unwrap();
        self.tenant
            .post(
                "/reconciliations",
                json!({ "from_date": "2026-09-01", "to_date": "2026-12-31" }),
            )
            .await;
        self.tenant.drain().await;
    }

    // Too little has happened for the product to fold anything by itself.
    async fn folds_a_count(&self) {
        let fold = format!(
            "WITH one AS (DELETE FROM event_count_change WHERE ctid =
               (SELECT min(ctid) FROM event_count_change WHERE tenant_id = '{}') RETURNING *)
             INSERT INTO event_count SELECT tenant_id, status, problem_code, events FROM one",
            self.tenant.id.0
        );
        self.tenant.world.sql(&fold).await;
    }

    async fn collect(&mut self, mapping: &Value) {
        let store = &self.tenant;
        let spare = store
            .world
            .request(Method::POST, &store.path("/api-keys"), &store.key)
            .header("idempotency-key", self.idempotency_key())
            .json(&json!({ "name": "spare" }));
        let spare = store.world.answer(spare).await.json();
        let member =
            json!({ "subject": format!("{}-person", self.company.name), "role": "accountant" });
        let member = store.post("/members", member).await;
        let import = store.post("/account-imports", json!({})).await;
        let link = store
            .post("/connection/authorization-requests", json!({}))
            .await;
        let handed = store.post("/connection/links", json!({})).await;
        let dimension_import = store.post("/dimension-imports", json!({})).await;
        let dimensions = store.get("/dimensions?kind=location").await;
        let boston = json!({
            "location": "boston", "quickbooks_location_id": dimensions["items"][0]["id"],
        });
        let located = store
            .put("/location-mappings", json!({ "mappings": [boston] }))
            .await;
        // Nobody listens there: what is sent is tried, and waits.
        let endpoint = store
            .post(
                "/webhook-endpoints",
                json!({ "url": "http://127.0.0.1:9/", "description": format!("{} hooks", self.company.name) }),
            )
            .await;
        let test = format!(
            "/webhook-endpoints/{}/test",
            endpoint["id"].as_str().unwrap()
        );
        let message = store.post(&test, Value::Null).await;
        store.world.deliver().await;
        let creation = store
            .post(
                "/account-creations",
                json!({ "name": "Vouchers", "account_type": "Other Current Asset" }),
            )
            .await;
        let listed = |page: Value| -> Vec<Value> { page["items"].as_array().unwrap().clone() };
        let mut events = listed(store.get("/events").await);
        let statuses: BTreeSet<_> = events
            .iter()
            .map(|event| event["status"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            statuses.len(),
            service::event::STATUSES.len(),
            "{statuses:?}"
        );
        // The failed one first: it is what a retry is for.
        events.sort_by_key(|event| event["status"] != "failed");
        let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
        // Those that any mapping may name.
        let accounts = listed(store.get("/accounts?type=Income").await);
        self.ids = BTreeMap::from([
            ("tenant_id", vec![store.id.to_string()]),
            ("api_key_id", vec![id(&spare)]),
            ("member_id", vec![id(&member)]),
            ("account_creation_id", vec![id(&creation)]),
            ("account_import_id", vec![id(&import)]),
            ("account_id", accounts.iter().take(2).map(id).collect()),
            ("dimension_import_id", vec![id(&dimension_import)]),
            ("dimension_id", listed(dimensions).iter().map(id).collect()),
            (
                "location_mapping_id",
                vec![id(&located["results"][0]["mapping"])],
            ),
            ("mapping_id", vec![id(mapping)]),
            ("event_id", events.iter().map(id).collect()),
            (
                "past_sync_id",
                listed(store.get("/past-syncs").await)
                    .iter()
                    .map(id)
                    .collect(),
            ),
            (
                "reconciliation_id",
                listed(store.get("/reconciliations").await)
                    .iter()
                    .map(id)
                    .collect(),
            ),
            (
                "finding_id",
                listed(store.get("/findings").await)
                    .iter()
                    .map(id)
                    .collect(),
            ),
            ("authorization_request_id", vec![id(&link)]),
            ("connection_link_id", vec![id(&handed)]),
            ("webhook_endpoint_id", vec![id(&endpoint)]),
            (
                "webhook_message_id",
                vec![message["message_id"].as_str().unwrap().to_owned()],
            ),
            (
                "alert_id",
                listed(store.get("/alerts").await).iter().map(id).collect(),
            ),
        ]);
    }

    /// The Idempotency-Key that its spare key was made with.
    pub fn idempotency_key(&self) -> String {
        format!("spare-of-{}", self.tenant.id)
    }

    /// Its grant is revoked in QuickBooks: an alert opens, and what is queued waits.
    pub async fn loses_its_grant(&mut self) {
        self.tenant
            .world
            .quickbooks()
            .revoke_grants(&self.company.realm_id)
            .unwrap();
        for _ in 0..10 {
            self.tenant.drain().await;
            let alerts = self.tenant.get("/alerts?state=open").await;
            let lost = |alert: &&Value| alert["code"] == "authentication_lost";
            if let Some(alert) = alerts["items"].as_array().unwrap().iter().find(lost) {
                let id = alert["id"].as_str().unwrap().to_owned();
                self.ids.insert("alert_id", vec![id]);
                return;
            }
            // The lost answer has made the company wait a little.
            self.tenant.world.advance(TimeDelta::seconds(30)).await;
        }
        panic!("no alert was opened");
    }

    /// A hash over its rows in every table that has rows of tenants, and how many there are. That a key was used, its owner
    /// may see.
    pub async fn rows(&self) -> BTreeMap<String, String> {
        let world = self.tenant.world;
        let tables = world
            .rows(
                "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
                  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
            )
            .await;
        let selects: Vec<_> = tables
            .iter()
            .map(|table| {
                format!(
                    "SELECT '{table} ' || count(*) || ' ' || coalesce(md5(string_agg(row, '|' ORDER BY row)), '')
                       FROM (SELECT tenant_id, (to_jsonb(t) - 'last_used_at')::text AS row FROM {table} t) AS t WHERE tenant_id = '{}'",
                    self.tenant.id.0
                )
            })
            .collect();
        world
            .rows(&selects.join(" UNION ALL "))
            .await
            .into_iter()
            .map(|row| {
                let (table, rows) = row.split_once(' ').unwrap();
                (table.to_owned(), rows.to_owned())
            })
            .collect()
    }
}
