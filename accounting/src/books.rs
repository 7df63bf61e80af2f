//! What the rules need to know of one company's books and its tenant's wishes.

use std::collections::HashMap;
use std::fmt;

use chrono::NaiveDate;

use crate::{Currency, Mapping, Ref};

/// One company's books, as far as posting depends on them.
#[derive(Clone, Debug)]
pub struct Books {
    /// Which account plays which role.
    pub mapping: Mapping,
    /// The company's home currency. Events in another one are refused.
    pub home_currency: Currency,
    /// The largest difference of payments and lines that goes to the rounding account, in minor units. Values outside
    /// zero to [`max_rounding_tolerance_minor`] count as the nearer end.
    pub rounding_tolerance_minor: i64,
    /// Whether debits and credits of one account (and location and class) become one line.
    pub net_lines: bool,
    /// The last day of the closed period.
    pub closing_date: Option<NaiveDate>,
    /// What becomes of an event dated in the closed period.
    pub closed_period: ClosedPeriod,
    /// The latest date that QuickBooks refused as closed although its preferences show no closing date that covers it.
    pub closed_through_refused: Option<NaiveDate>,
    /// Mapped accounts that cannot stand in an entry, as far as the chart of accounts says.
    pub unusable: HashMap<Ref, Unusable>,
    /// The tenant's locations by key. One that is not here posts without location and class.
    pub locations: HashMap<String, LocationRefs>,
    /// Locations and classes of these that QuickBooks would refuse in an entry.
    pub unusable_dimensions: Vec<(Dimension, Ref, Unusable)>,
}

/// What a line may carry beside its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// A QuickBooks Location.
    Location,
    /// A QuickBooks Class.
    Class,
}

impl Dimension {
    /// `location` or `class`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Class => "class",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a location is in the company's books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocationRefs {
    /// The QuickBooks Location.
    pub department: Option<Ref>,
    /// The QuickBooks Class.
    pub class: Option<Ref>,
}

/// Why an account cannot stand in an entry, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unusable {
    /// It is not in QuickBooks any more.
    Vanished,
    /// It was deleted from the chart here; QuickBooks may have it still.
    DeletedHere,
    /// It is inactive.
    Inactive,
    /// It became an Accounts Receivable account, whose lines need a customer.
    NeedsCustomer,
    /// It became an Accounts Payable account, whose lines need a vendor.
    NeedsVendor,
}

impl Unusable {
    /// The stable code of what it keeps from the books.
    pub fn code(self) -> &'static str {
        match self {
            Self::Vanished | Self::DeletedHere => "reference_missing",
            Self::Inactive => "account_inactive",
            Self::NeedsCustomer | Self::NeedsVendor => "name_required",
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vanished => "is not in QuickBooks any more",
            Self::DeletedHere => "was deleted here",
            Self::Inactive => "is inactive in QuickBooks",
            Self::NeedsCustomer => {
                "is an Accounts Receivable account, whose lines QuickBooks takes only with a customer"
            }
            Self::NeedsVendor => {
                "is an Accounts Payable account, whose lines QuickBooks takes only with a vendor"
            }
        })
    }
}

/// What becomes of an event dated on or before the closing date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClosedPeriod {
    /// It fails, and a person decides.
    #[default]
    Fail,
    /// It is dated the day after the closing date, its original date in the private note.
    FirstOpenDay,
}

impl ClosedPeriod {
    /// Its name in settings: `fail` or `first_open_day`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::FirstOpenDay => "first_open_day",
        }
    }
}

/// The largest rounding tolerance a tenant may set: one unit of the currency (`1.00`), in minor units.
pub fn max_rounding_tolerance_minor(currency: Currency) -> i64 {
    currency.minor_per_unit()
}

impl Books {
    /// Books with this mapping and home currency and every setting at its default: no tolerance, no netting, nothing
    /// closed, no locations.
    pub fn new(mapping: Mapping, home_currency: Currency) -> Self {
        Self {
            mapping,
            home_currency,
            rounding_tolerance_minor: 0,
            net_lines: false,
            closing_date: None,
            closed_period: ClosedPeriod::Fail,
            closed_through_refused: None,
            unusable: HashMap::new(),
            locations: HashMap::new(),
            unusable_dimensions: Vec::new(),
        }
    }
}
