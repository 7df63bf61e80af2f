//! Events as comma-separated values (RFC 4180), for a spreadsheet. Read a slice at a time, each in a transaction of its own,
//! so that a long export holds nothing: every row is as it stood when its slice was read.

use super::filter::{EventFilter, Filter};
use super::list::check_text;
use super::position::Position;
use super::{find, link};
use crate::error::Error;
use crate::problem::Problem;
use crate::{Service, sheet};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use csv::{Terminator, Writer, WriterBuilder};
use entity::id::{EventId, TenantId};
use sea_orm::FromQueryResult;

/// Rows in a slice.
const SLICE: u64 = 1000;

/// The first line.
pub const HEADER: [&str; 16] = [
    "number",
    "type",
    "business_date",
    "location",
    "status",
    "problem_code",
    "problem",
    "what_to_do",
    "accounting_date",
    "qbo_id",
    "link",
    "external_id",
    "occurred_at",
    "taken_in_at",
    "synced_at",
    "id",
];

#[derive(FromQueryResult)]
struct Row {
    id: EventId,
    external_id: String,
    r#type: String,
    number: String,
    occurred_at: DateTime<Utc>,
    business_date: NaiveDate,
    location: Option<String>,
    status: String,
    problem_code: Option<String>,
    problem_detail: Option<String>,
    taken_in_at: DateTime<Utc>,
    synced_at: Option<DateTime<Utc>>,
    accounting_date: Option<NaiveDate>,
    qbo_id: Option<String>,
}

const COLUMNS: &str =
    "e.id, e.external_id, e.type, e.number, e.occurred_at, e.business_date, e.location, e.status,
  e.problem_code, e.problem_detail, e.taken_in_at, e.synced_at, j.accounting_date, j.qbo_id";

// The entry in the books of the present company.
const ENTRY: &str = " LEFT JOIN LATERAL (SELECT j.accounting_date, j.qbo_id FROM journal_entry j
    WHERE {mine:j} AND j.event_id = e.id AND j.state = 'posted' AND e.status = 'synced'
      AND j.company_id = (SELECT c.company_id FROM connection c WHERE {mine:c} AND c.is_current)
    ORDER BY j.generation DESC LIMIT 1) AS j ON true";

/// An export under way.
#[derive(Debug)]
pub struct Export {
    service: Service,
    tenant: TenantId,
    filter: Filter,
    after: Option<Position>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Begun,
    UnderWay,
    Ended,
}

/// An export of the events that the filter lets through, in the order of the list.
///
/// # Errors
/// As the list's.
pub async fn export(
    service: &Service,
    tenant: TenantId,
    filter: &EventFilter,
) -> Result<Export, Error> {
    let filter = Filter::read(filter)?;
    check_text(&service.tenant(tenant).await?, &filter).await?;
    Ok(Export {
        service: service.clone(),
        tenant,
        filter,
        after: None,
        state: State::Begun,
    })
}

impl Export {
    /// The next lines, the header first; `None` after the last.
    ///
    /// # Errors
    /// The database does not answer: what was given so far is not all.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.state == State::Ended {
            return Ok(None);
        }
        let tx = self.service.tenant(self.tenant).await?;
        let slice = find::page(&self.filter, self.after, SLICE, COLUMNS, ENTRY);
        let rows: Vec<Row> = tx.query_as(&slice.sql, slice.values).await?;
        drop(tx);
        let mut lines = Lines::new();
        if self.state == State::Begun {
            lines.add(HEADER)?;
        }
        for row in &rows {
            let cells = self.cells(row);
            lines.add(cells.iter().map(|cell| sheet::plain(cell).into_owned()))?;
        }
        self.after = rows.last().map(|row| Position {
            business_date: row.business_date,
            occurred_at: row.occurred_at,
            id: row.id.0,
        });
        self.state = if (rows.len() as u64) < SLICE {
            State::Ended
        } else {
            State::UnderWay
        };
        Ok(Some(lines.end()?))
    }

    fn cells(&self, row: &Row) -> [String; HEADER.len()] {
        let problem = Problem::stored(
            self.tenant,
            row.id,
            row.problem_code.as_deref(),
            row.problem_detail.as_deref(),
            None,
        );
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let day = |day: NaiveDate| day.to_string();
        [
            row.number.clone(),
            row.r#type.clone(),
            day(row.business_date),
            row.location.clone().unwrap_or_default(),
            row.status.clone(),
            row.problem_code.clone().unwrap_or_default(),
            problem
                .as_ref()
                .map(|problem| problem.detail.clone())
                .unwrap_or_default(),
            problem
                .map(|problem| problem.steps.join(" "))
                .unwrap_or_default(),
            row.accounting_date.map(day).unwrap_or_default(),
            row.qbo_id.clone().unwrap_or_default(),
            row.qbo_id
                .as_deref()
                .and_then(|id| link::to_entry(&self.service.settings().quickbooks_app_url, id))
                .unwrap_or_default(),
            row.external_id.clone(),
            instant(row.occurred_at),
            instant(row.taken_in_at),
            row.synced_at.map(instant).unwrap_or_default(),
            row.id.to_string(),
        ]
    }
}

struct Lines(Writer<Vec<u8>>);

impl Lines {
    fn new() -> Self {
        Self(
            WriterBuilder::new()
                .terminator(Terminator::CRLF)
                .from_writer(Vec::new()),
        )
    }

    fn add<C: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = C>) -> Result<(), Error> {
        self.0.write_record(cells).map_err(Error::internal)
    }

    fn end(self) -> Result<Vec<u8>, Error> {
        self.0
            .into_inner()
            .map_err(|error| Error::internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_as_rfc_4180_says() {
        let mut lines = Lines::new();
        lines.add(["a", "b,c", "d\"e", "f\ng"]).unwrap();
        assert_eq!(lines.end().unwrap(), b"a,\"b,c\",\"d\"\"e\",\"f\ng\"\r\n");
    }
}
