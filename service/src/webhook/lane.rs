//! Lanes: one for each endpoint, held by one worker at a time, so that an endpoint that hangs costs only itself. A lane whose
//! holder died is free again at once, and one whose holder is cut off after some seconds; what was under way then goes out again,
//! under the same id.

use super::client::{Attempted, Post};
use super::endpoint::{self, health};
use super::message::Message;
use super::presence::Presence;
use super::schedule::{self, Answer, GivenUp, Health, Next};
use super::secret;
use super::signature::{self, Signer};
use super::statements;
use crate::audit::OURSELVES;
use crate::error::Error;
use crate::{Service, alert, audit};
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{TenantId, WebhookEndpointId, WebhookMessageId};
use entity::store::TenantTx;
use entity::webhook_endpoint::Model;
use futures::future::join_all;
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long a holder is believed alive that does not say so; it says so every second, with [`keep`].
const LEASE_SECONDS: f64 = 5.0;
/// How long a lane is served before others have their turn.
const SERVED: Duration = Duration::from_secs(2);
/// That an endpoint is well is written down so often.
const WELL_EVERY: TimeDelta = TimeDelta::seconds(10);

/// An endpoint that has something due, held by us.
#[derive(Debug, Clone)]
pub struct Lane {
    tenant: TenantId,
    endpoint: WebhookEndpointId,
    holder: String,
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.endpoint, self.tenant)
    }
}

/// Takes up to `most` lanes that are due and that nobody holds, the longest due first. `holder` is unique in the world; whoever
/// shows its presence is known to be gone as soon as it is.
///
/// # Errors
/// The database does not answer.
pub async fn claim(
    service: &Service,
    holder: &str,
    presence: Option<&Presence>,
    most: usize,
) -> Result<Vec<Lane>, Error> {
    #[derive(FromQueryResult)]
    struct Due {
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
    }
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Due>(
            // Whose lock can be had is gone.
            "WITH others AS (
               SELECT DISTINCT presence FROM webhook_lane WHERE holder IS NOT NULL AND holder <> $1 AND presence IS NOT NULL),
             gone AS MATERIALIZED (
               SELECT presence FROM others WHERE pg_try_advisory_xact_lock_shared(presence))
             UPDATE webhook_lane SET holder = $1, presence = $4, leased_until = tillpost_now() + make_interval(secs => $2)
              WHERE (tenant_id, endpoint_id) IN (
                SELECT tenant_id, endpoint_id FROM webhook_lane
                 WHERE due_at <= tillpost_now()
                   AND (leased_until IS NULL OR leased_until <= tillpost_now() OR presence IN (SELECT presence FROM gone))
                 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
              RETURNING tenant_id, endpoint_id",
            vec![
                holder.into(),
                LEASE_SECONDS.into(),
                i64::try_from(most).unwrap_or(i64::MAX).into(),
                presence.map(Presence::number).into(),
            ],
        )
        .await?;
    tx.commit().await?;
    Ok(due
        .into_iter()
        .map(|row| Lane {
            tenant: row.tenant_id,
            endpoint: row.endpoint_id,
            holder: holder.to_owned(),
        })
        .collect())
}

/// Says that a holder is alive, and holds what it holds. To be called every second: an attempt may take longer than its lease.
///
/// # Errors
/// The database does not answer.
pub async fn keep(service: &Service, holder: &str) -> Result<(), Error> {
    let tx = service.store().platform().await?;
    tx.execute(
        "UPDATE webhook_lane SET leased_until = tillpost_now() + make_interval(secs => $2) WHERE holder = $1",
        vec![holder.into(), LEASE_SECONDS.into()],
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Sends what is due in a lane, for a while, and gives it back.
///
/// # Errors
/// The database does not answer; the lane is free again when its lease ends.
pub async fn deliver(
    service: &Service,
    lane: &Lane,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let until = Instant::now() + SERVED;
    let mut signing = None;
    loop {
        let Some(batch) = take(service, lane, &mut signing).await? else {
            break;
        };
        let client = service.webhooks();
        let url = &batch.url;
        let attempts = join_all(batch.posts.into_iter().map(|taken| async move {
            let attempted = client.send(url, taken.post).await;
            (taken.id, taken.number, taken.tries, attempted)
        }));
        if !settle(service, lane, attempts.await).await?
            || stop.is_cancelled()
            || Instant::now() >= until
        {
            break;
        }
    }
    give_back(service, lane).await
}

/// The signers of an endpoint, and the version of its secrets that they are of.
type Signing = Option<(i32, Vec<Signer>)>;

struct Batch {
    url: Url,
    posts: Vec<Taken>,
}

struct Taken {
    id: WebhookMessageId,
    number: i32,
    tries: i32,
    post: Post,
}

#[derive(FromQueryResult)]
struct Due {
    attempts: i32,
    tries: i32,
    #[sea_orm(nested)]
    message: Message,
}

// What is due next, each attempt written down before it leaves. `None`: nothing is, or the lane is not ours any more.
async fn take(
    service: &Service,
    lane: &Lane,
    signing: &mut Signing,
) -> Result<Option<Batch>, Error> {
    let tx = service.tenant(lane.tenant).await?;
    if !hold(&tx, lane).await? {
        return Ok(None);
    }
    let Some(row) = sound(endpoint::row(&tx, lane.endpoint).await)? else {
        return Ok(None);
    };
    let now = tx.now().await?;
    // Half open: a time that is past lets one attempt through.
    if !row.enabled || row.open_until.is_some_and(|until| until > now) {
        return Ok(None);
    }
    if signing
        .as_ref()
        .is_none_or(|(version, _)| *version != row.secrets_version)
    {
        let signers = secret::signers(service, &tx, lane.endpoint).await?;
        *signing = Some((row.secrets_version, signers));
    }
    let Some((_, signers)) = signing.as_ref() else {
        return Ok(None);
    };
    let due = due(&tx, lane, health(&row).at_once()).await?;
    if due.is_empty() {
        return Ok(None);
    }
    tx.commit().await?;
    let posts = due
        .into_iter()
        .map(|due| taken(lane, due, now, signers))
        .collect();
    let url = Url::parse(&row.url).map_err(Error::internal)?;
    Ok(Some(Batch { url, posts }))
}

async fn hold(tx: &TenantTx, lane: &Lane) -> Result<bool, Error> {
    let held = tx
        .execute(
            "UPDATE webhook_lane SET leased_until = tillpost_now() + make_interval(secs => $4)
              WHERE {mine} AND endpoint_id = $2 AND holder = $3",
            vec![
                lane.endpoint.into(),
                lane.holder.clone().into(),
                LEASE_SECONDS.into(),
            ],
        )
        .await?;
    Ok(held.rows_affected() > 0)
}

// An endpoint that was deleted meanwhile.
fn sound(row: Result<Model, Error>) -> Result<Option<Model>, Error> {
    match row {
        Err(Error::NotFound) => Ok(None),
        other => other.map(Some),
    }
}

async fn due(tx: &TenantTx, lane: &Lane, most: usize) -> Result<Vec<Due>, Error> {
    let mut due = tx
        .query_as::<Due>(
            statements::TAKE,
            vec![
                lane.endpoint.into(),
                i64::try_from(most).unwrap_or(1).into(),
            ],
        )
        .await?;
    due.sort_by_key(|due| due.message.number);
    Ok(due)
}

fn taken(lane: &Lane, due: Due, now: DateTime<Utc>, signers: &[Signer]) -> Taken {
    let id = due.message.message_id;
    let body = due.message.body(lane.tenant);
    let (name, timestamp) = (id.to_string(), now.timestamp());
    Taken {
        id,
        number: due.attempts,
        tries: due.tries,
        post: Post {
            signature: signature::header(signers, &name, timestamp, &body),
            id: name,
            timestamp,
            body,
        },
    }
}

// What came of a batch, in one transaction; tells whether the next may follow at once.
async fn settle(
    service: &Service,
    lane: &Lane,
    attempts: Vec<(WebhookMessageId, i32, i32, Attempted)>,
) -> Result<bool, Error> {
    let tx = service.tenant(lane.tenant).await?;
    if !hold(&tx, lane).await? {
        // Somebody else has the lane, and will send again what we do not write down.
        return Ok(false);
    }
    let outcomes: Vec<Value> = attempts.iter().map(outcome).collect();
    tx.execute(
        statements::SETTLE,
        vec![lane.endpoint.into(), Value::Array(outcomes).into()],
    )
    .await?;
    let answers: Vec<Answer> = attempts
        .iter()
        .map(|(_, _, _, attempted)| attempted.answer)
        .collect();
    let goes_on = note(&tx, lane, &answers).await?;
    tx.commit().await?;
    Ok(goes_on)
}

fn outcome((id, number, tries, attempted): &(WebhookMessageId, i32, i32, Attempted)) -> Value {
    let failed_before = u32::try_from(*tries).unwrap_or(0);
    let chance = rand::random_range(0..1000);
    let (state, wait) = match schedule::next(attempted.answer, failed_before, chance) {
        Next::Delivered => ("delivered", None),
        Next::Again { after } => ("waiting", Some(after.as_secs_f64())),
        Next::Dead => ("dead", None),
    };
    json!({
        "message_id": id.0, "number": number, "state": state, "wait_seconds": wait, "outcome": attempted.outcome,
        "http_status": attempted.http_status, "took_ms": i32::try_from(attempted.took.as_millis()).unwrap_or(i32::MAX),
        "detail": attempted.detail, "answer": attempted.shown,
    })
}

// How the endpoint fares after these answers; tells whether it may get more at once.
async fn note(tx: &TenantTx, lane: &Lane, answers: &[Answer]) -> Result<bool, Error> {
    let Some(row) = sound(endpoint::row(tx, lane.endpoint).await)? else {
        return Ok(false);
    };
    let now = tx.now().await?;
    let before = health(&row);
    let mut after = before.clone();
    let given_up = answers
        .iter()
        .filter_map(|answer| after.note(*answer, now))
        .next();
    let told = before.warnings(row.last_failure_at.unwrap_or(now)).0;
    if is_news(&before, &after) {
        write(tx, lane, &after).await?;
    }
    let gives_up = given_up.filter(|_| row.enabled);
    if let Some(why) = gives_up {
        let reason = match why {
            GivenUp::Gone => "gone",
            GivenUp::Failing => "failing",
        };
        endpoint::disable(tx, lane.endpoint, reason).await?;
        let id = lane.endpoint.to_string();
        let detail = json!({ "reason": reason });
        audit::record(tx, OURSELVES, "webhook_endpoint.disabled", &id, detail).await?;
        tracing::warn!(tenant.id = %lane.tenant, endpoint.id = %lane.endpoint, "webhook endpoint {} is disabled: {reason}", lane.endpoint);
    }
    // People are told when it begins to matter, and when it is over.
    if gives_up.is_some() || after.warnings(now).0 != told {
        alert::review(tx).await?;
    }
    Ok(gives_up.is_none() && row.enabled && after.open_until.is_none())
}

fn is_news(before: &Health, after: &Health) -> bool {
    let well = |health: &Health| Health {
        last_success_at: None,
        ..health.clone()
    };
    let seen = |health: &Health| health.last_success_at.unwrap_or_default();
    well(before) != well(after) || seen(after) - seen(before) >= WELL_EVERY
}

async fn write(tx: &TenantTx, lane: &Lane, health: &Health) -> Result<(), Error> {
    tx.execute(
        "UPDATE webhook_endpoint SET last_success_at = $3, last_failure_at = $4, failing_since = $5, failures = $6,
           window_at = $7, window_tries = $8, window_failures = $9, open_until = $10 WHERE {mine} AND id = $2",
        vec![
            lane.endpoint.into(),
            health.last_success_at.into(),
            health.last_failure_at.into(),
            health.failing_since.into(),
            health.failures.into(),
            health.window_at.into(),
            health.window_tries.into(),
            health.window_failures.into(),
            health.open_until.into(),
        ],
    )
    .await?;
    Ok(())
}

// First the lane, so that what is placed meanwhile is placed before we look, or finds the lane free.
async fn give_back(service: &Service, lane: &Lane) -> Result<(), Error> {
    let tx = service.tenant(lane.tenant).await?;
    if !hold(&tx, lane).await? {
        return Ok(());
    }
    tx.execute(statements::GIVE_BACK, vec![lane.endpoint.into()])
        .await?;
    tx.commit().await?;
    Ok(())
}
