{{/* Rules of egress. Peers that are not named are any, at those ports. */}}
{{- define "amends.to" -}}
- {{ with .peers }}to: {{ toYaml . | nindent 4 }}
  {{ end }}ports: {{ toYaml .ports | nindent 4 }}
{{- end }}

{{- define "amends.to-dns" -}}
{{- include "amends.to" (dict "peers" .Values.networkPolicy.dns "ports" (list (dict "port" 53 "protocol" "UDP") (dict "port" 53 "protocol" "TCP"))) }}
{{- end }}

{{- define "amends.to-database" -}}
{{- include "amends.to" (dict "peers" .Values.networkPolicy.database "ports" (list (dict "port" .Values.database.port "protocol" "TCP"))) }}
{{- end }}

{{- define "amends.to-nats" -}}
{{- $ports := list -}}
{{- range splitList "," .Values.nats.url -}}
{{- $port := regexFind "[0-9]+$" (. | trim | trimSuffix "/") | default "4222" | int -}}
{{- $ports = append $ports (dict "port" $port "protocol" "TCP") -}}
{{- end -}}
{{- include "amends.to" (dict "peers" .Values.networkPolicy.nats "ports" (uniq $ports)) }}
{{- end }}
