//! One line of the log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AuditEvent, MAX_LINE_LEN};
use crate::clock::UnixSeconds;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::SecretKey;
use crate::suite::hash::Hmac;

/// The MAC before a writer's first entry.
pub(super) const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What stands between the authenticated bytes and the MAC.
const MAC_MEMBER: &str = ",\"mac\":\"";
const MAC_DIGITS: usize = 64;

/// An entry without its MAC, members in the order of the line.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(super) v: u32,
    /// Present, and `unauthenticated`, for what happens before a root is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chain: Option<String>,
    pub(super) writer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
    pub(super) time: UnixSeconds,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) epoch: Option<u32>,
    pub(super) event: String,
    pub(super) fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prev: Option<String>,
}

/// A line that was read: its entry, the bytes that its MAC covers, and the MAC.
pub(super) struct Line<'a> {
    pub(super) entry: Entry,
    covered: &'a str,
    pub(super) mac: Option<&'a str>,
}

impl Entry {
    pub(super) fn new(writer: &str, time: UnixSeconds, event: &AuditEvent) -> Self {
        Self {
            v: 1,
            chain: None,
            writer: writer.to_owned(),
            seq: None,
            time,
            epoch: None,
            event: event.name.as_str().to_owned(),
            fields: event.fields.iter().map(|(name, detail)| ((*name).to_owned(), detail.clone())).collect(),
            prev: None,
        }
    }

    /// The line, and its MAC where there is a key.
    pub(super) fn seal(&self, key: Option<&SecretKey>) -> Result<(String, Option<String>)> {
        let mut line = serde_json::to_string(self).map_err(|_| Error::new(ErrorCode::Internal))?;
        let Some(key) = key else { return Ok((line, None)) };
        line.pop();
        let mac = base16ct::lower::encode_string(&Hmac::new(key)?.tag(line.as_bytes()));
        line.push_str(MAC_MEMBER);
        line.push_str(&mac);
        line.push_str("\"}");
        Ok((line, Some(mac)))
    }
}

impl<'a> Line<'a> {
    /// Reads a line of either kind. Any other text is `AuditMalformed`.
    pub(super) fn parse(line: &'a str) -> Result<Self> {
        let malformed = || Error::new(ErrorCode::AuditMalformed);
        if line.len() > MAX_LINE_LEN {
            return Err(malformed());
        }
        let split = line.rsplit_once(MAC_MEMBER).and_then(|(covered, rest)| {
            let mac = rest.strip_suffix("\"}")?;
            (mac.len() == MAC_DIGITS && is_lower_hex(mac)).then_some((covered, mac))
        });
        let (covered, mac, text) = match split {
            Some((covered, mac)) => (covered, Some(mac), format!("{covered}}}")),
            None => (line, None, line.to_owned()),
        };
        let entry: Entry = serde_json::from_str(&text).map_err(|_| malformed())?;
        let is_chained = entry.seq.is_some() && entry.epoch.is_some() && entry.prev.is_some();
        let is_unchained = entry.seq.is_none() && entry.epoch.is_none() && entry.prev.is_none();
        let fits = match (mac, entry.chain.as_deref()) {
            (Some(_), None) => is_chained,
            (None, Some("unauthenticated")) => is_unchained,
            _ => false,
        };
        let is_known = entry.v == 1 && entry.writer.len() == 16 && is_lower_hex(&entry.writer);
        // The line must be what a writer writes, byte for byte: no second spelling, no duplicate member.
        if !fits || !is_known || serde_json::to_string(&entry).ok().as_deref() != Some(text.as_str()) {
            return Err(malformed());
        }
        Ok(Self { entry, covered, mac })
    }

    pub(super) fn is_authentic(&self, key: &SecretKey) -> bool {
        let mut bytes = [0; 32];
        let Some(Ok(expected)) = self.mac.map(|mac| base16ct::lower::decode(mac, &mut bytes)) else { return false };
        Hmac::new(key).is_ok_and(|key| key.holds(self.covered.as_bytes(), expected))
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
