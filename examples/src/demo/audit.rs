//! The log, its edited copies, the key status and the metrics.

use fieldward::{Operation, verify_audit};

use super::Failure;
use super::report::{Report, thousands};
use super::site::Site;

pub(crate) fn audit(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let text = std::fs::read_to_string(site.directory.join("audit.jsonl"))?;
    let lines: Vec<&str> = text.lines().collect();
    let (keys, checkpoints) = (site.keyring.audit_keys()?, site.keyring.checkpoints());
    let verified = verify_audit(&lines, &keys, &checkpoints)?;
    report.check(
        verified.is_intact() && verified.unverifiable == 0 && verified.verified > 0,
        format!(
            "{} entries verified, {} from before the keyring was open",
            verified.verified, verified.unauthenticated
        ),
    );
    let chained =
        lines.iter().position(|line| line.contains("\"key_compromised\"")).ok_or("no such event in the log")?;
    let mut copies = vec![("an edited entry", lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())];
    if let Some(line) = copies[0].1.get_mut(chained) {
        *line = line.replace("leaked", "lasted");
    }
    let without = |at: usize| {
        lines.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| (*line).to_owned()).collect()
    };
    copies.push(("an entry cut out", without(chained)));
    copies.push(("the last entry cut off", without(lines.len() - 1)));
    for (what, copy) in copies {
        let found = verify_audit(&copy, &keys, &checkpoints)?;
        report.check(!found.is_intact(), format!("{what}: found ({} problems)", found.problem_count));
    }

    let status = site.keyring.status()?;
    report.say(format!("keyring {}, generation {}, root epoch {}", status.keyring_id, status.generation, status.epoch));
    for version in &status.versions {
        let mark = if version.is_current { "current" } else { "" };
        report.say(format!(
            "version {}  {}  {:<12} {mark}",
            version.version,
            version.key_id,
            version.state.to_string()
        ));
    }
    let metrics = site.keyring.metrics().snapshot();
    for operation in Operation::ALL {
        let all: Vec<_> = metrics
            .fields
            .iter()
            .flat_map(|field| &field.operations)
            .filter(|one| one.operation == *operation)
            .collect();
        let calls: u64 = all.iter().map(|one| one.calls).sum();
        let failures: u64 = all.iter().flat_map(|one| one.failures.values()).sum();
        report.say(format!("{:<10} {:>12} calls, {failures} refused", operation.as_str(), thousands(calls)));
    }
    let untrusted: u64 = metrics.fields.iter().map(|field| field.untrusted).sum();
    report.say(format!("{} values read under a compromised key, by name", thousands(untrusted)));
    let text = metrics.to_prometheus();
    report.check(text.contains("# TYPE"), format!("the same in Prometheus text form: {} lines", text.lines().count()));
    Ok(())
}
