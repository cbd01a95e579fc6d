package fieldward

import fieldward.ffi.Member
import fieldward.ffi.Node
import fieldward.ffi.Stored as FfiStored
import fieldward.ffi.Value as FfiValue

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

/** Makes the rows what the library takes, refuses too much of them, and has the library work off the caller's thread. */
internal suspend fun <T, U, R> many(
    rows: List<T>,
    toFfi: (T) -> U,
    footprint: (U) -> Long,
    records: List<RecordId>? = null,
    call: (List<U>, List<List<FfiValue>>?) -> R,
): R {
    val (taken, ids) = rows.toList() to records?.map { it.parts }
    return waiting {
        val crossing = taken.mapIndexed { row, given -> inRow(row) { toFfi(given) } }
        val bytes = crossing.sumOf(footprint) + (ids?.sumOf { id -> id.sumOf { it.footprint } } ?: 0)
        fieldward.ffi.checkCrossing(crossing.size.toULong(), bytes.toULong())
        call(crossing, ids)
    }
}

/** What Kotlin refuses of a row names it, as the library does. */
private inline fun <T> inRow(row: Int, call: () -> T): T =
    try {
        call()
    } catch (refused: FieldwardException) {
        refuse(refused.code, "row $row", row)
    }

/** Bytes at the boundary, at most. */
internal val FfiValue.footprint: Long
    get() = when (this) {
        is FfiValue.Text -> v1.length * 3L
        is FfiValue.Bytes -> v1.size.toLong()
        is FfiValue.Json -> v1.length * 3L
        is FfiValue.Decimal -> v1.length * 3L
        is FfiValue.Timestamp -> v1.length * 3L
        else -> 0L
    } + 16

internal val FfiStored.footprint: Long
    get() = when (this) {
        is FfiStored.Text -> v1.length * 3L
        is FfiStored.Bytes -> v1.size.toLong()
        is FfiStored.Null -> 0L
    } + 16

internal val List<Member>.footprint: Long get() = sumOf { it.name.length * 3L + it.node.footprint }

private val Node.footprint: Long
    get() = when (this) {
        is Node.Null -> 1
        is Node.Leaf -> v1.footprint
        is Node.Elements -> v1.sumOf { it.footprint }
        is Node.Members -> v1.footprint
    }
