//! Something happens to a hundred entries inside QuickBooks: it is one alert, and it closes when they are as they were.

use super::{Shop, Way, as_new};
use crate::alerts::{MANY, closed, only, open};
use crate::world::World;
use sandbox::quickbooks::{NewEntry, PostedEntry, Switches};
use serde_json::{Value, json};

// What happens to each entry is found as `kind`, is one alert however often it is looked for, and is cured.
async fn happens_to_all(
    kind: &str,
    way: Way,
    happens: impl Fn(&Shop<'_>, &PostedEntry),
    cured: impl Fn(&Shop<'_>, &[PostedEntry], &[Value]),
) {
    let world = World::new().await;
    world.quickbooks().set_switches(Switches {
        changes_tell_deleted: kind != "missing",
        ..Switches::default()
    });
    // One stays as it is.
    let shop = Shop::with(&world, MANY + 1).await;
    shop.look(Way::Changes).await;
    assert_eq!(open(&shop.store).await, Vec::<Value>::new());
    let before = shop.entries();
    for entry in before.iter().skip(1) {
        happens(&shop, entry);
    }
    shop.look(way).await;
    let code = format!("entries_{kind}");
    let alert = only(&shop.store, &code).await;
    assert_eq!(alert["events"], json!(MANY), "{alert:#}");
    for _ in 0..2 {
        shop.look(way).await;
        let now = only(&shop.store, &code).await;
        assert_eq!((&now["id"], &now["events"]), (&alert["id"], &json!(MANY)));
    }
    let findings = shop.findings("state=open&limit=200").await;
    assert_eq!(findings.len(), MANY);
    cured(&shop, &before, &findings);
    shop.look(way).await;
    closed(&shop.store, &alert).await;
}

fn enter_again(shop: &Shop<'_>, before: &[PostedEntry], findings: &[Value]) {
    for finding in findings {
        let id = finding["qbo_id"].as_str().unwrap();
        let was = before.iter().find(|entry| entry.id == id).unwrap();
        let mut new = as_new(was);
        new.private_note = Some(finding["mark"].as_str().unwrap().to_owned());
        shop.insert(&new);
    }
}

// What was not there before goes.
fn delete_new(shop: &Shop<'_>, before: &[PostedEntry], _: &[Value]) {
    for entry in shop.entries() {
        if !before.iter().any(|was| was.id == entry.id) {
            shop.delete(&entry.id);
        }
    }
}

fn other_note(new: &mut NewEntry) {
    new.private_note = Some("checked".to_owned());
}

#[tokio::test]
pub async fn a_hundred_missing_entries_are_one_alert_until_they_are_entered_again() {
    let gone = |shop: &Shop<'_>, entry: &PostedEntry| shop.delete(&entry.id);
    happens_to_all("missing", Way::Days, gone, enter_again).await;
}

#[tokio::test]
pub async fn a_hundred_deleted_entries_are_one_alert_until_they_are_entered_again() {
    let gone = |shop: &Shop<'_>, entry: &PostedEntry| shop.delete(&entry.id);
    happens_to_all("deleted", Way::Changes, gone, enter_again).await;
}

#[tokio::test]
pub async fn a_hundred_copies_are_one_alert_until_they_are_deleted() {
    let copied = |shop: &Shop<'_>, entry: &PostedEntry| {
        shop.copy(&entry.id);
    };
    happens_to_all("duplicated", Way::Changes, copied, delete_new).await;
}

#[tokio::test]
pub async fn a_hundred_edited_entries_are_one_alert_until_they_are_put_back() {
    let edited = |shop: &Shop<'_>, entry: &PostedEntry| shop.change(entry, other_note);
    happens_to_all("edited", Way::Changes, edited, |shop, before, _| {
        for entry in before {
            shop.change(entry, |_| {});
        }
    })
    .await;
}

#[tokio::test]
pub async fn a_hundred_strangers_are_one_alert_until_they_are_gone() {
    let typed_again = |shop: &Shop<'_>, entry: &PostedEntry| {
        let mut new = as_new(entry);
        new.private_note = None;
        shop.insert(&new);
    };
    happens_to_all("foreign", Way::Changes, typed_again, delete_new).await;
}
