//! The bound that no export of the same core can beat: our own client receives and parses the
//! pages, and does nothing with them.

use mixtap::{
    http::{Http, Metrics},
    mixpanel::{Batch, Budgets, Mixpanel, Options, Query, ReadEnd, ServiceAccount, Source},
};
use tokio::sync::mpsc;
use url::Url;

use crate::{
    Fallible,
    standins::{SECRET, USERNAME},
};

async fn read(mixpanel: &Mixpanel, query: &Query) -> Result<usize, ReadEnd> {
    let (rows, mut received) = mpsc::channel::<Batch>(4);
    let reading = async move { mixpanel.stream(query, &|| Ok(()), &rows).await };
    let counting = async {
        let mut count = 0;
        while let Some(batch) = received.recv().await {
            count += batch.len();
        }
        count
    };
    let (read, count) = tokio::join!(reading, counting);
    read.map(|_| count)
}

/// How many members there were.
pub async fn receive(base: Url, project: i64, cohort: i64) -> Fallible<usize> {
    let budget = Budgets::default().get(&base, project, 48, false);
    let source = Source {
        base,
        project,
        workspace: None,
    };
    let account = ServiceAccount {
        username: USERNAME.into(),
        secret: SECRET.into(),
    };
    let http = Http::new(Metrics::default())?;
    let mixpanel = Mixpanel::new(http, source, account, budget, Options::default());
    let properties = serde_json::from_str(crate::PROPERTIES)?;
    let read = read(&mixpanel, &Query { cohort, properties }).await;
    read.map_err(|end| format!("{end:?}").into())
}
