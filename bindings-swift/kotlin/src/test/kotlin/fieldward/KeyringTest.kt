package fieldward

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.spec.GCMParameterSpec
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

/** The life of keyrings: files, providers of one's own, rotation, closing, threads, garbage. */
internal class KeyringTest {
    @TempDir
    lateinit var directory: File

    private fun ssn(keyring: Keyring) = keyring.field(Schema.patient(), "ssn")

    private val id = RecordId("p-7")

    @Test
    fun `a key file and a directory`() = runBlocking {
        val path = directory.resolve("root.key").path
        fun config(provider: Provider) =
            KeyringConfig("device-7", mapOf("primary" to provider), Store.file(directory.path), Pin.file("$directory/pin"))
        val stored = config(Provider.newKeyFile(path)).create().use { ssn(it).encrypt("999-41-1234", id) }
        config(Provider.keyFile(path)).open().use { assertEquals(Value.Text("999-41-1234"), ssn(it).decrypt(stored, id)) }
        assertEquals("keyring_exists", code { runBlocking { config(Provider.keyFile(path)).create() } })
        assertTrue(code { runBlocking { config(Provider.generated()).open() } }.startsWith("provider_"))
        assertTrue(code { Provider.newKeyFile(path) }.isNotEmpty())
    }

    @Test
    fun `a passphrase`() = runBlocking {
        val store = Store.memory()
        val provider = Provider.passphrase("person", "correct horse", PassphraseHash.SHA_512, 100_000u)
        val stored = config(provider, store).create().use { ssn(it).encrypt("x", id) }
        config(Provider.passphrase("person", "correct horse", PassphraseHash.SHA_512), store).open()
            .use { assertEquals(Value.Text("x"), ssn(it).decrypt(stored, id)) }
        assertTrue(code { runBlocking { config(Provider.passphrase("person", "wrong horse"), store).open() } }.isNotEmpty())
        assertEquals("iterations_out_of_range", code { Provider.passphrase("person", "correct horse", iterations = 1_000u) })
    }

    @Test
    fun `rotation, rollback and states`() = runBlocking {
        keyring().use { keyring ->
            val field = ssn(keyring)
            val stored = field.encrypt("x", id)
            assertEquals(2u, keyring.rotateImmediately())
            assertTrue(field.needsRotation(stored))
            val moved = field.reencrypt(stored, id).stored
            assertFalse(field.needsRotation(moved))
            assertEquals(listOf(KeyState.ACTIVE, KeyState.ACTIVE), keyring.status().versions.map { it.state })
            assertEquals(1u, keyring.rollback())
            assertEquals("propagation_too_short", code { runBlocking { keyring.rotate(0.hours) } })
            assertEquals("invalid_argument", code { runBlocking { keyring.rotate(1.5.milliseconds) } })
            assertEquals(3u, keyring.rotate(after = 2.days))
            keyring.markCompromised(2u, "a test")
            assertEquals("key_compromised", code { field.decrypt(moved, id) })
            val allowed = ssn(keyring.allow(KeyState.COMPROMISED, "a test")).open(moved, id)
            assertEquals(Value.Text("x"), allowed.value)
            assertFalse(allowed.isTrusted)
            val version = keyring.status().versions.first { it.version == 2u }
            assertEquals(KeyState.COMPROMISED, version.state)
            val reached = keyring.destroy(2u, version.keyId, "a test", "no exports were made")
            assertFalse(reached.isErased)
            assertEquals("key_destroyed", code { field.decrypt(moved, id) })
        }
    }

    /** A provider as an app would write it: AES-GCM of the platform, the context bound. */
    private class PlatformProvider : KeyProvider {
        private val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
        var calls = 0
        override val kind = "platform"
        override val keyName = "key-1"

        override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray {
            delay(5)
            val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, key) }
            cipher.updateAAD(context.data)
            return cipher.iv + cipher.doFinal(secret)
        }

        override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray {
            calls += 1
            delay(5)
            val cipher = Cipher.getInstance("AES/GCM/NoPadding")
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, 12))
            cipher.updateAAD(context.data)
            return try {
                cipher.doFinal(wrapped, 12, wrapped.size - 12)
            } catch (_: AEADBadTagException) {
                throw FieldwardException.Provider("provider_wrong_key")
            }
        }
    }

    @Test
    fun `a provider in Kotlin`() = runBlocking {
        val (store, provider) = Store.memory() to PlatformProvider()
        val stored = config(Provider.of(provider), store).create().use { ssn(it).encrypt("x", id) }
        provider.calls = 0
        config(Provider.of(provider), store).open().use {
            assertEquals(Value.Text("x"), ssn(it).decrypt(stored, id))
            assertEquals(1, provider.calls, "one call opens a keyring")
            it.addProvider("second", Provider.generated())
            assertEquals(listOf("primary", "second"), it.status().providers.map { it.name })
        }
        assertEquals("provider_wrong_key", code { runBlocking { config(Provider.of(PlatformProvider()), store).open() } })
    }

    @Test
    fun `closing`() = runBlocking {
        val keyring = keyring()
        val (field, records) = ssn(keyring) to keyring.records(Schema.patient())
        val stored = field.encrypt("x", id)
        keyring.close()
        keyring.close()
        val row = mapOf("patient_id" to "p-7")
        val calls: List<() -> Unit> = listOf(
            { field.encrypt("x", id) }, { field.decrypt(stored, id) }, { records.encrypt(row) }, { keyring.id },
            { keyring.status() }, { ssn(keyring) }, { keyring.export() }, { runBlocking { keyring.rotateImmediately() } },
        )
        calls.forEachIndexed { at, call -> assertEquals("closed", code(call), "call $at") }
    }

    @Test
    fun `export and recovery`() = runBlocking {
        val provider = Provider.generated()
        val keyring = config(provider).create()
        val stored = ssn(keyring).encrypt("x", id)
        val recovered = config(provider).recover(keyring.export())
        assertEquals(Value.Text("x"), ssn(recovered).decrypt(stored, id))
        assertArrayEquals(keyring.rootIdentity, recovered.rootIdentity)
        assertEquals(32, keyring.rootIdentity.size)
    }

    @Test
    fun `many threads, and garbage`() = runBlocking {
        val keyring = keyring()
        val jobs = List(16) { job ->
            async(Dispatchers.Default) {
                repeat(200) { round ->
                    // a handle of its own each time: the collector frees it while others work
                    val field = ssn(keyring)
                    val text = "$job-$round"
                    check(field.decrypt(field.encrypt(text, id), id) == Value.Text(text))
                    if (round % 50 == 0) System.gc()
                }
            }
        }
        keyring.rotateImmediately()
        jobs.awaitAll()
        keyring.close()
    }

    @Test
    fun `closing while others work`() = runBlocking {
        val keyring = keyring()
        val field = ssn(keyring)
        val jobs = List(8) {
            async(Dispatchers.Default) {
                var done = 0
                while (true) {
                    try {
                        field.encrypt("x", id)
                        done += 1
                    } catch (error: FieldwardException) {
                        check(error.code == "closed")
                        break
                    }
                }
                done
            }
        }
        delay(50)
        keyring.close()
        assertTrue(jobs.awaitAll().sum() > 0)
    }
}
