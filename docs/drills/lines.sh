#!/bin/sh
# A drill: bad lines, then a dead worker and a dead relay. Never against a relay in use.
#
#   DIENHONG_MEDIA_KEY=… sh docs/drills/lines.sh http://127.0.0.1:8900             # bad lines
#   DIENHONG_MEDIA_KEY=… KILL=1 sh docs/drills/lines.sh http://127.0.0.1:8900      # and the deaths
#
# The relay runs in test mode: `dienhong relay --faults …`. Each rehearsal's report says what the bridges saw, and is
# not ready for the reason that was made. BRIDGES: how many; PACE: seconds between the steps.
set -eu
relay=${1:?the base of a relay in test mode}
dienhong=${DIENHONG:-"$(dirname "$0")/../../.venv/bin/python -m server"}
pace=${PACE:-8}
rehearsal=

rehearse() {
    $dienhong rehearse --relay "$relay" --bridges "${BRIDGES:-50}" --seconds "$1" --source &
    rehearsal=$!
}

tidy() {
    if [ "$rehearsal" ]; then kill "$rehearsal" 2>/dev/null || true; fi
    $dienhong faults --relay "$relay" clear 2>/dev/null || true
}

$dienhong faults --relay "$relay" clear # ends here where the relay is not in test mode
trap tidy EXIT
trap 'exit 130' INT TERM

rehearse $((pace * 4))
sleep "$pace"; echo "two in a hundred datagrams are lost"
$dienhong faults --relay "$relay" line --way out --drop 2%
sleep "$pace"; echo "one bridge hears nothing"
$dienhong faults --relay "$relay" cut virtual:0
sleep "$pace"; echo "all is well again"
$dienhong faults --relay "$relay" clear
wait "$rehearsal" || true # not ready: the lines were bad
rehearsal=

if [ "${KILL:-}" ]; then
    rehearse $((pace * 3))
    sleep "$pace"; echo "the first worker dies"
    $dienhong faults --relay "$relay" kill-worker 0
    sleep "$pace"; echo "the whole relay dies"
    $dienhong faults --relay "$relay" kill-relay
    wait "$rehearsal" || true # not ready: the relay is gone
    rehearsal=
    trap - EXIT
fi
