//! What Intuit's documents leave open, on one page: each question, both of its answers, and the answer each suite is told
//! under `SIMULATOR_SWITCHES`.
//!
//! Not simulated, since no answer changes what a client here does: which calls are metered as CorePlus, how many lines an
//! entry may have, what the disconnect page is called with, whether a code challenge is looked at (we send none).

use serde::{Deserialize, Serialize};

/// Both answers to each question that the service's documents leave open. The default is the
/// documented reading, or the safer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// How long a superseded refresh token still works: 0 (the help article) or 24 (the older guide).
    pub refresh_grace_hours: u32,
    /// Whether the use of a superseded refresh token ends the whole grant.
    pub second_use_revokes_family: bool,
    /// How long an authorization code lives.
    pub authorization_code_seconds: u32,
    /// Whether a `requestid` has any effect at all; `false` makes the service forget every one at once.
    pub honour_request_ids: bool,
    /// How long an answer is kept for its `requestid`; for ever when absent.
    pub request_id_retention_seconds: Option<u32>,
    /// Whether a fault is kept and replayed like a success.
    pub store_faults: bool,
    /// What a second request gets while the first of its `requestid` still runs.
    pub concurrent_request_id: ConcurrentRequestId,
    /// What a repeated request gets.
    pub repeated_request_id: RepeatedRequestId,
    /// What a repeated item of a batch gets, known by the batch's `requestid` and its own `bId`.
    pub repeated_batch_item: RepeatedRequestId,
    /// What a repeated `requestid` with another body gets. Recorded as a violation in any case.
    pub changed_body: RepeatedRequestId,
    /// Whether a journal entry's number may be one that another has.
    pub duplicate_numbers: DuplicateNumbers,
    /// How long a new journal entry stays invisible to queries.
    pub query_lag_seconds: u32,
    /// Whether change data capture tells of journal entries that were deleted.
    pub changes_tell_deleted: bool,
    /// Whether the work of a request that was cut for its 120 s goes on and takes effect: [`super::Outcome::Cut`].
    pub work_goes_on_after_the_cut: bool,
    /// Whether a 429 carries fault 3001 as JSON, or only the load balancer's page.
    pub throttled_as_json: bool,
    /// Whether the faults whose details nobody has recorded have any.
    pub unrecorded_details: bool,
    /// Whether journal entries carry `TotalAmt: 0`, as the reference says and no recording shows.
    pub total_amount: bool,
    /// Whether `STARTPOSITION 0` is taken for 1 rather than refused.
    pub start_position_zero: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            refresh_grace_hours: 0,
            second_use_revokes_family: false,
            authorization_code_seconds: 300,
            honour_request_ids: true,
            request_id_retention_seconds: None,
            store_faults: false,
            concurrent_request_id: ConcurrentRequestId::Wait,
            repeated_request_id: RepeatedRequestId::FirstAnswer,
            repeated_batch_item: RepeatedRequestId::FirstAnswer,
            changed_body: RepeatedRequestId::FirstAnswer,
            duplicate_numbers: DuplicateNumbers::AsPreferred,
            query_lag_seconds: 0,
            changes_tell_deleted: true,
            work_goes_on_after_the_cut: true,
            throttled_as_json: true,
            unrecorded_details: true,
            total_amount: false,
            start_position_zero: false,
        }
    }
}

/// What a request gets whose `requestid` is still being processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcurrentRequestId {
    /// It waits and gets the first one's answer.
    Wait,
    /// Fault 6000, "Please wait a few minutes".
    Refuse,
}

/// What a repeated `requestid` gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedRequestId {
    /// The first request's answer, nothing done again.
    FirstAnswer,
    /// Fault 600, Duplicate Request ID.
    DuplicateFault,
    /// Fault 6000, "Please wait a few minutes": reported of batches that were sent again.
    WaitAFewMinutes,
}

/// Whether a journal entry's number may be one that another has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateNumbers {
    /// Refused with 6140 where the company's preference says so.
    AsPreferred,
    /// Never refused, whatever the preference says.
    Taken,
    /// Always refused, whatever the preference says.
    Refused,
}

/// Another answer than the default one to one of the questions.
#[derive(Clone, Copy, Debug)]
pub struct Alternative {
    /// The answer, as suites are told it.
    pub name: &'static str,
    /// The question.
    pub question: &'static str,
    give: fn(&mut Switches),
}

macro_rules! alternatives {
    ($($question:literal => $name:literal: |$switches:ident| $give:expr;)+) => {
        /// Every other answer, by its question.
        pub const ALTERNATIVES: &[Alternative] =
            &[$(Alternative { name: $name, question: $question, give: |$switches| $give },)+];
    };
}

alternatives! {
    "how long is an answer kept for its requestid?" =>
        "request_ids_are_forgotten": |switches| switches.honour_request_ids = false;
    "how long is an answer kept for its requestid?" =>
        "request_ids_last_a_minute": |switches| switches.request_id_retention_seconds = Some(60);
    "what does a repeated requestid get?" =>
        "a_repeat_is_a_fault": |switches| switches.repeated_request_id = RepeatedRequestId::DuplicateFault;
    "what does a repeated item of a batch get?" =>
        "a_repeated_item_is_a_fault": |switches| switches.repeated_batch_item = RepeatedRequestId::WaitAFewMinutes;
    "what does a changed body of the same requestid get?" =>
        "a_changed_body_is_a_fault": |switches| switches.changed_body = RepeatedRequestId::DuplicateFault;
    "what does a requestid get whose first request still runs?" =>
        "a_twin_is_refused": |switches| switches.concurrent_request_id = ConcurrentRequestId::Refuse;
    "is a fault replayed to its requestid?" =>
        "faults_are_replayed": |switches| switches.store_faults = true;
    "is a journal entry's number refused when another has it?" =>
        "duplicate_numbers_are_taken": |switches| switches.duplicate_numbers = DuplicateNumbers::Taken;
    "is a journal entry's number refused when another has it?" =>
        "duplicate_numbers_are_refused": |switches| switches.duplicate_numbers = DuplicateNumbers::Refused;
    "when does a query see a new entry?" =>
        "queries_lag": |switches| switches.query_lag_seconds = 90;
    "does a superseded refresh token still work?" =>
        "an_old_refresh_token_works_a_day": |switches| switches.refresh_grace_hours = 24;
    "what does the use of a superseded refresh token do?" =>
        "an_old_refresh_token_ends_the_grant": |switches| switches.second_use_revokes_family = true;
    "how long does an authorization code live?" =>
        "an_authorization_code_lives_a_minute": |switches| switches.authorization_code_seconds = 60;
    "does change data capture tell of deleted entries?" =>
        "changes_leave_out_deleted": |switches| switches.changes_tell_deleted = false;
    "does the work of a request go on after it was cut?" =>
        "work_ends_at_the_cut": |switches| switches.work_goes_on_after_the_cut = false;
    "what is the body of a 429?" =>
        "a_429_is_a_page": |switches| switches.throttled_as_json = false;
    "what are the details of the faults that nobody has recorded?" =>
        "unrecorded_details_are_missing": |switches| switches.unrecorded_details = false;
    "do entries carry TotalAmt?" =>
        "total_amounts_are_shown": |switches| switches.total_amount = true;
    "is STARTPOSITION 0 refused?" =>
        "start_position_zero_is_one": |switches| switches.start_position_zero = true;
}

/// What a suite was told is the name of no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of the answers of `sandbox::quickbooks::ALTERNATIVES`")]
pub struct NoSuchAnswer(String);

impl std::str::FromStr for Switches {
    type Err = NoSuchAnswer;

    /// The default answers but for those that are named, with commas between.
    fn from_str(names: &str) -> Result<Self, NoSuchAnswer> {
        let mut switches = Self::default();
        for name in names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let named = ALTERNATIVES.iter().find(|other| other.name == name);
            (named.ok_or_else(|| NoSuchAnswer(name.to_owned()))?.give)(&mut switches);
        }
        Ok(switches)
    }
}

impl Switches {
    /// The answers that `SIMULATOR_SWITCHES` names, for suites that hold whatever the answers are.
    ///
    /// # Errors
    /// [`NoSuchAnswer`] says what the variable names that is none.
    pub fn of_environment() -> Result<Self, NoSuchAnswer> {
        std::env::var("SIMULATOR_SWITCHES")
            .unwrap_or_default()
            .parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alternative_is_another_answer_and_has_its_own_name() {
        let mut seen = vec![Switches::default()];
        for other in ALTERNATIVES {
            let switches: Switches = other.name.parse().unwrap();
            assert!(!seen.contains(&switches), "{}", other.name);
            seen.push(switches);
        }
        let both: Switches = "queries_lag, faults_are_replayed".parse().unwrap();
        assert!(both.query_lag_seconds > 0 && both.store_faults);
        assert!("queries_hurry".parse::<Switches>().is_err());
    }
}
