//! A kept snapshot, whoever wrote it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mixtap::export::fuzz::snapshot(input));
