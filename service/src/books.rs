//! What the accounting rules need of a tenant's books, read from its rows.

use crate::error::Error;
use crate::{location_mapping, mapping, tenant};
use accounting::{Books, ClosedPeriod, Currency, Mapping, Ref, Slot, Unusable};
use entity::account::Model as Account;
use entity::connection::Model as Connection;
use entity::store::TenantTx;

/// The books of the tenant's present company. Accounts are named by their ids in QuickBooks. A row whose account cannot be
/// used keeps it, and what needs it fails and says so: it does not fall back to a default.
///
/// # Errors
/// The company's currency is not one we know.
pub async fn read(tx: &TenantTx, connection: &Connection) -> Result<Books, Error> {
    let tenant = tx
        .one(tx.find::<entity::tenant::Entity>())
        .await?
        .ok_or(Error::NotFound)?;
    let accounts = mapping::accounts(tx, &connection.company_id).await?;
    let mut rows = Mapping::default();
    for row in mapping::rows(tx, &connection.company_id).await? {
        let (Ok(slot), Some(account)) = (row.slot.parse::<Slot>(), accounts.get(&row.account_id))
        else {
            continue;
        };
        let (key, location) = (some(&row.key), some(&row.location));
        rows.set(slot, key, location, account.qbo_id.as_str());
    }
    let unusable = accounts.values().filter_map(|account| {
        unusable(account).map(|why| (Ref::from(account.qbo_id.as_str()), why))
    });
    let unusable = unusable.collect();
    let home_currency = home_currency(connection)?;
    let mut books = Books::new(rows, home_currency);
    books.rounding_tolerance_minor =
        i64::from(tenant.rounding_tolerance_milli) * home_currency.minor_per_unit() / 1000;
    books.net_lines = tenant.net_lines;
    books.closing_date = connection.closing_date;
    books.closed_through_refused = connection.closed_through_refused;
    books.unusable = unusable;
    location_mapping::read_into(tx, &connection.company_id, &mut books).await?;
    books.closed_period = match tenant::ClosedPeriod::read(&tenant.closed_period) {
        tenant::ClosedPeriod::Fail => ClosedPeriod::Fail,
        tenant::ClosedPeriod::FirstOpenDay => ClosedPeriod::FirstOpenDay,
    };
    Ok(books)
}

/// Why this account cannot stand in an entry, as far as the chart of accounts says. Whatever tells of an account that cannot
/// be used asks this.
#[must_use]
pub fn unusable(account: &Account) -> Option<Unusable> {
    if account.vanished_at.is_some() {
        return Some(Unusable::Vanished);
    }
    if account.deleted_at.is_some() {
        return Some(Unusable::DeletedHere);
    }
    if !account.active {
        return Some(Unusable::Inactive);
    }
    match account.account_type.as_str() {
        "Accounts Receivable" => Some(Unusable::NeedsCustomer),
        "Accounts Payable" => Some(Unusable::NeedsVendor),
        _ => None,
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The company's home currency.
///
/// # Errors
/// It is not one we know.
pub fn home_currency(connection: &Connection) -> Result<Currency, Error> {
    connection.home_currency.parse().map_err(|_| {
        Error::internal(format!(
            "unknown home currency {}",
            connection.home_currency
        ))
    })
}
