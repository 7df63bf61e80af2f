//! QuickBooks' Locations and Classes: imported, mapped to the tenant's own locations, carried by lines.

use crate::world::{Tenant, World};
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{
    CompanySummary, FaultPlan, NameKind, Offering, Operation, Outcome, PostedEntry,
};
use serde_json::{Value, json};

/// A mapped store whose company has two Locations and a Class, imported.
pub async fn located(world: &World) -> (Tenant<'_>, CompanySummary) {
    let (store, company) = world.store("Harbour").await;
    for (kind, name) in [
        (NameKind::Department, "Boston"),
        (NameKind::Department, "Salem"),
        (NameKind::Class, "Retail"),
    ] {
        world
            .quickbooks()
            .add_name(&company.realm_id, kind, name)
            .unwrap();
    }
    import(&store).await;
    (
        store,
        world.quickbooks().company(&company.realm_id).unwrap(),
    )
}

/// Imports; tells what came of it.
async fn import(store: &Tenant<'_>) -> Value {
    let import = store.post("/dimension-imports", json!({})).await;
    assert_eq!(import["state"], "queued", "{import:#}");
    store.drain().await;
    let path = format!("/dimension-imports/{}", import["id"].as_str().unwrap());
    store.get(&path).await
}

/// The id of a Location or Class by its name.
async fn dimension(store: &Tenant<'_>, name: &str) -> String {
    let found = store.get(&format!("/dimensions?search={name}")).await;
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

/// Maps a location of the tenant's own to a Location.
pub async fn map(store: &Tenant<'_>, location: &str, to: &str) -> Value {
    let row = json!({ "location": location, "quickbooks_location_id": dimension(store, to).await });
    let answer = store
        .put("/location-mappings", json!({ "mappings": [row] }))
        .await;
    assert!(answer["results"][0]["problem"].is_null(), "{answer:#}");
    answer
}

/// A ticket at a location.
pub async fn sale_at(store: &Tenant<'_>, external_id: &str, location: &str) -> Value {
    let mut ticket = store.ticket(external_id).await;
    ticket["location"] = json!(location);
    ticket
}

fn entries(world: &World, company: &CompanySummary) -> Vec<PostedEntry> {
    world.quickbooks().entries(&company.realm_id).unwrap()
}

fn posts(world: &World) -> usize {
    let calls = world.quickbooks().calls();
    calls
        .iter()
        .filter(|call| call.operation == Operation::CreateJournalEntry)
        .count()
}

/// L13.
#[tokio::test]
async fn a_company_without_locations_or_a_plan_for_them_is_told_what_to_do() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let none = import(&store).await;
    assert_eq!(
        (&none["state"], &none["locations_read"]),
        (&json!("done"), &json!(0))
    );
    let message = none["message"].as_str().unwrap();
    assert!(
        message.starts_with("This company has no Locations and no Classes in QuickBooks.")
            && message.contains("import again"),
        "{message}"
    );
    world
        .quickbooks()
        .set_offering(&company.realm_id, Offering::Essentials)
        .unwrap();
    let lacking = import(&store).await;
    assert_eq!(
        (&lacking["state"], &lacking["problem_code"]),
        (&json!("failed"), &json!("plan_lacks_feature"))
    );
    let message = lacking["message"].as_str().unwrap();
    assert!(
        message.contains("plan has no Locations and Classes") && message.contains("Plus"),
        "{message}"
    );
    // Neither keeps anything from the books.
    let id = store
        .send_event(sale_at(&store, "t1", "boston").await)
        .await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
}

/// L14: and the fulfilment location's cost, the Class, the preview, and a location that nobody mapped.
#[tokio::test]
async fn every_line_of_a_sale_carries_what_its_location_is_in_quickbooks() {
    let world = World::new().await;
    let (store, company) = located(&world).await;
    let listed = store.get("/dimensions").await;
    let names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["name"].as_str().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            ("class", "Retail"),
            ("location", "Boston"),
            ("location", "Salem")
        ]
    );
    let mappings = json!([
        { "location": "boston", "quickbooks_location_id": dimension(&store, "Boston").await,
          "quickbooks_class_id": dimension(&store, "Retail").await },
        { "location": "salem", "quickbooks_location_id": dimension(&store, "Salem").await },
        { "location": "nowhere", "quickbooks_location_id": dimension(&store, "Retail").await },
        { "location": "nothing" },
    ]);
    let set = store
        .put("/location-mappings", json!({ "mappings": mappings }))
        .await;
    let codes: Vec<_> = set["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["problem"]["code"])
        .collect();
    assert_eq!(
        codes,
        [
            &Value::Null,
            &Value::Null,
            &json!("unknown_dimension"),
            &json!("nothing_to_map_to")
        ],
        "{set:#}"
    );
    let mut both = sale_at(&store, "both", "boston").await;
    both["number"] = json!("700001");
    both["transaction"]["lines"][0]["fulfilment_location"] = json!("salem");
    let mut unmapped = sale_at(&store, "unmapped", "lowell").await;
    unmapped["number"] = json!("700002");
    let ids = store.send_events(vec![both, unmapped]).await;

    let preview = store.get(&format!("/events/{}/preview", ids[0])).await;
    let told: Vec<_> = preview["entry"]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["location"], &line["class"]))
        .collect();
    let (boston, salem, retail) = (json!("Boston"), json!("Salem"), json!("Retail"));
    let here = (&boston, &retail);
    let there = (&salem, &Value::Null);
    assert_eq!(told, [here, here, there, there], "{preview:#}");

    store.drain().await;
    let entries = entries(&world, &company);
    let of = |number: &str| {
        let entry = entries
            .iter()
            .find(|entry| entry.doc_number.as_deref() == Some(number));
        let lines = &entry.unwrap().lines;
        lines
            .iter()
            .map(|line| (line.department_id.clone(), line.class_id.clone()))
            .collect::<Vec<_>>()
    };
    let id = |kind, name| Some(company.name_id(kind, name).unwrap().to_owned());
    let here = (
        id(NameKind::Department, "Boston"),
        id(NameKind::Class, "Retail"),
    );
    let there = (id(NameKind::Department, "Salem"), None);
    assert_eq!(of("700001"), [here.clone(), here, there.clone(), there]);
    assert!(of("700002").iter().all(|line| *line == (None, None)));

    // Every location is listed, mapped or not.
    let locations = store.get("/location-mappings").await;
    let told: Vec<_> = locations["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["location"].as_str().unwrap(),
                &row["quickbooks_location"]["name"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("boston", &boston),
            ("lowell", &Value::Null),
            ("salem", &salem)
        ]
    );
}

#[tokio::test]
async fn who_looked_before_another_mapped_a_location_does_not_overwrite_it() {
    let world = World::new().await;
    let (store, _) = located(&world).await;
    let path = store.path("/location-mappings");
    let seen = world
        .answer(world.request(Method::GET, &path, &store.key))
        .await;
    let tag = seen.header("etag").to_owned();
    map(&store, "boston", "Boston").await;
    let row =
        json!({ "location": "boston", "quickbooks_location_id": dimension(&store, "Salem").await });
    let late = world
        .answer(
            world
                .request(Method::PUT, &path, &store.key)
                .header("if-match", &tag)
                .json(&json!({ "mappings": [row] })),
        )
        .await;
    assert_eq!(
        (late.status, late.code().as_deref()),
        (StatusCode::PRECONDITION_FAILED, Some("mapping_changed"))
    );
    let mapped = store.get("/location-mappings").await["items"][0].clone();
    assert_eq!(mapped["quickbooks_location"]["name"], "Boston");
    // Cleared, it is unmapped; and who did what is in the audit log.
    let (status, _) = store
        .send(
            Method::DELETE,
            &format!("/location-mappings/{}", mapped["id"].as_str().unwrap()),
            None,
        )
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let audit = store.get("/audit-log").await;
    let told: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .take(2)
        .collect();
    assert_eq!(told, ["location_mapping.cleared", "location_mapping.set"]);
    assert_eq!(audit["items"][0]["detail"]["location"], "boston");
}

/// As L12, for a Location.
#[tokio::test]
async fn a_mapped_location_made_inactive_is_told_of_before_any_event_fails_for_it() {
    let world = World::new().await;
    let (store, company) = located(&world).await;
    map(&store, "boston", "Boston").await;
    let boston = company.name_id(NameKind::Department, "Boston").unwrap();
    let set_active = |active| {
        world
            .quickbooks()
            .set_name_active(&company.realm_id, NameKind::Department, boston, active)
            .unwrap();
    };
    set_active(false);
    import(&store).await;
    let alerts = store.get("/alerts?state=open").await;
    assert_eq!(
        (&alerts["items"][0]["code"], &alerts["items"][0]["subjects"]),
        (&json!("broken_mapping"), &json!(["location Boston"])),
        "{alerts:#}"
    );
    let readiness = store.get("/readiness").await;
    assert_eq!(readiness["complete"], false);
    assert_eq!(
        readiness["message"],
        "1 location is broken: boston: location Boston is inactive in QuickBooks; make it active there and import again, or \
         map another.",
    );

    let id = store
        .send_event(sale_at(&store, "t1", "boston").await)
        .await;
    let elsewhere = store.send_event(sale_at(&store, "t2", "salem").await).await;
    store.drain().await;
    assert_eq!(posts(&world), 1, "the other one's");
    assert_eq!(store.status(&elsewhere).await, "synced");
    let problem = store.event(&id).await["problem"].clone();
    assert_eq!(
        (&problem["code"], &problem["detail"]),
        (
            &json!("account_inactive"),
            &json!("location Boston is inactive in QuickBooks")
        ),
        "{problem:#}"
    );
    assert_eq!(problem["facts"]["dimensions"][0]["name"], "Boston");
    // Nothing here speaks of an account.
    assert_eq!(
        (
            &problem["title"],
            &problem["link"],
            &problem["quickbooks_page"]
        ),
        (
            &json!("A location is inactive"),
            &json!(store.path("/location-mappings")),
            &json!("/app/lists")
        )
    );
    assert!(
        !problem["steps"].to_string().contains("account"),
        "{problem:#}"
    );

    let mapped = map(&store, "boston", "Salem").await;
    assert_eq!(mapped["cures"], 1, "{mapped:#}");
    store.post("/retry-failed", json!({})).await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(store.get("/sync").await["message"], "Things are good");
}

/// QuickBooks does not say what is inactive: one look at what changed does, and the next entries are not sent.
#[tokio::test]
async fn a_refused_location_is_named_after_one_look_and_keeps_the_others_from_being_sent() {
    let world = World::new().await;
    let (store, company) = located(&world).await;
    map(&store, "boston", "Boston").await;
    let boston = company.name_id(NameKind::Department, "Boston").unwrap();
    world
        .quickbooks()
        .set_name_active(&company.realm_id, NameKind::Department, boston, false)
        .unwrap();
    let mut ids = vec![
        store
            .send_event(sale_at(&store, "t1", "boston").await)
            .await,
    ];
    store.drain().await;
    assert_eq!(posts(&world), 1);
    for place in 2..30 {
        let sale = sale_at(&store, &format!("t{place}"), "boston").await;
        ids.push(store.send_event(sale).await);
    }
    store.drain().await;
    assert_eq!(posts(&world), 1, "the others were not sent");
    for id in ids {
        let event = store.event(&id).await;
        assert_eq!(
            event["problem"]["detail"], "location Boston is inactive in QuickBooks",
            "{event:#}"
        );
    }
}

#[tokio::test]
async fn an_import_that_quickbooks_does_not_answer_goes_on_by_itself() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world
        .quickbooks()
        .plan(FaultPlan::next(Operation::Query, Outcome::Status(503)));
    let waiting = import(&store).await;
    assert_eq!(waiting["state"], "queued", "{waiting:#}");
    assert!(
        waiting["message"]
            .as_str()
            .unwrap()
            .starts_with("It is tried again by itself"),
        "{waiting:#}"
    );
    // Who asks again gets the same one, and it is due at once.
    let again = store.post("/dimension-imports", json!({})).await;
    assert_eq!(again["id"], waiting["id"], "{again:#}");
    store.settle().await;
    let path = format!("/dimension-imports/{}", waiting["id"].as_str().unwrap());
    assert_eq!(store.get(&path).await["state"], "done");
}
