//! Known keys: the payment types, item classes, reasons, jurisdictions, methods and locations that events carry, learned
//! from them or declared beforehand, and where each is mapped.

use crate::access::Caller;
use crate::cursor::{Cursors, LIMIT_DEFAULT, LIMIT_MAX, Page};
use crate::error::Error;
use crate::mapping::{CompanyMapping, MappingProblem, input};
use crate::need::{self, LOCATION};
use crate::{Service, audit, connection};
use accounting::{KeyKind, Slot};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, EventId, TenantId};
use entity::known_key::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// The longest list of keys that is declared at once.
pub const BULK_MAX: usize = 1000;

/// What a known key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KnownKeyKind {
    /// A payment type.
    PaymentType,
    /// An item class.
    ItemClass,
    /// A reason of stock adjustments.
    AdjustmentReason,
    /// A reason of gift card adjustments.
    GiftCardReason,
    /// A reason of cash paid in or out.
    CashReason,
    /// A tax jurisdiction.
    Jurisdiction,
    /// A shipping method.
    ShippingMethod,
    /// A location; no slot has it for its key.
    Location,
}

impl KnownKeyKind {
    const ALL: [Self; 8] = [
        Self::PaymentType,
        Self::ItemClass,
        Self::AdjustmentReason,
        Self::GiftCardReason,
        Self::CashReason,
        Self::Jurisdiction,
        Self::ShippingMethod,
        Self::Location,
    ];

    /// The kind of key of slots; none for a location.
    fn of_slots(self) -> Option<KeyKind> {
        Some(match self {
            Self::PaymentType => KeyKind::PaymentType,
            Self::ItemClass => KeyKind::ItemClass,
            Self::AdjustmentReason => KeyKind::AdjustmentReason,
            Self::GiftCardReason => KeyKind::GiftCardReason,
            Self::CashReason => KeyKind::CashReason,
            Self::Jurisdiction => KeyKind::Jurisdiction,
            Self::ShippingMethod => KeyKind::ShippingMethod,
            Self::Location => return None,
        })
    }

    fn as_str(self) -> &'static str {
        self.of_slots().map_or(LOCATION, KeyKind::as_str)
    }

    fn read(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                Error::invalid(
                    "unknown_kind",
                    "kind",
                    format!(
                        "`{}` is no kind of key; use one of {}",
                        input::clip(text),
                        Self::ALL.map(Self::as_str).join(", ")
                    ),
                )
            })
    }
}

/// Where a known key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// Events carry it.
    Event,
    /// It was declared, and no event carries it yet.
    Declared,
}

/// A key or location the tenant uses.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KnownKey {
    /// What it names.
    pub kind: KnownKeyKind,
    /// The key itself.
    #[schema(example = "cash")]
    pub key: String,
    /// Learned from an event, or declared.
    pub source: KeySource,
    /// When the first event carried it, or when it was declared.
    pub first_seen_at: DateTime<Utc>,
    /// The first event that carried it.
    pub first_event_id: Option<EventId>,
    /// Who declared it.
    pub declared_by: Option<String>,
    /// The accounts it leads to in the present company.
    pub mapped: Vec<MappedKey>,
    /// Slots that ask for it and find no account.
    #[schema(value_type = Vec<accounting::Slot>)]
    pub missing: Vec<String>,
}

/// An account that a key leads to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappedKey {
    /// The slot.
    #[schema(value_type = accounting::Slot, example = "payment")]
    pub slot: String,
    /// At this location only.
    pub location: Option<String>,
    /// Whether the slot's default serves it; else a row of its own.
    pub by_default: bool,
    /// The account.
    pub account_id: AccountId,
    /// Its number and name.
    #[schema(example = "1010 Cash in Drawer")]
    pub account: String,
}

/// Which known keys.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KnownKeyQuery {
    /// Only of this kind.
    #[param(value_type = Option<KnownKeyKind>)]
    pub kind: Option<String>,
    /// `next_cursor` of the page before; left out: the first page.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// Names one known key.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KnownKeyName {
    /// What it names.
    #[param(value_type = KnownKeyKind)]
    pub kind: String,
    /// The key itself.
    pub key: String,
}

/// A key to be declared.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareKey {
    /// What it names.
    #[schema(value_type = KnownKeyKind, example = "payment_type")]
    pub kind: String,
    /// The key as events will carry it, 1 to 64 characters.
    #[schema(example = "paypal")]
    pub key: String,
}

/// What became of a key that was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// It is known from now on.
    Declared,
    /// It was known already; nothing changed.
    Known,
    /// It cannot be a key; the problem says why.
    Refused,
}

/// The result of one key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeclaredKey {
    /// Its place in the request, from 0.
    pub index: usize,
    /// What became of it.
    pub result: Declared,
    /// Why it was refused.
    pub problem: Option<MappingProblem>,
}

/// The known keys by kind and key, and where each is mapped.
///
/// # Errors
/// `unknown_kind`, `invalid_limit`, `invalid_cursor`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &KnownKeyQuery,
) -> Result<Page<KnownKey>, Error> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid(
            "invalid_limit",
            "limit",
            format!("{limit} rows in a page: ask for 1 to {LIMIT_MAX}"),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let mut read = tx
        .find::<Entity>()
        .order_by_asc(Column::Kind)
        .order_by_asc(Column::Key)
        .limit(limit + 1);
    if let Some(kind) = &query.kind {
        read = read.filter(Column::Kind.eq(KnownKeyKind::read(kind)?.as_str()));
    }
    let cursors = Cursors::of(service, tenant, "known keys");
    if let Some(cursor) = &query.cursor {
        let (kind, key) = decode(&cursors.read(cursor)?).ok_or_else(crate::cursor::invalid)?;
        read = read.filter(
            Expr::tuple([Column::Kind.into_expr(), Column::Key.into_expr()])
                .gt(Expr::tuple([Expr::value(kind), Expr::value(key)])),
        );
    }
    let mut rows = tx.all(read).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|row| cursors.sign(&encode(row)));
    let desk = match connection::current(&tx).await? {
        Some(company) => Some(CompanyMapping::read(&tx, company).await?),
        None => None,
    };
    let needs = need::all(&tx).await?;
    Ok(Page {
        items: rows
            .into_iter()
            .filter_map(|row| view(row, desk.as_ref(), &needs))
            .collect(),
        next_cursor,
    })
}

fn encode(row: &Model) -> Vec<u8> {
    format!("{}\u{1}{}", row.kind, row.key).into_bytes()
}

fn decode(place: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8(place.to_vec()).ok()?;
    let (kind, key) = text.split_once('\u{1}')?;
    accounting::Key::new(key).ok()?;
    Some((
        KnownKeyKind::read(kind).ok()?.as_str().to_owned(),
        key.to_owned(),
    ))
}

fn view(row: Model, desk: Option<&CompanyMapping>, needs: &need::Needs) -> Option<KnownKey> {
    let kind = KnownKeyKind::read(&row.kind).ok()?;
    let slots: Vec<Slot> = Slot::ALL
        .into_iter()
        .filter(|slot| slot.key().is_some() && slot.key() == kind.of_slots())
        .collect();
    let mapped = desk.map_or_else(Vec::new, |desk| mapped(desk, &slots, &row.key));
    let mapping = desk.map(CompanyMapping::resolution).unwrap_or_default();
    let missing: BTreeSet<Slot> = needs
        .seen
        .iter()
        .chain(&needs.declared)
        .filter(|need| slots.contains(&need.slot) && need.key.as_deref() == Some(&row.key))
        .filter(|need| {
            mapping
                .resolve(need.slot, need.key.as_deref(), need.location.as_deref())
                .is_none()
        })
        .map(|need| need.slot)
        .collect();
    Some(KnownKey {
        kind,
        source: if row.first_event_id.is_some() {
            KeySource::Event
        } else {
            KeySource::Declared
        },
        first_seen_at: row.first_seen_at,
        first_event_id: row.first_event_id,
        declared_by: row.declared_by,
        key: row.key,
        mapped,
        missing: missing.iter().map(ToString::to_string).collect(),
    })
}

// Rows of the key itself; a slot that has none is served by its defaults.
fn mapped(desk: &CompanyMapping, slots: &[Slot], key: &str) -> Vec<MappedKey> {
    let mut found = Vec::new();
    for slot in slots {
        let of_key = |wanted: &str| {
            desk.rows
                .iter()
                .filter(|row| row.slot == slot.as_str() && row.key == wanted)
                .collect::<Vec<_>>()
        };
        let own = of_key(key);
        let by_default = own.is_empty();
        let rows = if by_default { of_key("") } else { own };
        found.extend(rows.into_iter().filter_map(|row| {
            let account = desk.accounts.get(&row.account_id)?;
            Some(MappedKey {
                slot: row.slot.clone(),
                location: (!row.location.is_empty()).then(|| row.location.clone()),
                by_default,
                account_id: account.id,
                account: input::named(account),
            })
        }));
    }
    found
}

/// Makes keys known before any event carries them, each on its own.
///
/// # Errors
/// `no_keys`, `too_many_keys`.
pub async fn declare(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    keys: &[Result<DeclareKey, MappingProblem>],
) -> Result<Vec<DeclaredKey>, Error> {
    if keys.is_empty() || keys.len() > BULK_MAX {
        let code = if keys.is_empty() {
            "no_keys"
        } else {
            "too_many_keys"
        };
        return Err(Error::invalid(
            code,
            "keys",
            format!("{} keys at once: send 1 to {BULK_MAX}", keys.len()),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let mut results = Vec::with_capacity(keys.len());
    let mut declared = Vec::new();
    for (index, wanted) in keys.iter().enumerate() {
        let sound = wanted
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|wanted| read(wanted).map(|kind| (kind, wanted)));
        let (result, problem) = match sound {
            Ok((kind, wanted)) => {
                let done = tx
                    .execute(
                        "INSERT INTO known_key (tenant_id, kind, key, source, declared_by) VALUES ($1, $2, $3, 'declared', $4)
                         ON CONFLICT DO NOTHING",
                        vec![
                            kind.as_str().into(),
                            wanted.key.clone().into(),
                            caller.actor().into(),
                        ],
                    )
                    .await?;
                if done.rows_affected() == 0 {
                    (Declared::Known, None)
                } else {
                    declared.push(format!("{}: {}", kind.as_str(), wanted.key));
                    (Declared::Declared, None)
                }
            }
            Err(problem) => (Declared::Refused, Some(problem)),
        };
        results.push(DeclaredKey {
            index,
            result,
            problem,
        });
    }
    if !declared.is_empty() {
        audit::record(
            &tx,
            caller.actor(),
            "known_key.declared",
            &tenant.to_string(),
            serde_json::json!({ "keys": declared }),
        )
        .await?;
    }
    tx.commit().await?;
    Ok(results)
}

fn read(wanted: &DeclareKey) -> Result<KnownKeyKind, MappingProblem> {
    let problem = |code: &str, field: &str, detail: String| MappingProblem {
        code: code.to_owned(),
        detail,
        field: Some(field.to_owned()),
    };
    accounting::Key::new(&wanted.key)
        .map_err(|error| problem("invalid_key", "key", format!("the key {error}")))?;
    if input::is_blank(&wanted.key) {
        let detail = "blanks alone are no key: declare the text that events will carry".to_owned();
        return Err(problem("invalid_key", "key", detail));
    }
    KnownKeyKind::read(&wanted.kind)
        .map_err(|error| problem("unknown_kind", "kind", error.to_string()))
}

/// Forgets a key that was declared and that no event carries.
///
/// # Errors
/// `unknown_kind`; [`Error::NotFound`]; `key_in_use` where an event carries it.
pub async fn forget(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    name: &KnownKeyName,
) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Source {
        source: String,
    }
    let kind = KnownKeyKind::read(&name.kind)?;
    let tx = service.tenant(tenant).await?;
    let row = tx
        .query_as::<Source>(
            "SELECT source FROM known_key WHERE {mine} AND kind = $2 AND key = $3 FOR UPDATE",
            vec![kind.as_str().into(), name.key.clone().into()],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    if row.source == "event" {
        return Err(Error::conflict(
            "key_in_use",
            format!(
                "events carry the {} `{}`, so it stays known; map it instead",
                kind.as_str().replace('_', " "),
                input::clip(&name.key)
            ),
        ));
    }
    tx.execute(
        "DELETE FROM known_key WHERE {mine} AND kind = $2 AND key = $3",
        vec![kind.as_str().into(), name.key.clone().into()],
    )
    .await?;
    audit::record(
        &tx,
        caller.actor(),
        "known_key.forgotten",
        &tenant.to_string(),
        serde_json::json!({ "kind": kind.as_str(), "key": name.key }),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}
