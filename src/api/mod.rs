//! The types that users write and read back: group `mixtap.dev`, version `v1alpha1`.

pub mod cohort_export;
pub mod conditions;
pub mod connector;
pub mod duration;
pub mod export_status;

pub use cohort_export::{
    CohortExport, CohortExportSpec, CohortSelector, ConnectorRef, ExistingSegment,
    IdentityFallback, MissingProfiles, OnEmpty, SyncType,
};
pub use connector::{
    CleverTapConnector, CleverTapConnectorSpec, CleverTapConnectorStatus, Datacenter, Endpoints,
    Limits, MixpanelSpec, ObservedSecrets, PasscodeSecretRef, Region, ServiceAccountSecretRef,
    TotalCheck,
};
pub use duration::DurationString;
pub use export_status::{
    CohortExportStatus, CohortStatus, CurrentRun, Held, LastFailure, LastRun, SegmentStatus,
};

/// The API group of both kinds.
pub const GROUP: &str = "mixtap.dev";

/// What the name of a Kubernetes object looks like (RFC 1123 subdomain): no slash, so that a
/// reference never leads out of its namespace.
const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// Annotation on a `CohortExport`: a token (1..64 printable characters) that asks for a run now.
pub const REQUESTED_AT: &str = "mixtap.dev/requested-at";

/// Annotation on a `CohortExport`: the `status.held.id` of a held run that may pass once.
pub const RELEASE_HOLD: &str = "mixtap.dev/release-hold";

/// The one field manager of every write of ours; renaming it would orphan fields.
pub const FIELD_MANAGER: &str = "mixtap";
