//! One step of a run: a metered read, and what follows from it. Between two steps live events have their turn.

use super::compare::{self, Scope};
use super::notes::Notes;
use super::plan::{self, Read};
use super::record;
use crate::error::Error;
use crate::posting::Turn;
use chrono::{Days, NaiveDate, TimeDelta};
use entity::reconciliation::Model;
use entity::store::TenantTx;
use quickbooks::{Cause, EntryChanges, Failure, PAGE_ROWS_MAX};
use sea_orm::FromQueryResult;

/// Days that are read where too much changed to be told: the books are looked at a week back at the least.
const DAYS_BACK: u64 = 7;
/// How long a run that QuickBooks did not answer well waits.
const UNWELL: TimeDelta = TimeDelta::seconds(30);

/// What a part says is looked at once more where it was begun longer ago, as before the reads of a day were spent.
const OLD: TimeDelta = TimeDelta::minutes(10);

/// What became of a step.
pub(crate) enum Step {
    /// No run is due.
    Nothing,
    /// There may be more to do.
    More,
    /// The pace of the company does not allow it now; the run stays due.
    Later,
    /// QuickBooks did not answer the read well.
    Trouble(Failure),
}

/// A run under way.
pub(super) struct Run {
    pub(super) row: Model,
}

/// Takes the run that has waited longest one read further. Nothing is read while the company is to be left alone, while there
/// is something to post, or beyond the budget.
pub(crate) async fn run(turn: &Turn<'_>) -> Result<Step, Error> {
    let Some(mut run) = due(turn).await? else {
        return Ok(Step::Nothing);
    };
    if run.row.company_id != turn.lease.company_id {
        let tx = turn.tx().await?;
        run.fail(&tx, "the tenant went to another company").await?;
        tx.commit().await?;
        return Ok(Step::More);
    }
    let notes = Notes::read(run.row.notes.take())?;
    if !turn.may_ask().await {
        return Ok(Step::Later);
    }
    let tx = turn.tx().await?;
    let now = tx.now().await?;
    if let Some(until) = plan::not_before(&tx, &run, now).await? {
        run.pause(tx, until).await?;
        return Ok(Step::More);
    }
    let read = plan::next(&tx, &mut run, &notes, now).await?;
    // A read is counted before it is made: what is lost with this process was used all the same.
    if !run.count(tx, now.date_naive()).await? {
        return Ok(Step::More);
    }
    let company = turn.company();
    let after = match &read {
        Read::Changes(since) => match company.journal_entry_changes(*since).await {
            Ok(answer) => run.changes(notes, answer.value),
            Err(failure) => return run.trouble(turn, failure).await,
        },
        Read::Days { from, to, position } => {
            match company.journal_entries_dated(*from, *to, *position).await {
                Ok(answer) => run.page(notes, &answer.value),
                Err(failure) => return run.trouble(turn, failure).await,
            }
        }
        Read::Entries(ids) => {
            let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
            match company.journal_entries_of(&asked).await {
                Ok(answer) => run.entries(notes, ids, &answer.value),
                Err(failure) => return run.trouble(turn, failure).await,
            }
        }
    };
    run.go_on(turn, after).await?;
    Ok(Step::More)
}

/// What is known after a read.
enum After {
    /// The part goes on.
    Part(Notes),
    /// Too much changed to be told: days are read instead.
    TooMany,
}

// The run that has waited longest, unless the company is to be left alone, or something is to be posted or looked up first.
async fn due(turn: &Turn<'_>) -> Result<Option<Run>, Error> {
    let tx = turn.tx().await?;
    let row = tx
        .query_as::<Model>(
            "SELECT * FROM reconciliation WHERE {mine} AND state IN ('queued', 'running', 'paused') AND due_at <= tillpost_now()
                AND NOT EXISTS (SELECT 1 FROM company_lease l
                  WHERE {mine:l} AND l.company_id = $2 AND l.throttled_until > tillpost_now())
                AND NOT EXISTS (SELECT 1 FROM event e, sync s, connection c
                  WHERE {mine:e} AND {mine:s} AND {mine:c} AND c.is_current AND s.running AND e.status = 'not_synced'
                    AND e.due_at <= tillpost_now() AND (c.held_until IS NULL OR c.held_until <= tillpost_now()))
                AND NOT EXISTS (SELECT 1 FROM journal_entry j
                  WHERE {mine:j} AND j.company_id = $2 AND j.state = 'unknown' AND j.due_at <= tillpost_now())
              ORDER BY due_at, requested_at LIMIT 1",
            vec![turn.lease.company_id.clone().into()],
        )
        .await?
        .pop();
    Ok(row.map(|row| Run { row }))
}

impl Run {
    // Where the read is counted nobody else has gone on with the run meanwhile, and nobody will until it is written down.
    async fn count(&mut self, tx: TenantTx, today: NaiveDate) -> Result<bool, Error> {
        let before = self.row.reads_used;
        self.row.reads_used += 1;
        self.row.reads_today = match self.row.reads_on {
            Some(day) if day == today => self.row.reads_today + 1,
            _ => 1,
        };
        self.row.reads_on = Some(today);
        let done = tx
            .execute(
                "UPDATE reconciliation SET state = 'running', problem_detail = NULL, reads_used = $4, reads_today = $5, reads_on = $6,
                   changes_since = $7, part_to = $8, part_began_at = $9, position = $10
                  WHERE {mine} AND id = $2 AND reads_used = $3 AND state IN ('queued', 'running', 'paused')",
                vec![
                    self.row.id.into(),
                    before.into(),
                    self.row.reads_used.into(),
                    self.row.reads_today.into(),
                    self.row.reads_on.into(),
                    self.row.changes_since.into(),
                    self.row.part_to.into(),
                    self.row.part_began_at.into(),
                    self.row.position.into(),
                ],
            )
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    fn changes(&mut self, mut notes: Notes, changes: EntryChanges) -> After {
        let EntryChanges::Complete {
            entries,
            deleted,
            answered_at,
        } = changes
        else {
            return After::TooMany;
        };
        self.row.changes_through = Some(answered_at);
        self.row.entries_read += length(&entries);
        notes.add(&entries);
        notes.deleted.extend(deleted);
        notes.is_read = true;
        After::Part(notes)
    }

    fn page(&mut self, mut notes: Notes, entries: &[quickbooks::PostedEntry]) -> After {
        self.row.entries_read += length(entries);
        notes.add(entries);
        if entries.len() < PAGE_ROWS_MAX {
            notes.is_read = true;
        } else {
            self.row.position = self.row.position.saturating_add(PAGE_ROWS_MAX as i32);
        }
        After::Part(notes)
    }

    fn entries(
        &mut self,
        mut notes: Notes,
        asked: &[String],
        found: &[quickbooks::PostedEntry],
    ) -> After {
        self.row.entries_read += length(found);
        notes.answer(asked, found);
        After::Part(notes)
    }

    // Compares when the part is known in full, writes down what is known otherwise.
    async fn go_on(&mut self, turn: &Turn<'_>, after: After) -> Result<(), Error> {
        let tx = turn.tx().await?;
        let mut notes = match after {
            After::TooMany => {
                self.read_days_instead(&tx).await?;
                return self.save(tx, None).await;
            }
            After::Part(notes) => notes,
        };
        if !notes.is_read {
            return self.save(tx, Some(&notes)).await;
        }
        let scope = self.scope(turn)?;
        if notes.to_ask.is_empty() {
            compare::complete(&tx, &self.row.company_id, &scope, &mut notes).await?;
        }
        if notes.to_ask.is_empty() && self.is_old(&tx).await? {
            // Somebody may have mended meanwhile what was read long ago: it is looked at once more before it is told.
            notes.to_ask = record::about(&tx, &self.row, &notes).await?;
        }
        if !notes.to_ask.is_empty() {
            return self.save(tx, Some(&notes)).await;
        }
        record::record(&tx, &self.row, &notes).await?;
        self.advance(&tx).await?;
        self.save(tx, None).await
    }

    async fn is_old(&self, tx: &TenantTx) -> Result<bool, Error> {
        let now = tx.now().await?;
        Ok(self
            .row
            .part_began_at
            .is_some_and(|began_at| began_at + OLD < now))
    }

    fn scope(&self, turn: &Turn<'_>) -> Result<Scope, Error> {
        let began_at = self
            .row
            .part_began_at
            .ok_or_else(|| Error::internal("a part that was not begun"))?;
        let quiet = TimeDelta::from_std(turn.service.settings().posting.quiet_period)
            .map_err(Error::internal)?;
        Ok(Scope {
            // What was posted this moment need not show in a query yet.
            settled_until: began_at - quiet,
            settled_since: self
                .row
                .changes_since
                .filter(|_| self.row.phase == "changes"),
            days: self
                .row
                .next_date
                .zip(self.row.part_to)
                .filter(|_| self.row.phase == "days"),
        })
    }

    // Of the window, the days that the changes did not reach: those of which something was posted before them.
    async fn advance(&mut self, tx: &TenantTx) -> Result<(), Error> {
        #[derive(FromQueryResult)]
        struct Row {
            day: Option<NaiveDate>,
        }
        if self.row.phase == "days" {
            self.row.next_date = self.row.part_to.map(|day| day + Days::new(1));
            self.row.part_to = None;
            return Ok(());
        }
        self.row.phase = "days".to_owned();
        if let Some((from, to)) = self.row.from_date.zip(self.row.to_date) {
            let last = tx
                .query_as::<Row>(
                    "SELECT max(accounting_date) AS day FROM journal_entry
                      WHERE {mine} AND company_id = $2 AND state = 'posted' AND accounting_date BETWEEN $3 AND $4
                        AND settled_at < $5",
                    vec![
                        self.row.company_id.clone().into(),
                        from.into(),
                        to.into(),
                        self.row.changes_since.into(),
                    ],
                )
                .await?
                .pop()
                .and_then(|row| row.day);
            self.row.next_date = last.map(|_| from);
            self.row.last_date = last;
        }
        Ok(())
    }

    async fn read_days_instead(&mut self, tx: &TenantTx) -> Result<(), Error> {
        #[derive(FromQueryResult)]
        struct Row {
            first: Option<NaiveDate>,
            last: Option<NaiveDate>,
        }
        self.row.phase = "days".to_owned();
        if let Some((from, to)) = self.row.from_date.zip(self.row.to_date) {
            (self.row.next_date, self.row.last_date) = (Some(from), Some(to));
            return Ok(());
        }
        let today = tx.now().await?.date_naive();
        let posted = tx
            .query_as::<Row>(
                "SELECT min(accounting_date) AS first, max(accounting_date) AS last FROM journal_entry
                  WHERE {mine} AND company_id = $2 AND state = 'posted' AND settled_at >= $3",
                vec![
                    self.row.company_id.clone().into(),
                    self.row.changes_since.into(),
                ],
            )
            .await?
            .pop();
        let back = today - Days::new(DAYS_BACK);
        let first = posted.as_ref().and_then(|row| row.first);
        let last = posted.and_then(|row| row.last);
        self.row.next_date = Some(first.map_or(back, |day| day.min(back)));
        self.row.last_date = Some(last.map_or(today, |day| day.max(today)));
        Ok(())
    }

    async fn save(&mut self, tx: TenantTx, notes: Option<&Notes>) -> Result<(), Error> {
        let days_left = self
            .row
            .next_date
            .zip(self.row.last_date)
            .is_some_and(|(next, last)| next <= last);
        let is_done = notes.is_none() && self.row.phase == "days" && !days_left;
        if is_done && self.row.from_date.is_none() && self.row.changes_through.is_none() {
            // Days were read in the stead of changes: the next look asks for those since this one was asked for.
            self.row.changes_through = Some(self.row.requested_at);
        }
        let notes = notes
            .map(serde_json::to_value)
            .transpose()
            .map_err(Error::internal)?;
        let done = tx
            .execute(
                "UPDATE reconciliation r SET state = $4, phase = $5, changes_through = $6, next_date = $7, last_date = $8, part_to = $9,
                   position = $10, notes = $11, entries_read = $12,
                   due_at = CASE WHEN $4 <> 'finished' THEN tillpost_now() END,
                   finished_at = CASE WHEN $4 = 'finished' THEN tillpost_now() END,
                   missing = f.missing, deleted = f.deleted, duplicated = f.duplicated, edited = f.edited, strange = f.strange,
                   accepted = f.accepted
                  FROM (SELECT
                    count(*) FILTER (WHERE kind = 'missing' AND state = 'open')::integer AS missing,
                    count(*) FILTER (WHERE kind = 'deleted' AND state = 'open')::integer AS deleted,
                    count(*) FILTER (WHERE kind = 'duplicated' AND state = 'open')::integer AS duplicated,
                    count(*) FILTER (WHERE kind = 'edited' AND state = 'open')::integer AS edited,
                    count(*) FILTER (WHERE kind = 'foreign' AND state = 'open')::integer AS strange,
                    count(*) FILTER (WHERE state = 'accepted')::integer AS accepted
                    FROM finding WHERE {mine} AND reconciliation_id = $2) AS f
                 WHERE {mine:r} AND r.id = $2 AND r.reads_used = $3 AND r.state = 'running'",
                vec![
                    self.row.id.into(),
                    self.row.reads_used.into(),
                    if is_done { "finished" } else { "running" }.into(),
                    self.row.phase.clone().into(),
                    self.row.changes_through.into(),
                    self.row.next_date.into(),
                    self.row.last_date.into(),
                    self.row.part_to.into(),
                    self.row.position.into(),
                    notes.into(),
                    self.row.entries_read.into(),
                ],
            )
            .await?;
        // Somebody else has gone on with it: what this step saw is theirs to see again.
        if done.rows_affected() > 0 {
            tx.commit().await?;
            if is_done {
                tracing::info!(
                    tenant.id = %self.row.tenant_id, reconciliation.id = %self.row.id,
                    "reconciled {} entries with {} reads", self.row.entries_read, self.row.reads_used
                );
            }
        }
        Ok(())
    }

    async fn pause(&self, tx: TenantTx, until: chrono::DateTime<chrono::Utc>) -> Result<(), Error> {
        tx.execute(
            "UPDATE reconciliation SET state = 'paused', due_at = $3, problem_detail = $4
              WHERE {mine} AND id = $2 AND reads_used = $5 AND state IN ('queued', 'running', 'paused')",
            vec![
                self.row.id.into(),
                until.into(),
                "the reads of this day are spent; it goes on by itself tomorrow".into(),
                self.row.reads_used.into(),
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    // The read was used, and gave nothing: what was noted before stays noted, and is read on from later.
    async fn trouble(&self, turn: &Turn<'_>, failure: Failure) -> Result<Step, Error> {
        let tx = turn.tx().await?;
        match failure.cause {
            // A company that refuses us as a whole is asked again by itself, and the run goes on then.
            Cause::Invalid | Cause::Forbidden => {
                self.fail(&tx, &failure.to_string()).await?;
            }
            Cause::Unauthorised => {}
            _ => {
                tx.execute(
                    "UPDATE reconciliation SET due_at = tillpost_now() + make_interval(secs => $3), problem_detail = $4
                      WHERE {mine} AND id = $2 AND state = 'running'",
                    vec![
                        self.row.id.into(),
                        (UNWELL.num_seconds() as f64).into(),
                        failure.to_string().into(),
                    ],
                )
                .await?;
            }
        }
        tx.commit().await?;
        Ok(Step::Trouble(failure))
    }

    async fn fail(&self, tx: &TenantTx, why: &str) -> Result<(), Error> {
        tx.execute(
            "UPDATE reconciliation SET state = 'failed', due_at = NULL, notes = NULL, finished_at = tillpost_now(), problem_detail = $3
              WHERE {mine} AND id = $2",
            vec![self.row.id.into(), why.into()],
        )
        .await?;
        Ok(())
    }
}

fn length<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}
