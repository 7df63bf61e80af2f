//! What is turned away when more is asked than can be served well, before anything is done for it.
//!
//! Requests are of six classes. Health is always answered. Live events come next: the other classes have so few places at
//! once that together they never hold all of the database's connections. What no credential stands behind has a class of its
//! own, and so has what leads a browser through Intuit, which may be slow. Whoever finds no place waits for one, in a short
//! queue and for a short time; beyond that the answer is 503 with `Retry-After`, which costs nothing.

use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use service::access;
use service::settings::{Limits, Places};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Operations that read or build much.
const HEAVY: &[&str] = &[
    "dry_run_past_sync",
    "export_audit_log",
    "export_events",
    "read_past_sync_effect",
];

/// Operations that lead a browser through Intuit.
const BY_BROWSER: &[&str] = &[
    "begin_connection_link",
    "finish_authorization",
    "open_connect_link",
    "open_connection_link",
];

/// Operations that no credential stands behind and that read a body first, which may come slowly: they enter by themselves when
/// it is there.
const AFTER_THE_BODY: &[&str] = &["issue_token", "receive_notifications"];

/// The places of one process.
pub(crate) struct Load {
    live: Class,
    usual: Class,
    heavy: Class,
    open: Class,
    browser: Class,
}

struct Class {
    places: Arc<Semaphore>,
    // Requests that have a place or wait for one.
    inside: Arc<AtomicUsize>,
    inside_max: usize,
    patience: Duration,
}

/// A place, until this is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _inside: Inside,
}

struct Inside(Arc<AtomicUsize>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Load {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            live: Class::new(limits.live),
            usual: Class::new(limits.usual),
            heavy: Class::new(limits.heavy),
            open: Class::new(limits.open),
            browser: Class::new(limits.browser),
        }
    }

    /// A place for a request of this operation.
    ///
    /// # Errors
    /// `overloaded`.
    pub(crate) async fn enter(&self, operation: &str) -> Result<Place, Problem> {
        let class = if operation == "take_in_events" {
            &self.live
        } else if HEAVY.contains(&operation) {
            &self.heavy
        } else if BY_BROWSER.contains(&operation) {
            &self.browser
        } else if access::scope_of(operation).is_none() {
            &self.open
        } else {
            &self.usual
        };
        class.enter().await.ok_or_else(overloaded)
    }
}

impl Class {
    fn new(places: Places) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.at_once)),
            inside: Arc::default(),
            inside_max: places.at_once + places.waiting,
            patience: PATIENCE,
        }
    }

    async fn enter(&self) -> Option<Place> {
        let before = self.inside.fetch_add(1, Ordering::AcqRel);
        let inside = Inside(Arc::clone(&self.inside));
        if before >= self.inside_max {
            return None;
        }
        let place = Arc::clone(&self.places).acquire_owned();
        let permit = tokio::time::timeout(self.patience, place)
            .await
            .ok()?
            .ok()?;
        Some(Place {
            _permit: permit,
            _inside: inside,
        })
    }
}

fn overloaded() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "overloaded",
        "more requests of this kind are under way than can be served well, and nothing was done for this one; try again in a moment",
    )
    .with_header(header::RETRY_AFTER, "2")
}

/// A place for this request, where the server counts places.
///
/// # Errors
/// `overloaded`.
pub(crate) async fn enter(
    operation: &str,
    request: &HttpRequest,
) -> Result<Option<Place>, Problem> {
    if AFTER_THE_BODY.contains(&operation) {
        return Ok(None);
    }
    enter_now(operation, request).await
}

/// A place for a request whose body was read.
///
/// # Errors
/// `overloaded`.
pub(crate) async fn enter_now(
    operation: &str,
    request: &HttpRequest,
) -> Result<Option<Place>, Problem> {
    match request.app_data::<Data<Load>>() {
        Some(load) => load.enter(operation).await.map(Some),
        None => Ok(None),
    }
}

/// Keeps a place until an answer that is still being made is made.
pub(crate) fn hold(
    place: Option<Place>,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    match response.response().body().size() {
        BodySize::Stream => response.map_body(|_, body| {
            BoxBody::new(Held {
                body,
                _place: place,
            })
        }),
        BodySize::None | BodySize::Sized(_) => response,
    }
}

struct Held {
    body: BoxBody,
    _place: Option<Place>,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_waits_and_who_finds_no_room_to_wait_is_told() {
        let one = Places {
            at_once: 1,
            waiting: 1,
        };
        let mut load = Load::new(&Limits {
            usual: one,
            heavy: one,
            ..Limits::default()
        });
        load.usual.patience = Duration::from_millis(20);
        let first = load.enter("list_events").await.unwrap();
        let second = load.enter("list_alerts");
        let third = async {
            tokio::task::yield_now().await;
            let refused = load.enter("list_events").await.err().unwrap();
            // Other classes have places of their own.
            assert!(load.enter("export_events").await.is_ok());
            assert!(load.enter("take_in_events").await.is_ok());
            assert!(load.enter("issue_token").await.is_ok());
            assert!(load.enter("finish_authorization").await.is_ok());
            drop(first);
            refused.to_string()
        };
        let (second, third) = tokio::join!(second, third);
        assert!(third.starts_with("overloaded"), "{third}");
        let second = second.unwrap();
        // Nobody waits for ever.
        assert!(load.enter("list_events").await.is_err());
        drop(second);
        assert!(load.enter("list_events").await.is_ok());
    }
}
