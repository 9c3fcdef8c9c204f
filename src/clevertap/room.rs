//! Memory of upload bodies: those on their way, and those that wait for a place or pause before
//! they are sent again.
//!
//! A body is in memory before its upload begins and until it ends, so nothing waits for room: that
//! would save no byte, and hold up an account for what another one keeps. Instead a run makes no
//! further body while there is no room, beyond the one that each may always have.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes of all bodies, and of the largest one.
const ALL: usize = 8 << 20;
const LARGEST: usize = 2 << 20;

/// An account's room within that of all accounts. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    /// Bytes held by all accounts, and by this one.
    all: Arc<AtomicUsize>,
    own: Arc<AtomicUsize>,
}

/// A body in memory.
#[derive(Debug)]
pub(super) struct Held {
    room: Room,
    bytes: usize,
}

impl Room {
    /// Another account's.
    pub fn beside(&self) -> Self {
        Self {
            all: self.all.clone(),
            own: Arc::default(),
        }
    }

    /// Whether the account may hold one more body: while it holds less than it leaves to others.
    /// Alone it has half of the room; each of two has a third, and so on, with as much left for
    /// the next one.
    pub fn has_more(&self) -> bool {
        let free = ALL.saturating_sub(self.all.load(Relaxed));
        free >= LARGEST && self.own.load(Relaxed) < free
    }

    /// Counts a body until what is returned is dropped.
    pub fn hold(&self, bytes: usize) -> Held {
        self.all.fetch_add(bytes, Relaxed);
        self.own.fetch_add(bytes, Relaxed);
        let room = self.clone();
        Held { room, bytes }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.all.fetch_sub(self.bytes, Relaxed);
        self.room.own.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Holds bodies of this size for as long as there is room.
    fn fill(room: &Room, bytes: usize) -> Vec<Held> {
        let more = || room.has_more().then(|| room.hold(bytes));
        std::iter::from_fn(more).collect()
    }

    #[test]
    fn an_account_takes_half_and_leaves_as_much_to_each_further_one() {
        let one = Room::default();
        let (two, three) = (one.beside(), one.beside());
        let held = fill(&one, 64 << 10);
        assert_eq!(one.own.load(Relaxed), ALL / 2);
        assert_eq!(fill(&two, 64 << 10).len(), held.len() / 2);
        let other = fill(&two, 64 << 10);
        assert!(three.has_more(), "two that hang leave room");
        drop((held, other));
        assert_eq!(fill(&three, 64 << 10).len() * (64 << 10), ALL / 2);
        assert_eq!(one.all.load(Relaxed), 0);
    }

    proptest! {
        #[test]
        fn all_accounts_together_keep_within_the_room(
            bodies in prop::collection::vec((0_usize..6, 1..LARGEST), 1..200),
        ) {
            let first = Room::default();
            let rooms: Vec<_> = (0..6).map(|_| first.beside()).collect();
            let mut held = Vec::new();
            for (account, bytes) in bodies {
                if rooms[account].has_more() {
                    held.push(rooms[account].hold(bytes));
                }
                let own: usize = rooms.iter().map(|room| room.own.load(Relaxed)).sum();
                prop_assert_eq!(own, first.all.load(Relaxed));
                prop_assert!(own <= ALL);
            }
        }
    }
}
