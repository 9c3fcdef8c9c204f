//! Credentials: what each refusal is called, that nobody is asked twice, and that a new Secret is
//! seen at once.

use std::time::Duration;

use mixtap::api::{CleverTapConnector, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::mixpanel::{ProjectSettings, Role};
use serde_json::json;

use crate::looks::{merge, message_of, says};
use crate::world::{PASSCODE, SECRET, USERNAME, World};

/// A connector with a project and an account of its own, and what is wrong with it.
struct Refusal {
    name: &'static str,
    passcode: &'static str,
    secret: &'static str,
    /// Exists at CleverTap.
    account: bool,
    project: fn(&mut ProjectSettings),
    clevertap: Option<Action>,
    reason: &'static str,
    /// Stands in the message: who refuses, and what to look at.
    says: &'static [&'static str],
}

fn refusals() -> Vec<Refusal> {
    let fine = || Refusal {
        name: "",
        passcode: PASSCODE,
        secret: SECRET,
        account: true,
        project: |_| {},
        clevertap: None,
        reason: "InvalidCredentials",
        says: &[],
    };
    vec![
        Refusal {
            name: "wrong-passcode",
            passcode: "wrong",
            says: &["CleverTap", "Passcode"],
            ..fine()
        },
        Refusal {
            name: "wrong-account",
            account: false,
            says: &["CleverTap", "Project ID"],
            ..fine()
        },
        Refusal {
            name: "wrong-secret",
            secret: "wrong",
            says: &["Mixpanel", "service account"],
            ..fine()
        },
        Refusal {
            name: "wrong-secret-400",
            secret: "wrong",
            project: |p| p.bad_credentials = 400,
            says: &["Mixpanel"],
            ..fine()
        },
        Refusal {
            name: "both-wrong",
            passcode: "wrong",
            secret: "wrong",
            says: &["Mixpanel", "CleverTap"],
            ..fine()
        },
        Refusal {
            name: "no-api-in-plan",
            project: |p| p.api_in_plan = false,
            reason: "PlanWithoutApi",
            says: &["Mixpanel", "plan"],
            ..fine()
        },
        Refusal {
            name: "role-too-low",
            project: |p| p.service_accounts[0].role = Role::Consumer,
            reason: "Forbidden",
            says: &["Mixpanel", "role"],
            ..fine()
        },
        Refusal {
            name: "passcode-too-low",
            clevertap: Some(Action::answer(403, "")),
            reason: "Forbidden",
            says: &["CleverTap", "permission"],
            ..fine()
        },
        Refusal {
            name: "not-clevertap",
            clevertap: Some(Action::answer(404, "")),
            reason: "InvalidSpec",
            says: &["CleverTap"],
            ..fine()
        },
    ]
}

impl Refusal {
    /// Sets both vendors and the Secret up, and creates the connector.
    async fn create(&self, world: &World, number: u64) -> (u64, String) {
        let (project, account) = (8_000_000 + number, format!("TEST-REFUSED-{number}"));
        let mut settings = ProjectSettings::with_account(USERNAME, SECRET);
        (self.project)(&mut settings);
        world.sandbox.mixpanel().set_project(project, settings);
        if self.account {
            world
                .sandbox
                .clevertap()
                .set_account(&account, AccountSettings::with_passcode(PASSCODE));
        }
        if let Some(action) = &self.clevertap {
            world.sandbox.faults().add(
                Fault::new(action.clone())
                    .call(Call::ListUrl)
                    .scope(&account),
            );
        }
        world
            .put_secret(self.name, self.passcode, USERNAME, self.secret)
            .await;
        let mut spec = world.connector_spec();
        merge(
            &mut spec,
            json!({
                "projectId": account,
                "passcodeSecretRef": { "name": self.name },
                "mixpanel": { "projectId": project, "serviceAccountSecretRef": { "name": self.name } },
            }),
        );
        world.create::<CleverTapConnector>(self.name, spec).await;
        (project, account)
    }
}

/// 1 call to each vendor, once for all: not by a restart, a label or a neighbour.
#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_reason_and_is_asked_about_once() {
    let Some(world) = World::new("refused").await else {
        return;
    };
    let (refusals, mut scopes) = (refusals(), Vec::new());
    for (number, refusal) in refusals.iter().enumerate() {
        scopes.push(refusal.create(&world, number as u64).await);
    }
    let controller = world.controller();
    for refusal in &refusals {
        let object = world
            .until_connected(refusal.name, "False", refusal.reason)
            .await;
        let list = object.status.unwrap_or_default().conditions;
        let message = message_of(&list, conditions::CONNECTED);
        for word in refusal.says {
            assert!(message.contains(word), "{}: {message}", refusal.name);
        }
        assert!(
            says(&list, conditions::READY, "False", refusal.reason),
            "{}",
            refusal.name
        );
        assert!(
            conditions::find(&list, conditions::STALLED).is_some(),
            "{}",
            refusal.name
        );
        world
            .patch::<CleverTapConnector>(
                refusal.name,
                json!({ "metadata": { "labels": { "seen": "yes" } } }),
            )
            .await;
    }
    world.calm().await;
    controller.kill();
    let _restarted = world.controller();
    world.calm().await;
    for (refusal, (project, account)) in refusals.iter().zip(&scopes) {
        let requests = world.sandbox.requests();
        let counts = [requests.summary(project), requests.summary(account)]
            .map(|s| s.arrived.into_values().sum::<u64>());
        assert_eq!(counts, [1, 1], "{}", refusal.name);
    }
}

/// 2 calls to each vendor: one that was refused, one that was accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_mended_secret_connects_within_five_seconds() {
    let Some(world) = World::new("mended").await else {
        return;
    };
    for refusal in [("wrong", SECRET), (PASSCODE, "wrong")] {
        world
            .put_secret("vendors", refusal.0, USERNAME, refusal.1)
            .await;
        let _controller = world.controller();
        let before = world
            .until_connected("main", "False", "InvalidCredentials")
            .await;
        world.sandbox.requests().reset(crate::world::PROJECT);
        world.sandbox.requests().reset(crate::world::ACCOUNT);
        world
            .put_secret("vendors", PASSCODE, USERNAME, SECRET)
            .await;
        let connected = world.until_connected("main", "True", "Connected");
        let after = tokio::time::timeout(Duration::from_secs(5), connected)
            .await
            .expect("within 5 s");
        assert_eq!(after.metadata.generation, before.metadata.generation);
        world.calm().await;
        assert_eq!(world.all_calls(), (1, 1));
    }
}

/// 1 call for each check.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connector_is_checked_again_every_interval() {
    let Some(world) = World::new("again").await else {
        return;
    };
    world.put_secret("vendors", "wrong", USERNAME, SECRET).await;
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": { "checkInterval": "1s" } }))
        .await;
    let controller = world.controller();
    world
        .sandbox
        .requests()
        .wait_for(crate::world::PROJECT, Call::CohortsList, 3)
        .await;
    // Told anew only by its time: no event, and the condition is that of the first check.
    let object = world
        .until_connected("main", "False", "InvalidCredentials")
        .await;
    drop(controller);
    let (mixpanel, clevertap) = world.all_calls();
    assert_eq!(mixpanel, clevertap);
    let since = object.status.unwrap_or_default();
    let stalled = conditions::find(&since.conditions, conditions::STALLED).expect("Stalled");
    assert!(stalled.last_transition_time.0 < since.last_check_time.expect("checked").0);
    let refused = world.events("main").await;
    assert_eq!(refused.len(), 1, "{refused:#?}");
}
