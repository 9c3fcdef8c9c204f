//! Any server's word on when to come back.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::http::fuzz::retry_after(input));
