package fieldward

/**
 * Encrypts and decrypts the records of one schema, of one tenant: maps in Kotlin's own types, or JSON text. Any thread may use it.
 *
 *     val patients = keyring.records(Schema.patient())
 *     val row = patients.encrypt(mapOf("patient_id" to "p-7", "ssn" to "999-41-1234", "ward" to 3))
 *     check(patients.decrypt(row)["ssn"] == "999-41-1234")
 *
 * | field | in | out |
 * |---|---|---|
 * | `text` | `String` | the same |
 * | `bytes` | `ByteArray` | the same |
 * | `i64` | `Long`, `Int`, `Short`, `Byte` | `Long` |
 * | `f64` | `Double` | the same |
 * | `bool` | `Boolean` | the same |
 * | `date` | `LocalDate` | the same |
 * | `timestamp` | `OffsetDateTime`, `LocalDateTime` | the same |
 * | `decimal` | `BigDecimal` | the same |
 * | `uuid` | `UUID` | the same |
 * | `json` | maps, lists, `String`, `Long`, `Double`, `Boolean`, `Value.Json` | maps and lists |
 *
 * Null stays null, and a missing member stays missing. A [Value] stands for itself.
 */
class Records internal constructor(private val inner: fieldward.ffi.Records) {
    /** Encrypts every declared field: a row with envelopes in the places of its fields, then the index columns. */
    fun encrypt(record: Map<String, Any?>): Map<String, Any?> = guarded { record(inner.encrypt(crossing(record))) }

    /** Decrypts every declared field of a row. Index columns are left out. */
    fun decrypt(row: Map<String, Any?>): Map<String, Any?> = open(row).record

    /** Decrypts, and tells whether every value can be trusted. */
    fun open(row: Map<String, Any?>): OpenedRecord = guarded { OpenedRecord(inner.decrypt(crossing(row))) }

    /** Encrypts many records in one call, off the caller's thread. The first that fails is thrown with its row, and nothing comes out. */
    suspend fun encryptMany(records: List<Map<String, Any?>>): List<Map<String, Any?>> =
        many(records, { members(it) }, { it.footprint }) { taken, _ -> inner.encryptMany(taken).map(::record) }

    /** Decrypts many rows in one call. The first that fails is thrown with its row, and nothing comes out. */
    suspend fun decryptMany(rows: List<Map<String, Any?>>): List<Map<String, Any?>> =
        opened(rows, reports = false).records.map { it ?: refuse("internal") }

    /** Decrypts many rows in one call: those that fail are null, and listed with their errors. */
    suspend fun openMany(rows: List<Map<String, Any?>>): OpenedRecords = opened(rows, reports = true)

    private suspend fun opened(rows: List<Map<String, Any?>>, reports: Boolean): OpenedRecords =
        many(rows, { members(it) }, { it.footprint }) { taken, _ -> OpenedRecords(inner.openMany(taken, reports)) }

    /** Moves every value of a row to the current key, and computes every index value anew. */
    fun reencrypt(row: Map<String, Any?>): OpenedRecord = guarded { OpenedRecord(inner.reencrypt(crossing(row))) }

    /** Whether a value of the row should be re-encrypted. */
    fun needsRotation(row: Map<String, Any?>): Boolean = guarded { inner.needsRotation(crossing(row)) }

    /** What an index's column is compared with to find a value of a field. */
    fun query(field: String, index: String, value: Value): Query = guarded { Query(inner.query(field, index, value.toFfi())) }

    /** Whether a row is what a query asked for: confirms the candidates of a truncated index. */
    fun matches(field: String, index: String, query: Value, row: Map<String, Any?>): Boolean =
        guarded { inner.matches(field, index, query.toFfi(), crossing(row)) }

    /** Refuses the names of members, or columns, as [encrypt] refuses them: before there are rows. */
    fun checkNames(names: List<String>): Unit = guarded { inner.checkNames(names) }

    /** Whether a member of this name is the column of an index. */
    fun isIndexColumn(name: String): Boolean = guarded { inner.isIndexColumn(name) }

    /** Encrypts a JSON document into one: envelopes as text, index values as hexadecimal digits. Every field is stored as text. */
    fun encryptDocument(document: String): String = guarded {
        within(document.length.toLong())
        inner.encryptDocument(document)
    }

    /** Decrypts a stored JSON document. */
    fun decryptDocument(document: String): String = guarded {
        within(document.length.toLong())
        inner.decryptDocument(document)
    }

    /** Encrypts a record of JSON text into a row: members in the clear stand as [Value.Json]. */
    fun encryptJson(record: String): Map<String, Any?> = guarded {
        within(record.length.toLong())
        record(inner.encryptJson(record))
    }

    /** Decrypts such a row: the very text that went in, but for the space between. */
    fun decryptJson(row: Map<String, Any?>): String = guarded { inner.decryptJson(crossing(row)) }

    override fun toString(): String = "Records"
}

/** A record and whether every key in it can be trusted. */
class OpenedRecord internal constructor(opened: fieldward.ffi.OpenedRecord) {
    /** The record, or the row. */
    val record: Map<String, Any?> = record(opened.members)

    /** False if a value stood under a suspended or compromised key, or was never encrypted. */
    val isTrusted: Boolean = opened.isTrusted

    override fun toString(): String = "OpenedRecord(${record.size} members)"
}
