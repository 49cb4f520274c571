{{- define "pabal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pabal.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pabal.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "pabal.selector" . }}
{{- end -}}

{{- define "pabal.secret" -}}
{{- default (include "pabal.fullname" .) .Values.auth.existingSecret -}}
{{- end -}}

{{- define "pabal.clusterSecret" -}}
{{- default (printf "%s-cluster" (include "pabal.fullname" .)) .Values.cluster.existingSecret -}}
{{- end -}}

{{- define "pabal.objects" -}}
{{- if .Values.cluster.trial.enabled -}}
s3://pabal/cluster?endpoint=http://{{ include "pabal.fullname" . }}-objects:7070
{{- else -}}
{{- required "cluster.objects says where the cluster's files are: s3://BUCKET/PREFIX" .Values.cluster.objects -}}
{{- end -}}
{{- end -}}
