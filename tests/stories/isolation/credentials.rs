//! Every kind of credential that somebody of a tenant can have.

use crate::idp::{IdentityProvider, person};
use crate::oauth::exchange;
use crate::retailers::Retailer;
use serde_json::json;
use service::access::{Role, Scope};

/// A credential, and what it may do at home; none of whoever has no home.
pub(super) struct Credential {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) scopes: Option<Vec<Scope>>,
}

/// A key of every scope, a token of it, a member in each role, and a person who is nobody here.
pub(super) async fn credentials(
    home: &Retailer<'_>,
    provider: &IdentityProvider,
) -> Vec<Credential> {
    let store = &home.tenant;
    let all: Vec<_> = Scope::ALL
        .iter()
        .copied()
        .filter(|scope| scope.of_tenant())
        .collect();
    let key = store.post("/api-keys", json!({ "name": "prober" })).await;
    let token = exchange(store.world, &key, None).await;
    let mut credentials = vec![
        Credential {
            name: "a key".to_owned(),
            key: store.key.clone(),
            scopes: Some(all.clone()),
        },
        Credential {
            name: "a token".to_owned(),
            key: token["access_token"].as_str().unwrap().to_owned(),
            scopes: Some(all),
        },
    ];
    let now = store.now().await;
    let token = |subject: &str| {
        let mut claims = person(subject, now);
        claims["exp"] = json!(now.timestamp() + 7200);
        provider.signer.token(&claims)
    };
    credentials.push(Credential {
        name: "a person who is nobody here".to_owned(),
        key: token("a member of nothing"),
        scopes: None,
    });
    for role in Role::ALL {
        let subject = format!("{}-of-{}", role.as_str(), store.id);
        let member = json!({ "subject": subject, "role": role.as_str() });
        store.post("/members", member).await;
        credentials.push(Credential {
            name: format!("a member who is {}", role.as_str()),
            key: token(&subject),
            scopes: Some(role.scopes()),
        });
    }
    credentials
}
