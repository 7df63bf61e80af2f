//! The accounts of a company by their ids in QuickBooks, so that a person reads names.

use super::facts::{NamedAccount, NamedDimension};
use crate::dimension;
use crate::error::Error;
use crate::mapping;
use accounting::{Books, Dimension, Refusal};
use entity::account::{Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::HashMap;

/// Accounts of the chart by their ids in QuickBooks.
#[derive(Debug, Default)]
pub(crate) struct Names {
    accounts: HashMap<String, Model>,
    dimensions: HashMap<(Dimension, String), entity::dimension::Model>,
}

impl Names {
    /// Those of these ids that the company's chart of accounts holds.
    pub(crate) async fn read<'a>(
        tx: &TenantTx,
        company_id: &str,
        qbo_ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let read = tx.find::<Entity>().filter(Column::CompanyId.eq(company_id));
        let rows = tx.among(read, Column::QboId, qbo_ids).await?;
        Ok(Self::of(rows))
    }

    pub(super) fn of(rows: Vec<Model>) -> Self {
        let by_id = rows.into_iter().map(|row| (row.qbo_id.clone(), row));
        Self {
            accounts: by_id.collect(),
            dimensions: HashMap::new(),
        }
    }

    /// Those that a refusal of the accounting rules speaks of.
    pub(crate) async fn of_refusal(
        tx: &TenantTx,
        company_id: &str,
        refusal: &Refusal,
    ) -> Result<Self, Error> {
        let mut names = match refusal {
            Refusal::AccountsUnusable(accounts) => {
                let ids = accounts.iter().map(|(account, _)| account.as_str());
                Self::read(tx, company_id, ids).await?
            }
            _ => Self::default(),
        };
        if matches!(refusal, Refusal::DimensionsUnusable(_)) {
            names.and_dimensions(tx, company_id).await?;
        }
        Ok(names)
    }

    /// All that a refusal may speak of with these books.
    pub(crate) async fn of_unusable(
        tx: &TenantTx,
        company_id: &str,
        books: &Books,
    ) -> Result<Self, Error> {
        let mut names = Self::default();
        if !books.unusable.is_empty() {
            let ids = books.unusable.keys().map(accounting::Ref::as_str);
            names = Self::read(tx, company_id, ids).await?;
        }
        if !books.unusable_dimensions.is_empty() {
            names.and_dimensions(tx, company_id).await?;
        }
        Ok(names)
    }

    /// Reads the company's Locations and Classes too.
    pub(crate) async fn and_dimensions(
        &mut self,
        tx: &TenantTx,
        company_id: &str,
    ) -> Result<(), Error> {
        let rows = dimension::row::all(tx, company_id).await?;
        self.dimensions = rows
            .into_iter()
            .filter_map(|row| {
                let kind = dimension::Kind::read(&row.kind)?;
                Some(((kind.into(), row.qbo_id.clone()), row))
            })
            .collect();
        Ok(())
    }

    /// The Location or Class of this id, by its name where it is known.
    pub(super) fn dimension(&self, kind: Dimension, qbo_id: &str) -> NamedDimension {
        let row = self.dimensions.get(&(kind, qbo_id.to_owned()));
        NamedDimension {
            kind: kind.into(),
            dimension_id: row.map(|row| row.id),
            qbo_id: qbo_id.to_owned(),
            name: row.map(dimension::row::name),
        }
    }

    /// Those among these Locations and Classes of which this is known.
    pub(super) fn those_dimensions(
        &self,
        carried: &[(Dimension, String)],
        known: impl Fn(&entity::dimension::Model) -> bool,
    ) -> Vec<NamedDimension> {
        carried
            .iter()
            .filter(|place| self.dimensions.get(place).is_some_and(&known))
            .map(|(kind, id)| self.dimension(*kind, id))
            .collect()
    }

    /// The account of this id, by its names where they are known.
    pub(super) fn account(&self, qbo_id: &str) -> NamedAccount {
        self.accounts
            .get(qbo_id)
            .map_or_else(|| NamedAccount::unknown(qbo_id), NamedAccount::from)
    }

    /// The account of this id as the chart lists it: `4000 Sales Apparel`.
    pub(crate) fn in_full(&self, qbo_id: &str) -> String {
        match self.accounts.get(qbo_id) {
            Some(account) => mapping::named(account),
            None => format!("account {qbo_id}, which the chart does not hold,"),
        }
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
        let words = replaced(said, ACCOUNT, |id| self.account(id).to_string());
        let words = replaced(&words, LOCATION, |id| {
            self.dimension(Dimension::Location, id).to_string()
        });
        replaced(&words, CLASS, |id| {
            self.dimension(Dimension::Class, id).to_string()
        })
    }
}

/// How QuickBooks names an account, a Location and a Class in a fault, before its id.
const ACCOUNT: &str = "Accounts element id ";
const LOCATION: &str = "Depts element id ";
const CLASS: &str = "Klasses element id ";

fn replaced(said: &str, before_id: &str, name: impl Fn(&str) -> String) -> String {
    let mut words = String::with_capacity(said.len());
    let mut rest = said;
    while let Some((before, after)) = rest.split_once(before_id) {
        words.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (id, after) = after.split_at(digits);
        words.push_str(&name(id));
        rest = after;
    }
    words.push_str(rest);
    words
}
