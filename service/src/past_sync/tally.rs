//! Counting what a dry run sees: sums, counts and a few examples, never the events themselves.

use super::fate::Fate;
use super::report::{DryRunCause, DryRunCounts, DryRunProblem, DryRunType};
use crate::problem::{Code, Finding};
use accounting::Effect;
use chrono::NaiveDate;
use entity::id::{EventId, TenantId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Events named as examples of a problem or a cause.
const EXAMPLES: usize = 3;
/// Causes of one problem that are told apart.
const CAUSES_MAX: usize = 200;

/// The counts of a dry run. Its size follows the chart, the keys and the types, not the number of events.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) all: DryRunCounts,
    pub(super) effect: Effect,
    pub(super) closed: Closed,
    kinds: BTreeMap<String, DryRunCounts>,
    problems: HashMap<Code, Reason>,
    skipped: HashMap<Code, Reason>,
}

/// Events whose own date lies in the closed period.
#[derive(Default)]
pub(super) struct Closed {
    pub(super) events: u64,
    pub(super) first: Option<NaiveDate>,
    pub(super) last: Option<NaiveDate>,
}

impl Closed {
    fn add(&mut self, date: NaiveDate) {
        self.events += 1;
        self.first = Some(self.first.map_or(date, |first| first.min(date)));
        self.last = Some(self.last.map_or(date, |last| last.max(date)));
    }
}

#[derive(Default)]
struct Reason {
    events: u64,
    /// Of the first of them.
    finding: Option<Finding>,
    examples: Examples,
    causes: HashMap<String, (u64, Examples)>,
    of_other_causes: u64,
}

// The earliest taken in, whatever the order they come in.
#[derive(Default)]
struct Examples(BTreeSet<uuid::Uuid>);

impl Examples {
    fn add(&mut self, event: EventId) {
        self.0.insert(event.0);
        if self.0.len() > EXAMPLES {
            self.0.pop_last();
        }
    }

    fn told(self) -> Vec<EventId> {
        self.0.into_iter().map(EventId).collect()
    }
}

impl Reason {
    fn add(&mut self, event: EventId, finding: Finding, causes: Vec<String>) {
        self.events += 1;
        self.finding.get_or_insert(finding);
        self.examples.add(event);
        let mut beyond = false;
        for cause in causes {
            if self.causes.len() >= CAUSES_MAX && !self.causes.contains_key(&cause) {
                beyond = true;
                continue;
            }
            let (events, examples) = self.causes.entry(cause).or_default();
            *events += 1;
            examples.add(event);
        }
        self.of_other_causes += u64::from(beyond);
    }

    // Nothing where no event was added.
    fn told(self, tenant: TenantId) -> Option<DryRunProblem> {
        let examples = self.examples.told();
        let problem = self.finding?.explain(tenant, *examples.first()?);
        let mut causes: Vec<DryRunCause> = self
            .causes
            .into_iter()
            .map(|(cause, (events, examples))| DryRunCause {
                cause,
                events,
                examples: examples.told(),
            })
            .collect();
        causes.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.cause.cmp(&b.cause)));
        Some(DryRunProblem {
            events: self.events,
            problem,
            causes,
            events_of_other_causes: self.of_other_causes,
            examples,
        })
    }
}

impl Tally {
    /// Counts one event by what would become of it.
    pub(super) fn add(&mut self, event: EventId, kind: &str, business_date: NaiveDate, fate: Fate) {
        let mut counts = DryRunCounts {
            total: 1,
            ..DryRunCounts::default()
        };
        match fate {
            Fate::Post(entry) => {
                counts.post = 1;
                if entry.date() != business_date {
                    self.closed.add(business_date);
                }
                self.effect.add(&entry);
            }
            Fate::AlreadyPosted => counts.already_posted = 1,
            Fate::InDoubt => counts.in_doubt = 1,
            Fate::Skip(reason) => {
                counts.skip = 1;
                let finding = Finding::of_skip(reason);
                let skipped = self.skipped.entry(finding.code).or_default();
                skipped.add(event, finding, Vec::new());
            }
            Fate::Refuse { finding, causes } => {
                counts.cannot_post = 1;
                if finding.code == Code::ClosedPeriod {
                    self.closed.add(business_date);
                }
                let problem = self.problems.entry(finding.code).or_default();
                problem.add(event, *finding, causes);
            }
        }
        self.all += counts;
        match self.kinds.get_mut(kind) {
            Some(known) => *known += counts,
            None => {
                self.kinds.insert(kind.to_owned(), counts);
            }
        }
    }

    /// How many events have this problem.
    pub(super) fn of_problem(&self, code: Code) -> u64 {
        self.problems.get(&code).map_or(0, |reason| reason.events)
    }

    pub(super) fn types(&self) -> Vec<DryRunType> {
        self.kinds
            .iter()
            .map(|(kind, events)| DryRunType {
                kind: kind.clone(),
                events: *events,
            })
            .collect()
    }

    /// What cannot be posted, and what has nothing to post; each the most frequent first.
    pub(super) fn reasons(&mut self, tenant: TenantId) -> (Vec<DryRunProblem>, Vec<DryRunProblem>) {
        (
            told(std::mem::take(&mut self.problems), tenant),
            told(std::mem::take(&mut self.skipped), tenant),
        )
    }
}

fn told(reasons: HashMap<Code, Reason>, tenant: TenantId) -> Vec<DryRunProblem> {
    let mut told: Vec<DryRunProblem> = reasons
        .into_values()
        .filter_map(|reason| reason.told(tenant))
        .collect();
    told.sort_by(|a, b| {
        b.events
            .cmp(&a.events)
            .then_with(|| a.problem.code.cmp(&b.problem.code))
    });
    told
}

impl std::ops::AddAssign for DryRunCounts {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.post += other.post;
        self.already_posted += other.already_posted;
        self.in_doubt += other.in_doubt;
        self.skip += other.skip;
        self.cannot_post += other.cannot_post;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_endless_causes_keeps_a_bounded_number_of_them() {
        let mut reason = Reason::default();
        for place in 0..CAUSES_MAX + 7 {
            let cause = vec![format!("payment[{place}]")];
            reason.add(EventId::new(), Finding::already_posted(1, 2), cause);
        }
        let other = Finding::already_posted(1, 3);
        reason.add(EventId::new(), other, vec!["payment[3]".to_owned()]);
        let told = reason.told(TenantId::new()).unwrap();
        assert_eq!(told.events, 208);
        assert_eq!((told.causes.len(), told.events_of_other_causes), (200, 7));
        assert_eq!(
            (told.causes[0].cause.as_str(), told.causes[0].events),
            ("payment[3]", 2)
        );
        assert_eq!(told.examples.len(), EXAMPLES);
        assert!(
            told.problem.detail.contains("version 2"),
            "the first one's words"
        );
    }
}
