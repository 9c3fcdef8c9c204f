//! The places of one API of one account: calls that are under way.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::ceiling::{Begun, Ceiling};
use super::limits::{SLICE, lock};
use crate::http::{Gate, Stopped};

/// One API of one account: how many calls are under way, and may be.
#[derive(Debug)]
pub(super) struct Place {
    state: Mutex<Occupancy>,
    freed: Notify,
}

#[derive(Debug)]
struct Occupancy {
    busy: usize,
    ceiling: Ceiling,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Taken {
    place: Arc<Place>,
    begun: Begun,
}

impl Place {
    pub fn new(max: usize) -> Self {
        let state = Occupancy {
            busy: 0,
            ceiling: Ceiling::new(max),
        };
        Self {
            state: Mutex::new(state),
            freed: Notify::new(),
        }
    }

    pub fn ceiling(&self) -> usize {
        lock(&self.state).ceiling.now()
    }

    /// Waits until fewer than `limit` calls are under way, and fewer than the account seems to
    /// permit; asks the gate each second.
    pub async fn take(self: &Arc<Self>, limit: usize, gate: &Gate<'_>) -> Result<Taken, Stopped> {
        loop {
            // Listens before it looks, so that no place freed in between goes unseen.
            let freed = self.freed.notified();
            {
                let mut state = lock(&self.state);
                if state.busy < limit.min(state.ceiling.now()) {
                    state.busy += 1;
                    return Ok(Taken {
                        begun: state.ceiling.begin(state.busy),
                        place: self.clone(),
                    });
                }
            }
            tokio::select! {
                () = freed => {}
                () = tokio::time::sleep(SLICE) => gate()?,
            }
        }
    }
}

impl Taken {
    /// The call went well.
    pub fn succeeded(&self) {
        lock(&self.place.state).ceiling.succeeded(self.begun);
    }

    /// CleverTap refused the call as one too many. True if fewer are permitted from now on.
    pub fn refused(&self) -> bool {
        lock(&self.place.state).ceiling.refused(self.begun)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut state = lock(&self.place.state);
        state.busy = state.busy.saturating_sub(1);
        drop(state);
        // Waiters differ in their limits, so each looks for itself.
        self.place.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiting_call_can_be_stopped() {
        let place = Arc::new(Place::new(3));
        let _taken = place.take(1, &|| Ok(())).await.unwrap();
        assert_eq!(place.take(1, &|| Err(Stopped)).await.err(), Some(Stopped));
    }
}
