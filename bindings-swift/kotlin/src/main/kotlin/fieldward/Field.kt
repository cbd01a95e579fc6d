package fieldward

/**
 * Encrypts and decrypts the values of one field of one tenant. Any thread may use it; no call waits for a provider.
 *
 * Calls for many values are one crossing into the library, off the caller's thread: results come in order, and what fails names its
 * row in [FieldwardException.row]. At most 1,048,576 rows and 256 MiB go in or come out at once. Leave arrays alone meanwhile.
 *
 *     val ssn = keyring.field(Schema.patient(), "ssn")
 *     val stored = ssn.encrypt("999-41-1234", RecordId("p-7"))
 *     check(ssn.decrypt(stored, RecordId("p-7")) == Value.Text("999-41-1234"))
 */
class Field internal constructor(private val inner: fieldward.ffi.Field) {
    /** The field's id: enters keys, and never changes. */
    val id: String get() = guarded { inner.id() }

    /** Encrypts a value under the current key. Null stays null; empty text and empty bytes are encrypted. */
    fun encrypt(value: Value?, record: RecordId? = null): Stored? =
        guarded { Stored.of(inner.encrypt(value?.toFfi(), record?.parts)) }

    /** Encrypts text. */
    fun encrypt(text: String, record: RecordId? = null): Stored = encrypt(Value.Text(text), record) ?: refuse("internal")

    /** Encrypts bytes. */
    fun encrypt(bytes: ByteArray, record: RecordId? = null): Stored = encrypt(Value.Bytes(bytes), record) ?: refuse("internal")

    /** Decrypts what is stored: the type that went in comes out. */
    fun decrypt(stored: Stored?, record: RecordId? = null): Value? =
        guarded { inner.decrypt(stored.toFfi(), record?.parts)?.let(Value::of) }

    /** Decrypts what stands in a binary column. */
    fun decrypt(bytes: ByteArray, record: RecordId? = null): Value? = decrypt(Stored.Bytes(bytes), record)

    /** Decrypts what stands in a text column. */
    fun decrypt(text: String, record: RecordId? = null): Value? = decrypt(Stored.Text(text), record)

    /** Decrypts, and tells which key it was and whether the value can be trusted. */
    fun open(stored: Stored?, record: RecordId? = null): Opened =
        guarded { Opened(inner.open(stored.toFfi(), record?.parts)) }

    /** What every index of the field stores for a value, by column: `ByteArray`, `String`, a list of them, or null. */
    fun indexValues(value: Value?): Map<String, Any?> = guarded { record(inner.indexValues(value?.toFfi())) }

    /** What an index's column is compared with to find a value. */
    fun query(index: String, value: Value): Query = guarded { Query(inner.query(index, value.toFfi())) }

    /** What the column of a deterministic field is compared with: one envelope for each key version that is not destroyed. */
    fun tokens(value: Value): List<Stored> = guarded { inner.tokens(value.toFfi()).mapNotNull(Stored::of) }

    /** Whether a stored value is what a query asked for: confirms the candidates of a truncated index. */
    fun matches(index: String, query: Value, stored: Stored?, record: RecordId? = null): Boolean =
        guarded { inner.matches(index, query.toFfi(), stored.toFfi(), record?.parts) }

    /** Whether a stored value should be re-encrypted. Reads the header only. */
    fun needsRotation(stored: Stored?): Boolean = guarded { inner.needsRotation(stored.toFfi()) }

    /**
     * Moves a stored value to the current key, and computes every index value anew.
     *
     * [to] moves it to another field, or to the same field of another tenant; [newRecord] binds it to another record.
     */
    fun reencrypt(stored: Stored?, record: RecordId? = null, to: Field? = null, newRecord: RecordId? = null): Reencrypted =
        guarded { Reencrypted(inner.reencrypt(stored.toFfi(), record?.parts, to?.inner, newRecord?.parts)) }

    /** Encrypts many values, with a record id for each where the field binds one. The first that fails is thrown, and nothing comes out. */
    suspend fun encryptMany(values: List<Value?>, records: List<RecordId>? = null): List<Stored?> =
        many(values, { it?.toFfi() }, { it?.footprint ?: 1 }, records) { taken, ids -> inner.encryptMany(taken, ids).map(Stored::of) }

    /** Decrypts many stored values. The first that fails is thrown, and nothing comes out. */
    suspend fun decryptMany(stored: List<Stored?>, records: List<RecordId>? = null): List<Value?> =
        opened(stored, records, reports = false).values

    /** Decrypts many stored values: those that fail are null, and listed with their errors. */
    suspend fun openMany(stored: List<Stored?>, records: List<RecordId>? = null): OpenedMany = opened(stored, records, reports = true)

    private suspend fun opened(stored: List<Stored?>, records: List<RecordId>?, reports: Boolean): OpenedMany =
        many(stored, { it.toFfi() }, { it.footprint }, records) { taken, ids -> OpenedMany(inner.openMany(taken, ids, reports)) }

    /** [indexValues] of many values. */
    suspend fun indexValuesMany(values: List<Value?>): List<Map<String, Any?>> =
        many(values, { it?.toFfi() }, { it?.footprint ?: 1 }) { taken, _ -> inner.indexValuesMany(taken).map(::record) }

    /** [query] of many values. */
    suspend fun queryMany(index: String, values: List<Value>): List<Query> =
        many(values, Value::toFfi, { it.footprint }) { taken, _ -> inner.queryMany(index, taken).map(::Query) }

    /** [tokens] of many values. */
    suspend fun tokensMany(values: List<Value>): List<List<Stored>> =
        many(values, Value::toFfi, { it.footprint }) { taken, _ -> inner.tokensMany(taken).map { it.mapNotNull(Stored::of) } }

    override fun toString(): String = "Field"
}

/** A decrypted value and what is known about its key. */
class Opened internal constructor(opened: fieldward.ffi.Opened) {
    /** The value; null for null. */
    val value: Value? = opened.value?.let(Value::of)

    /** The key that it was encrypted under, eight hexadecimal digits; null for null and for legacy plaintext. */
    val keyId: String? = opened.keyId

    /** False if the key is suspended or compromised, or the value was never encrypted. */
    val isTrusted: Boolean = opened.isTrusted
}

/** A value that was moved to the current key. */
class Reencrypted internal constructor(moved: fieldward.ffi.Reencrypted) {
    /** The new envelope. */
    val stored: Stored? = Stored.of(moved.stored)

    /** Every index value, by column. */
    val indexValues: Map<String, Any?> = record(moved.indexValues)

    /** False if the value stood under a suspended or compromised key, or was never encrypted. */
    val isTrusted: Boolean = moved.isTrusted
}

/** What an index's column is compared with: rows whose column holds one of the tokens; of words, all of them. */
class Query internal constructor(query: fieldward.ffi.Query) {
    /** The index's column. */
    val column: String = query.column

    /** The tokens, sorted: bytes, or lowercase hexadecimal digits where the field is stored as text. */
    val tokens: List<Stored> = query.tokens.mapNotNull(Stored::of)

    /** False if the rows found are candidates, to be confirmed with `matches`. */
    val isExact: Boolean = query.isExact
}
