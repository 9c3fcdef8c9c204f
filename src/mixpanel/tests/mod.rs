//! The client over real HTTP, against answers as the contract describes them.

mod budget;
mod errors;
mod reads;

use axum::response::Response;
use serde_json::json;

use super::engage::MAX_MEMBERS;
use super::*;
use crate::http::Stopped;
use crate::http::testing::{QUICK, Recorded, Server, answer, http};

type Answers = fn(&Recorded) -> Response;

const OPEN: fn() -> Result<(), Stopped> = || Ok(());

fn client(server: &Server) -> (Mixpanel, Budget) {
    let budgets = Budgets::default();
    let client = client_with(server, &budgets, 48);
    (client, budgets.get(&server.url, 7, 48, false))
}

fn client_with(server: &Server, budgets: &Budgets, share: u32) -> Mixpanel {
    let source = Source {
        base: server.url.clone(),
        project: 7,
        workspace: Some(9),
    };
    let account = ServiceAccount {
        username: "name.1a.mp-service-account".into(),
        secret: "canary-secret".into(),
    };
    let options = Options {
        page_size: Some(2),
        retry: QUICK,
        ..Options::default()
    };
    let budget = budgets.get(&server.url, 7, share, false);
    Mixpanel::new(http(), source, account, budget, options)
}

fn query() -> Query {
    Query {
        cohort: 4311,
        properties: vec!["$email".into()],
    }
}

/// A cohort of `total` members in pages of two; later pages as silent as they are seen to be.
fn engage(request: &Recorded, total: u64) -> Response {
    let page: u64 = request.field("page").unwrap().parse().unwrap();
    let ids = (page * 2..total.min(page * 2 + 2)).map(|id| json!({"$distinct_id": id}));
    let results: Vec<_> = ids.collect();
    let body = match page {
        0 => json!({"page": 0, "page_size": 2, "session_id": "s-1", "status": "ok",
                    "total": total, "results": results}),
        _ => json!({"page": page, "session_id": null, "status": "ok", "results": results}),
    };
    answer(200, &body.to_string())
}
