//! Whatever the page's port answers: no secret, no mailbox and nobody's identity stands in it.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::json;

use crate::canaries::{MAILBOX, PROPERTIES, assert_holds_none, canaries, words};
use crate::served::Served;
use crate::world::{PASSCODE, PATIENCE, World};

/// Status, headers and body of an answer.
struct Answer(u16, String);

async fn get(http: &reqwest::Client, url: &str) -> Answer {
    let mut answer = http.get(url).send().await.expect("an answer");
    let mut text = format!("{:?}\n", answer.headers());
    let is_stream = answer.headers().get("content-type");
    let is_stream = is_stream.is_some_and(|kind| kind == "text/event-stream");
    let status = answer.status().as_u16();
    let body = async {
        while let Some(chunk) = answer.chunk().await.expect("the body") {
            text.push_str(&String::from_utf8_lossy(&chunk));
            // Whatever there was to tell comes before the first heartbeat.
            if is_stream && text.contains("event: seen") {
                break;
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, body).await;
    assert!(read.is_ok(), "{url} doesn't end: {text}");
    Answer(status, text)
}

/// `secretive` goes well, with profiles that are refused.
async fn world() -> Option<World> {
    let world = World::new("silent").await?;
    world.cohort_of(1, "Secretive", canaries(10));
    let refused = Action::FailRecord {
        record: 2,
        code: 515,
    };
    world
        .sandbox
        .faults()
        .add(Fault::new(refused).call(Call::Upload));
    let more = json!({ "interval": "1h", "profileProperties": PROPERTIES });
    world.dynamic("secretive", 1, more).await;
    Some(world)
}

/// `failing` ends by an answer that quotes the passcode and a member.
async fn fail(served: &Served) {
    let said = format!("unknown: {PASSCODE} of canary-mail-1@example.com");
    let body = json!({ "status": "fail", "error": said, "code": 400 }).to_string();
    let quote = Fault::new(Action::answer(400, body)).call(Call::ListUrl);
    served.world.sandbox.faults().add(quote);
    let segment = json!({ "segmentName": "Another" });
    served.world.one_time("failing", 1, segment).await;
    let failed = served.world.until("failing", "failed", |export| {
        let status = export.status.as_ref();
        status.is_some_and(|s| s.last_failure.is_some() && s.current_run.is_none())
    });
    failed.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_a_secret_or_a_person() {
    let Some(world) = world().await else {
        return;
    };
    let served = Served::of(world, &[]).await;
    served
        .world
        .until_synced("secretive", "True", "Synced")
        .await;
    fail(&served).await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let export = |name: &str| format!("/exports/{}/{name}", served.world.namespace);
    let api = |rest: &str| format!("/api/v1{}{rest}", export("secretive"));
    let listed = format!("/listed/{}", "0".repeat(32));
    let only = format!("{}/secretive", served.world.namespace);
    let addresses = [
        ("/".to_owned(), 200),
        ("/?q=canary-distinct-1&sort=-members".to_owned(), 200),
        (export("secretive"), 200),
        (export("failing"), 200),
        (export("absent"), 404),
        ("/events?since=0".to_owned(), 200),
        (format!("/events?since=0&only={only}"), 200),
        ("/changes?since=0".to_owned(), 200),
        (format!("/changes?since=0&only={only}"), 200),
        ("/style.css".to_owned(), 200),
        ("/script/main.js".to_owned(), 200),
        ("/icon.svg".to_owned(), 200),
        ("/api/v1/budget".to_owned(), 200),
        (api("/history"), 200),
        (api("/base"), 200),
        (api(&listed), 200),
        ("/absent".to_owned(), 404),
    ];
    let words = words();
    let mut told = String::new();
    for (address, status) in addresses {
        let Answer(got, text) = get(&http, &format!("{}{address}", served.url)).await;
        assert_eq!(got, status, "{address}: {text}");
        // What was asked for stands in the form again.
        let text = text.replace("canary-distinct-1", "");
        let words = words.iter().map(String::as_str).chain([MAILBOX]);
        assert_holds_none(&address, &text, words);
        told.push_str(&text);
    }
    // They did tell of what went well and of what didn't.
    for expected in ["Secretive", "Another", "Failing", "515", "[redacted]"] {
        assert!(told.contains(expected), "{expected} is told nowhere");
    }
}
