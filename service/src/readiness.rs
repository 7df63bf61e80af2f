//! Readiness: what the mapping still lacks for the events that were taken in and the keys that were declared, what of it
//! is broken, and what is unusual. Counted by footprints; no event's body is read.

mod words;

pub(crate) use words::NOTHING_MAPPED;

use crate::error::Error;
use crate::location_mapping::{self, LocationMapping};
use crate::mapping::{CompanyMapping, Mapping, lookalike};
use crate::need::{self, texts};
use crate::{Service, connection};
use accounting::{Missing as Need, Slot};
use chrono::{DateTime, Utc};
use entity::id::{EventId, MappingId, TenantId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// The longest list of what is missing that is shown at once.
const SHOWN_MAX: usize = 1000;

/// Whether the mapping serves every event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Readiness {
    /// True when nothing is missing and nothing is broken.
    pub complete: bool,
    /// The same in words.
    #[schema(example = "1 account is missing: payment[paypal].")]
    pub message: String,
    /// How many accounts are missing: one for each slot and key, at however many locations it is asked for.
    pub missing_total: u64,
    /// What events or declared keys ask for and no account is mapped for, each location by itself; what keeps most events comes
    /// first. The first 1,000 are shown.
    pub missing: Vec<UnmappedNeed>,
    /// Rows of the mapping that entries cannot use.
    pub broken: Vec<BrokenMapping>,
    /// Locations whose QuickBooks Location or Class entries cannot carry.
    pub broken_locations: Vec<LocationMapping>,
    /// Rows whose account is of a type that is unusual for the slot; they work.
    pub unusual: Vec<Mapping>,
}

/// An account that is missing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnmappedNeed {
    /// The slot.
    #[schema(value_type = accounting::Slot, example = "payment")]
    pub slot: String,
    /// The key that is asked for; none: only the slot's default serves.
    #[schema(example = "paypal")]
    pub key: Option<String>,
    /// The location that asks; a row for every location serves it too.
    pub location: Option<String>,
    /// Whether no event asks for it yet: its key was declared.
    pub declared: bool,
    /// Events that it keeps from the books: never synced, not synced, or failed.
    pub events: u64,
    /// Those of them that were never synced, which no alert counts: nothing waits for them until they are queued.
    pub never_synced: u64,
    /// When the first event asked for it.
    pub first_seen_at: Option<DateTime<Utc>>,
    /// An event that asks for it, one that waits where one does.
    pub example_event_id: Option<EventId>,
    /// What to know of it: that a key which looks like it is mapped.
    #[schema(
        example = "`paypal` is mapped and is another key: letters count as they are written, and so do blanks"
    )]
    pub hint: Option<String>,
}

/// A row of the mapping that entries cannot use.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BrokenMapping {
    /// The row; `broken` says why.
    pub mapping: Mapping,
    /// Events that it keeps from the books: never synced, not synced, or failed.
    pub events: u64,
    /// Those of them that were never synced, which no alert counts: nothing waits for them until they are queued.
    pub never_synced: u64,
}

/// Something events ask for that has no account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What is asked for.
    pub need: Need,
    /// Whether only a declared key asks for it.
    pub declared: bool,
    /// Events that wait for it.
    pub waiting: Waiting,
    /// When the first event asked for it.
    pub first_seen_at: Option<DateTime<Utc>>,
    /// An event that asks for it.
    pub example_event_id: Option<EventId>,
}

/// How ready the tenant's mapping is for its present company.
///
/// # Errors
/// `not_connected`.
pub async fn read(service: &Service, tenant: TenantId) -> Result<Readiness, Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let desk = CompanyMapping::read(&tx, company).await?;
    of(&tx, &desk).await
}

/// What events or declared keys ask for and the mapping has no account for; what keeps most events comes first.
///
/// # Errors
/// The database's.
pub(crate) async fn unmapped(
    tx: &TenantTx,
    desk: &CompanyMapping,
) -> Result<Vec<UnmappedNeed>, Error> {
    let needs = need::all(tx).await?;
    Ok(shown(missing_of(tx, desk, needs).await?, desk))
}

/// How ready a mapping is.
///
/// # Errors
/// The database's.
pub(crate) async fn of(tx: &TenantTx, desk: &CompanyMapping) -> Result<Readiness, Error> {
    let needs = need::all(tx).await?;
    let broken = broken(tx, desk, &needs.seen).await?;
    let missing = missing_of(tx, desk, needs).await?;
    let unusual = desk
        .rows
        .iter()
        .filter_map(|row| desk.view(row))
        .filter(|row| row.warning.is_some())
        .collect();
    let broken_locations = location_mapping::Stand::read(tx, &desk.company.company_id)
        .await?
        .broken_ones();
    Ok(Readiness {
        complete: missing.is_empty() && broken.is_empty() && broken_locations.is_empty(),
        message: words::message(desk.rows.is_empty(), &missing, &broken, &broken_locations),
        missing_total: words::accounts(&missing).len() as u64,
        missing: shown(missing, desk),
        broken,
        broken_locations,
        unusual,
    })
}

/// Everything the tenant's events and declared keys ask for and the mapping has no account for; nothing where no company
/// is connected. Costs no count where nothing is missing.
///
/// # Errors
/// The database's.
pub async fn missing(tx: &TenantTx) -> Result<Vec<Missing>, Error> {
    let Some(company) = connection::current(tx).await? else {
        return Ok(Vec::new());
    };
    let desk = CompanyMapping::read(tx, company).await?;
    missing_of(tx, &desk, need::all(tx).await?).await
}

/// Those of `needs` that the mapping has no account for; nothing where no company is connected.
///
/// # Errors
/// The database's.
pub async fn unmapped_among(tx: &TenantTx, needs: &[Need]) -> Result<Vec<Need>, Error> {
    if needs.is_empty() {
        return Ok(Vec::new());
    }
    let Some(company) = connection::current(tx).await? else {
        return Ok(Vec::new());
    };
    let mapping = CompanyMapping::read(tx, company).await?.resolution();
    Ok(needs
        .iter()
        .filter(|need| row_of(&mapping, need).is_none())
        .cloned()
        .collect())
}

/// The id of the row that serves a need.
pub(crate) fn row_of(mapping: &accounting::Mapping, need: &Need) -> Option<MappingId> {
    mapping
        .resolve(need.slot, need.key.as_deref(), need.location.as_deref())?
        .as_str()
        .parse()
        .ok()
}

pub(crate) async fn missing_of(
    tx: &TenantTx,
    desk: &CompanyMapping,
    needs: need::Needs,
) -> Result<Vec<Missing>, Error> {
    let mapping = desk.resolution();
    let lacking = |needs: Vec<Need>| -> Vec<Need> {
        needs
            .into_iter()
            .filter(|need| row_of(&mapping, need).is_none())
            .collect()
    };
    let sales = needs.seen.iter().any(|need| need.slot == Slot::Revenue);
    let (seen, mut declared) = (lacking(needs.seen), lacking(needs.declared));
    // A tolerance sends a difference of cents to `rounding`, which no event asks for by itself.
    if sales && rounds(tx).await? {
        declared.extend(lacking(vec![Need {
            slot: Slot::Rounding,
            key: None,
            location: None,
        }]));
    }
    let groups: Vec<Vec<&Need>> = seen.iter().map(|need| vec![need]).collect();
    let waiting = waiting(tx, &groups).await?;
    let mut seen = first_seen(tx, seen, waiting).await?;
    seen.extend(declared.into_iter().map(|need| Missing {
        need,
        declared: true,
        waiting: Waiting::default(),
        first_seen_at: None,
        example_event_id: None,
    }));
    Ok(seen)
}

/// Whether a till's differences of cents go to a rounding account.
pub(crate) async fn rounds(tx: &TenantTx) -> Result<bool, Error> {
    Ok(tx
        .one(tx.find::<entity::tenant::Entity>())
        .await?
        .is_some_and(|tenant| tenant.rounding_tolerance_milli > 0))
}

/// The events that wait for something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Never synced, not synced, or failed.
    pub events: u64,
    /// Never synced.
    pub never_synced: u64,
    /// One of them.
    pub example: Option<EventId>,
}

/// The events that wait for any need of each group, by the group's place.
pub(crate) async fn waiting(
    tx: &TenantTx,
    groups: &[Vec<&Need>],
) -> Result<HashMap<usize, Waiting>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        place: i32,
        events: i64,
        never_synced: i64,
        example: EventId,
    }
    if groups.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .query_as::<Row>(
            "SELECT asked.place, count(*) AS events, count(*) FILTER (WHERE e.status = 'never_synced') AS never_synced,
                (array_agg(e.id))[1] AS example FROM (
               SELECT DISTINCT n.place, f.footprint_id
                 FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) AS n(place, slot, key, location)
                 JOIN footprint_need f ON {mine:f} AND f.slot = n.slot AND f.key = n.key AND f.location = n.location) AS asked
               JOIN event e ON {mine:e} AND e.footprint_id = asked.footprint_id
                AND e.status IN ('never_synced', 'not_synced', 'failed')
              GROUP BY asked.place",
            need::grouped(groups),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = usize::try_from(row.place).unwrap_or_default();
            let waiting = Waiting {
                events: row.events.unsigned_abs(),
                never_synced: row.never_synced.unsigned_abs(),
                example: Some(row.example),
            };
            (place, waiting)
        })
        .collect())
}

/// When each need was seen first. One that no event carries any more, since the event that had it was replaced, is left out.
async fn first_seen(
    tx: &TenantTx,
    needs: Vec<Need>,
    waiting: HashMap<usize, Waiting>,
) -> Result<Vec<Missing>, Error> {
    #[derive(FromQueryResult)]
    struct Seen {
        place: i32,
        first_seen_at: DateTime<Utc>,
        first_event_id: EventId,
    }
    if needs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx
        .query_as::<Seen>(
            "SELECT n.place::int AS place, seen.first_seen_at, seen.first_event_id
               FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS n(slot, key, location, place)
               JOIN need seen ON {mine:seen} AND seen.slot = n.slot AND seen.key = n.key AND seen.location = n.location
              WHERE EXISTS (SELECT 1 FROM footprint_need f JOIN event e ON {mine:e} AND e.footprint_id = f.footprint_id
                             WHERE {mine:f} AND f.slot = n.slot AND f.key = n.key AND f.location = n.location)",
            vec![
                texts(needs.iter().map(|need| need.slot.as_str())),
                texts(needs.iter().map(|need| need.key.as_deref().unwrap_or_default())),
                texts(needs.iter().map(|need| need.location.as_deref().unwrap_or_default())),
            ],
        )
        .await?;
    let mut by_place: HashMap<usize, Seen> = rows
        .into_iter()
        .map(|row| (usize::try_from(row.place - 1).unwrap_or_default(), row))
        .collect();
    Ok(needs
        .into_iter()
        .enumerate()
        .filter_map(|(place, need)| {
            let seen = by_place.remove(&place)?;
            let waiting = waiting.get(&place).copied().unwrap_or_default();
            Some(Missing {
                need,
                declared: false,
                waiting,
                first_seen_at: Some(seen.first_seen_at),
                example_event_id: waiting.example.or(Some(seen.first_event_id)),
            })
        })
        .collect())
}

/// The rows that entries cannot use, and the events that wait and would use them.
async fn broken(
    tx: &TenantTx,
    desk: &CompanyMapping,
    needs: &[Need],
) -> Result<Vec<BrokenMapping>, Error> {
    let rows: Vec<Mapping> = desk
        .rows
        .iter()
        .filter_map(|row| desk.view(row))
        .filter(|row| row.broken.is_some())
        .collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mapping = desk.resolution();
    let mut asking: BTreeMap<MappingId, Vec<&Need>> = BTreeMap::new();
    for need in needs {
        if let Some(id) = row_of(&mapping, need) {
            asking.entry(id).or_default().push(need);
        }
    }
    let groups: Vec<Vec<&Need>> = rows
        .iter()
        .map(|row| asking.remove(&row.id).unwrap_or_default())
        .collect();
    let waiting = waiting(tx, &groups).await?;
    Ok(rows
        .into_iter()
        .enumerate()
        .map(|(place, mapping)| {
            let waiting = waiting.get(&place).copied().unwrap_or_default();
            BrokenMapping {
                mapping,
                events: waiting.events,
                never_synced: waiting.never_synced,
            }
        })
        .collect())
}

// What keeps most events comes first.
fn shown(mut missing: Vec<Missing>, desk: &CompanyMapping) -> Vec<UnmappedNeed> {
    missing.sort_by(|a, b| (b.waiting.events, &a.need).cmp(&(a.waiting.events, &b.need)));
    let told = |missing: Missing| {
        let key = missing.need.key.as_deref();
        UnmappedNeed {
            hint: key.and_then(|key| lookalike::mapped(desk, missing.need.slot, key)),
            slot: missing.need.slot.as_str().to_owned(),
            key: missing.need.key,
            location: missing.need.location,
            declared: missing.declared,
            events: missing.waiting.events,
            never_synced: missing.waiting.never_synced,
            first_seen_at: missing.first_seen_at,
            example_event_id: missing.example_event_id,
        }
    };
    missing.into_iter().take(SHOWN_MAX).map(told).collect()
}
