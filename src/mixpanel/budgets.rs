//! One query budget per Mixpanel project, shared by every connector and export of the process.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use url::Url;

use super::budget::{Budget, lock};
use super::project::{Bells, Project};
use super::turn::Run;

/// Projects before those that nobody uses are forgotten.
const PROJECTS: usize = 256;

/// Host and port, and Mixpanel's project id.
pub(super) type Key = (String, i64);

/// A connector and what it may use of which project.
#[derive(Clone, Copy, Debug)]
pub struct Seat<'a> {
    /// The connector's uid.
    pub connector: &'a str,
    pub base: &'a Url,
    /// Mixpanel project id.
    pub project: i64,
    /// Queries an hour that it permits.
    pub share: u32,
    /// Later pages count as queries too, should Mixpanel change that rule.
    pub every_page: bool,
}

impl Seat<'_> {
    fn key(&self) -> Key {
        (self.base.authority().to_owned(), self.project)
    }
}

/// All budgets of the process. As a [`Collector`] it reports
/// `mixpanel_queries_remaining{project}`. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    pub(super) all: Arc<Mutex<Registry>>,
    pub(super) bells: Arc<Bells>,
}

#[derive(Debug, Default)]
pub(super) struct Registry {
    pub projects: HashMap<Key, Arc<Project>>,
    /// Which project a Connected connector shares, by uid.
    members: HashMap<String, Key>,
    /// What connectors use before they are Connected, by uid.
    pub trials: HashMap<String, Trial>,
    /// Where exports ask for turns, by their keys.
    pub exports: HashMap<String, Arc<Project>>,
}

/// What a connector may use before it is Connected.
#[derive(Debug)]
pub(super) struct Trial {
    pub project: Arc<Project>,
    /// The project that it asks.
    key: Key,
    /// Its connector was deleted: the next one that is created on the same project takes it over,
    /// so that creating a connector anew brings no new queries.
    left: bool,
}

impl Registry {
    pub fn project(&mut self, key: &Key, bells: &Arc<Bells>) -> Arc<Project> {
        if self.projects.len() >= PROJECTS && !self.projects.contains_key(key) {
            // A booking is remembered for its hour, whoever is gone.
            self.projects.retain(|_, project| {
                Arc::strong_count(project) > 1 || !project.hour().is_blank(Instant::now())
            });
        }
        let new = || Arc::new(Project::new(bells));
        self.projects.entry(key.clone()).or_insert_with(new).clone()
    }

    /// The trial of a connector; one that was left where there is one.
    fn trial(&mut self, seat: &Seat<'_>, bells: &Arc<Bells>) -> Arc<Project> {
        let key = seat.key();
        if let Some(trial) = self.trials.get_mut(seat.connector) {
            trial.key = key;
            return trial.project.clone();
        }
        self.expire_trials();
        let mut trials = self.trials.iter();
        let left = trials.find(|(_, trial)| trial.left && trial.key == key);
        let left = left.map(|(connector, _)| connector.clone());
        let left = left.and_then(|connector| self.trials.remove(&connector));
        let project = left.map_or_else(|| Arc::new(Project::new(bells)), |left| left.project);
        let trial = Trial {
            project: project.clone(),
            key,
            left: false,
        };
        self.trials.insert(seat.connector.to_owned(), trial);
        project
    }

    fn expire_trials(&mut self) {
        let now = Instant::now();
        self.trials
            .retain(|_, trial| !trial.left || !trial.project.hour().is_blank(now));
    }

    fn leave(&mut self, connector: &str) {
        let key = self.members.remove(connector);
        if let Some(project) = key.and_then(|key| self.projects.get(&key)) {
            project.hour().leave(connector);
            project.changed();
        }
    }
}

impl Budgets {
    /// The budget of a project for a caller whose connector is known to be good.
    pub fn get(&self, base: &Url, project: i64, queries_per_hour: u32, every_page: bool) -> Budget {
        let own = format!("{project} at {}", base.authority());
        let seat = Seat {
            connector: &own,
            base,
            project,
            share: queries_per_hour,
            every_page,
        };
        self.join(&seat);
        self.of(&seat)
    }

    /// A connector was found Connected: it shares its project's budget, and no other.
    pub fn join(&self, seat: &Seat<'_>) {
        let mut all = lock(&self.all);
        let key = seat.key();
        if all.members.get(seat.connector) != Some(&key) {
            all.leave(seat.connector);
            all.members.insert(seat.connector.to_owned(), key.clone());
        }
        let project = all.project(&key, &self.bells);
        if project.hour().join(seat.connector, seat.share) {
            project.changed();
        }
    }

    /// What a connector is isn't known for the moment: it goes on sharing the project, if it does.
    pub fn stay(&self, seat: &Seat<'_>) {
        let known = lock(&self.all).members.get(seat.connector).cloned();
        match known {
            Some(key) if key == seat.key() => self.join(seat),
            Some(_) => self.leave(seat.connector),
            None => {}
        }
    }

    /// A connector isn't Connected, or is suspended.
    pub fn leave(&self, connector: &str) {
        lock(&self.all).leave(connector);
    }

    /// A connector was deleted. What it has used of its trial is remembered for the hour.
    pub fn forget(&self, connector: &str) {
        let mut all = lock(&self.all);
        all.leave(connector);
        if let Some(trial) = all.trials.get_mut(connector) {
            trial.left = true;
        }
        all.expire_trials();
    }

    /// The budget of a connector's exports: that of its project once it was found Connected, and
    /// until then its trial's.
    pub fn of(&self, seat: &Seat<'_>) -> Budget {
        let mut all = lock(&self.all);
        let key = seat.key();
        let project = all.project(&key, &self.bells);
        if !project.hour().is_member(seat.connector) {
            return Self::trial_in(&mut all, &self.bells, seat, project);
        }
        Budget {
            project,
            counted_in: None,
            check: false,
            every_page: seat.every_page,
            patient: false,
            run: Run::new(None),
        }
    }

    /// The budget of a check of credentials that are known to be good: it takes what no export
    /// waits for.
    pub fn patient(&self, seat: &Seat<'_>) -> Budget {
        Budget {
            patient: true,
            ..self.of(seat)
        }
    }

    /// The budget of a check of credentials that aren't: a small one of the connector's own, so
    /// that it can neither use up the project's nor be kept from asking by others. What Mixpanel
    /// counts is booked in the project's hour as well.
    pub fn trial(&self, seat: &Seat<'_>) -> Budget {
        let mut all = lock(&self.all);
        let project = all.project(&seat.key(), &self.bells);
        Budget {
            check: true,
            ..Self::trial_in(&mut all, &self.bells, seat, project)
        }
    }

    fn trial_in(
        all: &mut Registry,
        bells: &Arc<Bells>,
        seat: &Seat<'_>,
        counted_in: Arc<Project>,
    ) -> Budget {
        Budget {
            project: all.trial(seat, bells),
            counted_in: Some(counted_in),
            check: false,
            every_page: seat.every_page,
            patient: false,
            run: Run::new(None),
        }
    }
}

impl Collector for Budgets {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        // A project behind two addresses is one series: the lower.
        let mut remaining = BTreeMap::new();
        for ((_, id), project) in &lock(&self.all).projects {
            if project.hour().has_members() {
                let queries = project.remaining();
                let lowest = remaining.entry(*id).or_insert(queries);
                *lowest = queries.min(*lowest);
            }
        }
        let help = "Queries of the rolling hour that this controller may still send";
        let name = "mixpanel_queries_remaining";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (id, queries) in remaining {
            let labels = [("project", id.to_string())];
            ConstGauge::new(i64::from(queries)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
