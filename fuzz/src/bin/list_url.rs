//! The address that a list is to be uploaded to.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::clevertap::fuzz::list_url(input));
