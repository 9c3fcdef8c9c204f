//! The list of cohorts, and what the App API says of one.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::mixpanel::fuzz::cohorts(input));
