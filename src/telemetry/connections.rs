//! A listener that holds a bounded number of connections, none of them idle for long, and little of
//! what their peers don't take.

use std::{
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// Bytes that the kernel keeps for a peer that reads slowly; it takes twice as many for its own needs.
/// Left alone it lets them grow to megabytes.
const UNSENT: usize = 128 * 1024;

/// Further connections wait in the kernel's backlog.
pub struct BoundedListener {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    idle: Duration,
}

impl BoundedListener {
    /// At most `connections` at once; each is closed after `idle` without a byte either way.
    pub fn new(listener: TcpListener, connections: usize, idle: Duration) -> Self {
        Self {
            listener,
            slots: Arc::new(Semaphore::new(connections)),
            idle,
        }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        // Whoever can't be told so is bounded by what the kernel permits.
        let _ = set_socket_send_buffer_size(&stream, UNSENT);
        let connection = Connection {
            stream,
            idle: self.idle,
            cut: Box::pin(sleep(self.idle)),
            _slot: slot,
        };
        (connection, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One of them.
pub struct Connection {
    stream: TcpStream,
    idle: Duration,
    cut: Pin<Box<Sleep>>,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    fn cut_if_idle<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.cut.as_mut().reset(Instant::now() + self.idle);
            return polled;
        }
        self.cut
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.cut_if_idle(cx, polled)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.cut_if_idle(cx, polled)
    }

    // Whoever writes pieces that others share needs no copy of its own.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.cut_if_idle(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    async fn listener(connections: usize, idle: Duration) -> (BoundedListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let listener = BoundedListener::new(listener, connections, idle);
        let address = listener.local_addr().expect("an address");
        (listener, address)
    }

    #[tokio::test]
    async fn the_next_waits_for_a_slot() {
        let (mut listener, address) = listener(1, LONG).await;
        let _first_peer = TcpStream::connect(address).await.expect("connect");
        let _second_peer = TcpStream::connect(address).await.expect("connect");
        let (first, _) = listener.accept().await;
        let second = futures::poll!(std::pin::pin!(listener.accept()));
        assert!(second.is_pending());
        drop(first);
        listener.accept().await;
    }

    #[tokio::test]
    async fn pieces_are_written_together() {
        let (mut listener, address) = listener(1, LONG).await;
        let _peer = TcpStream::connect(address).await.expect("connect");
        let (mut connection, _) = listener.accept().await;
        assert!(connection.is_write_vectored());
        let pieces = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        let written = connection.write_vectored(&pieces).await.expect("written");
        assert_eq!(written, 4);
    }

    #[tokio::test]
    async fn an_idle_one_is_cut() {
        let (mut listener, address) = listener(1, Duration::from_millis(20)).await;
        let mut peer = TcpStream::connect(address).await.expect("connect");
        let (mut connection, _) = listener.accept().await;
        peer.write_all(b"x").await.expect("write");
        assert_eq!(connection.read_u8().await.expect("a byte"), b'x');
        let cut = connection.read_u8().await.expect_err("no more bytes");
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
    }
}
