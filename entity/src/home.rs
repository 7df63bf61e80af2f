//! Where a store's connections live.
//!
//! A socket belongs to the runtime in which it was opened and fails when that one ends. Requests are served by threads with
//! runtimes of their own, which end at different times; so whatever opens a connection does it at home, in the runtime that
//! opened the store, and a connection serves whoever needs it until the store is closed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use tokio::runtime::Handle;

/// The runtime that opened the store.
#[derive(Clone, Debug)]
pub(crate) struct Home(Handle);

impl Home {
    /// The runtime of the caller.
    pub(crate) fn here() -> Self {
        Self(Handle::current())
    }

    /// Runs `work` where the caller is; what it opens, it opens at home.
    pub(crate) async fn open<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let _at_home = self.0.enter();
            work.as_mut().poll(context)
        })
        .await
    }
}
