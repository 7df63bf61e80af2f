//! Parameters: ids in the path, and the query.

use crate::document;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, Header};
use actix_web::{FromRequest, HttpRequest};
use chrono::NaiveDate;
use entity::id::{
    AccountCreationId, AccountId, AccountImportId, AlertId, ApiKeyId, ConnectionLinkId,
    DimensionImportId, EventId, FindingId, LocationMappingId, MappingId, MemberId, PastSyncId,
    ReconciliationId, WebhookEndpointId, WebhookMessageId,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use service::mapping::Expected;
use std::collections::HashSet;
use std::future::{Ready, ready};
use std::str::FromStr;
use std::sync::LazyLock;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// A resource's id, as it stands in a path below its tenant.
pub(crate) trait InPath: FromStr {
    /// The parameter's name in the route.
    const NAME: &'static str;

    /// An id that nobody has.
    fn nobodys() -> Self;
}

macro_rules! in_path {
    ($($id:ident = $name:literal;)+) => {$(
        impl InPath for $id {
            const NAME: &'static str = $name;

            fn nobodys() -> Self {
                Self::new()
            }
        }
    )+};
}

in_path! {
    ApiKeyId = "api_key_id";
    MemberId = "member_id";
    ConnectionLinkId = "connection_link_id";
    AccountImportId = "account_import_id";
    AccountId = "account_id";
    AccountCreationId = "account_creation_id";
    DimensionImportId = "dimension_import_id";
    LocationMappingId = "location_mapping_id";
    MappingId = "mapping_id";
    EventId = "event_id";
    PastSyncId = "past_sync_id";
    ReconciliationId = "reconciliation_id";
    FindingId = "finding_id";
    AlertId = "alert_id";
    WebhookEndpointId = "webhook_endpoint_id";
    WebhookMessageId = "webhook_message_id";
}

/// The id in the path. What is not an id names nothing: it goes the way of an id that nobody has, to the same 404.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: InPath> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request
            .match_info()
            .get(T::NAME)
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(T::nobodys);
        ready(Ok(Self(id)))
    }
}

/// The versions a change is meant for, as the header If-Match names them; left out, or `*`: any.
pub(crate) struct IfMatch(pub(crate) Expected);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if_match(request).map(Self))
    }
}

/// The versions a caller has already, as the header If-None-Match names them.
pub(crate) struct IfNoneMatch(Option<header::IfNoneMatch>);

impl IfNoneMatch {
    /// Whether the caller has this version.
    pub(crate) fn has(&self, version: &str) -> bool {
        match &self.0 {
            None => false,
            Some(header::IfNoneMatch::Any) => true,
            Some(header::IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.tag() == version),
        }
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(header::IF_NONE_MATCH) {
            return ready(Ok(Self(None)));
        }
        let read = header::IfNoneMatch::parse(request).ok();
        ready(
            read.map(|read| Self(Some(read)))
                .ok_or_else(|| no_etag("If-None-Match")),
        )
    }
}

fn no_etag(header: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_header",
        format!(
            "the header {header} is no ETag: send one as it was answered, in its quotation marks, or `*`"
        ),
    )
}

fn if_match(request: &HttpRequest) -> Result<Expected, Problem> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Ok(Expected::Any);
    }
    match header::IfMatch::parse(request) {
        Ok(header::IfMatch::Any) => Ok(Expected::Any),
        // A weak tag never matches, as a change must be of just what was read.
        Ok(header::IfMatch::Items(tags)) if !tags.is_empty() => Ok(Expected::OneOf(
            tags.iter()
                .filter(|tag| !tag.weak)
                .map(|tag| tag.tag().to_owned())
                .collect(),
        )),
        Ok(header::IfMatch::Items(_)) | Err(_) => Err(no_etag("If-Match")),
    }
}

/// The query, without unknown or repeated parameters where `T` refuses them, and without control characters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + IntoParams> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Operations that have parameters in the query, as the document says: their handlers read them.
static ASKING: LazyLock<HashSet<String>> = LazyLock::new(document::with_query);

/// Refuses parameters where the operation has none: whoever sends one believes that it does something.
///
/// # Errors
/// `invalid_parameter`, naming it.
pub(crate) fn none_in_vain(query: &str, operation: &str) -> Result<(), Problem> {
    if query.is_empty() || ASKING.contains(operation) {
        return Ok(());
    }
    let pairs: Vec<(String, String)> = parse_pairs(query)?;
    pairs
        .first()
        .map_or(Ok(()), |(name, _)| Err(not_here(name)))
}

/// A parameter that the operation does not have.
pub(crate) fn not_here(name: &str) -> Problem {
    invalid(name, "this operation has no parameters; leave it out")
}

fn parse<T: DeserializeOwned + IntoParams>(query: &str) -> Result<T, Problem> {
    let pairs = parse_pairs(query)?;
    let mut seen = HashSet::new();
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(given_twice::<T>(name, &pairs));
    }
    let pairs = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), Text(value))),
    );
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let words = error.inner().to_string();
        // What is missing has no path of its own.
        let field = match words.strip_prefix("missing field `") {
            Some(name) => name.trim_end_matches('`'),
            None if path == "." => "",
            None => &path,
        };
        invalid(field, &words)
    })
}

// Whoever gives a list one value at a time is shown how it is written.
fn given_twice<T: IntoParams>(name: &str, pairs: &[(String, String)]) -> Problem {
    let lists = T::into_params(|| Some(ParameterIn::Query));
    let is_list =
        |parameter: &Parameter| parameter.name == name && parameter.explode == Some(false);
    if !lists.iter().any(is_list) {
        return invalid(name, "is given twice; give it once");
    }
    let of_name = pairs.iter().filter(|(other, _)| other == name);
    let values: Vec<&str> = of_name.map(|(_, value)| value.as_str()).collect();
    let words = format!(
        "is given twice; give it once, with commas between its values: `{name}={}`",
        values.join(",")
    );
    invalid(name, &words)
}

// The parameters as they were written, without control characters.
fn parse_pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|error| invalid("", &error.to_string()))?;
    let unclean = |text: &str| text.chars().any(char::is_control);
    if let Some((name, _)) = pairs
        .iter()
        .find(|(name, value)| unclean(name) || unclean(value))
    {
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        return Err(invalid(&name, "holds a control character; leave it out"));
    }
    Ok(pairs)
}

fn invalid(name: &str, words: &str) -> Problem {
    let whole = if name.is_empty() {
        format!("the query: {words}")
    } else {
        format!("the parameter `{name}`: {words}")
    };
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", whole).with_field(
        name,
        "invalid_parameter",
        words,
    )
}

/// A parameter that is a calendar day.
pub(crate) fn day<'de, D: serde::Deserializer<'de>>(
    text: D,
) -> Result<Option<NaiveDate>, D::Error> {
    let text = Option::<String>::deserialize(text)?;
    text.map(|text| text.parse())
        .transpose()
        .map_err(|_| serde::de::Error::custom("is no day; write it as in 2026-11-20"))
}

/// A parameter's value, read as what the field wants.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'de> serde::de::IntoDeserializer<'de> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Text<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_u64<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let number = self.0.parse().map_err(|_| {
            serde::de::Error::custom("is not a whole number from 0 up; write digits only")
        })?;
        visitor.visit_u64(number)
    }

    fn deserialize_bool<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(serde::de::Error::custom("is neither `true` nor `false`")),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::chart::AccountQuery;
    use service::cursor::PageQuery;

    #[test]
    fn parameters_are_read() {
        let query: PageQuery = parse("limit=10&cursor=abc%20d").unwrap();
        assert_eq!(
            (query.limit, query.cursor.as_deref()),
            (Some(10), Some("abc d"))
        );
        assert_eq!(parse::<PageQuery>("").unwrap().limit, None);
        let query: AccountQuery = parse("type=Income&active=true&search=%25").unwrap();
        assert_eq!(
            (query.active, query.search.as_deref()),
            (Some(true), Some("%"))
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (query, field) in [
            ("limit=ten", "limit"),
            ("limit=-1", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=1&limit=2", "limit"),
            ("cursor=a%00b", "cursor"),
            ("colour=red", "colour"),
            ("a%00=b", "a"),
        ] {
            let problem = serde_json::to_value(parse::<PageQuery>(query).unwrap_err()).unwrap();
            assert_eq!(problem["status"], 400, "{query}");
            assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
        }
        #[derive(Debug, serde::Deserialize, IntoParams)]
        struct Needs {
            #[allow(dead_code)]
            state: String,
        }
        let problem = serde_json::to_value(parse::<Needs>("").unwrap_err()).unwrap();
        assert_eq!(problem["errors"][0]["field"], "state");
    }
}
