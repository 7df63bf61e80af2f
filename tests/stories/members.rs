//! People: the identity provider says who they are, and the tenant what they may do.

use crate::idp::{IdentityProvider, Signer, person};
use crate::world::{PLATFORM_KEY, Shape, Tenant, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::settings::KeyPace;
use std::time::{Duration, Instant};

async fn world_with(provider: &IdentityProvider) -> World {
    World::shaped(Shape {
        access: provider.access(),
        ..Shape::default()
    })
    .await
}

/// The tenant, called by a person.
async fn by<'w>(store: &Tenant<'w>, provider: &IdentityProvider, subject: &str) -> Tenant<'w> {
    Tenant {
        world: store.world,
        id: store.id,
        key: provider.signer.token(&person(subject, store.now().await)),
    }
}

fn platform<'w>(store: &Tenant<'w>) -> Tenant<'w> {
    Tenant {
        world: store.world,
        id: store.id,
        key: PLATFORM_KEY.into(),
    }
}

async fn add(store: &Tenant<'_>, subject: &str, role: &str) -> String {
    let made = store
        .post("/members", json!({ "subject": subject, "role": role }))
        .await;
    made["id"].as_str().unwrap().to_owned()
}

async fn refused(
    caller: &Tenant<'_>,
    method: Method,
    rest: &str,
    body: Value,
    status: u16,
    code: &str,
) {
    let body = (!body.is_null()).then_some(body);
    let (got, answer) = caller.send(method.clone(), rest, body).await;
    assert_eq!(
        (got.as_u16(), &answer["code"]),
        (status, &json!(code)),
        "{method} {rest}: {answer:#}"
    );
}

#[tokio::test]
async fn a_persons_role_is_looked_up_at_each_request_and_never_taken_from_the_token() {
    let provider = IdentityProvider::start().await;
    let world = world_with(&provider).await;
    let store = world.tenant("Harbour").await;
    let ada = by(&store, &provider, "ada").await;
    refused(&ada, Method::GET, "/sync", Value::Null, 404, "not_found").await;

    let id = add(&platform(&store), "ada", "read_only").await;
    assert_eq!(ada.get("/sync").await["state"], "stopped");
    refused(
        &ada,
        Method::POST,
        "/sync/stop",
        json!({}),
        403,
        "insufficient_scope",
    )
    .await;
    // What a token says of roles and scopes is not looked at.
    let mut claims = person("ada", store.now().await);
    claims["role"] = json!("owner");
    claims["roles"] = json!(["owner"]);
    claims["scope"] = json!("sync:manage");
    claims["tenant_id"] = json!(store.id);
    let boasting = Tenant {
        key: provider.signer.token(&claims),
        ..by(&store, &provider, "ada").await
    };
    assert_eq!(boasting.get("/sync").await["state"], "stopped");
    refused(
        &boasting,
        Method::POST,
        "/sync/stop",
        json!({}),
        403,
        "insufficient_scope",
    )
    .await;

    let path = format!("/members/{id}");
    let (status, changed) = platform(&store)
        .send(
            Method::PATCH,
            &path,
            Some(json!({ "role": "accountant", "name": "Ada" })),
        )
        .await;
    assert_eq!((status, &changed["name"]), (StatusCode::OK, &json!("Ada")));
    ada.post("/sync/stop", json!({})).await;
    let log = store.get("/audit-log").await;
    let records = log["items"].as_array().unwrap();
    let actor_of = |action: &str| {
        let record = records.iter().find(|record| record["action"] == action);
        record.unwrap_or_else(|| panic!("{action}: {log:#}"))["actor"].clone()
    };
    assert_eq!(actor_of("member.added"), "platform");
    assert_eq!(actor_of("member.changed"), "platform");

    let (status, _) = platform(&store).send(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::OK);
    refused(&ada, Method::GET, "/sync", Value::Null, 404, "not_found").await;
}

#[tokio::test]
async fn a_member_of_one_tenant_is_a_stranger_to_every_other() {
    let provider = IdentityProvider::start().await;
    let world = world_with(&provider).await;
    let (ours, theirs) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    add(&platform(&ours), "ada", "owner").await;
    let ada = by(&ours, &provider, "ada").await;
    assert_eq!(ada.get("/sync").await["state"], "stopped");
    let there = by(&theirs, &provider, "ada").await;
    refused(&there, Method::GET, "/sync", Value::Null, 404, "not_found").await;
    refused(&there, Method::GET, "", Value::Null, 404, "not_found").await;
    refused(
        &ada,
        Method::GET,
        "",
        Value::Null,
        403,
        "insufficient_scope",
    )
    .await;
    let answer = world
        .answer(world.request(Method::GET, "/v1/tenants", &ada.key))
        .await;
    assert_eq!(answer.code().as_deref(), Some("insufficient_scope"));
    // Of a suspended tenant nobody is a member.
    let suspended = json!({ "status": "suspended" });
    world
        .ok(Method::PATCH, &ours.path(""), PLATFORM_KEY, Some(suspended))
        .await;
    refused(&ada, Method::GET, "/sync", Value::Null, 404, "not_found").await;
}

#[tokio::test]
async fn nobody_gives_a_role_beyond_their_own_and_an_owner_stays() {
    let provider = IdentityProvider::start().await;
    let world = world_with(&provider).await;
    let store = world.tenant("Harbour").await;
    let first = add(&platform(&store), "olga", "owner").await;
    let olga = by(&store, &provider, "olga").await;
    let path = format!("/members/{first}");
    refused(&olga, Method::DELETE, &path, Value::Null, 409, "last_owner").await;
    let demote = json!({ "role": "admin" });
    refused(
        &olga,
        Method::PATCH,
        &path,
        demote.clone(),
        409,
        "last_owner",
    )
    .await;

    add(&olga, "adam", "admin").await;
    let adam = by(&store, &provider, "adam").await;
    refused(
        &adam,
        Method::GET,
        "/members",
        Value::Null,
        403,
        "insufficient_scope",
    )
    .await;
    // A key that manages members, and has little else.
    let made = store
        .post(
            "/api-keys",
            json!({ "name": "people", "scopes": ["members:manage", "sync:read"] }),
        )
        .await;
    let people = Tenant {
        world: &world,
        id: store.id,
        key: made["secret"].as_str().unwrap().to_owned(),
    };
    for role in ["owner", "admin", "accountant", "read_only"] {
        let body = json!({ "subject": "eve", "role": role });
        refused(
            &people,
            Method::POST,
            "/members",
            body,
            422,
            "role_beyond_own",
        )
        .await;
        refused(
            &people,
            Method::PATCH,
            &path,
            json!({ "role": role }),
            422,
            "role_beyond_own",
        )
        .await;
    }
    let second = add(&olga, "otto", "owner").await;
    // Both leave at once: one does.
    let otto = by(&store, &provider, "otto").await;
    let paths = [path.clone(), format!("/members/{second}")];
    let (one, other) = tokio::join!(
        olga.send(Method::DELETE, &paths[0], None),
        otto.send(Method::DELETE, &paths[1], None)
    );
    let gone = [one.0, other.0]
        .iter()
        .filter(|status| status.is_success())
        .count();
    assert_eq!(gone, 1, "{one:?} {other:?}");
    let left = platform(&store).get("/members").await;
    let names: Vec<_> = left["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["role"])
        .collect();
    assert_eq!(
        names.iter().filter(|role| **role == "owner").count(),
        1,
        "{left:#}"
    );
}

#[tokio::test]
async fn what_is_no_member_says_why() {
    let provider = IdentityProvider::start().await;
    let world = world_with(&provider).await;
    let store = world.tenant("Harbour").await;
    add(&store, "ada", "accountant").await;
    for (body, status, code) in [
        (
            json!({ "subject": "ada", "role": "owner" }),
            409,
            "already_member",
        ),
        (
            json!({ "subject": "", "role": "owner" }),
            422,
            "invalid_subject",
        ),
        (
            json!({ "subject": "x".repeat(256), "role": "owner" }),
            422,
            "invalid_subject",
        ),
        (
            json!({ "subject": "bob", "role": "emperor" }),
            422,
            "invalid_value",
        ),
        (
            json!({ "subject": "bob", "role": "owner", "name": "n".repeat(201) }),
            422,
            "invalid_name",
        ),
    ] {
        refused(&store, Method::POST, "/members", body, status, code).await;
    }
    let page = store.get("/members?limit=1").await;
    assert_eq!(page["items"][0]["subject"], "ada");
    assert_eq!(page["items"][0]["issuer"], crate::idp::ISSUER);

    let mut access = provider.access();
    access.identity_provider = None;
    let alone = World::shaped(Shape {
        access,
        ..Shape::default()
    })
    .await;
    let store = alone.tenant("Harbour").await;
    let body = json!({ "subject": "ada", "role": "owner" });
    refused(
        &store,
        Method::POST,
        "/members",
        body,
        409,
        "no_identity_provider",
    )
    .await;
}

#[tokio::test]
async fn the_providers_keys_are_kept_changed_and_never_asked_for_in_a_flood() {
    let provider = IdentityProvider::start().await;
    let world = world_with(&provider).await;
    let store = world.tenant("Harbour").await;
    add(&platform(&store), "ada", "read_only").await;
    let ada = by(&store, &provider, "ada").await;

    // Nothing is known of the keys and the provider is away: that is nobody's fault but the provider's.
    provider.is_up(false);
    refused(
        &ada,
        Method::GET,
        "/sync",
        Value::Null,
        503,
        "identity_provider_unreachable",
    )
    .await;
    assert_eq!(provider.fetched(), 1);
    refused(
        &ada,
        Method::GET,
        "/sync",
        Value::Null,
        503,
        "identity_provider_unreachable",
    )
    .await;
    assert_eq!(provider.fetched(), 1, "asked again at once");
    // A key does not need it.
    assert_eq!(store.get("/sync").await["state"], "stopped");

    // In another process it is up from the start, and then away: what is known goes on.
    provider.is_up(true);
    let world = world_with(&provider).await;
    let store = world.tenant("Harbour").await;
    add(&platform(&store), "ada", "read_only").await;
    let ada = by(&store, &provider, "ada").await;
    let before = provider.fetched();
    let asked = (0..20).map(|_| ada.get("/sync"));
    futures::future::join_all(asked).await;
    assert_eq!(provider.fetched(), before + 1, "twenty at once ask once");
    provider.is_up(false);
    assert_eq!(ada.get("/sync").await["state"], "stopped");

    // Tokens that name keys which nobody has do not become requests to the provider.
    let (began, before) = (Instant::now(), provider.fetched());
    for number in 0..50 {
        let unknown = Signer::new(&format!("unknown-{number}"), 99);
        let key = unknown.token(&person("ada", store.now().await));
        let caller = Tenant {
            world: &world,
            id: store.id,
            key,
        };
        refused(
            &caller,
            Method::GET,
            "/sync",
            Value::Null,
            401,
            "unauthenticated",
        )
        .await;
    }
    let fetched = u64::try_from(provider.fetched() - before).unwrap();
    let allowed = 1 + began.elapsed().as_secs() / KeyPace::default().between.as_secs();
    assert!(fetched <= allowed, "{fetched} fetches for fifty tokens");
}

#[tokio::test]
async fn the_providers_keys_change_and_a_withdrawn_one_is_believed_no_longer() {
    let provider = IdentityProvider::start().await;
    let pace = KeyPace {
        fresh: Duration::ZERO,
        between: Duration::ZERO,
        ..KeyPace::default()
    };
    for (pace, old_holds) in [
        // Fetched whenever a key is unknown, and the known ones are kept for a while.
        (
            KeyPace {
                fresh: KeyPace::default().fresh,
                ..pace
            },
            true,
        ),
        // Fetched for every token.
        (pace, false),
    ] {
        provider.publishes(vec![provider.signer.jwk()]);
        let access = provider.paced(pace);
        let world = World::shaped(Shape {
            access,
            ..Shape::default()
        })
        .await;
        let store = world.tenant("Harbour").await;
        add(&platform(&store), "ada", "read_only").await;
        let next = Signer::new("next", 22);
        let asks = async |signer: &Signer| {
            let key = signer.token(&person("ada", store.now().await));
            let caller = Tenant {
                world: &world,
                id: store.id,
                key,
            };
            caller.send(Method::GET, "/sync", None).await.0.as_u16()
        };
        assert_eq!(asks(&provider.signer).await, 200);
        assert_eq!(asks(&next).await, 401);
        provider.publishes(vec![provider.signer.jwk(), next.jwk()]);
        assert_eq!(asks(&next).await, 200);
        assert_eq!(asks(&provider.signer).await, 200);
        provider.publishes(vec![next.jwk()]);
        assert_eq!(asks(&provider.signer).await == 200, old_holds);
        assert_eq!(asks(&next).await, 200);
        // A set that is none, or a provider that is away, takes nothing from what is known.
        provider.is_up(false);
        assert_eq!(asks(&next).await, 200);
        provider.is_up(true);
    }
}
