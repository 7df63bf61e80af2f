//! Planning faults and letting held calls go.

use crate::quickbooks::plan::{FaultPlan, PlannedFault};

use super::Control;

impl Control {
    /// Plans a fault and gives the plan's id.
    pub fn plan(&self, plan: FaultPlan) -> u64 {
        self.with(|world| world.plans.add(plan))
    }

    /// The plans, used up or not.
    pub fn plans(&self) -> Vec<PlannedFault> {
        self.with(|world| world.plans.list().to_vec())
    }

    /// Forgets all plans and releases every held call.
    pub fn clear_plans(&self) {
        self.with(|world| {
            world.plans.clear();
            world.held.clear();
        });
    }

    /// Releases the calls a plan holds and says how many there were.
    pub fn release(&self, plan: u64) -> usize {
        self.with(|world| world.held.remove(&plan).map_or(0, |held| held.len()))
    }

    /// How many calls a plan holds.
    pub fn held(&self, plan: u64) -> usize {
        self.with(|world| world.held.get(&plan).map_or(0, Vec::len))
    }

    /// Comes back when a plan holds at least so many calls.
    pub async fn wait_until_held(&self, plan: u64, calls: usize) {
        loop {
            // Listening begins before looking, so no ring is missed between the two.
            let mut rung = std::pin::pin!(self.shared.held.notified());
            rung.as_mut().enable();
            if self.held(plan) >= calls {
                return;
            }
            rung.await;
        }
    }
}
