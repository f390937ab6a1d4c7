#!/bin/sh
# Starts nats-server in its container with the passwords that are in files: nats.conf takes them from the environment.
set -eu
secrets=${NATS_SECRETS_DIR:-/run/secrets}
for name in INTAKE WORKFLOW RELAY OPERATOR READER; do
  # In a line of its own: where there is no such file, that ends the script.
  password=$(cat "$secrets/nats_$(echo "$name" | tr '[:upper:]' '[:lower:]')_password")
  # With quotes around it, or one of digits only is read as a number.
  export "NATS_${name}_PASSWORD=\"${password:?of $name is empty}\""
done
exec nats-server --config /etc/nats/amends.conf "$@"
