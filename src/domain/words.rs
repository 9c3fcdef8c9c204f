//! Times, as people read them.

use jiff::{SignedDuration, Timestamp};

use super::counts::thousands;

/// How long ago `time` was: "3 minutes ago".
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    match now.duration_since(time) {
        past if past < SignedDuration::from_secs(1) => "just now".to_owned(),
        past => format!("{} ago", long(past)),
    }
}

/// How long until `time`: "in 12 minutes".
pub fn until(time: Timestamp, now: Timestamp) -> String {
    match time.duration_since(now) {
        left if left < SignedDuration::from_secs(1) => "now".to_owned(),
        left => format!("in {}", long(left)),
    }
}

/// A duration in its largest unit, rounded down: "3 minutes".
pub fn long(time: SignedDuration) -> String {
    let seconds = time.as_secs().unsigned_abs();
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    // Nothing is smaller than a second.
    let unit = units.iter().find(|(size, _)| seconds >= *size);
    let (size, name) = unit.unwrap_or(&units[3]);
    match seconds / size {
        1 => format!("1 {name}"),
        count => format!("{} {name}s", thousands(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (seconds, before, after) in [
            (0, "just now", "now"),
            (1, "1 second ago", "in 1 second"),
            (59, "59 seconds ago", "in 59 seconds"),
            (119, "1 minute ago", "in 1 minute"),
            (7_200, "2 hours ago", "in 2 hours"),
            (86_400_000, "1,000 days ago", "in 1,000 days"),
        ] {
            let time = SignedDuration::from_secs(seconds);
            assert_eq!(ago(now - time, now), before);
            assert_eq!(until(now + time, now), after);
        }
        // Clocks differ: what lies ahead was just now, and what is over is now.
        let minute = SignedDuration::from_mins(1);
        assert_eq!(ago(now + minute, now), "just now");
        assert_eq!(until(now - minute, now), "now");
    }
}
