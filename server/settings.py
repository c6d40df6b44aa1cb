"""All settings, from the environment (prefix DIENHONG_) alone; what is not given suits one machine.

Secrets that are not given are made once and kept in the data folder, readable by its owner only.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


#: Where our own origin shows the relay.
MEDIA_PATH = "/media"
#: And below it, each of several relays by its name.
AT = "at/"
#: `DIENHONG_RELAY_URLS=none`: conferences have no picture. `DIENHONG_RELAY_TCP=none`: bridges need UDP.
NO_RELAY = "none"
#: `DIENHONG_RELAY_URLS=registry`: the relays announce themselves in Redis.
REGISTRY = "registry"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DIENHONG_", extra="ignore", frozen=True)

    data: Path = Path("data")
    database_url: str = ""  # empty: SQLite in the data folder
    redis_url: str | None = None
    redis_prefix: str = Field("dienhong", pattern=r"^[A-Za-z0-9_-]+$")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str = ""  # empty: http://<host>:<port>
    trusted_proxies: int = Field(0, ge=0, le=10)
    web: Path = Path(__file__).resolve().parent.parent / "web" / "dist"

    secret: SecretStr | None = Field(None, min_length=32)  # the same on every server; made and kept if not given
    jwt_key: SecretStr | None = None  # an Ed25519 key in PEM, instead of the one made from `secret`
    access_ttl_s: int = Field(600, ge=30, le=3600)
    refresh_ttl_s: int = Field(14 * 86400, ge=600)
    link_ttl_s: int = Field(3 * 86400, ge=60)
    join_code_ttl_s: int = Field(30 * 86400, ge=60)
    rate_scale: float = Field(1.0, ge=0)

    media_key: SecretStr | None = None  # shared with the relays, at least 32 bytes
    relay_urls: str = ""  # empty: a relay of our own is started; else one or several, comma separated; `registry`
    edge_above: int = Field(300, ge=1)  # so many viewers a relay gets before a session is spread over others
    relay_http_port: int = Field(0, ge=0, le=65535)  # 0: any free one
    relay_udp: str = "0.0.0.0:50000"  # bridges come from outside
    relay_tcp: str = ""  # for bridges without UDP; empty: as relay_udp; none: no TCP
    relay_announce: str = ""  # empty: the addresses of this machine
    relay_origins: str = ""  # web origins whose pages may send and watch through us, comma separated; *: any
    relay_workers: int = Field(1, ge=1, le=64)
    recordings: str = ""  # where relays write recordings, and the server reads them; empty: none are made
    recordings_max_mb: int = Field(20_000, ge=10)  # the most that one conference may hold
    recordings_min_free_mb: int = Field(2_000, ge=1)  # left free on their disk, which may be the database's too
    turn_urls: str = ""
    turn_secret: SecretStr | None = None

    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    blobs_url: str = ""  # empty: a folder in the data folder; else s3://bucket?endpoint=http://host:port&region=…
    blobs_cache_mb: int = Field(4096, ge=16)  # how much of a store stays at hand in the data folder
    tsa_url: str | None = None
    upload_max_mb: int = Field(100, ge=1, le=2000)
    soffice: str = "soffice"
    log_level: str = "INFO"
    metrics_token: SecretStr | None = Field(None, min_length=16)  # none: /metrics answers this machine only

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("relay_urls")
    @classmethod
    def _a_registry(cls, value: str, told: ValidationInfo) -> str:
        if value.strip() == REGISTRY and not told.data.get("redis_url"):
            raise ValueError("a registry needs DIENHONG_REDIS_URL")
        return value

    @field_validator("relay_origins")
    @classmethod
    def _web_origins(cls, value: str) -> str:
        for origin in filter(None, map(str.strip, value.split(","))):
            if not re.fullmatch(r"\*|https?://[^/?#@\s]+", origin):
                raise ValueError(f"not a web origin as https://host:port: {origin}")
        return value

    @field_validator("turn_urls")
    @classmethod
    def _ice_servers(cls, value: str) -> str:
        from media.client import ice_urls

        return ",".join(ice_urls(value))

    @field_validator("blobs_url")
    @classmethod
    def _a_store(cls, value: str, told: ValidationInfo) -> str:
        if not value:
            return value
        from importlib.util import find_spec

        from server.papers.s3 import Place

        Place.read(value)
        if not (told.data.get("s3_access_key") and told.data.get("s3_secret_key")):
            raise ValueError("needs DIENHONG_S3_ACCESS_KEY and DIENHONG_S3_SECRET_KEY")
        if find_spec("aiobotocore") is None:
            raise ValueError("needs the extra s3: pip install 'dienhong[s3]'")
        return value

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data.resolve() / 'dienhong.db'}"

    @property
    def url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def with_relay(self) -> bool:
        return self.relay_urls.strip() != NO_RELAY

    @property
    def relay_addresses(self) -> tuple[str, ...]:
        """Of the relays that others started, when they are listed here."""
        if not self.with_relay or self.relay_registry:
            return ()
        return tuple(url.strip().rstrip("/") for url in self.relay_urls.split(",") if url.strip())

    @property
    def media_origins(self) -> frozenset[str]:
        """Of other sites, whose pages may use the way to the relay."""
        return frozenset(filter(None, map(str.strip, self.relay_origins.split(","))))

    @property
    def relay_registry(self) -> bool:
        """Whether relays announce themselves."""
        return self.relay_urls.strip() == REGISTRY

    @property
    def own_relay(self) -> bool:
        """Whether this server starts a relay itself."""
        return not self.relay_urls.strip()

    @property
    def secrets_folder(self) -> Path:
        return self.data / "secrets"

    @property
    def relay_address(self) -> Path:
        """Where a server leaves the address of its own relay, for commands on the same machine."""
        return self.data / "relay.url"

    def media_secret(self) -> str:
        if self.media_key is not None:
            return self.media_key.get_secret_value()
        return self._derived(b"media").hex() if self.secret else kept_secret(self.secrets_folder / "media.key")

    def key_secret(self) -> str:
        """Wraps the signers' PKCS#12 files."""
        if self.secret:
            return self._derived(b"signers").hex()
        return kept_secret(self.secrets_folder / "signers.key")

    def signing_key(self) -> Ed25519PrivateKey:
        """Raises: ValueError when what is given is no Ed25519 key in PEM."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            load_pem_private_key,
        )

        def made() -> bytes:
            return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

        if self.jwt_key is not None:
            pem = self.jwt_key.get_secret_value().encode()
        elif self.secret:
            return Ed25519PrivateKey.from_private_bytes(self._derived(b"tokens"))
        else:
            pem = kept(self.secrets_folder / "tokens.pem", made())
        key = load_pem_private_key(pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the key for access tokens must be Ed25519")
        return key

    def _derived(self, purpose: bytes) -> bytes:
        """32 bytes of the secret for one purpose: none tells of another."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        assert self.secret is not None
        return HKDF(SHA256(), 32, salt=b"dienhong", info=purpose).derive(self.secret.get_secret_value().encode())


def kept_secret(path: Path) -> str:
    return kept(path, secrets.token_urlsafe(48).encode()).decode()


def kept(path: Path, fresh: bytes) -> bytes:
    """What the file holds; when there is none, `fresh`, written whole or not at all, for its owner's eyes only."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # two servers may start at once: the first one's stays
        except FileExistsError:
            return path.read_bytes()
        return fresh
    finally:
        draft.unlink(missing_ok=True)
