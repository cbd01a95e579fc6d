package fieldward

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.IOException

/** The audit log: its sinks, its verification, and the counters beside it. */
internal class AuditTest {
    @TempDir
    lateinit var directory: File

    private val patient = RecordId("p-7")
    private val canary = "CANARY-999-41-1234"

    private fun ssn(keyring: Keyring) = keyring.field(Schema.patient(), "ssn")

    /** A log of some length, and the keyring that wrote it. */
    private suspend fun logged(vararg sinks: Sink): Keyring = config(audit = sinks.toList()).create().apply {
        rotateImmediately()
        addIndexKey()
        suspendVersion(1u, "a test")
        resume(1u, "a test")
    }

    @Test
    fun `sinks`() = runBlocking {
        val (own, memory, file) = Triple(ArrayList<String>(), Sink.memory(), directory.resolve("audit.jsonl"))
        val failing = Sink.of { throw IOException(canary) }
        logged(Sink.of { own += it }, memory, Sink.jsonLines(file.path), failing).use { keyring ->
            assertTrue(own.size >= 5, "an event for each change")
            assertEquals(own, memory.lines())
            assertEquals(own, file.readLines())
            assertEquals(emptyList<String>(), failing.lines())
            val report = keyring.verifyAudit(own)
            assertTrue(report.isIntact)
            assertEquals(5uL to 1uL, report.verified to report.writers)
            assertEquals(own.size.toULong(), report.verified + report.unauthenticated + report.unverifiable)
        }
        assertEquals("audit_sink_failed", code { Sink.jsonLines(directory.path) })
    }

    @Test
    fun `a sink that throws stops nothing, and is counted`() = runBlocking {
        logged(Sink.of { throw IOException(canary) }).use { keyring ->
            assertEquals(Value.Text("x"), ssn(keyring).run { decrypt(encrypt("x", patient), patient) })
            val counters = keyring.metrics().getValue("keyring") as Map<*, *>
            assertTrue(counters["audit_failures"] as Long >= 5L)
            assertEquals(5L, counters["saves"])
        }
    }

    @Test
    fun `a sink that calls back is refused`() = runBlocking {
        lateinit var keyring: Keyring
        val seen = HashSet<String>()
        var isReady = false
        val sink = Sink.of {
            if (isReady) {
                ssn(keyring).run { assertEquals(Value.Text("x"), decrypt(encrypt("x", patient), patient)) }
                seen += code { keyring.status() }
                seen += thrown { keyring.rotateImmediately() }.code
            }
        }
        keyring = config(audit = listOf(sink)).create()
        isReady = true
        assertEquals(2u, keyring.rotateImmediately())
        assertEquals(setOf("invalid_argument"), seen)
        assertEquals(2u, keyring.status().currentVersion, "the thread's mark went with the call")
    }

    @Test
    fun `what was done to a log is found`() = runBlocking {
        val memory = Sink.memory()
        logged(memory).use { keyring ->
            val lines = memory.lines()
            suspend fun kinds(lines: List<String>) = keyring.verifyAudit(lines).run {
                assertEquals(problems.isEmpty(), isIntact)
                assertEquals(problems.size.toULong(), problemCount)
                problems.map { it.kind }.toSet()
            }
            assertEquals(emptySet<String>(), kinds(lines))
            assertTrue("Edited" in kinds(lines.map { it.replace("a test", "a tent") }))
            assertTrue("OutOfOrder" in kinds(lines.filterIndexed { at, _ -> at != 2 }))
            assertTrue("OutOfOrder" in kinds(lines.take(2) + lines[3] + lines[2] + lines.drop(4)))
            assertTrue("CutAtTheEnd" in kinds(lines.dropLast(1)))
            assertTrue("Malformed" in kinds(lines + canary))
            val problem = keyring.verifyAudit(lines + canary).problems.single()
            assertEquals(lines.size + 1, problem.line?.toInt())
            val another = Sink.memory()
            logged(another).close()
            assertFalse(keyring.verifyAudit(lines + another.lines()).isIntact, "of another keyring")
            assertEquals("invalid_argument", thrown { keyring.verifyAudit(List((1 shl 20) + 1) { "" }) }.code)
            assertEquals("invalid_argument", code { keyring.unknownKeyIds(List((1 shl 20) + 1) { ByteArray(0) }) })
        }
    }

    @Test
    fun `who reads is logged, and not what`() = runBlocking {
        val memory = Sink.memory()
        logged(memory).use { keyring ->
            val stored = ssn(keyring).encrypt(canary, patient)
            ssn(keyring).decrypt(stored, patient)
            assertFalse(memory.lines().any { "values_read" in it })
            val reader = keyring.readingAs("dr-who", "treatment")
            assertEquals(Value.Text(canary), ssn(reader).decrypt(stored, patient))
            assertTrue("values_read" in memory.lines().last() && "dr-who" in memory.lines().last())
            assertFalse(memory.lines().any { canary in it })
            assertEquals("reason_required", code { keyring.readingAs("dr-who", "") })
            assertTrue(keyring.verifyAudit(memory.lines()).isIntact)
        }
    }

    @Test
    fun `counters`() = runBlocking {
        config().create().use { keyring ->
            val field = ssn(keyring)
            val stored = field.encrypt(canary, patient)
            field.decrypt(stored, patient)
            code { field.decrypt(stored, RecordId("p-8")) }
            val fields = keyring.metrics().getValue("fields") as List<*>
            val figures = fields.map { it as Map<*, *> }.single { it["field"] == "ssn" }
            assertEquals("patients", figures["table"])
            val decrypt = (figures["operations"] as List<*>).map { it as Map<*, *> }.single { it["operation"] == "decrypt" }
            assertEquals(2L, decrypt["calls"])
            assertEquals(mapOf("authentication" to 1L), decrypt["failures"])
            assertTrue("field=\"ssn\"" in keyring.prometheus())
            assertFalse(canary in keyring.prometheus() + keyring.metrics())
            keyring.close()
            assertEquals("closed", code { keyring.metrics() })
            assertEquals("closed", thrown { keyring.verifyAudit(emptyList()) }.code)
        }
    }
}
