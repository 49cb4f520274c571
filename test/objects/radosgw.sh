#!/usr/bin/env bash
# Debian's S3 store, Ceph's radosgw, with one monitor and one disk in memory, to try objects against:
#   test/objects/radosgw.sh start FOLDER [PORT]   prints the variables for a test run
#   test/objects/radosgw.sh stop FOLDER
# Needs the packages radosgw, ceph-mon, ceph-osd and ceph-mgr, and no service of them running.
set -euo pipefail

folder=$(realpath -m "$2")
port=${3:-13480}
monitor_port=$((port + 1))
cd "$(dirname "$0")"

write_settings() {
  cat >"$folder/ceph.conf" <<END
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = v2:127.0.0.1:$monitor_port/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
keyring = $folder/keyring
run dir = $folder/run
admin socket = $folder/run/\$name.asok
log file = $folder/run/\$name.log
pid file = $folder/run/\$name.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
[mon.a]
mon data = $folder/mon
[mgr.x]
mgr data = $folder/mgr
[osd.0]
osd data = $folder/osd
[client.rgw]
rgw data = $folder/run
rgw frontends = beast endpoint=127.0.0.1:$port
END
}

# Each part has a key of its own: without authentication radosgw does not come up.
start() {
  mkdir -p "$folder"/{mon,mgr,osd,run}
  write_settings
  export CEPH_CONF=$folder/ceph.conf
  ceph-authtool -C "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' \
    --cap mgr 'allow *'
  monmaptool --create --clobber --fsid "$(sed -n 's/^fsid = //p' "$CEPH_CONF")" \
    --addv a "[v2:127.0.0.1:$monitor_port]" "$folder/monmap"
  ceph-mon --mkfs -i a --monmap "$folder/monmap"
  ceph-mon -i a
  local id
  id=$(cat /proc/sys/kernel/random/uuid)
  timeout 60 ceph osd new "$id"
  timeout 60 ceph auth get-or-create osd.0 mon 'allow profile osd' osd 'allow *' mgr 'allow *' \
    -o "$folder/osd/keyring"
  timeout 60 ceph auth get-or-create mgr.x mon 'allow *' osd 'allow *' -o "$folder/mgr/keyring"
  timeout 60 ceph auth get-or-create client.rgw mon 'allow *' osd 'allow *' mgr 'allow *' \
    -o "$folder/run/keyring"
  ceph-osd -i 0 --mkfs --osd-uuid "$id" --keyring "$folder/osd/keyring"
  ceph-osd -i 0 --keyring "$folder/osd/keyring"
  ceph-mgr -i x --keyring "$folder/mgr/keyring"
  timeout 120 radosgw-admin user create --uid=pabal --display-name=pabal \
    --access-key=pabal --secret-key=pabal-secret
  radosgw --name client.rgw --keyring "$folder/run/keyring"
  timeout 60 bash -c "until curl -sf http://127.0.0.1:$port/; do sleep 0.2; done"
}

stop() {
  for part in client.rgw osd.0 mgr.x mon.a; do
    [ ! -e "$folder/run/$part.pid" ] || kill "$(cat "$folder/run/$part.pid")"
  done
}

case $1 in
start)
  start >&2
  echo "export AWS_ACCESS_KEY_ID=pabal AWS_SECRET_ACCESS_KEY=pabal-secret"
  echo "export PABAL_TEST_S3='s3://pabal/cluster?endpoint=http://127.0.0.1:$port'"
  ;;
stop) stop ;;
*) exit 64 ;;
esac
