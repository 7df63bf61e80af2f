//! The accounts of a company by their ids in QuickBooks, so that a person reads names.

use super::facts::NamedAccount;
use crate::error::Error;
use entity::account::{Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::HashMap;

/// Accounts of the chart by their ids in QuickBooks.
#[derive(Debug, Default)]
pub(crate) struct Names {
    accounts: HashMap<String, Model>,
}

impl Names {
    /// Those of these ids that the company's chart of accounts holds.
    pub(crate) async fn read<'a>(
        tx: &TenantTx,
        company_id: &str,
        qbo_ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let read = tx
            .find::<Entity>()
            .filter(Column::CompanyId.eq(company_id))
            .filter(Column::QboId.is_in(qbo_ids));
        let rows = tx.all(read).await?;
        Ok(Self::of(rows))
    }

    pub(super) fn of(rows: Vec<Model>) -> Self {
        let by_id = rows.into_iter().map(|row| (row.qbo_id.clone(), row));
        Self {
            accounts: by_id.collect(),
        }
    }

    /// The account of this id, by its names where they are known.
    pub(super) fn account(&self, qbo_id: &str) -> NamedAccount {
        self.accounts
            .get(qbo_id)
            .map_or_else(|| NamedAccount::unknown(qbo_id), NamedAccount::from)
    }

    /// Those among `qbo_ids` of which this is known.
    pub(super) fn those(
        &self,
        qbo_ids: &[String],
        known: impl Fn(&Model) -> bool,
    ) -> Vec<NamedAccount> {
        let found = qbo_ids.iter().filter_map(|id| self.accounts.get(id));
        found
            .filter(|row| known(row))
            .map(NamedAccount::from)
            .collect()
    }

    /// What QuickBooks said, with names in the place of its ids.
    pub(super) fn in_words(&self, said: &str) -> String {
        let mut words = String::with_capacity(said.len());
        let mut rest = said;
        while let Some((before, after)) = rest.split_once(ACCOUNT) {
            words.push_str(before);
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (id, after) = after.split_at(digits);
            words.push_str(&self.account(id).to_string());
            rest = after;
        }
        words.push_str(rest);
        words
    }
}

/// How QuickBooks names an account in a fault, before its id.
const ACCOUNT: &str = "Accounts element id ";
