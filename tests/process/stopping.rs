//! A process that is asked to end finishes what it has begun.

use crate::house::House;
use crate::store::{Store, ticket};
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_asked_to_end_settles_the_post_under_way_and_exits_well() {
    let house = House::built().await;
    for (round, hold) in [Hold::BeforeCommit, Hold::AfterCommit]
        .into_iter()
        .enumerate()
    {
        let mut product = house.start("serve");
        let store = Store::opened(&house, &mut product).await;
        let post = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Answer);
        let plan = house.quickbooks().plan(post.held(hold));
        store.send(&[ticket(&house, "t1").await]).await;
        house.quickbooks().wait_until_held(plan, 1).await;
        product.terminate();
        product
            .says("ending: what is under way is finished first")
            .await;
        house.quickbooks().release(plan);
        let (ended, log) = product.ended().await;
        assert_eq!(ended.code(), Some(0), "{ended} {log}");

        let posted = house
            .number("SELECT count(*) FROM journal_entry WHERE state = 'posted'")
            .await;
        let others = house
            .number("SELECT count(*) FROM journal_entry WHERE state <> 'posted'")
            .await;
        assert_eq!(
            (posted, others),
            (i64::try_from(round).unwrap() + 1, 0),
            "{hold:?} {log}"
        );
        let synced = house
            .number("SELECT count(*) FROM event WHERE status <> 'synced'")
            .await;
        assert_eq!(synced, 0, "{hold:?}");
        assert_eq!(
            house
                .quickbooks()
                .entry_count(&store.company.realm_id)
                .unwrap(),
            1
        );
    }
}
