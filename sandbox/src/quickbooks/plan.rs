//! Planned faults: which calls meet one, and what then happens.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::operation::Operation;
use super::switches::Switches;

/// A fault planned for calls to come. Without conditions it meets every call of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Only calls of this kind. A batch's items are also met by plans for their own kind.
    pub operation: Option<Operation>,
    /// Only calls to this company.
    pub realm_id: Option<String>,
    /// Only calls whose body carries this document number.
    pub doc_number: Option<String>,
    /// Only so many calls; every one when absent.
    pub next: Option<u32>,
    /// Only so many of a thousand calls, chosen by the simulator's seed.
    pub per_mille: Option<u16>,
    /// What the caller sees.
    pub outcome: Outcome,
    /// Whether the call takes effect all the same. A plain answer always does.
    pub commit: bool,
    /// For [`Outcome::Drop`]: close the connection first, and let delay, hold and effect come after.
    pub drop_first: bool,
    /// Real milliseconds to wait before the effect.
    pub delay_before_ms: u64,
    /// Real milliseconds to wait between effect and answer.
    pub delay_after_ms: u64,
    /// Where to stand still until released.
    pub hold: Option<Hold>,
}

/// What the caller of a planned fault sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The answer, perhaps late.
    #[default]
    Answer,
    /// The connection closes without a byte. A batch item is missing from the response.
    Drop,
    /// The connection closes as after the service's 120 s, at once; delay and hold come after, and whether there is an effect
    /// is a switch.
    Cut,
    /// This status with a load balancer's HTML page.
    Status(u16),
    /// Fault 6000, "Please wait a few minutes".
    WaitAFewMinutes,
    /// 429 with fault 3001.
    Throttled,
    /// 401 with fault 3200.
    Unauthorized,
    /// 200 with a body that is not JSON.
    Garbage,
    /// The service's own fault of this code, with its words where they are known: what no company here comes to by itself.
    Fault(u32),
}

/// Where a held call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Before its effect.
    BeforeCommit,
    /// After its effect, before its answer.
    AfterCommit,
}

impl FaultPlan {
    /// A plan with this outcome for the next call of a kind.
    pub fn next(operation: Operation, outcome: Outcome) -> Self {
        Self {
            operation: Some(operation),
            next: Some(1),
            outcome,
            ..Self::default()
        }
    }

    /// The same plan, taking effect all the same.
    #[must_use]
    pub fn with_commit(self) -> Self {
        Self {
            commit: true,
            ..self
        }
    }

    /// The same plan for calls that carry this document number only.
    #[must_use]
    pub fn for_doc_number(self, doc_number: &str) -> Self {
        Self {
            doc_number: Some(doc_number.to_owned()),
            ..self
        }
    }

    /// The same plan, standing still until released.
    #[must_use]
    pub fn held(self, hold: Hold) -> Self {
        Self {
            hold: Some(hold),
            ..self
        }
    }

    /// The same plan as it goes where the service answers the open questions so.
    pub(crate) fn under(self, switches: &Switches) -> Self {
        match self.outcome {
            Outcome::Cut => Self {
                outcome: Outcome::Drop,
                drop_first: true,
                commit: switches.work_goes_on_after_the_cut,
                ..self
            },
            _ => self,
        }
    }

    /// Whether the call takes effect.
    pub(crate) fn commits(&self) -> bool {
        self.commit || self.outcome == Outcome::Answer
    }

    fn meets(
        &self,
        operation: Operation,
        realm_id: Option<&str>,
        doc_number: Option<&str>,
    ) -> bool {
        self.operation.is_none_or(|planned| planned == operation)
            && self
                .realm_id
                .as_deref()
                .is_none_or(|planned| Some(planned) == realm_id)
            && self
                .doc_number
                .as_deref()
                .is_none_or(|planned| Some(planned) == doc_number)
            && self.next != Some(0)
    }
}

/// A plan with its id, as listed. `next` counts down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// Its id.
    pub id: u64,
    /// What is planned.
    pub plan: FaultPlan,
}

/// All plans, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    plans: Vec<PlannedFault>,
    last_id: u64,
}

impl Plans {
    pub(crate) fn add(&mut self, plan: FaultPlan) -> u64 {
        self.last_id += 1;
        self.plans.push(PlannedFault {
            id: self.last_id,
            plan,
        });
        self.last_id
    }

    pub(crate) fn list(&self) -> &[PlannedFault] {
        &self.plans
    }

    pub(crate) fn clear(&mut self) {
        self.plans.clear();
    }

    /// The first plan that meets the call, which uses it up by one.
    pub(crate) fn take(
        &mut self,
        operation: Operation,
        realm_id: Option<&str>,
        doc_number: Option<&str>,
        dice: &mut Dice,
    ) -> Option<PlannedFault> {
        for planned in &mut self.plans {
            if planned.plan.meets(operation, realm_id, doc_number)
                && planned
                    .plan
                    .per_mille
                    .is_none_or(|per_mille| dice.chance(per_mille))
            {
                if let Some(left) = &mut planned.plan.next {
                    *left -= 1;
                }
                return Some(planned.clone());
            }
        }
        None
    }
}
