package fieldward.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.UserNotAuthenticatedException
import fieldward.FieldwardException
import fieldward.KeyringConfig
import fieldward.Provider
import fieldward.Store
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import java.io.InputStream
import java.io.OutputStream
import java.security.InvalidAlgorithmParameterException
import java.security.Key
import java.security.KeyStoreSpi
import java.security.ProviderException
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

/** The provider's own logic, over a key store of the same name whose keys are real and in memory. It is no Android Keystore. */
internal class AndroidKeystoreProviderTest {
    private val store = Store.memory()

    @BeforeEach
    fun begin() {
        Device.keys.clear()
        Device.failure = null
        Device.specs.clear()
        Security.addProvider(Device())
    }

    @AfterEach
    fun end() = Security.removeProvider("AndroidKeyStore")

    private fun config(provider: AndroidKeystoreProvider) =
        KeyringConfig("device", mapOf("device" to Provider.of(provider)), store, noPin = "a test in memory")

    private fun code(call: suspend () -> Unit): String? = try {
        runBlocking { call() }
        null
    } catch (error: FieldwardException) {
        error.code
    }

    @Test
    fun `a keyring of the device`() {
        assertNull(code { config(AndroidKeystoreProvider("records")).create().close() })
        assertNull(code { config(AndroidKeystoreProvider("records")).open().close() })
        val spec = Device.specs.single()
        assertEquals("records", spec.keystoreAlias)
        assertEquals(256, spec.keySize)
        assertEquals(listOf("GCM"), spec.blockModes.toList())
        assertEquals(listOf("NoPadding"), spec.encryptionPaddings.toList())
        assertEquals(false, spec.isStrongBoxBacked)
        assertEquals(true, spec.isRandomizedEncryptionRequired)
    }

    @Test
    fun `what is asked of the key`() {
        assertNull(code { config(AndroidKeystoreProvider("records", isStrongBox = true, requiresUnlocked = true)).create() })
        assertEquals(true, Device.specs.single().isStrongBoxBacked)
        assertEquals(true, Device.specs.single().isUnlockedDeviceRequired)
    }

    @Test
    fun `refusals`() {
        val provider = AndroidKeystoreProvider("records")
        assertNull(code { config(provider).create() })
        Device.failure = { UserNotAuthenticatedException() }
        assertEquals("provider_denied", code { config(provider).open() })
        Device.failure = { ProviderException("999-41-1234") }
        assertEquals("provider_unavailable", code { config(provider).open() })
        Device.failure = null
        Device.keys["records"] = SecretKeySpec(ByteArray(32), "AES")
        assertEquals("provider_wrong_key", code { config(provider).open() })
        provider.deleteKey()
        assertEquals("provider_wrong_key", code { config(provider).open() })
        assertEquals(0, Device.keys.size, "opening makes no key")
    }

    /** The names of the JCA under which Android's Keystore is reached. */
    class Device : java.security.Provider("AndroidKeyStore", "1", "in memory, for tests") {
        init {
            put("KeyStore.AndroidKeyStore", Keys::class.java.name)
            put("KeyGenerator.AES", Generator::class.java.name)
        }

        companion object {
            val keys = mutableMapOf<String, SecretKey>()
            val specs = mutableListOf<KeyGenParameterSpec>()
            var failure: (() -> Exception)? = null
        }
    }

    class Generator : KeyGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()
        override fun engineInit(keysize: Int, random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(params: AlgorithmParameterSpec?, random: SecureRandom?) {
            spec = params as? KeyGenParameterSpec ?: throw InvalidAlgorithmParameterException()
        }

        override fun engineGenerateKey(): SecretKey {
            Device.specs += spec
            val key = SecretKeySpec(ByteArray(spec.keySize / 8).also(SecureRandom()::nextBytes), "AES")
            return key.also { Device.keys[spec.keystoreAlias] = it }
        }
    }

    class Keys : KeyStoreSpi() {
        override fun engineGetKey(alias: String, password: CharArray?): Key? {
            Device.failure?.let { throw it() }
            return Device.keys[alias]
        }

        override fun engineDeleteEntry(alias: String) {
            Device.keys.remove(alias)
        }

        override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit
        override fun engineStore(stream: OutputStream?, password: CharArray?) = throw UnsupportedOperationException()
        override fun engineAliases(): Enumeration<String> = Collections.enumeration(Device.keys.keys)
        override fun engineContainsAlias(alias: String) = alias in Device.keys
        override fun engineSize() = Device.keys.size
        override fun engineIsKeyEntry(alias: String) = alias in Device.keys
        override fun engineIsCertificateEntry(alias: String) = false
        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null
        override fun engineGetCertificate(alias: String): Certificate? = null
        override fun engineGetCreationDate(alias: String): Date? = null
        override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<Certificate>?) = unsupported()
        override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<Certificate>?) = unsupported()
        override fun engineSetCertificateEntry(alias: String, cert: Certificate?) = unsupported()
        override fun engineGetCertificateAlias(cert: Certificate?): String? = null
        private fun unsupported(): Nothing = throw UnsupportedOperationException()
    }
}
