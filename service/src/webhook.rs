//! What is told to the outside. A message is recorded in the transaction of its fact, numbered in the order of commits.

use crate::error::Error;
use entity::id::WebhookMessageId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An alert was opened.
    AlertOpened,
    /// An alert's cause is gone.
    AlertClosed,
}

impl Kind {
    /// Its name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlertOpened => "alert.opened",
            Self::AlertClosed => "alert.closed",
        }
    }
}

/// Records a message. The tenant's next one waits until this transaction ends, so that numbers follow commits.
///
/// # Errors
/// The database's.
pub(crate) async fn record(
    tx: &TenantTx,
    kind: Kind,
    data: serde_json::Value,
) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Series {
        last_number: i64,
    }
    let series = tx
        .query_as::<Series>(
            "INSERT INTO webhook_series (tenant_id, last_number) VALUES ($1, 1)
               ON CONFLICT (tenant_id) DO UPDATE SET last_number = webhook_series.last_number + 1
               RETURNING last_number",
            vec![],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    tx.execute(
        "INSERT INTO webhook_message (tenant_id, id, number, type, data) VALUES ($1, $2, $3, $4, $5)",
        vec![
            WebhookMessageId::new().into(),
            series.last_number.into(),
            kind.as_str().into(),
            data.into(),
        ],
    )
    .await?;
    Ok(())
}
