//! The chart of accounts: objects, and what creating or changing one is checked for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::account_type::{self, AccountType};
use super::company::{Company, metadata};
use super::fault::{Fault, FaultError, catalogue};
use super::property::{self, ACCOUNT};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) account_type: String,
    pub(crate) account_sub_type: String,
    pub(crate) number: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) parent: Option<u64>,
    pub(crate) active: bool,
    pub(crate) sync_token: u64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
}

impl Account {
    /// `Asset`, `Equity`, `Expense`, `Liability` or `Revenue`.
    pub(crate) fn classification(&self) -> &'static str {
        account_type::find(&self.account_type).map_or("", |row| row.classification)
    }

    /// The name as shown: an inactive account says so.
    pub(crate) fn shown_name(&self) -> String {
        if self.active {
            self.name.clone()
        } else {
            format!("{} (deleted)", self.name)
        }
    }
}

/// The deepest level of the hierarchy.
const LEVELS_MAX: usize = 5;

/// The longest account number. Newer companies of the first three countries take longer ones too; the
/// simulator keeps to what all take.
fn number_length_max(country: &str) -> usize {
    match country {
        "US" | "GB" | "IN" => 7,
        _ => 20,
    }
}

/// The company's accounts by id.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_id: BTreeMap<u64, Account>,
    removed: BTreeMap<u64, (Account, DateTime<Utc>)>,
}

impl Accounts {
    pub(crate) fn get(&self, id: u64) -> Option<&Account> {
        self.by_id.get(&id)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Account> {
        id.parse().ok().and_then(|id| self.get(id))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values()
    }

    /// `Parent:Child`, as references name an account.
    pub(crate) fn full_name(&self, account: &Account) -> String {
        match account.parent.and_then(|parent| self.get(parent)) {
            Some(parent) => format!("{}:{}", self.full_name(parent), account.shown_name()),
            None => account.shown_name(),
        }
    }

    /// On which level of the hierarchy an account stands, from 1.
    fn depth(&self, account: &Account) -> usize {
        let parent = account.parent.and_then(|parent| self.get(parent));
        parent.map_or(1, |parent| self.depth(parent) + 1)
    }

    fn next_id(&self) -> u64 {
        let last = self.by_id.last_key_value().map(|(id, _)| *id);
        let removed = self.removed.last_key_value().map(|(id, _)| *id);
        last.max(removed).unwrap_or_default() + 1
    }

    fn name_taken(&self, name: &str, besides: Option<u64>) -> bool {
        self.iter().any(|other| {
            Some(other.id) != besides && other.active && other.name.eq_ignore_ascii_case(name)
        })
    }

    fn put(&mut self, account: Account) {
        self.by_id.insert(account.id, account);
    }

    /// What was taken out of the chart, and when.
    pub(crate) fn removed(&self) -> impl Iterator<Item = (u64, DateTime<Utc>)> + '_ {
        self.removed.iter().map(|(id, (_, at))| (*id, *at))
    }

    /// Changes an account in place, from outside the API. False when there is no such account.
    fn change(&mut self, id: u64, now: DateTime<Utc>, change: impl FnOnce(&mut Account)) -> bool {
        let Some(account) = self.by_id.get_mut(&id) else {
            return false;
        };
        let before = account.clone();
        change(account);
        if *account != before {
            account.sync_token += 1;
            account.updated = now;
        }
        true
    }

    /// Gives another type from outside the API. False when there is no such account.
    pub(crate) fn set_type(&mut self, id: u64, row: &AccountType, now: DateTime<Utc>) -> bool {
        self.change(id, now, |account| {
            account.account_type = row.name.to_owned();
            account.account_sub_type = row.default_sub_type.to_owned();
        })
    }

    /// Activates or deactivates from outside the API. False when there is no such account.
    pub(crate) fn set_active(&mut self, id: u64, active: bool, now: DateTime<Utc>) -> bool {
        self.change(id, now, |account| account.active = active)
    }

    /// Renames from outside the API. False when there is no such account.
    pub(crate) fn rename(&mut self, id: u64, to: String, now: DateTime<Utc>) -> bool {
        self.change(id, now, |account| account.name = to)
    }

    /// Takes an account out of the chart, as a merge into another does. False when there is none.
    pub(crate) fn remove(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let removed = self.by_id.remove(&id);
        let known = removed.is_some();
        self.removed
            .extend(removed.map(|account| (id, (account, now))));
        known
    }

    /// Puts a removed account back under its id. False when none was removed.
    pub(crate) fn restore(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let Some((account, _)) = self.removed.remove(&id) else {
            return false;
        };
        self.put(Account {
            sync_token: account.sync_token + 1,
            updated: now,
            ..account
        });
        true
    }
}

/// The `Account` object as the API answers it.
pub(crate) fn object(company: &Company, account: &Account) -> Value {
    let own = company.ledger.shown_balance(account);
    let children = company
        .accounts
        .iter()
        .filter(|other| is_below(company, other, account.id))
        .map(|other| company.ledger.shown_balance(other))
        .sum();
    let mut object = json!({
        "Name": account.shown_name(), "SubAccount": account.parent.is_some(),
        "FullyQualifiedName": company.accounts.full_name(account), "Active": account.active,
        "Classification": account.classification(), "AccountType": account.account_type,
        "AccountSubType": account.account_sub_type, "CurrentBalance": own.to_json(),
        "CurrentBalanceWithSubAccounts": (own + children).to_json(), "CurrencyRef": company.currency_ref(),
        "domain": "QBO", "sparse": false, "Id": account.id.to_string(), "SyncToken": account.sync_token.to_string(),
        "MetaData": metadata(account.created, account.updated),
    });
    if let Some(number) = &account.number {
        object["AcctNum"] = json!(number);
    }
    if let Some(description) = &account.description {
        object["Description"] = json!(description);
    }
    if let Some(parent) = account.parent {
        object["ParentRef"] = json!({ "value": parent.to_string() });
    }
    object
}

fn is_below(company: &Company, account: &Account, ancestor: u64) -> bool {
    let mut parent = account.parent;
    while let Some(id) = parent {
        if id == ancestor {
            return true;
        }
        parent = company.accounts.get(id).and_then(|account| account.parent);
    }
    false
}

/// Creates an account from the sent object and gives its id.
pub(crate) fn create(
    company: &mut Company,
    sent: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    property::check(sent, &ACCOUNT, company.is_latin_1_only())?;
    let blank = Account {
        id: company.accounts.next_id(),
        name: String::new(),
        account_type: String::new(),
        account_sub_type: String::new(),
        number: None,
        description: None,
        parent: None,
        active: true,
        sync_token: 0,
        created: now,
        updated: now,
    };
    let account = filled(company, blank, sent, false)?;
    let id = account.id;
    company.accounts.put(account);
    Ok(id)
}

/// Changes the account the sent object names and gives its id. A sparse update changes what was
/// sent; a full one empties what was not. What changes nothing keeps token and time.
pub(crate) fn update(
    company: &mut Company,
    sent: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    property::check(sent, &ACCOUNT, company.is_latin_1_only())?;
    let id = property::text(sent, "Id").unwrap_or_default();
    if id.parse::<u64>().is_err() {
        return Err(catalogue::invalid_id(&id).into());
    }
    let Some(old) = company.accounts.find(&id).cloned() else {
        return Err(catalogue::made_inactive().into());
    };
    match property::text(sent, "SyncToken") {
        None => return Err(catalogue::required("SyncToken").into()),
        Some(token) if token != old.sync_token.to_string() => return Err(catalogue::stale().into()),
        Some(_) => {}
    }
    let sparse = sent
        .get("sparse")
        .is_some_and(|sparse| sparse == &json!(true));
    let account = filled(company, old.clone(), sent, sparse)?;
    if account != old {
        company.accounts.put(Account {
            sync_token: old.sync_token + 1,
            updated: now,
            ..account
        });
    }
    Ok(old.id)
}

/// `account` with the sent values, checked.
fn filled(
    company: &Company,
    mut account: Account,
    sent: &Map<String, Value>,
    sparse: bool,
) -> Result<Account, Fault> {
    let mut errors = Vec::new();
    let kept = |name: &str| sparse && !sent.contains_key(name);
    if !kept("Name") {
        account.name = checked_name(sent, &mut errors);
    }
    if !kept("AccountType") {
        read_type(&mut account, sent, &mut errors);
    }
    if !kept("AcctNum") {
        account.number = property::text(sent, "AcctNum");
        let longest = number_length_max(&company.country);
        property::at_most(account.number.as_deref(), "AcctNum", longest, &mut errors);
        if let Some(number) = account.number.as_deref().filter(|it| it.contains(':')) {
            errors.push(catalogue::invalid_string("AcctNum", number));
        }
    }
    if !kept("Description") {
        account.description = property::text(sent, "Description");
        property::at_most(
            account.description.as_deref(),
            "Description",
            100,
            &mut errors,
        );
    }
    if !kept("ParentRef") {
        account.parent = property::reference(sent, "ParentRef").and_then(|id| {
            match company.accounts.find(&id) {
                Some(parent) if parent.id != account.id => {
                    if company.accounts.depth(parent) == LEVELS_MAX {
                        errors.push(catalogue::too_deep());
                    }
                    Some(parent.id)
                }
                _ => {
                    errors.push(catalogue::invalid_reference("Accounts", &id));
                    None
                }
            }
        });
    }
    if let Some(active) = sent.get("Active").and_then(Value::as_bool) {
        account.active = active;
    }
    if account.active && company.accounts.name_taken(&account.name, Some(account.id)) {
        errors.push(catalogue::duplicate_name());
    }
    if errors.is_empty() {
        Ok(account)
    } else {
        Err(Fault::validation(errors))
    }
}

fn checked_name(sent: &Map<String, Value>, errors: &mut Vec<FaultError>) -> String {
    let Some(name) = property::text(sent, "Name") else {
        errors.push(catalogue::required("Name"));
        return String::new();
    };
    // A name read from an inactive account comes back with its suffix.
    let name = name.strip_suffix(" (deleted)").unwrap_or(&name).to_owned();
    property::at_most(Some(&name), "Name", 100, errors);
    if name.contains(['"', ':']) {
        errors.push(catalogue::invalid_string("Name", &name));
    }
    name
}

fn read_type(account: &mut Account, sent: &Map<String, Value>, errors: &mut Vec<FaultError>) {
    // The service also derives the type from a subtype alone; the simulator asks for the type.
    let Some(name) = property::text(sent, "AccountType") else {
        errors.push(catalogue::account_type_missing());
        return;
    };
    match account_type::find(&name) {
        Some(row) => {
            account.account_type = name;
            account.account_sub_type = property::text(sent, "AccountSubType")
                .unwrap_or_else(|| row.default_sub_type.to_owned());
        }
        None => errors.push(catalogue::invalid_enumeration("AccountType", &name)),
    }
}
