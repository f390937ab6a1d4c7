{{- define "amends.name" -}}
{{- $name := ternary .Release.Name (printf "%s-amends" .Release.Name) (contains "amends" .Release.Name) -}}
{{- $name | trunc 48 | trimSuffix "-" -}}
{{- end }}

{{- define "amends.selector" -}}
app.kubernetes.io/name: amends
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "amends.labels" -}}
{{ include "amends.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "amends.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "amends.database-url" -}}
{{- $d := .root.Values.database -}}
postgresql://{{ .user }}@{{ required "database.host: where PostgreSQL is" $d.host }}:{{ $d.port }}/{{ $d.name }}?sslmode={{ $d.sslmode }}
{{- if $d.caSecret }}&sslrootcert=/etc/amends/database-ca/{{ $d.caKey }}{{ end -}}
{{- end }}
