//! State and lists against a real S3 server: one that checks signatures, expiry and lengths.
#![cfg(feature = "sandbox")]

mod lists;
mod locks;
mod outages;
mod proxy;
#[path = "../common/s3.rs"]
mod server;
#[path = "../common/snapshots.rs"]
mod snapshots;
mod state;

use mixtap::domain::Destination;
use mixtap::sandbox::s3::{BUCKET, S3};
use mixtap::state::State;
use tokio::sync::OnceCell;

/// One server for all tests but those that stop theirs.
async fn shared() -> Option<&'static S3> {
    static SERVER: OnceCell<Option<S3>> = OnceCell::const_new();
    SERVER.get_or_init(server::start).await.as_ref()
}

/// The state below `prefix`, as a process of its own would open it.
fn open(s3: &S3, prefix: &str) -> State {
    let url = format!("s3://{BUCKET}/team");
    State::open_with(&url, prefix, s3.env()).expect("an address that can be used")
}

/// The same, with these settings in place of the server's own.
fn open_with(s3: &S3, settings: &[(&str, &str)]) -> State {
    let given = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = s3.env().into_iter().chain(given);
    let url = format!("s3://{BUCKET}/team");
    State::open_with(&url, "", settings).expect("an address that can be used")
}

fn list(segment: &str) -> Destination {
    Destination {
        host: "api.example.com".into(),
        project: "TEST-1".into(),
        segment: segment.into(),
    }
}
