//! The judge: what the simulated company's books say, against sums worked out from the events themselves.

use sandbox::quickbooks::{Amount, TrialBalance};
use sandbox::store;
use serde_json::Value;

/// The comparison, as a table, and how it came out.
pub(crate) struct Judged {
    pub(crate) rows: Vec<String>,
    pub(crate) held: bool,
}

/// Compares account by account. `events` are those that must be in the books, each once.
pub(crate) fn judge(books: &TrialBalance, events: &[Value]) -> Judged {
    let expected = store::expected_balances(events);
    let wanted = |number: &str| Amount::cents(expected.get(number).copied().unwrap_or(0));
    let mut rows = vec![format!(
        "{:5} {:28} {:>12} {:>12} {:>12} {:>12}",
        "", "account", "debits", "credits", "balance", "expected"
    )];
    let mut held = books.debit == books.credit;
    for row in &books.accounts {
        let number = row.number.as_deref().unwrap_or_default();
        let agrees = row.balance == wanted(number);
        held &= agrees;
        if row.debit == Amount::ZERO && row.credit == Amount::ZERO && agrees {
            continue;
        }
        rows.push(format!(
            "{number:5} {:28} {:>12} {:>12} {:>12} {:>12} {}",
            row.name,
            row.debit.to_string(),
            row.credit.to_string(),
            row.balance.to_string(),
            wanted(number).to_string(),
            if agrees { "✓" } else { "✗" }
        ));
    }
    for number in expected
        .keys()
        .filter(|number| books.of_number(number).is_none())
    {
        held = false;
        rows.push(format!("{number:5} is missing in the books"));
    }
    rows.push(format!(
        "{:5} {:28} {:>12} {:>12}",
        "",
        "",
        books.debit.to_string(),
        books.credit.to_string()
    ));
    Judged { rows, held }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbox::quickbooks::TrialBalanceRow;
    use serde_json::json;

    fn account(number: &str, debit: i64, credit: i64) -> TrialBalanceRow {
        TrialBalanceRow {
            account_id: number.to_owned(),
            number: Some(number.to_owned()),
            name: number.to_owned(),
            account_type: "Bank".to_owned(),
            debit: Amount::cents(debit),
            credit: Amount::cents(credit),
            balance: Amount::cents(debit - credit),
        }
    }

    fn books(accounts: Vec<TrialBalanceRow>) -> TrialBalance {
        TrialBalance {
            debit: accounts.iter().map(|row| row.debit).sum(),
            credit: accounts.iter().map(|row| row.credit).sum(),
            accounts,
        }
    }

    #[test]
    fn books_that_agree_hold_and_every_other_kind_does_not() {
        let events = [json!({ "transaction": {
            "type": "cash_paid", "direction": "out", "reason": "postage", "amount": "12.50", "payment_type": "cash"
        } })];
        let right = vec![account("1010", 0, 1250), account("6100", 1250, 0)];
        assert!(judge(&books(right.clone()), &events).held);
        let twice = vec![account("1010", 0, 2500), account("6100", 2500, 0)];
        let elsewhere = vec![
            account("1010", 0, 1250),
            account("6100", 0, 0),
            account("6190", 1250, 0),
        ];
        let missing = vec![account("1010", 0, 1250), account("6190", 1250, 0)];
        let unbalanced = vec![
            account("1010", 0, 1250),
            account("6100", 1250, 0),
            account("1200", 5, 5),
            account("1", 1, 0),
        ];
        for wrong in [twice, elsewhere, missing, unbalanced, vec![]] {
            assert!(!judge(&books(wrong), &events).held);
        }
    }
}
