//! Names of keys in AWS.

use crate::error::{ErrorCode, Result, fail};

/// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`: the one name of a key that cannot come to mean another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyArn {
    text: String,
    region: String,
}

impl KeyArn {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if let ["arn", partition, "kms", region, account, key] = parts[..]
            && let Some(id) = key.strip_prefix("key/")
            && is_name(partition, 32)
            && partition.starts_with("aws")
            && is_name(region, 32)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && is_name(id, 64)
        {
            return Ok(Self { text: text.to_owned(), region: region.to_owned() });
        }
        let detail =
            "the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID: ids and aliases can come to mean another key";
        fail(ErrorCode::InvalidName, detail)
    }

    /// The same multi-Region key, in another region.
    pub(super) fn replica_in(&self, region: &str) -> Result<Self> {
        if !is_name(region, 32) {
            return fail(ErrorCode::InvalidName, "a region");
        }
        if !self.text.contains(":key/mrk-") {
            return fail(ErrorCode::InvalidArgument, "the key is not multi-Region: its id does not begin with mrk-");
        }
        let text = self.text.replacen(&format!(":kms:{}:", self.region), &format!(":kms:{region}:"), 1);
        Self::parse(&text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }
}

fn is_name(text: &str, longest: usize) -> bool {
    let alphabet = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=longest).contains(&text.len()) && text.bytes().all(alphabet)
}
