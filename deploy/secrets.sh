#!/bin/sh
# Makes the secrets that docker-compose.yml and deploy/systemd need, each in a file of its own, and never changes one
# that is there. As root:
#
#   sh deploy/secrets.sh /etc/amends/credentials
#
# Only root may enter the directory; whoever gets a file of it, by a mount or as a credential, can read that one file.
set -eu
umask 022
directory=${1:?the directory to make them in}

random() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

make() { # name, first letter, bytes
  if [ -e "$directory/$1" ]; then
    echo "kept: $directory/$1"
    return
  fi
  # Whole or not at all: what was cut off half way would be kept the next time.
  printf '%s%s' "$2" "$(random "$3")" >"$directory/.$1"
  chmod 444 "$directory/.$1"
  mv "$directory/.$1" "$directory/$1"
  echo "made: $directory/$1"
}

mkdir -p "$directory"
chmod 700 "$directory"
for name in postgres intake_database workflow_database notifier_database auditor_database \
  nats_intake nats_workflow nats_relay nats_operator nats_reader grafana; do
  # Nothing in it means anything in a URL, a configuration or a shell, and with a letter first it is no number.
  make "${name}_password" p 24
done
make master.key "" 32

echo
echo "master.key opens all personal data, together with the key store: keep a copy of each, apart from one another and"
echo "from the backups of the database. Without master.key nobody's data can be read again."
