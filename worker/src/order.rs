//! Who has the next turn: decided here, without a clock, a queue or a database.
//!
//! A turn has a **seat** while it works. Seats are few enough that the turns under way do not crowd each other out, and they
//! are shared so:
//!
//! * Live work goes before past syncs. Each of the two is kept out of a few seats, so that a backlog never holds all of them
//!   and live work never stops a backlog altogether.
//! * Within each, whoever has had the least goes first: the time at a seat is charged, and the next turn is queued behind
//!   everybody who has been charged less (start-time fair queueing). A tenant with a million events and one with three take
//!   turns by what their turns cost, not by how many they are. When nobody waits, all is forgiven.
//! * A seat is for working, not for waiting. A turn whose company does not answer is **parked**: it goes on waiting, without
//!   a seat. Its tenant is *slow* until a turn of its ends in time, and slow ones have a few seats of their own, apart.
//!
//! Nothing here has to survive: after a restart PostgreSQL says who is due and in which line, and everybody starts even.

use entity::id::TenantId;
use service::bell::Urgency;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// How many turns there may be of each kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Turns at work, live and past together.
    pub(crate) seats: usize,
    /// Turns of slow tenants at work, besides.
    pub(crate) slow_seats: usize,
    /// Turns that wait for an answer without a seat.
    pub(crate) parked: usize,
    /// Tenants that wait here for a seat, of each kind; more stay in the line on Redis, where other workers see them.
    pub(crate) waiting: usize,
}

impl Limits {
    /// For so many seats, the rest in proportion.
    pub(crate) fn of(seats: usize) -> Self {
        let seats = seats.max(1);
        Self {
            seats,
            slow_seats: (seats / 8).max(1),
            parked: seats * 4,
            waiting: seats.max(16),
        }
    }

    fn seats_of(&self, kind: Kind) -> usize {
        match kind {
            Kind::Live => self.seats - self.seats / 8,
            Kind::Past => self.seats - self.seats / 4,
            Kind::Slow => self.slow_seats,
        }
    }
}

/// What became of a tenant that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It waits for a seat.
    Waits,
    /// It waited already, or its turn is under way and will see what is new.
    Known,
    /// Too many wait here; it may come again when somebody has begun.
    Full,
}

/// What a turn counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Live,
    Past,
    Slow,
}

const KINDS: [Kind; 3] = [Kind::Live, Kind::Past, Kind::Slow];

/// Where a tenant is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Waits(Kind, Ticket),
    /// With what it had had when it began, and whether it should have ended by now.
    Seated(Kind, Duration, Pace),
    Parked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    InTime,
    Overdue,
}

/// The place in the queue of a kind: what the tenant had had when it came, then the order of arrival.
type Ticket = (Duration, u64);

/// Who waits, who works, and what each has had.
#[derive(Debug)]
pub(crate) struct Order {
    limits: Limits,
    places: HashMap<TenantId, Place>,
    queues: [Queue; 3],
    parked: usize,
    arrivals: u64,
    slow: HashSet<TenantId>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<Ticket, TenantId>,
    seated: usize,
    /// What the one that began last had had: nobody who comes now counts as having had less.
    level: Duration,
    /// What each tenant has had, where that is more than the level.
    had: HashMap<TenantId, Duration>,
    /// So many of them are kept before those below the level are looked for.
    kept: usize,
}

impl Order {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            places: HashMap::new(),
            queues: Default::default(),
            parked: 0,
            arrivals: 0,
            slow: HashSet::new(),
        }
    }

    /// Whether a tenant waits here or its turn is under way.
    pub(crate) fn knows(&self, tenant: TenantId) -> bool {
        self.places.contains_key(&tenant)
    }

    /// A tenant is to have a turn. One that waits for a past sync's sake and now for live work's is moved forward.
    pub(crate) fn arrive(&mut self, tenant: TenantId, urgency: Urgency) -> Arrival {
        let kind = match urgency {
            _ if self.slow.contains(&tenant) => Kind::Slow,
            Urgency::Live => Kind::Live,
            Urgency::Past => Kind::Past,
        };
        match self.places.get(&tenant).copied() {
            Some(Place::Waits(Kind::Past, ticket)) if kind == Kind::Live => {
                self.queue(Kind::Past).waiting.remove(&ticket);
            }
            Some(_) => return Arrival::Known,
            None if self.queue(kind).waiting.len() >= self.limits.waiting => return Arrival::Full,
            None => {}
        }
        self.arrivals += 1;
        let arrival = self.arrivals;
        let queue = self.queue(kind);
        let had = queue.had.get(&tenant).copied().unwrap_or_default();
        let ticket = (had.max(queue.level), arrival);
        queue.waiting.insert(ticket, tenant);
        self.places.insert(tenant, Place::Waits(kind, ticket));
        Arrival::Waits
    }

    /// Who begins now, if anybody may: they have a seat from here on.
    pub(crate) fn next(&mut self) -> Option<TenantId> {
        let kind = KINDS.into_iter().find(|kind| self.may_begin(*kind))?;
        let queue = self.queue(kind);
        let ((had, _), tenant) = queue.waiting.pop_first()?;
        queue.level = queue.level.max(had);
        queue.seated += 1;
        self.places
            .insert(tenant, Place::Seated(kind, had, Pace::InTime));
        Some(tenant)
    }

    /// A turn has had all the time a turn should need and is not done: its company does not answer. False where too many
    /// are parked, and it keeps its seat.
    pub(crate) fn park(&mut self, tenant: TenantId, cost: Duration) -> bool {
        let Some(Place::Seated(kind, had, _)) = self.places.get(&tenant).copied() else {
            return false;
        };
        self.slow.insert(tenant);
        let room = self.parked < self.limits.parked;
        if room {
            self.parked += 1;
            self.places.insert(tenant, Place::Parked);
            self.leave_seat(tenant, kind, had + cost);
        } else {
            self.places
                .insert(tenant, Place::Seated(kind, had, Pace::Overdue));
        }
        room
    }

    /// A turn has ended after so long at its seat.
    pub(crate) fn end(&mut self, tenant: TenantId, cost: Duration) {
        match self.places.remove(&tenant) {
            Some(Place::Seated(kind, had, pace)) => {
                if pace == Pace::InTime {
                    self.slow.remove(&tenant);
                }
                self.leave_seat(tenant, kind, had + cost);
            }
            Some(Place::Parked) => self.parked -= 1,
            Some(Place::Waits(kind, ticket)) => {
                self.queue(kind).waiting.remove(&ticket);
            }
            None => {}
        }
    }

    fn may_begin(&self, kind: Kind) -> bool {
        let queue = &self.queues[kind as usize];
        let others = match kind {
            Kind::Live => self.queues[Kind::Past as usize].seated,
            Kind::Past => self.queues[Kind::Live as usize].seated,
            Kind::Slow => 0,
        };
        !queue.waiting.is_empty()
            && queue.seated < self.limits.seats_of(kind)
            && (kind == Kind::Slow || queue.seated + others < self.limits.seats)
    }

    fn leave_seat(&mut self, tenant: TenantId, kind: Kind, had: Duration) {
        let queue = self.queue(kind);
        queue.seated -= 1;
        if queue.waiting.is_empty() {
            queue.had.clear();
            return;
        }
        queue.had.insert(tenant, had);
        if queue.had.len() > queue.kept {
            let level = queue.level;
            queue.had.retain(|_, had| *had > level);
            queue.kept = 2 * queue.had.len() + 64;
        }
    }

    fn queue(&mut self, kind: Kind) -> &mut Queue {
        &mut self.queues[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn order(seats: usize) -> Order {
        Order::new(Limits::of(seats))
    }

    fn tenants(count: usize) -> Vec<TenantId> {
        (0..count).map(|_| TenantId::new()).collect()
    }

    fn begun(order: &mut Order) -> Vec<TenantId> {
        std::iter::from_fn(|| order.next()).collect()
    }

    fn arrive(order: &mut Order, tenants: &[TenantId], urgency: Urgency) {
        for tenant in tenants {
            assert_eq!(order.arrive(*tenant, urgency), Arrival::Waits);
        }
    }

    #[test]
    fn a_tenant_has_one_place_however_often_it_is_rung_for() {
        let mut order = order(1);
        let [a, b] = tenants(2)[..] else {
            unreachable!()
        };
        arrive(&mut order, &[a, b], Urgency::Live);
        assert_eq!(order.arrive(a, Urgency::Live), Arrival::Known);
        assert_eq!(begun(&mut order), [a]);
        assert_eq!(order.arrive(a, Urgency::Live), Arrival::Known);
        order.end(a, SECOND);
        assert!(!order.knows(a));
        assert_eq!(begun(&mut order), [b]);
        order.end(b, SECOND);
        assert_eq!(order.next(), None);
    }

    #[test]
    fn live_goes_before_past_and_neither_holds_every_seat() {
        let mut order = order(8);
        let (past, live) = (tenants(8), tenants(8));
        arrive(&mut order, &past, Urgency::Past);
        // A backlog alone leaves a quarter for what may happen.
        assert_eq!(begun(&mut order), past[..6]);
        arrive(&mut order, &live, Urgency::Live);
        assert_eq!(begun(&mut order), live[..2]);
        for tenant in &past[..6] {
            order.end(*tenant, SECOND);
        }
        // Live work leaves an eighth to the backlog.
        let now = begun(&mut order);
        assert_eq!(now, [&live[2..7], &past[6..7]].concat());
    }

    #[test]
    fn a_past_sync_that_turns_live_is_moved_forward() {
        let mut order = order(1);
        let [a, b, c] = tenants(3)[..] else {
            unreachable!()
        };
        arrive(&mut order, &[a, b, c], Urgency::Past);
        assert_eq!(order.arrive(c, Urgency::Live), Arrival::Waits);
        assert_eq!(order.arrive(c, Urgency::Past), Arrival::Known);
        let mut had = Vec::new();
        while let Some(tenant) = order.next() {
            had.push(tenant);
            order.end(tenant, SECOND);
        }
        assert_eq!(had, [c, a, b]);
    }

    #[test]
    fn whoever_has_had_the_least_goes_first() {
        let mut order = order(1);
        let [dear, cheap, other] = tenants(3)[..] else {
            unreachable!()
        };
        arrive(&mut order, &[dear, cheap], Urgency::Live);
        let mut turns = HashMap::<TenantId, u32>::new();
        // Each arrives again as soon as its turn has ended. One tenant's turns cost four times the other's.
        for _ in 0..100 {
            let tenant = order.next().unwrap();
            *turns.entry(tenant).or_default() += 1;
            let cost = if tenant == dear { 4 * SECOND } else { SECOND };
            order.end(tenant, cost);
            arrive(&mut order, &[tenant], Urgency::Live);
        }
        assert_eq!((turns[&dear], turns[&cheap]), (20, 80));
        // Who comes new counts as having had what the last had: it waits for nobody's past, and nobody waits for its.
        arrive(&mut order, &[other], Urgency::Live);
        let first: Vec<_> = (0..3)
            .map(|_| {
                let tenant = order.next().unwrap();
                order.end(tenant, SECOND);
                arrive(&mut order, &[tenant], Urgency::Live);
                tenant
            })
            .collect();
        assert!(first.contains(&other), "{first:?}");
    }

    #[test]
    fn one_that_always_has_more_delays_a_small_one_by_one_turn_at_the_most() {
        let mut order = order(1);
        let big = TenantId::new();
        arrive(&mut order, &[big], Urgency::Live);
        for _ in 0..1000 {
            assert_eq!(order.next(), Some(big));
            let small = TenantId::new();
            arrive(&mut order, &[small], Urgency::Live);
            order.end(big, 2 * SECOND);
            arrive(&mut order, &[big], Urgency::Live);
            assert_eq!(order.next(), Some(small));
            order.end(small, SECOND / 10);
        }
    }

    #[test]
    fn hanging_turns_are_parked_and_cost_nobody_a_seat() {
        let mut order = order(8);
        let hanging = tenants(7);
        arrive(&mut order, &hanging, Urgency::Live);
        assert_eq!(begun(&mut order), hanging);
        let well = tenants(7);
        arrive(&mut order, &well, Urgency::Live);
        assert_eq!(order.next(), None);
        for tenant in &hanging {
            assert!(order.park(*tenant, SECOND));
        }
        assert_eq!(begun(&mut order), well);
        // They end at last, and try again: one at a time, beside the others' seats.
        for tenant in &hanging {
            order.end(*tenant, Duration::ZERO);
            assert_eq!(order.arrive(*tenant, Urgency::Live), Arrival::Waits);
        }
        assert_eq!(begun(&mut order), hanging[..1]);
        // One that ends in time is like all others again.
        order.end(hanging[0], SECOND);
        order.end(well[0], SECOND);
        arrive(&mut order, &hanging[..1], Urgency::Live);
        assert_eq!(begun(&mut order), hanging[..2]);
    }

    #[test]
    fn only_so_many_are_parked() {
        let mut order = order(1);
        let hanging = tenants(5);
        for tenant in &hanging[..4] {
            arrive(&mut order, &[*tenant], Urgency::Live);
            assert_eq!(order.next(), Some(*tenant));
            assert!(order.park(*tenant, SECOND));
        }
        arrive(&mut order, &hanging[4..], Urgency::Live);
        assert_eq!(order.next(), Some(hanging[4]));
        assert!(!order.park(hanging[4], SECOND));
        order.end(hanging[4], SECOND);
        assert_eq!(order.parked, 4);
        for tenant in hanging {
            order.end(tenant, Duration::ZERO);
        }
        assert_eq!((order.parked, order.places.len()), (0, 0));
    }

    #[test]
    fn a_full_house_turns_away_and_each_kind_has_its_own() {
        let mut order = Order::new(Limits {
            waiting: 2,
            ..Limits::of(2)
        });
        let many = tenants(6);
        arrive(&mut order, &many[..2], Urgency::Past);
        assert_eq!(order.arrive(many[2], Urgency::Past), Arrival::Full);
        arrive(&mut order, &many[3..5], Urgency::Live);
        assert_eq!(order.arrive(many[5], Urgency::Live), Arrival::Full);
        assert_eq!(order.next(), Some(many[3]));
        assert_eq!(order.arrive(many[5], Urgency::Live), Arrival::Waits);
    }

    #[test]
    fn what_was_had_is_forgiven_when_nobody_waits_and_forgotten_below_the_level() {
        let mut order = order(1);
        let big = TenantId::new();
        arrive(&mut order, &[big], Urgency::Live);
        for tenant in tenants(10_000) {
            arrive(&mut order, &[tenant], Urgency::Live);
            for _ in 0..2 {
                let tenant = order.next().unwrap();
                order.end(tenant, SECOND);
                if tenant == big {
                    arrive(&mut order, &[tenant], Urgency::Live);
                }
            }
        }
        let kept: usize = order.queues.iter().map(|queue| queue.had.len()).sum();
        assert!(kept < 1000, "{kept}");
        while let Some(tenant) = order.next() {
            order.end(tenant, SECOND);
        }
        assert!(order.queues.iter().all(|queue| queue.had.is_empty()));
        assert!(order.places.is_empty());
    }
}
