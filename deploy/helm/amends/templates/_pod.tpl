{{/* What every pod of ours is: nobody in particular, without rights, without a way to write but where it is said. */}}
{{- define "amends.pod" -}}
automountServiceAccountToken: false
# A service called amends-intake would be told to its neighbours as AMENDS_INTAKE_PORT, which is a setting of ours.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "amends.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities: {drop: [ALL]}
{{- end }}

{{/* Where intake and workflow are, there is the key store: on one node, all of them. The first one is anywhere. */}}
{{- define "amends.with-the-keys" -}}
podAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          app.kubernetes.io/instance: {{ .Release.Name }}
          amends/key-store: shared
{{- end }}

{{/* Settings of a service: .root, .part, .user of the database. */}}
{{- define "amends.environment" -}}
{{- $v := .root.Values -}}
- {name: AMENDS_DATABASE_URL, value: {{ include "amends.database-url" . | quote }}}
- {name: AMENDS_DATABASE_PASSWORD_FILE, value: /etc/amends/database/password}
- {name: AMENDS_TENANT, value: {{ $v.tenant | quote }}}
- {name: AMENDS_POLICY, value: {{ ternary "/etc/amends/policy/policy.yaml" $v.policy (ne $v.policyConfigMap "") | quote }}}
- {name: AMENDS_LOG_FORMAT, value: json}
- {name: AMENDS_DRAIN_SECONDS, value: {{ $v.drainSeconds | quote }}}
- {name: AMENDS_SHUTDOWN_SECONDS_MAX, value: {{ $v.shutdownSeconds | quote }}}
{{ include "amends.nats-environment" . }}
{{- range $name, $value := $v.settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* Who a part is at NATS (deploy/nats-users.conf). */}}
{{- define "amends.nats-user" -}}
{{- get (dict "intake" "intake" "workflow" "workflow" "notifier" "relay" "owner" "operator") .part -}}
{{- end }}

{{- define "amends.nats-environment" -}}
{{- $nats := .root.Values.nats }}
{{- if eq $nats.authentication "password" -}}
- {name: AMENDS_NATS_URL, value: {{ include "amends.nats-url" . | quote }}}
- {name: AMENDS_NATS_PASSWORD_FILE, value: /etc/amends/nats/password}
{{- else -}}
- {name: AMENDS_NATS_URL, value: {{ required "nats.url: where NATS is" $nats.url | quote }}}
- {name: AMENDS_NATS_CREDENTIALS, value: /etc/amends/nats/credentials}
{{- end }}
{{- if $nats.caSecret }}
- {name: AMENDS_NATS_CA, value: {{ printf "/etc/amends/nats-ca/%s" $nats.caKey | quote }}}
{{- end }}
{{- end }}

{{/* nats://host with the user in it, whose password is in a file; several servers have commas between them. */}}
{{- define "amends.nats-url" -}}
{{- $servers := list -}}
{{- range splitList "," (required "nats.url: where NATS is" .root.Values.nats.url) -}}
{{- $servers = append $servers (. | trim | replace "://" (printf "://%s@" (include "amends.nats-user" $))) -}}
{{- end -}}
{{- join "," $servers -}}
{{- end }}

{{- define "amends.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: database, mountPath: /etc/amends/database, readOnly: true}
{{- if .root.Values.database.caSecret }}
- {name: database-ca, mountPath: /etc/amends/database-ca, readOnly: true}
{{- end }}
- {name: nats, mountPath: /etc/amends/nats, readOnly: true}
{{- if .root.Values.nats.caSecret }}
- {name: nats-ca, mountPath: /etc/amends/nats-ca, readOnly: true}
{{- end }}
{{- if ne .part "owner" }}
{{- if .root.Values.policyConfigMap }}
- {name: policy, mountPath: /etc/amends/policy, readOnly: true}
{{- end }}
{{- end }}
{{- end }}

{{- define "amends.volumes" -}}
{{- $v := .root.Values -}}
- {name: tmp, emptyDir: {sizeLimit: 256Mi}}
- name: database
  secret:
    {{- if eq .part "owner" }}
    secretName: {{ required "database.owner.secret: the secret of the owner's password" $v.database.owner.secret }}
    items: [{key: {{ $v.database.owner.passwordKey }}, path: password}]
    {{- else }}
    secretName: {{ $v.database.secret }}
    items: [{key: {{ .part }}, path: password}]
    {{- end }}
    defaultMode: 0440
{{- if $v.database.caSecret }}
- {name: database-ca, secret: {secretName: {{ $v.database.caSecret }}, items: [{key: {{ $v.database.caKey }}, path: {{ $v.database.caKey }}}]}}
{{- end }}
{{- $user := include "amends.nats-user" . }}
- name: nats
  secret:
    secretName: {{ $v.nats.secret }}
    {{- if eq $v.nats.authentication "password" }}
    items: [{key: {{ $user }}, path: password}]
    {{- else }}
    items: [{key: {{ $user }}.creds, path: credentials}]
    {{- end }}
    defaultMode: 0440
{{- if $v.nats.caSecret }}
- {name: nats-ca, secret: {secretName: {{ $v.nats.caSecret }}, items: [{key: {{ $v.nats.caKey }}, path: {{ $v.nats.caKey }}}]}}
{{- end }}
{{- if ne .part "owner" }}
{{- if $v.policyConfigMap }}
- {name: policy, configMap: {name: {{ $v.policyConfigMap }}}}
{{- end }}
{{- end }}
{{- end }}

{{/* The master key's whole secret, and as a directory: a new key that is put beside the old one is found while we run. */}}
{{- define "amends.key-volumes" -}}
- name: master-key
  secret:
    secretName: {{ required "keys.masterKeySecret: the secret of the key that wraps customers' data keys" .Values.keys.masterKeySecret }}
    defaultMode: 0440
- name: key-store
  persistentVolumeClaim:
    claimName: {{ .Values.keys.store.existingClaim | default (printf "%s-keys" (include "amends.name" .)) }}
{{- end }}

{{- define "amends.key-mounts" -}}
- {name: master-key, mountPath: /etc/amends/master, readOnly: true}
- {name: key-store, mountPath: /var/lib/amends/keys}
{{- end }}

{{/* Those who unseal are those who are asked by people, too. */}}
{{- define "amends.identity-volume" -}}
{{- with .Values.oidcConfigMap }}
- {name: identity, configMap: {name: {{ . }}}}
{{- end }}
{{- end }}

{{- define "amends.identity-mount" -}}
{{- if .Values.oidcConfigMap }}
- {name: identity, mountPath: /etc/amends/identity, readOnly: true}
{{- end }}
{{- end }}

{{- define "amends.identity-environment" -}}
{{- if .Values.oidcConfigMap }}
- {name: AMENDS_OIDC, value: /etc/amends/identity/oidc.yaml}
{{- end }}
{{- end }}

{{- define "amends.key-environment" -}}
- {name: AMENDS_MASTER_KEY_FILE, value: /etc/amends/master/master.key}
- {name: AMENDS_KEY_STORE, value: /var/lib/amends/keys/customers.db}
{{- end }}

{{- define "amends.probes" -}}
# The first answer may wait for the database, and for a read model that is made anew.
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{/* Longer than a pod may take to drain and then to finish. */}}
{{- define "amends.grace" -}}
{{- add .Values.drainSeconds .Values.shutdownSeconds 15 -}}
{{- end }}
