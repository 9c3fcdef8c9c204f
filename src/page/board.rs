//! What is shown now, in parts, and since when each part is as it is. However many people look,
//! objects are looked at once in a while, and what changed is rendered once for all of them.

mod news;
mod versions;

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::html;
use super::part::{Id, Part};
use super::trends::Trends;
use super::view::View;
pub use news::{News, Put};
use versions::Versions;
pub use versions::{Changes, Version};

/// How often objects are looked at while somebody watches.
const TICK: Duration = Duration::from_millis(500);
/// Who asks within this time is told the same.
const FRESH: Duration = Duration::from_millis(400);
/// After so long without news a watcher is told that there is none.
const BEAT: Duration = Duration::from_secs(10);
/// Pieces of news that a slow reader may lag behind by before it is dropped.
const BACKLOG: usize = 64;
/// Parts in one piece of news. Each reader that is stuck may be so with another piece.
const PIECE: usize = 16;

/// Everything that is shown, at one time.
#[derive(Debug)]
pub struct Snapshot {
    pub taken: Instant,
    pub version: u64,
    /// In the order of their ids, each with the version that brought it.
    pub parts: Vec<(u64, Part)>,
}

impl Snapshot {
    /// The part of this id.
    pub fn part(&self, id: &Id) -> Option<&Part> {
        let place = self.parts.binary_search_by_key(id, |(_, part)| part.id());
        place.ok().map(|place| &self.parts[place].1)
    }
}

/// See above.
pub struct Board {
    inner: Mutex<Inner>,
    watched: Notify,
    /// Watchers of single exports: what their pages show is rendered only while there are any.
    of_one: Arc<()>,
    trends: Trends,
}

struct Inner {
    /// Of those who watch; another one for those who come after it ended.
    news: broadcast::Sender<Arc<News>>,
    versions: Versions,
    /// As long as somebody uses it: where nobody looks, nothing is kept but the versions.
    last: Weak<Snapshot>,
    /// The version that all watchers were told.
    told: u64,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                news: broadcast::Sender::new(BACKLOG),
                versions: Versions::default(),
                last: Weak::new(),
                told: 0,
            }),
            watched: Notify::new(),
            of_one: Arc::default(),
            trends: Trends::default(),
        }
    }
}

impl Board {
    /// What is there now, or was a moment ago.
    pub fn look(&self, view: &View) -> Arc<Snapshot> {
        let mut inner = self.lock();
        let last = inner.last.upgrade();
        if let Some(last) = last.filter(|last| last.taken.elapsed() < FRESH) {
            return last;
        }
        let mut exports = (view.exports)();
        self.trends.fill(&mut exports);
        let parts = Part::all((view.connectors)(), exports);
        let snapshot = Arc::new(inner.versions.number(parts));
        inner.last = Arc::downgrade(&snapshot);
        snapshot
    }

    /// What changed since a version that somebody was told; `None` where that is forgotten, or was
    /// another process's.
    pub fn since(&self, snapshot: &Snapshot, version: Version) -> Option<Changes> {
        self.lock().versions.since(snapshot, version)
    }

    /// How a browser names this version.
    pub fn name(&self, version: u64) -> Version {
        self.lock().versions.name(version)
    }

    /// What is there now, and the news after it, as long as the reader keeps up: of all parts, or of
    /// one export.
    pub fn watch(
        &self,
        view: &View,
        of_one: bool,
    ) -> (Arc<Snapshot>, impl Stream<Item = Arc<News>> + use<>) {
        let of_one = of_one.then(|| Arc::clone(&self.of_one));
        // In this order: what changes in between is told twice rather than never.
        let receiver = self.subscribe();
        let snapshot = self.look(view);
        let version = snapshot.version;
        let news = stream::unfold((receiver, of_one), async |(mut receiver, of_one)| {
            let news = receiver.recv().await.ok()?;
            Some((news, (receiver, of_one)))
        });
        // What was being told meanwhile may be of an older look: it must not follow a newer one.
        let older = move |news: &Arc<News>| ready(news.version < version);
        (snapshot, news.skip_while(older))
    }

    /// News from now on: of all that a look after this call finds changed.
    fn subscribe(&self) -> broadcast::Receiver<Arc<News>> {
        let mut inner = self.lock();
        if inner.news.receiver_count() == 0 {
            inner.told = inner.versions.version();
        }
        let receiver = inner.news.subscribe();
        self.watched.notify_one();
        receiver
    }

    /// Tells watchers what changes, whenever there are any.
    pub async fn serve(&self, view: &View) {
        loop {
            self.watched.notified().await;
            // A store that takes long keeps nobody who comes next from the news.
            tokio::select! { () = self.tell(view) => {}, () = self.read_trends(view) => {} }
        }
    }

    async fn tell(&self, view: &View) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beat = Instant::now();
        let mut last = None;
        while self.is_watched() {
            ticks.tick().await;
            if !(view.leads)() {
                self.end();
                return;
            }
            // Kept until the next: who comes meanwhile needs no look of its own.
            let snapshot = last.insert(self.look(view));
            if self.tell_once(snapshot).await || beat.elapsed() >= BEAT {
                beat = Instant::now();
                self.send(News::seen(self.name(snapshot.version), Timestamp::now()));
            }
        }
    }

    /// Whether there was any.
    async fn tell_once(&self, snapshot: &Snapshot) -> bool {
        let changes = {
            let mut inner = self.lock();
            let told = std::mem::replace(&mut inner.told, snapshot.version);
            let told = inner.versions.name(told);
            inner.versions.since(snapshot, told)
        };
        let Some(changes) = changes else {
            self.send(News::reset(snapshot.version));
            return true;
        };
        let now = Timestamp::now();
        for piece in changes.put.chunks(PIECE) {
            let of_one = Arc::strong_count(&self.of_one) > 1;
            let parts = piece.iter().map(|index| &snapshot.parts[*index].1);
            let parts = parts.map(|part| Put {
                id: part.id(),
                html: html::part(part, now).into_string(),
                detail: of_one.then(|| html::detail_part(part, now)).flatten(),
            });
            self.send(News::put(snapshot.version, parts));
            // Who keeps up takes it before the next is made.
            yield_now().await;
        }
        for piece in changes.gone.chunks(PIECE) {
            self.send(News::gone(snapshot.version, piece.iter().cloned()));
            yield_now().await;
        }
        !changes.put.is_empty() || !changes.gone.is_empty()
    }

    async fn read_trends(&self, view: &View) {
        loop {
            self.trends.refresh(&view.state, &self.look(view)).await;
            sleep(TICK).await;
        }
    }

    fn is_watched(&self) -> bool {
        self.lock().news.receiver_count() > 0
    }

    /// Ends the streams of all who watch: they come back, and are told whom to ask.
    fn end(&self) {
        self.lock().news = broadcast::Sender::new(BACKLOG);
    }

    fn send(&self, news: News) {
        // That nobody is there any more is no error.
        let _ = self.lock().news.send(Arc::new(news));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
