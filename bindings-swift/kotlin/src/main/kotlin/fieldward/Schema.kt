package fieldward

import fieldward.ffi.Schema as Ffi

/** The declared fields of one table or kind of document. */
class Schema private constructor(internal val inner: Ffi) {
    /** The stable id of the table: enters keys, and never changes. */
    val table: String = inner.table()

    /** Every declared field, in order. */
    val fields: List<FieldDeclaration> = inner.fields().map(::FieldDeclaration)

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

    /** The columns of its indexes, by the index's name. */
    val indexes: Map<String, String> = field.indexes.associate { it.name to it.column }
}
