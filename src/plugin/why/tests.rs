use super::*;
use crate::mixpanel::Batch;

fn answer(distinct_id: &str, own: Option<&str>, fallback: IdentityFallback) -> Answer {
    let mut batch = Batch::new(1);
    batch.push(0, distinct_id, &[own]);
    let asked = Asked {
        cohort: (4311, "Cart drop off".into()),
        found: Found::Member(batch),
        rule: IdentityRule {
            property: "$CleverTap_user_id".into(),
            fallback,
            exclude_device_ids: true,
        },
        queries: 1,
    };
    Answer::of(distinct_id.to_owned(), asked, None)
        .ok()
        .unwrap()
}

#[test]
fn a_member_is_told_by_what_it_goes_or_why_not() {
    use IdentityFallback::{DistinctId, Skip};
    for (id, own, fallback, identity, because) in [
        (
            "u-1",
            Some("\"13793\""),
            DistinctId,
            Some("13793"),
            "by $CleverTap_user_id",
        ),
        (
            "u-1",
            Some("\"u-1\""),
            DistinctId,
            Some("u-1"),
            "by $CleverTap_user_id",
        ),
        ("u-1", None, DistinctId, Some("u-1"), "by the distinct id"),
        ("u-1", Some("true"), Skip, None, "identityFallback: Skip"),
        (
            "$device:1",
            Some("\"13793\""),
            Skip,
            None,
            "never identified",
        ),
        (" ", None, DistinctId, None, "neither"),
    ] {
        let answer = answer(id, own, fallback);
        assert_eq!(answer.identity.as_deref(), identity, "{id} {own:?}");
        assert!(answer.because.contains(because), "{}", answer.because);
        assert!(answer.member);
    }
}

#[test]
fn what_mixpanel_cannot_tell_is_no_answer() {
    let unclear = |found| Asked {
        found,
        cohort: (1, String::new()),
        rule: IdentityRule {
            property: "p".into(),
            fallback: IdentityFallback::Skip,
            exclude_device_ids: true,
        },
        queries: 1,
    };
    let answer = Answer::of("u".into(), unclear(Found::Unclear), None);
    assert!(answer.is_err());
    let absent = Answer::of("u".into(), unclear(Found::Absent), None)
        .ok()
        .unwrap();
    assert!(!absent.member && absent.identity.is_none());
}

#[test]
fn ids_are_one_line() {
    let none = io::empty;
    assert_eq!(user("u-1", none()).ok().as_deref(), Some("u-1"));
    assert_eq!(user("-", &b"u-1\r\n"[..]).ok().as_deref(), Some("u-1"));
    for bad in ["", "\n", "a\nb", "a\u{7}b"] {
        assert!(user(bad, none()).is_err());
        assert!(user("-", bad.as_bytes()).is_err());
    }
    assert!(user("-", &b"\xff"[..]).is_err());
}

#[test]
fn no_id_is_cut() {
    let (longest, longer) = ("é".repeat(LONGEST / 2), "é".repeat(LONGEST / 2 + 1));
    assert_eq!(user("-", longest.as_bytes()).ok(), Some(longest.clone()));
    assert_eq!(user(&longest, io::empty()).ok(), Some(longest));
    for refused in [user("-", longer.as_bytes()), user(&longer, io::empty())] {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("at most 4096 bytes"), "{said}");
    }
}
