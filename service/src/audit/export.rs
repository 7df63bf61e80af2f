//! The audit log as a file: one record a line, in the order and the form that its chain is checked in.

use super::{AuditRecord, chain};
use crate::Service;
use crate::error::Error;
use entity::audit_record::{Column, Entity};
use entity::id::TenantId;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// Records in a slice, each read in a transaction of its own.
const SLICE: u64 = 1000;

/// An export under way.
#[derive(Debug)]
pub struct Export {
    service: Service,
    tenant: TenantId,
    after: i64,
    ended: bool,
}

/// The records after the one with the number `after`, or all of them.
///
/// # Errors
/// `invalid_sequence`.
pub fn export(service: &Service, tenant: TenantId, after: Option<u64>) -> Result<Export, Error> {
    let after = i64::try_from(after.unwrap_or(0)).map_err(|_| {
        Error::invalid(
            "invalid_sequence",
            "after",
            "no record has such a number; give the number of the last record you have, or leave it out",
        )
    })?;
    Ok(Export {
        service: service.clone(),
        tenant,
        after,
        ended: false,
    })
}

impl Export {
    /// The next lines; `None` after the last.
    ///
    /// # Errors
    /// The database does not answer: what was given so far is not all.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let mut lines = Vec::new();
        for record in self.slice().await? {
            let line = chain::canonical(&record)
                .ok_or_else(|| Error::internal("a record has no canonical form"))?;
            lines.extend(line);
            lines.push(b'\n');
        }
        Ok(Some(lines))
    }

    /// The next records; none after the last.
    pub(super) async fn slice(&mut self) -> Result<Vec<AuditRecord>, Error> {
        let tx = self.service.tenant(self.tenant).await?;
        let rows = tx
            .all(
                tx.find::<Entity>()
                    .filter(Column::Sequence.gt(self.after))
                    .order_by_asc(Column::Sequence)
                    .limit(SLICE),
            )
            .await?;
        self.ended = (rows.len() as u64) < SLICE;
        self.after = rows.last().map_or(self.after, |row| row.sequence);
        Ok(rows.into_iter().map(AuditRecord::from).collect())
    }
}
