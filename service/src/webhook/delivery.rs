//! The delivery log, and sending again what was sent before.

use super::endpoint;
use crate::access::Caller;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::{Service, audit};
use chrono::{DateTime, Utc};
use entity::id::{TenantId, WebhookEndpointId, WebhookMessageId};
use entity::store::TenantTx;
use entity::webhook_delivery::{Column, Entity, Model};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Messages that one request sends again.
const REPLAYED_MOST: i64 = 10_000;
/// Attempts that are told of one delivery, the latest.
const ATTEMPTS_TOLD: i64 = 100;

/// A message on its way to an endpoint.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct Delivery {
    /// The message's id, which every attempt carries as `webhook-id`.
    pub id: WebhookMessageId,
    /// The message's number.
    #[schema(minimum = 1, example = 42)]
    pub number: i64,
    /// The message's type.
    #[serde(rename = "type")]
    #[schema(example = "alert.opened")]
    pub kind: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// `waiting`, `delivered`, or `dead`: tried often enough, kept, and sent again when somebody asks.
    #[schema(example = "delivered")]
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// When it is tried next, unless the endpoint is paused or disabled.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the endpoint answered last.
    #[schema(example = 200)]
    pub http_status: Option<i32>,
    /// When it was delivered, or given up.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A delivery with its message and its attempts.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryDetail)]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// What the message tells.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// What was tried, the latest last; of very many, the latest.
    pub log: Vec<Attempt>,
}

/// One attempt.
#[derive(Debug, Clone, Serialize, ToSchema, FromQueryResult)]
#[schema(as = WebhookAttempt)]
pub struct Attempt {
    /// Counts the attempts of this delivery, from 1.
    pub number: i32,
    /// When it was about to leave.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it is under way, or where the worker ended before it.
    pub finished_at: Option<DateTime<Utc>>,
    /// `delivered`, `refused` (it answered with anything but 2xx), `timed_out`, `unreachable`, or `not_allowed` (its name
    /// leads to an address that is not of the public internet).
    #[schema(example = "delivered")]
    pub outcome: Option<String>,
    /// What it answered.
    #[schema(example = 200)]
    pub http_status: Option<i32>,
    /// How long it took, in milliseconds.
    #[schema(example = 84)]
    pub took_ms: Option<i32>,
    /// What went wrong, in words.
    pub detail: Option<String>,
    /// How its answer began.
    pub answer: Option<String>,
}

/// Which messages are sent again: since a time, or a range of numbers, or both.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayWebhookMessages)]
pub struct Replay {
    /// Those of what happened at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Those with this number or a higher one.
    #[schema(minimum = 1, example = 40)]
    pub from_number: Option<i64>,
    /// Those with this number or a lower one.
    #[schema(minimum = 1, example = 49)]
    pub to_number: Option<i64>,
    /// Only those that have not been delivered to the endpoint.
    #[serde(default)]
    pub undelivered_only: bool,
}

/// What a replay has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReplayedWebhookMessages)]
pub struct Replayed {
    /// Messages that go out now.
    pub messages: i64,
    /// The lowest number of them.
    pub from_number: Option<i64>,
    /// The highest number of them.
    pub to_number: Option<i64>,
    /// Whether there are more: ask again from the next number.
    pub more: bool,
}

impl From<Model> for Delivery {
    fn from(row: Model) -> Self {
        Self {
            id: row.message_id,
            number: row.number,
            kind: row.r#type,
            occurred_at: row.occurred_at,
            state: row.state,
            attempts: row.attempts,
            next_attempt_at: row.due_at,
            http_status: row.http_status,
            settled_at: row.settled_at,
        }
    }
}

/// What was and is on its way to an endpoint, newest first; `state` narrows it to `waiting`, `delivered` or `dead`.
///
/// # Errors
/// [`Error::NotFound`]; `invalid_state`, `invalid_cursor`, `invalid_limit`.
pub async fn deliveries(
    service: &Service,
    tenant: TenantId,
    id: WebhookEndpointId,
    state: Option<&str>,
    query: &PageQuery,
) -> Result<Page<Delivery>, Error> {
    let tx = service.tenant(tenant).await?;
    endpoint::row(&tx, id).await?;
    let mut read = tx.find::<Entity>().filter(Column::EndpointId.eq(id));
    if let Some(state) = state {
        if !matches!(state, "waiting" | "delivered" | "dead") {
            return Err(Error::invalid(
                "invalid_state",
                "state",
                format!(
                    "`{state}` is no state of a delivery; use `waiting`, `delivered` or `dead`"
                ),
            ));
        }
        read = read.filter(Column::State.eq(state));
    }
    let cursors = Cursors::of(service, tenant, "webhook deliveries");
    let rows = tx
        .all(query.newest_first(cursors, read, Column::PlacedAt, Column::MessageId)?)
        .await?;
    Ok(query.page(
        cursors,
        rows,
        |row| (row.placed_at, row.message_id.0),
        Delivery::from,
    ))
}

/// A delivery with its attempts.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delivery(
    service: &Service,
    tenant: TenantId,
    id: WebhookEndpointId,
    message: WebhookMessageId,
) -> Result<DeliveryDetail, Error> {
    #[derive(FromQueryResult)]
    struct Told {
        data: serde_json::Value,
    }
    let tx = service.tenant(tenant).await?;
    let row = row(&tx, id, message).await?;
    let told = tx
        .query_as::<Told>(
            "SELECT data FROM webhook_message WHERE {mine} AND id = $2",
            vec![message.into()],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    let mut log = tx
        .query_as::<Attempt>(
            "SELECT number, started_at, finished_at, outcome, http_status, took_ms, detail, answer FROM webhook_attempt
              WHERE {mine} AND endpoint_id = $2 AND message_id = $3 ORDER BY number DESC LIMIT $4",
            vec![id.into(), message.into(), ATTEMPTS_TOLD.into()],
        )
        .await?;
    log.reverse();
    Ok(DeliveryDetail {
        delivery: row.into(),
        data: told.data,
        log,
    })
}

/// Sends one message again, whatever became of it before, under its own id.
///
/// # Errors
/// [`Error::NotFound`]; `endpoint_disabled`.
pub async fn replay_one(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: WebhookEndpointId,
    message: WebhookMessageId,
) -> Result<Delivery, Error> {
    let tx = service.tenant(tenant).await?;
    row(&tx, id, message).await?;
    endpoint::enabled(&tx, id).await?;
    wake(&tx, id).await?;
    tx.execute(
        "UPDATE webhook_delivery SET state = 'waiting', due_at = tillpost_now(), tries = 0, settled_at = NULL
          WHERE {mine} AND endpoint_id = $2 AND message_id = $3",
        vec![id.into(), message.into()],
    )
    .await?;
    note(&tx, caller, id, json!({ "message_id": message })).await?;
    let replayed = row(&tx, id, message).await?;
    tx.commit().await?;
    Ok(replayed.into())
}

/// Sends messages again, or for the first time where the endpoint was not there yet: those it wants, each under its own id.
///
/// # Errors
/// [`Error::NotFound`]; `nothing_chosen`, `invalid_range`; `endpoint_disabled`.
pub async fn replay(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: WebhookEndpointId,
    request: &Replay,
) -> Result<Replayed, Error> {
    #[derive(FromQueryResult)]
    struct Placed {
        messages: i64,
        from_number: Option<i64>,
        to_number: Option<i64>,
    }
    check(request)?;
    let tx = service.tenant(tenant).await?;
    endpoint::enabled(&tx, id).await?;
    wake(&tx, id).await?;
    let placed = tx
        .query_as::<Placed>(
            "WITH chosen AS (
               SELECT m.id, m.number, m.type, m.occurred_at FROM webhook_message m JOIN webhook_endpoint e ON {mine:e} AND e.id = $2
                WHERE {mine:m} AND m.number IS NOT NULL
                  AND CASE WHEN m.only_endpoint IS NULL THEN e.types = '{}' OR m.type = ANY (e.types) ELSE m.only_endpoint = $2 END
                  AND ($3::timestamptz IS NULL OR m.occurred_at >= $3)
                  AND ($4::bigint IS NULL OR m.number >= $4) AND ($5::bigint IS NULL OR m.number <= $5)
                  AND NOT ($6 AND EXISTS (SELECT FROM webhook_delivery d WHERE {mine:d} AND d.endpoint_id = $2
                    AND d.message_id = m.id AND d.state = 'delivered'))
                ORDER BY m.number LIMIT $7),
             placed AS (
               INSERT INTO webhook_delivery AS d (tenant_id, endpoint_id, message_id, number, type, occurred_at)
                 SELECT $1, $2, id, number, type, occurred_at FROM chosen
                 ON CONFLICT (tenant_id, endpoint_id, message_id) DO UPDATE
                   SET state = 'waiting', due_at = tillpost_now(), tries = 0, settled_at = NULL
                 RETURNING d.number)
             SELECT count(*) AS messages, min(number) AS from_number, max(number) AS to_number FROM placed",
            vec![
                id.into(),
                request.since.into(),
                request.from_number.into(),
                request.to_number.into(),
                request.undelivered_only.into(),
                REPLAYED_MOST.into(),
            ],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    let detail = json!({ "messages": placed.messages, "from_number": placed.from_number, "to_number": placed.to_number });
    note(&tx, caller, id, detail).await?;
    tx.commit().await?;
    Ok(Replayed {
        more: placed.messages == REPLAYED_MOST,
        messages: placed.messages,
        from_number: placed.from_number,
        to_number: placed.to_number,
    })
}

fn check(request: &Replay) -> Result<(), Error> {
    let Replay {
        since,
        from_number,
        to_number,
        ..
    } = request;
    if since.is_none() && from_number.is_none() && to_number.is_none() {
        return Err(Error::invalid(
            "nothing_chosen",
            "since",
            "say which messages: `since` a time, or `from_number` and `to_number`",
        ));
    }
    for (field, number) in [("from_number", from_number), ("to_number", to_number)] {
        if number.is_some_and(|number| number < 1) {
            return Err(Error::invalid(
                "invalid_range",
                field,
                "numbers begin at 1; write one from there up",
            ));
        }
    }
    if let (Some(from), Some(to)) = (from_number, to_number)
        && from > to
    {
        return Err(Error::invalid(
            "invalid_range",
            "to_number",
            format!("{to} is lower than `from_number`, which is {from}; turn them round"),
        ));
    }
    // What the database cannot hold is no time of ours.
    if since.is_some_and(|at| !(0..=7_258_118_400).contains(&at.timestamp())) {
        return Err(Error::invalid(
            "invalid_range",
            "since",
            "the time lies before 1970 or after 2200; name another",
        ));
    }
    Ok(())
}

// First the lane: whoever settles or gives back holds it.
async fn wake(tx: &TenantTx, id: WebhookEndpointId) -> Result<(), Error> {
    tx.execute(
        "UPDATE webhook_lane SET due_at = least(due_at, greatest(tillpost_now(), not_before)) WHERE {mine} AND endpoint_id = $2",
        vec![id.into()],
    )
    .await?;
    Ok(())
}

async fn note(
    tx: &TenantTx,
    caller: &Caller,
    id: WebhookEndpointId,
    detail: serde_json::Value,
) -> Result<(), Error> {
    audit::record(
        tx,
        caller.actor(),
        "webhook_messages.replayed",
        &id.to_string(),
        detail,
    )
    .await
}

async fn row(
    tx: &TenantTx,
    id: WebhookEndpointId,
    message: WebhookMessageId,
) -> Result<Model, Error> {
    endpoint::row(tx, id).await?;
    tx.one(
        tx.find::<Entity>()
            .filter(Column::EndpointId.eq(id))
            .filter(Column::MessageId.eq(message)),
    )
    .await?
    .ok_or(Error::NotFound)
}
