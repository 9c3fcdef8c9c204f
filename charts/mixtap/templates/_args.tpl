{{/* The command line. Flags whose value is empty are left out: that is their default. */}}
{{- define "mixtap.args" -}}
- run
{{- with .Values }}
{{- with .allowedEndpoints }}
- --allowed-endpoints={{ join "," . }}
{{- end }}
{{- with .watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- with .watchLabelSelector }}
- {{ printf "--watch-label-selector=%s" . | quote }}
{{- end }}
- --watch-secrets={{ .watchSecrets }}
- --concurrency={{ .concurrency }}
- --min-interval={{ .minInterval }}
- --min-check-interval={{ .minCheckInterval }}
- --run-deadline={{ .runDeadline }}
- --confirm-delay={{ .confirmDelay }}
- --retry-first={{ .retry.first }}
- --retry-total={{ .retry.total }}
- --shutdown-grace={{ .shutdownGraceSeconds }}s
{{- if eq .state.type "objectStore" }}
- {{ printf "--state-url=%s" .state.objectStore.url | quote }}
{{- else }}
- --state-url=file:///var/lib/mixtap
{{- end }}
{{- with .state.prefix }}
- {{ printf "--state-prefix=%s" . | quote }}
{{- end }}
{{- if .state.adopt }}
- --adopt-state
{{- end }}
- --scratch-dir=/scratch
- --scratch-limit={{ .scratch.size }}
- --leader-elect={{ .leaderElection.enabled }}
- --lease-name={{ include "mixtap.leaseName" $ }}
- --lease-duration={{ .leaderElection.leaseDuration }}
- --renew-interval={{ .leaderElection.renewInterval }}
- --retry-interval={{ .leaderElection.retryInterval }}
- {{ printf "--metrics-address=%s:%v" .metrics.address .metrics.port | quote }}
{{- if .page.enabled }}
- {{ printf "--page-address=%s:%v" (include "mixtap.pageAddress" $) .page.port | quote }}
{{- end }}
{{- with include "mixtap.pageService" $ }}
- --page-service={{ . }}
{{- end }}
- {{ printf "--log-level=%s" .log.level | quote }}
- --log-format={{ .log.format }}
{{- range $flag, $value := .extraArgs }}
- {{ printf "--%s%s" $flag (ternary "" (printf "=%v" $value) (or (kindIs "invalid" $value) (eq (toString $value) ""))) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The environment, beside what `envFrom` brings. */}}
{{- define "mixtap.env" -}}
{{- with .Values.proxy.url }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with .Values.proxy.noProxy }}
- name: NO_PROXY
  value: {{ . | quote }}
{{- end }}
{{- if or .Values.caBundle.configMap .Values.caBundle.secret }}
# Both together, or the image's public authorities would count no more.
- name: SSL_CERT_FILE
  value: /etc/ssl/certs/ca-certificates.crt
- name: SSL_CERT_DIR
  value: /etc/mixtap/ca
{{- end }}
{{- if include "mixtap.pageService" . }}
# Where the page's Service leads to while this pod leads.
- name: MIXTAP_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- end }}
{{- if eq .Values.state.type "objectStore" }}
{{- range $name, $value := .Values.state.objectStore.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
