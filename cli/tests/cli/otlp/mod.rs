//! `--otlp`: metrics and traces, to a collector.

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod exports;
#[cfg(feature = "otlp")]
mod traces;

#[cfg(not(feature = "otlp"))]
#[tokio::test]
async fn a_build_without_otlp_names_the_feature_that_it_lacks() {
    use crate::support::Headwater;

    let refused = Headwater::new(["put", "orders", "x", "--otlp", "http://localhost:4318"])
        .env("AWS_REGION", "eu-west-1");
    let told = refused.run().await.code(2);
    assert!(told.contains("--otlp") && told.contains("--features otlp"), "{told}");
    let help = Headwater::new(["put", "--help"]).run().await.ok();
    assert!(!help.contains("--otlp"), "{help}");
}
