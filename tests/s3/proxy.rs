//! A way to the server on which answers can stall.

use std::sync::Arc;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Lives as long as the test's runtime.
pub struct Proxy {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    stall: watch::Sender<Option<u64>>,
    /// A permit for each connection that stalled.
    stalled: Arc<Semaphore>,
}

impl Proxy {
    /// A way to `upstream`, a host and port. Each connection stalls after so many bytes of answers.
    pub async fn stalling(upstream: String, after: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stall, stalls) = watch::channel(Some(after));
        let stalled = Arc::new(Semaphore::new(0));
        let tell = stalled.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(carry(client, server, stalls.clone(), tell.clone()));
            }
        });
        Self {
            url,
            stall,
            stalled,
        }
    }

    /// Waits until a connection has stalled.
    pub async fn stalled(&self) {
        self.stalled.acquire().await.unwrap().forget();
    }

    /// Whatever stalls goes on.
    pub fn release(&self) {
        self.stall.send_replace(None);
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    mut stalls: watch::Receiver<Option<u64>>,
    stalled: Arc<Semaphore>,
) {
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut takes) = server.into_split();
    tokio::spawn(async move { io::copy(&mut asks, &mut takes).await });
    let after = *stalls.borrow();
    if let Some(bytes) = after {
        // Whoever asked may be gone by now.
        let _ = io::copy(&mut (&mut answers).take(bytes), &mut hears).await;
        let _ = hears.flush().await;
        stalled.add_permits(1);
        if stalls.wait_for(Option::is_none).await.is_err() {
            return;
        }
    }
    let _ = io::copy(&mut answers, &mut hears).await;
}
