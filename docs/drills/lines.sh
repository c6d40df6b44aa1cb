#!/bin/sh
# A drill: bad lines, a dead worker, a dead relay, while a rehearsal watches. Never against a relay in use.
#
#   DIENHONG_MEDIA_KEY=… sh docs/drills/lines.sh http://127.0.0.1:8900
#
# The relay runs in test mode: `dienhong relay --faults …`. The rehearsal's report says what the bridges saw.
set -eu
relay=${1:?the base of a relay in test mode}
dienhong=${DIENHONG:-"$(dirname "$0")/../../.venv/bin/python -m server"}

$dienhong faults --relay "$relay" clear
$dienhong rehearse --relay "$relay" --bridges "${BRIDGES:-50}" --seconds 30 --source &
rehearsal=$!
trap '$dienhong faults --relay "$relay" clear 2>/dev/null || true; kill $rehearsal 2>/dev/null || true' EXIT

sleep 8;  echo "two in a hundred datagrams are lost"
$dienhong faults --relay "$relay" line --way out --drop 2%
sleep 8;  echo "one bridge hears nothing"
$dienhong faults --relay "$relay" cut virtual:0
sleep 4;  echo "all is well again"
$dienhong faults --relay "$relay" clear
wait $rehearsal || true  # not ready, and says why: the lines were bad
trap - EXIT
if [ "${KILL:-}" ]; then
    echo "the first worker dies, then the whole relay"
    $dienhong faults --relay "$relay" kill-worker 0
    sleep 3
    $dienhong faults --relay "$relay" kill-relay
fi
