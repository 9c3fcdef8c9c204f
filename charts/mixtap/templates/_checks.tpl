{{/* What the schema leaves to us: its refusals repeat the value, and these may hold a password. */}}
{{- define "mixtap.checks" -}}
{{- with .Values.state.objectStore.url -}}
{{- if contains "@" . -}}
{{- fail "state.objectStore.url must hold no credentials: put them into a Secret and name it in state.objectStore.existingSecret" -}}
{{- else if not (regexMatch "^s3://[^/?#]+(/[^?#]*)?$" .) -}}
{{- fail "state.objectStore.url must be s3://BUCKET or s3://BUCKET/PATH" -}}
{{- end -}}
{{- end -}}
{{- with .Values.proxy.url -}}
{{- if contains "@" . -}}
{{- fail "proxy.url must hold no credentials: set HTTPS_PROXY and HTTP_PROXY by extraEnv, from a Secret" -}}
{{- else if not (regexMatch "^https?://[^/?#]+/?$" .) -}}
{{- fail "proxy.url must be SCHEME://HOST:PORT" -}}
{{- end -}}
{{- end -}}
{{- end -}}
