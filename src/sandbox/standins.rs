//! All stand-ins together, on ports of their own.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
};

use axum::{Router, extract::DefaultBodyLimit};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    signal::unix::{SignalKind, signal},
};
use url::Url;

use super::{
    admin,
    clevertap::{self, CleverTapState, storage},
    demo,
    faults::Faults,
    gate::Gate,
    mixpanel::{self, MixpanelState, Region},
    record::Recorder,
    urls::Urls,
    wire::{Line, Wires},
};

/// No request body may be larger, in bytes; list files have a limit of their own.
const MAX_BODY: usize = 64 << 20;

/// Where the stand-ins listen; port 0 takes a free one.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    pub mixpanel_addr: SocketAddr,
    pub mixpanel_eu_addr: SocketAddr,
    pub mixpanel_in_addr: SocketAddr,
    pub clevertap_addr: SocketAddr,
    pub storage_addr: SocketAddr,
    pub admin_addr: SocketAddr,
}

impl Default for SandboxOptions {
    /// Free ports of 127.0.0.1.
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        SandboxOptions {
            mixpanel_addr: any,
            mixpanel_eu_addr: any,
            mixpanel_in_addr: any,
            clevertap_addr: any,
            storage_addr: any,
            admin_addr: any,
        }
    }
}

/// The running stand-ins. They have a runtime of their own, whatever the caller's does, and stop
/// when this is dropped.
pub struct Sandbox {
    urls: Urls,
    mixpanel: MixpanelState,
    clevertap: CleverTapState,
    gate: Gate,
    runtime: Option<Runtime>,
}

impl Sandbox {
    /// Binds all ports and serves. Fails where an address can't be had.
    pub fn start(options: SandboxOptions) -> io::Result<Self> {
        let bind = |addr: SocketAddr| -> io::Result<(TcpListener, Url)> {
            let listener = TcpListener::bind(addr)?;
            let url = format!("http://{}/", listener.local_addr()?);
            Ok((listener, Url::parse(&url).map_err(io::Error::other)?))
        };
        let (us_port, mixpanel) = bind(options.mixpanel_addr)?;
        let (eu_port, mixpanel_eu) = bind(options.mixpanel_eu_addr)?;
        let (in_port, mixpanel_in) = bind(options.mixpanel_in_addr)?;
        let (clevertap_port, clevertap) = bind(options.clevertap_addr)?;
        let (storage_port, storage) = bind(options.storage_addr)?;
        let (admin_port, admin) = bind(options.admin_addr)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()?;
        let sandbox = Sandbox {
            urls: Urls {
                mixpanel,
                mixpanel_eu,
                mixpanel_in,
                clevertap,
                storage,
                admin,
            },
            mixpanel: MixpanelState::default(),
            clevertap: CleverTapState::default(),
            gate: Gate::default(),
            runtime: Some(runtime),
        };
        for (port, region) in [
            (us_port, Region::Us),
            (eu_port, Region::Eu),
            (in_port, Region::In),
        ] {
            let (state, gate) = (sandbox.mixpanel.clone(), sandbox.gate.clone());
            sandbox.serve(
                port,
                mixpanel::router(mixpanel::Desk {
                    region,
                    state,
                    gate,
                }),
            )?;
        }
        let (state, gate) = (sandbox.clevertap.clone(), sandbox.gate.clone());
        let storage = sandbox.urls.storage.to_string();
        sandbox.serve(
            clevertap_port,
            clevertap::router(clevertap::Desk {
                state,
                gate,
                storage,
            }),
        )?;
        let (state, gate) = (sandbox.clevertap.clone(), sandbox.gate.clone());
        sandbox.serve(
            storage_port,
            storage::router(storage::Bucket { state, gate }),
        )?;
        let office = admin::Office {
            urls: sandbox.urls.clone(),
            mixpanel: sandbox.mixpanel.clone(),
            clevertap: sandbox.clevertap.clone(),
            faults: sandbox.gate.faults.clone(),
            requests: sandbox.gate.requests.clone(),
        };
        sandbox.serve(admin_port, admin::router(office))?;
        Ok(sandbox)
    }

    /// Mixpanel's base URL in the region US.
    pub fn mixpanel_url(&self) -> Url {
        self.urls.mixpanel.clone()
    }

    pub fn clevertap_url(&self) -> Url {
        self.urls.clevertap.clone()
    }

    pub fn admin_url(&self) -> Url {
        self.urls.admin.clone()
    }

    /// All base URLs, the other regions' as well.
    pub fn urls(&self) -> &Urls {
        &self.urls
    }

    /// Mixpanel's projects, users and cohorts.
    pub fn mixpanel(&self) -> &MixpanelState {
        &self.mixpanel
    }

    /// CleverTap's accounts, profiles and segments.
    pub fn clevertap(&self) -> &CleverTapState {
        &self.clevertap
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.gate.faults
    }

    /// What was called.
    pub fn requests(&self) -> &Recorder {
        &self.gate.requests
    }

    fn serve(&self, listener: TcpListener, router: Router) -> io::Result<()> {
        let Some(handle) = self.runtime.as_ref().map(Runtime::handle) else {
            return Ok(());
        };
        spawn(
            handle,
            listener,
            router.layer(DefaultBodyLimit::max(MAX_BODY)),
        )
    }
}

fn spawn(handle: &Handle, listener: TcpListener, router: Router) -> io::Result<()> {
    let _guard = handle.enter();
    let wires = Wires::new(listener)?;
    let service = router.into_make_service_with_connect_info::<Line>();
    handle.spawn(async move {
        // It ends with the runtime only.
        let _ = axum::serve(wires, service).await;
    });
    Ok(())
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A plain drop would block, which is forbidden within another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs the stand-ins until SIGTERM or Ctrl-C, and says on standard output where they are; with
/// what the examples need, where they are to be written into a folder.
pub async fn serve(examples: Option<PathBuf>, options: SandboxOptions) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let sandbox = Sandbox::start(options)?;
    let hints = examples.map(|folder| demo::write_examples(&sandbox, &folder));
    let hints = hints.transpose()?.unwrap_or_default();
    let Urls {
        mixpanel,
        mixpanel_eu,
        mixpanel_in,
        clevertap,
        storage,
        admin,
    } = sandbox.urls();
    let text = format!(
        "Mixpanel    {mixpanel} (EU {mixpanel_eu}, IN {mixpanel_in})\n\
         CleverTap   {clevertap} (presigned uploads {storage})\n\
         Admin       {admin}\n\
         {hints}\
         Ctrl-C ends it.\n"
    );
    io::stdout().write_all(text.as_bytes())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
