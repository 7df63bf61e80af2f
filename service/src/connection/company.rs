//! A company consented: it becomes the tenant's connection, or is refused.

use super::{Outcome, current, home_currency, link};
use crate::alert;
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::{Service, audit, bell, chart, grant, past_sync, sync, webhook};
use entity::authorization_request;
use entity::connection::Model;
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use quickbooks::{CompanyInfo, Grant, Preferences};
use sea_orm::FromQueryResult;

/// Settles a consent in one transaction: connection, grant, alerts, import of the chart, wake-up.
pub(super) async fn settle(
    service: &Service,
    tenant: TenantId,
    request: &authorization_request::Model,
    company_id: &str,
    grant: &Grant,
    info: &CompanyInfo,
    preferences: &Preferences,
) -> Result<Outcome, Error> {
    let currency = home_currency(preferences);
    if currency.parse::<accounting::Currency>().is_err() {
        tracing::error!(tenant.id = %tenant, "a company keeps its books in {currency}, which is not a known currency");
        return Ok(Outcome::CurrencyUnsupported);
    }
    let tx = service.tenant(tenant).await?;
    // First whoever posts, then whoever takes events in or connects too: each goes before us or after us.
    tx.query(
        "SELECT 1 FROM company_lease WHERE {mine} FOR UPDATE",
        vec![],
    )
    .await?;
    sync::lock(&tx).await?;
    if let Some(id) = request.connection_link_id
        && !link::spend(&tx, id).await?
    {
        return Ok(Outcome::LinkSpent);
    }
    let mut left = None;
    let present = current(&tx).await?;
    if let Some(present) = &present
        && present.company_id != company_id
    {
        if !request.allow_company_change {
            return Ok(Outcome::CompanyMismatch);
        }
        left = grant::refresh_token(service, &tx, present.id).await?;
        leave(&tx, present, &request.requested_by).await?;
    }
    let id = match upsert(&tx, company_id, info, preferences).await {
        Ok(id) => id,
        Err(Error::Internal(source)) if is_taken(source.as_ref()) => {
            return Ok(Outcome::CompanyTaken);
        }
        Err(error) => return Err(error),
    };
    grant::store(service, &tx, id, grant).await?;
    // Consent that changes nothing but the grant is no news.
    let was_well = present.is_some_and(|present| present.state == "connected" && present.id == id);
    if !was_well {
        webhook::connection_changed(&tx).await?;
    }
    alert::review(&tx).await?;
    chart::queue_import(&tx, company_id, &request.requested_by).await?;
    bell::wake(&tx).await?;
    audit::record(
        &tx,
        &request.requested_by,
        "connection.connected",
        &id.to_string(),
        serde_json::json!({ "company_id": company_id }),
    )
    .await?;
    tx.commit().await?;
    if let Some(token) = left
        && let Err(failure) = service.quickbooks().revoke(&token).await
    {
        tracing::warn!(tenant.id = %tenant, "the grant of the company that was left was not revoked: {failure}");
    }
    Ok(Outcome::Connected)
}

fn is_taken(source: &(dyn std::error::Error + 'static)) -> bool {
    source
        .downcast_ref::<sea_orm::DbErr>()
        .and_then(sea_orm::DbErr::sql_err)
        .is_some_and(|error| matches!(error, sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

async fn upsert(
    tx: &TenantTx,
    company_id: &str,
    info: &CompanyInfo,
    preferences: &Preferences,
) -> Result<ConnectionId, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ConnectionId,
    }
    let rows = tx
        .query_as::<Row>(
            "INSERT INTO connection (tenant_id, id, company_id, company_name, country, home_currency, closing_date,
               guards_numbers, state, is_current)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'connected', true)
             ON CONFLICT (tenant_id, company_id) DO UPDATE SET company_name = excluded.company_name,
               country = excluded.country, home_currency = excluded.home_currency, closing_date = excluded.closing_date,
               guards_numbers = excluded.guards_numbers, preferences_read_at = tillpost_now(), preferences_stale = false,
               state = 'connected', problem_code = NULL, is_current = true, connected_at = tillpost_now(),
               disconnected_at = NULL, closed_through_refused = NULL,
               -- Whoever connected may be allowed what the one before was not: tried at once, with one entry.
               held_until = CASE WHEN connection.held_until IS NOT NULL THEN tillpost_now() END
             RETURNING id",
            vec![
                ConnectionId::new().into(),
                company_id.into(),
                info.name.clone().into(),
                info.country.clone().into(),
                home_currency(preferences).into(),
                preferences.book_close_date.into(),
                preferences.warn_duplicate_journal_number.into(),
            ],
        )
        .await?;
    rows.into_iter()
        .next()
        .map(|row| row.id)
        .ok_or(Error::NotFound)
}

// Everything the old company was told stays with it; in the new one every event is still to come, and the sync stands still.
async fn leave(tx: &TenantTx, present: &Model, actor: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET state = 'disconnected', is_current = false, disconnected_at = tillpost_now()
          WHERE {mine} AND id = $2",
        vec![present.id.into()],
    )
    .await?;
    tx.execute(
        "DELETE FROM connection_grant WHERE {mine} AND connection_id = $2",
        vec![present.id.into()],
    )
    .await?;
    // A holder of the old company must not settle into the new one's state.
    tx.execute(
        "UPDATE company_lease SET fence = fence + 1, expires_at = tillpost_now() WHERE {mine}",
        vec![],
    )
    .await?;
    let stopped = tx
        .execute(
            "UPDATE sync SET running = false, stopped_at = tillpost_now() WHERE {mine} AND running",
            vec![],
        )
        .await?;
    tx.execute("UPDATE sync SET waiting_code = NULL WHERE {mine}", vec![])
        .await?;
    if stopped.rows_affected() > 0 {
        webhook::sync_changed(tx).await?;
    }
    // Its past syncs end with it: what they queued goes back to never synced.
    past_sync::abandon(tx, actor).await?;
    let detail = format!(
        "the tenant left the company {}; in the next one the event is still to come",
        present.company_name
    );
    let unsynced = history::update(
            tx,
            "UPDATE event SET status = 'never_synced', due_at = NULL, problem_code = NULL, problem_detail = NULL, problem_facts = NULL, retried_code = NULL,
               synced_at = NULL, past = false, past_sync_id = NULL, tries = 0, updated_at = tillpost_now()
              WHERE {mine} AND status <> 'never_synced'",
            vec![],
            Change { detail: Some(&detail), ..Change::by(actor, Happened::CompanyLeft) },
        )
        .await?;
    audit::record(
        tx,
        actor,
        "connection.company_changed",
        &present.id.to_string(),
        serde_json::json!({ "from_company_id": present.company_id, "events_unsynced": unsynced }),
    )
    .await
}
