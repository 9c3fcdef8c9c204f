//! Values that are tried: each alone is a sensible installation.

/// Name and values.
pub const CASES: [(&str, &str); 11] = [
    ("defaults", "{}"),
    (
        "scoped",
        "{watchNamespaces: [team-a, team-b], scopedRBAC: true, watchSecrets: false, rbac: {secretNames: [vendors]}}",
    ),
    ("some-namespaces", "{watchNamespaces: [team-a]}"),
    ("bucket", BUCKET),
    (
        "shard",
        "{watchLabelSelector: 'mixtap.dev/shard in (one, two)', fullnameOverride: mixtap-one}",
    ),
    (
        "shared-volume",
        "replicaCount: 2
state: {persistentVolumeClaim: {accessModes: [ReadWriteMany], storageClassName: nfs, size: 2Gi}}",
    ),
    (
        "existing-claim",
        "state: {persistentVolumeClaim: {existingClaim: theirs}, adopt: true}
serviceAccount: {create: false, name: theirs}
rbac: {create: false, aggregate: false}
crds: {install: false}
metrics: {service: {enabled: false}}",
    ),
    (
        "empty-dir",
        "state: {type: emptyDir}
leaderElection: {enabled: false}
scratch: {size: 512Mi}
caBundle: {secret: their-ca, key: bundle.pem}",
    ),
    (
        "page",
        "{page: {enabled: true}, networkPolicy: {enabled: true}}",
    ),
    ("everything", EVERYTHING),
    (
        "names",
        "{fullnameOverride: exporter, state: {persistentVolumeClaim: {storageClassName: '-'}}}",
    ),
];

/// The values of a case.
pub fn case(name: &str) -> &'static str {
    let found = CASES.iter().find(|(of, _)| *of == name);
    found.expect("a case").1
}

const BUCKET: &str = "replicaCount: 3
state:
  type: objectStore
  prefix: cluster-1
  objectStore:
    url: s3://bucket.example/path
    existingSecret: mixtap-state
    env: {AWS_REGION: eu-west-1, AWS_ENDPOINT: 'https://storage.example.com'}
podDisruptionBudget: {enabled: true, minAvailable: 50%}
topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}
scratch:
  volume:
    ephemeral:
      volumeClaimTemplate:
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 11Gi}}}";

const EVERYTHING: &str = "
image: {repository: registry.example.com:5000/mixtap, digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', pullPolicy: Always}
imagePullSecrets: [{name: registry}]
commonLabels: {team: growth}
crds: {annotations: {example.com/owner: growth}}
allowedEndpoints: ['https://a.example.com', 'http://b.example.com:8080']
concurrency: 4
minInterval: 30s
minCheckInterval: 1m
runDeadline: 1h30m
confirmDelay: 5m
retry: {first: 500ms, total: 30s}
shutdownGraceSeconds: 60
leaderElection: {leaseName: other, leaseDuration: 60s, renewInterval: 20s, retryInterval: 5s}
log: {level: 'info,mixtap::mixpanel=debug', format: text}
state: {persistentVolumeClaim: {annotations: {helm.sh/resource-policy: keep}}}
scratch: {size: 1Ti}
serviceAccount: {name: exporter, annotations: {example.com/role: mixtap}}
metrics: {port: 9090, service: {annotations: {example.com/scrape: 'true'}}}
page: {enabled: true, port: 9091, service: {enabled: true, annotations: {example.com/page: 'true'}}}
serviceMonitor: {enabled: true, namespace: monitoring, additionalLabels: {release: prometheus}, relabelings: [{action: labeldrop, regex: pod}], metricRelabelings: [{action: keep, sourceLabels: [__name__], regex: 'mixtap_.*'}]}
prometheusRule: {enabled: true, namespace: monitoring, additionalLabels: {release: prometheus}}
grafanaDashboard: {enabled: true, namespace: monitoring, annotations: {grafana_folder: Exports}}
resources: {limits: {memory: 512Mi, ephemeral-storage: 12Gi}}
podSecurityContext: {fsGroup: null}
deploymentAnnotations: {example.com/a: b}
podAnnotations: {example.com/c: d}
podLabels: {example.com/e: f}
priorityClassName: system-cluster-critical
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists}]
affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: zone, operator: In, values: [a]}]}}]}}
podDisruptionBudget: {enabled: true}
networkPolicy: {enabled: true, metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], pageFrom: [{podSelector: {matchLabels: {app: proxy}}}], extraEgress: [{ports: [{port: 3128, protocol: TCP}]}]}
proxy: {url: 'http://proxy.example.com:3128', noProxy: storage.example.com}
caBundle: {configMap: company-ca}
extraEnv: [{name: AWS_REGION, valueFrom: {configMapKeyRef: {name: region, key: name}}}, {name: MALLOC_ARENA_MAX, value: '2'}]
extraEnvFrom: [{secretRef: {name: more}}]
extraVolumes: [{name: more, emptyDir: {}}]
extraVolumeMounts: [{name: more, mountPath: /more}]
extraObjects:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: extra}, data: {a: b}}
  - |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: {{ .Release.Name }}-text
";
