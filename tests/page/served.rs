//! A world whose controller has a page.

use std::net::TcpListener;
use std::time::Duration;

use mixtap::api::CohortExport;
use serde_json::json;

use crate::browser::{Browser, driver};
use crate::process::Controller;
use crate::world::{PATIENCE, World};

pub struct Served {
    pub world: World,
    pub controller: Controller,
    /// `127.0.0.1:PORT`
    pub address: String,
    /// `http://` and that.
    pub url: String,
}

impl Served {
    /// With cohorts "Cart" (1) and "Crowd" (2), of which `cart` (Dynamic) and `crowd` (OneTime) were
    /// exported. `None` where there is no browser or no API server.
    pub async fn new(prefix: &str) -> Option<Self> {
        driver().await?;
        let world = World::new(prefix).await?;
        world.cohort(1, "Cart", 30);
        world.cohort(2, "Crowd", 200);
        world.dynamic("cart", 1, json!({ "interval": "1h" })).await;
        world.one_time("crowd", 2, json!({})).await;
        let served = Self::of(world, &[]).await;
        served.world.until_synced("cart", "True", "Synced").await;
        served
            .world
            .until_synced("crowd", "True", "Completed")
            .await;
        Some(served)
    }

    /// A controller with a page in this world.
    pub async fn of(world: World, flags: &[&str]) -> Self {
        let address = free();
        let controller = start(&world, &address, flags);
        controller.ready().await;
        let url = format!("http://{address}");
        until_answered(&url, 200).await;
        Self {
            world,
            controller,
            address,
            url,
        }
    }

    /// A browser that hasn't gone to the page yet.
    pub async fn browser(&self) -> Browser {
        Browser::open(&self.url).await.expect("there is a browser")
    }

    /// One more controller, which doesn't lead, and its page.
    pub fn another(&self) -> (Controller, String) {
        let address = free();
        let controller = start(&self.world, &address, &[]);
        (controller, format!("http://{address}"))
    }

    /// The export's row.
    pub fn row(&self, export: &str) -> String {
        row(&self.world.namespace, export)
    }

    /// The tag of its state.
    pub fn state(&self, export: &str) -> String {
        format!("{} [data-cell=state] .tag", self.row(export))
    }

    /// The export's own page.
    pub fn path(&self, export: &str) -> String {
        format!("/exports/{}/{export}", self.world.namespace)
    }

    pub async fn suspend(&self, export: &str, suspend: bool) {
        let spec = json!({ "spec": { "suspend": suspend } });
        self.world.patch::<CohortExport>(export, spec).await;
    }

    /// Takes all members but one from cohort 1, so that the next run of `cart` is held.
    pub async fn hold(&self) {
        self.world.cohort(1, "Cart", 1);
        let now = jiff::Timestamp::now().to_string();
        self.world
            .annotate("cart", mixtap::api::REQUESTED_AT, &now)
            .await;
        self.world.until_synced("cart", "False", "HeldShrink").await;
    }
}

/// The row of an export, by a selector.
pub fn row(namespace: &str, export: &str) -> String {
    format!("tr[id='export/{namespace}/{export}']")
}

/// A Lease that a busy machine doesn't lose: without it the page answers 503, of which a browser
/// complains.
const LEASE: [&str; 2] = ["--lease-duration=15s", "--renew-interval=3s"];

/// A controller that serves its page at this address.
pub fn start(world: &World, address: &str, flags: &[&str]) -> Controller {
    let page = format!("--page-address={address}");
    world.controller_with(&[&[page.as_str()], &LEASE[..], flags].concat())
}

/// An address that nobody listened on a moment ago.
fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// Waits until it answers with this status.
pub async fn until_answered(url: &str, status: u16) {
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.expect("an HTTP client");
    let answered = async {
        while http.get(url).send().await.ok().map(|a| a.status().as_u16()) != Some(status) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answered = tokio::time::timeout(PATIENCE, answered).await;
    assert!(answered.is_ok(), "{url} never answered {status}");
}
