//! Pages for a person: plain, of one piece, without scripts. A page may load nothing and send nothing anywhere; its one style
//! sheet is named by its hash.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64.encode(&Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// A page.
pub(crate) struct Page<'a> {
    /// Its heading and title, as text.
    pub(crate) title: &'a str,
    /// Its paragraphs, as text.
    pub(crate) words: &'a [String],
    /// What a person may go on to: the words of the link, and where it leads.
    pub(crate) link: Option<(&'a str, &'a str)>,
    /// What stands small below.
    pub(crate) foot: &'a str,
}

impl Page<'_> {
    /// The page as an answer.
    pub(crate) fn answer(&self, status: StatusCode) -> HttpResponse {
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .body(self.html())
    }

    fn html(&self) -> String {
        let words: String = self
            .words
            .iter()
            .map(|words| format!("<p>{}</p>\n", escaped(words)))
            .collect();
        let link = self.link.map_or_else(String::new, |(words, to)| {
            format!(
                "<a class=\"go\" href=\"{}\" rel=\"nofollow noreferrer\">{}</a>\n",
                escaped(to),
                escaped(words)
            )
        });
        let (title, foot) = (escaped(self.title), escaped(self.foot));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{title}</h1>\n{words}{link}</main>\n<footer>{foot}</footer>\n</body>\n</html>\n"
        )
    }
}

// What others wrote is text, wherever it stands.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            sign => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text_and_the_style_is_the_one_that_the_policy_names() {
        let page = Page {
            title: "<b>",
            words: &["a & \"b\"".to_owned()],
            link: Some(("go", "/x?a=1&b='2'")),
            foot: "</footer>",
        };
        let html = page.html();
        assert!(html.contains("<h1>&lt;b&gt;</h1>") && html.contains("a &amp; &quot;b&quot;"));
        assert!(
            html.contains("href=\"/x?a=1&amp;b=&#39;2&#39;\"") && html.contains("&lt;/footer&gt;")
        );
        assert!(!html.contains("<script"));
        let (_, style) = html.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let hash = BASE64.encode(&Sha256::digest(style));
        assert!(POLICY.contains(&format!("style-src 'sha256-{hash}'")));
    }
}
