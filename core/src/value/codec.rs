//! A value and its plaintext: type byte, payload, padding.

use zeroize::{Zeroize, Zeroizing};

use super::{Date, Decimal, MAX_JSON_DEPTH, MAX_VALUE_LEN, Padding, Timestamp, Value, ValueType};
use crate::error::{Error, ErrorCode, Result, fail};

/// The high bit of the type byte marks padding.
const PADDED: u8 = 0x80;

impl Value {
    /// Appends the plaintext to `output`.
    ///
    /// # Errors
    ///
    /// `ValueTooLong` past 16 MiB; `InvalidJson` for JSON text that is not valid.
    pub(crate) fn encode_into(&self, padding: Padding, output: &mut Vec<u8>) -> Result<()> {
        if let Self::Json(text) = self {
            check_json(text.as_bytes()).map_err(|()| Error::new(ErrorCode::InvalidJson))?;
        }
        encode_payload(self.value_type(), &self.payload(), padding, output)
    }

    /// The upper bound of what [`Self::encode_into`] appends, for one exact allocation.
    pub(crate) fn encoded_len(&self, padding: Padding) -> Result<usize> {
        padding.plaintext_len(self.payload().len())
    }

    /// Reads an authenticated plaintext.
    ///
    /// # Errors
    ///
    /// `ValueMalformed` or `PaddingMalformed`: whoever held the key wrote something else than this format.
    pub(crate) fn decode(plaintext: &[u8]) -> Result<Self> {
        let malformed = || Error::new(ErrorCode::ValueMalformed);
        let (kind, payload) = decode_payload(plaintext)?;
        let text = || std::str::from_utf8(payload).map(str::to_owned).map_err(|_| malformed());
        Ok(match kind {
            ValueType::Bytes => Self::Bytes(payload.to_vec()),
            ValueType::Text => Self::Text(text()?),
            ValueType::Json => {
                check_json(payload).map_err(|()| malformed())?;
                Self::Json(text()?)
            }
            ValueType::I64 => Self::I64(i64::from_be_bytes(exact(payload)?)),
            ValueType::F64 => Self::F64(f64::from_bits(u64::from_be_bytes(exact(payload)?))),
            ValueType::Bool => match payload {
                [0] => Self::Bool(false),
                [1] => Self::Bool(true),
                _ => return Err(malformed()),
            },
            ValueType::Date => Self::Date(Date::from_bytes(exact(payload)?).ok_or_else(malformed)?),
            ValueType::Timestamp => Self::Timestamp(Timestamp::from_bytes(exact(payload)?).ok_or_else(malformed)?),
            ValueType::Decimal => Self::Decimal(Decimal::from_bytes(payload).ok_or_else(malformed)?),
            ValueType::Uuid => Self::Uuid(exact(payload)?),
        })
    }
}

impl Value {
    /// [`Self::decode`], which keeps the memory where the value is text or bytes.
    pub(crate) fn decode_owned(mut plaintext: Zeroizing<Vec<u8>>) -> Result<Self> {
        let (kind, payload) = decode_payload(&plaintext)?;
        let len = payload.len();
        if !matches!(kind, ValueType::Text | ValueType::Bytes) {
            return Self::decode(&plaintext);
        }
        // The type byte goes, and padding after the value.
        plaintext.copy_within(1..=len, 0);
        plaintext.truncate(len);
        let payload = std::mem::take(&mut *plaintext);
        if kind == ValueType::Bytes {
            return Ok(Self::Bytes(payload));
        }
        String::from_utf8(payload).map(Self::Text).map_err(|refused| {
            refused.into_bytes().zeroize();
            ErrorCode::ValueMalformed.into()
        })
    }
}

/// Appends a value: type byte, payload, padding.
pub(crate) fn encode_payload(kind: ValueType, payload: &[u8], padding: Padding, output: &mut Vec<u8>) -> Result<()> {
    if payload.len() > MAX_VALUE_LEN {
        return fail(ErrorCode::ValueTooLong, "at most 16 MiB");
    }
    match padding {
        Padding::None => {
            output.push(kind.tag());
            output.extend_from_slice(payload);
        }
        _ => {
            let end = output.len() + padding.plaintext_len(payload.len())?;
            output.push(kind.tag() | PADDED);
            output.extend_from_slice(payload);
            output.push(0x80);
            output.resize(end, 0);
        }
    }
    Ok(())
}

/// The type and payload of an authenticated value.
pub(crate) fn decode_payload(plaintext: &[u8]) -> Result<(ValueType, &[u8])> {
    let malformed = || Error::new(ErrorCode::ValueMalformed);
    let (first, rest) = plaintext.split_first().ok_or_else(malformed)?;
    let kind = ValueType::from_tag(first & !PADDED).ok_or_else(malformed)?;
    let payload = if first & PADDED == 0 { rest } else { unpad(rest)? };
    match payload.len() <= MAX_VALUE_LEN {
        true => Ok((kind, payload)),
        false => Err(malformed()),
    }
}

/// Whether bytes are the payload of a type whose payload is what a caller has: text, JSON text, bytes, UUIDs.
pub(crate) fn check_payload(kind: ValueType, payload: &[u8]) -> Result<()> {
    match kind {
        ValueType::Bytes => Ok(()),
        ValueType::Text => match std::str::from_utf8(payload) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorCode::InvalidText)),
        },
        ValueType::Json => check_json(payload).map_err(|()| Error::new(ErrorCode::InvalidJson)),
        ValueType::Uuid if payload.len() == 16 => Ok(()),
        _ => Err(Error::new(ErrorCode::WrongType)),
    }
}

fn exact<const N: usize>(payload: &[u8]) -> Result<[u8; N]> {
    payload.try_into().map_err(|_| Error::new(ErrorCode::ValueMalformed))
}

/// ISO/IEC 7816-4: the last byte that is not zero is `80`.
fn unpad(padded: &[u8]) -> Result<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0);
    match end.and_then(|end| padded.split_at_checked(end)) {
        Some((payload, [0x80, ..])) => Ok(payload),
        _ => Err(Error::new(ErrorCode::PaddingMalformed)),
    }
}

/// Valid JSON of bounded depth; nothing is built.
fn check_json(text: &[u8]) -> Result<(), ()> {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_JSON_DEPTH {
            return Err(());
        }
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(text).map(|_| ()).map_err(|_| ())
}
