//! Attacks on credentials: each is a credential that must not be taken, made from one that is. The count is printed, and before and
//! after everything the untouched credentials pass, so that what is refused is refused for what was done to it.

mod claims;
mod keys;
mod people;
mod signatures;

use crate::idp::{IdentityProvider, Signer, jws, person};
use crate::oauth::exchange;
use crate::world::{PLATFORM_KEY, Shape, World};
use data_encoding::BASE64;
use entity::id::TenantId;
use reqwest::Method;
use serde_json::{Value, json};
use service::settings::KeyPace;
use std::time::Instant;

/// The seed of the key that our tokens are signed with here, so that a story can sign what we never would.
const SEED: u8 = 5;

/// A credential that must not be taken.
struct Attack {
    name: String,
    /// The whole header `Authorization`.
    header: String,
    /// Whose resources it asks for.
    tenant: TenantId,
    /// 401, except where whoever it is may be known and has no business there.
    status: u16,
}

/// Everything an attack is made of.
struct Ground {
    tenant: TenantId,
    /// Another tenant, with a key of its own.
    neighbour: TenantId,
    neighbours_key: Value,
    /// A key with `sync:read`, and a token that it was exchanged for.
    key: Value,
    token: String,
    issuer: String,
    now: i64,
    /// The key that our tokens are signed with, and one that an attacker made.
    ours: Signer,
    theirs: Signer,
    /// The identity provider's key, and a person who is a member in the role that only reads.
    provider: Signer,
    member: Value,
    jwks_url: String,
    /// What the database holds of the key's secret.
    stored_hash: String,
}

impl Ground {
    fn bearer(&self, name: impl Into<String>, credential: impl AsRef<str>) -> Attack {
        Attack {
            name: name.into(),
            header: format!("Bearer {}", credential.as_ref()),
            tenant: self.tenant,
            status: 401,
        }
    }

    /// The header and claims of a sound token of ours.
    fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.ours.kid })
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": self.issuer, "sub": self.key["id"], "client_id": self.key["id"],
            "tenant_id": self.tenant, "scope": "sync:read", "exp": self.now + 600, "nbf": self.now, "iat": self.now,
            "jti": "attack",
        })
    }

    /// A token that our own key signed, whatever its header and claims.
    fn signed(&self, header: &Value, claims: &str) -> String {
        jws(header, claims, |message| self.ours.sign(message))
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        self.signed(&self.header(), &claims.to_string())
    }

    fn secret(&self) -> &str {
        self.key["secret"].as_str().unwrap()
    }
}

async fn status(world: &World, header: &str, tenant: TenantId) -> (u16, Option<String>) {
    let url = world
        .base
        .join(&format!("v1/tenants/{tenant}/sync"))
        .unwrap();
    let answer = world
        .answer(world.http().get(url).header("authorization", header))
        .await;
    (answer.status.as_u16(), answer.code())
}

#[tokio::test]
async fn no_forged_stolen_or_ended_credential_is_taken() {
    let provider = IdentityProvider::start().await;
    let mut access = provider.access();
    access.token_keys = vec![BASE64.encode(&[SEED; 32]).into()];
    let world = World::shaped(Shape {
        access,
        ..Shape::default()
    })
    .await;
    let ground = ground(&world, &provider).await;
    untouched_credentials_pass(&world, &ground).await;

    let attacks: Vec<Attack> = [
        signatures::attacks(&ground),
        claims::attacks(&ground),
        people::attacks(&ground),
        keys::attacks(&world, &ground).await,
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut names: Vec<_> = attacks.iter().map(|attack| &attack.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), attacks.len(), "two attacks have one name");
    let (began, before) = (Instant::now(), provider.fetched());
    let mut taken = Vec::new();
    for attack in &attacks {
        let (got, code) = status(&world, &attack.header, attack.tenant).await;
        if got != attack.status {
            taken.push(format!(
                "{}: {got} {code:?}, not {}",
                attack.name, attack.status
            ));
        }
        if got == 401 {
            assert_eq!(code.as_deref(), Some("unauthenticated"), "{}", attack.name);
        }
    }
    assert_eq!(taken, Vec::<String>::new());
    println!(
        "door: attacks: {} on tokens and keys tried, 0 accepted",
        attacks.len()
    );
    assert!(attacks.len() >= 80, "only {}", attacks.len());
    // Nobody was asked for keys but the provider, and no flood came of it.
    let fetched = u64::try_from(provider.fetched() - before).unwrap();
    let allowed = 1 + began.elapsed().as_secs() / KeyPace::default().between.as_secs();
    assert!(fetched <= allowed, "{fetched} fetches");
    untouched_credentials_pass(&world, &ground).await;

    let flips = signatures::every_letter_changed(&ground);
    for (place, token) in flips.iter().enumerate() {
        let (got, _) = status(&world, &format!("Bearer {token}"), ground.tenant).await;
        assert_eq!(got, 401, "letter {place} changed: {token}");
    }
    println!(
        "door: attacks: {} tokens with one letter changed tried, 0 accepted",
        flips.len()
    );
}

async fn ground(world: &World, provider: &IdentityProvider) -> Ground {
    let store = world.tenant("Harbour").await;
    let neighbour = world.tenant("Hillside").await;
    let key = store
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read"] }),
        )
        .await;
    let neighbours_key = neighbour
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read"] }),
        )
        .await;
    let token = exchange(world, &key, None).await;
    let member = json!({ "subject": "ada", "role": "read_only" });
    store.post("/members", member).await;
    let now = store.now().await;
    let keys = world.base.join(".well-known/jwks.json").unwrap();
    let published = world.answer(world.http().get(keys)).await.json();
    let id = key["id"]
        .as_str()
        .unwrap()
        .parse::<entity::id::ApiKeyId>()
        .unwrap();
    let hash = format!(
        "SELECT encode(secret_hash, 'hex') FROM api_key WHERE id = '{}'",
        id.0
    );
    Ground {
        tenant: store.id,
        neighbour: neighbour.id,
        neighbours_key,
        token: token["access_token"].as_str().unwrap().to_owned(),
        issuer: world.base.as_str().trim_end_matches('/').to_owned(),
        now: now.timestamp(),
        ours: Signer::new(published["keys"][0]["kid"].as_str().unwrap(), SEED),
        theirs: Signer::new("attacker", 66),
        provider: Signer::new("first", 21),
        member: person("ada", now),
        jwks_url: provider.url(),
        stored_hash: world.rows(&hash).await.remove(0),
        key,
    }
}

async fn untouched_credentials_pass(world: &World, ground: &Ground) {
    let by_hand = ground.signed(&ground.header(), &ground.claims().to_string());
    let member = ground.provider.token(&ground.member);
    let mut several = ground.member.clone();
    several["aud"] = json!(["another", crate::idp::AUDIENCE]);
    let mut late = ground.member.clone();
    late["nbf"] = json!(ground.now + 20);
    let mut early = ground.member.clone();
    early["exp"] = json!(i64::MAX);
    for (name, credential) in [
        ("the key", ground.secret()),
        ("its token", &ground.token),
        ("a token made by hand as we make them", &by_hand),
        ("a member's token", &member),
        (
            "one for several audiences",
            &ground.provider.token(&several),
        ),
        ("one within the leeway", &ground.provider.token(&late)),
        (
            "one without an end in sight",
            &ground.provider.token(&early),
        ),
    ] {
        let passed = status(world, &format!("Bearer {credential}"), ground.tenant).await;
        assert_eq!(passed, (200, None), "{name}");
    }
    let passed = world
        .send(
            Method::GET,
            &format!("/v1/tenants/{}", ground.tenant),
            PLATFORM_KEY,
            None,
        )
        .await;
    assert_eq!(passed.0, 200, "the platform's own");
}
