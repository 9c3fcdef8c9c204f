//! The scenarios by name.

use std::path::Path;

use mixtap::sandbox::cluster::Plane;

use crate::{
    Fallible, alone, many, page, quiet,
    report::Row,
    single::{self, Plain},
    standins::StandIns,
    world::World,
};

pub struct Scenario {
    pub name: &'static str,
    /// Of a size for a laptop.
    pub quick: bool,
    kind: Kind,
}

enum Kind {
    /// What the stand-ins serve alone: pages or uploads.
    Serve(&'static str, u64),
    /// Our client receives and parses pages, on the controller's core.
    Receive(u64),
    First(Plain),
    Churn(u64),
    /// Projects, and exports of each.
    Burst(u64, u64),
    Shared(u64),
    Idle(u64, u64),
    Restart(u64, u64),
    /// Streams of the page that are open at once.
    Viewers(usize),
    /// Projects, and exports of each, on the page.
    Index(u64, u64),
}

const fn scenario(name: &'static str, quick: bool, kind: Kind) -> Scenario {
    Scenario { name, quick, kind }
}

const fn first(members: u64) -> Plain {
    Plain {
        members,
        list_only: false,
        latency_ms: 0,
        refuse_every: 0,
        moving: false,
    }
}

const fn list(members: u64) -> Kind {
    Kind::First(Plain {
        list_only: true,
        ..first(members)
    })
}

const fn late(latency_ms: u64) -> Kind {
    Kind::First(Plain {
        latency_ms,
        ..first(100_000)
    })
}

pub const SCENARIOS: &[Scenario] = &[
    scenario("serve-pages", true, Kind::Serve("pages", 5_000_000)),
    scenario("serve-uploads", true, Kind::Serve("uploads", 1_000_000)),
    scenario("receive-10k", true, Kind::Receive(10_000)),
    scenario("receive-100k", true, Kind::Receive(100_000)),
    scenario("receive-1m", true, Kind::Receive(1_000_000)),
    scenario("receive-10m", false, Kind::Receive(10_000_000)),
    scenario("first-10k", true, Kind::First(first(10_000))),
    scenario("first-100k", true, Kind::First(first(100_000))),
    scenario("first-1m", true, Kind::First(first(1_000_000))),
    scenario("first-10m", false, Kind::First(first(10_000_000))),
    scenario("list-10k", true, list(10_000)),
    scenario("list-100k", true, list(100_000)),
    scenario("list-1m", true, list(1_000_000)),
    scenario("list-10m", false, list(10_000_000)),
    scenario("latency-20ms", true, late(20)),
    scenario("latency-50ms", true, late(50)),
    scenario("latency-200ms", true, late(200)),
    scenario("churn-100k", true, Kind::Churn(100_000)),
    scenario("churn-1m", false, Kind::Churn(1_000_000)),
    scenario("churn-10m", false, Kind::Churn(10_000_000)),
    scenario(
        "moving-limit",
        true,
        Kind::First(Plain {
            moving: true,
            // So that requests meet: at 0 ms two at once would do.
            latency_ms: 20,
            ..first(1_000_000)
        }),
    ),
    scenario(
        "bad-records",
        true,
        Kind::First(Plain {
            refuse_every: 1000,
            ..first(100_000)
        }),
    ),
    scenario("idle", true, Kind::Idle(0, 0)),
    scenario("burst-500", false, Kind::Burst(50, 10)),
    scenario("shared-100", false, Kind::Shared(100)),
    scenario("idle-5000", false, Kind::Idle(125, 40)),
    scenario("restart-1000", false, Kind::Restart(25, 40)),
    scenario("page-300", false, Kind::Viewers(300)),
    scenario("page-1000", false, Kind::Index(25, 40)),
];

impl Scenario {
    /// `number` is the first of a thousand project numbers that are free.
    pub async fn run(
        &self,
        plane: &Plane,
        standins: &StandIns,
        dir: &Path,
        number: u64,
    ) -> Fallible<Vec<(String, Row)>> {
        let world = || World::new(plane, standins, dir);
        let row = match self.kind {
            Kind::Serve(what, members) => alone::serve(standins, number, what, members, dir).await,
            Kind::Receive(members) => alone::receives(standins, number, members, dir).await,
            Kind::First(plain) => single::first(&world().await?, number, plain).await,
            Kind::Churn(members) => return single::churn(&world().await?, number, members).await,
            Kind::Burst(pairs, each) => many::burst(&world().await?, number, pairs, each).await,
            Kind::Shared(each) => many::shared(&world().await?, number, each).await,
            Kind::Idle(pairs, each) => quiet::idle(&world().await?, number, pairs, each).await,
            Kind::Viewers(count) => return page::watched(&world().await?, number, count).await,
            Kind::Index(pairs, each) => page::index(&world().await?, number, pairs, each).await,
            Kind::Restart(pairs, each) => {
                quiet::restart(&world().await?, number, pairs, each).await
            }
        };
        Ok(vec![(String::new(), row?)])
    }
}
