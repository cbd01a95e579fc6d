// A provider of one's own: whatever wraps and unwraps 32 bytes, here a key of the platform's cryptography.

package fieldward.examples

import fieldward.FieldwardException
import fieldward.KeyProvider
import fieldward.KeyringConfig
import fieldward.Provider
import fieldward.Store
import fieldward.WrapContext
import kotlinx.coroutines.runBlocking
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

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
        return try {
            cipher.doFinal(wrapped, 12, wrapped.size - 12)
        } catch (_: AEADBadTagException) {
            throw FieldwardException.Provider("provider_wrong_key")
        }
    }
}

fun main(): Unit = runBlocking {
    fun key() = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
    val (key, store) = key() to Store.memory()
    fun config(key: SecretKey) =
        KeyringConfig("device-7", mapOf("platform" to Provider.of(PlatformProvider(key))), store, noPin = "an example in memory")
    config(key).create().close()

    config(key).open().use { println("opened ${it.id} by ${it.status().providers.single().kind}") }
    try {
        config(key()).open()
    } catch (refused: FieldwardException.Provider) {
        println("under another key: ${refused.code}")
    }
}
