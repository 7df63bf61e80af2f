//! Looking into the books, and changing them from inside QuickBooks.

use crate::quickbooks::amount::Amount;
use crate::quickbooks::company::Company;
use crate::quickbooks::journal_entry::{Line, Posting, PostingType, Statement};
use crate::quickbooks::ledger::{TrialBalance, trial_balance};

use super::view::{NewEntry, PostedEntry};
use super::{Control, ControlError, Outcome};

impl Control {
    /// Posts an entry as somebody else would, inside QuickBooks, and gives its id.
    ///
    /// # Errors
    /// [`ControlError::Unknown`] for an account, [`ControlError::Refused`] when it does not balance.
    pub fn insert_entry(&self, realm_id: &str, new: &NewEntry) -> Outcome<PostedEntry> {
        self.on(realm_id, |company, now| {
            let statement = statement(company, new)?;
            let id = company.ledger.post(statement, now);
            posted(company, &id.to_string())
        })
    }

    /// Makes an entry say something else, as somebody could inside QuickBooks.
    ///
    /// # Errors
    /// As [`Control::insert_entry`], and [`ControlError::Unknown`] for the entry.
    pub fn change_entry(&self, realm_id: &str, id: &str, new: &NewEntry) -> Outcome<PostedEntry> {
        self.on(realm_id, |company, now| {
            let number = posted(company, id)?.number();
            let statement = statement(company, new)?;
            company.ledger.replace(number, statement, now);
            posted(company, id)
        })
    }

    /// Copies an entry with its number and its note, as somebody could inside QuickBooks, and gives the copy.
    pub fn copy_entry(&self, realm_id: &str, id: &str) -> Outcome<PostedEntry> {
        self.on(realm_id, |company, now| {
            let number = posted(company, id)?.number();
            let statement = company
                .ledger
                .get(number)
                .map(|entry| entry.statement.clone());
            let statement =
                statement.ok_or_else(|| ControlError::Unknown(format!("entry {id}")))?;
            let copy = company.ledger.post(statement, now);
            posted(company, &copy.to_string())
        })
    }

    /// Deletes an entry, as somebody could inside QuickBooks.
    pub fn delete_entry(&self, realm_id: &str, id: &str) -> Outcome<()> {
        self.on(realm_id, |company, now| {
            let number = posted(company, id)?.number();
            company.ledger.delete(number, now);
            Ok(())
        })
    }

    /// A company's entries, oldest first.
    pub fn entries(&self, realm_id: &str) -> Outcome<Vec<PostedEntry>> {
        self.on(realm_id, |company, _| {
            Ok(company
                .ledger
                .entries()
                .map(|entry| PostedEntry::of(company, entry))
                .collect())
        })
    }

    /// A company's entries with this document number.
    pub fn entries_numbered(&self, realm_id: &str, number: &str) -> Outcome<Vec<PostedEntry>> {
        self.on(realm_id, |company, _| {
            Ok(company
                .ledger
                .numbered(number)
                .map(|entry| PostedEntry::of(company, entry))
                .collect())
        })
    }

    /// How many entries a company has.
    pub fn entry_count(&self, realm_id: &str) -> Outcome<usize> {
        self.on(realm_id, |company, _| Ok(company.ledger.len()))
    }

    /// A company's trial balance.
    pub fn trial_balance(&self, realm_id: &str) -> Outcome<TrialBalance> {
        self.on(realm_id, |company, _| {
            Ok(trial_balance(&company.ledger, &company.accounts))
        })
    }
}

fn posted(company: &Company, id: &str) -> Outcome<PostedEntry> {
    let entry = id.parse().ok().and_then(|id| company.ledger.get(id));
    entry
        .map(|entry| PostedEntry::of(company, entry))
        .ok_or_else(|| ControlError::Unknown(format!("entry {id}")))
}

fn statement(company: &Company, new: &NewEntry) -> Outcome<Statement> {
    let mut lines = Vec::new();
    let mut difference = Amount::ZERO;
    for (id, line) in (0..).zip(&new.lines) {
        let account = company.accounts.find(&line.account_id);
        let account =
            account.ok_or_else(|| ControlError::Unknown(format!("account {}", line.account_id)))?;
        match line.posting_type {
            PostingType::Debit => difference += line.amount,
            PostingType::Credit => difference -= line.amount,
        }
        lines.push(Line {
            id,
            amount: line.amount,
            description: line.description.clone(),
            posting: Some(Posting {
                posting_type: line.posting_type,
                account_id: account.id,
                department: None,
                class: None,
                entity: None,
            }),
        });
    }
    if difference != Amount::ZERO || lines.is_empty() {
        return Err(ControlError::Refused(
            "an entry balances and has lines".to_owned(),
        ));
    }
    Ok(Statement {
        doc_number: new.doc_number.clone(),
        txn_date: new.txn_date,
        private_note: new.private_note.clone(),
        adjustment: false,
        lines,
    })
}
