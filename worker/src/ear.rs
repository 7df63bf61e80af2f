//! When a worker looks at the line: at once when somebody joins it, and from time to time in case that was not heard.

use crate::line::Line;
use apalis::prelude::{PollSnapshot, PollStrategy};
use futures::channel::mpsc;
use futures::{Stream, StreamExt};
use redis::Msg;
use service::bell::Urgency;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often the line is looked at although nobody was heard lately.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How soon after somebody was heard: a task is taken by its pusher's clock, which may be ahead of ours.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// Looks soon after somebody was heard; then it is quiet.
const LOOKS_SOON: u32 = 5;
/// A look that was under way when somebody joined may have missed them: look once more after this.
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// Wakes an apalis worker.
pub(crate) struct Ear(mpsc::Receiver<()>);

impl Ear {
    /// Listens on a task of its own, which ends with the ear.
    pub(crate) fn new(line: Line, urgency: Urgency) -> Self {
        let (looks, ear) = mpsc::channel(1);
        tokio::spawn(async move {
            while !looks.is_closed() {
                match subscribe(&line, urgency).await {
                    Ok(joins) => listen(joins, looks.clone()).await,
                    Err(error) => {
                        tracing::debug!("the line cannot be listened to: {error}");
                        look(&mut looks.clone());
                        sleep(LOOK_SOON).await;
                    }
                }
            }
        });
        Self(ear)
    }
}

impl PollStrategy for Ear {
    // Everything heard is taken together, to the end of the stream, so that the waker of the next is always in place; and
    // whatever was heard asks for one more look, since the present one may have begun before.
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut heard = false;
        while let Poll::Ready(Some(())) = self.0.poll_next_unpin(cx) {
            heard = true;
        }
        if heard {
            cx.waker().wake_by_ref();
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}

async fn subscribe(
    line: &Line,
    urgency: Urgency,
) -> redis::RedisResult<impl Stream<Item = Msg> + Unpin + use<>> {
    let mut subscription = line.client().get_async_pubsub().await?;
    subscription.subscribe(line.channel(urgency)).await?;
    Ok(subscription.into_on_message())
}

async fn listen(mut joins: impl Stream<Item = Msg> + Unpin, mut looks: mpsc::Sender<()>) {
    let mut soon = LOOKS_SOON;
    while !looks.is_closed() {
        let wait = if soon > 0 { LOOK_SOON } else { LOOK_EVERY };
        match timeout(wait, joins.next()).await {
            Ok(Some(_)) => {
                soon = LOOKS_SOON;
                look(&mut looks);
                sleep(LOOK_AGAIN).await;
            }
            // The connection is lost: a new subscription.
            Ok(None) => return,
            Err(_) => soon = soon.saturating_sub(1),
        }
        look(&mut looks);
    }
}

// A full channel holds a look already.
fn look(looks: &mut mpsc::Sender<()>) {
    let _ = looks.try_send(());
}
