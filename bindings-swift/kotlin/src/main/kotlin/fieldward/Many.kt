package fieldward

/** Decrypted values, and what is known about them. */
class OpenedMany internal constructor(opened: fieldward.ffi.OpenedMany) {
    /** The values, in order; null for null and where a row failed. */
    val values: List<Value?> = opened.values.map { it?.let(Value::of) }

    /** The rows that failed, in order. */
    val failures: List<RowFailure> = opened.failures.map(::RowFailure)

    /** Rows under a suspended or compromised key, or never encrypted. */
    val untrustedRows: Long = opened.untrustedRows.toLong()

    override fun toString(): String = "OpenedMany(${values.size} values, ${failures.size} failures)"
}

/** Decrypted records, and what is known about them. */
class OpenedRecords internal constructor(opened: fieldward.ffi.OpenedRecords) {
    /** The records, in order; null where a row failed. */
    val records: List<Map<String, Any?>?> = opened.records.map { it?.let(::record) }

    /** The rows that failed, in order. */
    val failures: List<RowFailure> = opened.failures.map(::RowFailure)

    /** Records with a value under a suspended or compromised key, or never encrypted. */
    val untrustedRows: Long = opened.untrustedRows.toLong()

    override fun toString(): String = "OpenedRecords(${records.size} records, ${failures.size} failures)"
}

/** A row that failed, from 0, and why. */
class RowFailure internal constructor(failure: fieldward.ffi.RowFailure) {
    /** The row, from 0. */
    val row: Int = failure.row.toInt()

    /** Why. */
    val error: FieldwardException = FieldwardException.of(failure.error as fieldward.ffi.Failure.Of)

    override fun toString(): String = "RowFailure($row, ${error.code})"
}
