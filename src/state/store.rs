//! Objects of bounded size, each operation with a deadline.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};
use tokio::time::timeout;
use url::Url;

use super::StateError;

/// Of one operation, and for each MiB beside.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);
const PER_MIB: Duration = Duration::from_secs(1);
/// Of a listing, which may take many calls.
const LISTING: Duration = Duration::from_secs(300);

#[derive(Clone)]
pub(super) struct Store {
    pub(super) inner: Arc<dyn ObjectStore>,
    /// The inner one where it is a folder.
    pub(super) disk: Option<Arc<LocalFileSystem>>,
    root: Path,
}

/// The inner one may hold credentials.
impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.root)
    }
}

impl Store {
    pub(super) fn open(url: &str, prefix: &str) -> Result<Self, StateError> {
        let address = |what: &str| StateError::Address(what.to_owned());
        // The parsers' own words would repeat the URL, which may hold a password.
        let url: Url = url.parse().map_err(|_| address("it isn't a URL"))?;
        let mut disk = None;
        let (inner, root): (Arc<dyn ObjectStore>, Path) = if url.scheme() == "file" {
            let folder = url
                .to_file_path()
                .map_err(|()| address("a file URL needs an absolute path"))?;
            make(&folder)?;
            let folder = Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true));
            disk = Some(folder.clone());
            (folder, Path::default())
        } else {
            // Without the filter a variable such as TOKEN or REGION would count as a setting.
            let settings = std::env::vars_os().filter_map(|(key, value)| {
                let (key, value) = (key.into_string().ok()?, value.into_string().ok()?);
                key.starts_with("AWS_").then_some((key, value))
            });
            let (store, path) = object_store::parse_url_opts(&url, settings).map_err(|_| {
                address("its scheme isn't supported, or the AWS_ variables don't fit it")
            })?;
            (Arc::from(store), path)
        };
        let prefix = Path::parse(prefix).map_err(|_| address("the prefix isn't a plain path"))?;
        let root = root.parts().chain(prefix.parts()).collect();
        Ok(Self { inner, disk, root })
    }

    /// `None` if there is no such object.
    pub(super) async fn get(&self, key: &str, limit: u64) -> Result<Option<Bytes>, StateError> {
        let path = self.path(key);
        within(DEADLINE + allowance(limit), async {
            let found = match self.inner.get(&path).await {
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                found => found?,
            };
            if found.meta.size > limit {
                return Err(StateError::TooLarge(limit));
            }
            Ok(Some(found.bytes().await?))
        })
        .await
    }

    pub(super) async fn put(&self, key: &str, what: Bytes, limit: u64) -> Result<(), StateError> {
        let size = what.len() as u64;
        if size > limit {
            return Err(StateError::TooLarge(limit));
        }
        let path = self.path(key);
        within(DEADLINE + allowance(size), async {
            self.inner.put(&path, what.into()).await?;
            Ok(())
        })
        .await
    }

    /// No error if there is no such object.
    pub(super) async fn delete(&self, key: &str) -> Result<(), StateError> {
        let path = self.path(key);
        within(DEADLINE, async {
            match self.inner.delete(&path).await {
                Err(object_store::Error::NotFound { .. }) => Ok(()),
                done => Ok(done?),
            }
        })
        .await
    }

    /// The names of the objects in a folder of ours.
    pub(super) async fn names(&self, folder: &str) -> Result<Vec<String>, StateError> {
        let path = self.path(folder);
        within(LISTING, async {
            let found: Vec<_> = self.inner.list(Some(&path)).try_collect().await?;
            let names = found.iter().filter_map(|object| object.location.filename());
            Ok(names.map(str::to_owned).collect())
        })
        .await
    }

    pub(super) fn path(&self, key: &str) -> Path {
        let key = Path::from(key);
        self.root.parts().chain(key.parts()).collect()
    }
}

/// The folder, for our eyes only where it is new.
fn make(folder: &std::path::Path) -> Result<(), StateError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|_| StateError::Unavailable("its folder can't be made"))
}

pub(super) fn allowance(size: u64) -> Duration {
    let mebibytes = u32::try_from(size >> 20).unwrap_or(u32::MAX);
    PER_MIB.saturating_mul(mebibytes)
}

pub(super) async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, StateError>>,
) -> Result<T, StateError> {
    timeout(deadline, work)
        .await
        .unwrap_or(Err(StateError::Unavailable("no answer in time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sizes_are_bounded_both_ways() {
        let store = Store::open("memory:///", "").unwrap();
        let four = Bytes::from_static(b"four");
        let too_large = Err(StateError::TooLarge(3));
        assert_eq!(store.put("a", four.clone(), 3).await, too_large);
        store.put("a", four.clone(), 4).await.unwrap();
        assert_eq!(store.get("a", 3).await, Err(StateError::TooLarge(3)));
        assert_eq!(store.get("a", 4).await, Ok(Some(four)));
        store.delete("a").await.unwrap();
        store.delete("a").await.unwrap();
        assert_eq!(store.get("a", 4).await, Ok(None));
    }

    #[test]
    fn unusable_addresses_are_refused_and_not_repeated() {
        for (url, prefix) in [
            ("canary", ""),
            ("ftp://user:canary@example.com/", ""),
            ("gs://canary/path", ""),
            ("memory:///", "../canary"),
            ("file://elsewhere.example.com/canary", ""),
        ] {
            let error = Store::open(url, prefix).unwrap_err();
            assert!(matches!(error, StateError::Address(_)), "{url}: {error:?}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }
}
