//! The client over real HTTP, against answers as the contract describes them.

mod budget;
mod errors;
mod keeping;
mod member;
mod pages;
mod reads;

use axum::response::Response;
use serde_json::json;

use std::collections::HashSet;

use tokio::sync::mpsc;

use super::*;
use crate::api::TotalCheck;
use crate::http::testing::{QUICK, Recorded, Server, answer, http};
use crate::http::{Gate, Stopped};

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
        total_check: TotalCheck::Exact,
        retry: QUICK,
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

/// One session: how it ended, and the rows that came, by their number.
async fn session(
    client: &Mixpanel,
    gate: &Gate<'_>,
) -> (Result<Tally, ReadEnd>, Vec<(u64, String)>) {
    let (rows, mut received) = mpsc::channel::<Batch>(1);
    let query = query();
    let send = async move { client.stream(&query, gate, &rows).await };
    let receive = async {
        let mut all = Vec::new();
        while let Some(batch) = received.recv().await {
            let rows = batch.members();
            all.extend(rows.map(|row| (row.number, row.distinct_id.to_owned())));
        }
        all.sort_unstable();
        all
    };
    tokio::join!(send, receive)
}

/// Reads as an export does: once more where a session breaks, and only what adds up.
async fn read(client: &Mixpanel, gate: &Gate<'_>) -> Result<Vec<String>, Error> {
    let mut why = String::new();
    for _ in 0..2 {
        let (end, rows) = session(client, gate).await;
        why = match end {
            Ok(tally) => match distinct(&tally, &rows) {
                Ok(ids) => return Ok(ids),
                Err(mismatch) => mismatch.to_string(),
            },
            Err(ReadEnd::Failed(error)) => return Err(error),
            Err(ReadEnd::Broken(why)) => why,
            Err(ReadEnd::Closed) => panic!("all rows are received"),
        };
    }
    Err(Error::IncompleteRead(why))
}

fn distinct(tally: &Tally, rows: &[(u64, String)]) -> Result<Vec<String>, Mismatch> {
    let numbers: Vec<u64> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(tally.rows(), rows.len() as u64, "every row is handed on");
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let (mut seen, mut ids) = (HashSet::new(), Vec::new());
    let (mut pages, mut new) = (HashSet::new(), HashSet::new());
    for (number, id) in rows {
        pages.insert(tally.page_of(*number));
        if seen.insert(id) {
            new.insert(tally.page_of(*number));
            ids.push(id.clone());
        }
    }
    tally.adds_up(ids.len() as u64, pages != new)?;
    Ok(ids)
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
