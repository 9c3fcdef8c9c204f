//! What an answer of CleverTap's means.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::clevertap::fuzz::verdict(input));
