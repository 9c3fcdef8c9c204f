//! Cached queries: page 0 makes one, later pages name it by `session_id`.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::rows::Rows;

/// A project's older sessions are lost beyond this.
const MAX_SESSIONS: usize = 32;

/// One cached query.
#[derive(Clone)]
pub(super) struct Session {
    pub id: String,
    /// Every filter of page 0; a page with others is not of this query.
    pub filters: String,
    pub rows: Rows,
    pub page_size: usize,
    born: Instant,
}

#[derive(Default)]
pub(super) struct Sessions {
    last: u64,
    list: VecDeque<Session>,
}

impl Sessions {
    pub fn open(&mut self, filters: String, rows: Rows, page_size: usize) -> Session {
        self.last += 1;
        let tail: String = std::iter::repeat_with(fastrand::uppercase)
            .take(6)
            .collect();
        let id = format!("{}-{tail}", 1_700_000_000 + self.last);
        let session = Session {
            id,
            filters,
            rows,
            page_size,
            born: Instant::now(),
        };
        self.list.push_back(session.clone());
        if self.list.len() > MAX_SESSIONS {
            self.list.pop_front();
        }
        session
    }

    /// The session of this id, if it still lives and was made with these filters.
    pub fn find(&mut self, id: &str, filters: &str, ttl: Duration) -> Option<Session> {
        self.list.retain(|session| session.born.elapsed() < ttl);
        let found = self.list.iter().find(|session| session.id == id)?;
        (found.filters == filters).then(|| found.clone())
    }

    pub fn lose(&mut self, id: &str) {
        self.list.retain(|session| session.id != id);
    }

    pub fn clear(&mut self) {
        self.list.clear();
    }
}
