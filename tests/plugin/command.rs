//! The program, and what it says.

use std::ffi::OsString;
use std::path::Path;

use assert_cmd::Command;
use mixtap::sandbox::mixpanel::{CohortChange, DistinctId, User};
use serde_json::json;

use crate::process::Controller;
use crate::world::{PASSCODE, PROJECT, SECRET, USERNAME, World};

/// What nobody may see who didn't ask for it.
const CANARIES: [&str; 5] = [
    USERNAME,
    SECRET,
    PASSCODE,
    "canary-member",
    "canary@example.com",
];

/// What the program said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// It did what was asked, and had nothing to complain of.
    #[track_caller]
    pub fn fine(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// It failed, for this reason.
    #[track_caller]
    pub fn failed(self, why: &str) {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        assert!(self.err.contains(why), "{}", self.err);
    }

    /// The cells of its tables.
    #[track_caller]
    pub fn rows(self) -> Vec<Vec<String>> {
        let out = self.fine();
        let cells = |line: &str| {
            let cells = line.split("   ").map(str::trim);
            cells
                .filter(|cell| !cell.is_empty())
                .map(str::to_owned)
                .collect()
        };
        out.lines().map(cells).collect()
    }
}

/// Runs it with this kubeconfig.
pub async fn run(kubeconfig: &Path, args: Vec<OsString>, input: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-mixtap"));
    command
        .args(args)
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .write_stdin(input);
    said(command).await
}

/// What this program says; never a canary.
pub async fn said(mut command: Command) -> Said {
    let running = tokio::task::spawn_blocking(move || command.output().expect("the program runs"));
    let output = running.await.expect("no panic");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let said = Said {
        code: output.status.code().expect("an exit code"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    for canary in CANARIES {
        let told = [&said.out, &said.err].map(|text| text.contains(canary));
        assert_eq!(told, [false; 2], "{canary}: {}{}", said.out, said.err);
    }
    said
}

/// Runs it in the world's namespace, by the administrator.
pub async fn mixtap(world: &World, line: &str) -> Said {
    by(world, &world.kubeconfig, line).await
}

/// The same by another kubeconfig.
pub async fn by(world: &World, kubeconfig: &Path, line: &str) -> Said {
    let words = line.split(' ').map(Into::into);
    let namespace = ["-n".into(), world.namespace.clone().into()];
    run(kubeconfig, words.chain(namespace).collect(), "").await
}

/// A world with cohort 1, "Cart": `u-own` with an identity of its own, `u-plain` without, an anonymous
/// one and a canary; `u-outside` isn't in it. Cohort 2, "Crowd", has 200 made members.
pub async fn world(prefix: &str) -> Option<World> {
    let world = World::new(prefix).await?;
    world.cohort(1, "Cart", 0);
    world.cohort(2, "Crowd", 200);
    let user = |id: &str| {
        let properties = match id {
            "u-own" => json!({ "$CleverTap_user_id": " 13793 " }),
            _ => json!({ "$email": "canary@example.com" }),
        };
        User::new(id, properties)
    };
    let members = ["u-own", "u-plain", "$device:u-anonymous", "canary-member"];
    let users = members.iter().chain(&["u-outside"]);
    let mixpanel = world.sandbox.mixpanel();
    let put = mixpanel.put_users(PROJECT, users.map(|id| user(id)).collect());
    put.expect("the project");
    let change = CohortChange {
        add: members.map(DistinctId::from).to_vec(),
        ..CohortChange::default()
    };
    let changed = mixpanel.change_cohort(PROJECT, 1, change);
    changed.expect("the cohort");
    Some(world)
}

impl World {
    /// A user joins a cohort.
    pub fn add(&self, cohort: u64, user: &str) {
        let change = CohortChange {
            add: vec![user.into()],
            ..CohortChange::default()
        };
        let changed = self
            .sandbox
            .mixpanel()
            .change_cohort(PROJECT, cohort, change);
        changed.expect("the cohort");
    }
}

/// The stand-ins, as `--allowed-endpoints` names them.
pub fn allowed(world: &World) -> String {
    let hosts = [world.sandbox.mixpanel_url(), world.sandbox.clevertap_url()];
    let hosts = hosts.map(|url| url.as_str().trim_end_matches('/').to_owned());
    hosts.join(",")
}

/// A controller with a page, and the page's URL.
pub fn paged(world: &World) -> (Controller, String) {
    let address = free();
    let controller = world.controller_with(&[&format!("--page-address={address}")]);
    (controller, format!("http://{address}"))
}

/// An address that nobody listened on a moment ago.
pub fn free() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}
