//! The effect on each account, foretold by a dry run or summed from what a past sync posted, as a person reads it.

use super::row;
use crate::dimension::{self, Kind};
use crate::error::Error;
use crate::posting::entry::unseal;
use crate::{Service, mapping, sheet};
use accounting::{Currency, Effect as Sums, Place, Ref, Sides, Sum};
use entity::account::Model as Account;
use entity::id::{AccountId, PastSyncId, TenantId};
use entity::store::TenantTx;
use futures::TryStreamExt;
use sea_orm::FromQueryResult;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// What a number of entries do to the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Effect {
    /// How many entries these are.
    pub entries: u64,
    /// The currency of every amount: the company's home currency, as ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// The sum of all debits, which is that of all credits.
    #[schema(example = "1082.50")]
    pub debits: String,
    /// The sum of all credits.
    #[schema(example = "1082.50")]
    pub credits: String,
    /// Each account that any entry touches, by number and name.
    pub accounts: Vec<AccountEffect>,
    /// The same sums by QuickBooks location and class; what has neither stands in a row without both.
    pub places: Vec<PlaceEffect>,
}

/// What the entries do to one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountEffect {
    /// The account; none where the imported chart does not have it any more.
    pub account_id: Option<AccountId>,
    /// Its id in QuickBooks.
    #[schema(example = "79")]
    pub qbo_id: String,
    /// Its number.
    #[schema(example = "4000")]
    pub number: Option<String>,
    /// Its name.
    #[schema(example = "Sales Apparel")]
    pub name: String,
    /// Its type.
    #[schema(example = "Income")]
    pub account_type: String,
    /// The sum of its debits.
    #[schema(example = "12.00")]
    pub debits: String,
    /// The sum of its credits.
    #[schema(example = "962.00")]
    pub credits: String,
    /// Debits less credits.
    #[schema(example = "-950.00")]
    pub net: String,
    /// The same by QuickBooks location and class; what has neither stands in a row without both.
    pub places: Vec<PlaceEffect>,
}

/// What the entries do at one location and class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlaceEffect {
    /// The id of the location in QuickBooks.
    pub qbo_location_id: Option<String>,
    /// The location's name.
    #[schema(example = "Boston")]
    pub location: Option<String>,
    /// The id of the class in QuickBooks.
    pub qbo_class_id: Option<String>,
    /// The class's name.
    #[schema(example = "Retail")]
    pub class: Option<String>,
    /// The sum of its debits.
    #[schema(example = "541.25")]
    pub debits: String,
    /// The sum of its credits.
    #[schema(example = "541.25")]
    pub credits: String,
    /// Debits less credits.
    #[schema(example = "0.00")]
    pub net: String,
}

impl Effect {
    /// The effect with the names of a company's accounts, which are given by their ids in QuickBooks.
    pub(super) fn named(sums: &Sums, currency: Currency, names: &EffectNames) -> Self {
        let spell = |minor| Sum::of_minor(minor, currency).to_string();
        let mut rows: Vec<AccountEffect> = sums
            .accounts()
            .map(|(account, places)| of_account(account, places, &spell, names))
            .collect();
        rows.sort_by(|a, b| order(a).cmp(&order(b)));
        let total = sums.total();
        Self {
            entries: sums.entries(),
            currency: currency.to_string(),
            debits: spell(total.debits_minor),
            credits: spell(total.credits_minor),
            accounts: rows,
            places: sums
                .places()
                .into_iter()
                .map(|(place, sides)| of_place(place, sides, &spell, names))
                .collect(),
        }
    }

    /// The effect as a CSV file: a header, a row for each account at each location and class, and a row of totals. Texts that a
    /// spreadsheet would take for a formula are made plain texts.
    ///
    /// # Errors
    /// [`Error::Internal`], where memory cannot be written to.
    pub fn csv(&self) -> Result<Vec<u8>, Error> {
        let mut sheet = csv::Writer::from_writer(Vec::new());
        let mut write = |cells: [&str; 8]| sheet.write_record(cells).map_err(Error::internal);
        write([
            "account_number",
            "account_name",
            "account_type",
            "location",
            "class",
            "debits",
            "credits",
            "net",
        ])?;
        for row in &self.accounts {
            for place in &row.places {
                write([
                    &sheet::plain(row.number.as_deref().unwrap_or_default()),
                    &sheet::plain(&row.name),
                    &sheet::plain(&row.account_type),
                    &sheet::plain(place.location.as_deref().unwrap_or_default()),
                    &sheet::plain(place.class.as_deref().unwrap_or_default()),
                    &place.debits,
                    &place.credits,
                    &place.net,
                ])?;
            }
        }
        let (debits, credits) = (&*self.debits, &*self.credits);
        write(["", "Total", "", "", "", debits, credits, &self.net()])?;
        sheet
            .into_inner()
            .map_err(|error| Error::internal(error.into_error()))
    }

    // Debits are credits, so what is left over is nothing, in the decimals of the currency.
    fn net(&self) -> String {
        let currency: Option<Currency> = self.currency.parse().ok();
        currency.map_or_else(String::new, |currency| {
            Sum::of_minor(0, currency).to_string()
        })
    }
}

// By number, those without one last, then by name.
fn order(row: &AccountEffect) -> (bool, Option<&str>, &str) {
    (row.number.is_none(), row.number.as_deref(), &row.name)
}

fn of_account(
    account: &Ref,
    places: &BTreeMap<Place, Sides>,
    spell: &impl Fn(i128) -> String,
    names: &EffectNames,
) -> AccountEffect {
    let known = names.accounts.get(account.as_str());
    let sides = Sides::sum(places.values());
    let present = known.filter(|known| known.deleted_at.is_none());
    AccountEffect {
        account_id: present.map(|known| known.id),
        qbo_id: account.to_string(),
        number: known.and_then(|known| known.number.clone()),
        name: known.map(|known| known.name.clone()).unwrap_or_default(),
        account_type: known
            .map(|known| known.account_type.clone())
            .unwrap_or_default(),
        debits: spell(sides.debits_minor),
        credits: spell(sides.credits_minor),
        net: spell(sides.net_minor()),
        places: places
            .iter()
            .map(|(place, sides)| of_place(place, *sides, spell, names))
            .collect(),
    }
}

fn of_place(
    place: &Place,
    sides: Sides,
    spell: &impl Fn(i128) -> String,
    names: &EffectNames,
) -> PlaceEffect {
    let named = |kind: Kind, id: &Option<Ref>| {
        let id = id.as_ref()?.as_str();
        let mut rows = names.dimensions.iter();
        rows.find(|row| row.kind == kind.as_str() && row.qbo_id == id)
            .map(dimension::row::name)
    };
    PlaceEffect {
        location: named(Kind::Location, &place.department),
        class: named(Kind::Class, &place.class),
        qbo_location_id: place.department.as_ref().map(Ref::to_string),
        qbo_class_id: place.class.as_ref().map(Ref::to_string),
        debits: spell(sides.debits_minor),
        credits: spell(sides.credits_minor),
        net: spell(sides.net_minor()),
    }
}

/// The names of what entries of a company stand on.
pub(super) struct EffectNames {
    /// Accounts by their ids in QuickBooks, locally deleted ones too.
    accounts: HashMap<String, Account>,
    dimensions: Vec<entity::dimension::Model>,
}

impl EffectNames {
    pub(super) async fn read(tx: &TenantTx, company_id: &str) -> Result<Self, Error> {
        let accounts = mapping::accounts(tx, company_id).await?.into_values();
        Ok(Self {
            accounts: accounts
                .map(|account| (account.qbo_id.clone(), account))
                .collect(),
            dimensions: dimension::row::all(tx, company_id).await?,
        })
    }
}

/// What a past sync has posted so far, summed from the very bytes that were sent. Entries that were in the books before it
/// are not its own.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn effect(service: &Service, tenant: TenantId, id: PastSyncId) -> Result<Effect, Error> {
    #[derive(FromQueryResult)]
    struct Sent {
        body: Vec<u8>,
    }
    let tx = service.store().snapshot(tenant).await?;
    let past_sync = row(&tx, id).await?;
    let currency = super::currency_of(&tx, &past_sync.company_id).await?;
    let mut sums = Sums::default();
    {
        let mut sent = tx
            .stream_as::<Sent>(
                "SELECT j.body FROM event e
                   JOIN journal_entry j ON {mine:j} AND j.event_id = e.id AND j.company_id = $3
                  WHERE {mine:e} AND e.past_sync_id = $2 AND e.status = 'synced' AND j.state = 'posted' AND j.attempts > 0
                    AND j.settled_at >= $4",
                vec![
                    id.into(),
                    past_sync.company_id.clone().into(),
                    past_sync.created_at.into(),
                ],
            )
            .await?;
        while let Some(entry) = sent.try_next().await? {
            sums.add(&unseal(&entry.body, currency)?);
        }
    }
    let names = EffectNames::read(&tx, &past_sync.company_id).await?;
    Ok(Effect::named(&sums, currency, &names))
}
