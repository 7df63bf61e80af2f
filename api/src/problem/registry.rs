//! Every code that a problem can have, one row each: what happened, what to do, who can, and whether sending the same again
//! helps. The page of problems, the OpenAPI document and the tests read this table.

use serde::Serialize;
use utoipa::ToSchema;

/// Who can mend a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProblemParty)]
pub(crate) enum Who {
    /// Whoever writes the program that calls.
    Developer,
    /// Whoever keeps the tenant's mapping, keys and connection.
    Tenant,
    /// The operator of this service.
    Operator,
    /// Nobody needs to: it passes by itself.
    Nobody,
}

impl Who {
    /// In words.
    pub(crate) fn as_words(self) -> &'static str {
        match self {
            Self::Developer => "whoever writes the program that calls",
            Self::Tenant => "whoever keeps the tenant's mapping, keys and connection",
            Self::Operator => "the operator of this service",
            Self::Nobody => "nobody needs to: it passes by itself",
        }
    }
}

/// What is fixed about a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) code: &'static str,
    /// The statuses it is answered with.
    pub(crate) statuses: &'static [u16],
    pub(crate) happened: &'static str,
    pub(crate) mend: &'static str,
    pub(crate) who: Who,
    /// Whether the same request, sent again later, may be met.
    pub(crate) again_helps: bool,
}

impl Row {
    /// In a few words.
    pub(crate) fn title(&self) -> String {
        super::title(self.code)
    }
}

/// What is known of a code.
pub(crate) fn row(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.code == code)
}

const fn of(
    code: &'static str,
    statuses: &'static [u16],
    who: Who,
    again_helps: bool,
    happened: &'static str,
    mend: &'static str,
) -> Row {
    Row {
        code,
        statuses,
        happened,
        mend,
        who,
        again_helps,
    }
}

/// One row a code, in the order of statuses and then of the alphabet.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = {
    use Who::{Developer, Nobody, Operator, Tenant};
    &[
        of("body_broken_off", &[400], Developer, true,
           "The body did not arrive whole, or what was compressed cannot be read.",
           "Send it again, whole; a body with `Content-Encoding: gzip` must be one gzip file."),
        of("invalid_header", &[400], Developer, false,
           "A header of the request is not of the form it must have.",
           "Write it as the detail says; an ETag stands in quotation marks, as it was answered."),
        of("invalid_idempotency_key", &[400], Developer, false,
           "The header Idempotency-Key is empty, too long, given twice, or holds characters that it may not.",
           "Send 1 to 255 visible ASCII characters, the same ones with every attempt of one request; a random UUID is best."),
        of("invalid_parameter", &[400], Developer, false,
           "A parameter of the query is unknown, given twice, or not of the form it must have.",
           "Write it as the detail says; every operation's parameters are in /openapi.json."),
        of("malformed_json", &[400], Developer, false,
           "The body is not JSON.",
           "Mend it at the line and column that the detail names."),
        of("unreadable_notification", &[400], Developer, false,
           "The body is none of the forms in which Intuit sends notifications.",
           "Only Intuit calls this address; a body is a list of CloudEvents, or an object with `eventNotifications`."),
        of("invalid_signature", &[401], Operator, false,
           "A notification is not signed with the verifier token that this service was given.",
           "Give the service the verifier token of the app at Intuit (`QUICKBOOKS_WEBHOOK_VERIFIER`)."),
        of("unauthenticated", &[401], Tenant, false,
           "There is no credential in the request, or the one that is there does not hold.",
           "Send `Authorization: Bearer …` with a key that is not revoked, has not expired, and whose tenant is not suspended."),
        of("insufficient_scope", &[403], Tenant, false,
           "The credential holds, and may not do this.",
           "Use a key that has the scope that the detail names, or have one created."),
        of("not_found", &[404], Developer, false,
           "What was named is not there, or is another tenant's: the two cannot be told apart.",
           "Check the ids in the path, and whose key is sent."),
        of("unknown_route", &[404], Developer, false,
           "There is nothing at this path.",
           "/openapi.json lists every operation."),
        of("method_not_allowed", &[405], Developer, false,
           "The path is there, and does not take this method.",
           "Use one of the methods that the header Allow names."),
        of("not_acceptable", &[406], Developer, false,
           "The request accepts no kind of body, or no coding, that the answer could have.",
           "Accept one that the detail names, or leave Accept and Accept-Encoding out."),
        of("body_too_slow", &[408], Developer, true,
           "The body did not arrive in time.",
           "Send it again, over a connection that carries it faster, or send less at once."),
        of("account_exists", &[409], Tenant, false,
           "An account of this name is in the chart, or is being created.",
           "Map that account, or choose another name."),
        of("already_member", &[409], Tenant, false,
           "That person is a member of the tenant already.",
           "Change their role instead."),
        of("endpoint_disabled", &[409], Tenant, false,
           "The webhook endpoint is disabled, so nothing is sent to it.",
           "Enable it, then ask again."),
        of("event_not_failed", &[409], Developer, false,
           "The event has not failed, so there is nothing to retry.",
           "Read the event; retry it when it has failed."),
        of("idempotency_key_in_use", &[409], Nobody, true,
           "A request with the same Idempotency-Key is being met at this moment.",
           "Send the same request again after Retry-After: it is answered as the first one was."),
        of("idempotency_key_reused", &[409], Developer, false,
           "The Idempotency-Key was used for another request of this operation: another body, path, or caller.",
           "Send a new key with a new request, and the same key only with the same request."),
        of("key_ended", &[409], Tenant, false,
           "The API key was revoked or has expired, so it cannot be rotated.",
           "Make a new key."),
        of("key_in_use", &[409], Tenant, false,
           "Events carry the key, so it stays known.",
           "Map it instead of forgetting it."),
        of("key_rotated", &[409], Tenant, false,
           "Another API key took this one's place already.",
           "Rotate that one, which the detail names."),
        of("last_owner", &[409], Tenant, false,
           "The member is the tenant's only owner.",
           "Make somebody else an owner first."),
        of("no_identity_provider", &[409], Operator, false,
           "The service has no identity provider, so nobody could prove to be that person.",
           "The operator sets one up (TILLPOST_IDP_ISSUER and its like); until then, use API keys."),
        of("not_connected", &[409], Tenant, false,
           "No QuickBooks company is connected.",
           "Create an authorization request and open its link in a browser."),
        of("overlap_running", &[409], Tenant, false,
           "The API key whose place this one took still lives: two at once, and no more.",
           "Revoke the older one, or wait until it has ended."),
        of("sync_stopped", &[409], Tenant, false,
           "The sync is stopped.",
           "Start the sync, then ask again."),
        of("tenant_deleted", &[409], Developer, false,
           "The tenant was deleted: its keys, its connection and its secrets are gone for good.",
           "Make a new tenant."),
        of("too_many_endpoints", &[409], Tenant, false,
           "The tenant has as many webhook endpoints as there may be.",
           "Delete one first."),
        of("changed_meanwhile", &[412], Developer, false,
           "What was to be changed is not any more as it was read: somebody else changed it.",
           "Read it again, and send the change with its new ETag as If-Match."),
        of("mapping_changed", &[412], Developer, false,
           "The mapping was changed since it was read.",
           "Read it again, and send what is wanted with the new If-Match."),
        of("body_too_large", &[413], Developer, false,
           "The body is larger than one may be here, as it was sent or once it was decompressed.",
           "Send less at once; events of any number go as application/x-ndjson."),
        of("unsupported_content_encoding", &[415], Developer, false,
           "The body is compressed in a way that is not spoken here.",
           "Send it as it is, or with gzip."),
        of("unsupported_media_type", &[415], Developer, false,
           "The body is of a kind that is not taken here, or does not say its kind.",
           "Send the Content-Type that the detail names."),
        of("account_type_refused", &[422], Tenant, false,
           "QuickBooks would take no journal entry on an account of this type for this slot.",
           "Choose an account of a type that is usual for the slot."),
        of("all_events_refused", &[422], Developer, false,
           "Each event of the request was refused; `results` says why, one by one.",
           "Mend the events and send them again."),
        of("control_character", &[422], Developer, false,
           "A text holds a control character, such as U+0000 or a line break.",
           "Leave it out of the field that the detail names."),
        of("duplicate_field", &[422], Developer, false,
           "A field of the body is given twice.",
           "Give it once."),
        of("inactive_account", &[422], Tenant, false,
           "The account is inactive in QuickBooks.",
           "Make it active there and import the chart, or choose another."),
        of("invalid_cursor", &[422], Developer, false,
           "The cursor was not given out for this list and tenant, or was altered.",
           "Use `next_cursor` of the page before, as it is; or leave it out and begin at the first page."),
        of("invalid_description", &[422], Developer, false,
           "The description is too long or holds control characters.",
           "Write at most 200 characters."),
        of("invalid_expiry", &[422], Developer, false,
           "The time at which the key is to expire is past, or too far away.",
           "Name a later time, or leave it out."),
        of("invalid_filter", &[422], Developer, false,
           "A filter of the list cannot be meant so.",
           "Write it as the detail says, or leave it out."),
        of("invalid_key", &[422], Developer, false,
           "A key (of a payment type, an item class, …) is empty, too long, or holds characters that keys do not.",
           "Write it as events carry it."),
        of("invalid_kind", &[422], Developer, false,
           "There is no such kind of finding.",
           "Use one that the detail names."),
        of("invalid_limit", &[422], Developer, false,
           "A page cannot have so many rows.",
           "Ask for 1 to 200."),
        of("invalid_name", &[422], Developer, false,
           "The name is empty, too long, or holds characters that it may not.",
           "Write it as the detail says."),
        of("invalid_number", &[422], Developer, false,
           "QuickBooks takes no such account number.",
           "Write it as the detail says, or leave it out."),
        of("invalid_overlap", &[422], Developer, false,
           "The old webhook secret, or the old API key, cannot count for so long.",
           "Say 0 to 168 hours."),
        of("invalid_past_sync_id", &[422], Developer, false,
           "The filter names no past sync.",
           "Use an id from the list of past syncs."),
        of("invalid_range", &[422], Developer, false,
           "The range of messages ends before it begins, or lies where no messages can be.",
           "Write it as the detail says."),
        of("invalid_read_budget", &[422], Developer, false,
           "A reconciliation cannot have such a budget of reads.",
           "Write it as the detail says."),
        of("invalid_return_url", &[422], Operator, false,
           "A browser may not be sent there after connecting.",
           "Use an address below one that the operator allows (TILLPOST_RETURN_URLS), or leave it out."),
        of("invalid_rounding_tolerance", &[422], Developer, false,
           "The tolerance is not a decimal from 0.00 to 1.00.",
           "Write it as a text, as in \"0.05\"."),
        of("invalid_sequence", &[422], Developer, false,
           "There is no such place in the chain of the audit log.",
           "Write a number from 0 up, as records carry it."),
        of("invalid_state", &[422], Developer, false,
           "There is no such state.",
           "Use one that the detail names."),
        of("invalid_status", &[422], Developer, false,
           "There is no such status of an event.",
           "Use some that the detail names, with commas between."),
        of("invalid_sub_type", &[422], Developer, false,
           "The account's type in detail is not one word.",
           "Write it as QuickBooks spells it, or leave it out."),
        of("invalid_subject", &[422], Developer, false,
           "The subject of a member is empty, too long, or holds control characters.",
           "Write it as the identity provider's tokens have it in `sub`."),
        of("invalid_type", &[422], Developer, false,
           "There is no such type of transaction.",
           "Use some that the detail names, with commas between."),
        of("invalid_url", &[422], Tenant, false,
           "Messages may not be sent to this address.",
           "Use an https address of the public internet."),
        of("invalid_value", &[422], Developer, false,
           "A field's value is none that the field can have.",
           "Write it as the detail says; the schemas are in /openapi.json."),
        of("invalid_window", &[422], Developer, false,
           "The window ends before it begins, or its days are no business dates.",
           "Write days from 1990 to 2100, the first one first."),
        of("missing_field", &[422], Developer, false,
           "The body lacks a field.",
           "Add it."),
        of("no_events", &[422], Developer, false,
           "There is no event in the request.",
           "Send at least one."),
        of("no_keys", &[422], Developer, false,
           "The list of keys is empty.",
           "Send 1 to 1,000."),
        of("no_mappings", &[422], Developer, false,
           "The list of mappings is empty.",
           "Send 1 to 1,000."),
        of("nothing_chosen", &[422], Developer, false,
           "The request does not say what it is about.",
           "Choose as the detail says."),
        of("role_and_scopes", &[422], Developer, false,
           "A key's role stands for its scopes, and both are given.",
           "Send either `role` or `scopes`."),
        of("role_beyond_own", &[422], Tenant, false,
           "Nobody gives a role that may do what they may not themselves.",
           "Choose another role, or let somebody do it who may do all that the role may."),
        of("scope_beyond_own", &[409, 422], Tenant, false,
           "Nobody comes to a scope that they do not have by making or rotating a key.",
           "Leave the scope out, or use a credential that has it."),
        of("text_too_short", &[422], Developer, false,
           "So many events begin with the text that it is no search.",
           "Write more of the external_id or the number."),
        of("too_many_events", &[422], Developer, false,
           "A JSON body holds at most 1,000 events.",
           "Send fewer at once, or any number as application/x-ndjson."),
        of("too_many_keys", &[422], Developer, false,
           "At most 1,000 keys are declared at once.",
           "Send fewer at once."),
        of("too_many_mappings", &[422], Developer, false,
           "At most 1,000 rows are set at once.",
           "Send fewer at once."),
        of("two_filters", &[422], Developer, false,
           "Two filters say the same thing in two ways.",
           "Send one of them."),
        of("unexpected_key", &[422], Developer, false,
           "The slot is mapped as a whole and takes no key.",
           "Leave the key out."),
        of("unknown_account", &[422], Tenant, false,
           "The account is not in the imported chart.",
           "List the accounts, or import the chart again."),
        of("unknown_account_type", &[422], Developer, false,
           "There is no such type of account, or no slot could use it.",
           "Use one that the detail names."),
        of("unknown_confidence", &[422], Developer, false,
           "There is no such confidence.",
           "Use `low`, `medium` or `high`."),
        of("unknown_field", &[422], Developer, false,
           "The body has a field that is not known here; nothing is ignored in silence.",
           "Leave it out, or spell it as /openapi.json does."),
        of("unknown_kind", &[422], Developer, false,
           "There is no such kind.",
           "Use one that the detail names."),
        of("unknown_problem_code", &[422], Developer, false,
           "No event can have such a problem.",
           "Use some of /v1/problem-codes."),
        of("unknown_scope", &[422], Developer, false,
           "A tenant's key has no such scope.",
           "Use some that the detail names."),
        of("unknown_slot", &[422], Developer, false,
           "The mapping has no such slot.",
           "Use one that the detail names."),
        of("unknown_type", &[422], Developer, false,
           "There is no such type of message.",
           "Use some that the detail names, or leave them out for every type."),
        of("wrong_type", &[422], Developer, false,
           "A field is of another JSON type than it must be; amounts are texts, never numbers.",
           "Write it as the detail says."),
        of("rate_limited", &[429], Developer, true,
           "The key, or the tenant with all its keys, has made more requests than it may in a while; or, where no credential holds, the address they come from, or the link they open.",
           "Wait for Retry-After, and keep to the header RateLimit; events go by 1,000 in one request, or as application/x-ndjson."),
        of("internal", &[500], Operator, true,
           "A mistake of ours.",
           "Tell the operator the X-Request-Id of the answer, and try again later."),
        of("quickbooks_unreachable", &[502], Nobody, true,
           "Intuit does not answer.",
           "Try again in a moment."),
        of("answer_too_slow", &[503], Nobody, true,
           "The answer took longer than an answer may, and was given up.",
           "Try again after Retry-After, with the same Idempotency-Key; ask for less at once where that can be."),
        of("identity_provider_unreachable", &[503], Nobody, true,
           "The identity provider does not answer, and its keys are not known.",
           "Try again after Retry-After, or use an API key."),
        of("overloaded", &[503], Nobody, true,
           "More requests of this kind are under way than can be served well; this one was turned away before anything was done.",
           "Try again after Retry-After."),
        of("unavailable", &[503], Operator, true,
           "Something that the service needs does not answer.",
           "Try again after Retry-After."),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn a_code_has_one_row_with_whole_sentences() {
        let codes: BTreeSet<_> = TABLE.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), TABLE.len());
        for row in TABLE {
            assert!(
                row.happened.ends_with('.') && row.mend.ends_with('.'),
                "{}",
                row.code
            );
            assert!(!row.statuses.is_empty(), "{}", row.code);
        }
    }

    // The codes stand in the sources as texts; one that has no row here would lead to a page that says nothing of it. What
    // is put together elsewhere is seen by the stories, which look up the type of each problem they are answered with.
    #[test]
    fn every_code_that_the_sources_name_has_a_row_and_every_row_is_named() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let sources = ["api/src", "service/src"].map(|folder| read(&root.join(folder)));
        for maker in [
            "Error::invalid(",
            "Error::conflict(",
            "Problem::new(",
            "Self::new(",
        ] {
            for call in sources.iter().flat_map(|text| text.split(maker).skip(1)) {
                let call = call.split(';').next().unwrap_or_default();
                // A code is what stands before the first comma of a call that begins with a text, or with a status.
                let Some(code) = call.split('"').nth(1).filter(|code| is_code(code)) else {
                    continue;
                };
                let before = call.split('"').next().unwrap_or_default().trim();
                if before.is_empty() || before.starts_with("StatusCode::") && before.ends_with(',')
                {
                    assert!(
                        row(code).is_some(),
                        "`{code}` has no row in problem/registry.rs"
                    );
                }
            }
        }
        for row in TABLE {
            let text = format!("\"{}\"", row.code);
            assert!(
                sources.iter().any(|source| source.contains(&text)),
                "nothing answers with `{}`",
                row.code
            );
        }
    }

    fn is_code(word: &str) -> bool {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    }

    fn read(folder: &Path) -> String {
        let mut all = String::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.push_str(&read(&path));
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("registry.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                all.push_str(text.split("#[cfg(test)]\nmod tests {").next().unwrap());
            }
        }
        all
    }
}
