package fieldward

import fieldward.ffi.HostStores
import fieldward.ffi.checkProvider
import fieldward.ffi.checkStore
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.spec.GCMParameterSpec

/** The library's conformance suites over what is written in Kotlin, right and wrong. */
internal class ConformanceTest {
    @TempDir
    lateinit var directory: File

    /** AES-GCM of the platform; a test makes it wrong. */
    private open class AesProvider : KeyProvider {
        private val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
        override val kind = "aes"
        override val keyName = "key-1"

        open fun bound(context: WrapContext): ByteArray = context.data

        override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray {
            val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, key) }
            cipher.updateAAD(bound(context))
            return cipher.iv + cipher.doFinal(secret)
        }

        override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray {
            if (wrapped.size != 60) throw FieldwardException.Provider("provider_wrong_key")
            val cipher = Cipher.getInstance("AES/GCM/NoPadding")
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, 12))
            cipher.updateAAD(bound(context))
            return try {
                cipher.doFinal(wrapped, 12, wrapped.size - 12)
            } catch (_: AEADBadTagException) {
                throw FieldwardException.Provider("provider_wrong_key")
            }
        }
    }

    private fun broken(provider: KeyProvider): String = checkProvider(Provider.of(provider).of(Opening())).orEmpty()

    @Test
    fun `a provider in Kotlin`() {
        assertNull(checkProvider(Provider.of(AesProvider()).of(Opening())))
    }

    @Test
    fun `providers that are wrong`() {
        val forgetful = object : AesProvider() {
            override fun bound(context: WrapContext) = ByteArray(0)
        }
        assertEquals("broken rule: another context is refused", broken(forgetful))
        val open = object : AesProvider() {
            override suspend fun wrap(secret: ByteArray, context: WrapContext) = super.wrap(secret, context) + secret
        }
        assertEquals("broken rule: the wrapped bytes do not show the secret", broken(open))
        val constant = object : AesProvider() {
            override suspend fun wrap(secret: ByteArray, context: WrapContext) = ByteArray(60)
        }
        assertEquals("broken rule: wrapping twice gives other bytes", broken(constant))
        val retryable = object : AesProvider() {
            override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray = try {
                super.unwrap(wrapped, context)
            } catch (_: FieldwardException) {
                error("999-41-1234")
            }
        }
        // a refusal that looks like an outage, and its text stays where it is
        assertEquals("broken rule: another context is refused: the key provider cannot be reached", broken(retryable))
        val other = object : AesProvider() {
            override suspend fun unwrap(wrapped: ByteArray, context: WrapContext) = super.unwrap(wrapped, context).also { it[0]++ }
        }
        assertEquals("broken rule: unwrap gives the same secret", broken(other))
    }

    private fun brokenStores(make: () -> KeyStore): String? = checkStore(
        object : HostStores {
            override fun make() = Store.of(make()).of(Opening())
        },
    )

    @Test
    fun `a store in SQLite`() {
        val count = AtomicInteger()
        assertNull(brokenStores { SqliteStore(directory.resolve("${count.incrementAndGet()}.db")) })
    }

    @Test
    fun `stores that are wrong`() {
        val count = AtomicInteger()
        fun sqlite() = SqliteStore(directory.resolve("${count.incrementAndGet()}.db"))
        class Careless(private val inner: SqliteStore) : KeyStore by inner {
            override suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag): Boolean =
                inner.save(keyringId, inner.load(keyringId)?.let(DocumentTag::of), document, tag)
        }
        class OneForAll(private val inner: SqliteStore) : KeyStore {
            override suspend fun load(keyringId: String) = inner.load("x")
            override suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag) =
                inner.save("x", expected, document, tag)
        }
        class Trimming(private val inner: SqliteStore) : KeyStore by inner {
            override suspend fun load(keyringId: String) = inner.load(keyringId)?.dropLast(1)?.toByteArray()
        }
        for (make in listOf<() -> KeyStore>({ Careless(sqlite()) }, { OneForAll(sqlite()) }, { Trimming(sqlite()) })) {
            assertTrue(brokenStores(make).orEmpty().startsWith("broken rule: "))
        }
    }
}
