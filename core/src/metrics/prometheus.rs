//! The Prometheus text exposition format, version 0.0.4.

use std::fmt::Write as _;

use super::{HistogramSnapshot, MetricsSnapshot};

impl MetricsSnapshot {
    /// The figures as Prometheus text. Latencies are of sampled calls, in seconds.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut out = String::new();
        let operations = || {
            self.fields.iter().flat_map(|field| {
                field.operations.iter().map(move |operation| {
                    let labels = format!(
                        "table=\"{}\",field=\"{}\",operation=\"{}\"",
                        escaped(&field.table),
                        escaped(&field.field),
                        operation.operation.as_str()
                    );
                    (labels, operation)
                })
            })
        };
        family(&mut out, "operations_total", "counter", "Calls, failures included.");
        for (labels, operation) in operations() {
            line(&mut out, "operations_total", &labels, operation.calls);
        }
        family(&mut out, "bytes_total", "counter", "Bytes of successful calls.");
        for (labels, operation) in operations() {
            line(&mut out, "bytes_total", &labels, operation.bytes);
        }
        family(&mut out, "failures_total", "counter", "Failures by kind.");
        for (labels, operation) in operations() {
            for (kind, count) in &operation.failures {
                line(&mut out, "failures_total", &format!("{labels},kind=\"{kind}\""), *count);
            }
        }
        family(&mut out, "untrusted_total", "counter", "Values read under a suspended or compromised key.");
        for field in &self.fields {
            let labels = format!("table=\"{}\",field=\"{}\"", escaped(&field.table), escaped(&field.field));
            line(&mut out, "untrusted_total", &labels, field.untrusted);
        }
        family(&mut out, "latency_seconds", "histogram", "Latency of sampled calls, one in 64.");
        for (labels, operation) in operations() {
            histogram(&mut out, "latency_seconds", &labels, &operation.latency);
        }
        family(&mut out, "keyring_events_total", "counter", "What happened to the keyring.");
        for (name, count) in &self.keyring {
            line(&mut out, "keyring_events_total", &format!("event=\"{name}\""), *count);
        }
        let providers = || {
            self.providers.iter().map(|calls| {
                let (provider, operation) = (escaped(&calls.provider), calls.operation.as_str());
                (format!("provider=\"{provider}\",operation=\"{operation}\""), calls)
            })
        };
        family(&mut out, "provider_calls_total", "counter", "Calls of providers, failures included.");
        for (labels, calls) in providers() {
            line(&mut out, "provider_calls_total", &labels, calls.calls);
        }
        family(&mut out, "provider_failures_total", "counter", "Failures of providers by code.");
        for (labels, calls) in providers() {
            for (code, count) in &calls.failures {
                line(&mut out, "provider_failures_total", &format!("{labels},code=\"{code}\""), *count);
            }
        }
        family(&mut out, "provider_latency_seconds", "histogram", "Latency of providers, every call.");
        for (labels, calls) in providers() {
            histogram(&mut out, "provider_latency_seconds", &labels, &calls.latency);
        }
        out
    }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP fieldward_{name} {help}\n# TYPE fieldward_{name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: u64) {
    let _ = writeln!(out, "fieldward_{name}{{{labels}}} {value}");
}

fn histogram(out: &mut String, name: &str, labels: &str, latency: &HistogramSnapshot) {
    let mut below = 0;
    for (bound, count) in &latency.buckets {
        below += count;
        let bound = bound.map_or_else(|| "+Inf".into(), seconds);
        line(out, &format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), below);
    }
    let _ = writeln!(out, "fieldward_{name}_sum{{{labels}}} {}", seconds(latency.sum_ns));
    line(out, &format!("{name}_count"), labels, latency.samples);
}

/// Nanoseconds as decimal seconds, exactly.
fn seconds(nanoseconds: u64) -> String {
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
