#!/bin/sh
# Starts the broker in a container. Variables of RabbitMQ's and Kafka's images become settings, so that
# existing compose files and test containers need another image only. PABAL_* variables win over them.
set -eu

say() {
  printf 'pabal: %s\n' "$1" >&2
}

# The first word decides: a flag, `start` and `rabbitmq-server` start the broker, other words are commands.
case "${1:-start}" in
  rabbitmq-server | start)
    [ $# -eq 0 ] || shift
    ;;
  -*) ;;
  *)
    if command -v "$1" >/dev/null 2>&1; then exec "$@"; fi
    exec pabal "$@"
    ;;
esac

state="${PABAL_STATE:-/var/lib/pabal}"
export PABAL_DATA="${PABAL_DATA:-$state/data}"
export PABAL_HOST="${PABAL_HOST:-0.0.0.0}"

# value NAME: $NAME, or the first line of the file that $NAME_FILE names, as Docker's secrets have it.
value() {
  eval "plain=\${$1:-} file=\${$1_FILE:-}"
  if [ -n "$plain" ] && [ -n "$file" ]; then
    say "$1 and $1_FILE are both set; give one of them"
    exit 78
  fi
  if [ -n "$file" ]; then
    if [ ! -r "$file" ]; then
      say "$1_FILE: $file cannot be read"
      exit 66
    fi
    head -n 1 "$file"
  else
    printf '%s\n' "$plain"
  fi
}

user=$(value RABBITMQ_DEFAULT_USER)
password=$(value RABBITMQ_DEFAULT_PASS)
vhost=$(value RABBITMQ_DEFAULT_VHOST)

# Who listens beyond loopback needs a user of its own. One without a password gets a random one, which stays.
if [ -z "${PABAL_USER:-}" ]; then
  export PABAL_USER="${user:-admin}"
  export PABAL_PASSWORD_FILE="$state/password"
  mkdir -p "$state"
  umask 077
  if [ -n "$password" ]; then
    printf '%s\n' "$password" >"$PABAL_PASSWORD_FILE"
  elif [ ! -s "$PABAL_PASSWORD_FILE" ]; then
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$PABAL_PASSWORD_FILE"
    say "user $PABAL_USER, password $(cat "$PABAL_PASSWORD_FILE") (in $PABAL_PASSWORD_FILE; RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS set others)"
  fi
  umask 027
fi

if [ -n "$vhost" ] && [ "$vhost" != / ]; then
  export PABAL_VHOSTS="${PABAL_VHOSTS:+$PABAL_VHOSTS,}$vhost"
fi

# PLAINTEXT://host:9092,SSL://host:9093: the first of each kind; there is one address for each port.
old_ifs=$IFS
IFS=,
for listener in ${KAFKA_ADVERTISED_LISTENERS:-}; do
  address=${listener#*://}
  case "$listener" in
    SSL://* | SASL_SSL://*)
      [ -z "${PABAL_TLS_CERT:-}" ] || export PABAL_KAFKA_TLS_ADVERTISED="${PABAL_KAFKA_TLS_ADVERTISED:-$address}"
      ;;
    CONTROLLER://*) ;;
    *)
      [ -z "${PABAL_KAFKA_ADVERTISED:-}" ] || [ "$PABAL_KAFKA_ADVERTISED" = "$address" ] ||
        say "KAFKA_ADVERTISED_LISTENERS: $listener is left out, clients are told $PABAL_KAFKA_ADVERTISED"
      export PABAL_KAFKA_ADVERTISED="${PABAL_KAFKA_ADVERTISED:-$address}"
      ;;
  esac
done
IFS=$old_ifs

for name in RABBITMQ_NODENAME RABBITMQ_ERLANG_COOKIE RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS; do
  eval "given=\${$name:-}"
  [ -z "$given" ] || say "$name is ignored: there is no Erlang and no node name here"
done

exec pabal start "$@"
