//! CleverTap's answer to a batch of profiles.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::clevertap::fuzz::reply(input));
