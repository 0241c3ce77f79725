//! Credentials that the SDK loads anew when the service says that they expired.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kinesis::config::{ConfigBag, ResolveCachedIdentity, RuntimeComponents, SharedIdentityCache};
use aws_smithy_runtime_api::client::identity::{
    IdentityCacheLocation, IdentityCachePartition, IdentityFuture, ResolveIdentity, SharedIdentityResolver,
};
use tokio::time::Instant;

/// Calls that are refused at about the same time share one load.
const SHARED_LOAD: Duration = Duration::from_millis(500);

tokio::task_local! {
    /// Whether the call that is made is not to be signed with cached credentials.
    static ANEW: bool;
}

/// Runs a call of the SDK, with credentials that are loaded anew if so wished and its client has a
/// [`RenewableCache`].
pub(crate) async fn loading<F: Future>(anew: bool, call: F) -> F::Output {
    ANEW.scope(anew, call).await
}

/// A cache of credentials whose content can be passed over.
///
/// The SDK's own cache goes by the expiry that came with the credentials. Those that came with none stay for 15
/// minutes, and those that are revoked, or that a local clock which is slow takes for valid, until then, whatever the
/// service says of them.
#[derive(Debug)]
pub(crate) struct RenewableCache {
    cache: SharedIdentityCache,
    renewed: Mutex<Option<Renewed>>,
}

/// What takes a resolver's place once its cached credentials are not to be used.
#[derive(Debug)]
struct Renewed {
    in_place_of: IdentityCachePartition,
    at: Instant,
    resolver: SharedIdentityResolver,
}

impl RenewableCache {
    pub(crate) fn new(cache: SharedIdentityCache) -> Self {
        Self { cache, renewed: Mutex::new(None) }
    }

    /// Chooses the resolver whose credentials the cache is asked for.
    fn resolver(&self, resolver: SharedIdentityResolver, anew: bool) -> SharedIdentityResolver {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = resolver.cache_partition();
        let current = renewed.as_ref().filter(|renewed| renewed.in_place_of == partition);
        match current {
            Some(current) if !anew || current.at.elapsed() < SHARED_LOAD => current.resolver.clone(),
            None if !anew => resolver,
            _ => {
                let resolver = SharedIdentityResolver::new(Again(resolver));
                let at = Instant::now();
                *renewed = Some(Renewed { in_place_of: partition, at, resolver: resolver.clone() });
                resolver
            }
        }
    }
}

impl ResolveCachedIdentity for RenewableCache {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let anew = ANEW.try_with(|anew| *anew).unwrap_or(false);
        self.cache.resolve_cached_identity(self.resolver(resolver, anew), components, config)
    }
}

/// A resolver under another name: the cache holds nothing for it.
#[derive(Debug)]
struct Again(SharedIdentityResolver);

impl ResolveIdentity for Again {
    fn resolve_identity<'a>(
        &'a self,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        self.0.resolve_identity(components, config)
    }

    fn cache_location(&self) -> IdentityCacheLocation {
        self.0.cache_location()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::config::IdentityCache;

    use super::*;

    #[derive(Debug)]
    struct Nobody;

    impl ResolveIdentity for Nobody {
        fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
            IdentityFuture::ready(Err("nobody".into()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_refused_together_share_one_load() {
        let cache = RenewableCache::new(IdentityCache::lazy().build());
        let resolver = SharedIdentityResolver::new(Nobody);
        let partition = |anew| cache.resolver(resolver.clone(), anew).cache_partition();
        assert_eq!(partition(false), resolver.cache_partition());

        let second = partition(true);
        assert_ne!(second, resolver.cache_partition());
        assert_eq!((partition(true), partition(false)), (second, second));

        tokio::time::advance(SHARED_LOAD).await;
        assert_eq!(partition(false), second);
        assert_ne!(partition(true), second);
    }
}
