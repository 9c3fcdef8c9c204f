//! What kubelet, Prometheus and whoever reads the log see of a controller.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ObjectMeta, PostParams};
use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::sandbox::calls::Vendor;
use serde_json::{Value, json};

use crate::plane;
use crate::world::World;

/// All that `/metrics` promises.
const NAMES: [&str; 26] = [
    "mixtap_reconciles_total{",
    "mixtap_reconcile_duration_seconds_bucket{",
    "mixtap_exports_total{",
    "mixtap_export_duration_seconds_bucket{",
    "mixtap_members_read_total ",
    "mixtap_members_skipped_total{",
    "mixtap_profiles_uploaded_total{",
    "mixtap_lists_uploaded_total{",
    "mixtap_vendor_requests_total{vendor=\"mixpanel\"",
    "mixtap_vendor_requests_total{vendor=\"clevertap\"",
    "mixtap_vendor_request_duration_seconds_bucket{",
    "mixtap_mixpanel_queries_remaining{",
    "mixtap_connector_connected{",
    "mixtap_connector_info{",
    "mixtap_export_info{",
    "mixtap_export_synced{",
    "mixtap_export_suspended{",
    "mixtap_export_members{",
    "mixtap_export_members_added_total{",
    "mixtap_export_members_removed_total{",
    "mixtap_export_profiles_uploaded_total{",
    "mixtap_export_last_success_timestamp_seconds{",
    "mixtap_export_next_sync_timestamp_seconds{",
    "mixtap_export_effective_interval_seconds{",
    "mixtap_build_info{",
    "mixtap_leader 1",
];

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_all_names_and_go_with_their_objects() {
    let Some(world) = World::new("metrics").await else {
        return;
    };
    world.cohort(4312, "Power users", 25);
    let controller = world.controller();
    controller.ready().await;
    assert_eq!(
        controller.get("/healthz").await,
        Some((200, "ok\n".to_owned()))
    );
    world
        .dynamic("export", 4312, json!({ "interval": "15m" }))
        .await;
    world.until_synced("export", "True", "Synced").await;
    let has_all = |page: &str| {
        NAMES
            .iter()
            .all(|name| page.lines().any(|l| l.starts_with(name)))
    };
    controller.until_metrics("all names", has_all).await;
    let (_, page) = controller.get("/metrics").await.expect("metrics");
    let object = format!("{{namespace=\"{}\",name=\"export\"}}", world.namespace);
    for line in [
        "mixtap_exports_total{sync_type=\"Dynamic\",outcome=\"Synced\"} 1".to_owned(),
        "mixtap_members_read_total 25".to_owned(),
        "mixtap_profiles_uploaded_total{outcome=\"accepted\"} 25".to_owned(),
        "mixtap_lists_uploaded_total{outcome=\"accepted\"} 1".to_owned(),
        format!("mixtap_export_synced{object} 1"),
        format!("mixtap_export_suspended{object} 0"),
        format!("mixtap_export_members{object} 25"),
        format!("mixtap_export_members_removed_total{object} 0"),
    ] {
        assert!(page.lines().any(|l| l == line), "{line} isn't in\n{page}");
    }

    let params = Default::default();
    let gone = world.api::<CohortExport>().delete("export", &params).await;
    gone.expect("deleted");
    controller.until_gone("mixtap_export_", "export").await;
    let gone = world
        .api::<CleverTapConnector>()
        .delete("main", &params)
        .await;
    gone.expect("deleted");
    controller.until_gone("mixtap_connector_", "main").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_json_or_text() {
    let Some(world) = World::new("logs").await else {
        return;
    };
    let json = world.controller();
    json.ready().await;
    let text = world.controller_with(&["--log-format=text"]);
    text.says(200, "standby: waits for the Lease\n").await;
    // Whoever waits says so, and leads nothing.
    let (_, page) = text.get("/metrics").await.expect("metrics");
    assert!(page.lines().any(|l| l == "mixtap_leader 0"));
    assert_eq!((json.stop().code(), text.stop().code()), (Some(0), Some(0)));
    let logs = world.logs();
    let (json, text): (Vec<&str>, Vec<&str>) = logs.lines().partition(|l| l.starts_with('{'));
    for line in &json {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        for field in ["timestamp", "level", "target", "message"] {
            assert!(entry[field].is_string(), "{line}");
        }
    }
    for lines in [&json, &text] {
        assert!(
            lines.iter().any(|line| line.contains("asked to stop")),
            "{lines:?}"
        );
    }
}

/// In the order of the start: the API server, the CRDs, the Lease.
#[tokio::test(flavor = "multi_thread")]
async fn readyz_says_what_is_waited_for() {
    let Some(mut world) = World::new("readyz").await else {
        return;
    };
    // A plane of its own, for the shared one has CRDs.
    let plane = plane::start().await.expect("a plane");
    let client = plane::client(plane.kubeconfig_yaml()).await;
    let name = Some(world.namespace.clone());
    let namespace = Namespace {
        metadata: ObjectMeta {
            name,
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = namespaces.create(&PostParams::default(), &namespace).await;
    made.expect("a namespace");

    let kubeconfig = std::fs::read_to_string(plane.kubeconfig_path()).expect("a kubeconfig");
    let mut config: Value = serde_yaml::from_str(&kubeconfig).expect("YAML");
    config["clusters"][0]["cluster"]["server"] = json!("https://127.0.0.1:1");
    world.kubeconfig = world.dir.path().join("nowhere.yaml");
    std::fs::write(&world.kubeconfig, config.to_string()).expect("a file");
    let lost = world.controller();
    lost.says(503, "waiting for the API server\n").await;
    assert_eq!(lost.get("/healthz").await, Some((200, "ok\n".to_owned())));
    assert_eq!(lost.stop().code(), Some(0));

    world.kubeconfig = plane.kubeconfig_path();
    let controller = world.controller();
    let crds = "waiting for CRDs: install them with `mixtap crds | kubectl apply -f -`\n";
    controller.says(503, crds).await;
    assert_eq!(
        controller.get("/healthz").await,
        Some((200, "ok\n".to_owned()))
    );
    plane::apply_crds(&client).await;
    controller.ready().await;
    let second = world.controller();
    second.says(200, "standby: waits for the Lease\n").await;
    assert_eq!(second.stop().code(), Some(0));
    assert_eq!(controller.stop().code(), Some(0));
    for vendor in [Vendor::Mixpanel, Vendor::Clevertap] {
        assert_eq!(world.calls_of(vendor), 0);
    }
}
