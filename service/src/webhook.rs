//! What is told to the outside. A message is recorded in the transaction of its fact, so none is lost and none invented; it is
//! published (`publish`: numbered, and placed for each endpoint that wants it) and delivered (`lane`) by workers.

pub mod address;
pub mod client;
mod delivery;
pub mod destination;
mod endpoint;
mod lane;
mod message;
mod notice;
mod presence;
mod publish;
pub mod schedule;
mod secret;
mod signature;
mod standing;
pub mod statements;

pub use delivery::{
    Attempt, Delivery, DeliveryDetail, Replay, Replayed, deliveries, delivery, replay, replay_one,
};
pub use endpoint::{
    CreateEndpoint, Endpoint, NewEndpoint, NewSecret, RotateSecret, State, UpdateEndpoint, create,
    delete, list, read, rotate, test, update,
};
pub use lane::{Lane, claim, deliver, keep};
pub use notice::{
    AlertMessage, ConnectionMessage, ConnectionNotice, EventMessage, EventNotice, PastSyncMessage,
    PastSyncNotice, SyncMessage, SyncNotice, TestMessage, TestNotice,
};
pub(crate) use notice::{connection_changed, events, past_syncs_finished, sync_changed};
pub use presence::Presence;
pub use publish::publish;
pub(crate) use standing::conditions;

use crate::error::Error;
use entity::id::{WebhookEndpointId, WebhookMessageId};
use entity::store::TenantTx;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)+) => {
        /// What a message tells.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {$(
            $(#[doc = $doc])*
            $name,
        )+}

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {$(Self::$name => $text),+}
            }

            /// What it tells, in a sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {$(Self::$name => concat!($($doc),*).trim_ascii()),+}
            }
        }
    };
}

kinds! {
    /// An alert was opened: something needs a person.
    AlertOpened = "alert.opened";
    /// An alert's cause is gone.
    AlertClosed = "alert.closed";
    /// An event's journal entry is in the books.
    EventSynced = "event.synced";
    /// An event failed: a person must act before it is posted.
    EventFailed = "event.failed";
    /// Nothing of a past sync waits any more, or it was cancelled.
    PastSyncFinished = "past_sync.finished";
    /// The connection to QuickBooks stands otherwise than before.
    ConnectionChanged = "connection.changed";
    /// The sync was started or stopped.
    SyncChanged = "sync.changed";
    /// A test that somebody asked for; it goes to the one endpoint, whatever types that wants.
    Test = "webhook.test";
}

impl Kind {
    /// The kind of this name that an endpoint can want.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == name && *kind != Self::Test)
    }

    /// Whether it is of one event. There are as many as events, so they are recorded only where an endpoint wants them, and
    /// never copied to the platform.
    #[must_use]
    pub fn is_of_event(self) -> bool {
        matches!(self, Self::EventSynced | Self::EventFailed)
    }
}

/// Records a message. It waits for nobody: it is numbered when it is published.
///
/// # Errors
/// The database's.
pub(crate) async fn record(
    tx: &TenantTx,
    kind: Kind,
    data: serde_json::Value,
) -> Result<(), Error> {
    record_for(tx, kind, data, None).await.map(drop)
}

/// Records a message that is meant for one endpoint, or for all that want it.
async fn record_for(
    tx: &TenantTx,
    kind: Kind,
    data: serde_json::Value,
    only: Option<WebhookEndpointId>,
) -> Result<WebhookMessageId, Error> {
    let id = WebhookMessageId::new();
    tx.execute(
        "INSERT INTO webhook_message (tenant_id, id, type, data, only_endpoint) VALUES ($1, $2, $3, $4, $5)",
        vec![
            id.into(),
            kind.as_str().into(),
            data.into(),
            only.map(|id| id.0).into(),
        ],
    )
    .await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_by_its_name_and_a_test_is_wanted_by_nobody() {
        for kind in Kind::ALL {
            let read = Kind::read(kind.as_str());
            assert_eq!(read, (*kind != Kind::Test).then_some(*kind));
            assert!(kind.description().ends_with('.'), "{}", kind.description());
        }
    }
}
