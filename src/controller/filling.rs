//! Whether the stores hold what is in the cluster yet.
//!
//! kube's own `wait_until_ready` keeps one waker a store: of two tasks that wait, the first is never
//! woken. So it is left to kube, and the rest of the controller waits here.

use tokio::sync::watch;

/// How many stores are still being filled.
pub struct Filling(watch::Sender<usize>);

impl Filling {
    pub fn new(stores: usize) -> Self {
        Self(watch::Sender::new(stores))
    }

    /// One store is filled. To be said once a store.
    pub fn one_done(&self) {
        self.0.send_modify(|left| *left = left.saturating_sub(1));
    }

    /// Resolves once all are filled: an absent connector is absent then.
    pub async fn all_done(&self) {
        // An error would say that the sender is gone, and `self` has it.
        let _ = self.0.subscribe().wait_for(|left| *left == 0).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn everyone_who_waits_is_woken() {
        let filling = Arc::new(Filling::new(2));
        let waiting = [0; 3].map(|_| {
            let filling = Arc::clone(&filling);
            tokio::spawn(async move { filling.all_done().await })
        });
        tokio::task::yield_now().await;
        filling.one_done();
        tokio::task::yield_now().await;
        assert!(waiting.iter().all(|task| !task.is_finished()));
        filling.one_done();
        for task in waiting {
            task.await.unwrap();
        }
        filling.all_done().await;
    }
}
