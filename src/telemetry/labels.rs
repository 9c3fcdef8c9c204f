//! The label values of metrics: closed sets, so that no series is ever named by an error.

use std::fmt::Write;

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

macro_rules! label_values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in the label.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $value,)+
                }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> std::fmt::Result {
                encoder.write_str(self.as_str())
            }
        }
    )+};
}

label_values! {
    /// Which kind of object.
    Kind {
        /// A `CleverTapConnector`.
        CleverTapConnector = "CleverTapConnector",
        /// A `CohortExport`.
        CohortExport = "CohortExport",
    }

    /// How a reconcile ended. A domain failure is told by the object's status, not here.
    ReconcileOutcome {
        /// The object was looked at and its status is as it should be.
        Success = "success",
        /// The API server refused, or was away.
        Error = "error",
    }

    /// Why a member is in no list.
    SkipReason {
        /// Mixpanel knows no user behind it.
        Anonymous = "anonymous",
        /// It lacks the identity property, and the fallback is `Skip`.
        NoIdentity = "no_identity",
        /// Another member has the same identity.
        Duplicate = "duplicate",
    }

    /// What became of a profile that was sent.
    ProfileOutcome {
        /// CleverTap took it.
        Accepted = "accepted",
        /// CleverTap refused this record.
        Rejected = "rejected",
    }

    /// What became of a list that was sent.
    ListOutcome {
        /// CleverTap accepted it.
        Accepted = "accepted",
        /// CleverTap refused it.
        Refused = "refused",
        /// It didn't get through.
        Failed = "failed",
    }
}
