"""Certificates of the tests' own authority, made by OpenSSL's program."""

import subprocess
from pathlib import Path

_NEW = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")


class Authority:
    """Signs certificates.

    Args:
        directory: where it keeps its own and all others.

    Attributes:
        certificate: its own: a client that is to trust it has it in ``SSL_CERT_FILE``.
    """

    def __init__(self, directory: Path):
        self._directory = directory
        self.certificate, self._key = directory / "authority.pem", directory / "authority.key"
        files = ("-out", str(self.certificate), "-keyout", str(self._key))
        _run(*_NEW, "-subj", "/CN=Authority of the tests", *files)

    def sign(self, name: str) -> Path:
        """Make a certificate for a host, and return it with its key."""
        signer = ("-CA", str(self.certificate), "-CAkey", str(self._key))
        return make_certificate(self._directory / f"{name}.pem", name, *signer)


def make_certificate(file: Path, name: str, *signer: str) -> Path:
    """Make a certificate for a host, and return it with its key.

    Args:
        file: where to.
        name: of the host.
        signer: whose it is, in OpenSSL's options; nobody but the host itself without them.
    """
    subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    leaf = ("-addext", "basicConstraints=critical,CA:FALSE")
    made = _run(*_NEW, *subject, *leaf, *signer, "-keyout", "-", "-out", "-")
    file.touch(mode=0o600)
    file.write_bytes(made)
    return file


def _run(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout
