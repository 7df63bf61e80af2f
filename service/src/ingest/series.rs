//! Document numbers: the tenant's own series, which steps over the numbers that events brought with them.

use crate::error::Error;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::HashSet;

/// Document numbers: the tenant's own series, which steps over the numbers that events brought with them.
pub(super) struct Series {
    next: i64,
    pub(super) taken: HashSet<String>,
    /// What events of this request ask for: given to no other.
    reserved: HashSet<String>,
}

impl Series {
    pub(super) async fn lock(tx: &TenantTx) -> Result<Self, Error> {
        #[derive(FromQueryResult)]
        struct Row {
            next_number: i64,
        }
        let row = tx
            .query_as::<Row>(
                "SELECT next_number FROM number_series WHERE {mine} FOR UPDATE",
                vec![],
            )
            .await?
            .pop()
            .ok_or(Error::NotFound)?;
        Ok(Self {
            next: row.next_number,
            taken: HashSet::new(),
            reserved: HashSet::new(),
        })
    }

    // Learns which of the numbers that may be given now are taken: those that were asked for, and the stretch of the series.
    pub(super) async fn avoid(
        &mut self,
        tx: &TenantTx,
        wanted: Vec<String>,
        events: usize,
    ) -> Result<(), Error> {
        #[derive(FromQueryResult)]
        struct Row {
            number: String,
        }
        self.reserved.extend(wanted.iter().cloned());
        let mut numbers = wanted;
        let mut from = self.next;
        let mut free = 0;
        while free < events {
            let stretch: Vec<String> = (from..).take(events).map(|n| n.to_string()).collect();
            from += i64::try_from(stretch.len()).map_err(Error::internal)?;
            numbers.extend(stretch.iter().cloned());
            let taken = tx
                .query_as::<Row>(
                    // One step into the unique index for each number, as where events are looked up.
                    "SELECT asked.number FROM unnest($2::text[]) AS asked(number), LATERAL
                       (SELECT e.number FROM event e WHERE {mine:e} AND e.number >= asked.number
                         ORDER BY e.number LIMIT 1) AS next
                      WHERE next.number = asked.number",
                    vec![std::mem::take(&mut numbers).into()],
                )
                .await?;
            self.taken.extend(taken.into_iter().map(|row| row.number));
            free += stretch
                .iter()
                .filter(|n| !self.taken.contains(*n) && !self.reserved.contains(*n))
                .count();
        }
        Ok(())
    }

    pub(super) fn give(&mut self, wanted: Option<&str>) -> Result<String, String> {
        if let Some(number) = wanted {
            return if self.taken.insert(number.to_owned()) {
                Ok(number.to_owned())
            } else {
                Err(format!(
                    "number {number} belongs to another event; send another number, or leave it out to have one given"
                ))
            };
        }
        loop {
            let number = self.next.to_string();
            self.next += 1;
            if !self.reserved.contains(&number) && self.taken.insert(number.clone()) {
                return Ok(number);
            }
        }
    }

    pub(super) async fn keep(&self, tx: &TenantTx) -> Result<(), Error> {
        tx.execute(
            "UPDATE number_series SET next_number = $2 WHERE {mine} AND next_number <> $2",
            vec![self.next.into()],
        )
        .await?;
        Ok(())
    }
}
