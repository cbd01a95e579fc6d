package fieldward

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** The examples of the README, as they run. */
internal class ExamplesTest {
    @TempDir
    lateinit var directory: File

    @Test
    fun `encrypt a record`() = runBlocking {
        val keyring = KeyringConfig(
            "device-7", mapOf("primary" to Provider.newKeyFile("$directory/root.key")), Store.file("$directory/keys"), Pin.file("$directory/pins"),
        ).create()
        // README: encrypt a record
        val patients = keyring.records(Schema.patient())
        val row = patients.encrypt(mapOf("patient_id" to "p-7", "ssn" to "999-41-1234", "ward" to 3))
        // row["ssn"] is a ByteArray for the database, row["ssn_exact"] stands beside it for search
        val patient = patients.decrypt(row)
        // end
        assertEquals(mapOf("patient_id" to "p-7", "ssn" to "999-41-1234", "ward" to 3L), patient)
        assertTrue(row["ssn"] is ByteArray && row["ssn_exact"] is ByteArray)
        keyring.close()
    }

    @Test
    fun search() {
        val keyring = keyring()
        val patients = keyring.records(Schema.patient())
        val table = listOf("999-41-1234", "123-45-6789").mapIndexed { at, ssn ->
            patients.encrypt(mapOf("patient_id" to "p-$at", "ssn" to ssn))
        }
        // README: search
        val query = patients.query("ssn", "exact", Value.Text("999 41 1234"))
        // SELECT ... WHERE ssn_exact = token: found with or without dashes
        val token = query.tokens.single().column as ByteArray
        // end
        val found = table.filter { (it[query.column] as ByteArray).contentEquals(token) }
        assertEquals(listOf("p-0"), found.map { patients.decrypt(it)["patient_id"] })
    }

    @Test
    fun rotate() = runBlocking {
        val keyring = keyring()
        val patients = keyring.records(Schema.patient())
        val table = mutableListOf(patients.encrypt(mapOf("patient_id" to "p-7", "ssn" to "999-41-1234")))
        // README: rotate
        keyring.rotateImmediately() // `rotate()` takes over after a day, when other processes know the key
        for ((at, row) in table.withIndex()) {
            if (patients.needsRotation(row)) table[at] = patients.reencrypt(row).record
        }
        // end
        assertEquals(2u, keyring.status().currentVersion)
        assertTrue(!patients.needsRotation(table.single()))
        assertEquals("999-41-1234", patients.decrypt(table.single())["ssn"])
    }

    // README: own provider
    class PlatformProvider(private val key: SecretKey) : KeyProvider {
        override val kind = "platform"
        override val keyName = "app-key"

        override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray {
            val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, key) }
            cipher.updateAAD(context.data)
            return cipher.iv + cipher.doFinal(secret)
        }

        override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray {
            val cipher = Cipher.getInstance("AES/GCM/NoPadding")
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, 12))
            cipher.updateAAD(context.data)
            return cipher.doFinal(wrapped, 12, wrapped.size - 12)
        }
    }
    // end

    @Test
    fun `own provider`() = runBlocking {
        val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
        val store = Store.memory()
        config(Provider.of(PlatformProvider(key)), store).create().close()
        assertEquals("device-7", config(Provider.of(PlatformProvider(key)), store).open().id)
    }

    @Test
    fun file() {
        val keyring = keyring()
        val schema = Schema.fromJson(
            """{"format": "fieldward-schema", "version": 1, "table": "letters", "record_id": [{"path": "id", "type": "text"}],
               "fields": [{"id": "scan", "type": "bytes", "mode": "randomized"}]}""",
        )
        val (plain, sealed) = directory.resolve("letter.pdf") to directory.resolve("letter.sealed")
        plain.writeBytes(ByteArray(100_000) { it.toByte() })
        // README: file
        val scan = keyring.field(schema, "scan")
        val stored = scan.encrypt(plain.readBytes(), RecordId("letter-1")) // files of up to 16 MiB
        sealed.writeBytes(stored.column as ByteArray)
        val opened = scan.decrypt(sealed.readBytes(), RecordId("letter-1")) as Value.Bytes
        // end
        assertTrue(opened.bytes.contentEquals(plain.readBytes()))
    }

    @Test
    fun `the README shows what runs`() {
        val sources = root.resolve("bindings-swift/kotlin/src/test/kotlin/fieldward/ExamplesTest.kt").readText()
        val shown = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL)
            .findAll(root.resolve("bindings-swift/README.md").readText()).map { it.groupValues[1].trim() }.toList()
        val run = Regex("// README: .*\n((?:.*\n)*?) *// end").findAll(sources).map { it.groupValues[1].trimIndent().trim() }.toList()
        assertEquals(5, run.size)
        assertEquals(run, shown.filterNot { it.startsWith("val config") })
    }
}
