//! A page of a cohort's members, cut into parts of any size.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::mixpanel::fuzz::page(input));
