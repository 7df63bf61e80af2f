//! The lists that the mapping stands on, as a dry run looks at them: what changed in them is asked for where they were not read
//! within the last minutes.

use super::look_up::{self, PATIENCE, Trouble};
use super::numbers::Held;
use crate::chart::{self, Question};
use crate::error::Error;
use crate::{Service, bell};
use chrono::{DateTime, Utc};
use entity::connection::Model as Connection;
use entity::id::TenantId;
use entity::store::TenantTx;
use quickbooks::{Changes, Company};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

/// How current the accounts, Locations and Classes are that the mapping was looked at against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DryRunLists)]
pub struct Lists {
    /// The moment whose lists these are: minutes ago at the most, unless `detail` says why not; none where they were never read.
    pub read_at: Option<DateTime<Utc>>,
    /// Why QuickBooks did not tell what changed since; none where it did, or the lists were read minutes ago.
    pub detail: Option<String>,
}

/// Whether a look is due, and why none was made.
pub(super) struct Look {
    pub(super) is_due: bool,
    detail: Option<String>,
}

impl Look {
    /// Due, where one is wanted and the lists were read longer ago.
    pub(super) async fn of(
        tx: &TenantTx,
        connection: &Connection,
        is_wanted: bool,
    ) -> Result<Self, Error> {
        Ok(Self {
            is_due: is_wanted && !chart::is_fresh(tx, connection).await?,
            detail: (!is_wanted).then(|| "the lists were not to be read".to_owned()),
        })
    }

    /// Why a look that is due is not made.
    pub(super) fn stop(&mut self, why: &str) {
        if self.is_due {
            self.is_due = false;
            self.detail = Some(why.to_owned());
        }
    }

    /// What is told of the lists, once it is known when they were read.
    pub(super) fn told(self, read_at: Option<DateTime<Utc>>) -> Lists {
        Lists {
            read_at,
            detail: self.detail,
        }
    }

    /// Looks, and writes down what changed. Only a refused token is trouble: without the look, the lists are taken as they were known
    /// before.
    pub(super) async fn make(
        &mut self,
        service: &Service,
        tenant: TenantId,
        connection: &Connection,
        company: &Company,
        until: Instant,
        held: &mut Held,
    ) -> Result<Result<(), Trouble>, Error> {
        let question = Question::of(&service.tenant(tenant).await?, connection).await?;
        let Some(question) = question else {
            self.stop(
                "QuickBooks cannot tell what changed since the lists were read; import them again to have them as they are now",
            );
            return Ok(Ok(()));
        };
        if !look_up::leave(service, connection, until).await {
            self.stop(&Trouble::busy().to_string());
            return Ok(Ok(()));
        }
        match tokio::time::timeout_at(until + PATIENCE, question.ask(company)).await {
            Ok(Ok(changes)) => {
                held.count_read(true);
                learn(service, tenant, connection, &changes).await?;
                if changes == Changes::TooMany {
                    self.stop(
                        "more changed than QuickBooks tells at once; the lists are being read whole, try again later",
                    );
                }
                self.is_due = false;
            }
            Ok(Err(failure)) => match Trouble::of(&failure) {
                Trouble::Refused => return Ok(Err(Trouble::Refused)),
                trouble => self.stop(&trouble.to_string()),
            },
            Err(_) => self.stop(&Trouble::late().to_string()),
        }
        Ok(Ok(()))
    }
}

async fn learn(
    service: &Service,
    tenant: TenantId,
    connection: &Connection,
    changes: &Changes,
) -> Result<(), Error> {
    let tx = service.tenant(tenant).await?;
    chart::learn(&tx, connection, changes).await?;
    // What is read whole is read by a turn.
    let is_turned_to = *changes == Changes::TooMany;
    if is_turned_to {
        bell::wake(&tx).await?;
    }
    tx.commit().await?;
    if is_turned_to {
        service.ring(tenant).await;
    }
    Ok(())
}
