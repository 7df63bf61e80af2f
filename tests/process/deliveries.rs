//! Deliveries by real workers that are killed, to receivers of which some are slow, failing, hanging or gone. The long form of
//! this is `cargo bench -p tillpost --bench deliveries`.

use crate::post::Post;
use crate::receiver::Manner;
use std::time::Duration;

#[tokio::test]
async fn every_message_arrives_whoever_dies_on_the_way_and_hanging_receivers_cost_nobody_else() {
    let manners = vec![
        Manner::Well,
        Manner::Well,
        Manner::Well,
        Manner::Slow(Duration::from_millis(100)),
        Manner::Status(500, ""),
        Manner::Status(410, ""),
        Manner::Hang,
    ];
    let mut post = Post::opened(2, manners).await;
    post.happens(140, |_| true).await;
    // Whatever the others do, these have theirs.
    post.until_the_healthy_have_all().await;
    for _ in 0..2 {
        post.happens(70, |_| true).await;
        post.kill_a_worker().await;
    }
    post.until_the_healthy_have_all().await;
    let judgement = post.mended_and_judged().await;
    assert!(
        judgement.messages >= 280 && judgement.repeats > 0,
        "{judgement:?}"
    );
    println!("{judgement:?}");
}
