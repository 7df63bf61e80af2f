//! What alerts are about: one row a cause, the most important first.

use crate::problem::Code;
use serde::Serialize;
use utoipa::ToSchema;

/// What an alert is about, in the order of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertCode)]
pub enum Cause {
    /// QuickBooks no longer accepts the grant.
    AuthenticationLost,
    /// The company's QuickBooks subscription does not allow posting.
    SubscriptionLapsed,
    /// The company refuses us for another reason a person must look at.
    CompanyRefuses,
    /// The company's plan, or the role of whoever connected, lacks what entries need.
    PlanLacksFeature,
    /// QuickBooks has not answered well for long.
    QuickbooksUnreachable,
    /// Nothing was posted for long although events wait.
    SyncStalled,
    /// Events carry something that no account is mapped for.
    MissingMapping,
    /// A mapping names something that is no longer usable in QuickBooks.
    BrokenMapping,
    /// Events are dated in a period whose books are closed.
    ClosedPeriod,
    /// Numbers of events belong to other entries in QuickBooks.
    NumberTaken,
    /// Payments and lines of events do not agree.
    UnbalancedEvents,
    /// Events failed for another reason; which, the alert's problem code says.
    EventsFailed,
    /// Entries that were posted are not in QuickBooks any more.
    EntriesMissing,
    /// Entries that were posted were deleted in QuickBooks.
    EntriesDeleted,
    /// Events are in QuickBooks twice.
    EntriesDuplicated,
    /// Entries were changed in QuickBooks after they were posted.
    EntriesEdited,
    /// Entries in QuickBooks pass for posted ones and are not.
    EntriesForeign,
    /// No message has reached a webhook endpoint for days, and it was disabled.
    WebhookDisabled,
    /// No message has reached a webhook endpoint for a day or more.
    WebhookFailing,
    /// The grant ends soon unless somebody connects again.
    GrantEnding,
}

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertSeverity)]
pub enum Severity {
    /// Nothing is posted until somebody acts.
    Critical,
    /// Some events are not in the books, or not as they should be, until somebody acts.
    Error,
    /// Nothing is wrong yet; it will be unless somebody acts.
    Warning,
}

/// What is fixed about a cause.
struct Row {
    cause: Cause,
    code: &'static str,
    severity: Severity,
    /// Below the tenant's resources, where it is looked at and mended.
    link: &'static str,
    steps: &'static [&'static str],
}

const fn row(
    cause: Cause,
    code: &'static str,
    severity: Severity,
    link: &'static str,
    steps: &'static [&'static str],
) -> Row {
    Row {
        cause,
        code,
        severity,
        link,
        steps,
    }
}

/// One row a cause, in the order of the enum.
const TABLE: [Row; 20] = {
    use Cause::{
        AuthenticationLost, BrokenMapping, ClosedPeriod, CompanyRefuses, EntriesDeleted,
        EntriesDuplicated, EntriesEdited, EntriesForeign, EntriesMissing, EventsFailed,
        GrantEnding, MissingMapping, NumberTaken, PlanLacksFeature, QuickbooksUnreachable,
        SubscriptionLapsed, SyncStalled, UnbalancedEvents, WebhookDisabled, WebhookFailing,
    };
    use Severity::{Critical, Error, Warning};
    [
        row(
            AuthenticationLost,
            "authentication_lost",
            Critical,
            "/connection",
            &[
                "Connect QuickBooks again: create an authorization request and open its link in a browser.",
                "Nothing was lost: waiting events are posted as soon as the connection is back.",
            ],
        ),
        row(
            SubscriptionLapsed,
            "subscription_lapsed",
            Critical,
            "/connection",
            &[
                "Renew the QuickBooks Online subscription of the company.",
                "QuickBooks is asked again by itself, after minutes at first and hours later, and waiting events are posted. Start the sync to have it asked at once.",
            ],
        ),
        row(
            CompanyRefuses,
            "company_refuses",
            Critical,
            "/connection",
            &[
                "Look at the company in QuickBooks: it is locked, or the connecting user lost rights.",
                "Connect again with another user, where it is the user's rights.",
                "QuickBooks is asked again by itself, after minutes at first and hours later, and waiting events are posted. Start the sync to have it asked at once.",
            ],
        ),
        row(
            PlanLacksFeature,
            "plan_lacks_feature",
            Error,
            "/events?problem=plan_lacks_feature",
            &[
                "Change the QuickBooks plan, or the role of the user who connected, so that it is allowed; or do without it here.",
                "Then retry the failed events: QuickBooks is asked again at once.",
            ],
        ),
        row(
            QuickbooksUnreachable,
            "quickbooks_unreachable",
            Error,
            "/sync",
            &[
                "There is nothing to do here: events wait and are posted as soon as QuickBooks answers.",
                "See Intuit's status page; if it says that all is well, tell us.",
            ],
        ),
        row(
            SyncStalled,
            "sync_stalled",
            Error,
            "/sync",
            &[
                "Look at the sync: it says why events wait.",
                "If it says nothing, the operator of this service must look: workers may be missing.",
            ],
        ),
        row(
            MissingMapping,
            "missing_mapping",
            Error,
            "/readiness",
            &[
                "Map an account for each that is named; the suggestions may know it.",
                "Then retry the events that failed for it.",
            ],
        ),
        row(
            BrokenMapping,
            "broken_mapping",
            Error,
            "/readiness",
            &[
                "Make what is named active again in QuickBooks and import it, or map another.",
                "An account that was only deleted here comes back when the chart is imported.",
                "Then retry the events that failed for it.",
            ],
        ),
        row(
            ClosedPeriod,
            "closed_period",
            Error,
            "/events?problem=closed_period",
            &[
                "Reopen the period in QuickBooks, or let such events be dated the first open day.",
                "Then retry the failed events.",
            ],
        ),
        row(
            NumberTaken,
            "number_taken",
            Error,
            "/events?problem=number_taken",
            &[
                "Look at the entry that holds the number in QuickBooks: renumber it there if it is not this event's.",
                "Then retry the failed events.",
            ],
        ),
        row(
            UnbalancedEvents,
            "unbalanced_events",
            Error,
            "/events?problem=unbalanced_event",
            &[
                "Compare payments and lines at the till.",
                "Send the events again, corrected, with the same type and external_id.",
            ],
        ),
        row(
            EventsFailed,
            "events_failed",
            Error,
            "/events?status=failed",
            &["Look at the failed events: each says what is wrong and how to mend it."],
        ),
        row(
            EntriesMissing,
            "entries_missing",
            Error,
            "/findings?kind=missing&state=open",
            &[
                "Look for the entry in QuickBooks, and in its audit log: who took it away, and why.",
                "If it belongs in the books, enter it again: the finding names its number, date, lines, and the mark for the end of its note.",
                "If it does not, accept the finding. Tillpost puts nothing back by itself.",
            ],
        ),
        row(
            EntriesDeleted,
            "entries_deleted",
            Error,
            "/findings?kind=deleted&state=open",
            &[
                "Ask whoever deleted the entry: QuickBooks' audit log says who and when.",
                "If it belongs in the books, enter it again: the finding names its number, date, lines, and the mark for the end of its note.",
                "If it does not, accept the finding. Tillpost puts nothing back by itself.",
            ],
        ),
        row(
            EntriesDuplicated,
            "entries_duplicated",
            Error,
            "/findings?kind=duplicated&state=open",
            &[
                "Compare both entries in QuickBooks: the finding names them.",
                "Delete the copy there, or take Tillpost's mark out of its note if it means something else.",
                "If both belong in the books as they are, accept the finding.",
            ],
        ),
        row(
            EntriesEdited,
            "entries_edited",
            Error,
            "/findings?kind=edited&state=open",
            &[
                "Look at the finding: it names what the entry said and what it says now.",
                "If the change was a mistake, put the entry back as it was in QuickBooks.",
                "If it was meant, as by an accountant, accept the finding.",
            ],
        ),
        row(
            EntriesForeign,
            "entries_foreign",
            Warning,
            "/findings?kind=foreign&state=open",
            &[
                "Look at the entry in QuickBooks: somebody else's entry carries Tillpost's mark, or the number of one of its entries.",
                "Delete it, take the mark out of its note, or give it another number.",
                "If it belongs in the books as it is, accept the finding.",
            ],
        ),
        row(
            WebhookDisabled,
            "webhook_disabled",
            Warning,
            "/webhook-endpoints",
            &[
                "Mend the receiver, or give the endpoint its new address, and enable it: what waits goes out then.",
                "Replay what came while it was disabled, since the time at which it was. Delete an endpoint that nobody needs.",
            ],
        ),
        row(
            WebhookFailing,
            "webhook_failing",
            Warning,
            "/webhook-endpoints",
            &[
                "Look at the endpoint's deliveries: each attempt says what went wrong.",
                "Then replay a message; nothing waits longer than it takes the receiver to answer.",
            ],
        ),
        row(
            GrantEnding,
            "grant_ending",
            Warning,
            "/connection",
            &[
                "Connect QuickBooks again before that day: create an authorization request and open its link in a browser.",
            ],
        ),
    ]
};

impl Cause {
    /// Every cause, the most important first.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::AuthenticationLost; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            // Rows are found by the cause's number, so the table must be in the enum's order.
            assert!(TABLE[i].cause as usize == i);
            all[i] = TABLE[i].cause;
            i += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Stable, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// How much it matters while it keeps events from the books, or none: what the mapping lacks, or what of it broke, is a
    /// warning until an event waits or has failed for it.
    #[must_use]
    pub fn severity_of(self, keeps_events: bool) -> Severity {
        match self {
            Self::MissingMapping | Self::BrokenMapping if !keeps_events => Severity::Warning,
            _ => self.severity(),
        }
    }

    /// Whether nothing that is queued is posted while it stands.
    #[must_use]
    pub fn keeps_the_queue(self) -> bool {
        self.severity() == Severity::Critical
            || matches!(self, Self::QuickbooksUnreachable | Self::SyncStalled)
    }

    /// Whether it goes on by itself until it is mended, so that each look at it that finds it is a sight of it.
    #[must_use]
    pub fn goes_on(self) -> bool {
        self.keeps_the_queue() || self == Self::GrantEnding
    }

    /// What cures it, step by step.
    #[must_use]
    pub fn steps(self) -> &'static [&'static str] {
        self.row().steps
    }

    /// Where it is looked at and mended, below the tenant's resources.
    #[must_use]
    pub fn link(self) -> &'static str {
        self.row().link
    }

    /// The cause of this code.
    #[must_use]
    pub fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// The causes that stop all posting, as a connection remembers them.
    #[must_use]
    pub fn of_connection(code: &str) -> Option<Self> {
        Self::read(code).filter(|cause| cause.severity() == Severity::Critical)
    }

    /// What events that failed with this problem are an alert of.
    #[must_use]
    pub fn of_problem(problem: Code) -> Self {
        match problem {
            Code::MissingMappings => Self::MissingMapping,
            Code::ClosedPeriod => Self::ClosedPeriod,
            Code::NumberTaken => Self::NumberTaken,
            Code::UnbalancedEvent => Self::UnbalancedEvents,
            Code::PlanLacksFeature => Self::PlanLacksFeature,
            Code::AccountInactive | Code::ReferenceMissing | Code::NameRequired => {
                Self::BrokenMapping
            }
            Code::ForeignCurrency
            | Code::TooManyDecimals
            | Code::AmountTooLarge
            | Code::AccountTypeRefused
            | Code::CurrencyNotEnabled
            | Code::InvalidEntry
            | Code::EventAlreadyPosted
            | Code::UnreadableEvent
            | Code::Rejected
            | Code::NothingToPost
            | Code::NetsToZero => Self::EventsFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_and_is_what_json_says() {
        for cause in Cause::ALL {
            assert_eq!(Cause::read(cause.code()), Some(cause));
            assert_eq!(serde_json::json!(cause), cause.code());
            assert!(!cause.steps().is_empty() && cause.link().starts_with('/'));
        }
    }

    #[test]
    fn what_stops_all_posting_is_critical_and_nothing_else_is() {
        for cause in Cause::ALL {
            assert_eq!(
                Cause::of_connection(cause.code()).is_some(),
                cause.severity() == Severity::Critical
            );
        }
    }
}
