#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use super::*;

#[test]
fn counts_calls_bytes_and_failures() {
    let metrics = Metrics::new();
    let field = metrics.field("patients", "ssn");
    for _ in 0..130 {
        field.start(Operation::Encrypt).finish(Ok(()), 11);
    }
    field.start(Operation::Decrypt).finish(Err(ErrorKind::Authentication), 57);
    field.count_untrusted();
    metrics.count(KeyringCounter::Saves);
    let snapshot = metrics.snapshot();
    let encrypt = &snapshot.fields[0].operations[0];
    assert_eq!((encrypt.calls, encrypt.bytes, encrypt.latency.samples), (130, 1_430, 3));
    let decrypt = &snapshot.fields[0].operations[1];
    assert_eq!((decrypt.calls, decrypt.bytes), (1, 0));
    assert_eq!(decrypt.failures["authentication"], 1);
    assert_eq!(snapshot.fields[0].untrusted, 1);
    assert_eq!(snapshot.keyring["saves"], 1);
}

#[test]
fn handles_of_one_field_share_counters() {
    let metrics = Metrics::new();
    metrics.field("a", "b").start(Operation::Search).finish(Ok(()), 0);
    metrics.field("a", "b").start(Operation::Search).finish(Ok(()), 0);
    assert_eq!(metrics.snapshot().fields[0].operations[0].calls, 2);
}

#[test]
fn fields_past_the_limit_are_counted_together() {
    let metrics = Metrics::new();
    for number in 0..MAX_FIELDS + 10 {
        metrics.field("t", &number.to_string()).count_untrusted();
    }
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.fields.len(), MAX_FIELDS + 1);
    assert_eq!(snapshot.fields.iter().find(|field| field.table == "other").unwrap().untrusted, 10);
}

#[test]
fn prometheus_text_is_known() {
    let metrics = Metrics::new();
    let field = metrics.field("pat\"ients", "ssn");
    field.operations[0].calls.store(64, Ordering::Relaxed);
    field.operations[0].bytes.store(704, Ordering::Relaxed);
    field.operations[0].failures[4].store(2, Ordering::Relaxed);
    field.operations[0].latency.record(Duration::from_nanos(127));
    field.operations[0].latency.record(Duration::from_nanos(128));
    field.operations[0].latency.record(Duration::from_secs(3_600));
    let text = metrics.snapshot().to_prometheus();
    let labels = r#"table="pat\"ients",field="ssn",operation="encrypt""#;
    for expected in [
        "# TYPE fieldward_operations_total counter\n".to_owned(),
        format!("fieldward_operations_total{{{labels}}} 64\n"),
        format!("fieldward_bytes_total{{{labels}}} 704\n"),
        format!("fieldward_failures_total{{{labels},kind=\"authentication\"}} 2\n"),
        format!("fieldward_latency_seconds_bucket{{{labels},le=\"0.000000128\"}} 1\n"),
        format!("fieldward_latency_seconds_bucket{{{labels},le=\"0.000000256\"}} 2\n"),
        format!("fieldward_latency_seconds_bucket{{{labels},le=\"+Inf\"}} 3\n"),
        format!("fieldward_latency_seconds_sum{{{labels}}} 3600.000000255\n"),
        format!("fieldward_latency_seconds_count{{{labels}}} 3\n"),
        "fieldward_keyring_events_total{event=\"saves\"} 0\n".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected}\n{text}");
    }
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.fields[0].operations[0].latency.quantile_ns(0.5), Some(256));
}

#[test]
fn providers_are_counted_apart() {
    let metrics = Metrics::new();
    let count = |provider: &str, milliseconds, failure| {
        metrics.count_provider(provider, ProviderOperation::Unwrap, Duration::from_millis(milliseconds), failure);
    };
    count("hsm", 3, None);
    count("hsm", 40_000, Some(ErrorCode::ProviderUnavailable));
    count("kms", 0, None);
    let snapshot = metrics.snapshot();
    assert_eq!((snapshot.providers.len(), snapshot.keyring["provider_calls"]), (2, 3));
    let hsm = &snapshot.providers[0];
    assert_eq!((hsm.provider.as_str(), hsm.operation, hsm.calls), ("hsm", ProviderOperation::Unwrap, 2));
    assert_eq!(hsm.failures, BTreeMap::from([("provider_unavailable", 1)]));
    assert_eq!((hsm.latency.samples, hsm.latency.quantile_ns(0.5)), (2, Some(1 << 22)));
    let text = snapshot.to_prometheus();
    let labels = r#"provider="hsm",operation="unwrap""#;
    for expected in [
        format!("fieldward_provider_calls_total{{{labels}}} 2\n"),
        format!("fieldward_provider_failures_total{{{labels},code=\"provider_unavailable\"}} 1\n"),
        format!("fieldward_provider_latency_seconds_bucket{{{labels},le=\"0.004194304\"}} 1\n"),
        format!("fieldward_provider_latency_seconds_sum{{{labels}}} 40.003000000\n"),
    ] {
        assert!(text.contains(&expected), "{expected}\n{text}");
    }
    for number in 0..MAX_PROVIDERS {
        count(&number.to_string(), 1, None);
    }
    let snapshot = metrics.snapshot();
    let other = snapshot.providers.iter().find(|calls| calls.provider == "other").unwrap();
    assert_eq!((snapshot.providers.len(), other.calls), (MAX_PROVIDERS + 1, 2));
}
