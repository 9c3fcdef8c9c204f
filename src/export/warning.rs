//! What a person should look at although a run succeeded.

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub reason: WarningReason,
    pub message: String,
}

macro_rules! reasons {
    ($($name:ident $doc:literal;)+) => {
        /// As it stands in events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum WarningReason { $(#[doc = $doc] $name,)+ }

        impl WarningReason {
            /// All of them, in the order of the table.
            pub const ALL: &'static [WarningReason] = &[$(WarningReason::$name,)+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }
        }
    };
}

reasons! {
    SnapshotDamaged "The snapshot was damaged or foreign, so the whole list went over.";
    PropertiesHidden "No member has any of the properties that were asked for.";
    ProfilesRejected "CleverTap rejected some profiles.";
    ProfilesPending "CleverTap couldn't take some profiles for now; the next run sends them again.";
    ValuesDropped "Values that CleverTap would refuse were left out of profiles.";
    PageSizeRefused "Mixpanel refuses the connector's `pageSize`, so its own is used.";
    NoConfirmation "The list can't be kept for its confirming upload.";
}
