//! Condition types, and how a list of conditions is written.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

pub const STALLED: &str = "Stalled";
pub const RECONCILING: &str = "Reconciling";
pub const READY: &str = "Ready";
pub const CONNECTED: &str = "Connected";
pub const SYNCED: &str = "Synced";
pub const INTERVAL_STRETCHED: &str = "IntervalStretched";

/// The order in which conditions stand.
const ORDER: [&str; 6] = [
    STALLED,
    RECONCILING,
    READY,
    CONNECTED,
    SYNCED,
    INTERVAL_STRETCHED,
];

/// The longest message that a condition carries (metav1.Condition permits 32768 bytes).
pub const MESSAGE_MAX: usize = 1024;

/// A condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    True,
    False,
    Unknown,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    /// The status that a condition carries; what isn't one says nothing.
    pub fn of(condition: &Condition) -> Self {
        match condition.status.as_str() {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }
}

/// The condition of this type, if it is there.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == kind)
}

/// Where a condition of this type stands in the list.
pub fn rank(kind: &str) -> usize {
    let known = ORDER.iter().position(|k| *k == kind);
    known.unwrap_or(ORDER.len())
}

/// Sets one condition; `lastTransitionTime` moves only where the status changes. A message is of
/// one line: names and words of others may hold control characters.
pub fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    status: Status,
    reason: &str,
    message: &str,
    generation: i64,
    now: Time,
) {
    let old = find(conditions, kind);
    let since = match old {
        Some(c) if c.status == status.as_str() => c.last_transition_time.clone(),
        _ => now,
    };
    let new = Condition {
        type_: kind.to_owned(),
        status: status.as_str().to_owned(),
        reason: reason.to_owned(),
        message: cut(message, MESSAGE_MAX).replace(char::is_control, " "),
        observed_generation: Some(generation),
        last_transition_time: since,
    };
    conditions.retain(|c| c.type_ != kind);
    conditions.push(new);
    conditions.sort_by_key(|c| rank(&c.type_));
}

/// Takes a condition away.
pub fn remove(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|c| c.type_ != kind);
}

/// The longest prefix of at most `max` bytes that ends between characters.
pub fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn conditions_stand_in_one_order_and_remember_since_when() {
        let mut list = Vec::new();
        for (second, kind) in [SYNCED, READY, "Other", STALLED].into_iter().enumerate() {
            set(
                &mut list,
                kind,
                Status::True,
                "A",
                "a",
                1,
                at(second as i64),
            );
        }
        set(&mut list, READY, Status::True, "B", "b\nc", 2, at(9));
        set(&mut list, SYNCED, Status::False, "B", "b", 2, at(9));
        let told: Vec<_> = list
            .iter()
            .map(|c| (c.type_.as_str(), c.last_transition_time.0.as_second()))
            .collect();
        assert_eq!(told, [(STALLED, 3), (READY, 1), (SYNCED, 9), ("Other", 2)]);
        let ready = find(&list, READY).unwrap();
        assert_eq!(
            (ready.reason.as_str(), ready.message.as_str()),
            ("B", "b c")
        );
        assert_eq!(ready.observed_generation, Some(2));
        remove(&mut list, READY);
        assert_eq!(find(&list, READY), None);
    }

    proptest! {
        #[test]
        fn a_cut_is_the_longest_prefix_that_fits(text in "\\PC{0,40}", max in 0_usize..60) {
            let short = cut(&text, max);
            prop_assert!(text.starts_with(short) && short.len() <= max);
            let next = text[short.len()..].chars().next();
            prop_assert!(next.is_none_or(|c| short.len() + c.len_utf8() > max));
        }
    }
}
