//! What makes a schema wrong.

use std::collections::HashSet;

use super::{
    FieldSpec, Inner, MAX_EARLIER_READINGS, MAX_FIELD_INDEXES, MAX_SCHEMA_FIELDS, Mode, RecordBinding, Select,
    StoreForm, StoredForm, check_name,
};
use crate::context::RecordId;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::search::LOW_CARDINALITY;
use crate::value::ValueType;

pub(super) fn validate(schema: &Inner) -> Result<()> {
    let mut table_names = HashSet::new();
    for name in [&schema.table, &schema.name].into_iter().chain(&schema.aliases) {
        check_name(name)?;
        // The display name may be the id; an alias may be neither.
        if !table_names.insert(name) && !std::ptr::eq(name, &raw const schema.name) {
            return fail(ErrorCode::SchemaDuplicate, "a name of the table stands twice");
        }
    }
    if schema.fields.len() > MAX_SCHEMA_FIELDS {
        return fail(ErrorCode::SchemaTooLarge, "at most 512 fields");
    }
    record_id(schema)?;
    names(schema)?;
    for field in &schema.fields {
        one_field(field).map_err(|error| error.at(field.id()))?;
        readings(schema, field)?;
    }
    filters(schema)?;
    for (at, field) in schema.fields.iter().enumerate() {
        if let Some(other) = schema.fields.iter().skip(at + 1).find(|other| field.path.overlaps(&other.path)) {
            return fail(ErrorCode::SchemaDuplicate, format!("the paths of {} and {} overlap", field.id, other.id));
        }
    }
    Ok(())
}

/// A filter looks at what stays in the clear: it must choose the same elements before and after encryption.
fn filters(schema: &Inner) -> Result<()> {
    for field in &schema.fields {
        for filtered in field.path.filtered() {
            if let Some(other) = schema.fields.iter().find(|other| other.path.touches(&filtered)) {
                return fail(ErrorCode::SchemaInvalid, format!("a filter of {} looks at {}", field.id, other.id));
            }
        }
    }
    Ok(())
}

fn record_id(schema: &Inner) -> Result<()> {
    let Some(parts) = &schema.record_id else {
        let binds = |field: &FieldSpec| field.record_binding == Some(RecordBinding::Required);
        return match schema.fields.iter().find(|field| binds(field)) {
            Some(field) => fail(ErrorCode::SchemaInvalid, format!("{} binds a record id that there is not", field.id)),
            None => Ok(()),
        };
    };
    if parts.len() > RecordId::MAX_PARTS {
        return fail(ErrorCode::SchemaInvalid, "a record id has at most 8 parts");
    }
    for (at, part) in parts.iter().enumerate() {
        if parts.iter().take(at).any(|other| other.path.overlaps(&part.path)) {
            return fail(ErrorCode::SchemaDuplicate, "a part of the record id stands twice");
        }
        let is_identity =
            matches!(part.value_type, ValueType::Text | ValueType::Bytes | ValueType::I64 | ValueType::Uuid);
        if !is_identity || part.path.is_list() {
            return fail(ErrorCode::SchemaInvalid, "a record id has parts of text, bytes, i64 or uuid, outside arrays");
        }
        if let Some(field) = schema.fields.iter().find(|field| field.path.overlaps(&part.path)) {
            return fail(ErrorCode::SchemaInvalid, format!("{} is encrypted and part of the record id", field.id));
        }
    }
    Ok(())
}

/// Ids, names, aliases and columns are unique, and no clear field is encrypted too.
fn names(schema: &Inner) -> Result<()> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut columns: HashSet<&str> = HashSet::new();
    let once = |name: &str, is_new: bool| match is_new {
        true => Ok(()),
        false => fail(ErrorCode::SchemaDuplicate, format!("{name} stands twice")),
    };
    for field in &schema.fields {
        let mut own: HashSet<&str> = HashSet::new();
        for name in [field.id.as_str(), &field.name].into_iter().chain(field.aliases.iter().map(String::as_str)) {
            check_name(name)?;
            own.insert(name);
        }
        for name in own {
            once(name, seen.insert(name))?;
        }
        for index in &field.indexes {
            check_name(index.name())?;
            check_name(index.column())?;
            once(index.column(), columns.insert(index.column()))?;
        }
    }
    for field in &schema.fields {
        if let Some(column) = columns.iter().find(|column| field.path.first_name() == **column) {
            return fail(ErrorCode::SchemaDuplicate, format!("{column} is a field and an index's column"));
        }
    }
    let mut clear: HashSet<&str> = HashSet::new();
    for name in &schema.clear {
        once(name, clear.insert(name) && !columns.contains(name.as_str()))?;
        if schema.fields.iter().any(|field| field.path.as_name() == Some(name)) {
            return fail(ErrorCode::SchemaInvalid, format!("{name} is encrypted and listed as clear"));
        }
    }
    Ok(())
}

fn one_field(field: &FieldSpec) -> Result<()> {
    field
        .padding
        .validate()
        .map_err(|_| Error::with_detail(ErrorCode::SchemaInvalid, "a block has 2 to 4,096 bytes"))?;
    if let Some(unknown) = field.accepted_leaks.iter().find(|leak| *leak != LOW_CARDINALITY) {
        return fail(ErrorCode::SchemaUnknownOption, format!("{}: no leak is named {unknown}", field.id));
    }
    if field.mode == Mode::Deterministic {
        if !field.value_type.is_deterministic() {
            return fail(ErrorCode::SchemaInvalid, format!("{}: no deterministic {}", field.id, field.value_type));
        }
        if field.record_binding == Some(RecordBinding::Required) {
            return fail(ErrorCode::SchemaInvalid, format!("{}: a deterministic field binds no record", field.id));
        }
        let accepts = field.accepted_leaks.iter().any(|leak| leak == LOW_CARDINALITY);
        if field.value_type == ValueType::Bool && !accepts {
            return fail(
                ErrorCode::SchemaLeakNotAccepted,
                format!("{}: accept_leak = [\"low_cardinality\"]", field.id),
            );
        }
    }
    let is_text = field.value_type == ValueType::Text;
    if field.store != StoreForm::Exact && (field.mode != Mode::Deterministic || !is_text) {
        return fail(
            ErrorCode::SchemaInvalid,
            format!("{}: store = \"normalized\" is for deterministic text", field.id),
        );
    }
    if !field.accepts.is_empty() && !is_text && field.value_type != ValueType::Bytes {
        return fail(ErrorCode::SchemaInvalid, format!("{}: plaintext of text and bytes only", field.id));
    }
    if field.path.as_name().is_none() && field.stored != StoredForm::Text {
        return fail(ErrorCode::SchemaInvalid, format!("{}: a nested field has stored = \"text\"", field.id));
    }
    if field.path.segments().last().is_some_and(|last| matches!(last.select, Select::Where { .. })) {
        return fail(ErrorCode::SchemaInvalid, format!("{}: a path ends in a name or in []", field.id));
    }
    if field.indexes.len() > MAX_FIELD_INDEXES || field.reads_also.len() > MAX_EARLIER_READINGS {
        return fail(ErrorCode::SchemaTooLarge, format!("{}: 16 indexes, 8 earlier readings", field.id));
    }
    let mut names = HashSet::new();
    for index in &field.indexes {
        index.validate(field.value_type)?;
        if !names.insert(index.name()) {
            return fail(ErrorCode::SchemaDuplicate, format!("{}: index {} stands twice", field.id, index.name()));
        }
    }
    Ok(())
}

/// An earlier reading differs from the present one and never leads back to itself.
fn readings(schema: &Inner, field: &FieldSpec) -> Result<()> {
    let mut seen = HashSet::new();
    for earlier in &field.reads_also {
        if let Some(id) = &earlier.field {
            check_name(id)?;
        }
        if schema.record_id.is_none() && earlier.record_binding == Some(RecordBinding::Required) {
            return fail(ErrorCode::SchemaInvalid, format!("{}: the schema binds no record id", field.id));
        }
        let mode = earlier.mode.unwrap_or(field.mode);
        let id = earlier.field.as_deref().unwrap_or(&field.id);
        // What is bound in effect: deterministic values bind no record.
        let binds = |mode, binding: Option<RecordBinding>| match (mode, &schema.record_id) {
            (Mode::Randomized, Some(_)) => binding.or(field.record_binding).unwrap_or(RecordBinding::Required),
            _ => RecordBinding::None,
        };
        let binding = binds(mode, earlier.record_binding);
        if mode == field.mode && id == field.id && binding == binds(field.mode, field.record_binding) {
            return fail(ErrorCode::SchemaCycle, format!("{} reads itself", field.id));
        }
        if !seen.insert((mode, id, binding)) {
            return fail(ErrorCode::SchemaDuplicate, format!("{}: an earlier reading stands twice", field.id));
        }
    }
    // Following ids from field to field must end.
    let mut reached: Vec<&str> = vec![&field.id];
    let mut at = 0;
    while let Some(id) = reached.get(at).copied() {
        at += 1;
        let Some(spec) = schema.fields.iter().find(|other| other.id == id) else { continue };
        for earlier in spec.reads_also.iter().filter_map(|earlier| earlier.field.as_deref()).filter(|next| *next != id)
        {
            if earlier == field.id {
                return fail(ErrorCode::SchemaCycle, format!("the readings of {} lead back to it", field.id));
            }
            if !reached.contains(&earlier) {
                reached.push(earlier);
            }
        }
    }
    Ok(())
}
