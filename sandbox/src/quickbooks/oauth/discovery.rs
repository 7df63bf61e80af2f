//! The discovery document.

use serde_json::{Value, json};
use url::Url;

/// The document for a service at `base`. The addresses of user info and keys are announced as the
/// real service does; nothing answers there, since the simulator issues no `id_token`.
pub(crate) fn document(base: &Url) -> Value {
    let at = |path: &str| format!("{}{path}", base.as_str().trim_end_matches('/'));
    json!({
        "issuer": at("/op/v1"),
        "authorization_endpoint": at("/connect/oauth2"),
        "token_endpoint": at("/oauth2/v1/tokens/bearer"),
        "userinfo_endpoint": at("/v1/openid_connect/userinfo"),
        "revocation_endpoint": at("/v2/oauth2/tokens/revoke"),
        "jwks_uri": at("/op/v1/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    })
}
