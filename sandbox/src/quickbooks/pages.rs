//! The two pages a person may look at: the index of controls, and a company's books.

use super::control::routes::ROUTES;
use super::control::view::{CompanySummary, PostedEntry};
use super::fault::escape;
use super::journal_entry::PostingType;
use super::ledger::TrialBalance;

/// How many of the latest entries the books show.
const ENTRIES_SHOWN: usize = 50;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2520; --faint: #68736b; --rule: #d9dfd8; --paper: #fbfcf9; --green: #2f6b3f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebe4; --faint: #93a094; --rule: #343c35; --paper: #161a17; --green: #8bc99a; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.25rem 5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem }
p, .faint { color: var(--faint) } a { color: var(--green) }
table { width: 100%; border-collapse: collapse } th { text-align: left; font-weight: 600; color: var(--faint); font-size: .8rem }
td, th { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--rule); vertical-align: top }
.amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
tfoot td { font-weight: 600; border-top: 2px solid var(--ink); border-bottom: 0 }
.entry { border: 1px solid var(--rule); border-radius: .5rem; padding: .9rem 1.1rem .5rem; margin: 0 0 1rem }
.entry header { display: flex; gap: 1rem; flex-wrap: wrap; align-items: baseline; margin-bottom: .4rem }
.entry header strong { font-size: 1.05rem } .entry tr:last-child td { border-bottom: 0 }
.badge { color: var(--green); font-weight: 600 } code { font: 13px/1.4 ui-monospace, monospace; white-space: nowrap }
.credit { padding-left: 1.5rem }
";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{}</title><style>{STYLE}</style></head>\
         <body>{body}</body></html>",
        escape(title)
    )
}

/// The index of companies and controls.
pub(crate) fn index(companies: &[CompanySummary]) -> String {
    let mut rows = String::new();
    for company in companies {
        rows.push_str(&format!(
            "<tr><td><a href=\"/sandbox/books/{0}\">{1}</a></td><td>{0}</td><td>{2}</td><td class=\"amount\">{3}</td></tr>",
            escape(&company.realm_id),
            escape(&company.name),
            escape(&company.home_currency),
            company.entries
        ));
    }
    if rows.is_empty() {
        rows.push_str(
            "<tr><td class=\"faint\" colspan=\"4\">No company has been seeded yet.</td></tr>",
        );
    }
    let controls: String = ROUTES
        .iter()
        .map(|(method, path, what)| {
            format!(
                "<tr><td>{method}</td><td><code>{path}</code></td><td>{}</td></tr>",
                escape(what)
            )
        })
        .collect();
    page(
        "Simulated QuickBooks",
        &format!(
            "<h1>Simulated QuickBooks</h1><p>A stand-in for QuickBooks Online with a ledger of its own. Nothing here is \
             Intuit's, and nothing leaves this machine.</p><h2>Companies</h2><table><thead><tr><th>Name</th><th>Realm</th>\
             <th>Currency</th><th class=\"amount\">Entries</th></tr></thead><tbody>{rows}</tbody></table>\
             <h2>Controls</h2><table><tbody>{controls}</tbody></table>"
        ),
    )
}

/// A company's trial balance and latest entries.
pub(crate) fn books(
    company: &CompanySummary,
    trial_balance: &TrialBalance,
    entries: &[PostedEntry],
) -> String {
    let state = match (&company.closed_until, company.subscription_lapsed) {
        (_, true) => "subscription lapsed".to_owned(),
        (Some(date), false) => format!("closed up to {date}"),
        (None, false) => "books open".to_owned(),
    };
    let balances = if trial_balance.debit == trial_balance.credit {
        "debits equal credits"
    } else {
        "OUT OF BALANCE"
    };
    let latest: String = entries
        .iter()
        .rev()
        .take(ENTRIES_SHOWN)
        .map(entry)
        .collect();
    let latest = if latest.is_empty() {
        "<p>Nothing has been posted yet.</p>".to_owned()
    } else {
        latest
    };
    page(
        &company.name,
        &format!(
            "<h1>{}</h1><p>Realm {} · {} · {} · {} journal entries · {state} · <a href=\"/sandbox\">all companies</a></p>\
             <h2>Trial balance <span class=\"badge\">{balances}</span></h2>{}<h2>Latest journal entries</h2>{latest}",
            escape(&company.name),
            escape(&company.realm_id),
            escape(&company.country),
            escape(&company.home_currency),
            company.entries,
            balance_table(trial_balance),
        ),
    )
}

/// The entries that have one id, each with its company.
pub(crate) fn journal(found: &[(CompanySummary, PostedEntry)]) -> String {
    let entries: String = found
        .iter()
        .map(|(company, posted)| {
            format!(
                "<h2>{}</h2><p><a href=\"/sandbox/books/{}\">all books</a></p>{}",
                escape(&company.name),
                escape(&company.realm_id),
                entry(posted)
            )
        })
        .collect();
    let entries = if entries.is_empty() {
        "<p>No journal entry has this id.</p>".to_owned()
    } else {
        entries
    };
    page("Journal entry", &format!("<h1>Journal entry</h1>{entries}"))
}

fn balance_table(trial_balance: &TrialBalance) -> String {
    let rows: String = trial_balance
        .accounts
        .iter()
        .map(|row| {
            format!(
                "<tr><td class=\"faint\">{}</td><td>{}</td><td class=\"faint\">{}</td><td class=\"amount\">{}</td>\
                 <td class=\"amount\">{}</td><td class=\"amount\">{}</td></tr>",
                escape(row.number.as_deref().unwrap_or_default()),
                escape(&row.name),
                escape(&row.account_type),
                row.debit,
                row.credit,
                row.balance
            )
        })
        .collect();
    format!(
        "<table><thead><tr><th>Number</th><th>Account</th><th>Type</th><th class=\"amount\">Debit</th>\
         <th class=\"amount\">Credit</th><th class=\"amount\">Balance</th></tr></thead><tbody>{rows}</tbody><tfoot><tr>\
         <td></td><td>Total</td><td></td><td class=\"amount\">{}</td><td class=\"amount\">{}</td>\
         <td class=\"amount\">{}</td></tr></tfoot></table>",
        trial_balance.debit,
        trial_balance.credit,
        trial_balance.debit - trial_balance.credit
    )
}

fn entry(entry: &PostedEntry) -> String {
    // What a person changed since it was posted is looked for here.
    let changed = match entry.sync_token.as_str() {
        "0" => String::new(),
        _ => format!(", changed {}", entry.updated.format("%Y-%m-%d %H:%M")),
    };
    let lines: String = entry
        .lines
        .iter()
        .map(|line| {
            let account = match &line.account_number {
                Some(number) => format!("{} {}", escape(number), escape(&line.account_name)),
                None => escape(&line.account_name),
            };
            let (class, debit, credit) = match line.posting_type {
                PostingType::Debit => ("", line.amount.to_string(), String::new()),
                PostingType::Credit => ("credit", String::new(), line.amount.to_string()),
            };
            format!(
                "<tr><td class=\"{class}\">{account}</td><td class=\"faint\">{}</td><td class=\"amount\">{debit}</td>\
                 <td class=\"amount\">{credit}</td></tr>",
                escape(line.description.as_deref().unwrap_or_default())
            )
        })
        .collect();
    format!(
        "<section class=\"entry\"><header><strong>{}</strong><span>{}</span><span class=\"faint\">entry {}{}</span>\
         <span class=\"faint\">{}</span></header><table><tbody>{lines}</tbody></table></section>",
        escape(entry.doc_number.as_deref().unwrap_or("no number")),
        entry.txn_date,
        escape(&entry.id),
        changed,
        escape(entry.private_note.as_deref().unwrap_or_default())
    )
}
