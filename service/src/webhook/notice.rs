//! What messages hold: the change, its ids, and where more is read. Thin on purpose: a receiver that wants the books asks.

use super::{Kind, record};
use crate::alert::Alert;
use crate::error::Error;
use crate::{connection, past_sync, sync};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{EventId, PastSyncId, TenantId, WebhookEndpointId, WebhookMessageId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident of $data:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, ToSchema)]
        pub struct $name {
            /// What happened.
            #[serde(rename = "type")]
            pub kind: String,
            /// When it happened.
            pub timestamp: DateTime<Utc>,
            /// In the order in which things happened: each message of a tenant has the next number.
            #[schema(minimum = 1, example = 42)]
            pub number: i64,
            /// Whose it is.
            pub tenant_id: TenantId,
            /// What it is about.
            pub data: $data,
        }
    )+};
}

messages! {
    /// An alert was opened or closed.
    AlertMessage of Alert;
    /// An event came to an end.
    EventMessage of EventNotice;
    /// A past sync came to an end.
    PastSyncMessage of PastSyncNotice;
    /// The connection changed.
    ConnectionMessage of ConnectionNotice;
    /// The sync changed.
    SyncMessage of SyncNotice;
    /// A test.
    TestMessage of TestNotice;
}

/// An event that came to an end.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventNotice {
    /// Its id.
    pub id: EventId,
    /// The source's own id.
    #[schema(example = "tkt_1001")]
    pub external_id: String,
    /// Its kind of transaction.
    #[serde(rename = "type")]
    #[schema(example = "ticket")]
    pub kind: String,
    /// Its number, which is its journal entry's too.
    #[schema(example = "100001")]
    pub number: String,
    /// When it occurred.
    pub occurred_at: DateTime<Utc>,
    /// `synced` or `failed`.
    #[schema(example = "synced")]
    pub status: String,
    /// Of a failed one: the code of its problem.
    #[schema(example = "missing_mappings")]
    pub problem_code: Option<String>,
    /// Of a failed one: what is wrong, in words.
    pub problem_detail: Option<String>,
    /// Of a synced one: the company, by Intuit's realm ID.
    #[schema(example = "9341453474484455")]
    pub company_id: Option<String>,
    /// Of a synced one: its entry's id in QuickBooks.
    #[schema(example = "228")]
    pub qbo_id: Option<String>,
    /// Where it is read.
    #[schema(
        example = "/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t/events/evt_01jd5zk8x9e3qr0v7m2c4n6p8t"
    )]
    pub link: String,
}

/// A past sync that came to an end.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PastSyncNotice {
    /// Its id.
    pub id: PastSyncId,
    /// The first day of its window.
    pub from_date: NaiveDate,
    /// The last day.
    pub to_date: NaiveDate,
    /// Whether it was cancelled before.
    pub cancelled: bool,
    /// Events that it queued.
    pub events: i64,
    /// Of those, in the books.
    pub synced: i64,
    /// Of those, failed.
    pub failed: i64,
    /// Of those, skipped: there was nothing to post.
    pub skipped: i64,
    /// Where it is read.
    #[schema(
        example = "/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t/past-syncs/pas_01jd5zk8x9e3qr0v7m2c4n6p8t"
    )]
    pub link: String,
}

/// The connection, as it stands since.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionNotice {
    /// `connected`, `action_required` or `disconnected`.
    #[schema(example = "action_required")]
    pub state: String,
    /// Why a person must act; the code of the alert.
    #[schema(example = "authentication_lost")]
    pub problem_code: Option<String>,
    /// The company, by Intuit's realm ID.
    #[schema(example = "9341453474484455")]
    pub company_id: String,
    /// The company's name.
    #[schema(example = "Harbour Street Outfitters, Inc.")]
    pub company_name: String,
    /// Where it is read.
    #[schema(example = "/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t/connection")]
    pub link: String,
}

/// The sync, as it stands since.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncNotice {
    /// Whether it runs.
    pub running: bool,
    /// When it was started last.
    pub started_at: Option<DateTime<Utc>>,
    /// Where it is read.
    #[schema(example = "/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t/sync")]
    pub link: String,
}

/// A test.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestNotice {
    /// The endpoint that it is for.
    pub endpoint_id: WebhookEndpointId,
    /// Who asked for it.
    #[schema(example = "key_01jd5zk8x9e3qr0v7m2c4n6p8t")]
    pub requested_by: String,
}

/// The connection stands otherwise than before: whoever changed its state calls this in the same transaction.
pub(crate) async fn connection_changed(tx: &TenantTx) -> Result<(), Error> {
    let Some(row) = connection::current(tx).await? else {
        return Ok(());
    };
    let notice = ConnectionNotice {
        problem_code: row.problem_code.filter(|_| row.state == "action_required"),
        state: row.state,
        company_id: row.company_id,
        company_name: row.company_name,
        link: link(tx, "/connection"),
    };
    record(tx, Kind::ConnectionChanged, json!(notice)).await
}

/// The sync was started or stopped.
pub(crate) async fn sync_changed(tx: &TenantTx) -> Result<(), Error> {
    let row = sync::row(tx).await?;
    let notice = SyncNotice {
        running: row.running,
        started_at: row.started_at,
        link: link(tx, "/sync"),
    };
    record(tx, Kind::SyncChanged, json!(notice)).await
}

/// These past syncs have ended in this transaction.
pub(crate) async fn past_syncs_finished(
    tx: &TenantTx,
    ended: Vec<entity::past_sync::Model>,
) -> Result<(), Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let counts = past_sync::count(tx, &ended).await?;
    for row in ended {
        let counts = counts.get(&row.id).copied().unwrap_or_default();
        let notice = PastSyncNotice {
            id: row.id,
            from_date: row.from_date,
            to_date: row.to_date,
            cancelled: row.cancelled_at.is_some(),
            events: row.events,
            synced: counts.synced,
            failed: counts.failed,
            skipped: counts.skipped,
            link: link(tx, &format!("/past-syncs/{}", row.id)),
        };
        record(tx, Kind::PastSyncFinished, json!(notice)).await?;
    }
    Ok(())
}

/// Of these events, those that are synced or failed since are told of where an endpoint wants to hear of it: one look-up
/// where none does. It takes no lock that another fact of the tenant could wait for.
///
/// # Errors
/// The database's.
pub(crate) async fn events(tx: &TenantTx, ids: &[EventId]) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: EventId,
        external_id: String,
        r#type: String,
        number: String,
        occurred_at: DateTime<Utc>,
        status: String,
        problem_code: Option<String>,
        problem_detail: Option<String>,
        company_id: Option<String>,
        qbo_id: Option<String>,
    }
    if ids.is_empty() {
        return Ok(());
    }
    let places: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let mut rows = tx
        .query_as::<Row>(
            // The first line is read once, and where it finds nobody nothing else is. An endpoint that is disabled may ask for a
            // replay when it is enabled again.
            "WITH wanted AS MATERIALIZED (
               SELECT bool_or(types = '{}' OR 'event.synced' = ANY (types)) AS synced,
                      bool_or(types = '{}' OR 'event.failed' = ANY (types)) AS failed
                 FROM webhook_endpoint WHERE {mine} AND deleted_at IS NULL)
             SELECT e.id, e.external_id, e.type, e.number, e.occurred_at, e.status, e.problem_code, e.problem_detail,
                    j.company_id, j.qbo_id
               FROM event e LEFT JOIN LATERAL (
                 SELECT j.company_id, j.qbo_id FROM journal_entry j
                  WHERE {mine:j} AND j.event_id = e.id AND j.state = 'posted' AND e.status = 'synced'
                  ORDER BY j.settled_at DESC LIMIT 1) AS j ON true
              WHERE (SELECT synced OR failed FROM wanted) AND {mine:e} AND e.id = ANY ($2)
                AND CASE e.status WHEN 'synced' THEN (SELECT synced FROM wanted)
                                  WHEN 'failed' THEN (SELECT failed FROM wanted) ELSE false END",
            vec![places.into()],
        )
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let messages: Vec<serde_json::Value> = rows
        .into_iter()
        .map(|row| {
            let kind = if row.status == "synced" {
                Kind::EventSynced
            } else {
                Kind::EventFailed
            };
            let notice = EventNotice {
                link: link(tx, &format!("/events/{}", row.id)),
                id: row.id,
                external_id: row.external_id,
                kind: row.r#type,
                number: row.number,
                occurred_at: row.occurred_at,
                status: row.status,
                problem_code: row.problem_code,
                problem_detail: row.problem_detail,
                company_id: row.company_id,
                qbo_id: row.qbo_id,
            };
            json!({ "id": WebhookMessageId::new().0, "type": kind.as_str(), "data": notice })
        })
        .collect();
    tx.execute(
        "INSERT INTO webhook_message (tenant_id, id, type, data)
           SELECT $1, m.id, m.type, m.data FROM jsonb_to_recordset($2) AS m(id uuid, type text, data jsonb)",
        vec![serde_json::Value::Array(messages).into()],
    )
    .await?;
    Ok(())
}

fn link(tx: &TenantTx, rest: &str) -> String {
    format!("/v1/tenants/{}{rest}", tx.tenant())
}
