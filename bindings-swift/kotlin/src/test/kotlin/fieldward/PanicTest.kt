package fieldward

import fieldward.ffi.armPanic
import fieldward.ffi.panickingProvider
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** A panic in the library is the error `internal`, without its text, and everything goes on. */
internal class PanicTest {
    private val canary = "CANARY-999-41-1234"
    private val keyring = keyring()
    private val ssn = keyring.field(Schema.patient(), "ssn")
    private val id = RecordId("p-7")

    private fun internal(call: () -> Unit) {
        val error = assertThrows<FieldwardException.System> { call() }
        assertEquals("internal", error.code)
        assertFalse(error.isRetryable)
        assertFalse(canary in error.stackTraceToString())
    }

    private fun goesOn() = runBlocking {
        val stored = ssn.encrypt("x", id)
        assertEquals(Value.Text("x"), ssn.decrypt(stored, id))
        keyring.rotateImmediately()
        assertTrue(ssn.needsRotation(stored))
        assertEquals(listOf(Value.Text("x")), ssn.decryptMany(listOf(ssn.reencrypt(stored, id).stored), listOf(id)))
    }

    @Test
    fun `in a call`() {
        val row = mapOf("patient_id" to "p-7", "ssn" to canary)
        val records = keyring.records(Schema.patient())
        val calls: List<() -> Unit> = listOf(
            { ssn.encrypt(canary, id) }, { ssn.query("exact", Value.Text(canary)) }, { records.encrypt(row) },
            { keyring.field(Schema.patient(), "ssn") }, { keyring.status() }, { keyring.export() }, { keyring.id },
        )
        for (call in calls) internal {
            armPanic(canary)
            call()
        }
        goesOn()
    }

    @Test
    fun `in a call that waits`() {
        internal { runBlocking { config(Provider(panickingProvider(canary))).create() } }
        internal { runBlocking { keyring.addProvider("second", Provider(panickingProvider(canary))) } }
        goesOn()
        assertEquals(listOf("primary"), keyring.status().providers.map { it.name })
    }

    @Test
    fun `in a call that a provider makes`() {
        val provider = object : KeyProvider {
            override val kind = "calling"
            override val keyName = "key-1"

            override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray {
                armPanic(canary)
                return (ssn.encrypt(secret, id) as Stored.Bytes).bytes
            }

            override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray = wrapped
        }
        internal { runBlocking { config(Provider.of(provider)).create() } }
        internal { runBlocking { keyring.addProvider("second", Provider.of(provider)) } }
        goesOn()
    }

    @Test
    fun `while many are at work`() = runBlocking {
        val values = List(200) { Value.Text("value $it") }
        val sealed = ssn.encryptMany(values, List(200) { id })
        repeat(20) {
            internal {
                armPanic(canary)
                ssn.decrypt(sealed[it], id)
            }
        }
        assertEquals(values, ssn.decryptMany(sealed, List(200) { id }))
    }
}
