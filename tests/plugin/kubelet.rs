//! A node that exists as far as a port-forward needs one: an object with an address, and there a
//! kubelet that forwards ports as the real one does over a websocket (`v4.channel.k8s.io`): for each
//! port a channel of bytes and one of errors, both of which begin with the port's number.

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

const PROTOCOL: &str = "v4.channel.k8s.io";

/// A node of this name, whose kubelet runs until the test's runtime ends.
pub async fn node(client: &Client, name: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der());
    let tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.expect("a key"))
        .expect("TLS");
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut port = 0;
                #[expect(clippy::result_large_err, reason = "the library's refusal")]
                let socket = accept_hdr_async(stream, |request: &Request, answer| {
                    port = asked(request);
                    Ok(spoken(answer))
                });
                if let Ok(socket) = socket.await {
                    forward(socket, port).await;
                }
            });
        }
    });
    let nodes: Api<Node> = Api::all(client.clone());
    let object = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name } });
    let object = serde_json::from_value(object).expect("a Node");
    let made = nodes.create(&PostParams::default(), &object).await;
    made.expect("a node");
    let status = json!({ "status": {
        "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
    } });
    let (params, patch) = (PatchParams::default(), Patch::Merge(status));
    let patched = nodes.patch_status(name, &params, &patch);
    patched.await.expect("its status");
}

/// A pod on this node, with a port named `page` or none.
pub async fn pod(client: &Client, namespace: &str, node: &str, name: &str, page: Option<u16>) {
    let ports = page.map(|port| json!({ "name": "page", "containerPort": port }));
    let object = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name },
        "spec": {
            "nodeName": node,
            "containers": [{ "name": "mixtap", "image": "mixtap", "ports": ports.as_slice() }],
        },
    });
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let object = serde_json::from_value(object).expect("a Pod");
    pods.create(&PostParams::default(), &object)
        .await
        .expect("a pod");
}

/// The port that is to be forwarded.
fn asked(request: &Request) -> u16 {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let port = pairs.find(|(name, _)| name == "ports" || name == "port");
    port.and_then(|(_, port)| port.parse().ok())
        .unwrap_or_default()
}

fn spoken(mut answer: Response) -> Response {
    let protocol = PROTOCOL.parse().expect("a header");
    answer
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    answer
}

async fn forward<S>(socket: WebSocketStream<S>, port: u16)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut to_client, mut from_client) = socket.split();
    let [low, high] = port.to_le_bytes();
    for channel in [0, 1] {
        let begins = Bytes::copy_from_slice(&[channel, low, high]);
        if to_client.send(Message::Binary(begins)).await.is_err() {
            return;
        }
    }
    let stream = match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(stream) => stream,
        Err(_) => {
            let error = [&[1], &b"nobody listens on this port"[..]].concat();
            let _ = to_client.send(Message::Binary(error.into())).await;
            // The connection is the client's to close.
            while let Some(Ok(_)) = from_client.next().await {}
            return;
        }
    };
    let (mut read, mut write) = stream.into_split();
    let incoming = async {
        while let Some(Ok(message)) = from_client.next().await {
            if let Message::Binary(bytes) = message
                && bytes.first() == Some(&0)
                && write.write_all(&bytes[1..]).await.is_err()
            {
                return;
            }
        }
    };
    let outgoing = async {
        let mut bytes = vec![0; 16 << 10];
        while let Ok(count @ 1..) = read.read(&mut bytes[1..]).await {
            let message = Bytes::copy_from_slice(&bytes[..=count]);
            if to_client.send(Message::Binary(message)).await.is_err() {
                return;
            }
        }
        let _ = to_client.close().await;
    };
    tokio::select! { () = incoming => {}, () = outgoing => {} }
}
