//! Values that make no sense are refused, and Helm says which.

use crate::commands::{helm, template};

/// Values, and what the refusal must name.
const REFUSED: [(&str, &[&str]); 30] = [
    ("{replicaCount: 2}", &["/state", "objectStore"]),
    (
        "{replicaCount: 2, state: {type: emptyDir}}",
        &["/state/type"],
    ),
    (
        "{replicaCount: 2, state: {persistentVolumeClaim: {existingClaim: theirs}}}",
        &["/state/persistentVolumeClaim/accessModes"],
    ),
    (
        "{replicaCount: 2, leaderElection: {enabled: false}, state: {persistentVolumeClaim: {accessModes: [ReadWriteMany]}}}",
        &["/leaderElection/enabled"],
    ),
    ("{replicas: 1}", &["replicas"]),
    ("{state: {pvc: {}}}", &["pvc"]),
    ("{state: {type: disk}}", &["/state/type"]),
    ("{state: {type: objectStore}}", &["/state/objectStore/url"]),
    (
        "{state: {type: objectStore, objectStore: {url: 's3://key:canary@bucket'}}}",
        &["state.objectStore.url", "existingSecret"],
    ),
    (
        "{state: {type: objectStore, objectStore: {url: 'file:///canary'}}}",
        &["state.objectStore.url"],
    ),
    (
        "{state: {type: objectStore, objectStore: {url: 's3://bucket', env: {REGION: eu}}}}",
        &["/state/objectStore/env", "REGION"],
    ),
    ("{scopedRBAC: true}", &["/watchNamespaces"]),
    (
        "{watchLabelSelector: shard=one}",
        &["watchLabelSelector", "leaseName"],
    ),
    ("{rbac: {secretNames: [a]}}", &["/watchSecrets"]),
    ("{watchNamespaces: ['a,b']}", &["/watchNamespaces/0"]),
    (
        "{allowedEndpoints: ['https://a.example.com/path']}",
        &["/allowedEndpoints/0"],
    ),
    ("{minInterval: 15}", &["/minInterval"]),
    ("{minInterval: 1d}", &["/minInterval"]),
    ("{concurrency: 0}", &["/concurrency"]),
    ("{shutdownGraceSeconds: 20s}", &["/shutdownGraceSeconds"]),
    ("{scratch: {size: 10G}}", &["/scratch/size"]),
    ("{log: {format: xml}}", &["/log/format"]),
    ("{caBundle: {configMap: a, secret: b}}", &["/caBundle"]),
    (
        "{proxy: {url: 'http://u:canary@proxy.example.com'}}",
        &["proxy.url", "extraEnv"],
    ),
    ("{proxy: {url: canary}}", &["proxy.url"]),
    (
        "{serviceMonitor: {enabled: true}, metrics: {service: {enabled: false}}}",
        &["/metrics/service/enabled"],
    ),
    (
        "{page: {enabled: true, address: 127.0.0.1, service: {enabled: true}}}",
        &["page.service", "page.address"],
    ),
    (
        "{page: {enabled: true, service: {enabled: true}}, metrics: {address: '[::1]'}}",
        &["page.service", "page.address"],
    ),
    ("{extraArgs: {Log_Level: debug}}", &["/extraArgs"]),
    (
        "{serviceAccount: {create: false}}",
        &["serviceAccount.name"],
    ),
];

#[tokio::test]
async fn values_that_make_no_sense_are_refused_by_name() {
    let Some(program) = helm().await else { return };
    for (values, names) in REFUSED {
        let said = template(program, "mixtap", &[], values);
        assert!(!said.ok, "{values}");
        for name in names {
            assert!(said.err.contains(name), "{values}: {}", said.err);
        }
        assert!(!said.err.contains("canary"), "{}", said.err);
    }
    // A parent chart hands these down.
    template(
        program,
        "mixtap",
        &[],
        "{global: {any: thing}, enabled: true}",
    )
    .fine();
}
