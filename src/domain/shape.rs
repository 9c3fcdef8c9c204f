//! What a list holds, as one number: a run's id begins with it, so that status alone tells whether
//! a generation changed what is exported.

use serde::Serialize;

use super::plan::{CohortRef, ConnectorPlan, ExportPlan};

/// Fingerprints of the fields that say what a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Cohort, identity fields and the list itself: where these are equal, the last run speaks of
    /// the same list.
    pub basis: u32,
    /// All fields of the shape.
    pub whole: u32,
}

impl Shape {
    /// The shape of an export by a connector. A release that adds a field must leave the numbers
    /// of exports without it as they are, or it runs every one-time export again.
    pub fn of(connector: &ConnectorPlan, export: &ExportPlan) -> Self {
        let cohort = match &export.cohort {
            CohortRef::Id(id) => ("id", id.to_string()),
            CohortRef::Name(name) => ("name", name.clone()),
        };
        let identity = (&export.identity.property, export.identity.fallback);
        let list = (
            &export.segment_name,
            &connector.clevertap_project,
            connector.datacenter,
        );
        let source = (
            connector.mixpanel_project,
            connector.mixpanel_workspace,
            connector.region,
        );
        let basis = fingerprint("basis", &(cohort, identity, list, source));
        let profiles = (export.create_profiles, &export.profile_properties);
        let whole = fingerprint("shape", &(basis, profiles));
        Self { basis, whole }
    }

    /// The id of the run that is due at `due` (any stable text): the same after a crash.
    pub fn run_id(self, uid: &str, due: &str) -> String {
        format!("{self}-{:08x}", fingerprint("run", &(uid, due)))
    }

    /// The shape that a run's id begins with.
    pub fn of_run(id: &str) -> Option<Self> {
        let (shape, _) = id.split_once('-')?;
        let basis = u32::from_str_radix(shape.get(..8)?, 16).ok()?;
        let whole = u32::from_str_radix(shape.get(8..)?, 16).ok()?;
        (shape.len() == 16).then_some(Self { basis, whole })
    }
}

/// What a member's identity is made of, and of which Mixpanel project: where this and the cohort's
/// id are equal, two lists can be compared, whatever else of the shape has changed.
pub fn identity_fingerprint(connector: &ConnectorPlan, export: &ExportPlan) -> u32 {
    let rule = &export.identity;
    let fields = (&rule.property, rule.fallback, connector.mixpanel_project);
    fingerprint("identity", &fields)
}

/// 16 hexadecimal digits: the basis, then the whole.
impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}{:08x}", self.basis, self.whole)
    }
}

/// A number that is the same on every machine and in every release: of the JSON, since the
/// language's own hashes promise no stable layout.
fn fingerprint(what: &str, value: &impl Serialize) -> u32 {
    let json = serde_json::to_vec(value).expect("strings, numbers and unit enums serialize");
    let mut hasher = blake3::Hasher::new_derive_key(&format!("mixtap v1 {what}"));
    hasher.update(&json);
    let mut bytes = [0; 4];
    hasher.finalize_xof().fill(&mut bytes);
    u32::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_carries_its_shape() {
        let shape = Shape {
            basis: 0xabc,
            whole: 0xffff_fff0,
        };
        let id = shape.run_id("uid-1", "2026-01-01T00:00:00Z");
        assert!(id.starts_with("00000abcfffffff0-"), "{id}");
        assert_eq!(Shape::of_run(&id), Some(shape));
        assert_eq!(id, shape.run_id("uid-1", "2026-01-01T00:00:00Z"));
        assert_ne!(id, shape.run_id("uid-2", "2026-01-01T00:00:00Z"));
        assert_ne!(id, shape.run_id("uid-1", "2026-01-01T00:15:00Z"));
        for bad in [
            "",
            "-",
            "xyz",
            "00000abc-1",
            "00000abcfffffff01-1",
            "€€€€€€-1",
        ] {
            assert_eq!(Shape::of_run(bad), None, "{bad}");
        }
    }

    #[test]
    fn fingerprints_never_change_between_releases() {
        let value = fingerprint("basis", &(("id", "4311"), None::<String>, 7, true));
        assert_eq!(
            value, 3701546628,
            "a change here runs every one-time export again"
        );
    }
}
