package fieldward

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import java.io.ByteArrayOutputStream
import java.io.NotSerializableException
import java.io.ObjectOutputStream
import java.math.BigDecimal
import java.time.LocalDate
import java.util.Base64

/** No key and no data in `toString`, exceptions or serialized objects. */
internal class LeaksTest {
    private val canary = "CANARY-999-41-1234"
    private val key = ByteArray(32) { (it * 7 + 3).toByte() }

    private fun shown(text: String): Boolean = listOf(
        canary, Base64.getEncoder().encodeToString(key), Base64.getUrlEncoder().withoutPadding().encodeToString(key),
        key.joinToString("") { "%02x".format(it) }, key.joinToString(), key.joinToString(",") { it.toString() },
    ).any { it.lowercase() in text.lowercase() }

    private val keyring = runBlocking { config(Provider.local(key)).create() }
    private val field = keyring.field(Schema.patient(), "ssn")
    private val records = keyring.records(Schema.patient())

    @Test
    fun `the canary is found where it is`() {
        assert(shown("x${canary}x") && shown(key.joinToString()))
    }

    @Test
    fun `as text`() {
        val row = records.encrypt(mapOf("patient_id" to "p-7", "ssn" to canary))
        val things = listOf(
            keyring, field, records, Schema.patient(), Provider.local(key), Provider.passphrase("person", canary),
            config(Provider.local(key)), records.open(row), field.open(field.encrypt(canary, RecordId("p-7")), RecordId("p-7")),
            RecordId(canary), Value.Text(canary), Value.Bytes(key), Value.Json("\"$canary\""), Value.Decimal(BigDecimal("99941.1234")),
            Value.Date(LocalDate.of(1984, 6, 2)), Stored.Text(canary), keyring.status(), field.query("exact", Value.Text(canary)),
        )
        val ids = listOf(RecordId("p-7"), RecordId("p-8"))
        val stored = runBlocking { field.encryptMany(listOf(Value.Text(canary), null), ids) }
        val many = runBlocking { field.openMany(listOf(stored[0], stored[0]), ids) to records.openMany(listOf(row, row + ("patient_id" to "p-8"))) }
        val moved = field.reencrypt(stored[0], ids[0])
        for (thing in things + many.toList() + many.first.failures + many.second.failures + moved + inspect(stored[0]!!)) {
            assertFalse(shown("$thing ${listOf(thing)} ${mapOf("x" to thing)}"), thing.javaClass.name)
        }
        assertFalse("1984" in Value.Date(LocalDate.of(1984, 6, 2)).toString())
        assertFalse("99941" in Value.Decimal("99941.1234").toString())
    }

    @Test
    fun `exceptions`() {
        val calls: List<() -> Unit> = listOf(
            { field.encrypt(Value.Json(canary), RecordId("p-7")) },
            { field.decrypt(canary, RecordId("p-7")) },
            { field.decrypt(canary.encodeToByteArray(), RecordId("p-7")) },
            { field.encrypt("$canary\uD800", RecordId("p-7")) },
            { keyring.records(everyType).encrypt(mapOf("id" to 7, canary to canary)) },
            { records.encrypt(mapOf("patient_id" to "p-7", "ssn" to listOf(canary))) },
            { records.encryptJson("{\"ssn\": $canary") },
            { records.encrypt(mapOf("patient_id" to "p-7", "ssn" to StringBuilder(canary))) },
            { Schema.fromJson("{\"$canary\": 1}") },
            { Provider.local(key + key) },
            { keyring.field(everyType, "a_decimal").encrypt(Value.Decimal(canary), RecordId(7)) },
            { keyring.field(everyType, "a_timestamp").encrypt(Value.Timestamp(canary), RecordId(7)) },
        )
        val many: List<suspend () -> Unit> = listOf(
            { field.encryptMany(listOf(Value.Text("x"), Value.Json(canary)), listOf(RecordId("p-7"), RecordId(canary))) },
            { field.decryptMany(listOf(Stored.Text(canary)), listOf(RecordId("p-7"))) },
            { field.queryMany("exact", listOf(Value.Json(canary))) },
            { records.encryptMany(listOf(mapOf("patient_id" to "p-7", "ssn" to listOf(canary)))) },
            { keyring.records(everyType).checkNames(listOf(canary)) },
            { Provider.keyText(canary) },
            { inspect(Stored.Text(canary)) },
        )
        (calls + many.map { call -> { runBlocking { call() } } }).forEachIndexed { at, call ->
            val error = assertThrows(FieldwardException::class.java, { call() }, "call $at")
            assertFalse(shown(error.stackTraceToString()), "call $at: ${error.code}")
        }
        assertEquals("invalid_text", code { field.encrypt("\uD800", RecordId("p-7")) })
    }

    @Test
    fun `nothing serializes`() {
        for (thing in listOf(keyring, field, records, Provider.local(key), Value.Text(canary))) {
            assertThrows(NotSerializableException::class.java) {
                ObjectOutputStream(ByteArrayOutputStream()).writeObject(thing)
            }
        }
    }
}
