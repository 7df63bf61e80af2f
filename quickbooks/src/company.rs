//! One connected company.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cause::Cause;
use crate::client::App;
use crate::company_info::CompanyInfo;
use crate::failure::{self, Failure};
use crate::posted::{PostedEntry, WireEntry};
use crate::preferences::{Preferences, WirePreferences};
use crate::query::{self, PAGE_ROWS_MAX};
use crate::wire::{self, Call, Received};

/// A page of 1000 accounts is a megabyte or so; 30 entries of 1000 lines are ten.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A company and the access token that opens it. Writes are free; every read is metered per month over
/// all companies, so read only what is in doubt.
#[derive(Debug, Clone)]
pub struct Company {
    pub(crate) app: Arc<App>,
    pub(crate) realm_id: String,
    pub(crate) access_token: SecretString,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The thing asked for.
    pub value: T,
    /// Intuit's id of the exchange, for a support case.
    pub intuit_tid: Option<String>,
}

impl Company {
    /// The company's name and country.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn info(&self) -> Result<Answer<CompanyInfo>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            company_info: CompanyInfo,
        }
        let request = self.get(&["companyinfo", &self.realm_id], &[])?;
        let answer: Answer<Body> = self.call("read company", request).await?;
        Ok(answer.map(|body| body.company_info))
    }

    /// The settings of the company that decide what may be posted.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn preferences(&self) -> Result<Answer<Preferences>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            preferences: WirePreferences,
        }
        let request = self.get(&["preferences"], &[])?;
        let answer: Answer<Body> = self.call("read preferences", request).await?;
        Ok(answer.map(|body| body.preferences.into()))
    }

    /// Posts an entry: one POST of just these bytes. QuickBooks answers a repeat of `request_id` (at
    /// most 50 characters) as it answered the first, as far as its memory reaches.
    ///
    /// # Errors
    /// See [`Failure`]; its [`certainty`](Failure::certainty) says whether an entry may exist.
    pub async fn create_journal_entry(
        &self,
        request_id: &str,
        body: Vec<u8>,
    ) -> Result<Answer<PostedEntry>, Failure> {
        let request = self.post("journalentry", request_id, body)?;
        self.entry("create journal entry", request).await
    }

    /// The entry with this id.
    ///
    /// # Errors
    /// See [`Failure`]; an entry that is deleted or never was is [`Cause::EntryGone`].
    pub async fn read_journal_entry(&self, id: &str) -> Result<Answer<PostedEntry>, Failure> {
        let request = self.get(&["journalentry", id], &[])?;
        let mut answer = self.entry("read journal entry", request).await;
        // An id that is not there is answered in the words for inactive accounts [VCR], but a read
        // points at nothing else.
        if let Err(failure) = &mut answer
            && failure.cause == Cause::AccountInactive
        {
            failure.cause = Cause::EntryGone;
        }
        answer
    }

    /// The entries that carry any of these document numbers, which several may. One metered read; none
    /// at all for no numbers.
    ///
    /// # Errors
    /// See [`Failure`]. A full page of [`PAGE_ROWS_MAX`] is unknown, since an entry might be missing.
    pub async fn journal_entries_numbered(
        &self,
        numbers: &[&str],
    ) -> Result<Answer<Vec<PostedEntry>>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            query_response: Rows,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Rows {
            #[serde(default)]
            journal_entry: Vec<WireEntry>,
        }
        if numbers.is_empty() {
            return Ok(Answer {
                value: Vec::new(),
                intuit_tid: None,
            });
        }
        let statement = query::journal_entries(numbers, PAGE_ROWS_MAX);
        let request = self.get(&["query"], &[("query", &statement)])?;
        let received = self.send("look up journal entries", request).await?;
        let rows = decode::<Body>(&received)?.query_response.journal_entry;
        if rows.len() >= PAGE_ROWS_MAX {
            let reason = "a full page of entries".to_owned();
            return Err(Failure::unreadable(&received, reason));
        }
        let entries = rows.into_iter().map(|row| posted(row, &received));
        Ok(Answer {
            value: entries.collect::<Result<_, _>>()?,
            intuit_tid: received.intuit_tid.clone(),
        })
    }

    async fn entry(
        &self,
        operation: &'static str,
        request: Request,
    ) -> Result<Answer<PostedEntry>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            journal_entry: WireEntry,
        }
        let received = self.send(operation, request).await?;
        let row = decode::<Body>(&received)?.journal_entry;
        Ok(Answer {
            value: posted(row, &received)?,
            intuit_tid: received.intuit_tid,
        })
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: Request,
    ) -> Result<Answer<T>, Failure> {
        let received = self.send(operation, request).await?;
        Ok(Answer {
            value: decode(&received)?,
            intuit_tid: received.intuit_tid,
        })
    }

    pub(crate) async fn send(
        &self,
        operation: &'static str,
        request: Request,
    ) -> Result<Received, Failure> {
        let call = Call {
            operation,
            company: Some(&self.realm_id),
            timeout: self.app.settings.timeouts.request,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let received = wire::send(&self.app.http, request, call).await?;
        match failure::of(&received) {
            None => Ok(received),
            Some(failure) => Err(failure),
        }
    }

    pub(crate) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Request, Failure> {
        self.request(Method::GET, path, query)
    }

    /// A POST of JSON that carries a request id.
    pub(crate) fn post(
        &self,
        path: &str,
        request_id: &str,
        body: Vec<u8>,
    ) -> Result<Request, Failure> {
        let mut request = self.request(Method::POST, &[path], &[("requestid", request_id)])?;
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
        Ok(request)
    }

    /// A request under the company's path. Fails only when the settings or the token cannot stand in a
    /// request at all, and then nothing is sent.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Request, Failure> {
        let settings = &self.app.settings;
        let mut url = settings.api_base_url.clone();
        url.path_segments_mut()
            .map_err(|()| not_built("the API address has no path"))?
            .pop_if_empty()
            .extend(["v3", "company", &self.realm_id])
            .extend(path);
        url.query_pairs_mut()
            .append_pair("minorversion", &settings.minor_version.to_string())
            .extend_pairs(query);
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", self.access_token.expose_secret()))
                .map_err(|_| not_built("the access token cannot stand in a header"))?;
        bearer.set_sensitive(true);
        let mut request = Request::new(method, url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(reqwest::header::AUTHORIZATION, bearer);
        Ok(request)
    }
}

impl<T> Answer<T> {
    pub(crate) fn map<U>(self, read: impl FnOnce(T) -> U) -> Answer<U> {
        Answer {
            value: read(self.value),
            intuit_tid: self.intuit_tid,
        }
    }
}

/// A success's body; one that cannot be read leaves the outcome unknown. The reason names the place
/// only, because the parser's own message may quote the books.
pub(crate) fn decode<T: DeserializeOwned>(received: &Received) -> Result<T, Failure> {
    serde_json::from_slice(&received.body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let kind = error.classify();
        let reason = format!("answer unreadable at line {line} column {column} ({kind:?})");
        Failure::unreadable(received, reason)
    })
}

pub(crate) fn posted(row: WireEntry, received: &Received) -> Result<PostedEntry, Failure> {
    PostedEntry::try_from(row).map_err(|reason| Failure::unreadable(received, reason.to_owned()))
}

pub(crate) fn not_built(reason: &str) -> Failure {
    Failure {
        cause: Cause::NotSent,
        http_status: None,
        intuit_tid: None,
        faults: Vec::new(),
        retry_after: None,
        reason: Some(reason.into()),
    }
}
