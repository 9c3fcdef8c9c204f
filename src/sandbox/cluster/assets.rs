//! Where etcd, kube-apiserver and kube-controller-manager come from: what the user names, our
//! cache, the official envtest archive, or a build with Go, in this order.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{archive, build};
use crate::sandbox::programs::{Cache, CacheError};

/// The programs of a control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    pub etcd: PathBuf,
    pub apiserver: PathBuf,
    /// Absent from envtest's archives. Without it a deleted namespace stays `Terminating`, and
    /// nothing is garbage-collected.
    pub controller_manager: Option<PathBuf>,
}

/// The least that will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    ApiServer,
    ControllerManager,
}

#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    #[error(
        "no Kubernetes API server to be had: {}. Install Go 1.26 or newer (https://go.dev/dl) and \
         try again, or let KUBEBUILDER_ASSETS name a folder with etcd, kube-apiserver and \
         kube-controller-manager",
        tried.join("; ")
    )]
    Missing {
        /// What was tried, and why it failed.
        tried: Vec<String>,
    },
    #[error("{variable} names {}, but there is no such program", path.display())]
    NoSuchProgram {
        variable: &'static str,
        path: PathBuf,
    },
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Assets {
    /// The programs that are there already, in what the user names or our cache.
    pub fn at_hand(need: Need) -> Result<Option<Self>, AssetsError> {
        let cache = Cache::of_user(env::var_os)?;
        let named = named(env::var_os)?.filter(|assets| assets.suffice(need));
        Ok(named.or_else(|| cached(&cache, need)))
    }

    /// Finds the programs or gets them, which may take minutes; `say` is told what is going on, a
    /// line at a time. Can be dropped at any time and leaves nothing half-made that would be used.
    pub async fn find(need: Need, say: &(dyn Fn(&str) + Sync)) -> Result<Self, AssetsError> {
        if let Some(named) = named(env::var_os)? {
            if named.suffice(need) {
                return Ok(named);
            }
            say("KUBEBUILDER_ASSETS has no kube-controller-manager; looking elsewhere");
        }
        let cache = Cache::of_user(env::var_os)?;
        let cached = || cached(&cache, need);
        if let Some(assets) = cached() {
            return Ok(assets);
        }
        let (built, fetched) = (cache.folder(&build::key()), cache.folder(&archive::key()));
        let _lock = cache.lock(say).await?;
        let mut tried = Vec::new();
        // Asked again each time: whoever held the lock may have made them.
        if cached().is_none() && need == Need::ApiServer {
            let work = cache.workshop()?;
            match archive::fetch(archive::INDEX, &work, say).await {
                Ok(()) => cache.keep(&work, &fetched)?,
                Err(error) => tried.push(format!("envtest's archive: {error}")),
            }
        }
        if cached().is_none() {
            let work = cache.workshop()?;
            match build::build(&work, &built, say).await {
                Ok(()) => cache.keep(&work, &built)?,
                Err(error) => tried.push(error.to_string()),
            }
        }
        cached().ok_or(AssetsError::Missing { tried })
    }

    fn suffice(&self, need: Need) -> bool {
        need == Need::ApiServer || self.controller_manager.is_some()
    }
}

/// What an earlier call has built or fetched.
fn cached(cache: &Cache, need: Need) -> Option<Assets> {
    let folders = [cache.folder(&build::key()), cache.folder(&archive::key())];
    let mut found = folders.iter().filter_map(|folder| inside(folder));
    found.find(|assets| assets.suffice(need))
}

/// The programs in `folder`, if at least the API server and etcd are there.
pub(super) fn inside(folder: &Path) -> Option<Assets> {
    let program = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    Some(Assets {
        etcd: program("etcd")?,
        apiserver: program("kube-apiserver")?,
        controller_manager: program("kube-controller-manager"),
    })
}

/// What the user names, in the variables that controller-runtime made known. A name that leads
/// nowhere is an error: minutes of building are no answer to a typing mistake.
fn named(var: impl Fn(&'static str) -> Option<OsString>) -> Result<Option<Assets>, AssetsError> {
    let path = |name| {
        var(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = path("KUBEBUILDER_ASSETS");
    let program = |variable, name| {
        let found = match (path(variable), &folder) {
            (Some(path), _) => Some((variable, path)),
            (None, Some(folder)) => Some(("KUBEBUILDER_ASSETS", folder.join(name))),
            (None, None) => None,
        };
        match found {
            Some((variable, path)) if !path.is_file() => {
                Err(AssetsError::NoSuchProgram { variable, path })
            }
            found => Ok(found.map(|(_, path)| path)),
        }
    };
    let etcd = program("TEST_ASSET_ETCD", "etcd")?;
    let apiserver = program("TEST_ASSET_KUBE_APISERVER", "kube-apiserver")?;
    let controller_manager = folder
        .map(|f| f.join("kube-controller-manager"))
        .filter(|path| path.is_file());
    Ok(etcd.zip(apiserver).map(|(etcd, apiserver)| Assets {
        etcd,
        apiserver,
        controller_manager,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(programs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            std::fs::write(folder.path().join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn nothing_named_is_nothing_found() {
        assert_eq!(named(|_| None).unwrap(), None);
        assert_eq!(named(|_| Some(OsString::new())).unwrap(), None);
    }

    #[test]
    fn a_named_folder_serves_and_single_programs_go_first() {
        let folder = folder_with(&["etcd", "kube-apiserver", "my-etcd"]);
        let path = |name| folder.path().join(name);
        let mut assets = Assets {
            etcd: path("my-etcd"),
            apiserver: path("kube-apiserver"),
            controller_manager: None,
        };
        let found = named(|variable| match variable {
            "KUBEBUILDER_ASSETS" => Some(folder.path().into()),
            "TEST_ASSET_ETCD" => Some(path("my-etcd").into()),
            _ => None,
        });
        assert_eq!(found.unwrap().as_ref(), Some(&assets));
        assert!(assets.suffice(Need::ApiServer) && !assets.suffice(Need::ControllerManager));
        assets.controller_manager = Some(path("kube-controller-manager"));
        assert!(assets.suffice(Need::ControllerManager));
    }

    #[test]
    fn a_named_program_that_is_not_there_is_an_error() {
        let folder = folder_with(&["etcd"]);
        let found = named(|variable| {
            (variable == "KUBEBUILDER_ASSETS").then(|| folder.path().as_os_str().to_owned())
        });
        let text = found.unwrap_err().to_string();
        assert!(
            text.contains("KUBEBUILDER_ASSETS") && text.contains("kube-apiserver"),
            "{text}"
        );
    }

    #[test]
    fn a_folder_counts_only_with_both_programs() {
        assert_eq!(
            inside(folder_with(&["etcd", "kube-controller-manager"]).path()),
            None
        );
        let whole = folder_with(&["etcd", "kube-apiserver", "kube-controller-manager"]);
        assert!(inside(whole.path()).unwrap().controller_manager.is_some());
    }

    #[test]
    fn what_is_missing_says_what_to_do() {
        let tried = vec![
            "envtest's archive: unreachable".into(),
            "Go is not installed".into(),
        ];
        let text = AssetsError::Missing { tried }.to_string();
        for part in [
            "unreachable; Go is not",
            "https://go.dev/dl",
            "KUBEBUILDER_ASSETS",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
