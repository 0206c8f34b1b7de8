"""A time-stamp authority that really runs: the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography.x509 import Certificate

from auditwright.sign.timestamp import load_roots

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[leaf]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A real time-stamp authority: the openssl command in a folder of its own."""

    folder: Path

    def run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def create(self) -> None:
        (self.folder / "tsa.cnf").write_text(CONFIG)
        (self.folder / "serial").write_text("01")
        for name in ("ca", "tsa"):
            self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
            self.run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN=Test {name}", "-out", f"{name}.csr")
        extensions = ("-extfile", "tsa.cnf", "-extensions")
        self.run("x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-out", "ca.pem", *extensions, "ca")
        issuer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        self.run("x509", "-req", "-in", "tsa.csr", *issuer, "-out", "tsa.pem", *extensions, "leaf")

    def answer(self, request: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(request)
        self.run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    def roots(self) -> tuple[Certificate, ...]:
        return load_roots((self.folder / "ca.pem").read_bytes())
