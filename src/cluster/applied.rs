//! What is applied, for `mixtap plan --context`. Nothing is written.

use kube::ResourceExt as _;

#[cfg(feature = "plugin")]
use super::leader::path;
use super::{Cluster, Error};
use crate::api::CohortExport;
use crate::config::PlanArgs;
use crate::controller::credentials;
use crate::local::applied::{Applied, LastLists, Sizes};
use crate::local::key;

/// Reads connectors, exports and Secrets, and what is known of last lists: all of it by the state's
/// key where the flags name a state, else their sizes, of the leader.
///
/// # Errors
/// The cluster, or a right there, that can't be had.
pub async fn applied(args: &PlanArgs) -> Result<(Applied, LastLists), Error> {
    let cluster = Cluster::connect(&args.cluster).await?;
    let all = args.all_namespaces;
    let (found, mut exports) = cluster.objects(all).await?;
    // What is being deleted runs no more.
    exports.retain(|export| export.metadata.deletion_timestamp.is_none());
    if exports.is_empty() {
        let place = cluster.place(all);
        return Err(Error::new(format!(
            "nothing to plan: there is no CohortExport in {place}; -n NAMESPACE or -A looks elsewhere"
        )));
    }
    let lists = match args.has_state() {
        true => LastLists::Kept(match key::given().map_err(|e| Error::new(e.to_string()))? {
            Some(key) => key,
            None => cluster.key(&args.controller.controller_namespace).await?,
        }),
        false => LastLists::Sizes(sizes(&cluster, args, &exports).await?),
    };
    let mut connectors = Vec::new();
    for connector in found {
        let (name, namespace) = (
            connector.name_any(),
            connector.namespace().unwrap_or_default(),
        );
        let doing =
            format!("read the Secrets of clevertapconnector/{name} in namespace {namespace}");
        let read = credentials::both(&cluster.client, &namespace, &connector.spec).await;
        let credentials = read.map_err(|error| Error::of_api(&doing, error))?;
        connectors.push((connector, credentials));
    }
    let applied = Applied {
        connectors,
        exports,
    };
    Ok((applied, lists))
}

#[cfg(feature = "plugin")]
const STATE: &str = "Or name the controller's state with --state-url (and --state-prefix): then its \
                     leader isn't asked";

/// How many identities the last list of each export holds, as the leader's page says.
#[cfg(feature = "plugin")]
async fn sizes(
    cluster: &Cluster,
    args: &PlanArgs,
    exports: &[CohortExport],
) -> Result<Sizes, Error> {
    #[derive(serde::Deserialize)]
    struct Answer {
        base: Option<crate::page::Base>,
    }
    let mut sizes = Sizes::new();
    for export in exports {
        let (namespace, name) = (export.namespace().unwrap_or_default(), export.name_any());
        let path = path(&["exports", &namespace, &name, "base"]);
        let answer = args.controller.get(cluster, &path).await;
        let Answer { base } = answer.map_err(|error| error.and(STATE))?;
        if let Some(base) = base {
            sizes.insert((namespace, name), base.members);
        }
    }
    Ok(sizes)
}

/// This build has no port-forward.
#[cfg(not(feature = "plugin"))]
async fn sizes(_: &Cluster, _: &PlanArgs, _: &[CohortExport]) -> Result<Sizes, Error> {
    Err(Error::new(
        "--context needs the controller's state: name it with --state-url (and --state-prefix)",
    ))
}
