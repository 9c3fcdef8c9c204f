//! The bound that no export of the same core can beat: our own client receives and parses the
//! pages, and does nothing with them.

use mixtap::{
    http::{Http, Metrics},
    mixpanel::{Budgets, Error, Mixpanel, Options, Query, ServiceAccount, Source},
};
use url::Url;

use crate::{
    Fallible,
    standins::{SECRET, USERNAME},
};

/// The only line that knows how a cohort is read.
async fn read(mixpanel: &Mixpanel, query: &Query) -> Result<usize, Error> {
    Ok(mixpanel.read(query, &|| Ok(())).await?.len())
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
    Ok(read(&mixpanel, &Query { cohort, properties }).await?)
}
