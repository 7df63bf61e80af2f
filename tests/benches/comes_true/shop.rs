//! A store with everything: its chart, its locations, books that are closed through September, and events of a quarter.

use crate::mishaps::{self, break_accounts, foreign, map_locations};
use crate::plant;
use crate::world::{Tenant, World};
use chrono::{Days, NaiveDate};
use sandbox::quickbooks::{CompanySummary, NewAccount, NewCompany};
use sandbox::store::{self, Week};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;

/// The window of all events.
pub const FROM: &str = "2026-09-01";
pub const TO: &str = "2026-11-30";

/// The last day of the closed books.
const CLOSED: &str = "2026-09-30";
/// The Monday of the first week, and how many there are.
const MONDAY: &str = "2026-09-07";
const WEEKS: u64 = 12;
/// Of so many events there is one set of mishaps.
const A_SET: usize = 500;

/// How the books are kept.
#[derive(Clone, Copy)]
pub struct Policy {
    pub closed_period: &'static str,
    pub net_lines: bool,
    /// Whether the company refuses a number that is taken.
    pub guards_numbers: bool,
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "closed_period {}, net_lines {}, a company that {} its numbers",
            self.closed_period,
            self.net_lines,
            if self.guards_numbers {
                "guards"
            } else {
                "does not guard"
            }
        )
    }
}

/// A store that waits for its past sync.
pub struct Shop<'w> {
    pub store: Tenant<'w>,
    pub company: CompanySummary,
}

impl<'w> Shop<'w> {
    /// Connected and mapped, with accounts and a location that broke.
    pub async fn open(world: &'w World, policy: Policy) -> Self {
        let quickbooks = world.quickbooks();
        let accounts = store::chart().iter().map(|account| NewAccount {
            name: account.name.to_owned(),
            account_type: account.account_type.to_owned(),
            account_sub_type: Some(account.account_sub_type.to_owned()),
            number: Some(account.number.to_owned()),
        });
        let company = quickbooks
            .seed_company(NewCompany {
                accounts: accounts.collect(),
                ..NewCompany::named(policy.closed_period)
            })
            .unwrap();
        let realm = &company.realm_id;
        plant::guard_numbers(world, realm, policy.guards_numbers);
        quickbooks
            .close_books(realm, CLOSED.parse().unwrap(), false)
            .unwrap();
        let store = world.tenant(policy.closed_period).await;
        store.connect(realm).await;
        for row in store::mapping() {
            store.map(row.slot, row.key, row.account).await;
        }
        let locations = [("boston", "Boston"), ("cambridge", "Cambridge")];
        map_locations(world, &store, &company, &locations).await;
        break_accounts(world, &store, &company).await;
        let settings =
            json!({ "closed_period": policy.closed_period, "net_lines": policy.net_lines });
        store.patch_settings(settings).await;
        Self { store, company }
    }

    /// Sends so many events, and takes the numbers of some of them in QuickBooks; tells how many were sent.
    pub async fn send(&self, count: usize) -> usize {
        let mut all = Vec::with_capacity(count);
        for set in 0..count.div_ceil(A_SET) {
            let number = format!("T-{set}");
            all.extend(mishaps::events(&format!("m{set}"), &number));
            let entry = foreign(&self.company, &number);
            let quickbooks = self.store.world.quickbooks();
            quickbooks
                .insert_entry(&self.company.realm_id, &entry)
                .unwrap();
        }
        let monday: NaiveDate = MONDAY.parse().unwrap();
        let a_week = count
            .saturating_sub(all.len())
            .div_ceil(usize::try_from(WEEKS).unwrap());
        for week in 0..WEEKS {
            let monday = monday + Days::new(7 * week);
            all.extend(Week::generate(week, monday, a_week).events);
        }
        all.truncate(count);
        let types: BTreeSet<&str> = all
            .iter()
            .filter_map(|event| event["transaction"]["type"].as_str())
            .collect();
        println!(
            "{} events of {} types, at {} locations mapped, unmapped and closed down",
            all.len(),
            types.len(),
            store::LOCATIONS.len() + 1
        );
        self.take_in(&all).await;
        all.len()
    }

    // Each is taken in; a thousand a request.
    async fn take_in(&self, events: &[Value]) {
        for events in events.chunks(1_000) {
            self.store.send_events(events.to_vec()).await;
        }
    }

    /// Somebody posts by hand what nobody foretold.
    pub fn falsify(&self) {
        let quickbooks = self.store.world.quickbooks();
        let entry = foreign(&self.company, "by-hand");
        quickbooks
            .insert_entry(&self.company.realm_id, &entry)
            .unwrap();
    }
}
