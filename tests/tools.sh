#!/bin/sh
# What the tests need of the system, installed when we may, else said in one line.
# PostgreSQL and Redis: started when they are installed but stopped; installed when we may.
set -u
missing=""
need() { # need COMMAND PACKAGE…: a command, and the Debian packages that bring it
    command -v "$1" >/dev/null 2>&1 || { shift; missing="$missing $*"; }
}
need chromium chromium
need pdfsig poppler-utils
need pdftotext poppler-utils
need certutil libnss3-tools
need soffice libreoffice-writer-nogui
need turnserver coturn
need cc gcc libc6-dev
[ -e /usr/include/openssl/evp.h ] || missing="$missing libssl-dev"
case $(uname -m) in x86_64) [ -e /usr/include/intel-ipsec-mb.h ] || missing="$missing libipsec-mb-dev" ;; esac
python3=/usr/bin/python3 # Debian's own: the bindings are built for it
if ! $python3 -c 'import gi; gi.require_version("GstWebRTC", "1.0")' 2>/dev/null ||
    ! ls /usr/lib/*/gstreamer-1.0/libgstnice.so /usr/lib/*/gstreamer-1.0/libgstvpx.so >/dev/null 2>&1; then
    missing="$missing python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
    missing="$missing gstreamer1.0-plugins-bad gstreamer1.0-nice"
fi
up() { # up PORT: somebody listens there
    python3 - "$1" <<'PY'
import socket, sys
with socket.socket() as s:
    s.settimeout(1)
    sys.exit(s.connect_ex(("127.0.0.1", int(sys.argv[1]))))
PY
}
up 5432 || command -v pg_ctlcluster >/dev/null 2>&1 || missing="$missing postgresql"
up 6379 || command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing:$missing"
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/tmp/dienhong-tools.log 2>&1 ||
            echo "could not install:$missing (see /tmp/dienhong-tools.log)"
    else
        echo "missing, the tests that need them will say so: apt-get install$missing"
    fi
fi
up 6379 || { command -v redis-server >/dev/null 2>&1 && redis-server --daemonize yes --bind 127.0.0.1 --save "" --appendonly no >/dev/null; }
if ! up 5432 && command -v pg_ctlcluster >/dev/null 2>&1; then
    for version in $(ls /etc/postgresql 2>/dev/null); do pg_ctlcluster --skip-systemctl-redirect "$version" main start; done
fi
# A fresh Debian PostgreSQL lets nobody in over TCP without a password: a role of the tests' own, on loopback only.
if ! psql -w -h 127.0.0.1 -U postgres -c 'select 1' >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    su postgres -c "psql -qc \"create role dienhong superuser login password 'dienhong'\"" >/dev/null 2>&1
fi
exit 0
