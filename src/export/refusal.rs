//! What the vendors' errors mean for a run.

use std::fmt::Display;
use std::time::Duration;

use super::gate::Stop;
use super::{RunError, Vendor};
use crate::domain::{Failure, Reason};
use crate::{clevertap, mixpanel};

/// Where a full budget doesn't say how long.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Asked for its cohorts.
pub(super) fn listing(error: mixpanel::Error) -> RunError {
    use mixpanel::Error;
    match error {
        // No path of ours is wrong, so the host is, and that is the connector's.
        Error::NotFound(_) => refused(Vendor::Mixpanel, Reason::InvalidSpec, &error),
        // Only a read takes a gate.
        Error::Stopped => RunError::Stopped(Stop::Shutdown),
        error => reading(error, Stop::Shutdown),
    }
}

/// Asked for members. That the cohort exists is proven where it matters.
pub(super) fn reading(error: mixpanel::Error, stop: Stop) -> RunError {
    use mixpanel::Error;
    let reason = match &error {
        Error::InvalidCredentials(_) => {
            return refused(Vendor::Mixpanel, Reason::InvalidCredentials, &error);
        }
        Error::PlanWithoutApi(_) => {
            return refused(Vendor::Mixpanel, Reason::PlanWithoutApi, &error);
        }
        Error::Forbidden(_) => return refused(Vendor::Mixpanel, Reason::Forbidden, &error),
        Error::RateLimited {
            ours: true,
            retry_after,
            ..
        } => {
            return RunError::Queued {
                retry_after: retry_after.unwrap_or(ASK_AGAIN),
            };
        }
        Error::Stopped => return RunError::Stopped(stop),
        Error::NotFound(_)
        | Error::Refused(_)
        | Error::TooManyPages { .. }
        | Error::PageTooLarge { .. } => Reason::SourceRefused,
        Error::RateLimited { .. } => Reason::RateLimited,
        Error::Unavailable { .. } => Reason::SourceUnavailable,
        Error::IncompleteRead(_) => Reason::IncompleteRead,
    };
    Failure::new(reason, format!("{error}."))
        .after(error.retry_after())
        .into()
}

/// Asked whether the cohort exists: what can't be proven isn't gone.
pub(super) fn proving(error: mixpanel::Error) -> RunError {
    use mixpanel::Error;
    match error {
        Error::InvalidCredentials(_)
        | Error::PlanWithoutApi(_)
        | Error::Forbidden(_)
        | Error::RateLimited { ours: true, .. } => listing(error),
        error => {
            let message = format!("Mixpanel can't say whether the cohort exists: {error}.");
            Failure::new(Reason::SourceUnavailable, message)
                .after(error.retry_after())
                .into()
        }
    }
}

/// Asked to write.
pub(super) fn writing(error: clevertap::Error, stop: Stop) -> RunError {
    use clevertap::Error;
    let reason = match &error {
        Error::InvalidCredentials(_) => {
            return refused(Vendor::CleverTap, Reason::InvalidCredentials, &error);
        }
        Error::Forbidden(_) => return refused(Vendor::CleverTap, Reason::Forbidden, &error),
        Error::Stopped => return RunError::Stopped(stop),
        Error::Refused(_) => Reason::DestinationRefused,
        Error::SegmentExists => Reason::SegmentExists,
        Error::RateLimited { .. } => Reason::RateLimited,
        Error::Unavailable { .. } => Reason::DestinationUnavailable,
        // The list on the scratch disk changed or vanished.
        Error::File(_) => Reason::ScratchUnavailable,
    };
    Failure::new(reason, format!("{error}."))
        .after(error.retry_after())
        .into()
}

fn refused(vendor: Vendor, reason: Reason, error: &impl Display) -> RunError {
    RunError::CredentialsRefused {
        vendor,
        failure: Failure::new(reason, format!("{error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_vanished_is_the_scratch_disks_fault() {
        let RunError::Failed(failure) = writing(clevertap::Error::File("gone"), Stop::Shutdown)
        else {
            panic!("no failure")
        };
        assert_eq!(failure.reason, Reason::ScratchUnavailable);
        assert_eq!(failure.message, "The file of the list can't be sent: gone.");
    }
}
