package fieldward.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import fieldward.FieldwardException
import fieldward.KeyProvider
import fieldward.WrapContext
import java.security.KeyStore
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val KEYSTORE = "AndroidKeyStore"
private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val IV_LENGTH = 12

/**
 * Wraps with a 256-bit key in this device's Android Keystore, which gives it to nobody: AES-GCM, the context as associated data. The first
 * wrap makes the key.
 *
 * What it wraps opens on this device only, and Android may end the key with the lock screen or the app: keep a second provider, or a copy
 * of the data on a server.
 *
 * @property alias the name of the key in the Keystore: printable ASCII, not secret.
 * @property isStrongBox whether the key stands in a separate secure chip (API 28); devices without one refuse it as `provider_unsupported`.
 * @property requiresUnlocked whether the key is usable while the device is unlocked only (API 28).
 */
class AndroidKeystoreProvider(
    val alias: String,
    private val isStrongBox: Boolean = false,
    private val requiresUnlocked: Boolean = false,
) : KeyProvider {
    override val kind: String get() = "android-keystore"
    override val keyName: String get() = alias

    override suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray = asking {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, synchronized(lock) { key() ?: made() })
        cipher.updateAAD(context.data)
        cipher.iv + cipher.doFinal(secret)
    }

    override suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray = asking {
        if (wrapped.size <= IV_LENGTH) throw FieldwardException.Provider("provider_bad_reply")
        val cipher = Cipher.getInstance(TRANSFORMATION)
        val key = key() ?: throw FieldwardException.Provider("provider_wrong_key")
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, IV_LENGTH))
        cipher.updateAAD(context.data)
        cipher.doFinal(wrapped, IV_LENGTH, wrapped.size - IV_LENGTH)
    }

    /** Deletes the key: what it wrapped cannot be opened again on any device. */
    fun deleteKey() = keyStore().deleteEntry(alias)

    private fun key(): SecretKey? = keyStore().getKey(alias, null) as SecretKey?

    private fun keyStore(): KeyStore = KeyStore.getInstance(KEYSTORE).apply { load(null) }

    private fun made(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(alias, purposes)
            .setKeySize(256)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        if (isStrongBox) spec.setIsStrongBoxBacked(true)
        if (requiresUnlocked) spec.setUnlockedDeviceRequired(true)
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KEYSTORE).apply { init(spec.build()) }.generateKey()
    }

    private fun asking(call: () -> ByteArray): ByteArray =
        try {
            call()
        } catch (_: KeyPermanentlyInvalidatedException) {
            throw FieldwardException.Provider("provider_wrong_key")
        } catch (_: AEADBadTagException) {
            throw FieldwardException.Provider("provider_wrong_key")
        } catch (_: UserNotAuthenticatedException) {
            throw FieldwardException.Provider("provider_denied")
        } catch (error: java.security.ProviderException) {
            // StrongBoxUnavailableException is one, and unknown before API 28
            val isMissing = error.javaClass.simpleName == "StrongBoxUnavailableException"
            throw FieldwardException.Provider(if (isMissing) "provider_unsupported" else "provider_unavailable")
        }

    private companion object {
        /** One maker at a time: a second key under the same alias would take the first one's place. */
        val lock = Any()
    }
}
