//! Deliberate faults of the protocol, to grade the harness that must find them.
//!
//! They exist only under the feature `mutants`, which no shipped build has, and even there none acts until a thread asks
//! for it. Those of the machine act here; those of its effects are acted by the simulator, which knows them by name.

use super::decision::{Found, Outcome, Settlement};
use super::known::Known;
use super::state::{EntryChange, EventChange};
use std::time::Duration;

macro_rules! mutants {
    ($($(#[doc = $what:literal])+ $mutant:ident = $name:literal,)+) => {
        /// A deliberate fault of the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[doc = $what])+ $mutant,)+
        }

        impl Mutant {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$mutant,)+];

            /// Its name in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$mutant => $name,)+
                }
            }
        }
    };
}

mutants! {
    /// Whoever is in doubt sends again without looking.
    SkipVerify = "skip verify",
    /// One look-up that finds nothing is proof enough.
    OneAbsence = "one absence is enough",
    /// The look-up comes at once, without a quiet period.
    NoQuietPeriod = "look up before the quiet period",
    /// An unknown outcome is sent again at once.
    ResendAtOnce = "resend at once on time-out",
    /// An unknown outcome makes a new generation.
    NewGeneration = "generation + 1 on time-out",
    /// An unknown outcome is a refusal.
    UnknownIsRejected = "treat 5xx as rejected",
    /// A company that asks for patience has posted.
    ThrottledIsPosted = "treat throttled as posted",
    /// A number that is taken is taken by ours.
    NumberTakenIsPosted = "treat a taken number as posted",
    /// A foreign entry under our number is ours.
    ForeignIsOurs = "accept a foreign entry as ours",
    /// One look that finds a foreign entry, and not ours, is proof enough.
    ForeignAtOnce = "give way at the first look",
    /// Numbers that nobody guards are not looked up before the first request.
    NoFirstLook = "skip the look before the first send",
    /// Look-ups in vain are not counted.
    AbsencesForgotten = "forget absences",
    /// What was proven absent is not queued again.
    ClearedIsForgotten = "forget to queue what is absent",
    /// A dead holder's request is given no time to end.
    NoCallTimeout = "take over without the call's time-out",
    /// What a dead holder was sending stays as it is.
    NoTakeOver = "do not take over",
    /// A live holder's lease is taken.
    StealLease = "steal a live lease",
    /// The gate never closes.
    IgnoreGate = "ignore the gate",
    /// The gate opens when the intent is committed.
    GateAfterIntent = "open the gate after the intent",
    /// Requests leave without an intent.
    NoIntent = "send without intent",
    /// Request ids are drawn.
    RandomIds = "draw ids at random",
    /// A refused entry's successor has its generation.
    SameGeneration = "no new generation after rejection",
    /// New bytes are sealed under an old name.
    ResealSameId = "reseal other bytes under the same id",
    /// An item of a batch goes out again by itself, under its single id.
    ItemGoesSingly = "batch item resent under its single id",
    /// Items that go out again are put into new batches.
    Rebatched = "batch items regrouped under a new id",
    /// An item that the answer lacks was not sent.
    MissingIsNotSent = "missing batch item was not sent",
    /// The next turn is not due for a doubt.
    ForgetWakeUp = "forget the wake-up of a doubt",
    /// A company that refused is not asked again.
    ForgetRefused = "forget to ask a company that refused again",
    /// An answer nobody can read is a success. Acted by the effects.
    GarbageIsPosted = "treat garbage as posted",
    /// The first item of a batch's answer speaks for all. Acted by the effects.
    FirstItemForAll = "the first item speaks for all",
    /// An outcome is settled without the fence. Acted by the effects.
    NoFenceOnSettle = "drop the fence on settle",
    /// An intent is committed without the fence. Acted by the effects.
    NoFenceOnIntent = "drop the fence on intent",
    /// Taking over needs no fence. Acted by the effects.
    NoFenceOnTakeOver = "drop the fence on take-over",
    /// A change is made from whatever state. Acted by the effects.
    AnyState = "ignore the state a change leads from",
    /// An entry is settled as posted when its request leaves. Acted by the effects.
    SettleBeforeAnswer = "settle before the answer",
    /// A request leaves before its intent is committed. Acted by the effects.
    SendBeforeCommit = "send before the intent is committed",
    /// A request whose answer is lost is repeated by the client. Acted by the effects.
    ClientRetries = "the client retries by itself",
    /// The gate is measured on a clock that stops in suspension. Acted by the effects.
    GateOnAwakeClock = "gate on a clock that stops in suspension",
    /// The gate is measured on a clock that people set. Acted by the effects.
    GateOnWallClock = "gate on a clock that jumps",
    /// An intent is committed although the sync was stopped. Acted by the effects.
    IgnoreStop = "send after stop",
    /// What was in doubt is withdrawn like what was never sent. Acted by the effects.
    WithdrawDoubted = "withdraw what was in doubt",
}

#[cfg(feature = "mutants")]
mod switch {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static ACTING: Cell<Option<Mutant>> = const { Cell::new(None) };
        static DRAWN: Cell<u64> = const { Cell::new(0) };
    }

    /// Lets one act on this thread from now on; `None`: none.
    pub fn act(mutant: Option<Mutant>) {
        ACTING.set(mutant);
        DRAWN.set(0);
    }

    /// Whether it acts on this thread.
    #[must_use]
    pub fn acts(mutant: Mutant) -> bool {
        ACTING.get() == Some(mutant)
    }

    pub(in crate::posting) fn is_any() -> bool {
        ACTING.get().is_some()
    }

    pub(in crate::posting) fn draw() -> u64 {
        DRAWN.set(DRAWN.get() + 1);
        DRAWN.get()
    }
}

#[cfg(not(feature = "mutants"))]
mod switch {
    use super::Mutant;

    pub(in crate::posting) const fn acts(_: Mutant) -> bool {
        false
    }

    pub(in crate::posting) const fn is_any() -> bool {
        false
    }

    pub(in crate::posting) const fn draw() -> u64 {
        0
    }
}

#[cfg(not(feature = "mutants"))]
pub(super) use switch::acts;
pub(super) use switch::draw;
#[cfg(feature = "mutants")]
pub use switch::{act, acts};

/// What a mutant makes of a request's outcome.
pub(super) fn after_send(outcome: Outcome) -> Option<Settlement> {
    if !switch::is_any() {
        return None;
    }
    let queued = Some(EventChange::QueueAgain {
        after: Duration::ZERO,
    });
    let (entry, event) = match outcome {
        Outcome::Unknown if acts(Mutant::ResendAtOnce) => (EntryChange::Return, queued),
        Outcome::Unknown if acts(Mutant::NewGeneration) => (EntryChange::Reject, queued),
        Outcome::Unknown if acts(Mutant::UnknownIsRejected) => {
            (EntryChange::Reject, Some(EventChange::Fail))
        }
        Outcome::Unknown if acts(Mutant::NoQuietPeriod) => {
            let after = Duration::ZERO;
            (EntryChange::Doubt { after }, None)
        }
        Outcome::Throttled { .. } if acts(Mutant::ThrottledIsPosted) => {
            (EntryChange::Post, Some(EventChange::Sync))
        }
        Outcome::NumberTaken if acts(Mutant::NumberTakenIsPosted) => {
            (EntryChange::Post, Some(EventChange::Sync))
        }
        _ => return None,
    };
    Some(Settlement { entry, event })
}

/// What a mutant makes of a look-up.
pub(super) fn after_look_up(found: Found) -> Option<Settlement> {
    if !switch::is_any() {
        return None;
    }
    let (entry, event) = match found {
        Found::Foreign if acts(Mutant::ForeignIsOurs) => {
            (EntryChange::Find, Some(EventChange::Sync))
        }
        Found::Foreign if acts(Mutant::ForeignAtOnce) => {
            (EntryChange::GiveWay, Some(EventChange::Fail))
        }
        Found::Nothing if acts(Mutant::OneAbsence) => {
            let after = Duration::ZERO;
            (EntryChange::Clear, Some(EventChange::QueueAgain { after }))
        }
        _ => return None,
    };
    Some(Settlement { entry, event })
}

/// What a mutant makes of an event's latest entry.
pub(super) fn known(known: Known) -> Known {
    match known {
        Known::Again if acts(Mutant::ResealSameId) => Known::Outdated,
        known => known,
    }
}
