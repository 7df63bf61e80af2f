//! Publishing: messages whose facts are committed get their numbers, and a delivery for each endpoint that wants them.

use super::{Kind, statements};
use crate::Service;
use crate::error::Error;
use entity::id::TenantId;
use entity::store::TenantTx;
use futures::stream::{self, StreamExt, TryStreamExt};
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use uuid::Uuid;

/// Tenants and messages that one look takes; the rest is found by the next.
const TENANTS_MOST: i64 = 500;
const MESSAGES_MOST: i64 = 500;
/// Tenants published at once.
const AT_ONCE: usize = 4;
/// What the platform is told of a tenant's message: where it stands and where to look, and nothing of the books.
const OF_PLATFORM: [&str; 12] = [
    "id",
    "code",
    "problem_code",
    "severity",
    "state",
    "running",
    "company_id",
    "from_date",
    "to_date",
    "cancelled",
    "events",
    "link",
];

/// Publishes what waits; tells how many messages that were. Safe to call at any time, from any number of places.
///
/// # Errors
/// The database does not answer; what was not published is found again.
pub async fn publish(service: &Service) -> Result<usize, Error> {
    #[derive(FromQueryResult)]
    struct Waiting {
        tenant_id: TenantId,
    }
    let tx = service.store().platform().await?;
    let mut waiting = tx
        .query_as::<Waiting>(
            "SELECT DISTINCT tenant_id FROM webhook_message WHERE number IS NULL LIMIT $1",
            vec![TENANTS_MOST.into()],
        )
        .await?;
    drop(tx);
    if waiting.is_empty() {
        return Ok(0);
    }
    let copied = of_platform(service).await?;
    // The platform's own come last: theirs are copies of the others'.
    waiting.sort_by_key(|row| row.tenant_id == TenantId::PLATFORM);
    stream::iter(waiting)
        .map(|row| publish_of(service, row.tenant_id, &copied))
        .buffer_unordered(AT_ONCE)
        .try_fold(0, |sum, published| std::future::ready(Ok(sum + published)))
        .await
}

/// The types that an endpoint of the platform wants, or will when it is enabled again.
async fn of_platform(service: &Service) -> Result<Vec<&'static str>, Error> {
    #[derive(FromQueryResult)]
    struct Wanted {
        types: Vec<String>,
    }
    let tx = service.tenant(TenantId::PLATFORM).await?;
    let endpoints = tx
        .query_as::<Wanted>(
            "SELECT types FROM webhook_endpoint WHERE {mine} AND deleted_at IS NULL",
            vec![],
        )
        .await?;
    Ok(Kind::ALL
        .iter()
        .filter(|kind| !kind.is_of_event() && **kind != Kind::Test)
        .map(|kind| kind.as_str())
        .filter(|kind| {
            endpoints.iter().any(|endpoint| {
                endpoint.types.is_empty() || endpoint.types.iter().any(|wanted| wanted == kind)
            })
        })
        .collect())
}

#[derive(FromQueryResult)]
struct Fresh {
    id: Uuid,
    r#type: String,
    occurred_at: chrono::DateTime<chrono::Utc>,
    data: Option<Value>,
}

async fn publish_of(
    service: &Service,
    tenant: TenantId,
    copied: &[&'static str],
) -> Result<usize, Error> {
    let copied: &[&str] = if tenant == TenantId::PLATFORM {
        &[]
    } else {
        copied
    };
    let tx = service.tenant(tenant).await?;
    if !lock(&tx).await? {
        return Ok(0);
    }
    let wanted: Vec<String> = copied.iter().map(|&kind| kind.to_owned()).collect();
    let fresh = tx
        .query_as::<Fresh>(statements::FRESH, vec![MESSAGES_MOST.into(), wanted.into()])
        .await?;
    if fresh.is_empty() {
        return Ok(0);
    }
    copy(service, tenant, &fresh).await?;
    number(&tx, &fresh).await?;
    tx.commit().await?;
    Ok(fresh.len())
}

// One publishes a tenant's messages at a time, and nobody waits for the other.
async fn lock(tx: &TenantTx) -> Result<bool, Error> {
    tx.execute(
        "INSERT INTO webhook_series (tenant_id, last_number) VALUES ($1, 0) ON CONFLICT DO NOTHING",
        vec![],
    )
    .await?;
    let mine = tx
        .query(
            "SELECT 1 FROM webhook_series WHERE {mine} FOR UPDATE SKIP LOCKED",
            vec![],
        )
        .await?;
    Ok(!mine.is_empty())
}

// To the platform under the same id, and before they are published here: whoever is interrupted does it again, and it is
// there once.
async fn copy(service: &Service, tenant: TenantId, fresh: &[Fresh]) -> Result<(), Error> {
    let copies: Vec<Value> = fresh
        .iter()
        .filter_map(|message| {
            let data = thin(message.data.as_ref()?);
            Some(json!({ "id": message.id, "type": message.r#type, "occurred_at": message.occurred_at, "data": data }))
        })
        .collect();
    if copies.is_empty() {
        return Ok(());
    }
    let platform = service.tenant(TenantId::PLATFORM).await?;
    platform
        .execute(
            "INSERT INTO webhook_message (tenant_id, id, type, occurred_at, data, about_tenant)
               SELECT $1, m.id, m.type, m.occurred_at, m.data, $3
                 FROM jsonb_to_recordset($2) AS m(id uuid, type text, occurred_at timestamptz, data jsonb)
               ON CONFLICT DO NOTHING",
            vec![Value::Array(copies).into(), tenant.into()],
        )
        .await?;
    platform.commit().await?;
    Ok(())
}

fn thin(data: &Value) -> Value {
    let kept = data.as_object().into_iter().flatten();
    kept.filter(|(name, _)| OF_PLATFORM.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

async fn number(tx: &TenantTx, fresh: &[Fresh]) -> Result<(), Error> {
    let ids: Vec<Uuid> = fresh.iter().map(|message| message.id).collect();
    tx.execute(statements::NUMBER, vec![ids.into()]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_told_where_to_look_and_nothing_of_the_books() {
        let data = json!({"id": "alr_x", "code": "missing_mapping", "severity": "error", "state": "open", "events": 3,
            "detail": "No account is mapped for payment[paypal].", "subjects": ["payment[paypal]"],
            "example_event_ids": ["evt_x"], "link": "/v1/tenants/ten_x/readiness"});
        assert_eq!(
            thin(&data),
            json!({"id": "alr_x", "code": "missing_mapping", "severity": "error", "state": "open", "events": 3,
                   "link": "/v1/tenants/ten_x/readiness"})
        );
    }
}
