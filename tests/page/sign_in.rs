//! Behind a proxy where people sign in: what the page says and does once that has ended.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::json;

use crate::browser::Browser;
use crate::proxy::{Mood, Proxy};
use crate::served::Served;

impl Browser {
    async fn until_signed_out(&self) {
        let text = "Your sign-in has ended: load the page again.";
        self.until_says("#connection", text).await;
    }

    /// Its reader looks at another window, and comes back.
    async fn leave_and_return(&self) {
        self.hide().await;
        self.show().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_the_sign_in_has_ended() {
    let Some(served) = Served::new("sign-in").await else {
        return;
    };
    // Where people sign in: nobody but they themselves goes there.
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let sign_in = format!("http://{}/", other.local_addr().expect("an address"));
    other.set_nonblocking(true).expect("no waiting");

    let proxy = Proxy::start(&served.url, Mood::Open).await;
    let mut browser = Browser::open(&proxy.url).await.expect("there is a browser");
    browser.forgives(&[
        "the server responded with a status of 401",
        // A stream can't be asked not to follow; the page's policy doesn't let it.
        "violates the following Content Security Policy directive: \\\"connect-src 'self'",
    ]);
    browser.goto("/").await;
    browser.until_live().await;
    browser.mark().await;
    for mood in [Mood::SignedOut, Mood::SentTo(sign_in)] {
        proxy.turns(mood);
        browser.until_signed_out().await;
        browser.until_says(&served.state("cart"), "Synced").await;
        // It asks anew, and is told the same.
        browser.leave_and_return().await;
        browser.until_signed_out().await;
        // Its reader has signed in, in another window.
        browser.hide().await;
        proxy.turns(Mood::Open);
        browser.show().await;
        browser.until_live().await;
    }
    served.suspend("cart", true).await;
    browser.until_says(&served.state("cart"), "Suspended").await;

    // Or the page is looked at all the time: it finds out by itself.
    proxy.turns(Mood::SignedOut);
    browser.until_signed_out().await;
    proxy.turns(Mood::Open);
    browser.until_live().await;
    browser.is_still_marked().await;
    let asked = other.accept().map(|_| json!("somebody went there"));
    assert_eq!(asked.map_err(|e| e.kind()), Err(ErrorKind::WouldBlock));
    // Chromium tells of where it was sent as of a request, though it makes none.
    browser.requests().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.close().await;
}
