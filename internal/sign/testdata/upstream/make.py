"""Makes the signatures in this folder with model_signing 1.1.1 (Python 3.11).

Run with the interpreter that has model_signing, pyOpenSSL and cryptography:
    python make.py
It writes throw-away keys and a small tree (the same that upstream_test.go
builds in memory), signs it in every way that upstream knows, and keeps public
keys, certificates and signatures only.
"""
import datetime
import pathlib
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from model_signing import hashing, signing

here = pathlib.Path(__file__).parent
model = pathlib.Path(tempfile.mkdtemp()) / "model"
PEM, RAW = serialization.Encoding.PEM, serialization.NoEncryption()


def tree():
    files = {
        "a/z": b"z" * 2500,
        "a.bin": b"bin",
        "a.txt": b"text\n",
        "gr\u00fc\u00dfe/\u6a21\u578b.txt": "\u00fc\n".encode(),
        "colon:1:2.bin": b"c" * 1000,
        "empty": b"",
    }
    for name, content in files.items():
        path = model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def key(name, curve):
    k = ec.generate_private_key(curve)
    private = here / f"{name}.key.tmp"
    private.write_bytes(k.private_bytes(PEM, serialization.PrivateFormat.PKCS8, RAW))
    (here / f"{name}.pub").write_bytes(
        k.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return k, private


def certificate(subject, public, issuer, issuer_key, ca):
    name = lambda n: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    b = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
         .public_key(public).serial_number(x509.random_serial_number())
         .not_valid_before(start).not_valid_after(start + datetime.timedelta(days=365))
         .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
         .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
         .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
         .add_extension(x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca,
                                      content_commitment=False, key_encipherment=False, data_encipherment=False,
                                      key_agreement=False, encipher_only=False, decipher_only=False), critical=True))
    if not ca:
        b = b.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    return b.sign(issuer_key, hashes.SHA256())


def main():
    tree()
    for name, curve in {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}.items():
        _, private = key(name, curve)
        signing.Config().use_elliptic_key_signer(private_key=private).sign(model, here / f"{name}.sig")
    private = here / "p256.key.tmp"

    def by_hand(name, config):
        (signing.Config().use_elliptic_key_signer(private_key=private)
         .set_hashing_config(config).sign(model, here / name))

    by_hand("blake2b.sig", hashing.Config().use_file_serialization(hashing_algorithm="blake2"))
    by_hand("blake3.sig", hashing.Config().use_file_serialization(hashing_algorithm="blake3"))
    by_hand("shards.sig", hashing.Config().use_shard_serialization(shard_size=1000))
    by_hand("shards-blake2b.sig", hashing.Config().use_shard_serialization(hashing_algorithm="blake2", shard_size=1000))
    by_hand("ignores-a.sig", hashing.Config().use_file_serialization().set_ignored_paths(paths=["a"]))
    # In place: the signature lies in the model and is among the ignored paths.
    inside = model / "model.sig"
    (signing.Config().use_elliptic_key_signer(private_key=private)
     .set_hashing_config(hashing.Config().set_ignored_paths(paths=[inside])).sign(model, inside))
    inside.rename(here / "inside.sig")

    root, root_private = key("root", ec.SECP256R1())
    leaf, leaf_private = key("leaf", ec.SECP256R1())
    root_cert = certificate("root", root.public_key(), "root", root, True)
    leaf_cert = certificate("leaf", leaf.public_key(), "root", root, False)
    (here / "root.crt").write_bytes(root_cert.public_bytes(PEM))
    (here / "leaf.crt.tmp").write_bytes(leaf_cert.public_bytes(PEM))
    # As upstream's command line: the chain contains the root.
    (signing.Config().use_certificate_signer(private_key=leaf_private, signing_certificate=here / "leaf.crt.tmp",
                                             certificate_chain=[here / "root.crt"]).sign(model, here / "certificate.sig"))
    for leftover in [*here.glob("*.tmp"), here / "root.pub", here / "leaf.pub"]:
        leftover.unlink()


main()
