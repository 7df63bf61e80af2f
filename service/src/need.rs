//! Needs: what events ask of the mapping, and the keys they carry, learned in the transaction that takes them in.
//!
//! Most events ask for what others asked for before, so a batch costs one query; only a footprint that was never seen is
//! written down.

use crate::Service;
use crate::error::Error;
use accounting::{Event, KeyKind, Missing, Need};
use entity::id::{EventId, TenantId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The footprints of a batch of events.
#[derive(Debug, Default)]
pub(crate) struct Footprints(HashMap<Uuid, Asked>);

/// What a footprint asks for, and an event that carries it.
#[derive(Debug)]
struct Asked {
    needs: Vec<Missing>,
    keys: Vec<(KeyKind, String)>,
    locations: Vec<String>,
    event: Option<EventId>,
}

/// The name under which locations stand among the known keys.
pub(crate) const LOCATION: &str = "location";

impl Footprints {
    /// The id of an event's footprint: derived from what it asks for, so that it is never looked up.
    pub(crate) fn note(&mut self, event: &Event) -> Uuid {
        let footprint = event.footprint();
        let hash = Sha256::digest(footprint.canonical());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        let id = Uuid::from_bytes(bytes);
        self.0.entry(id).or_insert_with(|| Asked {
            keys: footprint
                .keys()
                .into_iter()
                .map(|(kind, key)| (kind, key.to_owned()))
                .collect(),
            locations: footprint.locations.iter().map(|&l| l.to_owned()).collect(),
            needs: footprint.needs.into_iter().map(Missing::from).collect(),
            event: None,
        });
        id
    }

    /// This event was stored with the footprint.
    pub(crate) fn carried_by(&mut self, id: Uuid, event: EventId) {
        if let Some(asked) = self.0.get_mut(&id) {
            asked.event.get_or_insert(event);
        }
    }

    /// Writes down what no event asked for or carried before. Gives the needs that are new.
    pub(crate) async fn learn(mut self, tx: &TenantTx) -> Result<Vec<Missing>, Error> {
        self.0.retain(|_, asked| asked.event.is_some());
        for id in known(tx, self.0.keys().copied().collect()).await? {
            self.0.remove(&id);
        }
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        insert_footprints(tx, &self.0).await?;
        insert_keys(tx, &self.0).await?;
        insert_needs(tx, &self.0).await
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
}

async fn known(tx: &TenantTx, ids: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
    if ids.is_empty() {
        return Ok(ids);
    }
    let rows = tx
        .query_as::<Row>(
            // One step into the primary key for each, whatever the planner believes of the table's size.
            "SELECT wanted.id FROM unnest($2::uuid[]) AS wanted(id), LATERAL
               (SELECT f.footprint_id FROM footprint_need f WHERE {mine:f} AND f.footprint_id >= wanted.id
                 ORDER BY f.footprint_id LIMIT 1) AS known
              WHERE known.footprint_id = wanted.id",
            vec![ids.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

async fn insert_footprints(tx: &TenantTx, new: &HashMap<Uuid, Asked>) -> Result<(), Error> {
    let rows = || {
        new.iter()
            .flat_map(|(id, asked)| asked.needs.iter().map(move |need| (*id, need)))
    };
    tx.execute(
        "INSERT INTO footprint_need (tenant_id, footprint_id, slot, key, location)
         SELECT $1, f.id, f.slot, f.key, f.location
           FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS f(id, slot, key, location)
         ON CONFLICT DO NOTHING",
        vec![
            rows().map(|(id, _)| id).collect::<Vec<_>>().into(),
            texts(rows().map(|(_, need)| need.slot.as_str())),
            texts(rows().map(|(_, need)| need.key.as_deref().unwrap_or_default())),
            texts(rows().map(|(_, need)| need.location.as_deref().unwrap_or_default())),
        ],
    )
    .await?;
    Ok(())
}

async fn insert_needs(tx: &TenantTx, new: &HashMap<Uuid, Asked>) -> Result<Vec<Missing>, Error> {
    // Each once, with the earliest event of the batch that has it: in the order of ids, which two batches insert alike.
    let mut first: BTreeMap<&Missing, EventId> = BTreeMap::new();
    for asked in new.values() {
        for (need, event) in asked.needs.iter().zip(std::iter::repeat(asked.event)) {
            if let Some(event) = event {
                let known = first.entry(need).or_insert(event);
                *known = event.min(*known);
            }
        }
    }
    let rows = tx
        .query_as::<Place>(
            "INSERT INTO need (tenant_id, slot, key, location, first_event_id)
             SELECT $1, n.slot, n.key, n.location, n.event_id
               FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) AS n(slot, key, location, event_id)
             ON CONFLICT DO NOTHING RETURNING slot, key, location",
            vec![
                texts(first.keys().map(|need| need.slot.as_str())),
                texts(first.keys().map(|need| need.key.as_deref().unwrap_or_default())),
                texts(first.keys().map(|need| need.location.as_deref().unwrap_or_default())),
                first.values().map(|event| event.0).collect::<Vec<_>>().into(),
            ],
        )
        .await?;
    Ok(rows.iter().filter_map(Place::read).collect())
}

async fn insert_keys(tx: &TenantTx, new: &HashMap<Uuid, Asked>) -> Result<(), Error> {
    let mut first: BTreeMap<(&str, &str), EventId> = BTreeMap::new();
    for asked in new.values() {
        let Some(event) = asked.event else { continue };
        let keys = asked
            .keys
            .iter()
            .map(|(kind, key)| (kind.as_str(), key.as_str()));
        let locations = asked.locations.iter().map(|key| (LOCATION, key.as_str()));
        for key in keys.chain(locations) {
            let known = first.entry(key).or_insert(event);
            *known = event.min(*known);
        }
    }
    if first.is_empty() {
        return Ok(());
    }
    // One that was declared is now seen.
    tx.execute(
        "INSERT INTO known_key (tenant_id, kind, key, source, first_event_id)
         SELECT $1, k.kind, k.key, 'event', k.event_id
           FROM unnest($2::text[], $3::text[], $4::uuid[]) AS k(kind, key, event_id)
         ON CONFLICT (tenant_id, kind, key) DO UPDATE SET source = 'event', first_event_id = excluded.first_event_id,
           first_seen_at = tillpost_now() WHERE known_key.source = 'declared'",
        vec![
            texts(first.keys().map(|(kind, _)| *kind)),
            texts(first.keys().map(|(_, key)| *key)),
            first.values().map(|event| event.0).collect::<Vec<_>>().into(),
        ],
    )
    .await?;
    Ok(())
}

pub(crate) fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> sea_orm::Value {
    texts.map(str::to_owned).collect::<Vec<_>>().into()
}

/// A slot, key and location as the rows hold them: empty where there is none.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Place {
    pub(crate) slot: String,
    pub(crate) key: String,
    pub(crate) location: String,
}

impl Place {
    /// The need; none where the slot is not one of ours.
    pub(crate) fn read(&self) -> Option<Missing> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Missing {
            slot: self.slot.parse().ok()?,
            key: some(&self.key),
            location: some(&self.location),
        })
    }
}

/// A declared key that no event carries yet.
#[derive(FromQueryResult)]
struct Declared {
    kind: String,
    key: String,
}

/// Every need of the tenant: what its events ever asked for, and what its declared keys will ask for.
pub(crate) struct Needs {
    /// What events asked for.
    pub(crate) seen: Vec<Missing>,
    /// What declared keys will ask for, and no event did yet.
    pub(crate) declared: Vec<Missing>,
}

/// What the tenant's events ever asked for.
pub(crate) async fn seen(tx: &TenantTx) -> Result<Vec<Missing>, Error> {
    Ok(tx
        .query_as::<Place>(
            "SELECT slot, key, location FROM need WHERE {mine} ORDER BY slot, key, location",
            vec![],
        )
        .await?
        .iter()
        .filter_map(Place::read)
        .collect())
}

/// Groups of needs as a statement takes them, from its second value on: places of groups, slots, keys and locations.
pub(crate) fn grouped(groups: &[Vec<&Missing>]) -> Vec<sea_orm::Value> {
    let flat = || {
        let places = groups.iter().enumerate();
        places.flat_map(|(place, needs)| needs.iter().map(move |need| (place, *need)))
    };
    vec![
        flat()
            .map(|(place, _)| i32::try_from(place).unwrap_or(i32::MAX))
            .collect::<Vec<_>>()
            .into(),
        texts(flat().map(|(_, need)| need.slot.as_str())),
        texts(flat().map(|(_, need)| need.key.as_deref().unwrap_or_default())),
        texts(flat().map(|(_, need)| need.location.as_deref().unwrap_or_default())),
    ]
}

/// Reads them.
pub(crate) async fn all(tx: &TenantTx) -> Result<Needs, Error> {
    let seen = seen(tx).await?;
    let asked: BTreeSet<_> = seen.iter().map(|need| need.slot).collect();
    let rows = tx
        .query_as::<Declared>(
            "SELECT kind, key FROM known_key WHERE {mine} AND source = 'declared' ORDER BY kind, key",
            vec![],
        )
        .await?;
    let mut declared = Vec::new();
    for row in &rows {
        if let Ok(kind) = row.kind.parse::<KeyKind>() {
            let needs: Vec<Need<'_>> = accounting::needs_of_declared(kind, &row.key, &asked);
            declared.extend(needs.into_iter().map(Missing::from));
        }
    }
    let known: HashSet<_> = seen.iter().collect();
    declared.retain(|need| !known.contains(need));
    Ok(Needs { seen, declared })
}

/// Events that a turn catches up with at once.
const CATCH_UP_MAX: i64 = 500;

/// Learns from events that were taken in before needs were learned, a slice of them. Tells whether there may be more.
///
/// # Errors
/// The database's.
pub(crate) async fn catch_up(service: &Service, tenant: TenantId) -> Result<bool, Error> {
    #[derive(FromQueryResult)]
    struct Unread {
        id: EventId,
        body: String,
    }
    let tx = service.tenant(tenant).await?;
    let unread = tx
        .query_as::<Unread>(
            "SELECT id, body FROM event WHERE {mine} AND footprint_id IS NULL ORDER BY id LIMIT $2 FOR UPDATE",
            vec![CATCH_UP_MAX.into()],
        )
        .await?;
    if unread.is_empty() {
        return Ok(false);
    }
    let mut footprints = Footprints::default();
    let mut ids = Vec::with_capacity(unread.len());
    for row in &unread {
        // What was taken in under older rules and cannot be read asks for nothing; posting says what is wrong with it.
        let footprint =
            Event::parse(row.body.as_bytes()).map_or(Uuid::nil(), |event| footprints.note(&event));
        footprints.carried_by(footprint, row.id);
        ids.push(footprint);
    }
    footprints.learn(&tx).await?;
    tx.execute(
        "UPDATE event SET footprint_id = f.footprint_id
           FROM unnest($2::uuid[], $3::uuid[]) AS f(id, footprint_id) WHERE {mine:event} AND event.id = f.id",
        vec![
            unread.iter().map(|row| row.id.0).collect::<Vec<_>>().into(),
            ids.into(),
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(unread.len() as i64 == CATCH_UP_MAX)
}
