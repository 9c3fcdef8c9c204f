{{- define "mixtap.volumes" -}}
{{- if eq .Values.state.type "persistentVolumeClaim" -}}
- name: state
  persistentVolumeClaim:
    claimName: {{ include "mixtap.claimName" . }}
{{ else if eq .Values.state.type "emptyDir" -}}
- name: state
  emptyDir: {}
{{ end -}}
- name: scratch
  {{- with .Values.scratch.volume }}
  {{- toYaml . | nindent 2 }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ include "mixtap.scratchVolumeSize" . }}
  {{- end }}
{{- with .Values.caBundle }}
{{- if .configMap }}
- name: ca
  configMap:
    name: {{ .configMap }}
    items:
      - key: {{ .key }}
        path: {{ .key }}
{{- else if .secret }}
- name: ca
  secret:
    secretName: {{ .secret }}
    items:
      - key: {{ .key }}
        path: {{ .key }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
