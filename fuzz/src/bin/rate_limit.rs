//! Mixpanel's rate limit headers, and the text of a 429.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| mixtap::mixpanel::fuzz::rate_limit(input));
