//! The page over HTTP: its JSON, what browsers that are open hear, and what a connection may do.

use super::*;
use crate::page::testing::Shown;
use crate::state::State;

mod api;
mod browser;
mod connection;
mod histories;
mod slow;
mod told;

/// A page, and where it is served.
async fn served(page: &Page) -> String {
    served_until(page, CancellationToken::new()).await.0
}

/// The same until it is told to end, and its end.
async fn served_until(
    page: &Page,
    shutdown: CancellationToken,
) -> (String, tokio::task::JoinHandle<io::Result<()>>) {
    // The provider is a process-wide default that `main` installs; tests need one too.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (base, tokio::spawn(serve(listener, page.clone(), shutdown)))
}

/// A leader's page of what a test changes.
fn leading(shown: &Shown) -> Page {
    let page = Page::default();
    page.lead(shown.view(&State::open("memory:///", "").unwrap()));
    page
}
