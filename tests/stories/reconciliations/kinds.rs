//! Each kind of finding: caused, told once, mended, told to be gone.

use super::{Shop, Way, as_new, differences};
use crate::alerts::{closed, only, open};
use crate::world::World;
use chrono::Days;
use reqwest::Method;
use sandbox::quickbooks::{Amount, NewEntry, PostedEntry, PostingType, Switches};
use serde_json::{Value, json};

/// The one open finding, which has this kind.
async fn finding(shop: &Shop<'_>, kind: &str) -> Value {
    let findings = shop.findings("state=open").await;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["kind"], kind, "{:#}", findings[0]);
    findings[0].clone()
}

fn pay_sixty(new: &mut NewEntry) {
    let sixty: Amount = "60.00".parse().unwrap();
    for line in &mut new.lines {
        if line.amount == "50.00".parse().unwrap() {
            line.amount = sixty;
        }
    }
}

async fn edited(shop: &Shop<'_>, way: Way, change: impl FnOnce(&mut NewEntry)) -> (Value, Value) {
    let entry = shop.entries()[0].clone();
    shop.change(&entry, change);
    let run = shop.look(way).await;
    assert_eq!(run["findings"]["edited"], 1, "{way:?}: {run:#}");
    let alert = only(&shop.store, "entries_edited").await;
    let found = finding(shop, "edited").await;
    assert_eq!(found["event_id"], json!(shop.events[0]));
    // Told once, however often it is seen.
    shop.look(way).await;
    assert_eq!(only(&shop.store, "entries_edited").await["id"], alert["id"]);
    shop.events_are_as_they_were().await;
    // Somebody puts it back as it was.
    shop.change(&shop.entries()[0], |new| *new = as_new(&entry));
    shop.look(way).await;
    closed(&shop.store, &alert).await;
    assert_eq!(shop.findings("state=open").await, Vec::<Value>::new());
    (found, alert)
}

async fn edits(way: Way) {
    let world = World::new().await;
    let shop = Shop::with(&world, 3).await;
    let lines = shop.entries()[0].lines.clone();
    let others = |id: &str| lines.iter().all(|line| line.account_id != id);
    let accounts = &shop.company.accounts;
    let other = accounts.iter().find(|account| others(&account.id)).unwrap();
    let day = shop.entries()[0].txn_date;

    let (found, alert) = edited(&shop, way, pay_sixty).await;
    let changed: Vec<_> = differences(&found)
        .into_iter()
        .map(|[field, account, side, was, is]| {
            assert!(account.starts_with(char::is_numeric), "{account}");
            [field, side, was, is]
        })
        .collect();
    let amount = |side: &str| ["amount", side, "50.00", "60.00"].map(str::to_owned);
    assert_eq!(changed, [amount("debit"), amount("credit")]);
    let detail = alert["detail"].as_str().unwrap();
    let number = found["number"].as_str().unwrap();
    assert!(
        detail.starts_with(&format!(
            "{number} of {day}: entry 1 was changed in QuickBooks: "
        )) && detail.contains("debit was 50.00 and is 60.00"),
        "{detail}"
    );
    assert_eq!(alert["subjects"], json!([number]));
    assert_eq!(alert["example_event_ids"], json!([shop.events[0]]));

    let later = day + Days::new(2);
    let (found, _) = edited(&shop, way, |new| new.txn_date = later).await;
    let date = ["date", "-", "-", &day.to_string(), &later.to_string()].map(str::to_owned);
    assert_eq!(differences(&found), [date]);

    let (found, _) = edited(&shop, way, |new| {
        let first = &mut new.lines[0];
        first.account_id.clone_from(&other.id);
    })
    .await;
    let told = differences(&found);
    assert_eq!(told.len(), 2, "{found:#}");
    // Taken from one account, given to another: the same side, the same amount.
    let (gone, new): (Vec<_>, Vec<_>) = told.into_iter().partition(|one| one[4] == "-");
    assert_eq!(gone[0][3], new[0][4]);
    assert_eq!(gone[0][2], new[0][2]);

    let (found, _) = edited(&shop, way, |new| new.doc_number = None).await;
    assert_eq!(differences(&found)[0][0], "number");
    let (found, _) = edited(&shop, way, |new| {
        new.private_note = Some("checked".to_owned())
    })
    .await;
    assert_eq!(differences(&found)[0][0], "mark");
}

#[tokio::test]
async fn an_entry_that_was_edited_is_found_among_the_changes() {
    edits(Way::Changes).await;
}

#[tokio::test]
async fn an_entry_that_was_edited_long_ago_is_found_by_its_day() {
    edits(Way::Days).await;
}

/// Somebody enters again what is gone, as the finding says: number, date, lines, and the mark at the end of the note.
fn enter_again(shop: &Shop<'_>, finding: &Value, like: &PostedEntry) -> String {
    let mut new = as_new(like);
    assert_eq!(differences(finding).len(), new.lines.len(), "{finding:#}");
    new.doc_number = Some(finding["number"].as_str().unwrap().to_owned());
    let mark = finding["mark"].as_str().unwrap();
    new.private_note = Some(format!("entered again {mark}"));
    shop.insert(&new)
}

async fn gone(way: Way, tells_deleted: bool, kind: &str) {
    let world = World::new().await;
    world.quickbooks().set_switches(Switches {
        changes_tell_deleted: tells_deleted,
        ..Switches::default()
    });
    let shop = Shop::with(&world, 3).await;
    // What was looked over once is known to be there; what is gone after that is gone.
    if way == Way::Changes && tells_deleted {
        let run = shop.look(way).await;
        assert_eq!(
            (
                run["findings"]["deleted"].clone(),
                run["reads_used"].clone()
            ),
            (json!(0), json!(1))
        );
    }
    let entry = shop.entries()[1].clone();
    shop.delete(&entry.id);
    let run = shop.look(way).await;
    assert_eq!(run["findings"][kind], 1, "{run:#}");
    let code = format!("entries_{kind}");
    let alert = only(&shop.store, &code).await;
    let found = finding(&shop, kind).await;
    assert_eq!(found["event_id"], json!(shop.events[1]));
    let detail = alert["detail"].as_str().unwrap();
    let words = if kind == "deleted" {
        "was deleted"
    } else {
        "is not in QuickBooks any more"
    };
    assert!(
        detail.contains(&format!("entry {} {words}", entry.id)),
        "{detail}"
    );
    shop.look(Way::Days).await;
    assert_eq!(only(&shop.store, &code).await["id"], alert["id"]);
    shop.events_are_as_they_were().await;

    let again = enter_again(&shop, &found, &entry);
    shop.look(way).await;
    closed(&shop.store, &alert).await;
    // What stands in its place is looked after as it was.
    shop.delete(&again);
    shop.look(way).await;
    assert_eq!(
        finding(
            &shop,
            if tells_deleted && way == Way::Changes {
                "deleted"
            } else {
                kind
            }
        )
        .await["qbo_id"],
        json!(entry.id)
    );
}

#[tokio::test]
async fn a_deleted_entry_is_told_by_the_changes() {
    gone(Way::Changes, true, "deleted").await;
}

#[tokio::test]
async fn an_entry_deleted_long_ago_is_missing_by_its_day() {
    gone(Way::Days, true, "missing").await;
}

#[tokio::test]
async fn a_deleted_entry_that_the_changes_leave_out_is_missing_by_its_day() {
    gone(Way::Days, false, "missing").await;
}

#[tokio::test]
async fn an_entry_deleted_the_day_it_was_posted_is_missing_where_the_changes_leave_it_out() {
    let world = World::new().await;
    world.quickbooks().set_switches(Switches {
        changes_tell_deleted: false,
        ..Switches::default()
    });
    let shop = Shop::with(&world, 3).await;
    shop.delete("2");
    let run = shop.look(Way::Changes).await;
    assert_eq!(run["findings"]["missing"], 1, "{run:#}");
    // The changes, and the one entry that should have been among them.
    assert_eq!(run["reads_used"], 2);
    only(&shop.store, "entries_missing").await;
}

async fn copied(way: Way) {
    let world = World::new().await;
    let shop = Shop::with(&world, 3).await;
    let copy = shop.copy("2");
    let run = shop.look(way).await;
    assert_eq!(run["findings"]["duplicated"], 1, "{run:#}");
    let alert = only(&shop.store, "entries_duplicated").await;
    let found = finding(&shop, "duplicated").await;
    assert_eq!(
        (&found["qbo_id"], &found["our_qbo_id"], &found["event_id"]),
        (&json!(copy), &json!("2"), &json!(shop.events[1]))
    );
    assert!(
        alert["detail"]
            .as_str()
            .unwrap()
            .contains(&format!("entry {copy} is a copy of entry 2")),
        "{alert:#}"
    );
    shop.events_are_as_they_were().await;
    shop.delete(&copy);
    shop.look(way).await;
    closed(&shop.store, &alert).await;
}

#[tokio::test]
async fn a_copy_is_found_among_the_changes() {
    copied(Way::Changes).await;
}

#[tokio::test]
async fn a_copy_of_long_ago_is_found_by_its_day() {
    copied(Way::Days).await;
}

async fn strangers(way: Way) {
    let world = World::new().await;
    let shop = Shop::with(&world, 2).await;
    // Another tenant's entry, such as of a company file that was copied: its mark names an event that is not ours.
    let other = world.tenant("Hillside").await;
    let theirs = other.send_event(other.ticket("theirs").await).await;
    let mut marked = as_new(&shop.entries()[0]);
    marked.doc_number = Some("555".to_owned());
    marked.private_note = Some(format!("[tillpost {theirs} abcdefghijklmnop]"));
    let marked = shop.insert(&marked);
    // Somebody types an entry of ours once more, without its note.
    let mut retyped = as_new(&shop.entries()[1]);
    retyped.private_note = None;
    let retyped = shop.insert(&retyped);
    // What is nobody's business.
    let mut others = as_new(&shop.entries()[1]);
    others.private_note = Some("[tillpost] by hand".to_owned());
    others.doc_number = Some("Z-1".to_owned());
    shop.insert(&others);

    let run = shop.look(way).await;
    assert_eq!(run["findings"]["foreign"], 2, "{run:#}");
    let alert = only(&shop.store, "entries_foreign").await;
    assert_eq!(alert["severity"], "warning");
    assert_eq!(alert["events"], 2);
    let found = shop.findings("kind=foreign").await;
    let of = |id: &str| found.iter().find(|one| one["qbo_id"] == id).unwrap();
    assert!(
        of(&marked)["detail"]
            .as_str()
            .unwrap()
            .contains("carries Tillpost's mark")
    );
    // Whose event it is, is not ours to tell.
    assert_eq!(of(&marked)["event_id"], Value::Null);
    assert!(
        of(&retyped)["detail"]
            .as_str()
            .unwrap()
            .contains("has the number of entry 2"),
        "{found:#?}"
    );
    shop.delete(&marked);
    shop.delete(&retyped);
    shop.look(way).await;
    closed(&shop.store, &alert).await;
}

#[tokio::test]
async fn strangers_are_found_among_the_changes() {
    strangers(Way::Changes).await;
}

#[tokio::test]
async fn strangers_of_long_ago_are_found_by_their_day() {
    strangers(Way::Days).await;
}

#[tokio::test]
async fn what_an_accountant_accepts_is_an_alert_no_more_until_it_is_changed_again() {
    let world = World::new().await;
    let shop = Shop::with(&world, 2).await;
    let entry = shop.entries()[0].clone();
    shop.change(&entry, pay_sixty);
    shop.look(Way::Changes).await;
    let alert = only(&shop.store, "entries_edited").await;
    let found = finding(&shop, "edited").await;
    let accepted = shop.accept(&found).await;
    assert_eq!(
        (accepted["state"].clone(), accepted["id"].clone()),
        (json!("accepted"), found["id"].clone())
    );
    closed(&shop.store, &alert).await;
    assert_eq!(
        shop.accept(&found).await["accepted_at"],
        accepted["accepted_at"]
    );
    let audit = shop.store.get("/audit-log?limit=1").await;
    assert_eq!(audit["items"][0]["action"], "finding.accepted", "{audit:#}");

    // It is seen again, and stays accepted.
    let run = shop.look(Way::Days).await;
    assert_eq!(
        (run["findings"]["edited"].clone(), run["accepted"].clone()),
        (json!(0), json!(1)),
        "{run:#}"
    );
    assert_eq!(open(&shop.store).await, Vec::<Value>::new());

    shop.change(&shop.entries()[0], |new| {
        let (debit, credit) = (PostingType::Debit, PostingType::Credit);
        for side in [debit, credit] {
            let line = new
                .lines
                .iter_mut()
                .find(|line| line.posting_type == side)
                .unwrap();
            line.amount += "1.00".parse().unwrap();
        }
    });
    shop.look(Way::Changes).await;
    let again = only(&shop.store, "entries_edited").await;
    assert_ne!(again["id"], alert["id"]);
    assert_eq!(finding(&shop, "edited").await["id"], found["id"]);
    // Gone is gone, accepted or not.
    shop.change(&shop.entries()[0], |new| *new = as_new(&entry));
    shop.look(Way::Changes).await;
    closed(&shop.store, &again).await;
    assert_eq!(shop.findings("state=gone").await.len(), 1);
}

#[tokio::test]
async fn findings_are_paged_filtered_and_written_for_a_spreadsheet() {
    let world = World::new().await;
    let shop = Shop::with(&world, 4).await;
    shop.change(&shop.entries()[0], pay_sixty);
    shop.delete("2");
    shop.copy("3");
    let run = shop.look(Way::Changes).await;
    let kinds = |findings: &[Value]| -> Vec<String> {
        let mut kinds: Vec<_> = findings
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.sort();
        kinds
    };
    let of_run = format!("reconciliation_id={}", run["id"].as_str().unwrap());
    assert_eq!(
        kinds(&shop.findings(&of_run).await),
        ["deleted", "duplicated", "edited"]
    );
    assert_eq!(kinds(&shop.findings("kind=edited").await), ["edited"]);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.store.get(&format!("/findings?limit=1{cursor}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(kinds(&paged), ["deleted", "duplicated", "edited"]);
    let path = shop.store.path("/findings?kind=edited");
    let request = world
        .request(Method::GET, &path, &shop.store.key)
        .header("accept", "text/csv");
    let sheet = world.answer(request).await.text();
    let lines: Vec<_> = sheet.lines().collect();
    assert_eq!(lines.len(), 3, "{sheet}");
    assert!(
        lines[0].starts_with("kind,state,number,accounting_date,"),
        "{sheet}"
    );
    assert!(lines[1].contains(",debit,50.00,60.00,"), "{sheet}");
    let (status, problem) = shop
        .store
        .send(Method::GET, "/findings?state=new", None)
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (422, &json!("invalid_state"))
    );
    let (_, problem) = shop
        .store
        .send(Method::GET, "/findings?kind=odd", None)
        .await;
    assert_eq!(problem["code"], "invalid_kind");
}
