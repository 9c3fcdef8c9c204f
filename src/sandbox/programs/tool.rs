//! A program that Go makes from published modules and that the cache keeps.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{Cache, CacheError, Go, GoError};

/// What a program is made from.
///
/// ```no_run
/// # async fn example() -> Result<(), mixtap::sandbox::programs::ToolError> {
/// use mixtap::sandbox::programs::{Source, Tool};
/// let helm = Tool {
///     name: "helm",
///     version: "v3.22.0",
///     source: Source::Package("helm.sh/helm/v3/cmd/helm"),
///     takes: "3 minutes",
/// };
/// let path = helm.find(&|line| eprintln!("{line}")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// Of the program: for a package the last part of its path.
    pub name: &'static str,
    /// The release, as a Go module's version. It names the folder in the cache.
    pub version: &'static str,
    pub source: Source,
    /// Told to the user: how long the build takes on 2 cores, once.
    pub takes: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// The path of a published main package.
    Package(&'static str),
    /// Name and text of the files of a main package of ours, `go.mod` and `go.sum` among them.
    Files(&'static [(&'static str, &'static str)]),
}

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("no {name} to be had: {source}; Go 1.26 or newer (https://go.dev/dl) builds it")]
    Build {
        name: &'static str,
        source: BuildError,
    },
}

/// Why Go didn't build a program.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BuildError(#[from] GoError);

impl Tool {
    /// The program, made first if need be: `say` is told, a line at a time.
    ///
    /// # Errors
    /// [`ToolError::Build`] where Go is absent or fails; otherwise what is wrong with the cache.
    pub async fn find(&self, say: &(dyn Fn(&str) + Sync)) -> Result<PathBuf, ToolError> {
        let cache = Cache::of_user(env::var_os)?;
        let kept = cache.folder(&self.key());
        let program = kept.join(self.name);
        if program.is_file() {
            return Ok(program);
        }
        let _lock = cache.lock(say).await?;
        // Whoever held the lock may have made it.
        if !program.is_file() {
            let work = cache.workshop()?;
            self.build(&work, &kept, say)
                .await
                .map_err(|error| ToolError::Build {
                    name: self.name,
                    source: error.into(),
                })?;
            cache.keep(&work, &kept)?;
        }
        Ok(program)
    }

    /// The folder's name in the cache: it changes with the version, our files and the platform.
    fn key(&self) -> String {
        let mut key = format!("{}-{}", self.name, self.version);
        if let Source::Files(files) = self.source {
            let mut hash = blake3::Hasher::new();
            for text in files.iter().flat_map(|(name, text)| [name, text]) {
                hash.update(text.as_bytes()).update(&[0]);
            }
            key = format!("{key}-{}", &hash.finalize().to_hex()[..12]);
        }
        format!("{key}-{}-{}", env::consts::OS, env::consts::ARCH)
    }

    /// Builds into the empty folder `work`, with the flags that `.ci/run` warms Go's cache with.
    async fn build(
        &self,
        work: &Path,
        kept: &Path,
        say: &(dyn Fn(&str) + Sync),
    ) -> Result<(), GoError> {
        let (folder, what) = match self.source {
            Source::Package(path) => (work.to_owned(), format!("{path}@{}", self.version)),
            Source::Files(files) => {
                let folder = work.join("source");
                fs::create_dir(&folder)?;
                for (name, text) in files {
                    fs::write(folder.join(name), text)?;
                }
                (folder, ".".to_owned())
            }
        };
        let program = format!("../{}", self.name);
        let mut args = match self.source {
            Source::Package(_) => vec!["install"],
            Source::Files(_) => vec!["build", "-o", &program],
        };
        args.extend(["-trimpath", "-ldflags", "-s -w", &what]);
        let go = Go {
            args: &args,
            folder: &folder,
            log: folder.join("build.log"),
            about: format!(
                "building {} {} with Go: once, about {} on 2 cores, kept in {}",
                self.name,
                self.version,
                self.takes,
                kept.display()
            ),
        };
        go.run(say).await?;
        if let Source::Files(_) = self.source {
            fs::remove_dir_all(folder)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: Tool = Tool {
        name: "argocd",
        version: "v3.2.11",
        source: Source::Files(&[("main.go", "package main")]),
        takes: "6 minutes",
    };

    #[test]
    fn the_key_is_a_plain_file_name_that_names_the_release_and_changes_with_the_files() {
        let key = TOOL.key();
        assert!(key.starts_with("argocd-v3.2.11-"));
        assert!(
            key.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        );
        let other = Tool {
            source: Source::Files(&[("main.go", "package other")]),
            ..TOOL
        };
        assert_ne!(other.key(), key);
    }
}
