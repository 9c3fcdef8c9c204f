//! The rows of one page, each handed on once, however often the page is asked for.

use blake3::{Hash, Hasher};
use tokio::sync::mpsc::Sender;

use super::batch::Batch;

/// What of a page was handed on. Another attempt cuts the same rows into the same batches: those
/// that are already there are compared and dropped.
pub(super) struct Delivery<'r> {
    rows: &'r Sender<Batch>,
    sent: Sum,
    repeated: Sum,
}

/// Why nothing more of a page is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undelivered {
    /// Its rows aren't those that were handed on.
    Changed,
    /// Nobody receives.
    Closed,
}

/// Some batches, as their number and a digest.
#[derive(Default)]
struct Sum {
    batches: u64,
    digest: Hasher,
}

impl Sum {
    fn add(&mut self, batch: &Batch) {
        self.batches += 1;
        batch.digest(&mut self.digest);
    }

    fn hash(&self) -> Hash {
        self.digest.finalize()
    }
}

impl<'r> Delivery<'r> {
    pub fn new(rows: &'r Sender<Batch>) -> Self {
        Self {
            rows,
            sent: Sum::default(),
            repeated: Sum::default(),
        }
    }

    /// Whether any row was handed on.
    pub fn any(&self) -> bool {
        self.sent.batches > 0
    }

    /// The page is asked for again.
    pub fn restart(&mut self) {
        self.repeated = Sum::default();
    }

    /// Hands the page's next batch on, unless an attempt before did.
    pub async fn give(&mut self, batch: Batch) -> Result<(), Undelivered> {
        if self.repeated.batches < self.sent.batches {
            self.repeated.add(&batch);
            let all = self.repeated.batches == self.sent.batches;
            return match all && self.repeated.hash() != self.sent.hash() {
                true => Err(Undelivered::Changed),
                false => Ok(()),
            };
        }
        self.sent.add(&batch);
        self.repeated.batches += 1;
        self.rows.send(batch).await.map_err(|_| Undelivered::Closed)
    }

    /// The page ended here.
    pub fn end(&self) -> Result<(), Undelivered> {
        match self.repeated.batches < self.sent.batches {
            true => Err(Undelivered::Changed),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    async fn give(delivery: &mut Delivery<'_>, ids: &[&str]) -> Result<(), Undelivered> {
        for id in ids {
            let mut batch = Batch::new(0);
            batch.push(0, id, &[]);
            delivery.give(batch).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn what_was_handed_on_is_not_handed_on_again() {
        let (rows, mut received) = mpsc::channel(9);
        let mut delivery = Delivery::new(&rows);
        assert_eq!(give(&mut delivery, &["a", "b"]).await, Ok(()));
        delivery.restart();
        assert_eq!(give(&mut delivery, &["a"]).await, Ok(()));
        assert_eq!(delivery.end(), Err(Undelivered::Changed), "it got shorter");
        delivery.restart();
        assert_eq!(give(&mut delivery, &["a", "b", "c"]).await, Ok(()));
        assert_eq!(delivery.end(), Ok(()));
        delivery.restart();
        let changed = give(&mut delivery, &["a", "x", "c"]).await;
        assert_eq!(changed, Err(Undelivered::Changed));
        drop(rows);
        let mut ids = String::new();
        while let Some(batch) = received.recv().await {
            ids.extend(batch.members().map(|row| row.distinct_id.to_owned()));
        }
        assert_eq!(ids, "abc");
    }

    #[tokio::test]
    async fn a_receiver_that_is_gone_is_told() {
        let (rows, received) = mpsc::channel(1);
        drop(received);
        let mut delivery = Delivery::new(&rows);
        assert_eq!(give(&mut delivery, &["a"]).await, Err(Undelivered::Closed));
    }
}
