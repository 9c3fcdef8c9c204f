//! The projects, users and cohorts that the Mixpanel stand-in knows, and the handle to set them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    cohort::Cohort,
    generator::Generator,
    people::{CohortChange, CohortSpec, DistinctId, User},
    project::Project,
    settings::ProjectSettings,
};
use crate::sandbox::NotThere;

/// Cheap to clone; all clones are one world. Each project has a lock of its own.
#[derive(Clone, Default)]
pub struct MixpanelState(Arc<Mutex<BTreeMap<u64, Arc<Mutex<Project>>>>>);

impl MixpanelState {
    /// Makes the project, or changes its settings; cohorts and users stay.
    pub fn set_project(&self, project: u64, settings: ProjectSettings) {
        let found = self.projects().entry(project).or_default().clone();
        lock(&found).settings = settings;
    }

    pub fn settings(&self, project: u64) -> Result<ProjectSettings, NotThere> {
        self.with(project, |project| project.settings.clone())
    }

    /// Changes some settings.
    pub fn update_project(
        &self,
        project: u64,
        change: impl FnOnce(&mut ProjectSettings),
    ) -> Result<(), NotThere> {
        self.with(project, |project| change(&mut project.settings))
    }

    pub fn remove_project(&self, project: u64) -> Result<(), NotThere> {
        self.projects()
            .remove(&project)
            .map(drop)
            .ok_or(NotThere("project"))
    }

    /// Makes the cohort, or replaces it.
    pub fn put_cohort(&self, project: u64, cohort: u64, spec: CohortSpec) -> Result<(), NotThere> {
        let CohortSpec {
            name,
            count,
            data_group_id,
            members,
            generators,
        } = spec;
        self.with(project, |project| {
            project.learn(&members);
            let mut made = Cohort {
                name,
                count,
                data_group_id,
                ..Cohort::default()
            };
            made.set_made(project.learn_made(generators));
            made.members = members.iter().map(DistinctId::text).collect();
            project.cohorts.insert(cohort, made);
        })
    }

    /// Changes name, stored count or members.
    pub fn change_cohort(
        &self,
        project: u64,
        cohort: u64,
        change: CohortChange,
    ) -> Result<(), NotThere> {
        self.with(project, |project| {
            project.learn(change.set.iter().flatten().chain(&change.add));
            let found = project.cohorts.get_mut(&cohort).ok_or(NotThere("cohort"))?;
            found.change(change);
            Ok(())
        })?
    }

    pub fn delete_cohort(&self, project: u64, cohort: u64) -> Result<(), NotThere> {
        self.with(project, |project| {
            project
                .cohorts
                .remove(&cohort)
                .map(drop)
                .ok_or(NotThere("cohort"))
        })?
    }

    /// Sets the cohort's members to those of the generator.
    pub fn generate(
        &self,
        project: u64,
        cohort: u64,
        generator: Generator,
    ) -> Result<(), NotThere> {
        self.with(project, |project| {
            if !project.cohorts.contains_key(&cohort) {
                return Err(NotThere("cohort"));
            }
            let makers = project.learn_made(vec![generator]);
            if let Some(found) = project.cohorts.get_mut(&cohort) {
                found.set_made(makers);
            }
            Ok(())
        })?
    }

    /// Who is a member now, in order.
    pub fn members(&self, project: u64, cohort: u64) -> Result<Vec<String>, NotThere> {
        self.with(project, |project| {
            let found = project.cohorts.get(&cohort).ok_or(NotThere("cohort"))?;
            Ok(found.ids().collect())
        })?
    }

    /// Adds users, or replaces those of the same id.
    pub fn put_users(&self, project: u64, users: Vec<User>) -> Result<(), NotThere> {
        self.with(project, |project| {
            let users = users
                .into_iter()
                .map(|user| (user.distinct_id.text(), Arc::new(user)));
            project.users.extend(users);
        })
    }

    /// Counts queries that others ran just now.
    pub fn spend_queries(&self, project: u64, queries: usize) -> Result<(), NotThere> {
        self.with(project, |project| {
            project.budget.spend(queries, &project.settings)
        })
    }

    /// Empties the rolling window.
    pub fn forget_queries(&self, project: u64) -> Result<(), NotThere> {
        self.with(project, |project| project.budget.forget())
    }

    /// Queries counted in the rolling window.
    pub fn spent_queries(&self, project: u64) -> Result<usize, NotThere> {
        self.with(project, |project| project.budget.spent(&project.settings))
    }

    /// All cached queries are gone at once.
    pub fn lose_sessions(&self, project: u64) -> Result<(), NotThere> {
        self.with(project, |project| project.sessions.clear())
    }

    /// How late the project's answers come.
    pub(super) fn latency(&self, project: u64) -> Duration {
        let settings = self.with(project, |project| project.settings.latency_ms);
        Duration::from_millis(settings.unwrap_or(0))
    }

    /// Whether any project takes these credentials.
    pub(super) fn knows_account(&self, username: &str, secret: &str) -> bool {
        let projects: Vec<_> = self.projects().values().cloned().collect();
        projects.iter().any(|project| {
            let accounts = &lock(project).settings.service_accounts;
            accounts
                .iter()
                .any(|account| account.username == username && account.secret == secret)
        })
    }

    pub(super) fn with<T>(
        &self,
        project: u64,
        act: impl FnOnce(&mut Project) -> T,
    ) -> Result<T, NotThere> {
        let found = self
            .projects()
            .get(&project)
            .cloned()
            .ok_or(NotThere("project"))?;
        let mut found = lock(&found);
        Ok(act(&mut found))
    }

    fn projects(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Mutex<Project>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(project: &Mutex<Project>) -> MutexGuard<'_, Project> {
    project.lock().unwrap_or_else(PoisonError::into_inner)
}
