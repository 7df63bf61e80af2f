//! Every operation for every role, against a table that was written by hand: a change of who may do what is made twice, once in
//! the code and once by somebody who meant it.

use crate::operations::{Operation, operations};
use crate::world::{PLATFORM_KEY, World};
use entity::id::EventId;
use reqwest::StatusCode;
use serde_json::json;
use service::access::{Caller, OPERATIONS, Role};
use std::collections::BTreeMap;

const GOLDEN: &str = include_str!("roles.golden");

/// The columns: the platform, and the roles.
const COLUMNS: [Option<Role>; 5] = [
    None,
    Some(Role::Owner),
    Some(Role::Admin),
    Some(Role::Accountant),
    Some(Role::ReadOnly),
];

/// Whether each column may, by operation.
fn golden() -> BTreeMap<&'static str, [bool; 5]> {
    let mut rows = BTreeMap::new();
    for line in GOLDEN.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let operation = words.next().unwrap();
        let cells: Vec<bool> = words
            .map(|cell| match cell {
                "x" => true,
                "-" => false,
                other => panic!("{operation}: `{other}` is neither x nor -"),
            })
            .collect();
        let twice = rows.insert(operation, cells.try_into().unwrap());
        assert!(twice.is_none(), "{operation} stands twice");
    }
    rows
}

#[test]
fn the_table_says_of_every_operation_and_role_what_was_written_by_hand() {
    let golden = golden();
    let known: Vec<_> = OPERATIONS.iter().map(|(operation, _)| *operation).collect();
    for operation in golden.keys() {
        assert!(known.contains(operation), "{operation} is no operation");
    }
    let tenant = entity::id::TenantId::new();
    let mut cells = 0;
    for (operation, scope) in OPERATIONS {
        let row = golden
            .get(operation)
            .unwrap_or_else(|| panic!("say in roles.golden who may {operation}"));
        for (column, may) in COLUMNS.into_iter().zip(row) {
            let caller = match column {
                None => Caller::Platform,
                Some(role) => Caller::OfTenant {
                    tenant,
                    actor: role.as_str().into(),
                    scopes: role.scopes(),
                },
            };
            let at = (!matches!(*operation, "create_tenant" | "list_tenants")).then_some(tenant);
            assert_eq!(
                caller.may(operation, at).is_ok(),
                *may,
                "{operation} ({}) by {column:?}",
                scope.as_str()
            );
            cells += 1;
        }
    }
    println!("door: roles: {cells} cells of operation and role, as the golden copy has them");
}

#[tokio::test]
async fn the_door_says_of_every_operation_and_role_what_was_written_by_hand() {
    let world = World::new().await;
    let mut cells = 0;
    let golden = golden();
    for (place, column) in COLUMNS.into_iter().enumerate() {
        // A store of its own: what one role does to it, another does not find.
        let store = world.tenant("Harbour").await;
        let credential = match column {
            None => PLATFORM_KEY.to_owned(),
            Some(role) => {
                let key = json!({ "name": "of a role", "role": role.as_str() });
                let made = store.post("/api-keys", key).await;
                made["secret"].as_str().unwrap().to_owned()
            }
        };
        for operation in operations() {
            let Some(row) = golden.get(operation.id.as_str()) else {
                assert!(!operation.is_guarded(), "{}", operation.id);
                continue;
            };
            let may = row[place];
            let answer = ask(&world, &operation, &store.id.to_string(), &credential).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                refused,
                !may,
                "{} by {column:?}: {}",
                operation.id,
                answer.text()
            );
            if refused {
                assert_eq!(answer.code().as_deref(), Some("insufficient_scope"));
            }
            assert!(answer.status != StatusCode::UNAUTHORIZED && answer.status.as_u16() < 500);
            cells += 1;
        }
    }
    println!(
        "door: roles: {cells} cells of operation and role asked over HTTP, as the table has them"
    );
    assert_eq!(cells, OPERATIONS.len() * COLUMNS.len());
}

// Below the tenant's own id nothing has the ids that are named: who may, gets any other answer than 403.
async fn ask(
    world: &World,
    operation: &Operation,
    tenant: &str,
    credential: &str,
) -> crate::world::Answer {
    let nobodys = |kind: &str| {
        let fresh = EventId::new().to_string();
        format!("{kind}_{}", fresh.split_once('_').unwrap().1)
    };
    let path = operation.filled(|name| match name {
        "tenant_id" => tenant.to_owned(),
        _ => nobodys("evt"),
    });
    let mut request = world.request(operation.method.clone(), &path, credential);
    if let Some(body) = operation.body(&nobodys("acc")) {
        request = request.json(&body);
    }
    world.answer(request).await
}

#[tokio::test]
async fn a_key_of_a_role_has_the_roles_scopes_and_gives_no_more() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for role in Role::ALL {
        let made = store
            .post(
                "/api-keys",
                json!({ "name": "of a role", "role": role.as_str() }),
            )
            .await;
        let scopes: Vec<_> = role.scopes().iter().map(|scope| scope.as_str()).collect();
        assert_eq!(made["scopes"], json!(scopes), "{role:?}");
    }
    for (body, code) in [
        (
            json!({ "name": "x", "role": "owner", "scopes": ["events:read"] }),
            "role_and_scopes",
        ),
        (json!({ "name": "x", "role": "emperor" }), "invalid_value"),
    ] {
        let (status, answer) = store
            .send(reqwest::Method::POST, "/api-keys", Some(body))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (422, &json!(code)),
            "{answer:#}"
        );
    }
    let narrow = store
        .post(
            "/api-keys",
            json!({ "name": "x", "scopes": ["keys:manage", "events:read"] }),
        )
        .await;
    let narrow = crate::world::Tenant {
        world: &world,
        id: store.id,
        key: narrow["secret"].as_str().unwrap().to_owned(),
    };
    for wanted in [
        json!({ "name": "x", "role": "read_only" }),
        json!({ "name": "x" }),
    ] {
        let (status, answer) = narrow
            .send(reqwest::Method::POST, "/api-keys", Some(wanted))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (422, &json!("scope_beyond_own")),
            "{answer:#}"
        );
    }
}
