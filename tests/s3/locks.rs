//! Who works on a state without a Lease: only one makes a lock.

use futures::future::join_all;
use mixtap::state::Holder;

use crate::{open, shared};

#[tokio::test]
async fn of_many_that_take_over_at_once_one_does() {
    let Some(s3) = shared().await else {
        return;
    };
    let state = open(s3, "locks");
    let holder = |id: usize| Holder {
        id: id.to_string(),
        who: "process 1".into(),
        since: "2026-01-01T00:00:00Z".parse().unwrap(),
        patience: 30,
        beat: 0,
        released: false,
    };
    for number in 1..5 {
        let all: Vec<_> = (0..8).map(holder).collect();
        let made = join_all(all.iter().map(|holder| state.make_lock(number, holder))).await;
        let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
        assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
        let winner = &all[made.iter().position(|made| *made).unwrap()];
        let found = state.lock().await.unwrap().unwrap();
        assert_eq!(
            (found.number, found.holder.as_ref()),
            (number, Some(winner))
        );
        assert_eq!(state.renew_lock(number, winner).await, Ok(true));
    }
    assert_eq!(
        state.renew_lock(1, &holder(0)).await,
        Ok(false),
        "it was taken over"
    );
    assert_eq!(state.lock().await.unwrap().unwrap().number, 4);
}
