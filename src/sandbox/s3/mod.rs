//! A real S3 server on loopback, versitygw, for what a stand-in would be too kind to.

mod program;

use std::{
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use object_store::{
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Key,
    signer::Signer,
};
use reqwest::Method;
use tempfile::TempDir;
use url::Url;

use super::programs::{Program, ProgramError, ToolError};

/// The one bucket.
pub const BUCKET: &str = "mixtap";
const REGION: &str = "us-east-1";
const HEALTH: &str = "/health";
/// A server that ends early may have lost its port to another program.
const ATTEMPTS: u32 = 4;
const ASK_WITHIN: Duration = Duration::from_secs(5);

/// What to start.
#[derive(Clone, Debug)]
pub struct S3Options {
    /// The `mixtap` binary: its `guard` ends the server when we end, however that is.
    pub guard: PathBuf,
    /// Where the server's own folder is made; the system's temporary folder otherwise.
    pub dir: Option<PathBuf>,
}

/// A running server with the bucket [`BUCKET`] and one random pair of keys. Dropping it, or the
/// end of this process, kills the server and removes its folder. It is bound to no async runtime.
pub struct S3 {
    // Dropped before its folder.
    server: Program,
    http: reqwest::Client,
    url: Url,
    key: String,
    secret: String,
    dir: TempDir,
}

#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error("a file or port of the S3 server: {0}")]
    Io(#[from] io::Error),
    #[error("its HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("a signature: {0}")]
    Sign(#[from] object_store::Error),
}

impl S3 {
    /// Finds the server or builds it, which takes a minute once, and starts it on a free port of
    /// 127.0.0.1; `say` is told what is going on, a line at a time.
    ///
    /// # Errors
    /// [`S3Error::Tool`] where it can't be had; otherwise what went wrong.
    pub async fn start(options: S3Options, say: &(dyn Fn(&str) + Sync)) -> Result<Self, S3Error> {
        let program = program::VERSITYGW.find(say).await?;
        let mut attempt = 1;
        loop {
            let s3 = Self::new(&options, &program)?;
            match s3.restart().await {
                Err(S3Error::Program(ProgramError::Ended { .. })) if attempt < ATTEMPTS => {
                    attempt += 1;
                }
                started => return started.map(|()| s3),
            }
        }
    }

    fn new(options: &S3Options, program: &Path) -> Result<Self, S3Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("mixtap-s3-");
        let dir = match &options.dir {
            Some(parent) => builder.tempdir_in(parent),
            None => builder.tempdir(),
        }?;
        let (data, meta) = (dir.path().join("data"), dir.path().join("meta"));
        // A folder of the data is a bucket.
        fs::create_dir_all(data.join(BUCKET))?;
        fs::create_dir(&meta)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (key, secret) = (random(), random());
        let args = vec![
            "--quiet".into(),
            "--keep-alive".into(),
            format!("--port={address}"),
            format!("--region={REGION}"),
            format!("--health={HEALTH}"),
            "posix".into(),
            // Not every temporary folder has extended attributes.
            format!("--sidecar={}", meta.display()),
            data.display().to_string(),
        ];
        let health = format!("http://{address}{HEALTH}");
        let server = Program::new(
            "versitygw",
            health,
            &options.guard,
            program,
            args,
            dir.path(),
        );
        let url = format!("http://{address}/");
        Ok(Self {
            server: server
                .with("ROOT_ACCESS_KEY_ID", &key)
                .with("ROOT_SECRET_ACCESS_KEY", &secret)
                .removing(dir.path()),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(ASK_WITHIN)
                .build()?,
            url: url.parse().expect("an address makes a URL"),
            key,
            secret,
            dir,
        })
    }

    /// The server's address, `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The server's folder: its log, the objects below `data`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The variables that `State::open("s3://mixtap/..")` needs to find this server.
    pub fn env(&self) -> Vec<(String, String)> {
        let settings = [
            ("AWS_ACCESS_KEY_ID", &*self.key),
            ("AWS_SECRET_ACCESS_KEY", &*self.secret),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT", self.url.as_str().trim_end_matches('/')),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false"),
        ];
        settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// An address of SigV4 to which anyone may `PUT` this object until it expires: at least a
    /// second, at most a week.
    ///
    /// # Errors
    /// [`S3Error::Sign`] where the time is out of these bounds.
    pub async fn presigned_put(&self, key: &str, expires: Duration) -> Result<Url, S3Error> {
        let signer = self.signer()?;
        Ok(signer
            .signed_url(Method::PUT, &Key::from(key), expires)
            .await?)
    }

    /// Kills the server, as an outage would. Its objects stay.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Starts it again, on the same port and with the same objects, and waits until it serves.
    ///
    /// # Errors
    /// When it doesn't start.
    pub async fn restart(&self) -> Result<(), S3Error> {
        self.server.start().map_err(ProgramError::from)?;
        Ok(self.server.answers(&self.http, &self.server.health).await?)
    }

    fn signer(&self) -> Result<AmazonS3, object_store::Error> {
        AmazonS3Builder::new()
            .with_bucket_name(BUCKET)
            .with_region(REGION)
            .with_endpoint(self.url.as_str().trim_end_matches('/'))
            .with_allow_http(true)
            .with_access_key_id(&self.key)
            .with_secret_access_key(&self.secret)
            .build()
    }
}

/// 40 letters and digits.
fn random() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(40)
        .collect()
}
