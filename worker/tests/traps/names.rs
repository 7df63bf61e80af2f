//! H10: no two workers share a name, nor the tasks that go by it.

use crate::house::{House, Played, ring, tenants, until};
use std::collections::BTreeSet;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn replicas_have_names_of_their_own_and_new_ones_with_every_start() {
    let house = House::open().await;
    let played = Arc::new(Played::idle());
    let mut seen = BTreeSet::new();
    // Even where somebody gives every replica the same name.
    let mut options = house.options();
    options.holder = "replica".into();
    for start in 1..=3 {
        let both = [
            house.work(&played, options.clone()),
            house.work(&played, options.clone()),
        ];
        seen.extend(house.workers(2).await);
        assert_eq!(seen.len(), 2 * start, "{seen:?}");
        let one = tenants(1);
        ring(&house.bell(), &one).await;
        until("a ring is served", async || played.turns_of(one[0]) == 1).await;
        for working in both {
            working.end().await;
        }
        assert_eq!(house.workers(0).await.len(), 0);
    }
}
