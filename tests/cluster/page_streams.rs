//! Hundreds of open pages, while much changes: all of them end right, who doesn't read is dropped,
//! and neither memory nor exports suffer.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mixtap::api::{CohortExport, REQUESTED_AT};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::plane::say;
use crate::process::Controller;
use crate::viewer::{Parts, Viewer, ask, get};
use crate::world::{PATIENCE, World};

const STREAMS: usize = 300;
/// Of those, who never read.
const SLOW: usize = 60;
/// What the server holds at once.
const PERMITTED: usize = 400;
const EXPORTS: usize = 100;
const CHANGES: usize = 2000;
/// About a hundred a second.
const PACE: Duration = Duration::from_millis(10);
const PATCHES_AT_ONCE: usize = 8;
/// A debug build, with room: a copy of the news for each stream would be more.
const MEMORY: u64 = 64 * 1024;

/// KiB of a process: `VmRSS` now, `VmHWM` at most so far.
fn memory(controller: &Controller, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", controller.pid()));
    let status = status.expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("a figure")
}

/// Exports that never run, whose rows change with their interval.
async fn exports(world: &World) {
    let mut made = JoinSet::new();
    for export in 0..EXPORTS {
        let api = world.api::<CohortExport>();
        let object = json!({
            "apiVersion": "mixtap.dev/v1alpha1",
            "kind": "CohortExport",
            "metadata": { "name": format!("e{export}"), "namespace": world.namespace },
            "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 2 }, "syncType": "Dynamic",
                "segmentName": format!("S{export}"), "suspend": true, "interval": "1h" },
        });
        let object = serde_json::from_value(object).expect("an export");
        made.spawn(async move { api.create(&Default::default(), &object).await });
    }
    for made in made.join_all().await {
        made.expect("created");
    }
}

/// Changes them in turn, and returns how long that took.
async fn storm(world: &World) -> Duration {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut patching = JoinSet::new();
    for _ in 0..PATCHES_AT_ONCE {
        let (api, next) = (world.api::<CohortExport>(), Arc::clone(&next));
        patching.spawn(async move {
            let mut paces = interval(PACE * PATCHES_AT_ONCE as u32);
            paces.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                paces.tick().await;
                let change = next.fetch_add(1, Ordering::Relaxed);
                if change >= CHANGES {
                    return;
                }
                let name = format!("e{}", change % EXPORTS);
                let spec = json!({ "spec": { "interval": format!("{}h", 2 + change / EXPORTS) } });
                let patch = kube::api::Patch::Merge(spec);
                let patched = api.patch(&name, &Default::default(), &patch).await;
                patched.expect("patched");
            }
        });
    }
    patching.join_all().await;
    started.elapsed()
}

/// Reads nothing until it is told to, and returns how much there was until it was cut.
async fn slow(address: String, mut end: watch::Receiver<Option<Parts>>) -> usize {
    let mut stream = get(&address, "/events?since=").await.expect("a stream");
    let _ = end.wait_for(Option::is_some).await;
    let mut bytes = Vec::new();
    // Whoever was cut may be told so by a reset.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes.len()
}

async fn until_answered(address: &str) {
    let answered = async {
        while get(address, "/api/v1/budget").await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("an answer");
}

/// It shows the last change of every export.
fn shows_all(parts: &Parts, namespace: &str) -> bool {
    let last = |export| {
        let change = CHANGES - EXPORTS + export;
        format!("every {} hours<", 2 + change / EXPORTS)
    };
    (0..EXPORTS).all(|export| {
        let row = parts.get(&format!("export/{namespace}/e{export}"));
        row.is_some_and(|row| row.contains(&last(export)))
    })
}

/// A run that is asked for while all that goes on.
async fn sync(world: &World, token: &str) {
    world.annotate("cart", REQUESTED_AT, token).await;
    let handled = |export: &CohortExport| {
        let status = export.status.clone().unwrap_or_default();
        status.last_handled_request.as_deref() == Some(token) && status.current_run.is_none()
    };
    world.until("cart", "asked for", handled).await;
    world.until_synced("cart", "True", "Synced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_watch_while_much_changes() {
    let Some(world) = World::new("streams").await else {
        return;
    };
    // Both ends of every connection, beside the other tests'.
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: files.maximum,
            ..files
        },
    );
    world.cohort(1, "Cart", 30);
    world.cohort(2, "Crowd", 200);
    exports(&world).await;
    world.dynamic("cart", 1, json!({ "interval": "1h" })).await;
    let address = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let address = address.expect("a free port").to_string();
    let page = format!("--page-address={address}");
    // Its log would be most of what it does.
    let flags = ["--log-level=warn", "--lease-duration=15s"];
    let controller = world.controller_with(&[&[page.as_str()], &flags[..]].concat());
    controller.ready().await;
    until_answered(&address).await;
    world.until_synced("cart", "True", "Synced").await;
    let before = memory(&controller, "VmRSS:");

    let (tell, end) = watch::channel(None::<Parts>);
    let first = Viewer::open(&address).await.expect("the index");
    let mut slow_ones = JoinSet::new();
    for _ in 0..SLOW {
        slow_ones.spawn(slow(address.clone(), end.clone()));
    }
    let mut readers = JoinSet::new();
    for _ in SLOW..STREAMS {
        let (address, end, mut viewer) = (address.clone(), end.clone(), first.clone());
        readers.spawn(async move {
            let right = |parts: &Parts| end.borrow().as_ref() == Some(parts);
            viewer.watch_until(&address, right).await.expect("a page");
            viewer
        });
    }
    let asked = async {
        sync(&world, "one").await;
        sync(&world, "two").await;
    };
    let (took, ()) = tokio::join!(storm(&world), asked);

    let right = async {
        let mut viewers = vec![];
        while !readers.is_empty() {
            // Again and again: a connector may be looked at meanwhile.
            let index = Viewer::open(&address).await.expect("the index");
            if shows_all(&index.parts, &world.namespace) {
                tell.send_replace(Some(index.parts));
            }
            let some = timeout(Duration::from_secs(1), readers.join_next()).await;
            viewers.extend(some.ok().flatten().map(|viewer| viewer.expect("a viewer")));
        }
        viewers
    };
    let viewers = timeout(PATIENCE, right).await.expect("all are right");
    let slow_ones = timeout(PATIENCE, slow_ones.join_all()).await;
    let slow_ones = slow_ones.expect("who didn't read is cut");
    let most = memory(&controller, "VmHWM:");
    let (bytes, changes) = (
        viewers.iter().map(|v| v.bytes),
        viewers.iter().map(|v| v.changes),
    );
    let ended: usize = viewers.iter().map(|viewer| viewer.ended).sum();
    say(&format!(
        "{CHANGES} changes in {took:.1?}; each of {} readers heard of {} or more, {} KiB or more, {ended} streams ended; \
         slow ones had {} KiB at most; memory rose from {before} to {most} KiB",
        viewers.len(),
        changes.min().unwrap_or(0),
        bytes.clone().min().unwrap_or(0) / 1024,
        slow_ones.iter().max().unwrap_or(&0) / 1024,
    ));
    assert_eq!(viewers.len(), STREAMS - SLOW);
    for slow in slow_ones {
        assert!(
            Some(slow) < bytes.clone().max(),
            "{slow} bytes: it was never cut"
        );
    }
    assert!(most < before + MEMORY, "from {before} to {most} KiB");

    // More than it takes are told so, and whoever opens a page, or asks by the API, is answered.
    let mut held = vec![];
    while held.len() < PERMITTED {
        held.push(get(&address, "/events?since=").await.expect("a stream"));
    }
    let (status, _) = ask(&address, "/events?since=").await.expect("an answer");
    assert_eq!(status, 503);
    for path in ["/", "/changes?since=", "/api/v1/budget"] {
        get(&address, path).await.expect(path);
    }
    sync(&world, "three").await;
}
