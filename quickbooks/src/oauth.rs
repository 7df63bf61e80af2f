//! The OAuth 2.0 calls (`quickbooks-online.md` §1).

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse,
    TokenUrl,
};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Request};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::App;
use crate::grant::Grant;
use crate::oauth_failure::{self, OAuthFailure};
use crate::settings::{Endpoints, may_call};
use crate::wire::{self, Call, Received};

/// The one scope we ask for; there is no read-only one.
pub const SCOPE: &str = "com.intuit.quickbooks.accounting";

/// Asks the token endpoint to say what is left of the five years (§1.4).
const HARD_EXPIRES_HEADER: &str = "x-include-refresh-token-hard-expires-in";

/// Grants and discovery documents are a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Lives as documented, for an answer that leaves them out: a good grant is not thrown away for that.
const ACCESS_LIFE: Duration = Duration::from_secs(3600);
const REFRESH_LIFE: Duration = Duration::from_secs(100 * 24 * 3600);

/// The endpoints, however they became known.
#[derive(Debug, Deserialize)]
pub(crate) struct OAuthEndpoints {
    #[serde(rename = "authorization_endpoint")]
    authorization: Url,
    #[serde(rename = "token_endpoint")]
    token: Url,
    #[serde(rename = "revocation_endpoint")]
    revocation: Url,
}

#[derive(Debug, Serialize, Deserialize)]
struct Lives {
    x_refresh_token_expires_in: Option<u64>,
    x_refresh_token_hard_expires_in: Option<u64>,
}

impl ExtraTokenFields for Lives {}

type TokenAnswer = StandardTokenResponse<Lives, BasicTokenType>;

type OAuthClient = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

pub(crate) async fn authorization_url(app: &App, state: &str) -> Result<Url, OAuthFailure> {
    let client = oauth_client(app, endpoints(app).await?);
    let state = CsrfToken::new(state.to_owned());
    let (url, _) = client
        .authorize_url(move || state)
        .add_scope(Scope::new(SCOPE.to_owned()))
        .url();
    Ok(url)
}

pub(crate) async fn exchange_code(app: &App, code: &str) -> Result<Grant, OAuthFailure> {
    let client = oauth_client(app, endpoints(app).await?);
    let post = TokenPost::new(app, "exchange code", code);
    let answer = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .request_async(&post)
        .await;
    post.grant(answer)
}

pub(crate) async fn refresh(app: &App, token: &SecretString) -> Result<Grant, OAuthFailure> {
    let client = oauth_client(app, endpoints(app).await?);
    let post = TokenPost::new(app, "refresh", token.expose_secret());
    let answer = client
        .exchange_refresh_token(&RefreshToken::new(token.expose_secret().to_owned()))
        .request_async(&post)
        .await;
    post.grant(answer)
}

/// Intuit takes JSON here, where RFC 7009 has a form, so `oauth2` cannot do it.
pub(crate) async fn revoke(app: &App, token: &SecretString) -> Result<(), OAuthFailure> {
    let endpoints = endpoints(app).await?;
    let settings = &app.settings;
    let request = app
        .http
        .post(endpoints.revocation.clone())
        .basic_auth(
            &settings.client_id,
            Some(settings.client_secret.expose_secret()),
        )
        .header(ACCEPT, "application/json")
        .json(&serde_json::json!({ "token": token.expose_secret() }))
        .build()
        .map_err(|_| OAuthFailure::NotSent {
            reason: "the revocation request cannot be built".to_owned(),
        })?;
    let received = wire::send(&app.http, request, call(app, "revoke")).await?;
    match oauth_failure::refusal(&received) {
        None => Ok(()),
        Some(failure) => Err(without(failure, token.expose_secret())),
    }
}

fn call<'a>(app: &App, operation: &'static str) -> Call<'a> {
    Call {
        operation,
        company: None,
        timeout: app.settings.timeouts.oauth,
        answer_bytes_max: ANSWER_BYTES_MAX,
    }
}

fn oauth_client(app: &App, endpoints: &OAuthEndpoints) -> OAuthClient {
    let settings = &app.settings;
    oauth2::Client::new(ClientId::new(settings.client_id.clone()))
        .set_client_secret(ClientSecret::new(
            settings.client_secret.expose_secret().to_owned(),
        ))
        .set_redirect_uri(RedirectUrl::from_url(settings.redirect_uri.clone()))
        .set_auth_uri(AuthUrl::from_url(endpoints.authorization.clone()))
        .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
}

/// The endpoints; discovered ones are read once and kept. Whatever goes wrong here, no code or token
/// has been sent yet.
async fn endpoints(app: &App) -> Result<&OAuthEndpoints, OAuthFailure> {
    app.endpoints
        .get_or_try_init(|| async {
            match &app.settings.endpoints {
                Endpoints::Configured {
                    authorization,
                    token,
                    revocation,
                } => Ok(OAuthEndpoints {
                    authorization: authorization.clone(),
                    token: token.clone(),
                    revocation: revocation.clone(),
                }),
                Endpoints::Discovery(url) => discover(app, url).await,
            }
        })
        .await
}

async fn discover(app: &App, url: &Url) -> Result<OAuthEndpoints, OAuthFailure> {
    let not_sent = |reason: String| OAuthFailure::NotSent {
        reason: format!("OAuth endpoints not discovered: {reason}"),
    };
    let mut request = Request::new(Method::GET, url.clone());
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let received = wire::send(&app.http, request, call(app, "discover"))
        .await
        .map_err(|lost| not_sent(OAuthFailure::from(lost).to_string()))?;
    if !received.is_success() {
        return Err(not_sent(format!("HTTP {}", received.status)));
    }
    let found: OAuthEndpoints = serde_json::from_slice(&received.body)
        .map_err(|_| not_sent("the document cannot be read".to_owned()))?;
    let safe = [&found.authorization, &found.token, &found.revocation]
        .into_iter()
        .all(|endpoint| may_call(endpoint, app.settings.allows_http()));
    if !safe {
        return Err(not_sent("an endpoint is not https".to_owned()));
    }
    Ok(found)
}

/// Carries `oauth2`'s requests to our one `send`, and reads refusals before `oauth2` does, since they
/// are decided by more than it knows.
struct TokenPost<'a> {
    app: &'a App,
    operation: &'static str,
    /// What was sent, so that no failure ever quotes it.
    secret: &'a str,
    received: Mutex<Option<Received>>,
}

impl<'a> TokenPost<'a> {
    fn new(app: &'a App, operation: &'static str, secret: &'a str) -> Self {
        Self {
            app,
            operation,
            secret,
            received: Mutex::new(None),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OAuthFailure> {
        let mut request = Request::try_from(request).map_err(|_| OAuthFailure::NotSent {
            reason: "the token request cannot be built".to_owned(),
        })?;
        request
            .headers_mut()
            .insert(HARD_EXPIRES_HEADER, HeaderValue::from_static("true"));
        let mut received =
            wire::send(&self.app.http, request, call(self.app, self.operation)).await?;
        if let Some(failure) = oauth_failure::refusal(&received) {
            return Err(without(failure, self.secret));
        }
        let response = HttpResponse::new(std::mem::take(&mut received.body));
        *self.received.lock().unwrap_or_else(PoisonError::into_inner) = Some(received);
        Ok(response)
    }

    /// # Errors
    /// An answer without a refresh token is unknown: the former one may be dead by now.
    fn grant(
        self,
        answer: Result<TokenAnswer, RequestTokenError<OAuthFailure, BasicErrorResponse>>,
    ) -> Result<Grant, OAuthFailure> {
        let received = self
            .received
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let unreadable = |reason| match &received {
            Some(received) => OAuthFailure::unreadable(received, reason),
            None => OAuthFailure::NotSent {
                reason: "the token request cannot be built".to_owned(),
            },
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(RequestTokenError::Request(failure)) => return Err(failure),
            Err(_) => return Err(unreadable("a grant that cannot be read")),
        };
        let refresh_token = answer
            .refresh_token()
            .ok_or_else(|| unreadable("a grant without a refresh token"))?;
        let lives = answer.extra_fields();
        let seconds = |life: Option<u64>| life.map(Duration::from_secs);
        Ok(Grant {
            access_token: answer.access_token().secret().as_str().into(),
            refresh_token: refresh_token.secret().as_str().into(),
            access_expires_in: answer.expires_in().unwrap_or(ACCESS_LIFE),
            refresh_expires_in: seconds(lives.x_refresh_token_expires_in).unwrap_or(REFRESH_LIFE),
            refresh_hard_expires_in: seconds(lives.x_refresh_token_hard_expires_in),
            intuit_tid: received.and_then(|received| received.intuit_tid),
        })
    }
}

// Boxed, and no closure: the future of a borrowing closure could not be sent between threads.
impl<'c> AsyncHttpClient<'c> for TokenPost<'_> {
    type Error = OAuthFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OAuthFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The failure without the secret, should Intuit's words quote it.
fn without(mut failure: OAuthFailure, secret: &str) -> OAuthFailure {
    if let OAuthFailure::GrantEnded { description, .. }
    | OAuthFailure::Misconfigured { description, .. } = &mut failure
        && !secret.is_empty()
    {
        *description = description
            .take()
            .map(|text| text.replace(secret, "[redacted]"));
    }
    failure
}
