//! Redis behind TLS.

use std::sync::Arc;

use headwater::ErrorKind;
use headwater::checkpoint::CheckpointStore as _;
use headwater_tests::StoreServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::redis_subject::{after, application, hold, patiently, row};

/// Speaks TLS for a server that does not.
struct Terminal {
    url: String,
    authority: String,
    _passing: JoinSet<()>,
}

impl Terminal {
    async fn before(server: &str) -> Self {
        let key = || KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).unwrap();
        let (own, own_key) = (CertificateParams::new(["127.0.0.1".to_owned()]).unwrap(), key());
        let own = own.signed_by(&own_key, &authority).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let own_key = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![own.der().clone()];
        let config = config.with_no_client_auth().with_single_cert(chain, own_key).unwrap();

        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("rediss://{}", listener.local_addr().unwrap());
        let server = server.trim_start_matches("redis://").to_owned();
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), server.clone());
                connections.spawn(async move {
                    // A client that does not trust the certificate ends here.
                    let Ok(mut near) = acceptor.accept(near).await else { return };
                    let mut far = TcpStream::connect(server).await.unwrap();
                    let _either_end_closed = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { url, authority: authority.pem(), _passing: passing }
    }
}

#[tokio::test]
async fn a_store_behind_tls_is_reached_by_who_trusts_its_authority() {
    let terminal = Terminal::before(&StoreServer::Redis.shared().url()).await;
    let builder = || patiently(&terminal.url);
    let store = builder().root_certificate(&*terminal.authority).open().await.unwrap();
    let application = application("tls");
    let lease = hold(&store, &application, 0).await;
    store.commit(&lease, &after(7).into()).await.unwrap();
    assert_eq!(row(&store, &application).await.checkpoint, after(7).into());

    let error = builder().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    assert!(error.to_string().contains("root_certificate()"), "{error}");
    let error = builder().root_certificate("no certificate").open().await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
}
