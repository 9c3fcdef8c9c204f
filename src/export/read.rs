//! The members of the cohort, as a whole read that adds up, on disk.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::watch;

use super::progress::Progress;
use super::run::Run;
use super::scratch::{self, blocking};
use super::shared::{self, Kept, Part};
use super::spool::{Layout, Spool, Spooled, Unusable};
use super::{RunError, Shared, cohort, refusal};
use crate::domain::ExportPlan;
use crate::mixpanel::{Batch, Error, Existence, Query, ReadEnd, Tally};

/// Batches between the read and the disk: few, so that memory stays small and the disk sets the
/// pace.
const AHEAD: usize = 4;
/// Sessions of one read: the first, and another one should it be lost or not add up.
const SESSIONS: u32 = 2;
/// A read that isn't this one begins so much later, at least.
const LATER: SignedDuration = SignedDuration::from_nanos(1);
/// How often the gate is asked while another export reads for us.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A read that adds up.
pub(super) struct ReadMembers {
    pub spooled: Spooled,
    /// Mixpanel refuses the page size that the connector asks for, as this read found out.
    pub page_size_refused: bool,
}

/// How a session ends that can't be used.
enum End {
    /// Another one may do better.
    Broken(String),
    Run(RunError),
}

/// The rows of a session, as they come. Blocks.
struct Incoming {
    incoming: Receiver<Batch>,
    progress: Progress,
}

impl Iterator for Incoming {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.incoming.blocking_recv()?;
        self.progress.read(batch.len());
        Some(batch)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Run(scratch::failed(&error))
    }
}

impl From<Unusable> for End {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::Broken(why) => Self::Broken(why),
            Unusable::Disk(error) => error.into(),
        }
    }
}

impl Run<'_> {
    /// One query of the budget, two if the session is lost or doesn't add up; none where another
    /// export reads the same for us.
    pub(super) async fn read(&self) -> Result<ReadMembers, RunError> {
        let (query, layout) = self.query();
        let mut since = self.request.shared.as_ref().map(|shared| shared.since);
        let mut session = 1;
        loop {
            let ended = match (&self.request.shared, &mut since) {
                (Some(shared), Some(since)) => {
                    let key = (
                        shared.reader.clone(),
                        query.cohort,
                        query.properties.clone(),
                    );
                    self.together(&query, &layout, &key, since).await
                }
                _ => self.alone(&query, &layout).await,
            };
            match ended {
                Ok(read) => return Ok(read),
                Err(End::Run(error)) => return Err(error),
                Err(End::Broken(why)) if session < SESSIONS => {
                    tracing::info!(cohort = self.cohort.0, why, "reading again");
                    session += 1;
                }
                Err(End::Broken(why)) => {
                    return Err(self.unread(Error::IncompleteRead(why)).await);
                }
            }
        }
    }

    async fn alone(&self, query: &Query, layout: &Layout) -> Result<ReadMembers, End> {
        let spool = Spool::new(self.tools.scratch, self.tools.key, layout.clone())?;
        let (spool, tally) = self.stream(query, |rows| spool.fill(rows)).await?;
        close(spool, tally).await
    }

    /// As a part of a read that several exports use. Should it not add up, a later one is wanted, the
    /// same for all of them: `since` says so.
    async fn together(
        &self,
        query: &Query,
        layout: &Layout,
        key: &shared::Key,
        since: &mut Timestamp,
    ) -> Result<ReadMembers, End> {
        let kept = loop {
            match self.tools.reads.part(key, *since) {
                Part::Lead(lead) => {
                    *since = lead.began + LATER;
                    let scratch = self.tools.scratch.clone();
                    let fill = move |rows: Incoming| Kept::fill(&scratch, rows);
                    let (rows, tally) = self.stream(query, fill).await?;
                    let kept = Kept::new(rows, query.properties.len(), tally, lead.began);
                    let kept = Arc::new(kept);
                    lead.done(Arc::clone(&kept));
                    break kept;
                }
                Part::Follow(mut read) => {
                    if let Some(kept) = self.follow(&mut read).await? {
                        *since = kept.began + LATER;
                        break kept;
                    }
                }
            }
        };
        let mut spool = Spool::new(self.tools.scratch, self.tools.key, layout.clone())?;
        let tally = kept.tally.clone();
        let spool = blocking(move || kept.pour(&mut spool).map(|()| spool)).await?;
        close(spool, tally).await
    }

    /// The read of another export, once it is whole; `None` if it fails.
    async fn follow(
        &self,
        read: &mut watch::Receiver<Option<Arc<Kept>>>,
    ) -> Result<Option<Arc<Kept>>, End> {
        loop {
            tokio::select! {
                kept = read.wait_for(Option::is_some) => {
                    return Ok(kept.ok().and_then(|kept| kept.clone()));
                }
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    let stopped = |_| End::Run(RunError::Stopped(self.watch.stop()));
                    self.watch.read().map_err(stopped)?;
                }
            }
        }
    }

    /// One session, whose rows `fill` takes on a thread of its own.
    async fn stream<T: std::marker::Send + 'static>(
        &self,
        query: &Query,
        fill: impl FnOnce(Incoming) -> io::Result<T> + std::marker::Send + 'static,
    ) -> Result<(T, Tally), End> {
        let (rows, incoming) = mpsc::channel(AHEAD);
        let progress = self.tools.progress.clone();
        let filling = blocking(move || fill(Incoming { incoming, progress }));
        let gate = || self.watch.read();
        let reading = async {
            let read = self.tools.mixpanel.stream(query, &gate, &rows).await;
            drop(rows);
            read
        };
        let (read, filled) = tokio::join!(reading, filling);
        match read {
            Ok(tally) => Ok((filled?, tally)),
            Err(ReadEnd::Broken(why)) => Err(End::Broken(why)),
            Err(ReadEnd::Failed(error)) => Err(End::Run(self.unread(error).await)),
            // Why they aren't taken any more, the thread says.
            Err(ReadEnd::Closed) => {
                filled?;
                Err(io::Error::other("the thread ended").into())
            }
        }
    }

    /// What to ask Mixpanel for, and where it is in each row.
    fn query(&self) -> (Query, Layout) {
        let export = &self.request.export;
        let asked = asked(export, self.request.shared.as_ref());
        let place = |name: &String| asked.iter().position(|known| *known == name);
        let layout = Layout {
            rule: export.identity.clone(),
            own: place(&export.identity.property).unwrap_or_default(),
            profile: export.carried().iter().filter_map(place).collect(),
        };
        let query = Query {
            cohort: self.cohort.0,
            properties: asked.into_iter().cloned().collect(),
        };
        (query, layout)
    }

    /// What an error means depends on whether the cohort exists: nobody has published what an
    /// unknown one answers.
    async fn unread(&self, error: Error) -> RunError {
        let absent = match &error {
            Error::NotFound(_) | Error::Refused(_) => self.prove(false).await.err(),
            // Most of these have other causes, so only the proof that is free is asked for.
            Error::IncompleteRead(_) => match self.tools.mixpanel.cohort(self.cohort.0).await {
                Existence::Absent => Some(self.absent()),
                Existence::Found(_) | Existence::Unknown => None,
            },
            _ => None,
        };
        absent.unwrap_or_else(|| refusal::reading(error, self.watch.stop()))
    }

    /// That the cohort exists; `rows` of it were read.
    pub(super) async fn prove(&self, rows: bool) -> Result<(), RunError> {
        match self.tools.mixpanel.prove(self.cohort.0, rows).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(self.absent()),
            Err(error) => Err(refusal::proving(error)),
        }
    }

    fn absent(&self) -> RunError {
        cohort::absent(&self.request.export.cohort).into()
    }
}

/// The properties that a read asks for: the identity, and what a profile carries; in an order that
/// exports which share a read agree on.
pub(super) fn asked<'a>(
    export: &'a ExportPlan,
    shared: Option<&'a Shared>,
) -> BTreeSet<&'a String> {
    let others = shared.into_iter().flat_map(|shared| &shared.properties);
    export.properties().chain(others).collect()
}

/// Whether it adds up. Sorts, so on a thread of its own.
async fn close(spool: Spool, tally: Tally) -> Result<ReadMembers, End> {
    let page_size_refused = tally.page_size_refused();
    let closed = blocking(move || Ok(spool.close(&tally))).await?;
    Ok(ReadMembers {
        spooled: closed?,
        page_size_refused,
    })
}
