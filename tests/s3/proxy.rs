//! A way to the server on which requests or answers can stall.

use std::sync::Arc;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Lives as long as the test's runtime.
pub struct Proxy {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    held: watch::Sender<bool>,
    /// A permit for each connection that stalled.
    stalled: Arc<Semaphore>,
}

/// Which way stalls, after so many bytes of it.
#[derive(Clone, Copy)]
enum Stall {
    Requests(u64),
    Answers(u64),
}

impl Proxy {
    /// A way to `upstream`, a host and port. Each connection stalls after so many bytes of answers.
    pub async fn stalling(upstream: String, after: u64) -> Self {
        Self::start(upstream, Stall::Answers(after)).await
    }

    /// The same for requests.
    pub async fn stalling_uploads(upstream: String, after: u64) -> Self {
        Self::start(upstream, Stall::Requests(after)).await
    }

    async fn start(upstream: String, stall: Stall) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (held, holds) = watch::channel(true);
        let stalled = Arc::new(Semaphore::new(0));
        let tell = stalled.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Without a server the client is left, as by one that is gone.
                if let Ok(server) = TcpStream::connect(&upstream).await {
                    tokio::spawn(carry(client, server, stall, holds.clone(), tell.clone()));
                }
            }
        });
        Self { url, held, stalled }
    }

    /// Waits until a connection has stalled.
    pub async fn stalled(&self) {
        self.stalled.acquire().await.unwrap().forget();
    }

    /// Whatever stalls goes on.
    pub fn release(&self) {
        self.held.send_replace(false);
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    stall: Stall,
    holds: watch::Receiver<bool>,
    stalled: Arc<Semaphore>,
) {
    let (asks, hears) = client.into_split();
    let (answers, takes) = server.into_split();
    let (up, down) = match stall {
        Stall::Requests(after) => (Some(after), None),
        Stall::Answers(after) => (None, Some(after)),
    };
    tokio::spawn(pipe(asks, takes, up, holds.clone(), stalled.clone()));
    pipe(answers, hears, down, holds, stalled).await;
}

async fn pipe(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    stall: Option<u64>,
    mut holds: watch::Receiver<bool>,
    stalled: Arc<Semaphore>,
) {
    if let Some(bytes) = stall.filter(|_| *holds.borrow()) {
        // Either side may be gone by now.
        let copied = io::copy(&mut (&mut from).take(bytes), &mut to).await;
        let _ = to.flush().await;
        if copied.is_ok_and(|copied| copied == bytes) {
            stalled.add_permits(1);
        }
        if holds.wait_for(|held| !held).await.is_err() {
            return;
        }
    }
    let _ = io::copy(&mut from, &mut to).await;
}
