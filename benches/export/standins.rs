//! The vendors' stand-ins as a program of their own, told by their admin API.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use mixtap::sandbox::{
    Urls,
    admin::Waited,
    calls::{Call, Vendor},
    clevertap::{AccountSettings, SegmentView},
    mixpanel::{CohortSpec, Generator, ProjectSettings},
    record::Summary,
};
use reqwest::{Client, Method};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Fallible,
    process::{MIXTAP, OTHERS, Pinned},
};

pub const USERNAME: &str = "bench.1a2b3c.mp-service-account";
pub const SECRET: &str = "bench-secret";
pub const PASSCODE: &str = "bench-passcode";

pub struct StandIns {
    pub program: Pinned,
    pub urls: Urls,
    http: Client,
}

impl StandIns {
    pub async fn start(dir: &Path) -> Fallible<Self> {
        let log = dir.join("sandbox.log");
        let mut program = Pinned::start(OTHERS, &[MIXTAP, "sandbox"], &[], Stdio::piped(), &log)?;
        let mut lines = BufReader::new(program.stdout().ok_or("no pipe")?);
        let admin = loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Err("the stand-ins didn't start".into());
            }
            if let Some(url) = line.strip_prefix("Admin") {
                break url.trim().to_owned();
            }
        };
        // A full pipe would stop it.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        let http = Client::builder().no_proxy().build()?;
        let urls = http.get(&admin).send().await?.json().await?;
        Ok(Self {
            program,
            urls,
            http,
        })
    }

    /// A project of this number, and the account that goes with it.
    pub async fn furnish(
        &self,
        number: u64,
        project: impl FnOnce(&mut ProjectSettings),
        account: impl FnOnce(&mut AccountSettings),
    ) -> Fallible<Pair> {
        let pair = Pair(number);
        let mut settings = ProjectSettings::with_account(USERNAME, SECRET);
        project(&mut settings);
        self.put(&format!("/mixpanel/{number}"), &settings).await?;
        let mut settings = AccountSettings {
            forget_profiles: true,
            ..AccountSettings::with_passcode(PASSCODE)
        };
        account(&mut settings);
        self.set_account(&pair, &settings).await?;
        Ok(pair)
    }

    pub async fn set_account(&self, pair: &Pair, settings: &AccountSettings) -> Fallible<()> {
        self.put(&format!("/clevertap/{}", pair.account()), settings)
            .await
    }

    pub async fn cohort(&self, pair: &Pair, cohort: u64, maker: Generator) -> Fallible<()> {
        let spec = CohortSpec {
            name: format!("Cohort {cohort}"),
            generators: vec![maker],
            ..CohortSpec::default()
        };
        let path = format!("/mixpanel/{}/cohorts/{cohort}", pair.0);
        self.put(&path, &spec).await
    }

    /// Of both vendors, from now on.
    pub async fn reset(&self, pair: &Pair) -> Fallible<()> {
        for scope in pair.scopes() {
            let path = format!("/requests?scope={scope}");
            let _: serde_json::Value = self.ask(Method::DELETE, &path, &()).await?;
        }
        Ok(())
    }

    /// What was called at Mixpanel and at CleverTap.
    pub async fn summaries(&self, pair: &Pair) -> Fallible<[Summary; 2]> {
        let [mixpanel, clevertap] = pair.scopes();
        let get = async |scope| self.get(&format!("/requests?scope={scope}")).await;
        Ok([get(mixpanel).await?, get(clevertap).await?])
    }

    pub async fn segment(&self, pair: &Pair, name: &str) -> Fallible<SegmentView> {
        let account = pair.account();
        let path = format!("/clevertap/{account}/segment?name={name}&counts=true");
        self.get(&path).await
    }

    /// Waits until every list of the account was processed.
    pub async fn settled(&self, pair: &Pair) -> Fallible<()> {
        let path = format!("/clevertap/{}/settled?timeout_ms=60000", pair.account());
        let waited: Waited = self.get(&path).await?;
        waited
            .reached
            .then_some(())
            .ok_or("a list was never processed".into())
    }

    /// Waits until so many requests of this call came in; false if they don't in a minute.
    pub async fn wait(&self, pair: &Pair, call: Call, count: u64) -> Fallible<bool> {
        let scope = pair.scope(call.vendor());
        let call = serde_json::to_value(call)?;
        let call = call.as_str().unwrap_or_default();
        let path =
            format!("/requests/wait?scope={scope}&call={call}&count={count}&timeout_ms=60000");
        let waited: Waited = self.get(&path).await?;
        Ok(waited.reached)
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Fallible<T> {
        self.ask(Method::GET, path, &()).await
    }

    async fn put(&self, path: &str, body: &impl Serialize) -> Fallible<()> {
        let _: serde_json::Value = self.ask(Method::PUT, path, body).await?;
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Fallible<T> {
        let url = self.urls.admin.join(path)?;
        let request = self.http.request(method, url).json(body);
        let request = request.timeout(Duration::from_secs(90));
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

/// A Mixpanel project and the CleverTap account that its cohorts go to.
#[derive(Clone, Copy)]
pub struct Pair(pub u64);

impl Pair {
    pub fn account(&self) -> String {
        format!("BENCH-{}", self.0)
    }

    fn scope(&self, vendor: Vendor) -> String {
        match vendor {
            Vendor::Mixpanel => self.0.to_string(),
            Vendor::Clevertap => self.account(),
        }
    }

    fn scopes(&self) -> [String; 2] {
        [self.scope(Vendor::Mixpanel), self.scope(Vendor::Clevertap)]
    }
}
