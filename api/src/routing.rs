//! How the page of routes becomes a server: each row is a route, its operation's guard, and its place in the OpenAPI document.

use crate::open::open;
use crate::problem::Problem;
use crate::resource::explorer;
use actix_web::http::Method;
use actix_web::{Route, guard, web};
use service::access::OPERATIONS;
use std::collections::BTreeMap;

/// One route.
pub(crate) struct Row {
    /// Its method's name here; `once` is a GET that may not be repeated, and so not asked for with HEAD.
    pub(crate) verb: &'static str,
    /// Its path.
    pub(crate) path: &'static str,
    /// The operation's id.
    pub(crate) operation: &'static str,
    /// Whether a credential is asked for.
    pub(crate) guarded: bool,
    pub(crate) route: fn() -> Route,
}

impl Row {
    /// The HTTP methods it answers to.
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self.verb {
            "get" => &["GET", "HEAD"],
            "once" => &["GET"],
            "post" => &["POST"],
            "put" => &["PUT"],
            "patch" => &["PATCH"],
            _ => &["DELETE"],
        }
    }
}

/// Puts every route in its place. Paths are in the order of their bytes, where words come before parameters (`{`), so
/// that `/mappings/bulk` is not taken for an id.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    let mut by_path: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for row in crate::routes::rows() {
        by_path.entry(row.path).or_default().push(row);
    }
    for (path, rows) in by_path {
        let methods: Vec<_> = rows.iter().flat_map(Row::methods).copied().collect();
        let allowed = methods.join(", ");
        let mut resource = web::resource(path);
        for row in rows {
            resource = resource.route((row.route)());
        }
        config.service(resource.default_service(refuse(Problem::method_not_allowed(&allowed))));
    }
    let not_allowed = || refuse(Problem::method_not_allowed("GET, HEAD"));
    config
        .service(
            web::resource("/explorer/{file:.+}")
                .route(open(get(), "explorer_file", explorer::explorer_file))
                .default_service(not_allowed()),
        )
        .service(
            web::resource("/explorer")
                .route(open(get(), "to_explorer", explorer::to_explorer))
                .default_service(not_allowed()),
        )
        .default_service(refuse(Problem::unknown_route()));
}

/// Answers whatever comes with one problem.
fn refuse(problem: Problem) -> Route {
    web::to(move || std::future::ready(Err::<&str, Problem>(problem.clone())))
}

fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A route of a row's method.
pub(crate) fn verb(name: &str) -> Route {
    match name {
        "get" => get(),
        "once" => web::get(),
        "post" => web::post(),
        "put" => web::put(),
        "patch" => web::patch(),
        _ => web::method(Method::DELETE),
    }
}

/// Whether the table of operations knows it.
pub(crate) const fn is_operation(name: &str) -> bool {
    let mut place = 0;
    while place < OPERATIONS.len() {
        if same(OPERATIONS[place].0.as_bytes(), name.as_bytes()) {
            return true;
        }
        place += 1;
    }
    false
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut place = 0;
    while place < left.len() {
        if left[place] != right[place] {
            return false;
        }
        place += 1;
    }
    true
}

macro_rules! routes {
    (
        guarded { $($verb:ident $path:literal => $module:ident::$operation:ident;)+ }
        open { $($open_verb:ident $open_path:literal => $open_module:ident::$open_operation:ident;)+ }
    ) => {
        // A route whose operation is not in the table does not compile.
        $(const _: () = assert!(
            $crate::routing::is_operation(stringify!($operation)),
            concat!(stringify!($operation), " is not in service::access::OPERATIONS"),
        );)+

        /// Every route.
        pub(crate) fn rows() -> Vec<$crate::routing::Row> {
            vec![
                $($crate::routing::Row {
                    verb: stringify!($verb),
                    path: $path,
                    operation: stringify!($operation),
                    guarded: true,
                    route: || $crate::authorised::guarded($crate::routing::verb(stringify!($verb)), stringify!($operation), $module::$operation),
                },)+
                $($crate::routing::Row {
                    verb: stringify!($open_verb),
                    path: $open_path,
                    operation: stringify!($open_operation),
                    guarded: false,
                    route: || $crate::open::open($crate::routing::verb(stringify!($open_verb)), stringify!($open_operation), $open_module::$open_operation),
                },)+
            ]
        }

        /// What the handlers say of themselves.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($module::$operation,)+ $($open_module::$open_operation,)+))]
        pub(crate) struct Described;
    };
}
pub(crate) use routes;
