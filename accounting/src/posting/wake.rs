//! When a tenant's next turn is due.

use super::mutant::{Mutant, acts};

/// What there is to do at a company, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dues<T> {
    /// The earliest of the queued events, where the queue runs.
    pub queue: Option<T>,
    /// Until then the queue is held.
    pub held_until: Option<T>,
    /// The earliest look-up.
    pub doubt: Option<T>,
    /// The earliest of everything else.
    pub errand: Option<T>,
    /// The company refuses us: then it is asked again, whatever there is to do.
    pub refused_until: Option<T>,
    /// Until then the company is left alone.
    pub throttled_until: Option<T>,
}

/// When the next turn is due; `None`: not before something happens.
pub fn next_due<T: Ord + Copy>(dues: Dues<T>) -> Option<T> {
    // `None` is less than any time.
    let queue = dues.queue.map(|due| Some(due).max(dues.held_until));
    let doubt = dues.doubt.filter(|_| !acts(Mutant::ForgetWakeUp));
    let work = [queue.flatten(), doubt, dues.errand];
    let first = match dues.refused_until {
        Some(_) if acts(Mutant::ForgetRefused) => return None,
        Some(until) => until,
        None => work.into_iter().flatten().min()?,
    };
    Some(first).max(dues.throttled_until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Dues<u32> = Dues {
        queue: None,
        held_until: None,
        doubt: None,
        errand: None,
        refused_until: None,
        throttled_until: None,
    };

    #[test]
    fn the_earliest_decides_but_a_company_is_left_alone_as_long_as_it_asked() {
        let both = Dues {
            queue: Some(5),
            doubt: Some(9),
            ..NOTHING
        };
        assert_eq!(next_due(both), Some(5));
        let held = Dues {
            held_until: Some(7),
            ..both
        };
        assert_eq!(next_due(held), Some(7));
        let held_longer = Dues {
            held_until: Some(20),
            ..both
        };
        assert_eq!(next_due(held_longer), Some(9), "a doubt is not held up");
        let throttled = Dues {
            throttled_until: Some(60),
            ..both
        };
        assert_eq!(next_due(throttled), Some(60));
    }

    #[test]
    fn a_company_that_refuses_is_asked_again_when_its_pause_is_over_and_not_before() {
        let refused = Dues {
            queue: Some(5),
            doubt: Some(6),
            refused_until: Some(50),
            ..NOTHING
        };
        assert_eq!(next_due(refused), Some(50), "no call for each event");
        let without_work = Dues {
            refused_until: Some(50),
            ..NOTHING
        };
        assert_eq!(next_due(without_work), Some(50), "it may be well again");
        let throttled = Dues {
            throttled_until: Some(60),
            ..without_work
        };
        assert_eq!(next_due(throttled), Some(60));
    }

    #[test]
    fn without_work_nothing_is_due() {
        let patient = Dues {
            held_until: Some(7),
            throttled_until: Some(60),
            ..NOTHING
        };
        assert_eq!(next_due(patient), None);
    }
}
