//! The user's own layers around PutRecords.

use std::fmt;

use headwater::batch::{Batch, BatchResponse};
use headwater::{BoxError, Error, ErrorKind};
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceExt};

/// A service that puts records, whatever it is made of.
pub(super) type Putter = BoxCloneService<Batch, BatchResponse, Error>;

/// Wraps a service into one layer.
type Wrap = Box<dyn FnOnce(Putter) -> Putter + Send>;

/// The user's own layers around PutRecords, the outermost first.
#[derive(Default)]
pub(super) struct Layers(Vec<Wrap>);

impl Layers {
    pub(super) fn push<L>(&mut self, layer: L)
    where
        L: Layer<Putter> + Send + 'static,
        L::Service: Service<Batch, Response = BatchResponse> + Clone + Send + 'static,
        <L::Service as Service<Batch>>::Error: Into<BoxError>,
        <L::Service as Service<Batch>>::Future: Send + 'static,
    {
        self.0.push(Box::new(move |inner| {
            BoxCloneService::new(layer.layer(inner).map_err(|error| as_error(error.into())))
        }));
    }

    pub(super) fn around(self, innermost: Putter) -> Putter {
        self.0.into_iter().rev().fold(innermost, |inner, wrap| wrap(inner))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layers").field(&self.0.len()).finish()
    }
}

/// Finds the error below the layer, or makes one of the layer's own.
fn as_error(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        // Nothing says that the request was wrong, or that it was not carried out.
        Err(error) => Error::new(ErrorKind::Unavailable, "put records through a layer").caused_by(error),
    }
}
