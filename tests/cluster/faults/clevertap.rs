//! What only CleverTap can do to a write.

use mixtap::sandbox::calls::Call::{ListComplete, ListPut, ListUrl, Upload};
use mixtap::sandbox::calls::Vendor;
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::faults::{Action, Fault};

use crate::lane::Lane;
use crate::trouble::{End, NARROWED, PLAIN, TRIES, play, row};

/// What comes before each call in an undisturbed run.
const READ: u64 = 3;
const TO_URL: u64 = READ + 1;
const TO_PUT: u64 = TO_URL + 1;
const TO_COMPLETE: u64 = TO_PUT + 1;

fn says(status: u16, error: &str) -> Action {
    Action::answer(
        status,
        serde_json::json!({ "status": "fail", "error": error, "code": status }).to_string(),
    )
}

fn s3(status: u16, code: &str) -> Action {
    Action::answer(
        status,
        format!("<Error><Code>{code}</Code><Message>no</Message></Error>"),
    )
}

fn settings(lane: &Lane, change: impl FnOnce(&mut AccountSettings)) {
    lane.sandbox()
        .clevertap()
        .update_account(&lane.account, change)
        .expect("the account");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_apart() {
    use End::{Fails, Refused};
    let refused = Fails("DestinationRefused");
    let mut rows = vec![
        // The refused call, and the connector's check of both vendors.
        row("all-401", Refused("InvalidCredentials"), READ + 1 + 2)
            .all(Vendor::Clevertap, says(401, "Passcode Invalid")),
        row("all-403", Refused("Forbidden"), READ + 1 + 2)
            .all(Vendor::Clevertap, says(403, "Forbidden")),
        row("upload-401", Fails("ConnectorNotReady"), READ + 1 + 2)
            .once(Upload, says(401, "Invalid Credentials")),
        row(
            "complete-401",
            Fails("ConnectorNotReady"),
            TO_COMPLETE + 1 + 2,
        )
        .once(ListComplete, says(401, "Invalid Credentials")),
        row("duplicate-name", Fails("SegmentExists"), TO_COMPLETE + 1)
            .always(ListComplete, says(400, "duplicate_name")),
    ];
    for (name, call, before) in [
        ("upload", Upload, READ),
        ("url", ListUrl, TO_URL),
        ("complete", ListComplete, TO_COMPLETE),
    ] {
        for status in [404, 405, 409, 413, 422] {
            // A body may be refused for one of its records, which is looked for.
            let most = match (call, status) {
                (Upload, 413) => before + 5,
                _ => before + 1,
            };
            rows.push(
                row(format!("{name}-{status}"), refused, most).always(call, says(status, "no")),
            );
        }
        rows.push(
            row(format!("{name}-400"), refused, before + 1)
                .always(call, says(400, "Invalid value")),
        );
        rows.push(
            row(
                format!("{name}-malformed"),
                refused,
                before + if call == Upload { 8 } else { 2 },
            )
            .always(call, says(400, "Malformed request")),
        );
        rows.push(
            row(format!("{name}-malformed-once"), End::Heals, PLAIN + 1)
                .once(call, says(400, "Malformed request")),
        );
        rows.push(
            row(format!("{name}-fail-in-200"), refused, before + 1).always(call, says(200, "no")),
        );
    }
    play("clevertap-refuses", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_their_ends() {
    use End::{Fails, Heals};
    let down = Fails("DestinationUnavailable");
    let names = |url: &str| {
        Action::answer(
            200,
            format!(r#"{{"status":"success","presignedS3URL":"{url}"}}"#),
        )
    };
    play(
        "clevertap-addresses",
        vec![
            row("later-once", Heals, PLAIN + 1).once(ListUrl, Action::come_back_later()),
            row("later", down, TO_URL + TRIES).always(ListUrl, Action::come_back_later()),
            // A new address is asked for: two more requests each time, three addresses at most.
            row("expired-once", Heals, PLAIN + 2).once(ListPut, s3(403, "AccessDenied")),
            row("expired-token-once", Heals, PLAIN + 2).once(ListPut, s3(400, "ExpiredToken")),
            row("expired", down, TO_URL + 6).world(
                |lane| settings(lane, |s| s.url_lifetime = 0),
                |lane| settings(lane, |s| s.url_lifetime = 3600),
            ),
            row("put-refused", down, TO_PUT + 1).always(ListPut, s3(400, "EntityTooLarge")),
            // Nothing is sent where no list of ours has any business.
            row("private-host", down, TO_URL + 1)
                .always(ListUrl, names("https://10.0.0.1/list.csv")),
            row("metadata-host", down, TO_URL + 1)
                .always(ListUrl, names("http://169.254.169.254/latest")),
            row("no-address", down, TO_URL + 1).always(ListUrl, names("list.csv")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept() {
    use End::Fails;
    play(
        "clevertap-limits",
        vec![
            row("uploads", Fails("RateLimited"), READ + TRIES + NARROWED).world(
                |lane| settings(lane, |s| s.upload_concurrency = 0),
                |lane| settings(lane, |s| s.upload_concurrency = 15),
            ),
            row("lists", Fails("RateLimited"), TO_URL + TRIES + NARROWED).world(
                |lane| settings(lane, |s| s.list_concurrency = 0),
                |lane| settings(lane, |s| s.list_concurrency = 3),
            ),
        ],
    )
    .await;
}

/// One record of five: the others are taken, and the codes are told.
#[tokio::test(flavor = "multi_thread")]
async fn records_may_fail_by_themselves() {
    use End::{Heals, Pends, Rejects};
    let record_of = |record, code| Action::FailRecord { record, code };
    let record = |code| record_of(2, code);
    let after_first = |mut fault: Fault| {
        fault.on.skip = 1;
        fault
    };
    play(
        "clevertap-records",
        vec![
            row("515", Rejects(515), PLAIN).once(Upload, record(515)),
            row("516", Rejects(516), PLAIN).always(Upload, record(516)),
            row("555-once", Heals, PLAIN + 1).once(Upload, record(555)),
            // Sent again by itself it is the first record of its batch.
            row("555", Pends, PLAIN + TRIES)
                .once(Upload, record(555))
                .with(after_first(Fault::new(record_of(1, 555)).call(Upload))),
        ],
    )
    .await;
}
