package fieldward

import java.math.BigDecimal
import java.nio.ByteBuffer
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.time.ZoneOffset
import java.time.format.DateTimeParseException
import java.util.UUID
import fieldward.ffi.Value as Ffi

/** A value in the clear, of the type that its field declares. `toString` shows the type only. */
sealed class Value {
    /** Text. A lone surrogate is refused as `invalid_text`. */
    class Text(val text: String) : Value()

    /** Bytes, not copied: leave the array alone while it is used. */
    class Bytes(val bytes: ByteArray) : Value()

    /** A signed 64-bit integer. */
    class I64(val number: Long) : Value()

    /** A 64-bit float, every bit kept. */
    class F64(val number: Double) : Value()

    /** True or false. */
    class Bool(val truth: Boolean) : Value()

    /** A day, years 1 to 9999. */
    class Date(val date: LocalDate) : Value()

    /**
     * A moment with its offset, or a local time, in its canonical text, which keeps nanoseconds and trailing zeros: RFC 3339, such as
     * `2024-02-29T23:59:59.120Z`, without offset for a local time.
     */
    class Timestamp(val text: String) : Value() {
        constructor(moment: OffsetDateTime) : this(moment.toLocalDateTime().canonical() + moment.offset.canonical())
        constructor(local: LocalDateTime) : this(local.canonical())

        /** The moment; null for a local time. */
        val moment: OffsetDateTime? get() = if (isLocal) null else OffsetDateTime.parse(text)

        /** The local time; null for a moment. */
        val local: LocalDateTime? get() = if (isLocal) LocalDateTime.parse(text) else null

        private val isLocal get() = try {
            LocalDateTime.parse(text)
            true
        } catch (_: DateTimeParseException) {
            false
        }
    }

    /** A decimal number in its canonical text, which keeps its scale and the sign of zero, such as `-1.10`. */
    class Decimal(val text: String) : Value() {
        constructor(number: BigDecimal) :
            this(if (number.scale() >= 0) number.toPlainString() else "${number.unscaledValue()}E+${-number.scale().toLong()}")

        /** The number. A negative zero becomes zero. */
        val number: BigDecimal get() = BigDecimal(text)
    }

    /** JSON text, exactly as given. */
    class Json(val text: String) : Value()

    /** A UUID. */
    class Uuid(val uuid: UUID) : Value()

    override fun toString(): String = "Value.${javaClass.simpleName}(..)"

    override fun equals(other: Any?): Boolean = other is Value && javaClass == other.javaClass && when (this) {
        is Bytes -> bytes.contentEquals((other as Bytes).bytes)
        else -> content() == other.content()
    }

    override fun hashCode(): Int = if (this is Bytes) bytes.contentHashCode() else content().hashCode()

    private fun content(): Any = when (this) {
        is Text -> text
        is Bytes -> bytes
        is I64 -> number
        is F64 -> number.toRawBits()
        is Bool -> truth
        is Date -> date
        is Timestamp -> text
        is Decimal -> text
        is Json -> text
        is Uuid -> uuid
    }

    /** As the library takes it. What is longer than any value never reaches the boundary. */
    internal fun toFfi(): Ffi = when (this) {
        is Text -> Ffi.Text(text.whole())
        is Bytes -> if (bytes.size > MAX_LENGTH) refuse("value_too_long") else Ffi.Bytes(bytes)
        is I64 -> Ffi.I64(number)
        is F64 -> Ffi.F64(number)
        is Bool -> Ffi.Bool(truth)
        is Date -> Ffi.Date(date.toString())
        is Timestamp -> Ffi.Timestamp(text.whole())
        is Decimal -> Ffi.Decimal(text.whole())
        is Json -> Ffi.Json(text.whole())
        is Uuid -> Ffi.Uuid(
            ByteBuffer.allocate(16).putLong(uuid.mostSignificantBits).putLong(uuid.leastSignificantBits).array(),
        )
    }

    private fun String.whole(): String = when {
        length > MAX_LENGTH -> refuse("value_too_long")
        !isUnicode() -> refuse("invalid_text")
        else -> this
    }

    internal companion object {
        /** The longest value, in bytes. */
        private const val MAX_LENGTH = 1 shl 24

        fun of(value: Ffi): Value = when (value) {
            is Ffi.Text -> Text(value.v1)
            is Ffi.Bytes -> Bytes(value.v1)
            is Ffi.I64 -> I64(value.v1)
            is Ffi.F64 -> F64(value.v1)
            is Ffi.Bool -> Bool(value.v1)
            is Ffi.Date -> Date(LocalDate.parse(value.v1))
            is Ffi.Timestamp -> Timestamp(value.v1)
            is Ffi.Decimal -> Decimal(value.v1)
            is Ffi.Json -> Json(value.v1)
            is Ffi.Uuid -> Uuid(ByteBuffer.wrap(value.v1).run { UUID(long, long) })
        }
    }
}

/** Whether it has no lone surrogate. */
private fun String.isUnicode(): Boolean {
    var at = 0
    while (at < length) {
        if (this[at].isSurrogate()) {
            val isPair = this[at].isHighSurrogate() && at + 1 < length && this[at + 1].isLowSurrogate()
            if (!isPair) return false
            at += 1
        }
        at += 1
    }
    return true
}

/** Seconds always, and as many digits of the fraction as it has: none, three, six or nine. */
private fun LocalDateTime.canonical(): String {
    val fraction = when {
        nano == 0 -> ""
        nano % 1_000_000 == 0 -> ".%03d".format(null, nano / 1_000_000)
        nano % 1_000 == 0 -> ".%06d".format(null, nano / 1_000)
        else -> ".%09d".format(null, nano)
    }
    return "${toLocalDate()}T${"%02d:%02d:%02d".format(null, hour, minute, second)}$fraction"
}

private fun ZoneOffset.canonical(): String = id

/** The record that a value is bound to: text, bytes, an integer or a UUID, or several of them in order. */
class RecordId(vararg parts: Any) {
    internal val parts: List<Ffi> = parts.map { part ->
        when (part) {
            is String -> Value.Text(part).toFfi()
            is ByteArray -> Value.Bytes(part).toFfi()
            is Long -> Ffi.I64(part)
            is Int -> Ffi.I64(part.toLong())
            is UUID -> Value.Uuid(part).toFfi()
            else -> refuse("record_id_invalid", "String, ByteArray, Long, Int, UUID")
        }
    }
}

/** What stands in the database for a value: an envelope's bytes, or its text form. Null stands as null. */
sealed class Stored {
    /** For a binary column. */
    class Bytes(val bytes: ByteArray) : Stored()

    /** For a text column or a JSON document. */
    class Text(val text: String) : Stored()

    /** `ByteArray` or `String`, as a driver takes it. */
    val column: Any get() = when (this) {
        is Bytes -> bytes
        is Text -> text
    }

    override fun equals(other: Any?): Boolean = when (this) {
        is Bytes -> other is Bytes && bytes.contentEquals(other.bytes)
        is Text -> other is Text && text == other.text
    }

    override fun hashCode(): Int = if (this is Bytes) bytes.contentHashCode() else column.hashCode()

    override fun toString(): String = when (this) {
        is Bytes -> "Stored.Bytes(${bytes.size} bytes)"
        is Text -> "Stored.Text(${text.length} characters)"
    }

    internal companion object {
        fun of(stored: fieldward.ffi.Stored): Stored? = when (stored) {
            is fieldward.ffi.Stored.Bytes -> Bytes(stored.v1)
            is fieldward.ffi.Stored.Text -> Text(stored.v1)
            else -> null
        }
    }
}

/** As the library takes it. What is longer than any envelope never reaches the boundary. */
internal fun Stored?.toFfi(): fieldward.ffi.Stored = when (this) {
    null -> fieldward.ffi.Stored.Null
    is Stored.Bytes -> if (bytes.size > 1 shl 25) refuse("envelope_too_long") else fieldward.ffi.Stored.Bytes(bytes)
    is Stored.Text -> if (text.length > 1 shl 25) refuse("envelope_too_long") else fieldward.ffi.Stored.Text(text)
}
