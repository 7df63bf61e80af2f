//! The mapping: which account plays which slot, by default, for one key, or at one location.

mod clear;
mod cures;
mod history;
pub(crate) mod input;
pub(crate) mod lookalike;
mod version;

pub use clear::{ClearMapping, ClearedMappings, ClearedResult, many as clear_many, one as clear};
pub use history::{ChangedAccount, MappingChange, MappingChangeQuery, Way, list as changes};
pub use version::Expected;
pub(crate) use version::{lock, raise, tag};

use crate::access::Caller;
use crate::error::Error;
use crate::readiness::{self, UnmappedNeed};
use crate::{Service, alert, audit, books, connection};
use accounting::{Slot, Unusable};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, MappingId, TenantId};
use entity::mapping::{Column, Entity, Model};
use entity::store::TenantTx;
use entity::{account, connection as connection_row};
use history::Change;
pub(crate) use input::named;
use lookalike::KnownKeys;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// The longest mapping that is set at once.
pub const BULK_MAX: usize = 1000;

/// Gives a slot an account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMapping {
    /// The role, as the accounting contract names it.
    #[schema(value_type = accounting::Slot, example = "revenue")]
    pub slot: String,
    /// The key it is set for: an item class, a payment type, a reason, …; left out: the slot's default.
    #[schema(example = "apparel")]
    pub key: Option<String>,
    /// The location it is set for; left out: every location.
    #[schema(example = "boston")]
    pub location: Option<String>,
    /// The account that plays the role.
    pub account_id: AccountId,
}

/// A row of the mapping.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
    /// The role.
    #[schema(value_type = accounting::Slot, example = "revenue")]
    pub slot: String,
    /// The key it is set for; none: the slot's default.
    #[schema(example = "apparel")]
    pub key: Option<String>,
    /// The location it is set for; none: every location.
    pub location: Option<String>,
    /// The account that plays the role.
    pub account_id: AccountId,
    /// Its name.
    #[schema(example = "Sales Apparel")]
    pub account_name: String,
    /// Its number.
    #[schema(example = "4000")]
    pub account_number: Option<String>,
    /// Why entries cannot use it: the account is inactive in QuickBooks, or deleted here.
    pub broken: Option<String>,
    /// What is unusual about it: the account's type, or a key that nothing carries while one that looks like it is known.
    pub warning: Option<String>,
    /// Who set it.
    pub set_by: String,
    /// When.
    pub set_at: DateTime<Utc>,
}

/// A row of the mapping that was set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetRow {
    /// The row.
    #[serde(flatten)]
    pub mapping: Mapping,
    /// Failed events that lacked an account and now find every one: retry them. Entries already posted stay as they are.
    pub cures: u64,
}

/// What a change of the mapping led to.
#[derive(Debug, Clone)]
pub struct Changed<T> {
    /// What was asked for.
    pub value: T,
    /// The tag of the mapping as it is now.
    pub version: String,
    /// Failed events that lacked an account and now find every one.
    pub cures: u64,
}

/// What became of one row of a bulk.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingResult {
    /// Its place in the request, from 0.
    pub index: usize,
    /// The row, where it was set.
    pub mapping: Option<Mapping>,
    /// Why it was not.
    pub problem: Option<MappingProblem>,
}

/// Why one row of a bulk was not set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingProblem {
    /// Stable.
    #[schema(example = "account_type_refused")]
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
    /// The field that is wrong.
    pub field: Option<String>,
}

/// The mapping, and what it lacks.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Every row, in the order of the slots.
    pub rows: Vec<Mapping>,
    /// What events or declared keys ask for and no account is mapped for, as readiness tells it.
    pub unmapped: Vec<UnmappedNeed>,
    /// The tag of the mapping.
    pub version: String,
}

/// The tenant's mapping for its present company.
///
/// # Errors
/// `not_connected`.
pub async fn list(service: &Service, tenant: TenantId) -> Result<Listed, Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let version = tag(&company);
    let desk = CompanyMapping::read(&tx, company).await?;
    let known = KnownKeys::read(&tx).await?;
    let views = desk.rows.iter().filter_map(|row| desk.view(row));
    let mut rows: Vec<_> = views.map(|row| hinted(row, &known)).collect();
    let place = |slot: &str| Slot::ALL.iter().position(|known| known.as_str() == slot);
    rows.sort_by(|a, b| {
        (place(&a.slot), &a.key, &a.location).cmp(&(place(&b.slot), &b.key, &b.location))
    });
    Ok(Listed {
        rows,
        unmapped: readiness::unmapped(&tx, &desk).await?,
        version,
    })
}

fn hinted(row: Mapping, known: &KnownKeys) -> Mapping {
    let hint = row
        .key
        .as_deref()
        .and_then(|key| known.hint(&row.slot, key));
    let warning = match (row.warning, hint) {
        (Some(warning), Some(hint)) => Some(format!("{warning}; {hint}")),
        (warning, hint) => warning.or(hint),
    };
    Mapping { warning, ..row }
}

/// Sets one row; setting it again replaces its account. Entries already posted stay as they are.
///
/// # Errors
/// `not_connected`, `mapping_changed`, `unknown_slot`, `unexpected_key`, `invalid_key`, `unknown_account`,
/// `inactive_account`, `account_type_refused`.
pub async fn set(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    request: SetMapping,
) -> Result<Changed<Mapping>, Error> {
    let tx = service.tenant(tenant).await?;
    let mut pen = Pen::take(&tx, caller.actor(), expected, Way::ByHand).await?;
    let mapping = pen.set(&request).await?;
    let (version, cures) = pen.put_down().await?;
    tx.commit().await?;
    Ok(Changed {
        value: mapping,
        version,
        cures,
    })
}

/// Sets many rows, each on its own: what is sound is set, what is not says why. A row that could not be read comes with its
/// problem.
///
/// # Errors
/// `not_connected`, `mapping_changed`, `no_mappings`, `too_many_mappings`.
pub async fn set_many(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    requests: &[Result<SetMapping, MappingProblem>],
) -> Result<Changed<Vec<MappingResult>>, Error> {
    check_count(requests.len())?;
    let tx = service.tenant(tenant).await?;
    let mut pen = Pen::take(&tx, caller.actor(), expected, Way::ByHand).await?;
    let mut results = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        results.push(match request {
            Ok(request) => pen.set_or_say(index, request).await?,
            Err(problem) => MappingResult {
                index,
                mapping: None,
                problem: Some(problem.clone()),
            },
        });
    }
    let (version, cures) = pen.put_down().await?;
    tx.commit().await?;
    Ok(Changed {
        value: results,
        version,
        cures,
    })
}

/// Whether so many rows can be set at once.
///
/// # Errors
/// `no_mappings`, `too_many_mappings`.
pub(crate) fn check_count(rows: usize) -> Result<(), Error> {
    match rows {
        0 => Err(Error::invalid(
            "no_mappings",
            "mappings",
            format!("the list is empty: send 1 to {BULK_MAX} mappings"),
        )),
        1..=BULK_MAX => Ok(()),
        _ => Err(Error::invalid(
            "too_many_mappings",
            "mappings",
            format!("{rows} mappings at once: send 1 to {BULK_MAX}"),
        )),
    }
}

/// The mapping of the present company with its accounts, read once.
pub(crate) struct CompanyMapping {
    pub(crate) company: connection_row::Model,
    pub(crate) rows: Vec<Model>,
    pub(crate) accounts: HashMap<AccountId, account::Model>,
}

impl CompanyMapping {
    pub(crate) async fn read(tx: &TenantTx, company: connection_row::Model) -> Result<Self, Error> {
        Ok(Self {
            rows: rows(tx, &company.company_id).await?,
            accounts: accounts(tx, &company.company_id).await?,
            company,
        })
    }

    /// What resolves to which row, by the row's id, broken or not.
    pub(crate) fn resolution(&self) -> accounting::Mapping {
        self.collect(|_| true)
    }

    /// What resolves to a row whose account entries can use.
    pub(crate) fn usable(&self) -> accounting::Mapping {
        self.collect(is_usable)
    }

    /// The same, by the account's id.
    pub(crate) fn by_account(&self) -> accounting::Mapping {
        let mut mapping = accounting::Mapping::default();
        for row in &self.rows {
            let usable = self.accounts.get(&row.account_id).is_some_and(is_usable);
            if let (Ok(slot), true) = (row.slot.parse(), usable) {
                mapping.set(
                    slot,
                    some(&row.key),
                    some(&row.location),
                    row.account_id.to_string(),
                );
            }
        }
        mapping
    }

    fn collect(&self, fits: impl Fn(&account::Model) -> bool) -> accounting::Mapping {
        let mut mapping = accounting::Mapping::default();
        for row in &self.rows {
            let account = self.accounts.get(&row.account_id);
            let Ok(slot) = row.slot.parse() else { continue };
            let (key, location) = (some(&row.key), some(&row.location));
            if account.is_some_and(&fits) {
                mapping.set(slot, key, location, row.id.to_string());
            } else {
                mapping.set_gone(slot, key, location);
            }
        }
        mapping
    }

    pub(crate) fn view(&self, row: &Model) -> Option<Mapping> {
        Some(view(row, self.accounts.get(&row.account_id)?))
    }
}

/// Whether entries can use an account: it is in the chart, and QuickBooks would not refuse it.
fn is_usable(account: &account::Model) -> bool {
    books::unusable(account).is_none()
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Whoever changes the mapping, one at a time: rows are set and cleared with their history, and the version is raised once.
pub(crate) struct Pen<'t> {
    tx: &'t TenantTx,
    actor: &'t str,
    way: Way,
    pub(crate) desk: CompanyMapping,
    changed: bool,
    // Read when the first key is set.
    known: Option<KnownKeys>,
}

impl<'t> Pen<'t> {
    /// Locks the mapping against other changes of it and reads it.
    pub(crate) async fn take(
        tx: &'t TenantTx,
        actor: &'t str,
        expected: &Expected,
        way: Way,
    ) -> Result<Self, Error> {
        let company = lock(tx, expected).await?;
        Ok(Self {
            tx,
            actor,
            way,
            desk: CompanyMapping::read(tx, company).await?,
            changed: false,
            known: None,
        })
    }

    /// Sets a row. Setting what is set already changes nothing.
    pub(crate) async fn set(&mut self, request: &SetMapping) -> Result<Mapping, Error> {
        let row = self.write(request).await?;
        if row.key.is_none() {
            return Ok(row);
        }
        let known = match self.known.take() {
            Some(known) => known,
            None => KnownKeys::read(self.tx).await?,
        };
        Ok(hinted(row, self.known.insert(known)))
    }

    async fn write(&mut self, request: &SetMapping) -> Result<Mapping, Error> {
        let row = input::row(request, &self.desk.accounts)?;
        let (slot, key, location) = (row.slot.as_str(), row.key, row.location);
        let account = row.account.clone();
        let place = self
            .desk
            .rows
            .iter()
            .position(|row| row.slot == slot && row.key == key && row.location == location);
        let before = place.map(|place| self.desk.rows[place].clone());
        if let Some(before) = &before
            && before.account_id == account.id
        {
            return Ok(view(before, &account));
        }
        let after = self
            .tx
            .query_as::<Model>(
                "INSERT INTO mapping (tenant_id, id, company_id, slot, key, location, account_id, set_by)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (tenant_id, company_id, slot, key, location)
                   DO UPDATE SET account_id = excluded.account_id, set_by = excluded.set_by, set_at = tillpost_now()
                 RETURNING *",
                vec![
                    MappingId::new().into(),
                    self.desk.company.company_id.clone().into(),
                    slot.into(),
                    key.into(),
                    location.into(),
                    account.id.into(),
                    self.actor.into(),
                ],
            )
            .await?
            .pop()
            .ok_or(Error::NotFound)?;
        let from = before.map(|before| before.account_id);
        self.record("mapping.set", &after, from, Some(account.id))
            .await?;
        match place {
            Some(place) => self.desk.rows[place] = after.clone(),
            None => self.desk.rows.push(after.clone()),
        }
        Ok(view(&after, &account))
    }

    /// Sets a row of a bulk, or says why it cannot be set.
    ///
    /// # Errors
    /// Only what stops the whole bulk.
    pub(crate) async fn set_or_say(
        &mut self,
        index: usize,
        request: &SetMapping,
    ) -> Result<MappingResult, Error> {
        let (mapping, problem) = match self.set(request).await {
            Ok(mapping) => (Some(mapping), None),
            Err(Error::Invalid {
                code,
                detail,
                field,
            }) => (
                None,
                Some(MappingProblem {
                    code: code.to_owned(),
                    detail,
                    field,
                }),
            ),
            Err(error) => return Err(error),
        };
        Ok(MappingResult {
            index,
            mapping,
            problem,
        })
    }

    /// Clears a row of the present company; gives it as it was, or none where there is none.
    async fn clear(&mut self, id: MappingId) -> Result<Option<Mapping>, Error> {
        let Some(place) = self.desk.rows.iter().position(|row| row.id == id) else {
            return Ok(None);
        };
        let row = self.desk.rows[place].clone();
        let was = self.desk.view(&row).ok_or(Error::NotFound)?;
        self.tx
            .execute(
                "DELETE FROM mapping WHERE {mine} AND id = $2",
                vec![id.into()],
            )
            .await?;
        self.record("mapping.cleared", &row, Some(row.account_id), None)
            .await?;
        self.desk.rows.remove(place);
        Ok(Some(was))
    }

    async fn record(
        &mut self,
        action: &str,
        row: &Model,
        from: Option<AccountId>,
        to: Option<AccountId>,
    ) -> Result<(), Error> {
        self.changed = true;
        let change = Change {
            company_id: &row.company_id,
            actor: self.actor,
            way: self.way,
            slot: &row.slot,
            key: &row.key,
            location: &row.location,
            from,
            to,
        };
        history::record(self.tx, change).await?;
        audit::record(
            self.tx,
            self.actor,
            action,
            &row.id.to_string(),
            serde_json::json!({ "slot": row.slot, "key": row.key, "location": row.location, "account_id": to }),
        )
        .await
    }

    /// Ends the change: the mapping's tag as it is now, and how many failed events find every account.
    pub(crate) async fn put_down(&self) -> Result<(String, u64), Error> {
        let version = if self.changed {
            version::raise(self.tx, &self.desk.company).await?
        } else {
            tag(&self.desk.company)
        };
        alert::review(self.tx).await?;
        Ok((version, cures::count(self.tx, &self.desk).await?))
    }
}

pub(crate) async fn rows(tx: &TenantTx, company_id: &str) -> Result<Vec<Model>, Error> {
    Ok(tx
        .all(
            tx.find::<Entity>()
                .filter(Column::CompanyId.eq(company_id))
                .order_by_asc(Column::Id),
        )
        .await?)
}

/// Whether anything is mapped for a company.
///
/// # Errors
/// The database's.
pub(crate) async fn is_begun(tx: &TenantTx, company_id: &str) -> Result<bool, Error> {
    let any = tx.find::<Entity>().filter(Column::CompanyId.eq(company_id));
    Ok(tx.one(any).await?.is_some())
}

pub(crate) async fn accounts(
    tx: &TenantTx,
    company_id: &str,
) -> Result<HashMap<AccountId, account::Model>, Error> {
    Ok(tx
        .all(
            tx.find::<account::Entity>()
                .filter(account::Column::CompanyId.eq(company_id)),
        )
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect())
}

fn view(row: &Model, account: &account::Model) -> Mapping {
    let broken = books::unusable(account).map(|why| {
        let cure = match why {
            Unusable::DeletedHere => "import the chart again, or choose another",
            Unusable::Inactive => "make it active there, or choose another",
            Unusable::Vanished | Unusable::NeedsCustomer | Unusable::NeedsVendor => {
                "choose another"
            }
        };
        format!("account {} {why}; {cure}", named(account))
    });
    let warning = row
        .slot
        .parse::<Slot>()
        .ok()
        .and_then(|slot| slot.check(&account.account_type).ok().flatten())
        .map(|unusual| unusual.to_string());
    Mapping {
        id: row.id,
        slot: row.slot.clone(),
        key: some(&row.key).map(str::to_owned),
        location: some(&row.location).map(str::to_owned),
        account_id: row.account_id,
        account_name: account.name.clone(),
        account_number: account.number.clone(),
        broken,
        warning,
        set_by: row.set_by.clone(),
        set_at: row.set_at,
    }
}
