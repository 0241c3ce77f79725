//! The certificate of a server that speaks TLS.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;

/// A certificate for this machine's loopback address, made anew for each server: clients refuse the one that
/// kinesis-local brings, which names no address.
#[derive(Debug)]
pub(crate) struct Certificate {
    authority: String,
    file: PathBuf,
    /// Holds the file, which the server reads once, when it starts.
    _folder: TempDir,
}

impl Certificate {
    /// Makes one, and the authority that signs it.
    ///
    /// # Panics
    ///
    /// When the temporary folder cannot be written.
    pub(crate) fn make() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let (server, key) = (CertificateParams::new(names).expect("names of this machine"), key());
        let server = server.signed_by(&key, &authority).expect("a certificate");

        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("server.json");
        let content = json!({ "server": { "key": key.serialize_pem(), "cert": server.pem() } });
        std::fs::write(&file, content.to_string())
            .unwrap_or_else(|error| panic!("write {}: {error}", file.display()));
        Self { authority: authority.pem(), file, _folder: folder }
    }

    /// What a client must trust, in PEM.
    pub(crate) fn authority(&self) -> String {
        self.authority.clone()
    }

    /// The file that kinesis-local reads it from. It goes with this.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
