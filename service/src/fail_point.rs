//! Fail points: every place at which a test may let this process die, on one page.
//!
//! They exist only under the feature `fail-points`, which no shipped build has; without it [`reach`] is nothing. With it a
//! process dies at one point, the n-th time it is there, where its environment says so:
//! `TILLPOST_FAIL_POINT=settle_before_commit*3`.

macro_rules! points {
    ($($(#[doc = $when:literal])+ $point:ident = $name:literal,)+) => {
        /// A place between two steps, named by the step before it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FailPoint {
            $($(#[doc = $when])+ $point,)+
        }

        impl FailPoint {
            /// Every point, in the order an event meets them.
            pub const ALL: &[Self] = &[$(Self::$point,)+];

            /// As the environment and the reports spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

points! {
    /// An ingest has read its events and written nothing.
    IngestBegun = "ingest_begun",
    /// An ingest has written its rows, and not the wake-up.
    IngestStored = "ingest_stored",
    /// An ingest is about to commit.
    IngestBeforeCommit = "ingest_before_commit",
    /// An ingest is committed; the bell has not rung, and nobody has been answered.
    IngestCommitted = "ingest_committed",
    /// The bell has rung for an ingest that was not answered.
    IngestRung = "ingest_rung",
    /// Events that failed are queued again, uncommitted.
    RetryBeforeCommit = "retry_before_commit",
    /// Events that failed are queued again; the bell has not rung.
    RetryCommitted = "retry_committed",
    /// A past sync's events are queued, uncommitted.
    PastSyncBeforeCommit = "past_sync_before_commit",
    /// A past sync's events are queued; the bell has not rung.
    PastSyncCommitted = "past_sync_committed",
    /// A request with an Idempotency-Key has had its effect, and its answer is not kept.
    AnswerBegun = "answer_begun",
    /// The answer of a request is kept beside its effect, uncommitted.
    AnswerBeforeCommit = "answer_before_commit",
    /// Effect and answer of a request are committed; nobody has been answered.
    AnswerCommitted = "answer_committed",
    /// The sweep is about to look for who is due.
    SweepBegun = "sweep_begun",
    /// The sweep has marked somebody as rung for, uncommitted.
    SweepBeforeCommit = "sweep_before_commit",
    /// The sweep has marked somebody as rung for, and has not rung.
    SweepCommitted = "sweep_committed",
    /// The sweep has rung.
    SweepRung = "sweep_rung",
    /// A turn has taken the company's lease, uncommitted.
    LeaseTaken = "lease_taken",
    /// A turn holds the company, and has done nothing.
    LeaseCommitted = "lease_committed",
    /// What a dead holder left behind is marked, uncommitted.
    TakeOverBeforeCommit = "take_over_before_commit",
    /// What a dead holder left behind is to be looked up.
    TakeOverCommitted = "take_over_committed",
    /// The refresh of a grant is claimed; nothing was asked.
    RefreshClaimed = "refresh_claimed",
    /// A refresh was answered; its pair is in this process alone.
    RefreshAnswered = "refresh_answered",
    /// The pair of a refresh is about to be committed.
    RefreshBeforeCommit = "refresh_before_commit",
    /// The pair of a refresh is committed and was not used.
    RefreshCommitted = "refresh_committed",
    /// A slice of the queue is read.
    ClaimRead = "claim_read",
    /// The slice is claimed, uncommitted; its entries are sealed where their numbers are looked up first.
    SealBeforeCommit = "seal_before_commit",
    /// The slice is claimed.
    SealCommitted = "seal_committed",
    /// Intents are written, uncommitted.
    IntentBeforeCommit = "intent_before_commit",
    /// Intents are committed; nothing has left.
    IntentCommitted = "intent_committed",
    /// A request is about to leave.
    SendLeaves = "send_leaves",
    /// A request was answered; nothing is recorded.
    SendAnswered = "send_answered",
    /// A batch is about to leave.
    BatchLeaves = "batch_leaves",
    /// A batch was answered; nothing of its items is recorded.
    BatchAnswered = "batch_answered",
    /// An outcome is written, uncommitted.
    SettleBeforeCommit = "settle_before_commit",
    /// An outcome is committed; the rest of its wave may not be.
    SettleCommitted = "settle_committed",
    /// A look-up is about to leave.
    LookUpLeaves = "look_up_leaves",
    /// A look-up was answered; nothing is recorded.
    LookUpAnswered = "look_up_answered",
    /// What a look-up found is written, uncommitted.
    LookUpBeforeCommit = "look_up_before_commit",
    /// What a look-up found is committed.
    LookUpCommitted = "look_up_committed",
    /// The company is given back and the next turn ordered, uncommitted.
    GiveBackBeforeCommit = "give_back_before_commit",
    /// The company is given back; nobody has rung for the next turn.
    GiveBackCommitted = "give_back_committed",
}

/// The process is at `point`: it dies here where that was asked for.
#[inline]
pub fn reach(point: FailPoint) {
    #[cfg(feature = "fail-points")]
    armed::reach(point);
    #[cfg(not(feature = "fail-points"))]
    let _ = point;
}

/// Whether this build has fail points. A live house refuses such a build.
#[must_use]
pub const fn are_built() -> bool {
    cfg!(feature = "fail-points")
}

#[cfg(feature = "fail-points")]
mod armed {
    use super::FailPoint;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The variable that arms a point.
    const VARIABLE: &str = "TILLPOST_FAIL_POINT";

    struct Armed {
        point: FailPoint,
        nth: u32,
        reached: AtomicU32,
    }

    // Read once: a process that is under way is not armed any more.
    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let armed = read(&text);
        if armed.is_none() {
            tracing::error!("{VARIABLE}={text} names no fail point");
        }
        armed
    });

    // `name` or `name*n`.
    fn read(text: &str) -> Option<Armed> {
        let (name, nth) = text.split_once('*').unwrap_or((text, "1"));
        let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
        let point = FailPoint::ALL.iter().find(|point| point.name() == name)?;
        Some(Armed {
            point: *point,
            nth,
            reached: AtomicU32::new(0),
        })
    }

    pub(super) fn reach(point: FailPoint) {
        let Some(armed) = ARMED.as_ref().filter(|armed| armed.point == point) else {
            return;
        };
        if armed.reached.fetch_add(1, Ordering::SeqCst) + 1 == armed.nth {
            tracing::warn!("fail point {} is reached: abort", point.name());
            // A death that was asked for leaves no core behind; where that cannot be had, it dies all the same.
            let none = rustix::process::Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
            std::process::abort();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::collections::BTreeSet;

        #[test]
        fn a_point_is_armed_by_its_name_and_perhaps_a_number() {
            let armed = |text| read(text).map(|armed| (armed.point, armed.nth));
            assert_eq!(armed("ingest_rung"), Some((FailPoint::IngestRung, 1)));
            assert_eq!(armed("ingest_rung*7"), Some((FailPoint::IngestRung, 7)));
            for nonsense in ["", "ingest", "ingest_rung*", "ingest_rung*0"] {
                assert_eq!(armed(nonsense), None, "{nonsense}");
            }
        }

        #[test]
        fn no_two_points_have_one_name() {
            let names: BTreeSet<_> = FailPoint::ALL.iter().map(|point| point.name()).collect();
            assert_eq!(names.len(), FailPoint::ALL.len());
        }
    }
}
