"""Certificates of an authority of the test's own, as files."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Certificates:
    """An authority, a certificate of the server, and one of a client, as files."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.authority = self._write("ca", self._certificate("Amends test authority", self._key, None), self._key)
        self.server, self.client = (self._issued(name) for name in ("server", "client"))

    @property
    def for_serving(self) -> ssl.SSLContext:
        """What a server on 127.0.0.1 shows."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server, self.key_of(self.server))
        return context

    def key_of(self, certificate: Path) -> Path:
        return certificate.with_suffix(".key")

    def _issued(self, name: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(name, self._certificate(name, key, ipaddress.ip_address("127.0.0.1")), key)

    def _certificate(
        self, name: str, key: ec.EllipticCurvePrivateKey, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Amends test authority")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
        )
        if address is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
        file = self._directory / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.key_of(file).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return file
