{{/* The objects' name: the release's where it names the chart already. */}}
{{- define "mixtap.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods: it never changes within a release. */}}
{{- define "mixtap.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mixtap.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "mixtap.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mixtap.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "mixtap.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name must name one that exists where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "mixtap.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "mixtap.leaseName" -}}
{{- default (include "mixtap.fullname" .) .Values.leaderElection.leaseName -}}
{{- end -}}

{{/* The page's Service; empty where there is none. */}}
{{- define "mixtap.pageService" -}}
{{- if and .Values.page.enabled .Values.page.service.enabled -}}
{{- include "mixtap.fullname" . }}-page
{{- end -}}
{{- end -}}

{{/* Where the page listens. */}}
{{- define "mixtap.pageAddress" -}}
{{- with .Values -}}
{{- .page.address | default (ternary .metrics.address "127.0.0.1" .page.service.enabled) -}}
{{- end -}}
{{- end -}}

{{/* The command that opens the page: of the pod that leads. A Service without a selector can't be forwarded. */}}
{{- define "mixtap.pageForward" -}}
{{- $namespace := .Release.Namespace -}}
{{- if and .Values.leaderElection.enabled (ne (int .Values.replicaCount) 1) }}
  leader=$(kubectl get lease {{ include "mixtap.leaseName" . }} --namespace {{ $namespace }} \
    --output=jsonpath='{.spec.holderIdentity}')
  kubectl port-forward --namespace {{ $namespace }} "pod/${leader%_*}" {{ .Values.page.port }}
{{- else }}
  kubectl port-forward --namespace {{ $namespace }} deployment/{{ include "mixtap.fullname" . }} {{ .Values.page.port }}
{{- end }}
{{- end -}}

{{- define "mixtap.claimName" -}}
{{- default (include "mixtap.fullname" .) .Values.state.persistentVolumeClaim.existingClaim -}}
{{- end -}}

{{/* Whether a new pod reaches the state while the old one still has it. */}}
{{- define "mixtap.stateIsShared" -}}
{{- with .Values.state -}}
{{- if or (eq .type "objectStore") (and (eq .type "persistentVolumeClaim") (has "ReadWriteMany" .persistentVolumeClaim.accessModes)) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* `scratch.size` and 5 %: the controller keeps its files below the size, and their folders take room too. */}}
{{- define "mixtap.scratchVolumeSize" -}}
{{- $unit := regexFind "[A-Z]i$" .Values.scratch.size -}}
{{- $mebibytes := mul (trimSuffix $unit .Values.scratch.size | int64) (get (dict "Mi" 1 "Gi" 1024 "Ti" 1048576) $unit) -}}
{{- printf "%dMi" (add $mebibytes (div $mebibytes 20) 16) -}}
{{- end -}}
