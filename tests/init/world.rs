//! A Mixpanel project with a few cohorts, and the program that is to write manifests for them.

use std::path::Path;

use assert_cmd::Command;
use mixtap::sandbox::{
    Sandbox, SandboxOptions,
    clevertap::AccountSettings,
    mixpanel::{CohortSpec, Generator, ProjectSettings},
};

pub const PROJECT: u64 = 1_234_567;
pub const ACCOUNT: &str = "TEST-123-456-789Z";
/// Canaries: never seen in any output or file.
pub const USERNAME: &str = "canary-robot.1a2b3c.mp-service-account";
pub const SECRET: &str = "canary-mixpanel-secret";
pub const PASSCODE: &str = "canary-passcode";

pub struct World {
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).expect("free loopback ports");
        let mixpanel = sandbox.mixpanel();
        mixpanel.set_project(PROJECT, ProjectSettings::with_account(USERNAME, SECRET));
        for (id, name, count, group) in [
            (4311, "Cart drop off", 675, None),
            (4312, "Power users", 2475, None),
            (4313, "Accounts at risk", 12, Some(7)),
            (4314, "cart drop-off", 9, None),
            (4315, "\"VIP\": 20% \u{1b}[2J #1 \\ yes", 3, None),
            (4316, "購買者", 1204, None),
            (4317, "2024", 40, None),
        ] {
            let spec = CohortSpec {
                name: name.to_owned(),
                count: Some(count),
                data_group_id: group,
                ..CohortSpec::default()
            };
            mixpanel.put_cohort(PROJECT, id, spec).unwrap();
        }
        let people = Generator::members(12);
        mixpanel.generate(PROJECT, 4312, people).unwrap();
        let account = AccountSettings::with_passcode(PASSCODE);
        sandbox.clevertap().set_account(ACCOUNT, account);
        let folder = tempfile::tempdir().unwrap();
        Self { sandbox, folder }
    }

    /// The stand-in's address, as the manifests name it.
    pub fn endpoint(&self) -> String {
        self.sandbox.mixpanel_url().origin().ascii_serialization()
    }

    /// Flags that answer everything but which cohorts.
    pub fn flags(&self) -> Vec<String> {
        let flags = "--mixpanel-project 1234567 --clevertap-project TEST-123-456-789Z \
                     --datacenter eu1 --result-email growth@example.com --mixpanel-endpoint";
        let flags = flags.split_whitespace().map(str::to_owned);
        flags.chain([self.endpoint()]).collect()
    }

    /// `mixtap init` in the world's folder with these flags, and no variable but the account's.
    pub fn init(&self, flags: &[&str]) -> Command {
        let mut command = mixtap(self.folder.path());
        command.env("MIXPANEL_USERNAME", USERNAME);
        command.env("MIXPANEL_SECRET", SECRET);
        command.arg("init").args(self.flags()).args(flags);
        command
    }

    /// Text with the stand-in's address, which is another each time, as one that stays.
    pub fn steady(&self, text: &[u8]) -> String {
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(!text.contains("canary"), "{text}");
        text.replace(&self.endpoint(), "http://127.0.0.1:1")
    }

    /// The names in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

/// The program in this folder, without any variable.
pub fn mixtap(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mixtap"));
    command.env_clear().current_dir(folder);
    command
}
