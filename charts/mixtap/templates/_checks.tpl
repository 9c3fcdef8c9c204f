{{/* What the schema can't say, or would say with the value, which may hold a password. */}}
{{- define "mixtap.checks" -}}
{{- if and .Values.watchLabelSelector (eq (include "mixtap.leaseName" .) "mixtap") -}}
{{- fail "watchLabelSelector needs a Lease of its own: install under another name than mixtap, or set leaderElection.leaseName" -}}
{{- end -}}
{{- with .Values.state.objectStore.url -}}
{{- if contains "@" . -}}
{{- fail "state.objectStore.url must hold no credentials: put them into a Secret and name it in state.objectStore.existingSecret" -}}
{{- else if not (regexMatch "^s3://[^/?#]+(/[^?#]*)?$" .) -}}
{{- fail "state.objectStore.url must be s3://BUCKET or s3://BUCKET/PATH" -}}
{{- end -}}
{{- end -}}
{{- if and (include "mixtap.pageService" .) (regexMatch "^(127\\.|\\[::1\\]$)" (include "mixtap.pageAddress" .)) -}}
{{- fail "page.service needs a page.address that other pods reach, such as 0.0.0.0 or [::]: none leads to a loopback address" -}}
{{- end -}}
{{- with .Values.proxy.url -}}
{{- if contains "@" . -}}
{{- fail "proxy.url must hold no credentials: set HTTPS_PROXY and HTTP_PROXY by extraEnv, from a Secret" -}}
{{- else if not (regexMatch "^https?://[^/?#]+/?$" .) -}}
{{- fail "proxy.url must be SCHEME://HOST:PORT" -}}
{{- end -}}
{{- end -}}
{{- end -}}
