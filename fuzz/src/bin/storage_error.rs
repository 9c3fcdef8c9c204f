//! An error of the storage that lists are uploaded to.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::clevertap::fuzz::storage_error(input));
