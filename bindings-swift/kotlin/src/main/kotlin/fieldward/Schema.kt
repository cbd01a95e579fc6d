package fieldward

import fieldward.ffi.Schema as Ffi

/** The declared fields of one table or kind of document. */
class Schema private constructor(internal val inner: Ffi) {
    /** The stable id of the table: enters keys, and never changes. */
    val table: String = inner.table()

    /** The parts of the record id, in order; null if the schema binds none. */
    val recordId: List<RecordIdPart>? = inner.recordId()?.map(::RecordIdPart)

    /** Every declared field, in order. */
    val fields: List<FieldDeclaration> = inner.fields().map(::FieldDeclaration)

    /** What is declared of a field, by id or name; null if there is none. */
    fun field(name: String): FieldDeclaration? = fields.find { it.id == name } ?: fields.find { it.name == name }

    override fun toString(): String = "Schema($table, ${fields.size} fields)"

    companion object {
        /** Reads a schema in JSON, at most 256 KiB. */
        fun fromJson(text: String): Schema = guarded { Schema(Ffi.fromJson(text)) }

        /** Reads a schema in TOML: the same model. */
        fun fromToml(text: String): Schema = guarded { Schema(Ffi.fromToml(text)) }

        /** The built-in preset of the table `patients`, bound to `patient_id`. */
        fun patient(): Schema = guarded { Schema(Ffi.patient()) }
    }
}

/** What is declared of a field. */
class FieldDeclaration internal constructor(field: fieldward.ffi.FieldDeclaration) {
    /** The stable id: enters keys, and never changes. */
    val id: String = field.id

    /** The name. */
    val name: String = field.name

    /** Where it stands in a record. */
    val path: String = field.path

    /** The name, if it is a member of the record itself. */
    val column: String? = field.column

    /** The type, such as `text`. */
    val type: String = field.valueType

    /** Whether equal values give equal envelopes. */
    val isDeterministic: Boolean = field.isDeterministic

    /** Whether it is stored as text. */
    val isText: Boolean = field.isText

    /** Whether it binds the record's id. */
    val isBound: Boolean = field.isBound

    /** Whether a record must have it. */
    val isRequired: Boolean = field.isRequired

    /** Its indexes, in order. */
    val indexes: List<IndexDeclaration> = field.indexes.map(::IndexDeclaration)
}

/** What is declared of an index. */
class IndexDeclaration internal constructor(index: fieldward.ffi.IndexDeclaration) {
    /** The name. */
    val name: String = index.name

    /** The column that its values are stored in. */
    val column: String = index.column

    /** False if the rows that it finds are candidates, to be confirmed with `matches`. */
    val isExact: Boolean = index.isExact

    /** Whether its column holds a list. */
    val isList: Boolean = index.isList
}

/** A part of the record id. */
class RecordIdPart internal constructor(part: fieldward.ffi.RecordIdPart) {
    /** Where it stands in a record. */
    val path: String = part.path

    /** The type: `text`, `bytes`, `i64` or `uuid`. */
    val type: String = part.valueType
}
