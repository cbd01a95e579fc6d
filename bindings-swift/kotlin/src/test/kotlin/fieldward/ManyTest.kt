package fieldward

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Many values, and many records, in one call. */
internal class ManyTest {
    private val keyring = keyring()
    private val named = Schema.fromJson(
        """
        {"format": "fieldward-schema", "version": 1, "table": "t", "record_binding": "none", "fields": [
         {"id": "x", "type": "text", "mode": "randomized", "stored": "text",
          "indexes": [{"name": "exact", "column": "x_exact", "transform": "exact", "normalizer": ["casefold"]}]},
         {"id": "code", "type": "text", "mode": "deterministic"}]}
        """,
    )

    @AfterEach
    fun close() = keyring.close()

    private fun <T> run(call: suspend () -> T): T = runBlocking { call() }

    /** Code and row of the error that the call throws. */
    private fun failure(call: suspend () -> Unit): Pair<String, Int?> =
        assertThrows<FieldwardException> { run(call) }.let { it.code to it.row }

    @Test
    fun `values of every type, in order`() {
        val ids = List(3) { RecordId(it) }
        for ((name, value) in everyValue) {
            val field = keyring.field(everyType, name)
            val given = listOf(value, null, value)
            val sealed = run { field.encryptMany(given, ids) }
            assertEquals(given, sealed.mapIndexed { row, stored -> field.decrypt(stored, ids[row]) }, name)
            assertNotEquals(sealed[0], sealed[2])
            assertEquals(given, run { field.decryptMany(given.mapIndexed { row, one -> field.encrypt(one, ids[row]) }, ids) }, name)
            val opened = run { field.openMany(sealed, ids) }
            assertEquals(given, opened.values)
            assertTrue(opened.failures.isEmpty() && opened.untrustedRows == 0L)
        }
        val field = keyring.field(named, "x")
        assertEquals(emptyList<Stored?>(), run { field.encryptMany(emptyList()) })
        assertEquals(emptyList<Value?>(), run { field.decryptMany(emptyList()) })
    }

    @Test
    fun `what fails names its row`() {
        val field = keyring.field(everyType, "a_text")
        val (ids, text) = List(3) { RecordId(it) } to Value.Text("x")
        assertEquals("wrong_type" to 1, failure { field.encryptMany(listOf(text, Value.I64(1), Value.I64(2)), ids) })
        assertEquals("invalid_argument" to null, failure { field.encryptMany(listOf(text), ids) })
        assertEquals("record_id_missing" to null, failure { field.encryptMany(listOf(text)) })
        assertEquals("record_id_unexpected" to null, failure { keyring.field(named, "x").encryptMany(listOf(text), ids.take(1)) })
        for (lone in listOf("\uD800", "\uDE7A", "x\uD83D", "\uD83Dx", "\uDE7A\uD83D")) {
            assertEquals("invalid_text" to 1, failure { field.encryptMany(listOf(text, Value.Text(lone), null), ids) })
        }

        val sealed = run { field.encryptMany(listOf(text, text, null), ids) }
        val swapped = listOf(sealed[0], sealed[0], null)
        assertEquals("authentication_failed" to 1, failure { field.decryptMany(swapped, ids) })
        assertEquals("wrong_stored_form" to 1, failure { field.decryptMany(listOf(sealed[0], Stored.Text("fw1.x"), null), ids) })
        val opened = run { field.openMany(swapped, ids) }
        assertEquals(listOf(text, null, null), opened.values)
        assertEquals(listOf(1 to "authentication_failed"), opened.failures.map { it.row to it.error.code })
        assertTrue(opened.failures.single().error is FieldwardException.Authentication && opened.failures.single().error.row == 1)
        assertEquals("invalid_argument" to null, failure { field.openMany(swapped, ids.take(2)) })
    }

    @Test
    fun `queries, index values and tokens`() {
        val (field, token) = keyring.field(named, "x") to keyring.field(named, "code")
        val values = listOf(Value.Text("Ana"), Value.Text("Bo"))
        val indexes = run { field.indexValuesMany(values + null) }
        assertEquals(values.map { field.indexValues(it) }, indexes.take(2))
        assertNull(indexes[2].getValue("x_exact"))
        assertEquals(values.map { field.query("exact", it).tokens }, run { field.queryMany("exact", values) }.map { it.tokens })
        assertEquals("query_empty" to 1, failure { field.queryMany("exact", listOf(values[0], Value.Text(""))) })
        assertEquals(run { token.encryptMany(values) }, run { token.tokensMany(values) }.map { it.single() })
        assertEquals("wrong_field_mode" to 0, failure { field.tokensMany(values) })
        assertEquals("wrong_type" to 1, failure { field.indexValuesMany(listOf(null, Value.I64(1))) })
    }

    @Test
    fun `records, in order`() {
        val patients = keyring.records(Schema.patient())
        val records = List(200) { mapOf("patient_id" to "p-$it", "ssn" to if (it % 3 == 0) null else "999-41-%04d".format(it), "ward" to it.toLong()) }
        val rows = run { patients.encryptMany(records) }
        assertEquals(records, rows.map { patients.decrypt(it) })
        assertEquals(records, run { patients.decryptMany(rows) })
        assertEquals("authentication_failed" to 4, failure { patients.decryptMany(rows.take(4) + (rows[4] + ("ssn" to rows[5]["ssn"]))) })
        val opened = run { patients.openMany(listOf(rows[0], rows[4] + ("ssn" to rows[5]["ssn"]), rows[7])) }
        assertEquals(listOf(records[0], null, records[7]), opened.records)
        assertEquals(listOf(1 to "authentication_failed"), opened.failures.map { it.row to it.error.code })
        assertEquals("wrong_type" to 1, failure { patients.encryptMany(listOf(records[0], mapOf("patient_id" to "p", "ssn" to StringBuilder()))) })
        assertEquals("wrong_type" to 1, failure { patients.encryptMany(listOf(records[0], mapOf("patient_id" to "p", "ssn" to 5))) })
        assertEquals(emptyList<Map<String, Any?>>(), run { patients.encryptMany(emptyList()) })
    }

    @Test
    fun `what is too much is refused before it is copied`() {
        val field = keyring.field(named, "x")
        assertEquals("invalid_argument" to null, failure { field.encryptMany(object : AbstractList<Value?>() {
            override val size = (1 shl 20) + 1
            override fun get(index: Int): Value? = null
        }) })
        // one array many times: 16 MiB each, 17 of them
        val bytes = Value.Bytes(ByteArray(1 shl 24))
        assertEquals("invalid_argument" to null, failure { keyring.field(everyType, "a_bytes").encryptMany(List(17) { bytes }) })
        val row = mapOf("id" to 1, "nested" to List(17) { bytes })
        assertEquals("invalid_argument" to null, failure { keyring.records(everyType).encryptMany(listOf(row)) })
    }

    @Test
    fun `answers that are too much are refused before they are whole`() = runBlocking {
        val token = keyring.field(
            Schema.fromJson(
                """{"format": "fieldward-schema", "version": 1, "table": "t", "record_binding": "none",
                    "fields": [{"id": "scan", "type": "bytes", "mode": "deterministic"}]}""",
            ),
            "scan",
        )
        repeat(9) { keyring.rotateImmediately() }
        // ten versions: 30 MiB ask for 300
        val value = Value.Bytes(ByteArray(1 shl 21))
        assertEquals("invalid_argument" to null, failure { token.tokensMany(List(15) { value }) })
        assertEquals(10, token.tokensMany(listOf(value)).single().size)
    }

    @Test
    fun `untrusted rows are counted`() = runBlocking {
        val field = keyring.field(named, "x")
        val sealed = field.encryptMany(listOf(Value.Text("a"), Value.Text("b")))
        keyring.rotateImmediately()
        keyring.markCompromised(1u, "a test")
        assertEquals("key_compromised" to 0, failure { field.decryptMany(sealed) })
        val opened = keyring.allow(KeyState.COMPROMISED, "a test").field(named, "x").openMany(sealed)
        assertEquals(listOf(Value.Text("a"), Value.Text("b")), opened.values)
        assertEquals(2L, opened.untrustedRows)
    }

    @Test
    fun `closed, and closing meanwhile`() = runBlocking {
        val (field, patients) = keyring.field(named, "x") to keyring.records(Schema.patient())
        val values = List(2_000) { Value.Text("value $it") }
        val jobs = List(4) {
            async(Dispatchers.Default) {
                var whole = 0
                try {
                    while (true) {
                        assertEquals(values.size, field.encryptMany(values).size)
                        whole += 1
                    }
                } catch (error: FieldwardException) {
                    assertEquals("closed", error.code)
                }
                whole
            }
        }
        val sealed = field.encryptMany(values)
        keyring.close()
        jobs.awaitAll()
        assertEquals(listOf("closed", "closed", "closed"), listOf(
            failure { field.decryptMany(sealed) }.first, failure { patients.encryptMany(emptyList()) }.first,
            failure { field.queryMany("exact", values) }.first,
        ))
    }

    @Test
    fun `many threads and garbage`() = runBlocking {
        List(8) { job ->
            async(Dispatchers.Default) {
                repeat(10) { round ->
                    val field = keyring.field(named, "x")
                    val values = List(500) { Value.Text("$job-$round-$it") }
                    assertEquals(values, field.decryptMany(field.encryptMany(values)))
                    if (round % 5 == 0) System.gc()
                }
            }
        }.awaitAll()
        assertFalse(keyring.id.isEmpty())
    }
}
