//! The token endpoint (RFC 6749, client credentials), and what others need to know of our tokens: their public keys (RFC 7517)
//! and where all this stands (RFC 8414).

use super::Product;
use crate::body::{self, media_type, unsupported_media_type};
use crate::limited;
use crate::load;
use crate::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Json, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use data_encoding::BASE64;
use serde::Serialize;
use service::access::Scope;
use service::audit::{self, Reason};
use service::token::{self, IssuedToken, PublicKeys, Refusal};
use utoipa::ToSchema;

const FORM: &str = "application/x-www-form-urlencoded";
const FORM_BYTES_MAX: usize = 8 * 1024;
/// How long others may keep our public keys. A key is published so long, at least, before it signs.
const KEYS_SECONDS: u32 = 300;

/// What a token is asked for with.
#[derive(Debug, Default, ToSchema)]
pub(crate) struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(example = "client_credentials")]
    pub(crate) grant_type: String,
    /// Which of the key's scopes the token has, separated by spaces; left out: all of them.
    #[schema(example = "events:write")]
    pub(crate) scope: Option<String>,
    /// The API key's id, unless it is the user name of `Authorization: Basic`.
    #[schema(example = "key_01jd5zk8x9e3qr0v7m2c4n6p8t")]
    pub(crate) client_id: Option<String>,
    /// The whole API key, unless it is the password of `Authorization: Basic`.
    #[schema(example = "tp_test_01jd5zk8x9e3qr0v7m2c4n6p8t_…_9f86d081")]
    pub(crate) client_secret: Option<String>,
}

/// Why no token is given (RFC 6749, section 5.2).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TokenError {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    #[schema(example = "invalid_client")]
    pub(crate) error: String,
    /// What is wrong and how to mend it.
    pub(crate) error_description: String,
}

/// Where our tokens come from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorizationServer {
    /// `iss` and `aud` of our tokens.
    pub(crate) issuer: String,
    /// Where tokens are issued.
    pub(crate) token_endpoint: String,
    /// Where their public keys are.
    pub(crate) jwks_uri: String,
    /// Always `client_credentials`.
    pub(crate) grant_types_supported: Vec<String>,
    /// None: nobody is sent here with a browser.
    pub(crate) response_types_supported: Vec<String>,
    /// How a client proves to be itself.
    pub(crate) token_endpoint_auth_methods_supported: Vec<String>,
    /// What a token may do.
    #[schema(value_type = Vec<Scope>)]
    pub(crate) scopes_supported: Vec<String>,
}

/// Issue a token
///
/// Exchanges an API key for a token of fifteen minutes (OAuth 2.0, client credentials): a signed JWT with the key's scopes, or with
/// some of them. The client is the key: its id, and the whole key as the secret, as `Authorization: Basic` or in the form. A token
/// ends with its key: revoking that, or suspending the tenant, ends it at once.
#[utoipa::path(
    post, path = "/v1/oauth/token", tag = "API keys",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = IssuedToken),
        (status = 400, description = "The request is not one for a token", body = TokenError,
            example = json!({"error": "unsupported_grant_type", "error_description": "only client_credentials is"})),
        (status = 401, description = "The client does not hold", body = TokenError,
            example = json!({"error": "invalid_client", "error_description": "the client does not hold"})),
    )
)]
pub(crate) async fn issue_token(
    product: Product,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    let headers = request.headers();
    if media_type(headers) != FORM {
        return Err(unsupported_media_type(&[FORM]).into());
    }
    let bytes = body::read(headers, payload.into_inner(), FORM_BYTES_MAX).await?;
    let form = read_form(&bytes)?;
    let (client_id, client_secret) = client(headers, &form)
        .inspect_err(|_| audit::knock(&product, None, "issue_token", Reason::NoCredential))?;
    if form.grant_type != "client_credentials" {
        return Err(Refused::because(
            "unsupported_grant_type",
            "the only grant here is `grant_type=client_credentials`",
        ));
    }
    let _place = load::enter_now("issue_token", &request).await?;
    let client = token::client(&product, &client_id, &client_secret).await?;
    // From here on it is a request of the key's and of its tenant's, as any other.
    let whose = limited::of(&client.key, Some(client.tenant));
    let (standings, mut response) = match limited::count(&request, &whose).await {
        Ok(standings) => {
            let issued = token::issue(&product, &client, form.scope.as_deref()).await?;
            (standings, HttpResponse::Ok().json(issued))
        }
        Err((standings, problem)) => (standings, problem.error_response()),
    };
    standings.tell(response.headers_mut());
    Ok(response)
}

/// Read the public keys of our tokens
///
/// The JSON Web Key Set that our tokens are proven with: the key that signs now, and those that will or did.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "API keys",
    responses((status = 200, description = "The keys", body = PublicKeys))
)]
pub(crate) async fn read_token_keys(product: Product) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((
            header::CACHE_CONTROL,
            format!("public, max-age={KEYS_SECONDS}"),
        ))
        .json(product.token_keys().public())
}

/// Read where tokens are issued
///
/// What a client of OAuth 2.0 finds the token endpoint with (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "API keys",
    responses((status = 200, description = "Where tokens are issued", body = AuthorizationServer))
)]
pub(crate) async fn read_authorization_server(product: Product) -> Json<AuthorizationServer> {
    Json(authorization_server(&product.settings().issuer()))
}

pub(crate) fn authorization_server(issuer: &str) -> AuthorizationServer {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let scopes = Scope::ALL.iter().filter(|scope| scope.of_tenant());
    AuthorizationServer {
        token_endpoint: format!("{issuer}/v1/oauth/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        issuer: issuer.to_owned(),
        grant_types_supported: texts(&["client_credentials"]),
        response_types_supported: Vec::new(),
        token_endpoint_auth_methods_supported: texts(&[
            "client_secret_basic",
            "client_secret_post",
        ]),
        scopes_supported: scopes.map(|scope| scope.as_str().to_owned()).collect(),
    }
}

// What is not known is not looked at, and nothing is given twice (RFC 6749, section 3.2).
fn read_form(bytes: &[u8]) -> Result<TokenRequest, Refused> {
    let invalid = |detail: &str| Refused::because("invalid_request", detail);
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(bytes).map_err(|_| invalid("the body is no form"))?;
    let once = |name: &str| {
        let mut values = pairs.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.clone());
        match values.next() {
            None => Ok(value.filter(|value| !value.is_empty())),
            Some(_) => Err(invalid(&format!("`{name}` is given twice; give it once"))),
        }
    };
    Ok(TokenRequest {
        grant_type: once("grant_type")?.ok_or_else(|| {
            invalid("`grant_type` is missing; send grant_type=client_credentials")
        })?,
        scope: once("scope")?,
        client_id: once("client_id")?,
        client_secret: once("client_secret")?,
    })
}

// The client proves to be itself in one way, and not in two (RFC 6749, section 2.3).
fn client(headers: &HeaderMap, form: &TokenRequest) -> Result<(String, String), Refused> {
    let how = "send the API key's id and the whole key, as `Authorization: Basic` or as client_id and client_secret";
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        return match (&form.client_id, &form.client_secret) {
            (Some(id), Some(secret)) => Ok((id.clone(), secret.clone())),
            _ => Err(Refused::because("invalid_client", how)),
        };
    };
    if form.client_secret.is_some() {
        return Err(Refused::because(
            "invalid_request",
            "the client proves itself in the header and in the form; do so in one of them",
        ));
    }
    let read = || {
        let (scheme, value) = given.to_str().ok()?.split_once(' ')?;
        let basic = scheme
            .eq_ignore_ascii_case("basic")
            .then_some(value.trim())?;
        let text = String::from_utf8(BASE64.decode(basic.as_bytes()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((decoded(id)?, decoded(secret)?))
    };
    let (id, secret) = read().ok_or_else(|| Refused::because("invalid_client", how))?;
    if form.client_id.as_ref().is_some_and(|named| *named != id) {
        return Err(Refused::because(
            "invalid_request",
            "client_id names another client than the header",
        ));
    }
    Ok((id, secret))
}

// User name and password are written as in a form.
fn decoded(text: &str) -> Option<String> {
    let mut pairs =
        serde_urlencoded::from_str::<Vec<(String, String)>>(&format!("v={text}")).ok()?;
    let only = pairs.pop().filter(|_| pairs.is_empty())?;
    Some(only.1)
}

/// Why there is no token: in the words of RFC 6749 where it has some.
#[derive(Debug)]
pub(crate) enum Refused {
    Token(StatusCode, TokenError),
    Problem(Problem),
}

impl Refused {
    fn because(error: &str, detail: impl Into<String>) -> Self {
        let status = match error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::Token(
            status,
            TokenError {
                error: error.to_owned(),
                error_description: detail.into(),
            },
        )
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Failed(error) => Self::Problem(error.into()),
            Refusal::InvalidClient => Self::because("invalid_client", refusal.to_string()),
            Refusal::InvalidScope(detail) => Self::because("invalid_scope", detail),
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(_, error) => write!(f, "{}: {}", error.error, error.error_description),
            Self::Problem(problem) => std::fmt::Display::fmt(problem, f),
        }
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Token(status, _) => *status,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Problem(problem) => problem.error_response(),
            Self::Token(status, error) => {
                let mut response = HttpResponseBuilder::new(*status);
                if *status == StatusCode::UNAUTHORIZED {
                    response.insert_header((
                        header::WWW_AUTHENTICATE,
                        "Basic realm=\"tillpost\", charset=\"UTF-8\"",
                    ));
                }
                response.json(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn basic(text: &str) -> HeaderMap {
        let value = format!("Basic {}", BASE64.encode(text.as_bytes()));
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(&value).unwrap(),
        );
        headers
    }

    fn form(text: &str) -> TokenRequest {
        read_form(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_client_is_read_from_the_header_or_from_the_form() {
        let grant = "grant_type=client_credentials";
        let both = Ok(("key_1".to_owned(), "tp_x".to_owned()));
        let read = |headers: &HeaderMap, text: &str| {
            client(headers, &form(text)).map_err(|refused| refused.to_string())
        };
        assert_eq!(read(&basic("key_1:tp_x"), grant), both);
        assert_eq!(read(&basic("key%5F1:tp%5Fx"), grant), both);
        let named = format!("{grant}&client_id=key_1");
        assert_eq!(read(&basic("key_1:tp_x"), &named), both);
        let post = format!("{named}&client_secret=tp_x");
        assert_eq!(read(&HeaderMap::new(), &post), both);
        for (headers, text, error) in [
            (HeaderMap::new(), named.as_str(), "invalid_client"),
            (basic("key_1:tp_x"), post.as_str(), "invalid_request"),
            (basic("key_2:tp_x"), named.as_str(), "invalid_request"),
            (basic("no colon"), grant, "invalid_client"),
            (basic("key_1:a&b=c"), grant, "invalid_client"),
        ] {
            let refused = read(&headers, text).unwrap_err();
            assert!(refused.starts_with(error), "{text}: {refused}");
        }
    }

    #[test]
    fn a_form_is_read_once_and_what_is_unknown_is_not_looked_at() {
        assert_eq!(form("grant_type=x&scope=a+b&more=1").scope.unwrap(), "a b");
        assert_eq!(form("grant_type=x&scope=").scope, None);
        for text in [
            "",
            "scope=a",
            "grant_type=x&grant_type=x",
            "grant_type=x&scope=a&scope=b",
        ] {
            let refused = read_form(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.starts_with("invalid_request"), "{text}: {refused}");
        }
    }
}
