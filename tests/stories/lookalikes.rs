//! Keys that a person hardly tells apart: of blanks alone, or written in other letters. And what the list of the mapping says
//! of what it lacks.

use crate::world::{Tenant, World};
use reqwest::Method;
use serde_json::{Value, json};

async fn paid_with(store: &Tenant<'_>, name: &str, payment_type: &str) -> Value {
    let mut ticket = store.ticket(name).await;
    ticket["transaction"]["payments"][0]["payment_type"] = json!(payment_type);
    ticket
}

#[tokio::test]
async fn the_list_of_the_mapping_names_what_events_and_declared_keys_lack() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    assert_eq!(store.get("/mappings").await["unmapped"], json!([]));
    let event = paid_with(&store, "t1", "paypal").await;
    let id = store.send_event(event).await;
    let key = json!({ "kind": "payment_type", "key": "venmo" });
    store.post("/known-keys", json!({ "keys": [key] })).await;
    let list = store.get("/mappings").await;
    let unmapped = list["unmapped"].as_array().unwrap();
    let told: Vec<_> = unmapped
        .iter()
        .map(|need| {
            (
                &need["slot"],
                &need["key"],
                &need["events"],
                &need["declared"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                &json!("payment"),
                &json!("paypal"),
                &json!(1),
                &json!(false)
            ),
            (&json!("payment"), &json!("venmo"), &json!(0), &json!(true)),
        ]
    );
    assert_eq!(unmapped[0]["example_event_id"], json!(id));
    assert_eq!(store.get("/readiness").await["missing"], list["unmapped"]);
    store.map("payment", Some("paypal"), "1200").await;
    store.map("payment", Some("venmo"), "1200").await;
    assert_eq!(store.get("/mappings").await["unmapped"], json!([]));
}

#[tokio::test]
async fn a_key_or_a_location_of_blanks_is_refused_wherever_it_is_named() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let account = store.account("1200").await;
    for (key, location, words) in [
        (
            json!("  "),
            Value::Null,
            "blanks alone are no key: leave it out to map what serves every key, and mend the till where events carry them",
        ),
        (
            json!("cash"),
            json!("\u{a0}"),
            "blanks alone are no location: leave it out to map what serves every location, and mend the till where events carry them",
        ),
    ] {
        let body =
            json!({ "slot": "payment", "key": key, "location": location, "account_id": account });
        let (status, answer) = store.send(Method::PUT, "/mappings", Some(body)).await;
        assert_eq!(
            (status.as_u16(), &answer["code"], &answer["detail"]),
            (422, &json!("invalid_key"), &json!(words))
        );
    }
    let key = json!({ "kind": "payment_type", "key": " " });
    let declared = store.post("/known-keys", json!({ "keys": [key] })).await;
    assert_eq!(
        declared["results"][0]["problem"]["detail"],
        "blanks alone are no key: declare the text that events will carry",
        "{declared:#}"
    );
    let place =
        json!({ "location": " ", "quickbooks_location_id": "dim_01jd5zk8x9e3qr0v7m2c4n6p8t" });
    let places = json!({ "mappings": [place] });
    let answer = store.put("/location-mappings", places).await;
    let problem = &answer["results"][0]["problem"];
    assert_eq!(
        (&problem["code"], &problem["detail"]),
        (
            &json!("invalid_location"),
            &json!("blanks alone are no location: use the text that events carry")
        )
    );
}

#[tokio::test]
async fn a_key_written_in_other_letters_is_hinted_at_from_both_sides() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let event = paid_with(&store, "t1", "PayPal").await;
    store.send_event(event).await;
    // Mapped in other letters: what was set says so, and so does the list.
    let row = store.map("payment", Some("paypal "), "1200").await;
    let nothing_carries = "nothing carries the key `paypal `, and `PayPal` is known: letters count as they are written, and so do blanks";
    assert_eq!(row["warning"], nothing_carries, "{row:#}");
    let list = store.get("/mappings").await;
    let mut rows = list["items"].as_array().unwrap().iter();
    let listed = rows.find(|other| other["id"] == row["id"]).unwrap();
    assert_eq!(listed["warning"], nothing_carries);
    // What still lacks an account names the one that is mapped.
    assert_eq!(
        list["unmapped"][0]["hint"],
        "`paypal ` is mapped and is another key: letters count as they are written, and so do blanks"
    );
    // As it is written, nothing is to be said.
    let row = store.map("payment", Some("PayPal"), "1200").await;
    assert_eq!(row["warning"], Value::Null);
    assert_eq!(store.get("/mappings").await["unmapped"], json!([]));
}
