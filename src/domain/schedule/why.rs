//! What a run is for.

/// Why a run runs; stands in `currentRun.reason` and `lastRun.reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    First,
    NewShape,
    SpecChanged,
    Scheduled,
    Requested,
    Released,
    Retry,
    Resumed,
    Confirming,
    /// Of a dynamic export that became a one-time one: what its last run brought is what stays.
    Frozen,
}

impl Why {
    /// As it stands in status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "First",
            Self::NewShape => "NewShape",
            Self::SpecChanged => "SpecChanged",
            Self::Scheduled => "Scheduled",
            Self::Requested => "Requested",
            Self::Released => "Released",
            Self::Retry => "Retry",
            Self::Resumed => "Resumed",
            Self::Confirming => "Confirming",
            Self::Frozen => "Frozen",
        }
    }
}
