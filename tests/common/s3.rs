//! A real S3 server for tests.

use std::{
    env,
    io::{self, Write},
};

use mixtap::sandbox::s3::{S3, S3Options};

/// A server, gone when it is dropped or the process ends.
///
/// `None` where none can be had: the test is to return, and has said so. With `CI=true` that is a
/// failure.
pub async fn start() -> Option<S3> {
    // Twice is fine: both choose the same provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = S3Options {
        guard: env!("CARGO_BIN_EXE_mixtap").into(),
        dir: None,
    };
    match S3::start(options, &say).await {
        Ok(server) => Some(server),
        Err(error) => skip(&error.to_string()),
    }
}

fn skip(reason: &str) -> Option<S3> {
    let ci = env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!ci, "{reason}");
    say(&format!("SKIPPED: {reason}"));
    None
}

/// Past the harness, which keeps what tests print to itself until they fail.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "s3: {line}");
}
