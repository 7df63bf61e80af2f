//! What the types of problems lead to: one page of every code, for people and for programs.

use super::problem_code::ProblemCodes;
use crate::problem::Problem;
use crate::problem::registry::{Row, TABLE, Who, row};
use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

/// A kind of problem that a request can be answered with.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// As problems carry it.
    #[schema(format = "uri-reference", example = "/problems/invalid_name")]
    r#type: String,
    /// Stable, for programs.
    #[schema(example = "invalid_name")]
    code: &'static str,
    /// In a few words.
    #[schema(example = "Invalid name")]
    title: String,
    /// The statuses it is answered with.
    #[schema(example = json!([422]))]
    statuses: &'static [u16],
    /// What happened.
    happened: &'static str,
    /// What to do.
    mend: &'static str,
    /// Who can.
    who: Who,
    /// Whether the same request, sent again later, may be met.
    again_helps: bool,
}

impl From<&'static Row> for ProblemKind {
    fn from(row: &'static Row) -> Self {
        Self {
            r#type: format!("/problems/{}", row.code),
            code: row.code,
            title: row.title(),
            statuses: row.statuses,
            happened: row.happened,
            mend: row.mend,
            who: row.who,
            again_helps: row.again_helps,
        }
    }
}

/// Every kind of problem that a request can be answered with.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemKinds {
    /// One a code.
    items: Vec<ProblemKind>,
}

impl ProblemKinds {
    pub(crate) fn all() -> Self {
        Self {
            items: TABLE.iter().map(ProblemKind::from).collect(),
        }
    }

    pub(crate) fn one(code: &str) -> Option<ProblemKind> {
        row(code).map(ProblemKind::from)
    }
}

/// List the kinds of problems
///
/// What a request can be answered with when it is not met: what happened, what to do, who can, and whether sending the same
/// again helps. A page for people; as JSON for whoever accepts `application/json` and no HTML.
#[utoipa::path(
    get, path = "/problems", tag = "Service",
    responses((status = 200, description = "Every kind", content(
        (ProblemKinds = "application/json"),
        (String = "text/html")
    )))
)]
pub(crate) async fn list_problems(request: HttpRequest) -> HttpResponse {
    if wants_json(&request) {
        HttpResponse::Ok().json(ProblemKinds::all())
    } else {
        page("Problems", &all())
    }
}

/// Read a kind of problem
///
/// What the `type` of a problem leads to.
#[utoipa::path(
    get, path = "/problems/{code}", tag = "Service",
    params(("code" = String, Path, description = "The code of the problem", example = "invalid_cursor")),
    responses(
        (status = 200, description = "What is known of it", content(
            (ProblemKind = "application/json"),
            (String = "text/html")
        )),
        (status = 404, description = "There is no such code")
    )
)]
pub(crate) async fn read_problem(
    request: HttpRequest,
    code: Path<String>,
) -> Result<HttpResponse, Problem> {
    let row = row(&code).ok_or_else(Problem::not_found)?;
    if wants_json(&request) {
        return Ok(HttpResponse::Ok().json(ProblemKind::from(row)));
    }
    Ok(page(
        &row.title(),
        &format!("{}<p><a href=\"/problems\">All problems</a></p>", part(row)),
    ))
}

fn wants_json(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"))
}

fn page(title: &str, content: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ))
        .body(
            include_str!("problems.html")
                .replace("{title}", &escaped(title))
                .replace("{content}", content),
        )
}

fn all() -> String {
    let mut html = String::from(
        "<p>What a request is answered with when it is not met. Each answer is <code>application/problem+json</code> (RFC 9457); \
         its <code>code</code> is one of these, and its <code>detail</code> says more of the case at hand.</p>",
    );
    html.extend(TABLE.iter().map(part));
    html.push_str("<h1 id=\"events\">Problems of events</h1><p>What can be wrong with an event that was taken in, as <code>problem.code</code> of the event.</p>");
    for kind in ProblemCodes::all().items {
        let steps: String = kind
            .steps
            .iter()
            .map(|step| format!("<li>{}</li>", escaped(step)))
            .collect();
        let code = kind.code.as_str();
        html.push_str(&format!(
            "<section id=\"event.{code}\"><h2>{}</h2><p><code>{code}</code></p><p>{}</p><ol>{steps}</ol></section>",
            escaped(&kind.title),
            escaped(&kind.meaning),
        ));
    }
    html
}

fn part(row: &Row) -> String {
    let statuses: Vec<_> = row.statuses.iter().map(u16::to_string).collect();
    format!(
        "<section id=\"{code}\"><h2>{title}</h2><p><code>{code}</code> · {statuses}</p><p>{happened}</p>\
         <dl><dt>What to do</dt><dd>{mend}</dd><dt>Who can</dt><dd>{who}</dd><dt>Sending the same again</dt><dd>{again}</dd></dl></section>",
        code = row.code,
        title = escaped(&row.title()),
        statuses = statuses.join(", "),
        happened = escaped(row.happened),
        mend = escaped(row.mend),
        who = row.who.as_words(),
        again = if row.again_helps {
            "may help, later"
        } else {
            "does not help"
        },
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
