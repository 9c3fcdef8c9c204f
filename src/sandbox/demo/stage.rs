//! Starting everything, and ending it.

use std::{error::Error, io, path::PathBuf};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use super::{
    DemoError, child::program, controller::Controller, examples, home::Home, io_error, manifests,
    say::say, world,
};
use crate::sandbox::{
    Sandbox, SandboxOptions,
    cluster::{Assets, Plane, PlaneOptions},
};

/// What runs. Dropping it kills the programs and removes their files.
pub struct Stage {
    // Dropped in this order: first those who talk to the next.
    pub controller: Controller,
    pub client: Client,
    pub sandbox: Sandbox,
    pub plane: Plane,
    pub home: Home,
}

impl Stage {
    /// Starts the API server, stand-ins and controller, and applies the CRDs and the examples.
    pub async fn set_up(home: Home, assets: Assets) -> Result<Self, DemoError> {
        say("starting etcd, kube-apiserver and kube-controller-manager: about 5 s");
        let options = PlaneOptions {
            assets,
            guard: program()?,
            dir: home.kept().map(PathBuf::from),
            with_controller_manager: true,
        };
        let plane = Plane::start(options).await?;
        say(&format!("Kubernetes   {}", plane.url()));

        let sandbox = Sandbox::start(SandboxOptions::default()).map_err(io_error("stand-ins"))?;
        let examples = manifests::examples(sandbox.urls())?;
        for line in world::furnish(&sandbox, &examples::credentials()?)? {
            say(&line);
        }
        let client = client(&plane).await?;
        manifests::apply_crds(&client).await?;
        say("applied crds/");
        let controller = Controller::start(&home, &plane, &sandbox)?;
        say(&format!(
            "mixtap run   http://{}/metrics, log {}",
            controller.metrics,
            home.log().display()
        ));
        say(&format!("page         http://{}/", controller.page));
        examples.apply(&client).await?;
        say("applied examples/quickstart/, its connector pointed at the stand-ins");
        Ok(Self {
            controller,
            client,
            sandbox,
            plane,
            home,
        })
    }

    /// Ends the controller as a kubelet would, then everything else.
    pub async fn close(mut self) {
        self.controller.process.stop().await;
    }
}

/// A client that goes straight to the plane, whatever proxy the environment names.
async fn client(plane: &Plane) -> Result<Client, DemoError> {
    let failed = |error: &dyn Error| {
        io_error("the API server's client")(io::Error::other(error.to_string()))
    };
    let kubeconfig = Kubeconfig::from_yaml(plane.kubeconfig_yaml()).map_err(|e| failed(&e))?;
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(|e| failed(&e))?;
    config.proxy_url = None;
    Client::try_from(config).map_err(|e| failed(&e))
}
