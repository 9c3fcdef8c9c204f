//! The official envtest archive: etcd, kube-apiserver and kubectl of a release, published by
//! controller-tools with an index of checksums. It has no kube-controller-manager.

use std::{collections::BTreeMap, env::consts, fs, io, path::Path, process::Stdio, time::Duration};

use aws_lc_rs::digest::{Context, SHA512};
use serde::Deserialize;
use tokio::{fs::File, io::AsyncWriteExt, process::Command, time::timeout};

use super::assets;

/// The index that setup-envtest reads.
pub(super) const INDEX: &str =
    "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml";
/// Any patch of this minor release will do.
const MINOR: &str = "v1.36.";
/// Offline this must be over quickly: a build comes next.
const CONNECT_WITHIN: Duration = Duration::from_millis(1_500);
const READ_WITHIN: Duration = Duration::from_secs(15);
const FETCH_WITHIN: Duration = Duration::from_secs(15 * 60);
const UNPACK_WITHIN: Duration = Duration::from_secs(120);
/// 30 kB in 2026.
const MAX_INDEX: u64 = 4 << 20;
/// About 60 MB in 2026.
const MAX_ARCHIVE: u64 = 512 << 20;

#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("its index is unreadable")]
    Index(#[from] serde_yaml::Error),
    #[error("none for {MINOR}x on {0}")]
    NotPublished(String),
    #[error("more than {0} bytes")]
    TooLarge(u64),
    #[error("its checksum differs from the published one")]
    Checksum,
    #[error("can't be unpacked")]
    Unpack,
    #[error("took too long")]
    TooLong,
}

#[derive(Deserialize)]
struct Index {
    /// By version, then by file name.
    releases: BTreeMap<String, BTreeMap<String, Release>>,
}

#[derive(Deserialize)]
struct Release {
    /// SHA-512 of the archive, hexadecimal.
    hash: String,
    #[serde(rename = "selfLink")]
    url: String,
}

/// The folder's name in the cache.
pub(super) fn key() -> String {
    format!("envtest-{MINOR}x-{}", platform())
}

/// Fetches the newest archive for this platform, checks it and unpacks it into the empty `work`.
pub(super) async fn fetch(
    index: &str,
    work: &Path,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), ArchiveError> {
    timeout(FETCH_WITHIN, async {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(READ_WITHIN)
            .build()?;
        let listed = work.join("index.yaml");
        download(&client, index, &listed, MAX_INDEX).await?;
        let index: Index = serde_yaml::from_str(&fs::read_to_string(&listed)?)?;
        let (version, release) =
            newest(&index, &platform()).ok_or_else(|| ArchiveError::NotPublished(platform()))?;
        say(&format!(
            "fetching envtest's archive of Kubernetes {version} (no controller manager)"
        ));
        let archive = work.join("archive.tar.gz");
        let sum = download(&client, &release.url, &archive, MAX_ARCHIVE).await?;
        if !sum.eq_ignore_ascii_case(&release.hash) {
            return Err(ArchiveError::Checksum);
        }
        unpack(&archive, work).await?;
        fs::remove_file(listed)?;
        fs::remove_file(archive)?;
        Ok(())
    })
    .await
    .unwrap_or(Err(ArchiveError::TooLong))
}

/// Streams a file to disk and returns its SHA-512, hexadecimal.
async fn download(
    client: &reqwest::Client,
    url: &str,
    into: &Path,
    limit: u64,
) -> Result<String, ArchiveError> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let mut file = File::create(into).await?;
    let mut hash = Context::new(&SHA512);
    let mut size = 0;
    while let Some(chunk) = response.chunk().await? {
        size += chunk.len() as u64;
        if size > limit {
            return Err(ArchiveError::TooLarge(limit));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(hash
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// The programs lie two folders deep, in `controller-tools/envtest/`.
async fn unpack(archive: &Path, into: &Path) -> Result<(), ArchiveError> {
    let mut tar = Command::new("tar")
        .arg("-xzf")
        .arg(archive)
        .arg("-C")
        .arg(into)
        .arg("--strip-components=2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let status = timeout(UNPACK_WITHIN, tar.wait())
        .await
        .map_err(|_| ArchiveError::TooLong)??;
    let complete = status.success() && assets::inside(into).is_some();
    complete.then_some(()).ok_or(ArchiveError::Unpack)
}

fn newest<'a>(index: &'a Index, platform: &str) -> Option<(&'a str, &'a Release)> {
    let of_minor = index.releases.iter().filter_map(|(version, files)| {
        let patch: u32 = version.strip_prefix(MINOR)?.parse().ok()?;
        let release = files.get(&format!("envtest-{version}-{platform}.tar.gz"))?;
        Some((patch, version.as_str(), release))
    });
    of_minor
        .max_by_key(|(patch, ..)| *patch)
        .map(|(_, version, release)| (version, release))
}

/// This machine, in Go's words: `linux-amd64`, `darwin-arm64`.
fn platform() -> String {
    let system = if consts::OS == "macos" {
        "darwin"
    } else {
        consts::OS
    };
    let processor = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{processor}")
}

#[cfg(test)]
mod tests;
