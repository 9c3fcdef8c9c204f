//! What to do about the Lease: pure, given what was seen of it and when.
//!
//! Times are [boot times](crate::state::boot_time) of this machine. A Lease's own times come from another machine's
//! clock, so they serve only to see that something changed.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};

/// No holder may ask the others to wait longer. The bound of `--lease-duration`.
const LONGEST: Duration = Duration::from_secs(600);

/// What a Lease says, as far as an election cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    holder: Option<String>,
    renewed: Option<MicroTime>,
    transitions: i32,
    duration: Duration,
}

impl Record {
    pub fn of(lease: &Lease) -> Self {
        let spec = lease.spec.clone().unwrap_or_default();
        let seconds = spec
            .lease_duration_seconds
            .and_then(|s| u64::try_from(s).ok());
        Self {
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            renewed: spec.renew_time,
            transitions: spec.lease_transitions.unwrap_or_default(),
            duration: Duration::from_secs(seconds.unwrap_or_default()),
        }
    }
}

/// A record, and when it was first seen here.
#[derive(Clone, Debug)]
pub struct Observed {
    record: Record,
    since: Duration,
}

impl Observed {
    /// Looks again: the time of the first sight stands while nothing changed.
    pub fn look(before: Option<Self>, record: Record, now: Duration) -> Self {
        match before {
            Some(before) if before.record == record => before,
            _ => Self { record, since: now },
        }
    }
}

/// What a candidate does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is no Lease.
    Create,
    /// Nobody holds it, or its holder has been silent for its duration.
    Take,
    /// It is ours already: an answer was lost.
    Renew,
    /// It is another's.
    Wait,
}

/// Decides for the candidate `me`, whose own lease duration is `ours`. `seen` is None if there is
/// no Lease. The longer of both durations counts: it may just be changing from one release to
/// the next.
pub fn decide(me: &str, ours: Duration, seen: Option<&Observed>, now: Duration) -> Decision {
    let Some(Observed { record, since }) = seen else {
        return Decision::Create;
    };
    let patience = record.duration.min(LONGEST).max(ours);
    match record.holder.as_deref() {
        None => Decision::Take,
        Some(holder) if holder == me => Decision::Renew,
        Some(_) if now.saturating_sub(*since) >= patience => Decision::Take,
        Some(_) => Decision::Wait,
    }
}

/// The spec that a holder `me` writes at the wall-clock time `now`: a new one, or, at a renewal,
/// `before` with a new time.
pub fn spec(
    before: LeaseSpec,
    me: &str,
    duration: Duration,
    renewal: bool,
    now: MicroTime,
) -> LeaseSpec {
    let transitions = before.lease_transitions.unwrap_or_default();
    // Rounded up: others must never wait less than we count on.
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    LeaseSpec {
        holder_identity: Some(me.to_owned()),
        acquire_time: if renewal {
            before.acquire_time
        } else {
            Some(now.clone())
        },
        renew_time: Some(now),
        lease_duration_seconds: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
        lease_transitions: Some(if renewal {
            transitions
        } else {
            transitions.saturating_add(1)
        }),
        ..before
    }
}

/// True if a Lease found at a lost race, `found`, shows that nobody else held it since `last`,
/// the one that was written last: the same object, the same holder, no transition.
pub fn still_held(last: &Lease, found: &Lease) -> bool {
    let (then, now) = (Record::of(last), Record::of(found));
    last.metadata.uid == found.metadata.uid
        && then.holder == now.holder
        && then.transitions == now.transitions
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
    use proptest::prelude::*;

    use super::*;

    const OURS: Duration = Duration::from_secs(30);

    fn at(seconds: i64) -> MicroTime {
        MicroTime(Timestamp::from_second(seconds).expect("in range"))
    }

    fn lease(holder: &str, renewed: i64, transitions: i32, seconds: i32) -> Lease {
        let metadata = ObjectMeta {
            uid: Some("u".to_owned()),
            ..ObjectMeta::default()
        };
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            renew_time: Some(at(renewed)),
            lease_transitions: Some(transitions),
            lease_duration_seconds: Some(seconds),
            ..LeaseSpec::default()
        };
        Lease {
            metadata,
            spec: Some(spec),
        }
    }

    fn seen(lease: &Lease, since: Duration) -> Observed {
        Observed::look(None, Record::of(lease), since)
    }

    #[test]
    fn absent_released_and_own_need_no_patience() {
        let now = Duration::from_secs(7);
        assert_eq!(decide("me", OURS, None, now), Decision::Create);
        assert_eq!(
            decide("me", OURS, Some(&seen(&lease("", 1, 1, 30), now)), now),
            Decision::Take
        );
        assert_eq!(
            decide("me", OURS, Some(&seen(&Lease::default(), now)), now),
            Decision::Take
        );
        assert_eq!(
            decide("me", OURS, Some(&seen(&lease("me", 1, 1, 30), now)), now),
            Decision::Renew
        );
    }

    #[test]
    fn a_sign_of_life_starts_the_patience_anew() {
        let secs = Duration::from_secs;
        let first = seen(&lease("other", 100, 1, 30), secs(0));
        let again = Observed::look(
            Some(first),
            Record::of(&lease("other", 100, 1, 30)),
            secs(29),
        );
        assert_eq!(decide("me", OURS, Some(&again), secs(29)), Decision::Wait);
        assert_eq!(decide("me", OURS, Some(&again), secs(30)), Decision::Take);
        let renewed = Observed::look(
            Some(again),
            Record::of(&lease("other", 110, 1, 30)),
            secs(30),
        );
        assert_eq!(decide("me", OURS, Some(&renewed), secs(59)), Decision::Wait);
        assert_eq!(decide("me", OURS, Some(&renewed), secs(60)), Decision::Take);
    }

    #[test]
    fn only_the_same_object_and_holder_without_transition_is_still_ours() {
        let last = lease("me", 1, 4, 30);
        assert!(still_held(&last, &lease("me", 9, 4, 30)));
        assert!(!still_held(&last, &lease("other", 9, 5, 30)));
        assert!(!still_held(&last, &lease("me", 9, 6, 30)));
        assert!(!still_held(&last, &lease("", 1, 4, 30)));
        let mut recreated = lease("me", 9, 4, 30);
        recreated.metadata.uid = Some("v".to_owned());
        assert!(!still_held(&last, &recreated));
    }

    proptest! {
        /// The wall clock of the holder, however wrong, never shortens or lengthens the wait.
        #[test]
        fn the_wait_is_by_local_time(
            renewed in -1_000_000_000_i64..4_000_000_000, theirs in -5_i32..2000, since in 0_u64..9999,
            waited in 0_u64..2000,
        ) {
            let observed = seen(&lease("other", renewed, 1, theirs), Duration::from_secs(since));
            let now = Duration::from_secs(since + waited);
            let patience = u64::try_from(theirs.min(600)).unwrap_or(0).max(30);
            let expected = if waited >= patience { Decision::Take } else { Decision::Wait };
            prop_assert_eq!(decide("me", OURS, Some(&observed), now), expected);
        }

        #[test]
        fn a_takeover_is_a_transition_and_a_renewal_is_none(
            transitions in 0_i32..=i32::MAX, ms in 1_000_u64..600_000,
        ) {
            let before = lease("other", 1, transitions, 30).spec.expect("a spec");
            let duration = Duration::from_millis(ms);
            let taken = spec(before, "me", duration, false, at(50));
            prop_assert_eq!(taken.lease_transitions, Some(transitions.saturating_add(1)));
            prop_assert_eq!((&taken.acquire_time, &taken.renew_time), (&Some(at(50)), &Some(at(50))));
            let told = Duration::from_secs(u64::try_from(taken.lease_duration_seconds.unwrap_or(0)).unwrap_or(0));
            prop_assert!(told >= duration && told - duration < Duration::from_secs(1));
            let renewed = spec(taken.clone(), "me", duration, true, at(60));
            prop_assert_eq!(renewed.lease_transitions, taken.lease_transitions);
            prop_assert_eq!((renewed.acquire_time, renewed.renew_time), (Some(at(50)), Some(at(60))));
        }
    }
}
