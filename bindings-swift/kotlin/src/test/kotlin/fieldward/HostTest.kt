package fieldward

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds

/** Providers and stores of one's own: at work, failing, silent, and calling back. */
internal class HostTest {
    @TempDir
    lateinit var directory: File

    private val patient = RecordId("p-7")

    private fun Keyring.works(): Boolean = with(field(Schema.patient(), "ssn")) { decrypt(encrypt("x", patient), patient) == Value.Text("x") }

    /** A store in memory that does what a test tells it before each answer. */
    private class OwnStore : KeyStore {
        val documents = HashMap<String, ByteArray>()
        var before: suspend () -> Unit = {}
        var document: () -> ByteArray? = { null }

        override suspend fun load(keyringId: String): ByteArray? {
            before()
            return document() ?: synchronized(documents) { documents[keyringId] }
        }

        override suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag): Boolean {
            before()
            check(DocumentTag.of(document) == tag)
            synchronized(documents) {
                if (documents[keyringId]?.let(DocumentTag::of) != expected) return false
                documents[keyringId] = document
                return true
            }
        }
    }

    private class OwnProvider : KeyProvider {
        var before: suspend () -> Unit = {}
        override val kind = "own"
        override val keyName = "key-1"
        override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray {
            before()
            check(context.pairs.values.contains("device-7"))
            return secret.map { (it.toInt() xor 0x5a).toByte() }.toByteArray()
        }
        override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray = wrap(wrapped, context)
    }

    @Test
    fun `a store in SQLite`() = runBlocking {
        val (provider, file) = Provider.generated() to directory.resolve("keys.db")
        fun config() = config(provider, Store.of(SqliteStore(file)))
        config().create().use { one ->
            config().open().use { other ->
                assertEquals("keyring_exists", thrown { config().create() }.code)
                assertEquals(2u, one.rotateImmediately())
                assertEquals(3u, other.rotateImmediately(), "it read the other's version first")
                assertTrue(one.refresh())
                assertEquals(listOf(1u, 2u, 3u), one.status().versions.map { it.version })
                assertTrue(one.works() && other.works())
            }
        }
        val held = SqliteStore(file).load("device-7")!!
        assertEquals(3uL, DocumentTag.of(held).generation)
        assertEquals(32, DocumentTag.of(held).mac.size)
        assertNull(SqliteStore(file).load("device-8"))
        assertNotEquals(DocumentTag.of(held), DocumentTag.of(String(held).replace("\"generation\": 3", "\"generation\": 4").toByteArray()))
    }

    @Test
    fun `racing writers of a store in SQLite`() = runBlocking {
        val (provider, file) = Provider.generated() to directory.resolve("keys.db")
        fun config() = config(provider, Store.of(SqliteStore(file)))
        config().create().close()
        val lost = AtomicInteger()
        val writers = List(4) {
            async(Dispatchers.Default) {
                config().open().use { keyring ->
                    repeat(5) {
                        while (true) {
                            try {
                                keyring.addIndexKey()
                                break
                            } catch (error: FieldwardException.Store) {
                                check(error.code == "store_conflict" && error.isRetryable)
                                lost.incrementAndGet()
                            }
                        }
                    }
                }
            }
        }
        writers.awaitAll()
        config().open().use { assertEquals(22u, it.addIndexKey(), "one of the keyring's own, and 20 of the writers; $lost races lost") }
    }

    @Test
    fun `a lost race is a conflict`() = runBlocking {
        val store = OwnStore()
        val keyring = config(store = Store.of(store)).create()
        val other = OwnStore().apply { config(store = Store.of(this)).create().close() }.documents.getValue("device-7")
        // another writer saves between the load and the save
        var calls = 0
        store.before = { if (++calls == 2) synchronized(store.documents) { store.documents["device-7"] = other } }
        val error = assertInstanceOf(FieldwardException.Store::class.java, thrown { keyring.rotateImmediately() })
        assertEquals("store_conflict", error.code)
        assertTrue(error.isRetryable)
        assertTrue(keyring.works(), "what is open goes on")
        assertEquals(1, keyring.status().versions.size)
    }

    @Test
    fun `a store that throws`() = runBlocking {
        val store = OwnStore()
        val keyring = config(store = Store.of(store)).create()
        for ((failure, code) in listOf(
            IOException("999-41-1234") to "store_unavailable",
            SecurityException("999-41-1234") to "store_denied",
            TimeoutException("999-41-1234") to "store_timeout",
            FieldwardException.Store("store_full") to "store_full",
            OutOfMemoryError("999-41-1234") to "store_unavailable",
        )) {
            store.before = { throw failure }
            val error = assertInstanceOf(FieldwardException.Store::class.java, thrown { keyring.refresh() })
            assertEquals(code, error.code)
            assertSame(failure, error.cause)
            assertFalse("999-41" in error.message!!)
            assertEquals(code != "store_denied", error.isRetryable)
            assertSame(failure, thrown { keyring.rotateImmediately() }.cause)
            assertTrue(keyring.works(), "what is open goes on")
        }
        assertThrows<IllegalArgumentException> { FieldwardException.Store("provider_denied") }
        assertThrows<IllegalArgumentException> { FieldwardException.Store("no such code") }
        Unit
    }

    @Test
    fun `a store that gives what is no document`() = runBlocking {
        val (store, provider) = OwnStore() to Provider.generated()
        val keyring = config(provider, Store.of(store)).create()
        val whole = store.documents.getValue("device-7")
        val edited = whole.copyOf().also { it[whole.size / 2] = (it[whole.size / 2].toInt() xor 1).toByte() }
        for ((document, codes) in listOf(
            ByteArray(0) to setOf("keyring_malformed"),
            "999-41-1234".toByteArray() to setOf("keyring_malformed"),
            whole.copyOf(whole.size - 1) to setOf("keyring_malformed"),
            edited to setOf("keyring_malformed", "authentication_failed"),
            ByteArray(2 shl 20) to setOf("keyring_too_large"),
            ByteArray((1 shl 25) + 1) to setOf("keyring_too_large"),
        )) {
            store.document = { document }
            for (error in listOf(thrown { config(provider, Store.of(store)).open() }, thrown { keyring.refresh() })) {
                assertTrue(error.code in codes, "${error.code} not in $codes")
                assertFalse("999-41" in error.stackTraceToString())
            }
        }
        assertTrue(keyring.works(), "what is open goes on")
    }

    @Test
    fun `a store that does not answer`() = runBlocking {
        val store = OwnStore()
        val isCancelled = CompletableDeferred<Unit>()
        store.before = {
            try {
                awaitCancellation()
            } finally {
                isCancelled.complete(Unit)
            }
        }
        val error = assertInstanceOf(
            FieldwardException.Store::class.java,
            thrown { config(store = Store.of(store, timeout = 50.milliseconds)).create() },
        )
        assertEquals("store_timeout", error.code)
        assertTrue(error.isRetryable)
        assertInstanceOf(TimeoutException::class.java, error.cause)
        isCancelled.await()
        val never = CountDownLatch(1)
        store.before = { never.await() }
        val blocked = thrown { config(store = Store.of(store, timeout = 50.milliseconds)).create() }
        assertEquals("store_timeout", blocked.code, "one that blocks its thread, too")
        never.countDown()
        store.before = {}
        config(store = Store.of(store)).create().use {
            assertEquals(1uL, it.status().generation, "what came too late was not written")
            assertTrue(it.works())
        }
    }

    @Test
    fun `a provider that throws`() {
        val provider = OwnProvider()
        for ((failure, code) in listOf(
            IllegalStateException("999-41-1234") to "provider_unavailable",
            OutOfMemoryError("999-41-1234") to "provider_unavailable",
            SecurityException("999-41-1234") to "provider_denied",
            TimeoutException("999-41-1234") to "provider_unavailable",
            FieldwardException.Provider("provider_bad_reply") to "provider_bad_reply",
            FieldwardException.Provider("provider_unavailable") to "provider_unavailable",
        )) {
            provider.before = { throw failure }
            val error = assertInstanceOf(FieldwardException.Provider::class.java, thrown { config(Provider.of(provider)).create() })
            assertEquals(code, error.code)
            assertSame(failure, error.cause)
            assertFalse("999-41" in error.message!!)
            assertEquals(code == "provider_unavailable", error.isRetryable)
        }
        assertTrue(FieldwardException.Provider("provider_unavailable").isRetryable)
        assertThrows<IllegalArgumentException> { FieldwardException.Provider("store_full") }
    }

    @Test
    fun `a provider that gives what is no key`() = runBlocking {
        val (provider, store) = OwnProvider() to Store.memory()
        config(Provider.of(provider), store).create().close()
        for (reply in listOf(ByteArray(0), ByteArray(31), ByteArray(33), ByteArray((1 shl 25) + 1))) {
            val wrong = object : KeyProvider by provider {
                override suspend fun unwrap(wrapped: ByteArray, context: WrapContext) = reply
            }
            assertEquals("provider_bad_reply", thrown { config(Provider.of(wrong), store).open() }.code)
        }
    }

    @Test
    fun `a provider that does not answer`() {
        val provider = OwnProvider().apply { before = { awaitCancellation() } }
        val error = thrown { config(Provider.of(provider, timeout = 50.milliseconds)).create() }
        assertEquals("provider_unavailable", error.code)
        assertInstanceOf(TimeoutException::class.java, error.cause)
    }

    @Test
    fun `a call back into the keyring is refused`() = runBlocking {
        val (store, provider) = OwnStore() to OwnProvider()
        config(Provider.of(provider), Store.of(store)).create().use { keyring ->
            val seen = ArrayList<String>()
            val again: suspend () -> Unit = {
                delay(1)
                assertTrue(keyring.works(), "values wait for nobody")
                seen += code { keyring.status() }
                seen += code { keyring.export() }
                seen += thrown { keyring.refresh() }.code
                seen += runCatching { keyring.rotateImmediately() }.exceptionOrNull().let { (it as FieldwardException).code }
            }
            provider.before = again
            keyring.startEpoch()
            assertEquals(setOf("invalid_argument"), seen.toSet().also { seen.clear() })
            provider.before = {}
            store.before = again
            keyring.rotateImmediately()
            assertEquals(setOf("invalid_argument"), seen.toSet())
            // another keyring may be used
            val other = config().create()
            store.before = { other.rotateImmediately() }
            keyring.rotateImmediately()
            // and does not hide this one
            store.before = {}
            val inner = OwnStore()
            val another = config(store = Store.of(inner)).create()
            inner.before = { seen += code { keyring.status() } }
            seen.clear()
            store.before = { another.rotateImmediately() }
            keyring.rotateImmediately()
            assertEquals(setOf("invalid_argument"), seen.toSet())
            // one that does not know better gets the refusal as the cause
            store.before = { keyring.refresh() }
            val error = thrown { keyring.refresh() }
            assertEquals("invalid_argument", error.code)
            assertInstanceOf(FieldwardException.Misuse::class.java, error.cause)
        }
        Unit
    }

    @Test
    fun `many openings of slow stores`() = runBlocking {
        val (store, provider) = OwnStore() to OwnProvider()
        config(Provider.of(provider), Store.of(store)).create().close()
        store.before = { delay(5) }
        provider.before = { delay(5) }
        List(200) { async(Dispatchers.Default) { config(Provider.of(provider), Store.of(store)).open().close() } }.awaitAll()
        Unit
    }
}
