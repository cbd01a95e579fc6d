package fieldward

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.math.BigDecimal
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.util.UUID

/** Values of every type, records, search, and what is refused. */
internal class ValuesTest {
    private val keyring = keyring()
    private val id = RecordId(7)

    @Test
    fun `every type comes back as it was`() {
        for ((name, value) in everyValue) {
            val field = keyring.field(everyType, name)
            val stored = field.encrypt(value, id)
            assertEquals(value, field.decrypt(stored, id), name)
            assertEquals(value, field.open(stored, id).value, name)
            assertTrue(field.open(stored, id).isTrusted)
            assertEquals("authentication_failed", code { field.decrypt(stored, RecordId(8)) }, name)
            val (other, _) = everyValue.entries.first { it.key != name }
            assertEquals("authentication_failed", code { keyring.field(everyType, other).decrypt(stored, id) }, name)
        }
    }

    @Test
    fun `every other type is refused`() {
        for (name in everyValue.keys) {
            for ((other, value) in everyValue.filterKeys { it != name }) {
                assertEquals("wrong_type", code { keyring.field(everyType, name).encrypt(value, id) }, "$other as $name")
            }
        }
    }

    @Test
    fun `known sizes`() {
        val stored = keyring.field(everyType, "a_text").encrypt("999-41-1234", id) as Stored.Bytes
        assertEquals(46 + 11, stored.bytes.size)
        assertEquals(22 + 11, (keyring.field(everyType, "code").encrypt("999-41-1234") as Stored.Bytes).bytes.size)
    }

    @Test
    fun `record ids of every kind`() {
        val schema = Schema.fromJson(
            """{"format": "fieldward-schema", "version": 1, "table": "t", "record_id": [{"path": "a", "type": "text"},
               {"path": "b", "type": "uuid"}, {"path": "c", "type": "bytes"}], "fields": [{"id": "x", "type": "text", "mode": "randomized"}]}""",
        )
        val field = keyring.field(schema, "x")
        val uuid = UUID.randomUUID()
        val stored = field.encrypt("v", RecordId("p", uuid, byteArrayOf(1)))
        assertEquals(Value.Text("v"), field.decrypt(stored, RecordId("p", uuid, byteArrayOf(1))))
        assertEquals("authentication_failed", code { field.decrypt(stored, RecordId("p", uuid, byteArrayOf(2))) })
        assertEquals("record_id_missing", code { field.encrypt("v") })
        assertEquals("record_id_invalid", code { RecordId(1.5) })
        assertEquals("record_id_unexpected", code { keyring.field(noId, "x").encrypt("v", id) })
    }

    private val noId = Schema.fromJson(
        """{"format": "fieldward-schema", "version": 1, "table": "t", "record_binding": "none", "fields": [
            {"id": "x", "type": "text", "mode": "randomized", "stored": "text", "indexes": [
              {"name": "exact", "column": "x_exact", "transform": "exact", "normalizer": ["casefold"]},
              {"name": "words", "column": "x_words", "transform": "words", "normalizer": ["casefold"], "bits": 32}]}]}""",
    )

    @Test
    fun `records in Kotlin's own types`() {
        val record = mapOf(
            "id" to 7L, "ward" to "3b", "nested" to mapOf("list" to listOf(1L, null, "x")),
            "a_text" to "", "a_i64" to 5L, "a_f64" to 0.1, "a_bool" to false, "a_date" to LocalDate.of(1, 1, 1),
            "a_timestamp" to OffsetDateTime.parse("2024-02-29T23:59:00+05:45"), "a_decimal" to BigDecimal("7E+3"),
            "a_uuid" to UUID.randomUUID(), "a_json" to mapOf("b" to listOf(1L, null, true, 2.5), "a" to "é"),
        )
        val records = keyring.records(everyType)
        val row = records.encrypt(record + mapOf("a_bytes" to byteArrayOf(1, 2), "code" to null))
        val back = records.decrypt(row)
        assertEquals(record, back - "a_bytes" - "code")
        assertArrayEquals(byteArrayOf(1, 2), back["a_bytes"] as ByteArray)
        assertTrue(back.containsKey("code") && back["code"] == null)
        assertEquals(record.keys.toList(), back.keys.toList().filter { it in record }, "the order of members")
        assertEquals("3b", row["ward"])
        assertTrue(row["a_text"] is ByteArray && row["a_date"] is ByteArray)
        val local = mapOf("id" to 7, "a_timestamp" to LocalDateTime.of(1969, 7, 20, 20, 17, 40, 1000))
        assertEquals(local["a_timestamp"], records.decrypt(records.encrypt(local))["a_timestamp"])
    }

    @Test
    fun `records that are refused`() {
        val records = keyring.records(everyType)
        fun refused(vararg members: Pair<String, Any?>) = code { records.encrypt(mapOf("id" to 7L, *members)) }
        assertEquals("undeclared_field", refused("unknown" to 1))
        assertEquals("wrong_type", refused("a_text" to 1L))
        assertEquals("wrong_type", refused("a_f64" to 1L))
        assertEquals("wrong_type", refused("a_f64" to 1.5f))
        assertEquals("wrong_type", refused("a_json" to mapOf("day" to LocalDate.of(2024, 1, 1))))
        assertEquals("value_out_of_range", refused("a_json" to listOf(Double.NaN)))
        assertEquals("wrong_type", refused("nested" to arrayOf(1)))
        assertEquals("record_shape", refused("nested" to mapOf(1 to 2)))
        var deep: Any? = null
        repeat(100_000) { deep = listOf(deep) }
        assertEquals("record_too_deep", refused("nested" to deep))
        assertEquals("record_id_invalid", code { records.encrypt(mapOf("a_text" to "x")) })
    }

    @Test
    fun `search and move`() {
        val field = keyring.field(noId, "x")
        val stored = field.encrypt("Ana Maria")
        val indexes = field.indexValues(Value.Text("Ana Maria"))
        assertEquals(setOf("x_exact", "x_words"), indexes.keys)
        assertEquals(2, (indexes["x_words"] as List<*>).size)
        val query = field.query("exact", Value.Text("ana maria"))
        assertEquals(listOf(indexes["x_exact"]), query.tokens.map { it.column })
        assertTrue(query.isExact)
        assertTrue(field.matches("exact", Value.Text("ANA MARIA"), stored))
        assertFalse(field.matches("exact", Value.Text("Ana"), stored))
        assertEquals("unknown_index", code { field.query("other", Value.Text("x")) })
        assertEquals("query_empty", code { field.query("words", Value.Text("  ")) })
        assertEquals("wrong_field_mode", code { field.tokens(Value.Text("x")) })
        assertFalse(field.needsRotation(stored))
        assertEquals(Value.Text("Ana Maria"), field.decrypt(field.reencrypt(stored).stored))
        assertEquals("already_encrypted", code { field.encrypt((stored as Stored.Text).text) })
        assertEquals("wrong_stored_form", code { field.decrypt(byteArrayOf(1, 2, 3)) })
        assertEquals("not_an_envelope", code { field.decrypt("plain") })
        assertNull(field.encrypt(null as Value?))
        assertNull(field.decrypt(null as Stored?))
    }

    @Test
    fun `a value moves to another record, tenant or field`() {
        val (text, token) = keyring.field(everyType, "a_text") to keyring.field(everyType, "code")
        val stored = text.encrypt("x", id)
        val moved = text.reencrypt(stored, id, newRecord = RecordId(8)).stored
        assertEquals(Value.Text("x"), text.decrypt(moved, RecordId(8)))
        assertEquals("authentication_failed", code { text.decrypt(moved, id) })
        val tenant = keyring.field(everyType, "a_text", "clinic-2")
        val elsewhere = text.reencrypt(stored, id, to = tenant).stored
        assertEquals(Value.Text("x"), tenant.decrypt(elsewhere, id))
        assertEquals("authentication_failed", code { text.decrypt(elsewhere, id) })
        val bound = token.reencrypt(token.encrypt("y"), to = text, newRecord = id).stored
        assertEquals(Value.Text("y"), text.decrypt(bound, id))
        assertEquals("invalid_argument", code { text.reencrypt(stored, id, to = token) })
        assertEquals("record_id_missing", code { token.reencrypt(token.encrypt("y"), to = text) })
        assertEquals("wrong_type", code { text.reencrypt(stored, id, to = keyring.field(everyType, "a_i64")) })
        assertEquals("authentication_failed", code { text.reencrypt(stored, RecordId(8), newRecord = id) })
        val another = keyring()
        val foreign = another.field(everyType, "a_text")
        assertEquals(Value.Text("x"), foreign.decrypt(text.reencrypt(stored, id, to = foreign).stored, id))
        another.close()
        assertEquals("closed", code { text.reencrypt(stored, id, to = foreign) })
    }

    @Test
    fun `what is declared`() {
        val schema = Schema.patient()
        assertEquals(listOf("patient_id" to "text"), schema.recordId?.map { it.path to it.type })
        assertNull(noId.recordId)
        val ssn = schema.field("ssn")!!
        assertEquals("ssn" to "ssn", ssn.id to ssn.column)
        val exact = ssn.indexes.first { it.name == "exact" }
        assertTrue(exact.column == "ssn_exact" && exact.isExact && !exact.isList)
        assertTrue(noId.field("x")!!.indexes.first { it.name == "words" }.isList)
        assertNull(schema.field("other"))
        assertEquals("ssn", keyring.field(schema, "ssn").id)
        val records = keyring.records(schema)
        assertTrue(records.isIndexColumn("ssn_exact") && !records.isIndexColumn("ssn"))
        records.checkNames(listOf("patient_id", "ssn"))
        assertEquals("undeclared_field", code { keyring.records(everyType).checkNames(listOf("id", "unknown")) })
    }

    @Test
    fun `what envelopes and keys say`() {
        val stored = keyring.field(noId, "x").encrypt("999-41-1234")
        val found = inspect(stored)
        assertEquals(listOf(1, 12L, true), listOf(found.suite, found.plaintextLength, found.isText))
        assertEquals(keyring.status().versions.single().keyId, found.keyId)
        assertEquals("not_an_envelope", code { inspect(Stored.Text("plain")) })
        assertTrue(Provider.keyText("fwk1." + "A".repeat(43)).keyName.isNotEmpty())
        assertEquals("key_file_malformed", code { Provider.keyText("00".repeat(32)) })
    }
}
