//! What is left of query budgets, kept so that a restart spends none twice. What the bytes say is
//! their writer's business.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{MAX_SMALL, State, StateError, digest};

const FOLDER: &str = "budget";
/// Budgets that are read: the process keeps fewer.
const BUDGETS: usize = 1024;
/// Of them at once.
const AT_ONCE: usize = 8;

impl State {
    /// The name of a project's budget: `host` with its port if it has one, and Mixpanel's project
    /// id.
    pub fn budget_key(host: &str, project: i64) -> String {
        digest("budget", &(host, project))
    }

    /// Keeps a budget of at most 64 KiB under a name that [`State::budget_key`] made.
    ///
    /// # Errors
    /// As every call: when the store doesn't answer in time, or refuses; and
    /// [`StateError::TooLarge`].
    pub async fn save_budget(&self, key: &str, json: Bytes) -> Result<(), StateError> {
        self.store.put(&object(key), json, MAX_SMALL).await
    }

    /// All budgets by their names, the first 1,024 of them; what is too large for one isn't.
    ///
    /// # Errors
    /// As above.
    pub async fn budgets(&self) -> Result<Vec<(String, Bytes)>, StateError> {
        let names = self.store.names(FOLDER).await?;
        let reads = names.into_iter().take(BUDGETS).map(|name| async {
            match self.store.get(&object(&name), MAX_SMALL).await {
                Ok(json) => Ok(json.map(|json| (name, json))),
                Err(StateError::TooLarge(_)) => Ok(None),
                Err(error) => Err(error),
            }
        });
        stream::iter(reads)
            .buffered(AT_ONCE)
            .try_filter_map(async |budget| Ok(budget))
            .try_collect()
            .await
    }

    /// Forgets a budget; no error if there is none.
    ///
    /// # Errors
    /// As above.
    pub async fn drop_budget(&self, key: &str) -> Result<(), StateError> {
        self.store.delete(&object(key)).await
    }
}

fn object(key: &str) -> String {
    format!("{FOLDER}/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn budgets_come_back_by_name_until_they_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let url = url::Url::from_directory_path(dir.path()).unwrap();
        for url in ["memory:///", url.as_str()] {
            let state = State::open(url, "team").unwrap();
            assert_eq!(state.budgets().await, Ok(Vec::new()));
            let [a, b] = [1, 2].map(|project| State::budget_key("mixpanel.example.com", project));
            state.save_budget(&a, "old".into()).await.unwrap();
            state.save_budget(&a, "new".into()).await.unwrap();
            state.save_budget(&b, "other".into()).await.unwrap();
            let mut found = state.budgets().await.unwrap();
            found.sort();
            let mut expected = vec![(a.clone(), Bytes::from("new")), (b, "other".into())];
            expected.sort();
            assert_eq!(found, expected);
            state.drop_budget(&a).await.unwrap();
            state.drop_budget(&a).await.unwrap();
            assert_eq!(state.budgets().await.unwrap().len(), 1);
            let large = Bytes::from(vec![b' '; MAX_SMALL as usize + 1]);
            let refused = state.save_budget(&a, large).await;
            assert_eq!(refused, Err(StateError::TooLarge(MAX_SMALL)));
        }
    }

    #[test]
    fn names_tell_hosts_and_projects_apart() {
        let key = State::budget_key;
        assert_ne!(key("a.example.com", 1), key("a.example.com", 2));
        assert_ne!(key("a.example.com", 1), key("a.example.com:1", 1));
        assert_eq!(key("a", 1).len(), 32);
    }
}
