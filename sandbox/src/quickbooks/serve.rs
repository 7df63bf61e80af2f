//! The way of a call: arrival, gateway, planned fault, request id, effect, answer.
//!
//! Effects happen under the world's lock and never wait; everything that waits stands between them.
//! A call runs in a task of its own, so a client that gives up does not undo what it asked for.

use std::sync::Arc;

use serde_json::Value;

use super::batch;
use super::call::Ask;
use super::carry::carry;
use super::clock::envelope_time;
use super::cut::Cut;
use super::fault::{Fault, catalogue};
use super::gateway;
use super::oauth::token::{self, TokenRequest};
use super::operation::Operation;
use super::perform::perform;
use super::plan::PlannedFault;
use super::record::{CallRecord, Violation};
use super::reply::Reply;
use super::request_id::{BATCH_REQUEST_ID_MAX, Claim, REQUEST_ID_MAX};
use super::world::{Shared, World};

/// A request to a company.
#[derive(Clone, Debug)]
pub(crate) struct CompanyCall {
    pub(crate) method: String,
    pub(crate) realm_id: String,
    pub(crate) ask: Ask,
    pub(crate) request_id: Option<String>,
    pub(crate) bearer: Option<String>,
    pub(crate) fingerprint: u64,
}

/// What goes back: nothing when the connection was cut.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) tid: String,
    pub(crate) reply: Option<Reply>,
}

/// What is known of a call when it arrives.
#[derive(Clone, Debug)]
struct Arrival {
    method: String,
    operation: Operation,
    realm_id: Option<String>,
    request_id: Option<String>,
    doc_number: Option<String>,
    items: Option<usize>,
}

/// Where a call is written down.
struct Entered {
    sequence: u64,
    tid: String,
}

/// Serves a request to a company.
pub(crate) async fn company_call(shared: Arc<Shared>, call: CompanyCall, cut: Cut) -> Answered {
    let arrival = Arrival {
        method: call.method.clone(),
        operation: call.ask.operation(),
        realm_id: Some(call.realm_id.clone()),
        request_id: call.request_id.clone(),
        doc_number: call.ask.doc_number(),
        items: call.ask.items(),
    };
    let (entered, app, planned) = {
        let mut world = shared.lock();
        let entered = arrive(&mut world, &arrival);
        let batch = arrival.operation == Operation::Batch;
        match gateway::enter(&mut world, &call.realm_id, call.bearer.as_deref(), batch) {
            Ok(app) => {
                let planned = take_plan(&mut world, &entered, &arrival);
                (entered, app, planned)
            }
            Err(fault) => {
                let reply = Reply::of_gateway(fault, world.clock.now(), &world.switches);
                return leave(&mut world, entered, Some(reply));
            }
        }
    };
    // A call that will take no effect leaves its request id alone.
    let takes_effect = planned
        .as_ref()
        .is_none_or(|planned| planned.plan.commits());
    let claim = if takes_effect {
        claim(&shared, &call).await
    } else {
        None
    };
    let sequence = entered.sequence;
    let reply = carry(&shared, planned, &cut, |world| {
        effect(world, &call, claim, sequence)
    })
    .await;
    let mut world = shared.lock();
    if let Some(company) = world.companies.get_mut(&call.realm_id) {
        company.throttle.leave(&app);
    }
    let answered = leave(&mut world, entered, reply);
    drop(world);
    end(answered, &cut)
}

/// Serves a request to the authorization server; `realm_id` where the request implies a company.
pub(crate) async fn oauth_call(
    shared: Arc<Shared>,
    operation: Operation,
    realm_id: Option<String>,
    cut: Cut,
    effect: impl FnOnce(&mut World) -> Reply,
) -> Answered {
    let method = match operation {
        Operation::Discovery | Operation::Authorize => "GET",
        _ => "POST",
    };
    let method = method.to_owned();
    let arrival = Arrival {
        method,
        operation,
        realm_id,
        request_id: None,
        doc_number: None,
        items: None,
    };
    let (entered, planned) = {
        let mut world = shared.lock();
        let entered = arrive(&mut world, &arrival);
        let planned = take_plan(&mut world, &entered, &arrival);
        (entered, planned)
    };
    let reply = carry(&shared, planned, &cut, effect).await;
    let answered = leave(&mut shared.lock(), entered, reply);
    end(answered, &cut)
}

// Recorded first, closed then: whoever sees the connection end finds it told in the record.
fn end(answered: Answered, cut: &Cut) -> Answered {
    if answered.reply.is_none() {
        cut.close();
    }
    answered
}

/// Serves the token endpoint, watching for two refreshes of one grant at once.
pub(crate) async fn token_call(shared: Arc<Shared>, request: TokenRequest, cut: Cut) -> Answered {
    let issue = |world: &mut World| token::issue(world, &request);
    if !request.refreshes() {
        return oauth_call(shared, Operation::ExchangeCode, None, cut, issue).await;
    }
    let (grant, realm_id) = {
        let mut world = shared.lock();
        let grant = request.grant(&world.oauth);
        (
            grant,
            grant.map(|grant| token::refresh_begins(&mut world, grant)),
        )
    };
    let answered = oauth_call(
        Arc::clone(&shared),
        Operation::Refresh,
        realm_id,
        cut,
        issue,
    )
    .await;
    if let Some(grant) = grant {
        token::refresh_ends(&mut shared.lock(), grant);
    }
    answered
}

fn arrive(world: &mut World, arrival: &Arrival) -> Entered {
    let at = world.clock.now();
    let tid = world.dice.tid(at);
    let sequence = world.record.arrive(CallRecord {
        sequence: 0,
        at,
        method: arrival.method.clone(),
        operation: arrival.operation,
        realm_id: arrival.realm_id.clone(),
        request_id: arrival.request_id.clone(),
        doc_number: arrival.doc_number.clone(),
        items: arrival.items,
        status: None,
        fault_code: None,
        tid: tid.clone(),
        planned_fault: None,
        replayed: false,
        cut: false,
    });
    Entered { sequence, tid }
}

fn take_plan(world: &mut World, entered: &Entered, arrival: &Arrival) -> Option<PlannedFault> {
    let (realm_id, doc_number) = (arrival.realm_id.as_deref(), arrival.doc_number.as_deref());
    let mut planned = world
        .plans
        .take(arrival.operation, realm_id, doc_number, &mut world.dice)?;
    planned.plan = planned.plan.under(&world.switches);
    if let Some(record) = world.record.call(entered.sequence) {
        record.planned_fault = Some(planned.id);
    }
    Some(planned)
}

fn leave(world: &mut World, entered: Entered, reply: Option<Reply>) -> Answered {
    if let Some(record) = world.record.call(entered.sequence) {
        record.cut = reply.is_none();
        record.status = reply.as_ref().map(|reply| reply.status);
        record.fault_code = reply
            .as_ref()
            .and_then(Reply::fault_code)
            .map(str::to_owned);
    }
    Answered {
        tid: entered.tid,
        reply,
    }
}

/// Claims the call's request id, waiting for a running twin; nothing when it has none that counts.
async fn claim(shared: &Shared, call: &CompanyCall) -> Option<Claim> {
    let id = call
        .request_id
        .as_deref()
        .filter(|id| id.len() <= REQUEST_ID_MAX)?;
    if !call.ask.operation().writes() {
        return None;
    }
    loop {
        let running = {
            let mut world = shared.lock();
            let now = world.clock.now();
            let World {
                companies,
                switches,
                record,
                ..
            } = &mut *world;
            let claim = companies.get_mut(&call.realm_id)?.request_ids.claim(
                id,
                call.fingerprint,
                now,
                switches.repeated_request_id,
                switches,
            );
            if claim.is_changed() {
                let (realm_id, request_id) = (call.realm_id.clone(), id.to_owned());
                record
                    .violations
                    .push(Violation::RequestIdReusedWithAnotherBody {
                        realm_id,
                        request_id,
                    });
            }
            match claim {
                Claim::Wait(running) => running,
                other => return Some(other),
            }
        };
        // Answered or given up, the id is claimed again.
        let _ = running.await;
    }
}

/// The call's effect on its company and the answer to it.
fn effect(world: &mut World, call: &CompanyCall, claim: Option<Claim>, sequence: u64) -> Reply {
    let now = world.clock.now();
    let fault = |fault: Fault| Reply::fault(fault, now);
    let id_max = if matches!(call.ask, Ask::Batch(_)) {
        BATCH_REQUEST_ID_MAX
    } else {
        REQUEST_ID_MAX
    };
    if let Some(id) = call.request_id.as_deref().filter(|id| id.len() > id_max) {
        return fault(catalogue::request_id_format(id).into());
    }
    let claimed = match claim {
        None => None,
        Some(Claim::First) => call.request_id.as_deref(),
        Some(Claim::Repeat { reply, .. }) => {
            if let Some(record) = world.record.call(sequence) {
                record.replayed = true;
            }
            return reply;
        }
        Some(Claim::Duplicate { .. }) => return fault(catalogue::duplicate_request_id().into()),
        Some(Claim::Unwell { .. } | Claim::Busy | Claim::Wait(_)) => {
            return fault(catalogue::wait_a_few_minutes().into());
        }
    };
    if let Ask::Batch(items) = &call.ask {
        return batch::answer(world, &call.realm_id, items, call.request_id.as_deref());
    }
    let World {
        companies,
        switches,
        record,
        ..
    } = world;
    let Some(company) = companies.get_mut(&call.realm_id) else {
        return fault(catalogue::company_not_granted());
    };
    let done = perform(company, &call.ask, switches, now);
    let keep = done.is_ok() || switches.store_faults;
    if done.is_ok() {
        record.counters.count(call.ask.operation());
    }
    let reply = match done {
        Ok((name, value)) => {
            let mut body = serde_json::Map::from_iter([(name.to_owned(), value)]);
            body.insert("time".to_owned(), Value::String(envelope_time(now)));
            Reply::json(&Value::Object(body))
        }
        Err(refused) => fault(refused),
    };
    if let Some(id) = claimed {
        company.request_ids.settle(id, keep.then(|| reply.clone()));
    }
    reply
}
