//! What a request weighs.

/// A request that knows what it weighs.
///
/// # Example
///
/// ```
/// use headwater::service::Weighted;
///
/// struct Put {
///     entries: Vec<String>,
/// }
///
/// impl Weighted for Put {
///     fn records(&self) -> u64 {
///         self.entries.len() as u64
///     }
///     fn bytes(&self) -> u64 {
///         self.entries.iter().map(|entry| entry.len() as u64).sum()
///     }
/// }
///
/// let put = Put { entries: vec!["one".into(), "three".into()] };
/// assert_eq!((put.records(), put.bytes()), (2, 8));
/// ```
pub trait Weighted {
    /// Returns the number of records.
    fn records(&self) -> u64;

    /// Returns the number of bytes that the service counts.
    fn bytes(&self) -> u64;
}
