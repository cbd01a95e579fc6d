package fieldward

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.IOException

/** The end of keys: destruction with its proof, exports, recovery, epochs. */
internal class LifecycleTest {
    @TempDir
    lateinit var directory: File

    private val patient = RecordId("p-7")
    private val start = 1_767_225_600L

    private fun ssn(keyring: Keyring) = keyring.field(Schema.patient(), "ssn")

    /** A provider that makes a key for each epoch, so that it can be destroyed. */
    private fun keys() = Provider.keyDirectory(directory.path, "local")

    @Test
    fun `a clock, and destruction with proof`() = runBlocking {
        val clock = ManualClock(start)
        val keyring = config(keys(), clock = clock).create()
        val stored = ssn(keyring).encrypt("999-41-1234", patient)
        val export = keyring.export()
        keyring.rotateImmediately()
        clock.advance(91 * 86_400)
        assertEquals(start + 91 * 86_400, clock.now)
        keyring.refresh()
        val version = keyring.status().versions.first()
        assertEquals(KeyState.DEACTIVATED, version.state, "the rollback window is over")
        assertNull(version.remaining)
        assertEquals("confirmation_required", thrown { keyring.destroy(1u, version.keyId, "retention is over") }.code)
        assertEquals("confirmation_required", thrown { keyring.destroy(1u, "00000000", "over", waiveExports = "none") }.code)
        assertEquals("reason_required", thrown { keyring.destroy(1u, version.keyId, "", waiveExports = "none") }.code)
        assertEquals("version_unknown", thrown { keyring.destroy(9u, version.keyId, "over", waiveExports = "none") }.code)

        // the first export is not kept: no provider key is destroyed
        val full = IOException("999-41-1234")
        val stopped = keyring.destroy(1u, version.keyId, "retention is over") { throw full }
        assertEquals("store_unavailable", stopped.exportError?.code)
        assertSame(full, stopped.exportError?.cause)
        assertFalse(stopped.isErased)
        assertEquals(listOf(1u), stopped.remaining.map { it.epoch })
        assertEquals("primary", stopped.remaining.single().provider)
        assertEquals("key_destroyed", code { ssn(keyring).decrypt(stored, patient) })
        // whoever has the older document still reads
        config(keys()).recover(export).use { assertEquals(Value.Text("999-41-1234"), ssn(it).decrypt(stored, patient)) }

        lateinit var kept: ByteArray
        val reached = keyring.destroy(1u, version.keyId, "retention is over") { kept = it }
        assertEquals("version 1", reached.target)
        assertEquals(version.keyId, reached.keyId)
        assertEquals(start + 91 * 86_400, reached.time)
        assertEquals(2u, reached.epoch)
        assertTrue(reached.isErased)
        assertEquals(emptyList<HeldKey>(), reached.remaining)
        assertEquals(listOf(1u), reached.unreadableEpochs)
        assertTrue(reached.indexValuesRemain)
        assertNull(reached.exportError)
        assertEquals(KeyState.DESTROYED, keyring.status().versions.first().state)
        assertEquals(emptyList<HeldKey>(), keyring.status().versions.first().remaining)
        assertTrue(thrown { config(keys()).recover(export) }.code.startsWith("provider_"))
        config(keys()).recover(kept).use {
            assertEquals("key_destroyed", code { ssn(it).decrypt(stored, patient) })
        }
        val inside = keyring.destroy(1u, version.keyId, "over") { keyring.refresh() }
        assertEquals("invalid_argument", inside.exportError?.code, "it must not wait for the keyring that asks it")
    }

    @Test
    fun `an index key`() = runBlocking {
        config().create().use { keyring ->
            assertEquals(2u, keyring.addIndexKey())
            assertEquals("index_key_unknown", thrown { keyring.destroyIndexKey(3u, "over", waiveExports = "none") }.code)
            assertEquals("confirmation_required", thrown { keyring.destroyIndexKey(1u, "over") }.code)
            val reached = keyring.destroyIndexKey(1u, "re-indexed", waiveExports = "none were made")
            assertEquals("index key 1", reached.target)
            assertNull(reached.keyId)
            assertFalse(reached.indexValuesRemain)
            assertFalse(reached.isErased, "the provider's key is not the library's to destroy")
            assertEquals(listOf(true, false), keyring.status().indexKeys.map { it.isDestroyed })
            assertEquals("index_key_destroyed", code { ssn(keyring).query("exact", Value.Text("999-41-1234")) })
        }
    }

    @Test
    fun `epochs without a provider that is gone`() = runBlocking {
        val gone = object : KeyProvider {
            var isGone = false
            override val kind = "own"
            override val keyName = "key-1"
            override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray {
                if (isGone) throw IOException("gone")
                return secret.reversedArray()
            }
            override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray = wrap(wrapped, context)
        }
        config().create().use { keyring ->
            keyring.addProvider("second", Provider.of(gone))
            assertEquals(listOf("local", "own"), keyring.status().providers.map { it.kind })
            assertEquals("key-1", keyring.status().providers.last().keyName)
            gone.isGone = true
            assertEquals("epoch_incomplete", thrown { keyring.startEpoch() }.code)
            assertEquals("epoch_incomplete", thrown { keyring.markRootCompromised("a laptop was lost") }.code)
            val replaced = keyring.markRootCompromised("a laptop was lost", dropProviders = listOf("second"))
            assertEquals(listOf(2u, 2u, 2u), listOf(replaced.epoch, replaced.version, replaced.indexKey))
            assertEquals(listOf("primary"), keyring.status().providers.map { it.name })
            assertEquals(KeyState.COMPROMISED, keyring.status().versions.first().state)
        }
    }

    @Test
    fun `recovery from an export, and what it lacks`() = runBlocking {
        val provider = Provider.generated()
        val keyring = config(provider).create()
        val (export, before) = keyring.export() to ssn(keyring).encrypt("x", patient)
        keyring.rotateImmediately()
        val after = ssn(keyring).encrypt("x", patient)
        val envelopes = listOf(before, after).map { it.column as ByteArray } + "no envelope".toByteArray()
        config(provider).recover(export).use { recovered ->
            val lost = keyring.status().versions.last().keyId
            assertEquals(listOf(lost), recovered.unknownKeyIds(envelopes))
            assertEquals("key_unknown", code { ssn(recovered).decrypt(after, patient) })
            assertEquals(Value.Text("x"), ssn(recovered).decrypt(before, patient))
            assertArrayEquals(keyring.rootIdentity, recovered.rootIdentity)
        }
        assertEquals(emptyList<String>(), keyring.unknownKeyIds(envelopes))
        assertEquals("keyring_malformed", thrown { config(provider).recover("999-41-1234".toByteArray()) }.code)
    }

    @Test
    fun `a pin that lost its epoch follows by name alone`() = runBlocking {
        val (provider, pin) = Provider.generated() to Pin.memory()
        fun config(store: Store, accept: ByteArray? = null) =
            KeyringConfig("device-7", mapOf("primary" to provider), store, pin, acceptIdentity = accept)
        val keyring = config(Store.memory()).create()
        val export = keyring.export()
        keyring.startEpoch()
        val store = Store.memory()
        val recovered = KeyringConfig("device-7", mapOf("primary" to provider), store, noPin = "a recovery").recover(export)
        val refused = thrown { config(store).open() }
        assertTrue(refused.code in setOf("keyring_rolled_back", "keyring_foreign"), refused.code)
        config(store, recovered.rootIdentity).open().use { assertEquals(recovered.status().generation, it.status().generation) }
        assertEquals("invalid_key_length", thrown { config(store, ByteArray(31)).open() }.code)
    }

    @Test
    fun `a status says all of it`() = runBlocking {
        val clock = ManualClock(start)
        config(keys(), clock = clock).create().use { keyring ->
            clock.advance(60)
            val status = keyring.status()
            assertEquals("device-7", status.keyringId)
            assertEquals(listOf(start + 60, start, start), listOf(status.time, status.currentSince, status.verifiedAt))
            assertEquals(listOf(1u), status.indexKeys.map { it.number })
            assertEquals(start, status.indexKeys.single().created)
            assertTrue(status.providers.single().isMade)
            clock.advance(3_600)
            assertEquals(Value.Text("x"), ssn(keyring).run { decrypt(encrypt("x", patient), patient) }, "it reads the store again")
        }
    }
}
