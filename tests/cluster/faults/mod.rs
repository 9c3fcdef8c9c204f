//! Faults: nothing lost, nothing removed wrongly.

mod any_call;
mod clevertap;
mod cohort;
mod first;
mod mixpanel;
mod moving;
