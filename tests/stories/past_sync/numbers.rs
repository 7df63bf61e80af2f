//! Which numbers are taken, looked up the cheaper way: by number, or among all entries of the company.

use super::*;
use sandbox::quickbooks::Hold;

/// Events of October under the numbers from `N-0` on.
async fn numbered_store<'w>(world: &'w World, events: usize) -> (Tenant<'w>, CompanySummary) {
    let (store, company) = waiting_store(world, "Harbour").await;
    let numbered = |place: usize| {
        let mut event = dated(&format!("t{place}"), "2026-10-05");
        event["number"] = json!(format!("N-{place}"));
        event
    };
    let events: Vec<Value> = (0..events).map(numbered).collect();
    for events in events.chunks(1_000) {
        store.send_events(events.to_vec()).await;
    }
    (store, company)
}

fn take(world: &World, company: &CompanySummary, number: &str) -> String {
    let entry = foreign(company, number);
    let taken = world.quickbooks().insert_entry(&company.realm_id, &entry);
    taken.unwrap().id
}

async fn dry_run(store: &Tenant<'_>) -> Value {
    let asked = window("2026-10-01", "2026-10-31");
    store.post("/past-syncs/dry-run", asked).await
}

/// Numbers looked up, those of them that are taken, and metered reads: one of them for the closing date.
fn numbers(dry_run: &Value) -> [u64; 3] {
    let numbers = &dry_run["numbers"];
    assert_eq!(
        (&numbers["unchecked"], &numbers["detail"]),
        (&json!(0), &Value::Null),
        "{numbers:#}"
    );
    assert_eq!(
        numbers["taken"],
        by_code(&dry_run["problems"])
            .get("number_taken")
            .copied()
            .unwrap_or_default()
    );
    ["checked", "taken", "metered_reads"].map(|name| numbers[name].as_u64().unwrap())
}

#[tokio::test]
async fn the_few_entries_of_a_company_are_read_rather_than_many_numbers_asked_for() {
    let world = World::new().await;
    let (store, company) = numbered_store(&world, 450).await;
    assert_eq!(
        numbers(&dry_run(&store).await),
        [450, 0, 2],
        "a count tells of no entry"
    );
    for number in ["N-3", "N-449", "n-4", "N-450"] {
        take(&world, &company, number);
    }
    // Without a number, and one more of a number that is there.
    let mut unnumbered = foreign(&company, "N-0");
    unnumbered.doc_number = None;
    let books = world.quickbooks();
    books.insert_entry(&company.realm_id, &unnumbered).unwrap();
    take(&world, &company, "N-3");
    assert_eq!(
        numbers(&dry_run(&store).await),
        [450, 2, 3],
        "a count and a page"
    );
}

#[tokio::test]
async fn a_few_numbers_are_asked_for_and_so_are_those_of_a_company_of_many_entries() {
    let world = World::new().await;
    for (events, entries, reads, why) in [
        (200, 1, 3, "two hundreds, and no count"),
        (
            201,
            3_001,
            5,
            "four pages are no cheaper than three hundreds",
        ),
        (1_101, 10_001, 14, "more than ten pages are not begun"),
    ] {
        let (store, company) = numbered_store(&world, events).await;
        take(&world, &company, "N-7");
        for entry in 1..entries {
            take(&world, &company, &format!("by-hand-{entry}"));
        }
        let told = numbers(&dry_run(&store).await);
        assert_eq!(told, [events as u64, 1, reads], "{why}");
    }
}

#[tokio::test]
async fn entries_that_cannot_be_read_as_they_stand_leave_numbers_to_be_asked_for() {
    let world = World::new().await;
    let (store, company) = numbered_store(&world, 450).await;
    let first = take(&world, &company, "N-3");
    take(&world, &company, "N-4");
    let books = world.quickbooks();
    books.plan(FaultPlan::next(Operation::Query, Outcome::Status(503)));
    assert_eq!(numbers(&dry_run(&store).await), [450, 2, 6], "no count");
    // One is deleted between the count and the page, on which the other might have been.
    let counted = books.plan(FaultPlan {
        operation: Some(Operation::Query),
        next: Some(1),
        hold: Some(Hold::AfterCommit),
        ..FaultPlan::default()
    });
    let deleted = async {
        books.wait_until_held(counted, 1).await;
        books.delete_entry(&company.realm_id, &first).unwrap();
        books.release(counted);
    };
    let (dry, ()) = tokio::join!(dry_run(&store), deleted);
    assert_eq!(
        numbers(&dry),
        [450, 1, 8],
        "a count, a page, and five hundreds"
    );
}

/// The pages end where a token does, and begin anew with another.
#[tokio::test]
async fn a_token_that_ends_on_the_way_is_changed() {
    let world = World::new().await;
    let (store, company) = numbered_store(&world, 450).await;
    take(&world, &company, "N-3");
    dry_run(&store).await;
    let refused = FaultPlan::next(Operation::Query, Outcome::Unauthorized);
    world.quickbooks().plan(refused);
    assert_eq!(numbers(&dry_run(&store).await), [450, 1, 3]);
}
