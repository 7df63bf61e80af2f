//! The API as anybody calls it, and the browser that a person would use to give consent.

use anyhow::Context;
use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, redirect};
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// More hops than a way through consent has.
const HOPS_MAX: usize = 10;

/// A caller with a key.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: String,
}

impl Client {
    /// A caller with this key. Follows no redirects and knows no proxies: everything stays on this machine.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub(crate) fn new(base: Url, key: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self {
            http,
            base,
            key: key.to_owned(),
        })
    }

    /// The same caller with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// Every row of a list, page by page.
    ///
    /// # Errors
    /// As any call's.
    pub(crate) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut url = self.base.join(path)?;
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let mut page = self.send(Method::GET, url.as_str(), None).await?;
            match page["items"].take() {
                Value::Array(items) => rows.extend(items),
                _ => anyhow::bail!("GET {path} gave no list"),
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(rows),
            }
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let url = self.base.join(path)?;
        let mut request = self
            .http
            .request(method.clone(), url)
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{method} {path}"))?;
        let status = response.status();
        let text = response
            .text()
            .await
            .with_context(|| format!("{method} {path}"))?;
        anyhow::ensure!(
            status.is_success(),
            "{method} {path} answered {status}: {text}"
        );
        serde_json::from_str(&text).with_context(|| format!("{method} {path} answered no JSON"))
    }

    /// Opens a link as a browser does: follows every redirect and keeps the cookies of each host. Gives where it ended.
    ///
    /// # Errors
    /// A hop fails, or there are too many.
    pub(crate) async fn browse(&self, link: &str) -> anyhow::Result<Url> {
        let mut here = Url::parse(link)?;
        let mut cookies: Vec<(String, String)> = Vec::new();
        for _ in 0..HOPS_MAX {
            let host = here.authority().to_owned();
            let mine: Vec<_> = cookies
                .iter()
                .filter(|(of, _)| *of == host)
                .map(|(_, cookie)| cookie.as_str())
                .collect();
            let mut request = self.http.get(here.clone()).header(ACCEPT, "text/html");
            if !mine.is_empty() {
                request = request.header(COOKIE, mine.join("; "));
            }
            let response = request.send().await?;
            for cookie in response.headers().get_all(SET_COOKIE) {
                let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
                cookies.push((host.clone(), pair.to_owned()));
            }
            match response.headers().get(LOCATION) {
                Some(location) if response.status().is_redirection() => {
                    here = here.join(location.to_str()?)?
                }
                _ => {
                    anyhow::ensure!(
                        response.status().is_success(),
                        "the browser stopped at {}",
                        response.status()
                    );
                    return Ok(here);
                }
            }
        }
        anyhow::bail!("the browser was sent on more than {HOPS_MAX} times")
    }
}

/// A field that must be there, as text.
///
/// # Errors
/// It is not.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> anyhow::Result<&'v str> {
    value[field]
        .as_str()
        .with_context(|| format!("no `{field}` in {value}"))
}
