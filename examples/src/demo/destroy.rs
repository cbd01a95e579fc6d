//! A key that others may know: its data moves off it, and it is destroyed.

use fieldward::{Destroy, ErrorCode, KeyState, Reach};

use super::Failure;
use super::report::{Report, thousands};
use super::rotate::{missed, one_key_only, reencrypt_all};
use super::site::Site;

pub(crate) fn destroy(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let status = site.keyring.status()?;
    let version = status.current_version;
    let key_id = status.versions.iter().find(|one| one.version == version).ok_or("the current version")?.key_id;
    let kept = site.table.read(0, &site.cipher)?;
    site.keyring.mark_compromised(version, "the demo supposes that it leaked")?;
    let successor = site.keyring.status()?.current_version;
    report.check(
        successor != version,
        format!("version {version} marked compromised; version {successor} encrypts at once"),
    );
    report.refused("its data, read as before", site.cipher.decrypt(&kept), ErrorCode::KeyCompromised);

    let allowed = site.keyring.allow(KeyState::Compromised, "moving data off the leaked key")?;
    let (moved, _) = reencrypt_all(site, &allowed.records(&site.schema, None)?)?;
    let untouched = one_key_only(site, successor)?;
    report.check(untouched, format!("{} records moved to version {successor}, none left behind", thousands(moved)));
    let missed = missed(site)?;
    report.check(missed == 0, format!("{missed} of them differ from the input"));

    let mut export = Vec::new();
    let request = Destroy::version(version, key_id, "it leaked").replace_exports(|document| {
        export = document.to_vec();
        Ok(())
    });
    let done = site.keyring.destroy(request)?;
    report.say(format!("{} destroyed: its key left the document, root epoch {} began", done.target, done.epoch));
    match &done.reach {
        Reach::Erased => report.say("reached: every provider key that could open an older copy is destroyed"),
        Reach::DocumentOnly { remaining } => {
            for held in remaining {
                report.say(format!(
                    "not reached: older copies of the document (epoch {}) still open by provider {}; the library did not make its key",
                    held.epoch, held.provider
                ));
            }
        }
        _ => {}
    }
    if done.index_values_remain {
        report.say("not reached: index values of erased data stay until they are deleted or made again");
    }
    report.check(!export.is_empty(), format!("a new export of {} bytes was kept first", export.len()));
    report.refused("a kept ciphertext of the destroyed key", site.cipher.decrypt(&kept), ErrorCode::KeyDestroyed);
    Ok(())
}
