//! A wave: requests whose intents are committed, what may still become of each, and what all of them mean for the turn.

use super::decision::{Outcome, Settlement, UNWELL_WAIT, Waits, after_send};
use super::gate::Gate;
use super::mutant::{Mutant, acts};
use super::request::Request;
use std::time::Duration;

/// Requests whose intents are committed. Each leaves once, while the gate is open, and every entry is settled by itself as
/// soon as its answer is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave<K> {
    /// In the order they are to leave; answers may come in any.
    pub requests: Vec<Request<K>>,
    gate: Gate,
    waits: Waits,
}

impl<K> Wave<K> {
    pub(super) fn new(requests: Vec<Request<K>>, gate: Gate, waits: Waits) -> Self {
        Self {
            requests,
            gate,
            waits,
        }
    }

    /// Whether a request may leave `at` this time since the machine was started; one that may not is settled as
    /// [`Outcome::NotSent`].
    #[must_use]
    pub fn may_leave(&self, at: Duration) -> bool {
        self.gate.is_open(at)
    }

    /// What becomes of one of its entries. `tries` counts the event's requests before this that were definitely not
    /// executed. To be written only under the fence, in one transaction; a lease that was lost settles nothing, and the
    /// next holder looks the entry up.
    #[must_use]
    pub fn settle(&self, outcome: Outcome, tries: u32) -> Settlement {
        after_send(outcome, tries.saturating_add(1), &self.waits)
    }
}

/// The outcome of an item of a batch that was answered: as its own answer says; of one that the answer lacks nobody knows.
#[must_use]
pub fn item_outcome(answered: Option<Outcome>) -> Outcome {
    let missing = match acts(Mutant::MissingIsNotSent) {
        true => Outcome::NotSent,
        false => Outcome::Unknown,
    };
    answered.unwrap_or(missing)
}

/// What a settled outcome means for the rest of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is in the books.
    Posted,
    /// It was answered well; what came of it is this event's alone.
    Settled,
    /// It was refused for something that the whole company lacks.
    HeldUp,
    /// The company asks to be left alone.
    Throttled(Duration),
    /// The access token was refused.
    Unauthorised,
    /// The company as a whole refuses.
    Halted,
    /// It was not answered well.
    Unwell,
    /// The lease was lost: nothing was settled.
    Lost,
}

impl Effect {
    /// The effect of an outcome, as far as the outcome alone tells.
    #[must_use]
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Posted => Self::Posted,
            Outcome::Rejected | Outcome::NumberTaken => Self::Settled,
            Outcome::Throttled { wait } => Self::Throttled(wait),
            Outcome::Unauthorised => Self::Unauthorised,
            Outcome::Halted => Self::Halted,
            Outcome::NotSent | Outcome::Unknown => Self::Unwell,
        }
    }
}

/// How a turn goes on after a wave, or after a read that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Again,
    Stop,
    Refresh,
    Throttle(Duration),
    Unwell(Duration),
    Hold,
}

/// What a wave's outcomes mean together.
pub(super) fn after_wave(effects: &[Effect]) -> Then {
    if effects.contains(&Effect::Halted) || effects.contains(&Effect::Lost) {
        return Then::Stop;
    }
    let throttled = effects.iter().filter_map(|effect| match effect {
        Effect::Throttled(wait) => Some(*wait),
        _ => None,
    });
    if let Some(wait) = throttled.max() {
        return Then::Throttle(wait);
    }
    if effects.contains(&Effect::Unauthorised) {
        return Then::Refresh;
    }
    let answered =
        |effect: &Effect| matches!(effect, Effect::Posted | Effect::Settled | Effect::HeldUp);
    // One lost answer is an accident; a wave without a single good one is a company that is not well.
    if effects.contains(&Effect::Unwell) && !effects.iter().any(answered) {
        return Then::Unwell(UNWELL_WAIT);
    }
    // What one entry lacks, another may do without; a wave of which none went through is held up by the company.
    if effects.contains(&Effect::HeldUp) && !effects.contains(&Effect::Posted) {
        return Then::Hold;
    }
    Then::Again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_answer_is_an_accident_and_none_but_lost_ones_is_a_company_that_is_not_well() {
        assert_eq!(after_wave(&[]), Then::Again);
        assert_eq!(after_wave(&[Effect::Unwell, Effect::Posted]), Then::Again);
        assert_eq!(after_wave(&[Effect::Unwell]), Then::Unwell(UNWELL_WAIT));
        assert_eq!(after_wave(&[Effect::HeldUp, Effect::Posted]), Then::Again);
        assert_eq!(after_wave(&[Effect::HeldUp, Effect::Settled]), Then::Hold);
    }

    #[test]
    fn who_lost_the_lease_does_nothing_more() {
        let wait = Duration::from_secs(60);
        let effects = [Effect::Lost, Effect::Throttled(wait), Effect::Posted];
        assert_eq!(after_wave(&effects), Then::Stop);
        assert_eq!(after_wave(&effects[1..]), Then::Throttle(wait));
    }
}
