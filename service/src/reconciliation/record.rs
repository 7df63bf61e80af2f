//! What a comparison found, written down: a finding that is new, one that is seen again, and one that is gone.

use super::compare::{self, OurSide};
use super::finding::FindingDifference;
use super::notes::{Noted, Notes};
use super::words;
use crate::error::Error;
use crate::problem::Names;
use accounting::Ref;
use accounting::reconciliation::{self, Content, Difference, Finding, Foreign, Reconciled, Theirs};
use data_encoding::BASE32_NOPAD;
use entity::id::{EventId, FindingId};
use entity::reconciliation::Model as Run;
use entity::store::TenantTx;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// Compares the part that is noted, and brings the findings about it into line.
pub(super) async fn record(tx: &TenantTx, run: &Run, notes: &Notes) -> Result<(), Error> {
    let (side, theirs, found) = compared(tx, run, notes).await?;
    let names = names(tx, &run.company_id, &found).await?;
    let recorder = Recorder {
        tx,
        run,
        contents: contents(&side, &theirs),
        side,
        names,
    };
    for finding in &found.findings {
        recorder.seen(finding).await?;
    }
    recorder.gone(notes, &found).await?;
    for (ours, other) in &found.stand_ins {
        recorder.stands_in(ours, other, notes).await?;
    }
    Ok(())
}

/// The entries that a comparison of the part would tell of, as far as they were not asked for one by one.
pub(super) async fn about(tx: &TenantTx, run: &Run, notes: &Notes) -> Result<Vec<String>, Error> {
    let (_, _, found) = compared(tx, run, notes).await?;
    let ids: BTreeSet<String> = found
        .findings
        .iter()
        .map(|finding| finding.entry.to_string())
        .filter(|id| !notes.asked.contains(id) && !notes.deleted.contains(id))
        .collect();
    Ok(ids.into_iter().collect())
}

async fn compared(
    tx: &TenantTx,
    run: &Run,
    notes: &Notes,
) -> Result<(OurSide, Vec<Theirs>, Reconciled), Error> {
    let side = compare::our_side(tx, &run.company_id, notes).await?;
    let known = compare::known(tx, &run.company_id, notes).await?;
    let theirs: Vec<Theirs> = notes.there.iter().map(Noted::theirs).collect();
    let found = reconciliation::reconcile(&side.ours, &theirs, &known);
    Ok((side, theirs, found))
}

async fn names(tx: &TenantTx, company_id: &str, found: &Reconciled) -> Result<Names, Error> {
    let accounts = found
        .findings
        .iter()
        .flat_map(|finding| &finding.differences)
        .filter_map(|difference| match difference {
            Difference::Line { account, .. } => Some(account.as_str()),
            Difference::Number { .. } | Difference::Date { .. } | Difference::Mark => None,
        });
    Names::read(tx, company_id, accounts).await
}

/// What each entry says in QuickBooks, and in which words a person knows it: ours by what it was posted with.
struct Contents {
    there: HashMap<Ref, Content>,
    ours: HashMap<Ref, Content>,
}

fn contents(side: &OurSide, theirs: &[Theirs]) -> Contents {
    Contents {
        there: theirs
            .iter()
            .map(|entry| (entry.entry.clone(), entry.content.clone()))
            .collect(),
        ours: side
            .ours
            .iter()
            .map(|ours| (ours.entry.clone(), ours.content.clone()))
            .collect(),
    }
}

struct Recorder<'a> {
    tx: &'a TenantTx,
    run: &'a Run,
    side: OurSide,
    contents: Contents,
    names: Names,
}

impl Recorder<'_> {
    async fn seen(&self, finding: &Finding) -> Result<(), Error> {
        let there = self.contents.there.get(&finding.entry);
        let ours = self.contents.ours.get(&finding.entry);
        let Some(content) = ours.or(there) else {
            return Err(Error::internal("a finding about an entry nobody has read"));
        };
        let differences: Vec<FindingDifference> = finding
            .differences
            .iter()
            .map(|difference| FindingDifference::of(difference, |id| self.names.in_full(id)))
            .collect();
        let detail = words::of(finding, content, &differences);
        let event = finding.event.as_ref();
        let event: Option<EventId> = event.and_then(|event| self.side.events.get(event).copied());
        let mark = finding
            .ours
            .as_ref()
            .and_then(|ours| self.side.marks.get(ours));
        self.tx
            .execute(
                "INSERT INTO finding (tenant_id, id, company_id, kind, qbo_id, our_qbo_id, event_id, mark, reason, number,
                   accounting_date, differences, detail, fingerprint, reconciliation_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                 ON CONFLICT (tenant_id, company_id, kind, qbo_id) WHERE state <> 'gone' DO UPDATE SET
                   our_qbo_id = excluded.our_qbo_id, event_id = excluded.event_id, mark = excluded.mark, reason = excluded.reason,
                   number = excluded.number, accounting_date = excluded.accounting_date, differences = excluded.differences,
                   detail = excluded.detail, reconciliation_id = excluded.reconciliation_id, seen_at = tillpost_now(),
                   stand_in = NULL, fingerprint = excluded.fingerprint,
                   state = CASE WHEN finding.fingerprint = excluded.fingerprint THEN finding.state ELSE 'open' END,
                   accepted_at = CASE WHEN finding.fingerprint = excluded.fingerprint THEN finding.accepted_at END,
                   accepted_by = CASE WHEN finding.fingerprint = excluded.fingerprint THEN finding.accepted_by END",
                vec![
                    FindingId::new().into(),
                    self.run.company_id.clone().into(),
                    finding.kind.as_str().into(),
                    finding.entry.as_str().into(),
                    finding.ours.as_ref().map(|ours| ours.to_string()).into(),
                    event.into(),
                    mark.cloned().into(),
                    finding.foreign.map(reason).into(),
                    content.number.clone().into(),
                    content.date.into(),
                    serde_json::to_value(&differences).map_err(Error::internal)?.into(),
                    detail.into(),
                    fingerprint(finding, there).into(),
                    self.run.id.into(),
                ],
            )
            .await?;
        Ok(())
    }

    // What was found about an entry that is known now, and is not found again.
    async fn gone(&self, notes: &Notes, found: &Reconciled) -> Result<(), Error> {
        let still: Vec<String> = found
            .findings
            .iter()
            .map(|finding| key(finding.kind.as_str(), &finding.entry))
            .collect();
        self.tx
            .execute(
                "UPDATE finding SET state = 'gone', gone_at = tillpost_now() WHERE {mine} AND company_id = $2 AND state <> 'gone'
                    AND qbo_id = ANY($3) AND NOT (kind || ' ' || qbo_id = ANY($4))",
                vec![
                    self.run.company_id.clone().into(),
                    notes.known_ids().into(),
                    still.into(),
                ],
            )
            .await?;
        Ok(())
    }

    // Another entry stands in the place of ours that is gone. Should it go too, that is told of ours.
    async fn stands_in(&self, ours: &Ref, other: &Ref, notes: &Notes) -> Result<(), Error> {
        let known = self
            .tx
            .execute(
                "UPDATE finding SET stand_in = $4 WHERE {mine} AND company_id = $2 AND id = (
                   SELECT id FROM finding WHERE {mine} AND company_id = $2 AND qbo_id = $3 AND kind IN ('missing', 'deleted')
                    ORDER BY found_at DESC, id DESC LIMIT 1)",
                vec![
                    self.run.company_id.clone().into(),
                    ours.as_str().into(),
                    other.as_str().into(),
                ],
            )
            .await?;
        if known.rows_affected() > 0 {
            return Ok(());
        }
        let Some(content) = self.contents.ours.get(ours) else {
            return Err(Error::internal("an entry of ours that nobody has read"));
        };
        self.tx
            .execute(
                "INSERT INTO finding (tenant_id, id, company_id, kind, qbo_id, our_qbo_id, mark, number, accounting_date, detail,
                   fingerprint, state, gone_at, stand_in, reconciliation_id)
                 VALUES ($1, $2, $3, $11, $4, $4, $5, $6, $7, $8, '', 'gone', tillpost_now(), $9, $10)",
                vec![
                    FindingId::new().into(),
                    self.run.company_id.clone().into(),
                    ours.as_str().into(),
                    self.side.marks.get(ours).cloned().into(),
                    content.number.clone().into(),
                    content.date.into(),
                    format!(
                        "{} of {}: entry {ours} is gone, and entry {other} stands in its place.",
                        content.number.as_deref().unwrap_or_default(),
                        content.date
                    )
                    .into(),
                    other.as_str().into(),
                    self.run.id.into(),
                    match notes.deleted.contains(ours.as_str()) {
                        true => "deleted",
                        false => "missing",
                    }
                    .into(),
                ],
            )
            .await?;
        Ok(())
    }
}

fn key(kind: &str, entry: &Ref) -> String {
    format!("{kind} {entry}")
}

fn reason(foreign: Foreign) -> &'static str {
    match foreign {
        Foreign::UnknownMark => "unknown_mark",
        Foreign::OurNumber => "our_number",
    }
}

// Whoever accepts a finding accepts the entry as it stands; a word of it that changes makes another.
fn fingerprint(finding: &Finding, there: Option<&Content>) -> String {
    let mut hash = Sha256::new();
    let mut lines: Vec<String> = Vec::new();
    if let Some(there) = there {
        lines.extend(
            there
                .lines
                .iter()
                .map(|line| format!("{} {} {}", line.account, line.side.as_str(), line.amount)),
        );
        lines.sort_unstable();
        lines.push(format!("{:?} {}", there.number, there.date));
    }
    lines.push(format!(
        "{:?} {:?} {}",
        finding.kind,
        finding.foreign,
        finding.differences.contains(&Difference::Mark)
    ));
    for line in lines {
        hash.update((line.len() as u64).to_be_bytes());
        hash.update(line.as_bytes());
    }
    BASE32_NOPAD.encode(&hash.finalize()).to_lowercase()[..26].to_owned()
}
