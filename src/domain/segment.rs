//! Segment names, and which export may write a segment that several ask for.

use jiff::Timestamp;

use super::plan::{CohortRef, Destination};
use super::shape::Shape;
use crate::api::CohortExportStatus;

const NAME_MAX: usize = 128;
const DEFAULT_PREFIX: &str = "Mixpanel - ";

/// The name of a segment whose spec gives none: `Mixpanel - <cohort name>`, cut where it is too
/// long and then told apart by the cohort's id. At most 128 characters.
pub fn default_name(cohort_name: &str, cohort_id: i64) -> String {
    let clean: String = cohort_name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let name = format!("{DEFAULT_PREFIX}{}", clean.trim());
    if name.chars().count() <= NAME_MAX {
        return name;
    }
    let end = format!(" ({cohort_id})");
    let kept: String = name.chars().take(NAME_MAX - end.len()).collect();
    format!("{}{end}", kept.trim_end())
}

/// The default name that an earlier run fixed for this cohort: a renamed cohort makes no second
/// segment. `shape` is that of this spec, which gives no name. A name that the last run was given
/// is no default, however it begins: then neither its basis nor its cohort's name says so.
pub fn fixed_default(
    cohort: &CohortRef,
    shape: Option<Shape>,
    status: &CohortExportStatus,
) -> Option<String> {
    let known = status.cohort.as_ref()?;
    let same = match cohort {
        CohortRef::Id(id) => known.id == *id,
        CohortRef::Name(name) => known.name == *name,
    };
    let name = &status.segment.as_ref()?.name;
    let last = status.last_run.as_ref().map(|run| &run.id);
    let last = last.or(status.restored_run.as_ref());
    let last = last.and_then(|id| Shape::of_run(id));
    let unnamed = last.is_some_and(|last| Some(last.basis) == shape.map(|shape| shape.basis));
    let default = unnamed || *name == default_name(&known.name, known.id);
    (same && default).then(|| name.clone())
}

/// Whether status records an upload to this segment by an export of this shape's basis.
pub fn recorded(status: &CohortExportStatus, shape: Shape, segment: &str) -> bool {
    let last = status.last_run.as_ref().map(|run| &run.id);
    let ran = last.or(status.restored_run.as_ref());
    let ran = ran.and_then(|id| Shape::of_run(id));
    let same = ran.is_some_and(|ran| ran.basis == shape.basis);
    same && status.segment.as_ref().is_some_and(|s| s.name == segment)
}

/// An export that asks for a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub created: Timestamp,
    pub suspended: bool,
    /// Whether its status records a successful upload to this segment.
    pub uploaded: bool,
    /// The list that it asks for; `None` while its name isn't resolved.
    pub wants: Option<Destination>,
}

impl Claimant {
    /// Who comes first: a recorded upload, then age, then uid.
    fn rank(&self) -> (bool, Timestamp, &str) {
        (!self.uploaded, self.created, &self.uid)
    }
}

/// The export that keeps `mine` from writing its segment, if there is one. A suspended export that
/// never uploaded doesn't count until it is resumed.
pub fn rival<'a>(mine: &Claimant, others: &'a [Claimant]) -> Option<&'a Claimant> {
    mine.wants.as_ref()?;
    others
        .iter()
        .filter(|other| other.uid != mine.uid && other.wants == mine.wants)
        .filter(|other| other.uploaded || !other.suspended)
        .filter(|other| other.rank() < mine.rank())
        .min_by(|a, b| a.rank().cmp(&b.rank()))
}

/// What to tell of a rival; its name only where it lives in the same namespace.
pub fn conflict_message(mine: &Claimant, rival: &Claimant) -> String {
    let who = if rival.namespace == mine.namespace {
        format!("CohortExport {}", rival.name)
    } else {
        "A CohortExport in another namespace".to_owned()
    };
    format!(
        "{who} already writes this segment of this CleverTap project; give one of them another spec.segmentName."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn claimant(uid: &str, created: i64, uploaded: bool, suspended: bool) -> Claimant {
        Claimant {
            namespace: "growth".into(),
            name: format!("export-{uid}"),
            uid: uid.into(),
            created: Timestamp::from_second(created).unwrap(),
            suspended,
            uploaded,
            wants: Some(Destination {
                host: "h".into(),
                project: "p".into(),
                segment: "s".into(),
            }),
        }
    }

    #[test]
    fn a_default_is_told_from_a_name_that_was_given() {
        let (unnamed, named) = (Shape { basis: 1, whole: 1 }, Shape { basis: 2, whole: 2 });
        let after = |ran: Shape, segment: &str, cohort: &str| -> CohortExportStatus {
            let time = "2026-01-01T00:00:00Z";
            let run = json!({ "id": ran.run_id("uid", "due"), "reason": "Scheduled",
                "startedTime": time, "finishedTime": time, "generation": 1, "members": 1,
                "exported": 1, "added": 0, "removed": 0, "unchanged": 1, "skippedAnonymous": 0,
                "skippedNoIdentity": 0, "duplicates": 0, "profilesCreated": 0,
                "profilesRejected": 0, "uploaded": false });
            let status = json!({ "cohort": { "id": 7, "name": cohort },
                "segment": { "name": segment }, "lastRun": run });
            serde_json::from_value(status).unwrap()
        };
        let fixed =
            |status: &CohortExportStatus| fixed_default(&CohortRef::Id(7), Some(unnamed), status);
        let cart = || Some("Mixpanel - Cart".to_owned());
        // Renamed since, or with another identity in spec since.
        assert_eq!(fixed(&after(unnamed, "Mixpanel - Cart", "Trolley")), cart());
        assert_eq!(fixed(&after(named, "Mixpanel - Cart", "Cart")), cart());
        assert_eq!(fixed(&after(named, "Mixpanel - Given", "Cart")), None);
        assert_eq!(fixed(&after(named, "Given", "Cart")), None);
        let other = after(unnamed, "Mixpanel - Cart", "Cart");
        assert_eq!(
            fixed_default(&CohortRef::Id(8), Some(unnamed), &other),
            None
        );
        // An export that can't be used keeps what its status alone tells.
        assert_eq!(fixed_default(&CohortRef::Id(7), None, &other), cart());
    }

    #[test]
    fn an_upload_wins_then_age_then_uid() {
        let young_uploader = claimant("c", 30, true, true);
        let old = claimant("b", 10, false, false);
        let twin = claimant("a", 10, false, false);
        let all = [young_uploader.clone(), old.clone(), twin.clone()];
        assert_eq!(rival(&young_uploader, &all), None);
        assert_eq!(rival(&old, &all), Some(&young_uploader));
        assert_eq!(rival(&old, &all[1..]), Some(&twin));
        let asleep = claimant("0", 1, false, true);
        assert_eq!(rival(&twin, &[asleep]), None);
    }

    #[test]
    fn another_namespace_is_not_named() {
        let mine = claimant("a", 1, false, false);
        let other = Claimant {
            namespace: "billing".into(),
            ..claimant("b", 0, false, false)
        };
        assert!(!conflict_message(&mine, &other).contains("export-b"));
        assert!(conflict_message(&mine, &claimant("b", 0, false, false)).contains("export-b"));
    }

    proptest! {
        #[test]
        fn a_segment_has_exactly_one_winner(list in prop::collection::vec((0_i64..5, any::<bool>(), any::<bool>()), 1..8)) {
            let all: Vec<_> = list.iter().enumerate()
                .map(|(i, (created, uploaded, suspended))| claimant(&i.to_string(), *created, *uploaded, *suspended))
                .collect();
            let awake: Vec<_> = all.iter().filter(|c| c.uploaded || !c.suspended).collect();
            let winners = awake.iter().filter(|c| rival(c, &all).is_none()).count();
            prop_assert_eq!(winners, awake.len().min(1));
        }

        #[test]
        fn a_default_name_is_short_and_tells_cohorts_apart(name in "\\PC{1,255}", id in 1_i64..i64::MAX) {
            let segment = default_name(&name, id);
            prop_assert!(segment.chars().count() <= 128);
            prop_assert!(segment.starts_with("Mixpanel -"));
            if name.trim().chars().count() > 117 {
                let end = format!(" ({})", id);
                prop_assert!(segment.ends_with(&end));
            }
        }
    }
}
