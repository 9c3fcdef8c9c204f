//! Secrets and keys that aren't there.

use std::time::Duration;

use mixtap::api::conditions;
use serde_json::json;

use crate::looks::{message_of, says};
use crate::world::{PASSCODE, SECRET, USERNAME, World};

/// No call to a vendor before Secret and key are there, then 1 to each.
#[tokio::test(flavor = "multi_thread")]
async fn an_absent_secret_and_an_absent_key_are_told_apart() {
    let Some(world) = World::new("secretless").await else {
        return;
    };
    world.cohort(1, "Kept", 3);
    let _controller = world.controller();
    world.dynamic("kept", 1, json!({ "interval": "1h" })).await;
    world.until_synced("kept", "True", "Synced").await;
    let connected = world.until_connected("main", "True", "Connected").await;
    let (calls, seen) = (
        world.all_calls(),
        connected.status.unwrap_or_default().observed_secrets,
    );
    assert!(seen.is_some_and(|s| s.passcode.is_some() && s.service_account.is_some()));

    assert!(world.kubectl(&["delete", "secret", "vendors"]).ok);
    let absent = world
        .until_connected("main", "False", "SecretNotFound")
        .await
        .status
        .unwrap_or_default();
    assert!(conditions::find(&absent.conditions, conditions::RECONCILING).is_some());
    let message = message_of(&absent.conditions, conditions::CONNECTED);
    assert!(message.contains("Secret vendors"), "{message}");
    // The list that was accepted stays so; only Ready says that nothing goes on.
    let kept = world
        .until_ready("kept", "False", "ConnectorNotReady")
        .await;
    assert!(says(&kept.conditions, conditions::SYNCED, "True", "Synced"));

    let made = world.kubectl(&[
        "create",
        "secret",
        "generic",
        "vendors",
        &format!("--from-literal=passcode={PASSCODE}"),
        &format!("--from-literal=username={USERNAME}"),
    ]);
    assert!(made.ok, "{}", made.err);
    let lacking = world
        .until_connected("main", "False", "SecretKeyMissing")
        .await
        .status
        .unwrap_or_default();
    assert!(conditions::find(&lacking.conditions, conditions::RECONCILING).is_some());
    let message = message_of(&lacking.conditions, conditions::CONNECTED);
    assert!(
        message.contains("vendors") && message.contains("key secret"),
        "{message}"
    );
    assert_eq!(world.all_calls(), calls);

    assert!(world.kubectl(&["delete", "secret", "vendors"]).ok);
    world
        .put_secret("vendors", PASSCODE, USERNAME, SECRET)
        .await;
    let connected = world.until_connected("main", "True", "Connected");
    tokio::time::timeout(Duration::from_secs(5), connected)
        .await
        .expect("within 5 s");
    world.until_ready("kept", "True", "Synced").await;
    world.calm().await;
    assert_eq!(world.all_calls(), (calls.0 + 1, calls.1 + 1));
}
