//! Every cause has a story: caused for real, a hundred times, seen once, cured, seen closed, and told to the outside both times.

use super::*;
use crate::reconciliations::many as books;
use crate::webhooks::many as endpoints;
use service::alert::Cause;
use std::collections::BTreeSet;

/// The story of a cause, by its name; a cause without one does not compile.
macro_rules! stories {
    ($($cause:ident => $story:path;)+) => {
        fn story_of(cause: Cause) -> (&'static str, fn()) {
            match cause {$(Cause::$cause => (stringify!($story), $story)),+}
        }
    };
}

stories! {
    AuthenticationLost => a_lost_grant_is_one_alert_until_somebody_connects_again;
    SubscriptionLapsed => a_lapsed_subscription_is_one_alert_until_it_is_renewed;
    CompanyRefuses => a_company_that_refuses_us_is_one_alert_until_it_takes_entries_again;
    PlanLacksFeature => a_plan_that_lacks_a_feature_is_one_alert_until_it_has_it;
    QuickbooksUnreachable => quickbooks_away_for_long_is_one_alert_until_it_answers;
    SyncStalled => a_sync_that_posts_nothing_for_an_hour_although_events_wait_is_one_alert_until_it_posts;
    MissingMapping => an_unmapped_key_is_one_alert_from_the_moment_it_is_seen_until_it_is_mapped;
    BrokenMapping => events_that_fail_for_a_broken_mapping_are_its_one_alert_until_another_account_is_mapped;
    ClosedPeriod => events_in_a_closed_period_are_one_alert_until_it_is_reopened;
    NumberTaken => taken_numbers_are_one_alert_until_they_are_free;
    UnbalancedEvents => unbalanced_events_are_one_alert_until_they_are_sent_corrected;
    EventsFailed => any_other_failure_is_an_alert_of_its_problem;
    EntriesMissing => books::a_hundred_missing_entries_are_one_alert_until_they_are_entered_again;
    EntriesDeleted => books::a_hundred_deleted_entries_are_one_alert_until_they_are_entered_again;
    EntriesDuplicated => books::a_hundred_copies_are_one_alert_until_they_are_deleted;
    EntriesEdited => books::a_hundred_edited_entries_are_one_alert_until_they_are_put_back;
    EntriesForeign => books::a_hundred_strangers_are_one_alert_until_they_are_gone;
    WebhookDisabled => endpoints::an_endpoint_that_says_gone_is_one_alert_until_it_is_enabled;
    WebhookFailing => endpoints::an_endpoint_that_fails_a_hundred_times_is_one_alert_until_it_takes_messages;
    GrantEnding => a_grant_about_to_end_is_one_alert_until_somebody_connects_again;
}

#[test]
fn each_cause_has_a_story_of_its_own() {
    let names: BTreeSet<_> = Cause::ALL.map(|cause| story_of(cause).0).into();
    assert_eq!(names.len(), Cause::ALL.len());
}
