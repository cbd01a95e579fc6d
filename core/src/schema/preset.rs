//! The patient preset.

use super::{FieldSpec, Schema, SchemaBuilder, Undeclared};
use crate::error::Result;
use crate::search::{IndexSpec, Normalizer, Step, Transform};
use crate::value::ValueType;

impl Schema {
    /// The six fields of a patient record, with record id `patient_id` (text):
    ///
    /// | field | kept | searched by |
    /// |---|---|---|
    /// | `ssn` | randomized | the number, however it is typed; its last four digits (leak accepted by name) |
    /// | `medical_record_number` | deterministic | its own token; an `exact` index that joins (leak accepted by name) |
    /// | `phone_number` | randomized | the number, however it is typed; its last four digits (leak accepted by name) |
    /// | `email` | randomized | the address in any case |
    /// | `address`, `emergency_contact` | randomized | nothing |
    ///
    /// Other fields of a record stay in the clear. Extend it with [`Self::patient_builder`].
    ///
    /// # Errors
    ///
    /// None in practice; the signature is that of every schema.
    pub fn patient() -> Result<Self> {
        Self::patient_builder()?.undeclared(Undeclared::Clear).build()
    }

    /// The preset's fields, open for more.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn patient_builder() -> Result<SchemaBuilder> {
        let digits = || Normalizer::new([Step::Digits]);
        let typed_number = |id: &str| -> Result<FieldSpec> {
            let last =
                IndexSpec::new("last4", format!("{id}_last4"), Transform::Last(4)).normalizer(digits()?).bits(20);
            Ok(FieldSpec::randomized(id, ValueType::Text)?
                .index(IndexSpec::new("exact", format!("{id}_exact"), Transform::Exact).normalizer(digits()?))
                .index(last.accept_leak("low_cardinality")))
        };
        let joined = IndexSpec::new("exact", "medical_record_number_exact", Transform::Exact)
            .search_domain("medical_record_number")
            .accept_leak("joins");
        let email = Normalizer::new([Step::Casefold, Step::Trim])?;
        Ok(Self::builder("patients")
            .record_id("patient_id", ValueType::Text)
            .field(typed_number("ssn")?)
            .field(FieldSpec::deterministic("medical_record_number", ValueType::Text)?.index(joined))
            .field(typed_number("phone_number")?)
            .field(
                FieldSpec::randomized("email", ValueType::Text)?
                    .index(IndexSpec::new("exact", "email_exact", Transform::Exact).normalizer(email)),
            )
            .field(FieldSpec::randomized("address", ValueType::Text)?)
            .field(FieldSpec::randomized("emergency_contact", ValueType::Text)?))
    }
}
