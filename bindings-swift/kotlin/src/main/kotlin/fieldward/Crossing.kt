package fieldward

import fieldward.ffi.Member
import fieldward.ffi.Node
import fieldward.ffi.Stored as FfiStored
import fieldward.ffi.Value as FfiValue

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

/** A record as the library takes it, if it is not too much for one crossing. */
internal fun crossing(record: Map<String, Any?>): List<Member> = members(record).also { within(it.footprint) }

/** Refuses bytes that are too much for one crossing: past 2 GiB the boundary has no buffer for them. */
internal fun within(bytes: Long) {
    if (bytes > 1 shl 20) fieldward.ffi.checkCrossing(1u, bytes.toULong())
}

/** What Kotlin refuses of a row names it, as the library does. */
private inline fun <T> inRow(row: Int, call: () -> T): T =
    try {
        call()
    } catch (refused: FieldwardException) {
        refuse(refused.code, "row $row", row)
    }

/** Bytes at the boundary, about: UTF-8 may have three for each unit of a text, and the library's limit leaves room for that. */
internal val FfiValue.footprint: Long
    get() = when (this) {
        is FfiValue.Text -> v1.length.toLong()
        is FfiValue.Bytes -> v1.size.toLong()
        is FfiValue.Json -> v1.length.toLong()
        is FfiValue.Decimal -> v1.length.toLong()
        is FfiValue.Timestamp -> v1.length.toLong()
        else -> 0L
    } + 16

internal val FfiStored.footprint: Long
    get() = when (this) {
        is FfiStored.Text -> v1.length.toLong()
        is FfiStored.Bytes -> v1.size.toLong()
        is FfiStored.Null -> 0L
    } + 16

internal val List<Member>.footprint: Long get() = sumOf { it.name.length.toLong() + it.node.footprint }

private val Node.footprint: Long
    get() = when (this) {
        is Node.Null -> 1
        is Node.Leaf -> v1.footprint
        is Node.Elements -> v1.sumOf { it.footprint }
        is Node.Members -> v1.footprint
    }
