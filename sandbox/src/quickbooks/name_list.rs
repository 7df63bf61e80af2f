//! Locations, classes, customers and vendors: lists that journal entry lines refer to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::company::metadata;
use super::offering::Offering;

/// Which list a name stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// A location, which the API calls Department.
    Department,
    /// A class.
    Class,
    /// A customer.
    Customer,
    /// A vendor.
    Vendor,
}

impl NameKind {
    /// The entity's name in the API.
    pub(crate) fn entity(self) -> &'static str {
        match self {
            Self::Department => "Department",
            Self::Class => "Class",
            Self::Customer => "Customer",
            Self::Vendor => "Vendor",
        }
    }

    /// The entity of this name, in any case.
    pub(crate) fn find(entity: &str) -> Option<Self> {
        [Self::Department, Self::Class, Self::Customer, Self::Vendor]
            .into_iter()
            .find(|kind| kind.entity().eq_ignore_ascii_case(entity))
    }

    /// Whether companies with this subscription have the list.
    pub(crate) fn is_offered(self, offering: Offering) -> bool {
        match self {
            Self::Department | Self::Class => offering.has_locations_and_classes(),
            Self::Customer | Self::Vendor => true,
        }
    }

    /// What fault 2500 calls the list.
    pub(crate) fn fault_list(self) -> &'static str {
        match self {
            Self::Department => "Depts",
            Self::Class => "Klasses",
            Self::Customer | Self::Vendor => "Names",
        }
    }
}

/// One name.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) id: u64,
    pub(crate) kind: NameKind,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) sync_token: u64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
}

impl Name {
    /// The name as shown: an inactive one says so.
    pub(crate) fn shown(&self) -> String {
        if self.active {
            self.name.clone()
        } else {
            format!("{} (deleted)", self.name)
        }
    }

    /// The object as the API answers it.
    pub(crate) fn object(&self) -> Value {
        let shown = self.shown();
        let mut object = json!({
            "Active": self.active, "domain": "QBO", "sparse": false,
            "Id": self.id.to_string(), "SyncToken": self.sync_token.to_string(),
            "MetaData": metadata(self.created, self.updated), "FullyQualifiedName": shown,
        });
        match self.kind {
            NameKind::Department => {
                object["Name"] = json!(shown);
                object["SubDepartment"] = json!(false);
            }
            NameKind::Class => {
                object["Name"] = json!(shown);
                object["SubClass"] = json!(false);
            }
            NameKind::Customer | NameKind::Vendor => object["DisplayName"] = json!(shown),
        }
        object
    }
}

/// A company's names of all kinds.
#[derive(Debug, Default)]
pub(crate) struct NameList {
    names: Vec<Name>,
    removed: Vec<(Name, DateTime<Utc>)>,
}

impl NameList {
    /// Adds a name and gives its id. Class ids have nineteen digits, as recorded.
    pub(crate) fn add(&mut self, kind: NameKind, name: String, now: DateTime<Utc>) -> u64 {
        let first = if kind == NameKind::Class {
            5_000_000_000_000_085_682
        } else {
            1
        };
        let sequence = |other: NameKind| (other == NameKind::Class) == (kind == NameKind::Class);
        let id = self
            .names
            .iter()
            .chain(self.removed.iter().map(|(name, _)| name))
            .filter(|name| sequence(name.kind))
            .map(|name| name.id + 1)
            .max()
            .unwrap_or(first);
        self.names.push(Name {
            id,
            kind,
            name,
            active: true,
            sync_token: 0,
            created: now,
            updated: now,
        });
        id
    }

    pub(crate) fn of_kind(&self, kind: NameKind) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(move |name| name.kind == kind)
    }

    pub(crate) fn find(&self, kind: NameKind, id: &str) -> Option<&Name> {
        let id: u64 = id.parse().ok()?;
        self.of_kind(kind).find(|name| name.id == id)
    }

    /// What was taken off a list, and when.
    pub(crate) fn removed(
        &self,
        kind: NameKind,
    ) -> impl Iterator<Item = (u64, DateTime<Utc>)> + '_ {
        self.removed
            .iter()
            .filter(move |(name, _)| name.kind == kind)
            .map(|(name, at)| (name.id, *at))
    }

    /// Changes a name in place. False when there is none.
    fn change(
        &mut self,
        kind: NameKind,
        id: u64,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Name),
    ) -> bool {
        let found = self
            .names
            .iter_mut()
            .find(|name| name.kind == kind && name.id == id);
        let Some(name) = found else {
            return false;
        };
        let before = name.clone();
        change(name);
        if (&name.name, name.active) != (&before.name, before.active) {
            name.sync_token += 1;
            name.updated = now;
        }
        true
    }

    pub(crate) fn set_active(
        &mut self,
        kind: NameKind,
        id: u64,
        active: bool,
        now: DateTime<Utc>,
    ) -> bool {
        self.change(kind, id, now, |name| name.active = active)
    }

    pub(crate) fn rename(
        &mut self,
        kind: NameKind,
        id: u64,
        to: String,
        now: DateTime<Utc>,
    ) -> bool {
        self.change(kind, id, now, |name| name.name = to)
    }

    /// Takes a name off its list, as a merge into another does. False when there is none.
    pub(crate) fn remove(&mut self, kind: NameKind, id: u64, now: DateTime<Utc>) -> bool {
        let place = self
            .names
            .iter()
            .position(|name| name.kind == kind && name.id == id);
        let Some(place) = place else {
            return false;
        };
        let name = self.names.remove(place);
        self.removed.push((name, now));
        true
    }
}
