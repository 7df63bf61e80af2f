//! Which events: the parameters of a list of events, and of everything else that goes through it.

use crate::parameter::day;
use chrono::NaiveDate;
use entity::id::PastSyncId;
use serde::Deserialize;
use service::event::EventFilter;
use utoipa::IntoParams;

// The same filters in every query; a query cannot be put together of parts and still refuse what it does not know.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident { $($more:tt)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Only those that stand so, with commas between: `never_synced`, `not_synced`, `processing`, `synced`, `failed`, `skipped`.
            #[param(value_type = Option<Vec<String>>, style = Form, explode = false, min_items = 1, example = json!(["failed", "not_synced"]))]
            status: Option<String>,
            /// Only these types of transactions, with commas between.
            #[param(value_type = Option<Vec<String>>, style = Form, explode = false, min_items = 1, example = json!(["ticket"]))]
            r#type: Option<String>,
            /// The first business date of a window; it belongs to it.
            #[param(example = "2026-11-01")]
            #[serde(default, deserialize_with = "day")]
            from_date: Option<NaiveDate>,
            /// The last business date of a window; it belongs to it.
            #[param(example = "2026-11-30")]
            #[serde(default, deserialize_with = "day")]
            to_date: Option<NaiveDate>,
            /// Only those of these locations, exactly as events name them, with commas between; `none`: those that have none. In a
            /// name, a backslash makes the sign after it count as itself: `Boston\, MA`, or `\none` for a location of that name.
            #[param(value_type = Option<Vec<String>>, style = Form, explode = false, min_items = 1, example = json!(["boston", "none"]))]
            location: Option<String>,
            /// Only those with these problems, by code, with commas between.
            #[param(value_type = Option<Vec<String>>, style = Form, explode = false, min_items = 1, example = json!(["missing_mappings"]))]
            problem: Option<String>,
            /// Only the one with this number.
            #[param(example = "100001")]
            number: Option<String>,
            /// Only those whose `external_id` or `number` begins so, whatever the case of the letters A to Z, and the one whose entry
            /// has this id in QuickBooks; 10,000 events at the most may.
            #[param(example = "tkt_10")]
            text: Option<String>,
            /// Only those that this past sync queued.
            #[param(value_type = Option<PastSyncId>)]
            past_sync_id: Option<String>,
            $($more)*
        }

        impl $name {
            pub(crate) fn filter(&self) -> EventFilter {
                EventFilter {
                    status: self.status.clone(),
                    kind: self.r#type.clone(),
                    from_date: self.from_date,
                    to_date: self.to_date,
                    location: self.location.clone(),
                    problem: self.problem.clone(),
                    number: self.number.clone(),
                    text: self.text.clone(),
                    past_sync_id: self.past_sync_id.clone(),
                }
            }
        }
    )+};
}

queries! {
    /// A page of the events that pass.
    EventQuery {
        /// `next_cursor` of the page before; left out: the first page.
        pub(crate) cursor: Option<String>,
        /// Rows in the page, 1 to 200; left out: 50.
        #[param(minimum = 1, maximum = 200)]
        pub(crate) limit: Option<u64>,
    }
    /// All events that pass.
    EventExportQuery {}
}
