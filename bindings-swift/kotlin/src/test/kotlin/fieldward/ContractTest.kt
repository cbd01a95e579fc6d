package fieldward

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.math.BigDecimal
import java.math.BigInteger
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.time.ZonedDateTime
import java.util.UUID

/** The rows of `core/docs/input-contract.md`, in its order. */
internal class ContractTest {
    private val keyring = keyring()
    private val records = keyring.records(everyType)
    private val id = RecordId(7)

    private fun back(name: String, value: Any?): Any? = records.decrypt(records.encrypt(mapOf("id" to 7, name to value)))[name]

    private fun refused(name: String, value: Any?): String = code { back(name, value) }

    private fun field(name: String) = keyring.field(everyType, name)

    @Test
    fun `null, missing and empty`() {
        assertNull(back("a_text", null))
        assertTrue("a_text" in records.encrypt(mapOf("id" to 7, "a_text" to null)))
        assertFalse("a_text" in records.decrypt(records.encrypt(mapOf("id" to 7))))
        assertEquals("", back("a_text", ""))
        assertEquals(0, (back("a_bytes", ByteArray(0)) as ByteArray).size)
        assertTrue(records.encrypt(mapOf("id" to 7, "a_text" to ""))["a_text"] is ByteArray)
    }

    @Test
    fun `text and bytes`() {
        assertEquals("\uD83E\uDE7A\u0000e\u0308", back("a_text", "\uD83E\uDE7A\u0000e\u0308"))
        assertEquals("invalid_text", refused("a_text", "\uD800"))
        assertEquals("invalid_text", refused("a_text", "\uDC00x"))
        assertEquals("wrong_type", refused("a_text", StringBuilder("x")))
        assertEquals("wrong_type", refused("a_bytes", listOf(1)))
    }

    @Test
    fun `numbers`() {
        for (number in listOf(Long.MIN_VALUE, Long.MAX_VALUE, 9007199254740993)) assertEquals(number, back("a_i64", number))
        for (number in listOf<Number>(5, 5.toShort(), 5.toByte())) assertEquals(5L, back("a_i64", number))
        assertEquals("wrong_type", refused("a_i64", BigInteger("9223372036854775808")))
        assertEquals("wrong_type", refused("a_i64", ULong.MAX_VALUE))
        assertEquals("wrong_type", refused("a_i64", 5.0))
        assertEquals("wrong_type", refused("a_f64", 5))
        assertEquals("wrong_type", refused("a_f64", 5f))
        for (number in listOf(0.1, -0.0, Double.NaN, Double.NEGATIVE_INFINITY, Double.MIN_VALUE)) {
            assertEquals(number.toRawBits(), (back("a_f64", number) as Double).toRawBits())
        }
        assertEquals(true, back("a_bool", true))
        assertEquals("wrong_type", refused("a_bool", 1))
    }

    @Test
    fun `dates and times`() {
        for (day in listOf("0001-01-01", "2024-02-29", "9999-12-31")) assertEquals(LocalDate.parse(day), back("a_date", LocalDate.parse(day)))
        assertEquals("value_out_of_range", refused("a_date", LocalDate.of(0, 1, 1)))
        assertEquals("value_not_canonical", refused("a_date", LocalDate.of(10_000, 1, 1)))
        assertEquals("wrong_type", refused("a_date", LocalDateTime.of(2024, 1, 1, 0, 0)))
        for (moment in listOf("2024-02-29T23:59:59.123456789+05:45", "1969-07-20T20:17:40Z", "2024-02-29T23:59:00-08:00")) {
            assertEquals(OffsetDateTime.parse(moment), back("a_timestamp", OffsetDateTime.parse(moment)))
        }
        val local = LocalDateTime.of(1969, 7, 20, 20, 17, 40, 1)
        assertEquals(local, back("a_timestamp", local))
        assertEquals("value_not_canonical", refused("a_timestamp", Value.Timestamp("2024-02-28 10:00")))
        assertEquals("value_out_of_range", refused("a_timestamp", Value.Timestamp("2024-02-30T10:00:00Z")))
        assertEquals("wrong_type", refused("a_timestamp", ZonedDateTime.parse("2024-02-29T23:59:00+01:00[Europe/Paris]")))
        assertEquals("wrong_type", refused("a_timestamp", Instant.EPOCH))
        val exact = Value.Timestamp("2024-02-29T23:59:59.120Z")
        assertEquals(exact, field("a_timestamp").decrypt(field("a_timestamp").encrypt(exact, id), id))
    }

    @Test
    fun `decimals, JSON and UUIDs`() {
        for (number in listOf("-1.10", "0.00", "7E+3", "12E+3", "1E-10", "12345678901234567890123456789012345678901234567890.0001")) {
            assertEquals(BigDecimal(number), back("a_decimal", BigDecimal(number)), number)
        }
        assertEquals("wrong_type", refused("a_decimal", 1.5))
        assertEquals("value_not_canonical", refused("a_decimal", Value.Decimal("1e3")))
        val json = mapOf("b" to listOf(1L, null, 9007199254740993), "a" to mapOf("c" to true))
        assertEquals(json, back("a_json", json))
        assertEquals(listOf("b", "a"), (back("a_json", json) as Map<*, *>).keys.toList())
        assertEquals(Value.Json("{ \"a\" : 1.50 }"), field("a_json").let { it.decrypt(it.encrypt(Value.Json("{ \"a\" : 1.50 }"), id), id) })
        assertEquals("invalid_json", code { field("a_json").encrypt(Value.Json("{"), id) })
        assertEquals("value_out_of_range", code { back("a_json", Value.Json("18446744073709551615")) })
        val uuid = UUID.randomUUID()
        assertEquals(uuid, back("a_uuid", uuid))
        assertEquals("wrong_type", refused("a_uuid", uuid.toString()))
        assertEquals("wrong_type", refused("a_date", "2024-02-29"))
    }

    @Test
    fun `sizes and what is stored`() {
        assertEquals("value_too_long", refused("a_bytes", ByteArray(16 * 1024 * 1024 + 1)))
        val row = records.encrypt(mapOf("id" to 7, "a_text" to "x"))
        assertEquals("not_an_envelope", code { records.decrypt(row + ("a_text" to 5)) })
        assertEquals("wrong_stored_form", code { records.decrypt(row + ("a_text" to "fwd")) })
        assertNull(records.decrypt(row + ("a_text" to null))["a_text"])
    }
}
