//! What may go wrong in one schedule, and how often. Each schedule gets a few kinds of trouble, and those often: schedules in
//! which everything goes wrong a little look alike.

use crate::dice::Dice;
use std::time::Duration;

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;

/// The protocol's times, as the product ships them.
pub(crate) const QUIET: Duration = Duration::from_secs(180);
pub(crate) const CALL: Duration = Duration::from_secs(130);
pub(crate) const GAP: Duration = Duration::from_secs(30);
pub(crate) const WINDOW: Duration = Duration::from_secs(10);
pub(crate) const LEASE: u64 = 60 * SECOND;
/// QuickBooks cuts a request after this.
pub(crate) const CUT: u64 = 119 * SECOND;

/// Milliseconds of a duration.
pub(crate) fn ms(of: Duration) -> u64 {
    u64::try_from(of.as_millis()).unwrap_or(u64::MAX)
}

/// How often what goes wrong, in thousandths.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) workers: usize,
    pub(crate) tenants: usize,
    pub(crate) events: usize,
    /// Foul weather ends here; from then on nothing more goes wrong, and people mend what they can.
    pub(crate) fair_from: u64,
    /// A repeated request id is answered as the first was. Otherwise what is late is late within the quiet period.
    pub(crate) honours_ids: bool,
    /// Request ids are forgotten after so long.
    pub(crate) forgets_after: Option<u64>,
    /// Refusals are remembered with their request id.
    pub(crate) remembers_refusals: bool,
    /// A repeated request id is answered with a fault nobody understands.
    pub(crate) strange_replay: u32,
    /// What is under way for long commits within the quiet period, and a query shows it within the gap.
    pub(crate) is_punctual: bool,
    pub(crate) lost: u32,
    pub(crate) unanswered: u32,
    pub(crate) server_error: u32,
    pub(crate) garbage: u32,
    pub(crate) missing_item: u32,
    pub(crate) unknown_item: u32,
    pub(crate) slow: u32,
    pub(crate) not_sent: u32,
    pub(crate) throttled: u32,
    pub(crate) refused_token: u32,
    pub(crate) halted: u32,
    pub(crate) lag: u32,
    pub(crate) crash: u32,
    pub(crate) pause: u32,
    pub(crate) long_pause: bool,
    pub(crate) suspend: bool,
    pub(crate) clock_jump: u32,
    pub(crate) database_error: u32,
    pub(crate) lost_ring: u32,
    pub(crate) defect: u32,
    pub(crate) foreign: u32,
    pub(crate) people: u32,
}

impl Weather {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let mut often = |per_mille: u32| if dice.chance(450) { per_mille } else { 0 };
        let (lost, unanswered, server_error, garbage) =
            (often(120), often(150), often(120), often(80));
        let (missing_item, unknown_item, slow, not_sent) =
            (often(150), often(120), often(300), often(60));
        let (throttled, refused_token, halted, lag) = (often(60), often(30), often(8), often(500));
        let (crash, pause, clock_jump, database_error) =
            (often(25), often(40), often(100), often(15));
        let (lost_ring, defect, foreign, people) = (often(500), often(200), often(120), often(600));
        let strange_replay = often(300);
        // Which of the two assumptions holds that exactly once rests on; in some schedules both.
        let (honours_ids, is_punctual) = dice.one(&[(true, false), (false, true), (true, true)]);
        let forgets = is_punctual && honours_ids && dice.chance(500);
        let forgets_after = forgets.then(|| dice.between(SECOND, 10 * MINUTE));
        Self {
            workers: 2 + dice.place(3),
            tenants: if dice.chance(300) {
                2 + dice.place(2)
            } else {
                1
            },
            events: match dice.between(0, 100) {
                0..60 => 1 + dice.place(4),
                60..97 => 4 + dice.place(10),
                _ => 12 + dice.place(39),
            },
            fair_from: dice.between(2 * MINUTE, 20 * MINUTE),
            honours_ids,
            forgets_after,
            // Where nothing but the request id protects, it has one outcome, whatever that is.
            remembers_refusals: !is_punctual || dice.chance(500),
            strange_replay,
            is_punctual,
            lost,
            unanswered,
            server_error,
            garbage,
            missing_item,
            unknown_item,
            slow,
            not_sent,
            throttled,
            refused_token,
            halted,
            lag,
            crash,
            pause,
            long_pause: dice.chance(500),
            suspend: dice.chance(300),
            clock_jump,
            database_error,
            lost_ring,
            defect,
            // A number that somebody else uses is told by look-ups, which only a punctual company answers truly.
            foreign: if is_punctual { foreign } else { 0 },
            people,
        }
    }

    /// From here on nothing goes wrong.
    pub(crate) fn clears(&mut self) {
        for trouble in [
            &mut self.lost,
            &mut self.unanswered,
            &mut self.server_error,
            &mut self.garbage,
            &mut self.missing_item,
            &mut self.unknown_item,
            &mut self.slow,
            &mut self.not_sent,
            &mut self.throttled,
            &mut self.refused_token,
            &mut self.halted,
            &mut self.crash,
            &mut self.pause,
            &mut self.clock_jump,
            &mut self.database_error,
            &mut self.lost_ring,
            &mut self.foreign,
            &mut self.people,
            &mut self.strange_replay,
        ] {
            *trouble = 0;
        }
    }
}
