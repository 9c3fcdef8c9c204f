//! Why an export fails, by reason.

use crate::domain::Reason;
use crate::page::advice::Words;

const WAIT: &str = "Nothing at first: usually it passes.";

/// What happened, and what is to be done. `None` where an export doesn't fail for it, or
/// more is known than the reason.
pub(super) fn of(reason: Reason) -> Option<Words> {
    Some(match reason {
        Reason::InvalidSpec => (
            "A setting of this export can't be used, so it doesn't run.",
            &[
                "Pass the message on to whoever set up this export: it says what must be \
                 corrected.",
            ],
        ),
        Reason::SourceUnavailable => (
            "Mixpanel couldn't be reached, or couldn't say whether the cohort exists.",
            &[
                WAIT,
                "If it lasts, look at Mixpanel's status page. If Mixpanel is well, tell whoever \
                 runs mixtap: the way there may be blocked.",
            ],
        ),
        Reason::DestinationUnavailable => (
            "CleverTap, or the storage that it takes lists by, couldn't be reached or couldn't \
             take the data.",
            &[
                WAIT,
                "If it lasts, look at CleverTap's status page. If CleverTap is well, tell \
                 whoever runs mixtap: the way there may be blocked.",
            ],
        ),
        Reason::RateLimited => (
            "Mixpanel or CleverTap, whichever the message names, takes no more calls for now.",
            &[
                WAIT,
                "If it comes back again and again with Mixpanel: others use up the queries that \
                 the project has in an hour. Find out which reports or scripts do, or let \
                 whoever set up the connector leave more to them (queriesPerHour).",
            ],
        ),
        Reason::IncompleteRead => (
            "What Mixpanel gave isn't the whole cohort, so it isn't used: no update is better \
             than one that members are missing from.",
            &[
                WAIT,
                "If it lasts, pass the message on to whoever set up the connector (totalCheck).",
            ],
        ),
        Reason::RunInterrupted => (
            "mixtap itself ended in the middle of this run, more than once.",
            &[
                WAIT,
                "If it comes back, whoever runs mixtap looks for the cause: too little memory, \
                 or restarts more often than a run takes.",
            ],
        ),
        Reason::StateUnavailable => (
            "mixtap can't get at the store where it remembers its lists. That concerns all \
             exports.",
            &[
                "Tell whoever runs mixtap at once, with the message: the store is full, away, \
                 or can't be written.",
            ],
        ),
        Reason::ScratchUnavailable => (
            "mixtap has no disk space to work on this cohort. That may concern all exports.",
            &[
                "Tell whoever runs mixtap, with the message: the scratch disk needs more room, \
                 or can't be written.",
            ],
        ),
        Reason::CohortNotFound => (
            "Mixpanel has no such cohort: it was deleted or renamed, or is in another project.",
            &[
                "Look for the cohort in Mixpanel, in the project that the connector's card \
                 names. Was it renamed by mistake? Then give it its name back.",
                "Otherwise whoever set up this export names the right cohort, best by the id \
                 that stands in its address: it stays the same when the cohort is renamed.",
            ],
        ),
        Reason::CohortAmbiguous => (
            "Mixpanel has more than one cohort of this name, and only one can be meant.",
            &[
                "Rename the others in Mixpanel, or tell whoever set up this export which one is \
                 meant: the message names their ids.",
            ],
        ),
        Reason::GroupCohort => (
            "This cohort is one of groups, such as companies. Only cohorts of users can be \
             exported.",
            &[
                "Choose or make a cohort of users in Mixpanel, and tell whoever set up this \
                 export.",
            ],
        ),
        Reason::SourceRefused => (
            "Mixpanel refuses to give this cohort, though it exists. The message has Mixpanel's \
             words.",
            &[
                "Open the cohort in Mixpanel: does it show its users? If not, correct its \
                 definition.",
                "If it does, pass the message on to whoever set up the connector: the data view \
                 (workspace) or the page size may be wrong.",
            ],
        ),
        Reason::DestinationRefused => (
            "CleverTap refuses the list. The message has CleverTap's words, where it gave any.",
            &[
                "Do what they ask for. If they speak of a campaign that uses the segment, stop \
                 that until the next sync is done.",
                "If they don't help, ask CleverTap's support, with the message.",
            ],
        ),
        Reason::SegmentExists => (
            "CleverTap has a segment of this name already, and this export was told not to \
             replace one. Profiles of new members may have been sent.",
            &[
                "Look at that segment in CleverTap: may its members be replaced by this \
                 cohort's?",
                "Whoever set up this export then permits that (existingSegment), or chooses \
                 another name for the segment.",
            ],
        ),
        Reason::SegmentConflict => (
            "Another export, which the message names, writes the same segment, and only one \
             may.",
            &[
                "Decide which of the two the segment is for.",
                "Whoever set them up gives the other one another segment, or deletes it. \
                 Deleting an export leaves the segment in CleverTap.",
            ],
        ),
        Reason::StateTooNew => (
            "A newer release of mixtap remembered this list, in a way that the one that runs \
             now can't read.",
            &[
                "Tell whoever runs mixtap to go back to the newer release.",
            ],
        ),
        // Told with more than the reason.
        Reason::ConnectorNotReady
        | Reason::HeldEmpty
        | Reason::HeldShrink
        // Nothing failed.
        | Reason::Synced
        | Reason::Completed
        | Reason::AlreadyExported
        | Reason::Suspended
        | Reason::Exporting
        | Reason::Queued
        | Reason::QueryBudget
        // A connector's own.
        | Reason::Connected
        | Reason::Checking
        | Reason::InvalidCredentials
        | Reason::PlanWithoutApi
        | Reason::Forbidden
        | Reason::SecretNotFound
        | Reason::SecretKeyMissing
        | Reason::Unreachable => return None,
    })
}
