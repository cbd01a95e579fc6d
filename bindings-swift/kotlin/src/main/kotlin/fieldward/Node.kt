package fieldward

import fieldward.ffi.Member
import fieldward.ffi.Node
import java.math.BigDecimal
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.util.UUID
import fieldward.ffi.Value as Ffi

/** The library refuses deeper records; deeper ones never reach it. */
private const val MAX_DEPTH = 128

/**
 * A record in Kotlin's own types, as the library takes it: `String`, `ByteArray`, `Long` and shorter integers, `Double`, `Boolean`,
 * `LocalDate`, `OffsetDateTime`, `LocalDateTime`, `BigDecimal`, `UUID`, maps, lists, null and [Value].
 */
internal fun members(record: Map<*, *>, depth: Int = 0): List<Member> = record.map { (name, value) ->
    Member(name as? String ?: refuse("record_shape", "names are String"), node(value, depth + 1))
}

private fun node(value: Any?, depth: Int): Node {
    if (depth > MAX_DEPTH) refuse("record_too_deep")
    return when (value) {
        null -> Node.Null
        is Map<*, *> -> Node.Members(members(value, depth))
        is List<*> -> Node.Elements(value.map { node(it, depth + 1) })
        is Array<*> -> refuse("wrong_type", "a list, not an array")
        is Stored -> node(value.column, depth)
        else -> Node.Leaf(valueOf(value).toFfi())
    }
}

private fun valueOf(value: Any): Value = when (value) {
    is Value -> value
    is String -> Value.Text(value)
    is ByteArray -> Value.Bytes(value)
    is Long -> Value.I64(value)
    is Int -> Value.I64(value.toLong())
    is Short -> Value.I64(value.toLong())
    is Byte -> Value.I64(value.toLong())
    is Double -> Value.F64(value)
    is Boolean -> Value.Bool(value)
    is LocalDate -> Value.Date(value)
    is OffsetDateTime -> Value.Timestamp(value)
    is LocalDateTime -> Value.Timestamp(value)
    is BigDecimal -> Value.Decimal(value)
    is UUID -> Value.Uuid(value)
    else -> refuse("wrong_type", "not a type of records")
}

internal fun record(members: List<Member>): Map<String, Any?> = members.associate { it.name to plain(it.node) }

/** Kotlin's own type for what stands there. */
internal fun plain(node: Node): Any? = when (node) {
    is Node.Null -> null
    is Node.Members -> record(node.v1)
    is Node.Elements -> node.v1.map(::plain)
    is Node.Leaf -> when (val value = node.v1) {
        is Ffi.Text -> value.v1
        is Ffi.Bytes -> value.v1
        is Ffi.I64 -> value.v1
        is Ffi.F64 -> value.v1
        is Ffi.Bool -> value.v1
        else -> when (val typed = Value.of(value)) {
            is Value.Date -> typed.date
            is Value.Timestamp -> typed.moment ?: typed.local
            is Value.Decimal -> typed.number
            is Value.Uuid -> typed.uuid
            else -> typed
        }
    }
}
