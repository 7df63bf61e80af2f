//! Whoever is somebody with one tenant gets on another tenant's resources what a made-up id gets: on every operation, in every
//! place an id can stand, by every kind of credential; and changes nothing. With either of the two walls taken away, still.

mod credentials;
mod flows;

use self::credentials::{Credential, credentials};
use crate::idp::IdentityProvider;
use crate::operations::{Operation, event, operations};
use crate::retailers::Retailer;
use crate::world::{Answer, PLATFORM_KEY, Shape, Tenant, World};
use data_encoding::BASE64URL_NOPAD;
use entity::id::EventId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::access::{OPERATIONS, Scope};
use std::collections::BTreeMap;

/// Stands in all names, keys and memos of the retailer whose walls are tried.
const CANARY: &str = "canary7q";

#[tokio::test]
async fn another_tenants_resources_are_as_if_they_were_not_there() {
    let provider = IdentityProvider::start().await;
    let world = World::shaped(Shape {
        access: provider.access(),
        ..Shape::default()
    })
    .await;
    let (theirs, ours) = neighbours(&world).await;
    let callers = credentials(&ours, &provider).await;
    nothing_crosses("both walls", &theirs, &ours, &callers).await;
}

#[tokio::test]
async fn row_level_security_holds_without_the_typed_filter() {
    let provider = IdentityProvider::start().await;
    let world = World::shaped(Shape {
        access: provider.access(),
        typed_filter: false,
        ..Shape::default()
    })
    .await;
    let (theirs, ours) = neighbours(&world).await;
    let callers = credentials(&ours, &provider).await;
    nothing_crosses("row-level security alone", &theirs, &ours, &callers).await;
}

#[tokio::test]
async fn the_typed_filter_holds_without_row_level_security() {
    // The superuser passes every policy.
    let provider = IdentityProvider::start().await;
    let world = World::shaped(Shape {
        access: provider.access(),
        application_role: "postgres",
        ..Shape::default()
    })
    .await;
    let (theirs, ours) = neighbours(&world).await;
    let callers = credentials(&ours, &provider).await;
    nothing_crosses("types alone", &theirs, &ours, &callers).await;
}

#[tokio::test]
#[should_panic(expected = "is told from a made-up one")]
async fn without_either_wall_these_probes_find_the_way_across() {
    let provider = IdentityProvider::start().await;
    let world = World::shaped(Shape {
        access: provider.access(),
        typed_filter: false,
        ..Shape::default()
    })
    .await;
    let (theirs, ours) = neighbours(&world).await;
    let callers = credentials(&ours, &provider).await;
    world
        .sql(
            "DO $$ DECLARE t text; BEGIN
               FOR t IN SELECT tablename FROM pg_policies WHERE policyname = 'own_tenant' LOOP
                 EXECUTE format('ALTER POLICY own_tenant ON %I USING (true) WITH CHECK (true)', t);
               END LOOP;
             END $$",
        )
        .await;
    // A key knows whose it is; a member, whom the walls keep from being one elsewhere, would be found out before.
    println!(
        "door: isolation: with neither wall the same probes find the way across, or this story fails"
    );
    nothing_crosses("neither wall", &theirs, &ours, &callers[..1]).await;
}

async fn neighbours(world: &World) -> (Retailer<'_>, Retailer<'_>) {
    let mut theirs = Retailer::new(world, CANARY).await;
    theirs.loses_its_grant().await;
    (theirs, Retailer::new(world, "hillside").await)
}

type Rows = BTreeMap<String, String>;

fn apart_from_the_log(rows: &Rows) -> Rows {
    let mut rows = rows.clone();
    rows.retain(|table, _| !table.starts_with("audit_"));
    rows
}

async fn nothing_crosses(
    walls: &str,
    theirs: &Retailer<'_>,
    ours: &Retailer<'_>,
    callers: &[Credential],
) {
    let before = theirs.rows().await;
    for (table, rows) in &before {
        assert!(
            !rows.starts_with("0 "),
            "there is no row of {table} to guard"
        );
    }
    let (mut places, mut asked) = (0, 0);
    for operation in operations() {
        let probes = probes(&operation, theirs, ours).await;
        assert!(!probes.is_empty(), "{} has no probe", operation.id);
        places += probes.len();
        for (place, probe) in probes.iter().enumerate() {
            // Each id by the first caller; one id of each place by every other.
            let again = place > 0 && probes[place - 1].place == probe.place;
            let callers = if again { &callers[..1] } else { callers };
            for caller in callers {
                probe.run(&operation, &ours.tenant, caller).await;
                asked += 1;
            }
        }
    }
    println!(
        "door: isolation, {walls}: {} operations, {places} places of an id, {} kinds of credential: {asked} probes, none told from a made-up id",
        operations().len(),
        callers.len()
    );
    let after = theirs.rows().await;
    assert_eq!(
        apart_from_the_log(&after),
        apart_from_the_log(&before),
        "after the probes"
    );
    // Who names a key of theirs and cannot show it stands in their log, and nobody else.
    let count = |rows: &Rows| -> u64 {
        rows["audit_record"]
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert_eq!(count(&after), count(&before) + 1);
    let last = theirs.tenant.get("/audit-log?limit=1").await["items"][0].clone();
    assert_eq!(
        (&last["subject"], &last["detail"]["reason"]),
        (&json!("issue_token"), &json!("wrong_secret"))
    );
    let before = after;
    do_everything_at_home(ours, theirs).await;
    ours.tenant.drain().await;
    assert_eq!(theirs.rows().await, before, "after everything we may do");
}

/// A request that is probed.
#[derive(Clone, Default)]
struct Asked {
    path: String,
    body: Option<Value>,
    header: Option<(String, String)>,
    form: Option<Vec<(String, String)>>,
}

impl From<(String, Option<Value>)> for Asked {
    fn from((path, body): (String, Option<Value>)) -> Self {
        Self {
            path,
            body,
            ..Self::default()
        }
    }
}

/// One request with another tenant's id and with one that nobody has; the answers must be the same.
struct Probe {
    /// The place of the id in the operation; several probes in a row may try it with several ids.
    place: String,
    what: String,
    method: Method,
    real: Asked,
    made_up: Asked,
    /// The status that both must have, where it is known beforehand.
    status: Option<StatusCode>,
    /// The ids that differ between the two: an answer may repeat what was asked.
    ids: (String, String),
}

impl Probe {
    async fn run(&self, operation: &Operation, prober: &Tenant<'_>, caller: &Credential) {
        let prober = Tenant {
            key: caller.key.clone(),
            ..*prober
        };
        let real = seen(&prober, &self.method, &self.real).await;
        let made_up = seen(&prober, &self.method, &self.made_up).await;
        assert_eq!(
            without(&real, &self.ids.0),
            without(&made_up, &self.ids.1),
            "{} by {}: another tenant's id is told from a made-up one",
            self.what,
            caller.name
        );
        if let Some(status) = self.status {
            // At home a caller is told which scope they lack; elsewhere, and to a person who is nobody, nothing is there.
            let at_home = self.real.path.contains(&prober.id.to_string());
            let scope = service::access::scope_of(&operation.id);
            let status = match (&caller.scopes, scope) {
                (None, Some(_)) if operation.in_path().contains(&"tenant_id") => {
                    StatusCode::NOT_FOUND
                }
                (Some(own), Some(scope)) if at_home && !own.contains(&scope) => {
                    StatusCode::FORBIDDEN
                }
                _ => status,
            };
            assert_eq!(
                real.status,
                status,
                "{} by {}: {}",
                self.what,
                caller.name,
                real.text()
            );
        }
        assert!(real.status.as_u16() < 500, "{}: {}", self.what, real.text());
        assert!(
            !real.text().contains(CANARY),
            "{}: {}",
            self.what,
            real.text()
        );
    }
}

async fn seen(prober: &Tenant<'_>, method: &Method, asked: &Asked) -> Answer {
    let world = prober.world;
    if let Some(form) = &asked.form {
        // Here the client proves itself in the form.
        let url = world.base.join(asked.path.trim_start_matches('/')).unwrap();
        return world.answer(world.http().post(url).form(form)).await;
    }
    let mut request = world.request(method.clone(), &asked.path, &prober.key);
    if let Some(body) = &asked.body {
        request = request.json(body);
    }
    if let Some((name, value)) = &asked.header {
        request = request.header(name, value);
    }
    world.answer(request).await
}

// Everything a caller can see, apart from the id of the request, the date, whether a body that nobody read ends the
// connection, and the id that was asked for.
fn without(answer: &Answer, id: &str) -> (StatusCode, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date" | "connection"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let text = answer.text();
    (
        answer.status,
        headers,
        if id.is_empty() {
            text
        } else {
            text.replace(id, "(the id)")
        },
    )
}

// An id of the same kind that nobody has.
fn made_up(real: &str) -> String {
    let (kind, _) = real.split_once('_').unwrap();
    let fresh = EventId::new().to_string();
    format!("{kind}_{}", fresh.split_once('_').unwrap().1)
}

/// Every place in which an id of the other tenant can stand in this operation.
async fn probes(operation: &Operation, theirs: &Retailer<'_>, ours: &Retailer<'_>) -> Vec<Probe> {
    let mut probes = Vec::new();
    probes.extend(in_path(operation, theirs, ours));
    probes.extend(in_body(operation, theirs, ours));
    probes.extend(in_form(operation, theirs));
    for header in &operation.headers {
        match header.as_str() {
            "If-Match" if operation.id.contains("mapping") => {
                probes.push(in_version(operation, theirs, ours).await);
            }
            // A hash of what was read: no id stands in it.
            "If-Match" | "If-None-Match" => {}
            // Each is one operation's; a neighbour has used one with this.
            "Idempotency-Key" if operation.id == "create_api_key" => {
                probes.push(in_idempotency_key(operation, theirs, ours));
            }
            "Idempotency-Key" => {}
            // What proves that a message is whose it says; no id of ours.
            "webhook-id" | "webhook-timestamp" | "webhook-signature" | "intuit-signature" => {}
            other => panic!(
                "say here how the header {other} of {} is probed",
                operation.id
            ),
        }
    }
    for parameter in &operation.query {
        match parameter.as_str() {
            "cursor" => probes.push(in_cursor(operation, theirs, ours).await),
            "state" if operation.id == "finish_authorization" => {
                let id = theirs.ids["authorization_request_id"][0].clone();
                let path = |id: &str| {
                    format!(
                        "{}?state={id}&code=x&realmId={}",
                        operation.path, theirs.company.realm_id
                    )
                };
                probes.push(by_get(operation, path, &id));
            }
            // Words to choose rows by: no id stands there.
            "kind" | "key" | "slot" => {}
            "limit" | "status" | "state" | "type" | "search" | "active" | "code" | "error"
            | "realmId" | "outcome" | "from_date" | "to_date" | "location" | "problem"
            | "number" | "text" => {}
            // The number of a record in the caller's own log.
            "after" => {}
            "past_sync_id" | "reconciliation_id" => {
                probes.push(in_query(operation, parameter, theirs, ours))
            }
            other => panic!("say here how `{other}` of {} is probed", operation.id),
        }
    }
    if probes.is_empty() {
        // No id stands anywhere: what it answers must not depend on who else there is.
        assert!(
            operation.id == "read_problem"
                || operation.in_path().is_empty() && operation.ids_in_body.is_empty(),
            "{}",
            operation.id
        );
        let body = operation.body(&made_up("acc_x"));
        let request = (operation.path.clone(), body);
        probes.push(Probe {
            place: "nowhere".to_owned(),
            what: operation.id.clone(),
            method: operation.method.clone(),
            real: request.clone().into(),
            made_up: request.into(),
            status: operation.is_guarded().then_some(StatusCode::FORBIDDEN),
            ids: Default::default(),
        });
    }
    probes
}

fn by_get(operation: &Operation, path: impl Fn(&str) -> String, real: &str) -> Probe {
    let made_up = made_up(real);
    Probe {
        place: "state".to_owned(),
        what: format!("{} {}", operation.id, path(real)),
        method: operation.method.clone(),
        real: (path(real), None).into(),
        made_up: (path(&made_up), None).into(),
        status: Some(StatusCode::NOT_FOUND),
        ids: (real.to_owned(), made_up),
    }
}

fn in_path(operation: &Operation, theirs: &Retailer<'_>, ours: &Retailer<'_>) -> Vec<Probe> {
    for place in operation.in_path() {
        assert!(
            matches!(place, "start" | "link" | "code") || theirs.ids.contains_key(place),
            "say in retailers.rs what {place} of {} is",
            operation.id
        );
    }
    let mut probes = Vec::new();
    let mut methods = vec![operation.method.clone()];
    if operation.method == Method::GET && operation.is_guarded() {
        methods.push(Method::HEAD);
    }
    for place in operation.in_path() {
        // A code names a kind of problem, and nobody's row.
        if operation.id == "read_problem" && place == "code" {
            continue;
        }
        let reals = match place {
            "start" => &theirs.ids["authorization_request_id"],
            "link" => &theirs.ids["connection_link_id"],
            _ => &theirs.ids[place],
        };
        for real in reals {
            let made_up = made_up(real);
            // Below another tenant's id stand that tenant's ids; below our own, one of theirs.
            let filled = |id: &str, tenants: &Retailer<'_>| {
                operation.filled(|name| {
                    if name == place {
                        id.to_owned()
                    } else {
                        tenants.ids[name][0].clone()
                    }
                })
            };
            let around = if place == "tenant_id" { theirs } else { ours };
            let body = operation.body(&theirs.ids["account_id"][0]);
            for method in &methods {
                probes.push(Probe {
                    place: place.to_owned(),
                    what: format!("{} {method} {place} {real}", operation.id),
                    method: method.clone(),
                    real: (filled(real, around), body.clone()).into(),
                    made_up: (filled(&made_up, around), body.clone()).into(),
                    status: Some(StatusCode::NOT_FOUND),
                    ids: (real.clone(), made_up.clone()),
                });
            }
        }
    }
    probes
}

fn in_body(operation: &Operation, theirs: &Retailer<'_>, ours: &Retailer<'_>) -> Vec<Probe> {
    operation
        .ids_in_body
        .iter()
        .map(|place| {
            let kind = match place.rsplit(['.', '[', ']']).next() {
                Some("account_id") => "account_id",
                Some("mapping_id") => "mapping_id",
                Some("quickbooks_location_id" | "quickbooks_class_id") => "dimension_id",
                _ => panic!("say how {place} of {} is probed", operation.id),
            };
            let real = theirs.ids[kind][0].clone();
            let made_up = made_up(&real);
            let path = operation.filled(|name| ours.ids[name][0].clone());
            Probe {
                place: place.clone(),
                what: format!("{} {place}", operation.id),
                method: operation.method.clone(),
                real: (path.clone(), operation.body(&real)).into(),
                made_up: (path, operation.body(&made_up)).into(),
                status: None,
                ids: (real, made_up),
            }
        })
        .collect()
}

// The client of a token is a key's id: a neighbour's is told from nobody's by nothing, whatever secret comes with it.
fn in_form(operation: &Operation, theirs: &Retailer<'_>) -> Vec<Probe> {
    let fields = operation.form.iter();
    fields
        .filter_map(|field| match field.as_str() {
            "grant_type" | "scope" | "client_secret" => None,
            "client_id" => Some(theirs.ids["api_key_id"][0].clone()),
            other => panic!(
                "say here how the field {other} of {} is probed",
                operation.id
            ),
        })
        .map(|real| {
            let made_up = made_up(&real);
            let with = |id: &str| {
                let secret = format!("tp_test_{}_x_00000000", id.trim_start_matches("key_"));
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", id),
                    ("client_secret", &secret),
                ];
                Asked {
                    path: operation.path.clone(),
                    form: Some(
                        form.map(|(name, value)| (name.to_owned(), value.to_owned()))
                            .into(),
                    ),
                    ..Asked::default()
                }
            };
            Probe {
                place: "client_id".to_owned(),
                what: format!("{} client_id", operation.id),
                method: operation.method.clone(),
                real: with(&real),
                made_up: with(&made_up),
                status: Some(StatusCode::UNAUTHORIZED),
                ids: (real, made_up),
            }
        })
        .collect()
}

// A key of a neighbour's request is as new here as nobody's: the request is not met for what it says.
fn in_idempotency_key(operation: &Operation, theirs: &Retailer<'_>, ours: &Retailer<'_>) -> Probe {
    let real = theirs.ids["api_key_id"][0].clone();
    let with = |key: String| Asked {
        path: operation.filled(|name| ours.ids[name][0].clone()),
        body: Some(json!({ "name": "" })),
        header: Some(("idempotency-key".to_owned(), key)),
        ..Asked::default()
    };
    Probe {
        place: "Idempotency-Key".to_owned(),
        what: format!("{} Idempotency-Key", operation.id),
        method: operation.method.clone(),
        real: with(theirs.idempotency_key()),
        made_up: with(made_up(&real)),
        status: Some(StatusCode::UNPROCESSABLE_ENTITY),
        ids: Default::default(),
    }
}

// The version of a mapping names a connection: a neighbour's is as stale here as nobody's.
async fn in_version(operation: &Operation, theirs: &Retailer<'_>, ours: &Retailer<'_>) -> Probe {
    let store = &theirs.tenant;
    let read = store
        .world
        .request(Method::GET, &store.path("/mappings"), &store.key);
    let answer = store.world.answer(read).await;
    let version = answer.header("etag").trim_matches('"').to_owned();
    let (connection, number) = version.rsplit_once('-').unwrap();
    let nobodys = made_up(connection);
    let with = |connection: &str| Asked {
        path: operation.filled(|name| ours.ids[name][0].clone()),
        body: operation.body(&ours.ids["account_id"][0]),
        header: Some(("if-match".to_owned(), format!("\"{connection}-{number}\""))),
        ..Asked::default()
    };
    Probe {
        place: "If-Match".to_owned(),
        what: format!("{} If-Match {version}", operation.id),
        method: operation.method.clone(),
        real: with(connection),
        made_up: with(&nobodys),
        status: Some(StatusCode::PRECONDITION_FAILED),
        ids: (connection.to_owned(), nobodys),
    }
}

// An id to choose rows by: one of theirs chooses as one that nobody has, none.
fn in_query(
    operation: &Operation,
    name: &str,
    theirs: &Retailer<'_>,
    ours: &Retailer<'_>,
) -> Probe {
    let real = theirs.ids[name][0].clone();
    let made_up = made_up(&real);
    let path = operation.filled(|name| ours.ids[name][0].clone());
    let with = |id: &str| Asked::from((format!("{path}?{name}={id}"), None));
    Probe {
        place: name.to_owned(),
        what: format!("{} {name} {real}", operation.id),
        method: operation.method.clone(),
        real: with(&real),
        made_up: with(&made_up),
        status: Some(StatusCode::OK),
        ids: (real, made_up),
    }
}

// A cursor names a row too: its time, and its id. One with the same time and another id must lead to the same page.
async fn in_cursor(operation: &Operation, theirs: &Retailer<'_>, ours: &Retailer<'_>) -> Probe {
    let path = |retailer: &Retailer<'_>| operation.filled(|name| retailer.ids[name][0].clone());
    let key = if operation.in_path().is_empty() {
        PLATFORM_KEY
    } else {
        &theirs.tenant.key
    };
    let page = theirs
        .tenant
        .world
        .ok(Method::GET, &format!("{}?limit=1", path(theirs)), key, None)
        .await;
    let real = match page["next_cursor"].as_str() {
        Some(cursor) => cursor.to_owned(),
        // One row is no reason for a second page, and the row's id is what a cursor would hold.
        None => page["items"][0]["id"].as_str().unwrap().to_owned(),
    };
    let made_up = match real.split_once('_') {
        // This list goes by the texts of keys, which are nobody's: the next text leads to the same page.
        _ if operation.id == "list_known_keys" => {
            let text = BASE64URL_NOPAD.decode(real.as_bytes()).unwrap();
            BASE64URL_NOPAD.encode(&[&text[..], b"-"].concat())
        }
        Some(_) if real.len() == 30 => made_up(&real),
        // The end of the text is the random part of the id.
        _ => format!("{}AAAAAAAA", &real[..real.len() - 8]),
    };
    let with = |cursor: &str| Asked::from((format!("{}?cursor={cursor}", path(ours)), None));
    Probe {
        place: "cursor".to_owned(),
        what: format!("{} cursor {real}", operation.id),
        method: operation.method.clone(),
        real: with(&real),
        made_up: with(&made_up),
        status: None,
        ids: (real, made_up),
    }
}

/// Does everything that our key allows: none of it shows or touches anything of theirs.
async fn do_everything_at_home(ours: &Retailer<'_>, theirs: &Retailer<'_>) {
    let mut operations = operations();
    operations
        .retain(|operation| operation.is_guarded() && operation.in_path().contains(&"tenant_id"));
    operations.sort_by_key(|operation| {
        let last = matches!(operation.id.as_str(), "stop_sync" | "disconnect");
        (last, operation.method == Method::DELETE)
    });
    let mut done = 0;
    for operation in operations {
        let path = operation.filled(|name| ours.ids[name][0].clone());
        let body = operation.body(&ours.ids["account_id"][0]);
        let sent = body.as_ref().map(Value::to_string).unwrap_or_default();
        let answer = seen(&ours.tenant, &operation.method, &(path, body).into()).await;
        let wanted = match operation.id.as_str() {
            "read_tenant" | "update_tenant" | "delete_tenant" => 403..404,
            _ => 200..300,
        };
        assert!(
            wanted.contains(&answer.status.as_u16()),
            "{}: {} {}",
            operation.id,
            answer.status,
            answer.text()
        );
        let text = answer.text();
        assert!(!text.contains(CANARY), "{}: {text}", operation.id);
        for id in theirs
            .ids
            .values()
            .flatten()
            .filter(|id| !sent.contains(*id))
        {
            assert!(!text.contains(id), "{} shows {id}: {text}", operation.id);
        }
        done += 1;
    }
    assert!(done > 25);
    let counts = ours.tenant.get("/sync").await;
    assert_eq!(
        counts["events"]["failed"], 0,
        "ours was retried: {counts:#}"
    );
    // Their external id and their number are free here.
    let mut same = event();
    same["external_id"] = json!(format!("{CANARY}-failed"));
    same["number"] = json!("880001");
    let answer = ours
        .tenant
        .post("/events", json!({ "events": [same] }))
        .await;
    assert_eq!(answer["results"][0]["result"], "accepted", "{answer:#}");
}

#[tokio::test]
async fn the_platform_reads_no_books() {
    let world = World::new().await;
    let theirs = Retailer::new(&world, CANARY).await;
    let before = theirs.rows().await;
    let nobody = made_up("ten_x");
    let mut refused = 0;
    for operation in operations() {
        let Some(scope) = service::access::scope_of(&operation.id) else {
            continue;
        };
        if scope.of_platform() {
            continue;
        }
        let path = |tenant: &str| {
            operation.filled(|name| {
                if name == "tenant_id" {
                    tenant.to_owned()
                } else {
                    theirs
                        .ids
                        .get(name)
                        .map_or("x".into(), |ids| ids[0].clone())
                }
            })
        };
        let body = operation.body(&theirs.ids["account_id"][0]);
        let platform = Tenant {
            world: &world,
            id: theirs.tenant.id,
            key: PLATFORM_KEY.into(),
        };
        let real = seen(
            &platform,
            &operation.method,
            &(path(&theirs.tenant.id.to_string()), body.clone()).into(),
        )
        .await;
        let none = seen(&platform, &operation.method, &(path(&nobody), body).into()).await;
        assert_eq!(
            (real.status, real.code()),
            (StatusCode::FORBIDDEN, Some("insufficient_scope".into())),
            "{}",
            operation.id
        );
        assert_eq!(without(&real, ""), without(&none, ""), "{}", operation.id);
        refused += 1;
    }
    assert!(refused > 25);
    assert_eq!(theirs.rows().await, before);
}

#[tokio::test]
async fn without_its_scope_no_operation_is_done() {
    let world = World::new().await;
    let store = Retailer::new(&world, "hillside").await;
    let mut keys = Vec::new();
    for missing in Scope::ALL.iter().filter(|scope| scope.of_tenant()) {
        let others: Vec<_> = Scope::ALL
            .iter()
            .filter(|scope| scope.of_tenant() && scope != &missing)
            .map(|scope| scope.as_str())
            .collect();
        let made = store
            .tenant
            .post("/api-keys", json!({ "name": "almost", "scopes": others }))
            .await;
        keys.push((*missing, made["secret"].as_str().unwrap().to_owned()));
    }
    let before = store.rows().await;
    let mut tried = 0;
    for operation in operations() {
        let Some((_, scope)) = OPERATIONS.iter().find(|(name, _)| *name == operation.id) else {
            continue;
        };
        let key = match keys.iter().find(|(missing, _)| missing == scope) {
            Some((_, key)) => key.clone(),
            // The platform's scope: no key of a tenant has it.
            None => store.tenant.key.clone(),
        };
        let path = operation.filled(|name| {
            store
                .ids
                .get(name)
                .map_or_else(|| made_up("alr_x"), |ids| ids[0].clone())
        });
        let caller = Tenant {
            world: &world,
            id: store.tenant.id,
            key,
        };
        let answer = seen(
            &caller,
            &operation.method,
            &(path, operation.body(&store.ids["account_id"][0])).into(),
        )
        .await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, Some("insufficient_scope".into())),
            "{}",
            operation.id
        );
        assert!(
            answer.text().contains(scope.as_str()),
            "{}: {}",
            operation.id,
            answer.text()
        );
        tried += 1;
    }
    assert_eq!(tried, OPERATIONS.len());
    // But that it was tried stands in its own audit log.
    let rest = |mut rows: std::collections::BTreeMap<String, String>| {
        rows.retain(|table, _| !table.starts_with("audit_"));
        rows
    };
    assert_eq!(rest(store.rows().await), rest(before));
}

#[tokio::test]
async fn a_suspended_tenants_key_is_nobodys() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let path = format!("/v1/tenants/{}", store.id);
    let request = Asked::from((store.path("/sync"), None));
    let well = seen(&store, &Method::GET, &request).await;
    assert_eq!(well.status, StatusCode::OK);
    world
        .ok(
            Method::PATCH,
            &path,
            PLATFORM_KEY,
            Some(json!({ "status": "suspended" })),
        )
        .await;
    let suspended = seen(&store, &Method::GET, &request).await;
    assert_eq!(
        (suspended.status, suspended.code()),
        (StatusCode::UNAUTHORIZED, Some("unauthenticated".into()))
    );
    let nobody = Tenant {
        world: &world,
        id: store.id,
        key: "tp_test_nobody_at_all_00000000".into(),
    };
    assert_eq!(
        without(&suspended, ""),
        without(&seen(&nobody, &Method::GET, &request).await, "")
    );
    world
        .ok(
            Method::PATCH,
            &path,
            PLATFORM_KEY,
            Some(json!({ "status": "active" })),
        )
        .await;
    assert_eq!(
        seen(&store, &Method::GET, &request).await.status,
        StatusCode::OK
    );
}
