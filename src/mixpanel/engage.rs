//! The members of a cohort: one session of engage, several pages at once.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::sync::mpsc::Sender;

use super::ask::Ask;
use super::batch::Batch;
use super::client::Mixpanel;
use super::error::Error;
use super::pages::Pages;
use super::tally::{Mismatch, Tally};
use crate::http::{Call, Gate};

/// Pages of a session under way at once; Mixpanel's own clients use 2 to 5 [own].
const PARALLEL: usize = 4;

/// Page 0, which may take minutes before its first byte [doc]. No page is held in memory: the
/// limit only bounds what one answer may cost.
pub(super) const FIRST: Call = Call {
    vendor: "mixpanel",
    name: "engage",
    limit: 512 << 20,
    idle: Duration::from_secs(300),
    total: Duration::from_secs(1800),
};
pub(super) const LATER: Call = Call {
    name: "engage_page",
    ..FIRST
};

/// Which users are read, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Mixpanel cohort id.
    pub cohort: i64,
    /// The properties to ask for, each once: identity and profile. Few of them is a large gain
    /// [doc].
    pub properties: Vec<String>,
}

/// How a session ends before its end. Nothing of it may be used.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadEnd {
    Failed(Error),
    /// It was lost or doesn't add up: a new one may do better.
    Broken(String),
    /// Nobody receives its rows any more.
    Closed,
}

impl Mixpanel {
    /// One session of engage, for one query of the budget: all identified members of a cohort go
    /// into `rows`, in batches of about 64 KiB, from up to four pages at once and thus in no
    /// order but that of [`Member::number`](super::Member). The gate is asked before every page.
    ///
    /// Rows are handed on before their page has been seen to its end: they count only once the
    /// whole session is `Ok` and [`Tally::adds_up`].
    ///
    /// Nobody has published what an unknown cohort answers: it may be `Refused`, `NotFound`,
    /// `IncompleteRead` or an empty read, and [`Mixpanel::prove`] tells.
    ///
    /// # Errors
    /// Any [`ReadEnd`].
    pub async fn stream(
        &self,
        query: &Query,
        gate: &Gate<'_>,
        rows: &Sender<Batch>,
    ) -> Result<Tally, ReadEnd> {
        let pages = Pages {
            client: self,
            query,
            gate,
            rows,
        };
        let set = self.options.page_size;
        let refused = self.budget.refused_page_size();
        let asked = set.filter(|size| refused != Some(*size));
        let mut first = Ask {
            page_size: asked,
            ..Ask::default()
        };
        let facts = pages.read(&mut first).await?;
        let mut tally = Tally::start(facts, self.options.total_check)?;
        tally.page_size_refused = first.page_size != asked;
        let later = tally.expected().saturating_sub(1);
        let _reserved = (self.budget.reserve_pages(later)).map_err(ReadEnd::Failed)?;
        if let Some(session) = tally.session().map(str::to_owned) {
            let rows = Some(tally.page_size());
            let ask = |number| Ask {
                number,
                session: Some(&session),
                page_size: first.page_size,
                rows,
            };
            let read = async |mut ask: Ask<'_>| {
                let facts = pages.read(&mut ask).await?;
                Ok::<_, ReadEnd>((ask.number, facts))
            };
            let numbers = stream::iter(1..tally.expected());
            let mut later = numbers
                .map(|number| read(ask(number)))
                .buffer_unordered(PARALLEL);
            while let Some(page) = later.next().await {
                let (number, facts) = page?;
                tally.add(number, &facts)?;
            }
            if let Some(beyond) = tally.beyond()
                && !pages.ends_before(&ask(beyond)).await?
            {
                return Err(Mismatch("there are more members than the total").into());
            }
        }
        tally.finish()?;
        Ok(tally)
    }
}

impl From<Mismatch> for ReadEnd {
    fn from(why: Mismatch) -> Self {
        Self::Broken(why.to_string())
    }
}
